/*
 * The WAL archive: what a server will archive of its own accord, and the wait until it has.
 */
#include <stdio.h>
#include <string.h>

#include "backup/archiving.h"
#include "backup/cluster.h"
#include "backup/stream.h"
#include "backup/wal.h"
#include "cli/message.h"
#include "cli/options.h"
#include "datadir/walarchive.h"
#include "lib/cancel.h"
#include "lib/sys.h"
#include "server/archiver.h"
#include "server/online_check.h"
#include "stream/blockpipe.h"
#include "wal/walname.h"

enum { POLL_MS = 200 };

enum archiving {
	/* each segment when it is complete, and the stop completes the last */
	ARCHIVES,
	NEVER,       /* there is nothing to wait for */
	WHEN_PRIMARY /* when the primary goes on to the next segment: if idle, never */
};

/* What a server archives, by archive_mode. */
static const struct {
	const char *mode;
	bool is_standby;
	enum archiving archiving;
	const char *reason; /* of NEVER */
} rules[] = {
	{ "off", false, NEVER, "archive_mode is off" },
	{ "off", true, NEVER, "archive_mode is off" },
	{ "on", true, NEVER,
	    "a standby archives WAL only if archive_mode is \"always\"" },
	/* a stop on a standby cannot switch segments */
	{ "always", true, WHEN_PRIMARY, NULL },
};

/* A setting that was not told is one to wait for. */
static enum archiving
archiving_of(const struct online_server *server, const char **reason)
{
	for (size_t i = 0; server->archive_mode && i < sizeof(rules) / sizeof(rules[0]);
	     i++)
		if (strcmp(rules[i].mode, server->archive_mode) == 0 &&
		    rules[i].is_standby == server->in_recovery) {
			*reason = rules[i].reason;
			return rules[i].archiving;
		}
	return server->in_recovery ? WHEN_PRIMARY : ARCHIVES;
}

/* Without the WAL in the archive, the WAL archive must have it. */
static int
check_never(const struct options *opt, const char *reason, struct error *err)
{
	if (opt->wal_method != WAL_NONE)
		return 0;
	error_set(err, ERROR_STATE, 0,
	    "-X none requires that the server archives its WAL, but %s", reason);
	return error_hint(err,
	    "Use -X fetch; or use --no-wait-archive, if something else keeps the WAL.");
}

int
backup_archiving_check(
    const struct options *opt, const struct online_server *server, struct error *err)
{
	const char *reason = NULL;
	enum archiving archiving = archiving_of(server, &reason);

	if (!opt->wait_archive || archiving == ARCHIVES)
		return 0;
	if (archiving == NEVER)
		return check_never(opt, reason, err);
	if (opt->wait_archive_limit > 0)
		return 0;
	error_set(err, ERROR_STATE, 0,
	    "waiting for the WAL archive may never end: a standby archives its last WAL segment only when the primary has switched to the next one");
	return error_hint(err,
	    "Set a limit with --wait-archive=SECONDS, or use -X fetch and --no-wait-archive.");
}

int
backup_archiving_warn(
    struct session *session, const struct online_server *server, struct error *err)
{
	const char *reason = NULL;
	struct archiver archiver;
	char text[256];

	if (archiving_of(server, &reason) == NEVER)
		return 0;
	if (archiver_read(session, &archiver, err))
		return -1;
	if (!archiver.is_failing)
		return 0;
	snprintf(text, sizeof(text),
	    "the server fails to archive its WAL: the last attempt, for segment \"%s\", failed, and %llu before and with it (see the server's log)",
	    archiver.failed_wal, (unsigned long long)archiver.failures);
	message_warning(text);
	return 0;
}

bool
backup_archiving_is_awaited(const struct options *opt, const struct online_server *server)
{
	const char *reason = NULL;

	if (server == NULL || !opt->wait_archive)
		return false;
	if (archiving_of(server, &reason) != NEVER)
		return true;
	message_info("the backup does not wait for the WAL archive: %s", reason);
	return false;
}

/* Over the limit: what the user asked to be archived may never be. */
static int
too_slow(unsigned limit, const struct online_server *server, struct error *err)
{
	error_set(err, ERROR_STATE, 0,
	    "the WAL of the backup was not archived within %u s", limit);
	if (server->in_recovery)
		return error_hint(err,
		    "The primary must switch to the next WAL segment: run SELECT pg_switch_wal() there.");
	return error_hint(err,
	    "The view pg_stat_archiver and the server's log say why archive_command fails or is slow.");
}

int
backup_archiving_await(const struct options *opt, const struct online_server *server,
    const struct backup_wal *wal, const struct backup_stream *stream, struct error *err)
{
	const uint32_t size = wal->cluster->control.wal_segment_size;
	const uint64_t first = walname_segment(wal->range.start_lsn, size);
	const uint64_t last = walname_last_segment(wal->range.stop_lsn, size);
	const double since = sys_monotonic();
	const unsigned limit = opt->wait_archive_limit;
	bool is_done;

	for (;;) {
		if (walarchive_is_done(wal->cluster->wal_fd, &wal->history, first, last,
			size, &is_done, err))
			return -1;
		if (is_done)
			return 0;
		if (limit > 0 && sys_monotonic() - since >= limit)
			return too_slow(limit, server, err);
		if (cancel_is_raised(stream->cancel) ||
		    blockpipe_has_failed(stream->pipe))
			return error_set(err, ERROR_CANCELLED, 0,
			    "waiting for the WAL archive was cancelled");
		if (output_wait(&stream->output, POLL_MS, err))
			return -1;
	}
}
