/*
 * Verify hands what src/reading reads to the judges of src/proof, and turns what they found into
 * the lines that a user sees.  Findings are printed when they are found; at the end come the
 * verdict and what it does not cover: pages without checksums, a missing manifest, WAL elsewhere.
 */
#include "verify/verify.h"

#include <errno.h>
#include <stdio.h>

#include "cli/message.h"
#include "lib/lsn.h"
#include "proof/checking.h"

struct verify {
	struct reading reading; /* first */
	const struct options *opt;
	struct checker *checker;
	struct report *report;
};

static int
verify_begin(struct reading *reading, int dirfd, struct error *err)
{
	return checking_open(reading, dirfd, &((struct verify *)reading)->checker, err);
}

static struct checker *
checker_of(struct reading *reading)
{
	return ((struct verify *)reading)->checker;
}

static int
archive(struct reading *reading, const struct archivepart *part, struct error *err)
{
	return checker_archive(checker_of(reading), part, err);
}

static int
member(struct reading *reading, const struct tar_entry *entry, uint64_t offset,
    bool *is_wanted, struct error *err)
{
	(void)is_wanted;
	return checker_member(checker_of(reading), entry, offset, err);
}

static int
bytes(struct reading *reading, const uint8_t *bytes, size_t len, struct error *err)
{
	return checker_bytes(checker_of(reading), bytes, len, err);
}

static int
member_end(struct reading *reading, struct error *err)
{
	return checker_member_end(checker_of(reading), err);
}

static int
archive_end(struct reading *reading, struct error *err)
{
	return checker_archive_end(checker_of(reading), err);
}

static int
manifest(struct reading *reading, const uint8_t *bytes, size_t len, struct error *err)
{
	return checker_manifest(checker_of(reading), bytes, len, err);
}

static int
finish(struct reading *reading, struct error *err)
{
	return checker_finish(checker_of(reading), err);
}

static const struct reading_ops ops = {
	.begin = verify_begin,
	.archive = archive,
	.member = member,
	.bytes = bytes,
	.member_end = member_end,
	.archive_end = archive_end,
	.manifest = manifest,
	.finish = finish,
};

/* ---- the verdict ---- */

static void
say_pages(const struct checker_facts *f)
{
	if (f->pages.are_checked)
		message_info(
		    "data pages checked: %llu in %llu files, %llu of them torn and mended by the WAL",
		    (unsigned long long)f->pages.pages,
		    (unsigned long long)f->pages.files,
		    (unsigned long long)f->pages.benign_pages);
	if (f->pages.left_pages > 0)
		message_warning(
		    "pages that changed during the backup cannot be checked without the WAL, which is not in the archive");
}

/*
 * Ours says in pg_basetar.info that it was made without.  A set of pg_basebackup does not: after
 * -X stream the WAL is a file of its own, which may be lost as others may.
 */
static void
say_without_wal(const struct checker_facts *f)
{
	char text[192], lsn[LSN_TEXT];

	if (f->backup.wal == FACTS_THERE || f->backup.info || f->findings > 0)
		return;
	snprintf(text, sizeof(text),
	    "the backup has no WAL: either pg_basebackup was run with -X none, or pg_wal.tar was lost; the WAL archive must have the WAL from %s on",
	    lsn_print(lsn, f->backup.range.start_lsn));
	message_warning(text);
}

static void
say_unproved(const struct checker_facts *f)
{
	if (f->backup.manifest != FACTS_THERE)
		message_warning(
		    "the backup has no manifest: missing or changed files cannot be found");
	if (f->backup.control && f->backup.control->data_checksums != 0 &&
	    !f->pages.are_checked)
		message_warning(
		    "data pages were not checked: their size, the segment size or the version of their checksums is not supported");
	if (f->backup.control && f->backup.control->data_checksums == 0)
		message_info(
		    "data pages were not checked: the cluster has no data checksums");
}

/* On standard output: the user asked for it. */
static int
say_verdict(const struct verify *v, struct error *err)
{
	const struct checker_facts f = checker_facts(v->checker);
	char start[LSN_TEXT], stop[LSN_TEXT];
	int rc;

	say_pages(&f);
	say_unproved(&f);
	say_without_wal(&f);
	if (f.findings > 0)
		rc = printf("NOT restorable: %llu finding%s\n",
		    (unsigned long long)f.findings, f.findings == 1 ? "" : "s");
	else if (v->opt->quiet)
		return 0;
	else if (f.backup.wal == FACTS_THERE)
		rc = printf("restorable, consistent from %s\n",
		    lsn_print(stop, f.backup.range.stop_lsn));
	else
		rc = printf("restorable with the WAL from %s on, consistent from %s\n",
		    lsn_print(start, f.backup.range.start_lsn),
		    f.backup.range.stop_lsn ? lsn_print(stop, f.backup.range.stop_lsn) :
					      "its end");
	if (rc < 0 || fflush(stdout) == EOF)
		return error_set(
		    err, ERROR_IO, errno, "could not write to standard output");
	return 0;
}

/* Bytes that are wrong are the backup's fault; that of a disk may pass. */
static int
verify_explain(const struct verify *v, struct error *err)
{
	uint64_t count;

	if (v->checker == NULL)
		return -1;
	checker_break_off(v->checker, err);
	if (err->kind != ERROR_FORMAT)
		return -1;
	count = checker_findings(v->checker)->count;
	if (count > 0)
		return error_wrap(err,
		    "NOT restorable: %llu finding%s, and it could not be read to its end",
		    (unsigned long long)count, count == 1 ? "" : "s");
	return error_wrap(err, "NOT restorable: it could not be read to its end");
}

static int
verify(struct verify *v, struct error *err)
{
	if (v->opt->report &&
	    (report_open(&v->report, v->opt->report, false, err) ||
		report_refuse_output(
		    v->report, v->opt->input, v->opt->input ? -1 : 0, err) ||
		checking_report_begin(&v->reading, v->report, "verify", err)))
		return -1;
	if (reading_run(&v->reading, "verifying", err))
		return verify_explain(v, err);
	return say_verdict(v, err);
}

int
verify_run(const struct options *opt, bool *is_sound, struct error *err)
{
	struct verify v = { .opt = opt };
	int rc;

	reading_init(&v.reading, opt, &ops, "the backup was not verified");
	rc = verify(&v, err);
	*is_sound = rc == 0 && checker_findings(v.checker)->count == 0;
	checking_report(
	    &v.reading, v.checker, v.report, "verify", *is_sound, rc == -1 ? err : NULL);
	report_free(v.report);
	checker_free(v.checker);
	reading_free(&v.reading);
	return rc;
}
