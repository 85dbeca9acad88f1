/*
 * The backup of a running server: the right one is found and connected to, asked to start and to
 * stop the backup, and watched meanwhile.
 *
 * All of this is the main thread's, but for the start, in a thread of its own while the main one
 * waits for it, and pg_control, which the planner's thread reads without asking the server.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup/archiving.h"
#include "backup/cluster.h"
#include "backup/copies.h"
#include "backup/running.h"
#include "backup/slot.h"
#include "backup/tablespaces.h"
#include "backup/wal.h"
#include "cli/message.h"
#include "cli/options.h"
#include "lib/interrupt.h"
#include "lib/lsn.h"
#include "lib/sys.h"
#include "server/databases.h"
#include "server/locate.h"
#include "server/online.h"
#include "server/online_check.h"
#include "server/session.h"

struct running {
	struct backup_source source; /* first */
	struct session_options connection;
	struct session *session;
	bool is_silent;
	struct backup_slot slot;
	struct online_server server;
	struct online_started started;
	struct online_stopped stopped;
	char *databases_before, *databases_after; /* of the facts */
};

static void
on_notice(const char *text)
{
	message_info("server: %s", text);
}

/* Where the server is, and that it is there. */
static int
check_server(struct backup_source *source, struct error *err)
{
	struct running *r = (struct running *)source;

	if (backup_cluster_postmaster(r->source.of.cluster, err))
		return -1;
	r->connection = (struct session_options){
		.host = r->source.of.opt->host,
		.port = r->source.of.opt->port,
		.user = r->source.of.opt->user,
		.dbname = r->source.of.opt->dbname,
		.never_prompt = r->source.of.opt->never_prompt,
		.force_prompt = r->source.of.opt->force_prompt,
		.release_settings = r->source.of.cluster->version->session_settings,
		.interrupt_fd = interrupt_fd(),
		.notice = on_notice,
	};
	return locate_server(&r->source.of.cluster->postmaster, &r->connection, err) ||
		locate_check_alive(&r->source.of.cluster->postmaster, &r->connection,
		    r->source.of.cluster->pgdata, err) ?
	    -1 :
	    0;
}

static int
connect_to_server(struct backup_source *source, struct error *err)
{
	struct running *r = (struct running *)source;
	const struct postmaster *p = &r->source.of.cluster->postmaster;

	if (session_open(&r->session, &r->connection, err) == 0)
		return 0;
	if (locate_has_lost_socket(p, &r->connection)) {
		err->hint[0] = '\0'; /* libpq's: is the server running? */
		return error_hint(err,
		    "Server process %lld is running, but its socket file is missing: name a host with -h%s%s%s, or restart the server.",
		    (long long)p->pid,
		    p->listen_addr && *p->listen_addr ? " (the server listens on " : "",
		    p->listen_addr ? p->listen_addr : "",
		    p->listen_addr && *p->listen_addr ? ")" : "");
	}
	return error_hint(
	    err, "Check the options -h, -p, -U and -d, and the server's log.");
}

static int
check_in_place_now(const struct running *r, struct error *err)
{
	return backup_tablespaces_check_in_place(
	    &r->source.of.tablespaces->sent, r->server.in_place_allowed, err);
}

/*
 * The copy has the configuration of some moment since the start: it must have allowed them in all.
 */
static int
check_in_place_since(struct running *r, struct error *err)
{
	bool allowed;

	if (r->source.of.tablespaces->after.in_place > 0 && r->server.in_place_allowed) {
		if (online_allows_in_place(r->session, &allowed, err))
			return -1;
		r->server.in_place_allowed = allowed;
	}
	return backup_tablespaces_check_in_place(
	    &r->source.of.tablespaces->after, r->server.in_place_allowed, err);
}

static int
check_identity(struct backup_source *source, struct error *err)
{
	struct running *r = (struct running *)source;
	const struct online_expect expect = {
		.datadir = r->source.of.cluster->datadir,
		.datadir_fd = r->source.of.cluster->datadir_fd,
		.control = &r->source.of.cluster->control,
		.postmaster = &r->source.of.cluster->postmaster,
		.version = r->source.of.cluster->version,
	};

	return online_check_identity(r->session, &expect, &r->server, err);
}

static int
check_level(struct backup_source *source, struct error *err)
{
	return online_check_level(&((struct running *)source)->server, err);
}

static int
check_role(struct backup_source *source, struct error *err)
{
	return online_check_privilege(
	    ((struct running *)source)->session, source->of.cluster->version, err);
}

static int
check_archiving(struct backup_source *source, struct error *err)
{
	return backup_archiving_check(
	    source->of.opt, &((struct running *)source)->server, err);
}

static int
check_archiver(struct backup_source *source, struct error *err)
{
	struct running *r = (struct running *)source;

	return backup_archiving_warn(r->session, &r->server, err);
}

static int
check_tablespaces(struct backup_source *source, struct error *err)
{
	return check_in_place_now((struct running *)source, err) ||
		backup_tablespaces_check_relocations(source->of.tablespaces, err) ||
		backup_tablespaces_check_doubled(source->of.tablespaces, err) ||
		backup_tablespaces_check_directories(source->of.tablespaces, err) ?
	    -1 :
	    0;
}

static int
hold_wal(struct backup_source *source, struct error *err)
{
	struct running *r = (struct running *)source;
	const struct options *opt = r->source.of.opt;
	const char *name = opt->create_slot ? opt->slot : NULL;
	/* a check makes it temporary: that shows whether it can be made */
	const struct backup_slot_server server = { r->source.of.cluster, &r->connection,
		r->session, &r->server, name, name && !opt->dry_run };

	if (name == NULL && (opt->no_slot || opt->wal_method == WAL_NONE))
		return 0;
	return backup_slot_hold(&r->slot, &server, err);
}

static const struct backup_source_check running_checks[] = {
	{ "server", "a server is running in the data directory", SOURCE_CHECK_FIRST,
	    check_server },
	{ "connection", "the server accepts the connection", SOURCE_CHECK_FIRST,
	    connect_to_server },
	{ "identity", "it is the server of this data directory", SOURCE_CHECK_FIRST,
	    check_identity },
	{ "wal_level", "the server writes the WAL that a backup needs",
	    SOURCE_CHECK_ALONE, check_level },
	{ "role", "the role may start and stop a backup", SOURCE_CHECK_ALONE,
	    check_role },
	{ "archiving", "the WAL goes to where the options expect it", SOURCE_CHECK_ALONE,
	    check_archiving },
	{ "archiver", "the server does not fail to archive its WAL", SOURCE_CHECK_ADVICE,
	    check_archiver },
	{ "tablespaces", "each link leads to a directory of its own", SOURCE_CHECK_ALONE,
	    check_tablespaces },
	{ "slot", "WAL is held back as the options say", SOURCE_CHECK_ALONE, hold_wal },
	{ .name = NULL },
};

/*
 * A standby's start waits for a restartpoint with a snapshot held, which replay waits for in
 * turn, or cancels: it must not take minutes.
 */
static int
hasten_standby(const struct running *r, struct error *err)
{
	static const char text[] =
	    "the backup of a standby begins with a fast restartpoint: a "
	    "spread one would hold up replay, or be cancelled by it";

	if (!r->source.of.opt->checkpoint_fast && r->source.of.opt->checkpoint_is_given)
		message_warning(text);
	else if (!r->source.of.opt->checkpoint_fast)
		message_info("%s", text);
	return online_restartpoint(r->session, err);
}

static int
read_databases(struct running *r, const char **fact, char **text, struct error *err)
{
	if (databases_read(r->session, text, err))
		return -1;
	*fact = *text;
	return 0;
}

/*
 * No backup lasts so long that so much WAL is written meanwhile: 1 PiB, four days at 3 GB/s.
 * Garbage in the place of an LSN is nearly always beyond that, and need not be remembered
 * until the stop is known.
 */
#define WAL_MOST (UINT64_C(1) << 50)

static void
limit_pages(struct page_limits *limits, uint64_t start)
{
	limits->start_lsn = start;
	limits->stop_lsn =
	    start < PAGE_NO_LSN - WAL_MOST ? start + WAL_MOST : PAGE_NO_LSN;
}

/* A spread checkpoint takes minutes in which nothing else is seen to happen. */
static void
tell_of_checkpoint(const struct options *opt)
{
	if (opt->verbose || isatty(STDERR_FILENO))
		message_note("waiting for the checkpoint; -c fast starts at once");
}

static int
running_begin(struct backup_source *source, struct error *err)
{
	struct running *r = (struct running *)source;
	const bool fast = r->source.of.opt->checkpoint_fast || r->server.in_recovery;
	char lsn[LSN_TEXT];

	if (!fast)
		tell_of_checkpoint(r->source.of.opt);
	if (read_databases(
		r, &r->source.facts.databases_before, &r->databases_before, err) ||
	    (r->server.in_recovery && hasten_standby(r, err)) ||
	    online_start(r->session, r->source.of.cluster->version,
		r->source.of.opt->label, fast, &r->started, err))
		return -1;
	r->source.facts.label = &r->started.label;
	limit_pages(&r->source.facts.limits, r->started.lsn);
	backup_wal_begin(r->source.of.wal, r->started.lsn, r->started.timeline);
	message_info("start position %s on timeline %lu",
	    lsn_print(lsn, r->source.of.wal->range.start_lsn),
	    (unsigned long)r->source.of.wal->range.timeline);
	return 0;
}

/*
 * A database that was made after the first question and before the start has no record in the WAL of
 * the backup: so they are asked for again, and what comes from now on has one.
 *
 * On a standby the oldest is as of what was replayed, which recovery of the copy need not reach.
 */
static int
running_accept(struct backup_source *source, struct error *err)
{
	struct running *r = (struct running *)source;

	if (check_in_place_now(r, err) ||
	    databases_list(r->session, &source->facts.databases, err))
		return -1;
	return r->server.in_recovery ?
	    0 :
	    databases_oldest_xid(r->session, &source->facts.oldest_xid, err);
}

/* The label that went out first, proved against the one the server wrote. */
static int
compare_label(const struct running *r, struct error *err)
{
	struct label server;
	int rc;

	if (label_parse(r->stopped.label, strlen(r->stopped.label), &server, err))
		return error_wrap(err, "backup_label that the server returned");
	rc = label_compare(&r->started.label, &server, err);
	label_free(&server);
	return rc;
}

/* Did each database stay where it was, from before the start until all was read? */
static int
compare_databases(struct running *r, struct error *err)
{
	if (read_databases(r, &r->source.facts.databases_after, &r->databases_after, err))
		return -1;
	return databases_compare(r->databases_before, r->databases_after, err);
}

static int
running_stop(
    struct backup_source *source, struct backup_copies *copies, struct error *err)
{
	struct running *r = (struct running *)source;
	char lsn[LSN_TEXT];

	if (backup_copies_settle(copies, r->session, err) || compare_databases(r, err) ||
	    online_stop(r->session, r->source.of.cluster->version, &r->stopped, err))
		return -1;
	backup_wal_stop(r->source.of.wal, r->stopped.lsn);
	message_info("stop position %s on timeline %lu",
	    lsn_print(lsn, r->source.of.wal->range.stop_lsn),
	    (unsigned long)r->source.of.wal->range.timeline);
	return compare_label(r, err) ||
		backup_tablespaces_check_map(
		    r->source.of.tablespaces, r->stopped.map, err) ||
		backup_tablespaces_warn_of_new(r->source.of.tablespaces, err) ||
		check_in_place_since(r, err) ?
	    -1 :
	    0;
}

/* Of a silence so many seconds long a user should know. */
#define SILENCE 20.0

static void
tell_of_silence(struct running *r)
{
	double silence = session_silence(r->session);
	char text[128];

	if (silence > SILENCE && !r->is_silent) {
		snprintf(text, sizeof(text),
		    "the server has not answered for %.0f s: the backup waits for it",
		    silence);
		message_warning(text);
	} else if (silence <= 0 && r->is_silent)
		message_info("the server answers again");
	r->is_silent = silence > SILENCE;
}

static int
running_watch_wal(struct backup_source *source, struct error *err)
{
	struct running *r = (struct running *)source;

	return backup_slot_watch(&r->slot, r->session, source->of.cluster->wal_fd, err);
}

static int
running_watch_tree(
    struct backup_source *source, struct backup_copies *copies, struct error *err)
{
	struct running *r = (struct running *)source;

	if (online_watch(r->session, &r->started, err) ||
	    backup_copies_watch(copies, r->session, err))
		return -1;
	tell_of_silence(r);
	return running_watch_wal(source, err);
}

static int
running_hurry_tree(
    struct backup_source *source, struct backup_copies *copies, struct error *err)
{
	return backup_copies_hurry(copies, ((struct running *)source)->session, err);
}

static int
running_replayed(struct backup_source *source, uint64_t *lsn, struct error *err)
{
	struct running *r = (struct running *)source;
	struct databases_mark mark = { 0 };
	struct error ignored = { 0 };

	*lsn = UINT64_MAX;
	if (databases_mark_read(r->session, 0, &mark, &ignored) == 0)
		*lsn = mark.lsn;
	databases_mark_free(&mark);
	return session_check(r->session, err);
}

/* Without its label a copy of a running cluster must not start at all. */
static int
running_control(struct backup_source *source, uint8_t bytes[CONTROL_SIZE],
    struct control *control, struct error *err)
{
	return control_read(source->of.cluster->datadir_fd, bytes, control, err) ||
		control_forget_checkpoint(bytes, err) ?
	    -1 :
	    0;
}

static void
running_release_wal(struct backup_source *source)
{
	backup_slot_release(&((struct running *)source)->slot);
}

static int
running_explain(const struct backup_source *source, struct error *err)
{
	return backup_wal_explain(source->of.wal, err);
}

/* A backup that still runs there is over with its session. */
static void
running_end(struct backup_source *source)
{
	struct running *r = (struct running *)source;

	backup_slot_end(&r->slot, source->is_complete);
	session_free(r->session);
	r->session = NULL;
}

static void
running_free(struct backup_source *source)
{
	struct running *r = (struct running *)source;

	running_end(source);
	locate_free(&r->connection);
	oidset_free(&r->source.facts.databases);
	free(r->databases_before);
	free(r->databases_after);
	online_started_free(&r->started);
	online_stopped_free(&r->stopped);
	online_server_free(&r->server);
	free(r);
}

static const struct backup_source_ops running_ops = {
	.beginning = "waiting for the checkpoint",
	.checks = running_checks,
	.begin = running_begin,
	.accept = running_accept,
	.replayed = running_replayed,
	.control = running_control,
	.watch_tree = running_watch_tree,
	.hurry_tree = running_hurry_tree,
	.watch_wal = running_watch_wal,
	.stop = running_stop,
	.release_wal = running_release_wal,
	.explain = running_explain,
	.end = running_end,
	.free = running_free,
};

int
backup_running_new(struct backup_source **out, const struct backup_source_parts *parts,
    struct error *err)
{
	struct running *r = calloc(1, sizeof(*r));

	*out = NULL;
	if (r == NULL)
		return error_memory(err);
	r->source = (struct backup_source){
		.ops = &running_ops,
		.of = *parts,
		.facts = { .mode = "online",
		    .server = &r->server,
		    .exclude = EXCLUDE_RECOVERS },
	};
	*out = &r->source;
	return 0;
}
