/*
 * The output, the pipeline and the archive on it, opened and ended.
 */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "archive/archive.h"
#include "backup/cluster.h"
#include "backup/stream.h"
#include "backup/tablespaces.h"
#include "cli/identity.h"
#include "cli/message.h"
#include "cli/options.h"
#include "format/report.h"
#include "lib/cancel.h"
#include "lib/sys.h"
#include "stream/blockpipe.h"

/* A backup would hold itself, or its report. */
static int
refuse_inside(const struct backup_stream *s, struct report *report, const struct stat *st,
    const char *what, struct error *err)
{
	return output_refuse_inside(&s->output, st, what, err) ||
		report_refuse_inside(report, st, what, err) ?
	    -1 :
	    0;
}

int
backup_stream_check_outside(
    const struct backup_stream *s, struct report *report, struct error *err)
{
	char what[64];
	struct stat wal;

	if (fstat(s->cluster->wal_fd, &wal) == -1)
		return error_set(err, ERROR_IO, errno, "WAL directory: could not stat");
	if (refuse_inside(
		s, report, &s->cluster->datadir_stat, "the data directory", err) ||
	    refuse_inside(s, report, &wal, "the WAL directory", err))
		return -1;
	for (size_t i = 0; i < s->tablespaces->sent.count; i++) {
		const struct tablespace *t = &s->tablespaces->sent.rows[i];

		snprintf(what, sizeof(what), "tablespace %s", t->oid_text);
		if (refuse_inside(s, report, &t->location, what, err) ||
		    refuse_inside(s, report, &t->directory, what, err))
			return -1;
	}
	return 0;
}

/* Descriptors for what is not a file being sent: connections, directories, the output. */
enum { FILES_SPARED = 256, FILES_MOST = 4096 };

static size_t
files_in_flight(const struct backup_stream *s)
{
	size_t limit = sys_raise_file_limit();
	size_t spared = FILES_SPARED + 2 * (s->tablespaces->sent.count + s->output.count);

	if (spared > limit - limit / 4)
		spared = limit - limit / 4;
	return limit - spared < FILES_MOST ? limit - spared : FILES_MOST;
}

/* "base.tar.gz" */
static int
add_archive(struct backup_stream *s, const char *name, struct error *err)
{
	const char *suffix = s->opt->compression.codec->suffixes[0];
	char file[64];

	snprintf(file, sizeof(file), "%s.tar%s", name, suffix ? suffix : "");
	return output_add(&s->output, s->opt, file, err);
}

/* In the order of the archives, and of their appearance. */
static int
add_files(struct backup_stream *s, struct error *err)
{
	for (size_t i = 0; i < s->tablespaces->sent.count; i++)
		if (add_archive(s, s->tablespaces->sent.rows[i].oid_text, err))
			return -1;
	if (add_archive(s, "base", err))
		return -1;
	return s->opt->no_manifest ? 0 :
				     output_add(&s->output, s->opt, LAYOUT_MANIFEST, err);
}

/*
 * Which files there are to be is known only now, and they are our own: while there is one
 * thread that runs, we may be ourselves for a moment.
 */
static int
open_split(struct backup_stream *s, struct error *err)
{
	if (!s->opt->split)
		return 0;
	return identity_regain(s->identity, err) || add_files(s, err) ||
		identity_assume(
		    s->identity, &s->cluster->datadir_stat, s->cluster->pgdata, err) ?
	    -1 :
	    0;
}

static int
open_pipe(struct backup_stream *s, struct error *err)
{
	const struct blockpipe_options pipe = {
		.sink = s->output.sinks[0],
		.codec = s->opt->compression.codec,
		.level = s->opt->compression.level,
		.record = (size_t)s->opt->blocking_factor * 512,
		.jobs = s->opt->jobs,
		.files = files_in_flight(s),
		.cancel = s->cancel,
	};

	return blockpipe_open(&s->pipe, &pipe, err);
}

int
backup_stream_open(struct backup_stream *s, bool is_frozen, const struct pagecheck *pages,
    struct error *err)
{
	struct archive_options archive = {
		.digest = s->opt->manifest_digest,
		.no_manifest = s->opt->no_manifest,
		.version = s->cluster->version,
		.system_identifier = s->cluster->control.system_identifier,
		.own = s->cluster->datadir_stat,
		.warn = message_warning,
		.is_frozen = is_frozen,
		.page_bytes = s->cluster->control.block_size,
		.pages = pages,
	};

	archive.own.st_mode = 0600 | (s->cluster->datadir_stat.st_mode & 0040);
	archive.own.st_mtime = time(NULL);
	if (open_split(s, err) || open_pipe(s, err))
		return -1;
	archive.pipe = s->pipe;
	return archive_open(&s->archive, &archive, err);
}

static int
end_split(struct backup_stream *s, struct error *err)
{
	struct sink *last = s->output.sinks[s->output.count - 1];

	if (archive_finish(s->archive, err) || blockpipe_close(s->pipe, err))
		return -1;
	return archive_manifest_beside(s->archive, last, err); /* none: nothing is done */
}

int
backup_stream_end(struct backup_stream *s, struct error *err)
{
	if (s->opt->split)
		return end_split(s, err);
	if (archive_manifest(s->archive, err) || archive_finish(s->archive, err))
		return -1;
	return blockpipe_close(s->pipe, err);
}

uint64_t
backup_stream_passed(const struct backup_stream *s)
{
	return s->pipe ? blockpipe_raw_written(s->pipe) : 0;
}

void
backup_stream_close(struct backup_stream *s)
{
	blockpipe_free(s->pipe);
	archive_free(s->archive);
}
