#include "backup/backup_internal.h"
#include "cli/message.h"
#include "stream/outdir.h"

/*
 * The report comes first: it tells of whatever fails from here on.  That it is not the
 * output must be known before that can fail because it exists.
 */
int
backup_report_open(struct backup *b, struct error *err)
{
	const struct options *opt = b->opt;
	int fd;

	if (opt->report == NULL)
		return 0;
	if (output_descriptor(opt, &fd, err) ||
	    report_open(&b->report, opt->report, opt->no_sync, err))
		return -1;
	return report_refuse_output(b->report, opt->output, fd, err);
}

int
backup_report_check(const struct backup *b, struct error *err)
{
	struct stat st;

	if (b->report == NULL || b->stream.output.dir == NULL)
		return 0;
	return outdir_stat(b->stream.output.dir, &st, err) ||
		report_refuse_inside(b->report, &st, "the output", err) ?
	    -1 :
	    0;
}

/* From where the backup is made: a server tells, and pg_control where there is none. */
static const char *
source_of(const struct backup *b)
{
	const struct online_server *server = b->source->facts.server;
	bool is_standby;

	if (server ? server->version == NULL : b->cluster.version == NULL)
		return NULL;
	is_standby =
	    server ? server->in_recovery : control_is_standby(&b->cluster.control);
	return is_standby ? "standby" : "primary";
}

void
backup_report_count(struct backup *b)
{
	if (b->stream.archive)
		b->facts.members = archive_members(b->stream.archive);
	if (b->stream.pipe == NULL)
		return;
	b->facts.bytes_raw = blockpipe_raw_written(b->stream.pipe);
	b->facts.bytes_written = blockpipe_written(b->stream.pipe);
}

static void
add_cluster(const struct backup *b, struct report_facts *f)
{
	f->label = b->opt->label;
	f->mode = b->source->facts.mode;
	f->source = source_of(b);
	f->server_version = b->cluster.version ? b->cluster.version->major : 0;
	f->server_version_text =
	    b->source->facts.server ? b->source->facts.server->version : NULL;
	f->system_identifier = b->cluster.control.system_identifier;
	f->data_directory = b->cluster.datadir ? b->cluster.datadir : b->cluster.pgdata;
	f->tablespaces = &b->tablespaces.sent;
	f->config = &b->config.set;
}

static void
add_output(const struct options *opt, struct report_facts *f)
{
	f->output = opt->output;
	f->compression = opt->compression.codec->name;
	f->compression_level = opt->compression.level;
	f->wal_method = opt->wal_method == WAL_FETCH ? "fetch" : "none";
	if (!opt->no_manifest)
		f->manifest_checksums = digest_name(opt->manifest_digest);
}

static void
add_positions(const struct backup *b, struct report_facts *f)
{
	f->start_lsn = b->wal.range.start_lsn;
	f->start_timeline = b->wal.range.timeline;
	f->stop_lsn = b->wal.range.stop_lsn;
	if (b->wal.range.stop_lsn > 0 && b->wal.history.count > 0)
		f->stop_timeline =
		    walhistory_at(&b->wal.history, b->wal.range.stop_lsn - 1);
}

static void
add_proofs(const struct backup *b, struct report_facts *f)
{
	if (b->wal.proof) {
		f->is_wal_proved = true;
		f->wal_records = walproof_records(b->wal.proof);
	}
	f->are_pages_checked = backup_pages_sum(b->pages, &f->pages);
}

/* The backup is what it is by now, and so is the exit status. */
void
backup_report_write(struct backup *b, bool is_sound, const struct error *why)
{
	struct error err = { 0 };

	b->facts.command = "backup";
	add_cluster(b, &b->facts);
	add_output(b->opt, &b->facts);
	add_positions(b, &b->facts);
	add_proofs(b, &b->facts);
	b->facts.progress = &b->stream.progress;
	if (report_write(b->report, report_verdict(why, is_sound), why, &b->facts, &err))
		message_mishap(&err);
}
