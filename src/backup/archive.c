#include <stdio.h>
#include <time.h>

#include "backup/backup_internal.h"
#include "cli/message.h"
#include "lib/sys.h"

/* Descriptors for what is not a file being sent: connections, directories, the output. */
enum { FILES_SPARED = 256, FILES_MOST = 4096 };

static size_t
files_in_flight(const struct backup *b)
{
	size_t limit = sys_raise_file_limit();
	size_t spared = FILES_SPARED + 2 * (b->tablespaces.sent.count + b->output.count);

	if (spared > limit - limit / 4)
		spared = limit - limit / 4;
	return limit - spared < FILES_MOST ? limit - spared : FILES_MOST;
}

/* "base.tar.gz" */
static int
add_archive(struct backup *b, const char *name, struct error *err)
{
	const char *suffix = b->opt->compression.codec->suffixes[0];
	char file[64];

	snprintf(file, sizeof(file), "%s.tar%s", name, suffix ? suffix : "");
	return output_add(&b->output, b->opt, file, err);
}

/* In the order of the archives, and of their appearance. */
static int
add_files(struct backup *b, struct error *err)
{
	for (size_t i = 0; i < b->tablespaces.sent.count; i++)
		if (add_archive(b, b->tablespaces.sent.rows[i].oid_text, err))
			return -1;
	if (add_archive(b, "base", err))
		return -1;
	return b->opt->no_manifest ? 0 :
				     output_add(&b->output, b->opt, LAYOUT_MANIFEST, err);
}

/*
 * Which files there are to be is known only now, and they are our own: while there is one
 * thread that runs, we may be ourselves for a moment.
 */
static int
open_split(struct backup *b, struct error *err)
{
	if (!b->opt->split)
		return 0;
	return identity_regain(&b->identity, err) || add_files(b, err) ||
		identity_assume(
		    &b->identity, &b->cluster.datadir_stat, b->cluster.pgdata, err) ?
	    -1 :
	    0;
}

static int
open_pipe(struct backup *b, struct error *err)
{
	const struct blockpipe_options pipe = {
		.sink = b->output.sinks[0],
		.codec = b->opt->compression.codec,
		.level = b->opt->compression.level,
		.jobs = b->opt->jobs,
		.files = files_in_flight(b),
		.cancel = &b->cancel,
	};

	return blockpipe_open(&b->pipe, &pipe, err);
}

int
backup_archive_open(struct backup *b, struct error *err)
{
	struct archive_options archive = {
		.digest = b->opt->manifest_digest,
		.no_manifest = b->opt->no_manifest,
		.version = b->cluster.version,
		.system_identifier = b->cluster.control.system_identifier,
		.own = b->cluster.datadir_stat,
		.warn = message_warning,
		.is_frozen = b->opt->source != SOURCE_SERVER,
		.page_bytes = b->cluster.control.block_size,
		.pages = b->pages.tally ? &b->pages : NULL,
	};

	archive.own.st_mode = 0600 | (b->cluster.datadir_stat.st_mode & 0040);
	archive.own.st_mtime = time(NULL);
	if (open_split(b, err) || open_pipe(b, err))
		return -1;
	archive.pipe = b->patrol.pipe = b->pipe;
	return archive_open(&b->archive, &archive, err);
}

static int
end_split(struct backup *b, struct error *err)
{
	struct sink *last = b->output.sinks[b->output.count - 1];

	if (archive_finish(b->archive, err) || blockpipe_close(b->pipe, err))
		return -1;
	return archive_manifest_beside(b->archive, last, err); /* none: nothing is done */
}

int
backup_archive_end(struct backup *b, struct error *err)
{
	if (b->opt->split)
		return end_split(b, err);
	if (archive_manifest(b->archive, err) || archive_finish(b->archive, err))
		return -1;
	return blockpipe_close(b->pipe, err);
}
