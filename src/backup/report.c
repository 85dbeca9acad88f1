/*
 * What hears of a backup at its end: to programs, in the report, which facts of which part are in
 * it; and to the user.
 */
#include "backup/report.h"

#include <stdio.h>
#include <unistd.h>

#include "archive/accesscheck.h"
#include "archive/archive.h"
#include "backup/cluster.h"
#include "backup/config.h"
#include "backup/files.h"
#include "backup/pages.h"
#include "backup/source.h"
#include "backup/stream.h"
#include "backup/tablespaces.h"
#include "backup/wal.h"
#include "cli/identity.h"
#include "cli/message.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "format/metrics.h"
#include "lib/lsn.h"
#include "stream/blockpipe.h"
#include "stream/outdir.h"
#include "wal/walproof.h"

int
backup_report_open(struct backup_report *r, const struct options *opt, struct error *err)
{
	int fd;

	if (opt->report == NULL)
		return 0;
	if (output_descriptor(opt, &fd, err) ||
	    report_open(&r->report, opt->report, opt->no_sync, err))
		return -1;
	return report_refuse_output(r->report, opt->output, fd, err);
}

int
backup_report_check(
    const struct backup_report *r, const struct output *output, struct error *err)
{
	struct stat st;

	if (metrics_refuse_inside(r->of.opt->metrics, &r->of.cluster->datadir_stat,
		"the data directory", err))
		return -1;
	if (r->report == NULL || output->dir == NULL)
		return 0;
	return outdir_stat(output->dir, &st, err) ||
		report_refuse_inside(r->report, &st, "the output", err) ?
	    -1 :
	    0;
}

/* It may be where it is.  The report is of those who run us, as the output is. */
int
backup_report_begin(struct backup_report *r, struct identity *identity, struct error *err)
{
	const struct backup_report_parts *run = &r->of;
	const struct report_facts facts = { .command = "backup",
		.output = run->opt->output,
		.data_directory = run->cluster->pgdata,
		.backup.called = run->opt->label,
		.progress = &run->stream->progress };

	if (r->report == NULL)
		return 0;
	return identity_regain(identity, err) || report_begin(r->report, &facts, err) ||
		identity_assume(
		    identity, &run->cluster->datadir_stat, run->cluster->pgdata, err) ?
	    -1 :
	    0;
}

/* "10.6 MB written (6.4 %), "; nothing where that is the tar itself. */
static void
print_written(char *out, size_t size, const struct backup_stream *stream)
{
	const uint64_t raw = backup_stream_passed(stream);
	const uint64_t written = blockpipe_written(stream->pipe);
	char bytes[PROGRESS_BYTES_TEXT];

	out[0] = '\0';
	if (stream->opt->compression.codec != &codecs[0] && raw > 0)
		snprintf(out, size, "%s written (%.1f %%), ",
		    progress_bytes(bytes, written), (double)written * 100 / (double)raw);
}

static void
say_complete(const struct backup_report_parts *run)
{
	const struct backup_wal_range *range = &run->wal->range;
	const struct progress *progress = &run->stream->progress;
	char start[LSN_TEXT], stop[LSN_TEXT], size[PROGRESS_BYTES_TEXT], written[64];

	print_written(written, sizeof(written), run->stream);
	message_note(
	    "backup complete: \"%s\", %s of tar, %s%.1f s, WAL from %s to %s on timeline %lu",
	    run->stream->output.name,
	    progress_bytes(size, backup_stream_passed(run->stream)), written,
	    progress->clock() - progress->started, lsn_print(start, range->start_lsn),
	    lsn_print(stop, range->stop_lsn), (unsigned long)range->timeline);
}

void
backup_report_say(const struct backup_report *r)
{
	const struct backup_report_parts *run = &r->of;
	char size[PROGRESS_BYTES_TEXT];

	for (size_t i = 0; i < run->tablespaces->sent.count; i++) {
		const struct tablespace *t = &run->tablespaces->sent.rows[i];

		if (t->size > 0)
			message_info("tablespace %s at \"%s\", %s", t->oid_text,
			    t->target, progress_bytes(size, t->size));
		else
			message_info("tablespace %s at \"%s\"", t->oid_text, t->target);
	}
	if (run->opt->verbose || isatty(STDERR_FILENO))
		say_complete(run);
}

/* Each says its own; then false. */
bool
backup_report_findings(const struct backup_pages *pages, const struct backup_files *files,
    const struct accesscheck *access)
{
	const bool are_pages_sound = backup_pages_report(pages),
		   are_files_sound = backup_files_report(files);

	return accesscheck_report(access) && are_pages_sound && are_files_sound;
}

/* From where the backup is made: a server says it, or pg_control without a server. */
static enum facts_source
source_of(const struct backup_report_parts *run)
{
	const struct online_server *server = run->source->server;
	bool is_standby;

	if (server ? server->version == NULL : run->cluster->version == NULL)
		return FACTS_SOURCE_UNKNOWN;
	is_standby =
	    server ? server->in_recovery : control_is_standby(&run->cluster->control);
	return is_standby ? FACTS_STANDBY : FACTS_PRIMARY;
}

void
backup_report_count(struct backup_report *r, const struct backup_stream *stream)
{
	struct facts_archive *archive = &r->facts.backup.archive;

	if (stream->archive)
		archive->members = archive_members(stream->archive);
	if (stream->pipe == NULL)
		return;
	archive->raw = blockpipe_raw_written(stream->pipe);
	archive->written = blockpipe_written(stream->pipe);
}

static void
add_cluster(const struct backup_report_parts *run, struct report_facts *f)
{
	f->backup.called = run->opt->label;
	f->backup.mode = run->source->mode;
	f->backup.source = source_of(run);
	f->backup.version = run->cluster->version;
	f->backup.system_identifier = run->cluster->control.system_identifier;
	f->server_version_text =
	    run->source->server ? run->source->server->version : NULL;
	f->data_directory =
	    run->cluster->datadir ? run->cluster->datadir : run->cluster->pgdata;
	f->tablespaces = &run->tablespaces->sent;
	f->config = &run->config->set;
}

static void
add_output(const struct options *opt, struct report_facts *f)
{
	f->output = opt->output;
	f->backup.archive.compression = opt->compression.codec->name;
	f->compression_level = opt->compression.level;
	f->backup.wal = opt->wal_method == WAL_FETCH ? FACTS_THERE : FACTS_ABSENT;
	f->backup.manifest = opt->no_manifest ? FACTS_ABSENT : FACTS_THERE;
	f->backup.digest = opt->manifest_digest;
}

static void
add_range(const struct backup_wal *wal, struct facts_range *range)
{
	range->start_lsn = wal->range.start_lsn;
	range->start_timeline = wal->range.timeline;
	range->stop_lsn = wal->range.stop_lsn;
	if (wal->range.stop_lsn > 0 && wal->history.count > 0)
		range->stop_timeline =
		    walhistory_at(&wal->history, wal->range.stop_lsn - 1);
}

static void
add_proofs(const struct backup_report_parts *run, struct report_facts *f)
{
	if (run->wal->proof) {
		f->is_wal_proved = true;
		f->wal_records = walproof_records(run->wal->proof);
	}
	f->are_pages_checked = backup_pages_sum(run->pages, &f->pages);
}

/* A file that was refused, for it would be in the data directory, is not written now either. */
static void
write_metrics(const struct backup_report *r, bool is_sound, const struct error *why)
{
	const struct backup_report_parts *run = &r->of;
	struct error err = { 0 };

	if (metrics_refuse_inside(run->opt->metrics, &run->cluster->datadir_stat,
		"the data directory", &err) == 0 &&
	    metrics_write(
		run->opt->metrics, report_verdict(why, is_sound), why, &r->facts, &err))
		message_mishap(&err);
}

/* The backup is what it is by now, and so is the exit status. */
void
backup_report_write(struct backup_report *r, bool is_sound, const struct error *why)
{
	const struct backup_report_parts *run = &r->of;
	struct error err = { 0 };

	r->facts.command = "backup";
	add_cluster(run, &r->facts);
	add_output(run->opt, &r->facts);
	add_range(run->wal, &r->facts.backup.range);
	add_proofs(run, &r->facts);
	r->facts.progress = &run->stream->progress;
	if (report_write(r->report, report_verdict(why, is_sound), why, &r->facts, &err))
		message_mishap(&err);
	write_metrics(r, is_sound, why);
}

void
backup_report_free(struct backup_report *r)
{
	report_free(r->report);
}
