#include <time.h>

#include "cmd/backup_internal.h"
#include "run/message.h"
#include "util/sys.h"

/* Descriptors for what is not a file being sent: connections, directories, the output. */
enum { FILES_SPARED = 256, FILES_MOST = 4096 };

static size_t
files_in_flight(const struct backup *b)
{
	size_t limit = sys_raise_file_limit();
	size_t spared = FILES_SPARED + 2 * b->tablespaces.count;

	if (spared > limit - limit / 4)
		spared = limit - limit / 4;
	return limit - spared < FILES_MOST ? limit - spared : FILES_MOST;
}

int
backup_archive_open(struct backup *b, struct error *err)
{
	const struct blockpipe_options pipe = {
		.sink = b->output.sinks[0],
		.codec = b->opt->compression.codec,
		.level = b->opt->compression.level,
		.jobs = b->opt->jobs,
		.files = files_in_flight(b),
		.cancel = &b->cancel,
	};
	struct archive_options archive = {
		.digest = b->opt->manifest_digest,
		.no_manifest = b->opt->no_manifest,
		.manifest_version = b->version->manifest_version,
		.system_identifier = b->control.system_identifier,
		.own = b->datadir_stat,
		.warn = message_warning,
		.pages = b->pages.tally ? &b->pages : NULL,
	};

	archive.own.st_mode = 0600 | (b->datadir_stat.st_mode & 0040);
	archive.own.st_mtime = time(NULL);
	if (blockpipe_open(&b->pipe, &pipe, err))
		return -1;
	archive.pipe = b->patrol.pipe = b->pipe;
	return archive_open(&b->archive, &archive, err);
}

int
backup_archive_end(struct backup *b, struct error *err)
{
	if (archive_manifest(b->archive, err) || archive_finish(b->archive, err))
		return -1;
	return blockpipe_close(b->pipe, err);
}
