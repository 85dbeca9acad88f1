#include "cmd/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "check/backupset.h"
#include "check/manifestpeek.h"
#include "cmd/verify_internal.h"
#include "run/message.h"
#include "source/infile.h"
#include "util/interrupt.h"
#include "util/lsn.h"
#include "util/sys.h"

static void
tell_benign(const char *text)
{
	message_info("%s", text);
}

static void
tick(struct patrol *patrol)
{
	struct verify *v = (struct verify *)patrol;

	progress_tick(&v->progress, verify_done(v));
}

static void
cut(struct patrol *patrol)
{
	verify_cut((struct verify *)patrol);
}

/* The digests that are to be taken: as the user says, or a manifest that can be read first. */
static int
open_checker(struct verify *v, int dirfd, struct error *err)
{
	struct checker_options opt = { message_finding, tell_benign, 0 };

	if (v->opt->digest_is_given)
		opt.digests = 1U << v->opt->manifest_digest;
	else if (dirfd != -1 && manifestpeek_digests(dirfd, &v->cancel, &opt.digests, err))
		return -1;
	return checker_new(&v->checker, &opt, err);
}

static int
check_file(struct verify *v, struct error *err)
{
	const char *path = v->opt->input;
	struct source *file;

	if (infile_open(&file, path, &v->cancel, err))
		return error_wrap(err, "%s", path ? path : "standard input");
	v->progress.total = infile_size(file);
	return verify_archive(v, file, path ? path : "standard input", CHECKER_ALONE, NULL, err);
}

/* In a thread: what is read may make it wait. */
static int
read_all(struct patrol *patrol, struct error *err)
{
	struct verify *v = (struct verify *)patrol;
	const char *path = v->opt->input;
	int dirfd = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1, rc = -1;

	if (open_checker(v, dirfd, err) == 0)
		rc = dirfd == -1 ? check_file(v, err) : verify_directory(v, dirfd, err);
	if (dirfd != -1) {
		sys_close(dirfd);
		if (rc == -1)
			error_wrap(err, "%s", path);
	}
	return rc == 0 ? checker_finish(v->checker, err) : -1;
}

static const struct patrol_ops reading = { read_all, NULL, tick, cut };

/* ---- the verdict ---- */

static void
say_pages(const struct checker_facts *f)
{
	if (f->pages.are_checked)
		message_info("data pages checked: %llu in %llu files, %llu of them torn and mended "
			     "by the WAL",
		    (unsigned long long)f->pages.pages, (unsigned long long)f->pages.files,
		    (unsigned long long)f->pages.benign_pages);
	if (f->pages.left_pages > 0)
		message_warning("pages changed during the backup are proved only by WAL that is "
				"not in the archive");
}

static void
say_unproved(const struct checker_facts *f)
{
	if (!f->has_manifest)
		message_warning("there is no manifest: nothing tells whether files are missing, or "
				"are as they were sent");
	if (f->control && f->control->data_checksums != 0 && !f->pages.are_checked)
		message_warning("data pages were not checked: their size, that of a segment or the "
				"kind of their checksums is not known");
	if (f->control && f->control->data_checksums == 0)
		message_info("data pages were not checked: the cluster has no data checksums");
}

/* On standard output: it is what was asked for. */
static int
say_verdict(const struct verify *v, struct error *err)
{
	const struct checker_facts f = checker_facts(v->checker);
	char start[LSN_TEXT], stop[LSN_TEXT];
	int rc;

	say_pages(&f);
	say_unproved(&f);
	if (f.findings > 0)
		rc = printf("NOT restorable: %llu finding%s\n", (unsigned long long)f.findings,
		    f.findings == 1 ? "" : "s");
	else if (v->opt->quiet)
		return 0;
	else if (f.has_wal)
		rc = printf("restorable, consistent from %s\n", lsn_print(stop, f.stop_lsn));
	else
		rc = printf("restorable with the WAL from %s on, consistent from %s\n",
		    lsn_print(start, f.start_lsn),
		    f.stop_lsn ? lsn_print(stop, f.stop_lsn) : "its end");
	if (rc < 0 || fflush(stdout) == EOF)
		return error_set(err, ERROR_IO, errno, "standard output");
	return 0;
}

/* Bytes that are wrong are the backup's fault; that of a disk may pass. */
static int
explain(const struct verify *v, struct error *err)
{
	const uint64_t count = v->checker ? checker_findings(v->checker)->count : 0;

	if (err->kind != ERROR_FORMAT || v->checker == NULL)
		return -1;
	if (count > 0)
		return error_wrap(err,
		    "NOT restorable: %llu findings, and it could not be read to its end",
		    (unsigned long long)count);
	return error_wrap(err, "NOT restorable: it could not be read to its end");
}

static int
verify(struct verify *v, struct error *err)
{
	if (v->opt->report && (report_open(&v->report, v->opt->report, false, err) ||
		report_refuse_output(v->report, v->opt->input, v->opt->input ? -1 : 0, err)))
		return -1;
	progress_phase(&v->progress, "verifying");
	if (patrol_run(&v->patrol, &reading, err))
		return explain(v, err);
	progress_end(&v->progress, verify_done(v));
	return say_verdict(v, err);
}

int
verify_run(const struct options *opt, bool *is_sound, struct error *err)
{
	struct verify v = { .opt = opt };
	int rc;

	v.patrol.cancel = &v.cancel;
	v.patrol.outcome = "the backup was not verified";
	pthread_mutex_init(&v.lock, NULL);
	progress_start(&v.progress, opt->progress && !opt->quiet);
	rc = verify(&v, err);
	message_progress_end();
	progress_phase(&v.progress, NULL);
	if (rc == -1 && interrupt_signal() != 0)
		patrol_interrupted(&v.patrol, err);
	*is_sound = rc == 0 && checker_findings(v.checker)->count == 0;
	verify_report_write(&v, *is_sound, rc == -1 ? err : NULL);
	report_free(v.report);
	checker_free(v.checker);
	pthread_mutex_destroy(&v.lock);
	return rc;
}
