/*
 * The backup of a cluster that was shut down, and stays so (--offline).  A copy is what the original
 * is, and needs the WAL of its last checkpoint alone.
 */
#include <stdlib.h>

#include "backup/cluster.h"
#include "backup/still.h"
#include "backup/stopped.h"
#include "backup/tablespaces.h"
#include "datadir/atwork.h"

/* Whatever shows that a server may be at work is a reason to refuse. */
static int
check_at_work(const struct backup_source *s, struct error *err)
{
	const struct postmaster *p = &s->of.cluster->postmaster;
	int64_t pid;
	enum atwork found = atwork_find(p, &s->of.cluster->datadir_stat, &pid);

	if (found == ATWORK_UNKNOWN)
		return backup_still_may_be_running(s, err);
	if (found == ATWORK_NOT && !atwork_has_segment(p))
		return 0;
	return backup_still_is_running(s, pid,
	    pid != p->pid ?
		"Leave out --offline, and say with -h and -p how to reach the server; or shut it "
		"down." :
		"Leave out --offline, or shut the server down.",
	    err);
}

static int
check_server(struct backup_source *s, struct error *err)
{
	if (backup_cluster_read_pid(s->of.cluster, err))
		return -1;
	if (s->of.cluster->pid.len == 0)
		return 0;
	if (backup_cluster_parse_pid(s->of.cluster, err) == 0)
		return check_at_work(s, err);
	error_wrap(err, "file \"postmaster.pid\"");
	return error_hint(err,
	    "A server may be starting: --offline is for a cluster that is shut down.");
}

static int
check_label(struct backup_source *s, struct error *err)
{
	return backup_still_check_label(s,
	    "Start the server, which recovers as backup_label says and "
	    "renames it, and shut it down again.",
	    err);
}

static int
check_state(struct backup_source *s, struct error *err)
{
	s->facts.exclude = backup_cluster_mode(s->of.cluster);
	if (backup_cluster_is_shut_down(s->of.cluster))
		return 0;
	error_set(err, ERROR_STATE, 0, "the cluster in \"%s\" was not shut down cleanly",
	    s->of.cluster->pgdata);
	return error_hint(err,
	    "Start the server and shut it down; or use --snapshot if this directory is a snapshot, or if the server crashed and all its files are there.");
}

static int
check_tablespaces(struct backup_source *s, struct error *err)
{
	backup_still_warn_in_place(s);
	return backup_tablespaces_check_relocations(s->of.tablespaces, err) ||
		backup_tablespaces_check_doubled(s->of.tablespaces, err) ?
	    -1 :
	    0;
}

static const struct backup_source_check stopped_checks[] = {
	{ "server", "no server is running in the data directory", SOURCE_CHECK_FIRST,
	    check_server },
	{ "label", "no backup was left unfinished", SOURCE_CHECK_ALONE, check_label },
	{ "state", "the cluster was shut down cleanly", SOURCE_CHECK_FIRST, check_state },
	{ "tablespaces", "each link leads to a directory of its own", SOURCE_CHECK_ALONE,
	    check_tablespaces },
	{ .name = NULL },
};

static int
stopped_begin(struct backup_source *s, struct error *err)
{
	return backup_still_begin(s, backup_still_find_shutdown, err);
}

static int
stopped_explain(const struct backup_source *s, struct error *err)
{
	(void)s;
	if (err->kind != ERROR_STATE)
		return -1;
	return error_hint(err,
	    "The cluster must not change: if a server is running, perhaps in a container, leave out --offline.");
}

static void
stopped_free(struct backup_source *s)
{
	oidset_free(&s->facts.databases);
	free(s);
}

static const struct backup_source_ops stopped_ops = {
	.beginning = "finding the end of WAL",
	.checks = stopped_checks,
	.begin = stopped_begin,
	.control = backup_still_control,
	.watch_tree = backup_still_watch_tree,
	.watch_wal = backup_still_watch_wal,
	.recheck = backup_still_recheck,
	.explain = stopped_explain,
	.free = stopped_free,
};

int
backup_stopped_new(struct backup_source **out, const struct backup_source_parts *parts,
    struct error *err)
{
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		return error_memory(err);
	**out = (struct backup_source){
		.ops = &stopped_ops,
		.of = *parts,
		.facts = { .mode = "offline", .is_frozen = true },
	};
	return 0;
}
