/*
 * The whole answer is put together before any of it is printed, so that an error on the way leaves
 * nothing half said.
 */
#include "info/info.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "format/backupset.h"
#include "info/json.h"
#include "info/list.h"
#include "info/text.h"
#include "lib/sys.h"
#include "reading/summary.h"

static int
print(struct reading_summary *r, struct error *err)
{
	const struct options *opt = r->reading.opt;
	struct summary_facts facts = summary_facts(r->summary, !opt->brief);
	struct buf text = { 0 };
	int rc;

	facts.backup.archive.compression = r->reading.compression;
	facts.backup.archive.raw = r->reading.raw;
	facts.backup.archive.written = reading_done(&r->reading);
	rc = opt->json ? info_json(&text, &facts, err) : info_text(&text, &facts, err);

	if (rc == 0 && (fputs(buf_text(&text), stdout) == EOF || fflush(stdout) == EOF))
		rc =
		    error_set(err, ERROR_IO, errno, "could not write to standard output");
	buf_free(&text);
	return rc;
}

/* Is it a directory that is not itself a backup? */
static bool
is_shelf(const struct options *opt)
{
	const int fd =
	    opt->input ? open(opt->input, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	const bool is_one = fd != -1 && !opt->brief && !backupset_is_there(fd);

	sys_close(fd);
	return is_one;
}

int
info_run(const struct options *opt, struct error *err)
{
	struct reading_summary r = { .summary = NULL };
	int rc;

	if (opt->list || is_shelf(opt))
		return info_list(opt, err);
	rc = reading_summary(&r, opt, opt->brief ? READING_BRIEF : READING_ALL,
	    "the backup was not read", err);
	if (rc == 0)
		rc = print(&r, err);
	else if (err->kind == ERROR_FORMAT)
		error_hint(err,
		    "\"pg_basetar verify\" reports everything that is wrong with it.");
	reading_summary_free(&r);
	return rc;
}
