/* What verify and restore have in common: how they open a checker, and report what it knows. */
#include "proof/checking.h"

#include "cli/message.h"
#include "format/metrics.h"
#include "reading/manifestpeek.h"

static void
tell_benign(const char *text)
{
	message_info("%s", text);
}

int
checking_open(struct reading *r, int dirfd, struct checker **checker, struct error *err)
{
	struct checker_options opt = { message_finding, tell_benign, message_warning, 0,
		r->opt->need_wal };

	if (r->opt->digest_is_given)
		opt.digests = 1U << r->opt->manifest_digest;
	else if (dirfd != -1 &&
	    manifestpeek_digests(dirfd, &r->cancel, &opt.digests, err))
		return -1;
	return checker_new(checker, &opt, err);
}

/* ---- the report ---- */

static void
add_checker(const struct checker_facts *c, struct report_facts *f)
{
	const struct facts_archive read = f->backup.archive;

	f->backup = c->backup;
	f->backup.archive.compression = read.compression;
	f->backup.archive.raw = read.raw;
	f->backup.archive.written = read.written;
	f->is_wal_proved = c->backup.wal == FACTS_THERE;
	f->wal_records = c->wal_records;
	f->are_pages_checked = c->pages.are_checked;
	f->pages = (struct pagetally_sum){ .pages = c->pages.pages,
		.files = c->pages.files,
		.damaged_pages = c->pages.damaged_pages,
		.damaged_files = c->pages.damaged_files };
	f->benign_pages = c->pages.benign_pages;
}

static struct report_facts
facts_of(struct reading *r, const char *command)
{
	return (struct report_facts){ .command = command,
		.input = r->opt->input,
		.data_directory = r->opt->pgdata,
		.backup.archive = { .compression = r->compression,
		    .raw = r->raw,
		    .written = reading_done(r) },
		.progress = &r->progress };
}

int
checking_report_begin(
    struct reading *r, struct report *report, const char *command, struct error *err)
{
	const struct report_facts facts = facts_of(r, command);

	return report_begin(report, &facts, err);
}

void
checking_report(struct reading *r, const struct checker *checker, struct report *report,
    const char *command, bool is_sound, const struct error *why)
{
	struct report_facts facts = facts_of(r, command);
	struct error err = { 0 };

	if (checker) {
		const struct checker_facts c = checker_facts(checker);

		add_checker(&c, &facts);
	}
	if (report_write(report, report_verdict(why, is_sound), why, &facts, &err))
		message_mishap(&err);
	if (metrics_write(
		r->opt->metrics, report_verdict(why, is_sound), why, &facts, &err))
		message_mishap(&err);
}
