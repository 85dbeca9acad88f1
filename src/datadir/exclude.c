/*
 * What a copy leaves out is a table with a reason in each row, searched from its top: the first row
 * that matches a name, its directory and the kind of the copy decides.  A name that matches none is
 * sent: a copy with a file too many starts, one that lacks a file may not.
 */
#include "datadir/exclude.h"

#include <stdlib.h>
#include <string.h>

enum match { EXACT, PREFIX, TEMPORARY, UNLOGGED, LOST_FOUND };

enum { ANYWHERE = EXCLUDE_ROOT | EXCLUDE_GLOBAL | EXCLUDE_DATABASE | EXCLUDE_ELSEWHERE };
enum { ALWAYS = EXCLUDE_RECOVERS | EXCLUDE_STARTS_CLEAN };

struct rule {
	const char *name; /* NULL: the match says it all */
	enum match match;
	unsigned where;
	unsigned modes;
	enum exclude_verdict verdict; /* EMPTY is for directories, SKIP for anything */
	const char *reason;
};

/*
 * BASE_BACKUP matches most of these at any depth, and so drops a user's file that
 * happens to bear such a name; we match where the server itself makes them.
 *
 * Release 10 sends relation caches, temporary and unlogged relations.  It needs them as
 * little as later ones do: it has the same code that removes them at its start, and
 * resets unlogged relations when the recovery of the backup is over.
 */
static const struct rule rules[] = {
	{ "pg_wal", EXACT, EXCLUDE_ROOT, ALWAYS, EXCLUDE_EMPTY,
	    "the segments that the backup needs are sent at its end" },
	{ "pg_replslot", EXACT, EXCLUDE_ROOT, ALWAYS, EXCLUDE_EMPTY,
	    "slots of the original: in the copy they would keep WAL for ever" },
	{ "pg_dynshmem", EXACT, EXCLUDE_ROOT, ALWAYS, EXCLUDE_EMPTY,
	    "shared memory of the running server, removed at start" },
	{ "pg_notify", EXACT, EXCLUDE_ROOT, ALWAYS, EXCLUDE_EMPTY,
	    "notifications under way, forgotten at start" },
	{ "pg_serial", EXACT, EXCLUDE_ROOT, ALWAYS, EXCLUDE_EMPTY,
	    "conflicts of transactions under way, forgotten at start" },
	{ "pg_snapshots", EXACT, EXCLUDE_ROOT, ALWAYS, EXCLUDE_EMPTY,
	    "snapshots of transactions under way, removed at start" },
	{ "pg_subtrans", EXACT, EXCLUDE_ROOT, ALWAYS, EXCLUDE_EMPTY,
	    "parents of transactions under way, zeroed at start" },
	{ "pg_stat_tmp", EXACT, EXCLUDE_ROOT, ALWAYS, EXCLUDE_EMPTY,
	    "statistics under way, forgotten when recovery begins" },

	{ "pgsql_tmp", PREFIX, ANYWHERE, ALWAYS, EXCLUDE_SKIP,
	    "temporary files of queries, removed at start" },
	{ NULL, TEMPORARY, EXCLUDE_DATABASE, ALWAYS, EXCLUDE_SKIP,
	    "temporary relation of a session, removed at start" },
	{ NULL, UNLOGGED, EXCLUDE_DATABASE, EXCLUDE_RECOVERS, EXCLUDE_SKIP,
	    "unlogged relation, made anew from its init fork at the end of recovery; a clean "
	    "start makes none, and finds it as it was left" },
	{ "pg_internal.init", PREFIX, EXCLUDE_GLOBAL | EXCLUDE_DATABASE, ALWAYS,
	    EXCLUDE_SKIP, "relation cache, removed at start" },
	{ "pg_control", EXACT, EXCLUDE_GLOBAL, ALWAYS, EXCLUDE_SKIP,
	    "must be read after all the rest: it is sent after the tree" },

	{ "postmaster.pid", EXACT, EXCLUDE_ROOT, ALWAYS, EXCLUDE_SKIP,
	    "of the running server; or left by a crash, or caught by a snapshot" },
	{ "postmaster.opts", EXACT, EXCLUDE_ROOT, ALWAYS, EXCLUDE_SKIP,
	    "how the server was started, with the paths of this host" },
	{ "postgresql.auto.conf.tmp", EXACT, EXCLUDE_ROOT, ALWAYS, EXCLUDE_SKIP,
	    "half-written, of an ALTER SYSTEM under way or cut short" },
	{ "current_logfiles.tmp", EXACT, EXCLUDE_ROOT, ALWAYS, EXCLUDE_SKIP,
	    "half-written, of a log rotation under way or cut short" },

	{ "backup_label", EXACT, EXCLUDE_ROOT, ALWAYS, EXCLUDE_SKIP,
	    "of another backup: this one has its own, or must have none" },
	{ "tablespace_map", EXACT, EXCLUDE_ROOT, ALWAYS, EXCLUDE_SKIP,
	    "of another backup: it would lead the copy to that one's tablespaces" },
	{ "backup_manifest", EXACT, EXCLUDE_ROOT, ALWAYS, EXCLUDE_SKIP,
	    "of the backup this cluster was restored from" },
	{ "pg_basetar.info", EXACT, EXCLUDE_ROOT, ALWAYS, EXCLUDE_SKIP,
	    "of the backup this cluster was restored from" },
	{ "pg_basetar_tblspc", EXACT, EXCLUDE_ROOT, ALWAYS, EXCLUDE_SKIP,
	    "tablespaces of the backup this cluster was restored from: those in use are "
	    "sent as tablespaces, in a directory of the same name" },
	{ "lost+found", LOST_FOUND, EXCLUDE_ROOT, ALWAYS, EXCLUDE_SKIP,
	    "made by mkfs, where a file system is the data directory: root's, and no part of the "
	    "cluster" },
	{ ".DS_Store", EXACT, ANYWHERE, ALWAYS, EXCLUDE_SKIP,
	    "a desktop's notes on a directory, which the server leaves out as well" },
};

/* Where the server keeps what no start makes anew. */
static const struct {
	const char *name;
	/* so is whatever is in it; else the rules for relations tell */
	bool is_all_below;
} vital[] = {
	{ "PG_VERSION", false },
	{ "base", false },
	{ "global", false },
	{ "pg_commit_ts", true },
	{ "pg_logical", true },
	{ "pg_multixact", true },
	{ "pg_tblspc", false },
	{ "pg_twophase", true },
	{ "pg_xact", true },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum exclude_where
exclude_where(const char *path)
{
	if (path[0] == '\0')
		return EXCLUDE_ROOT;
	if (strcmp(path, "global") == 0)
		return EXCLUDE_GLOBAL;
	return relfile_is_relation_dir(path) ? EXCLUDE_DATABASE : EXCLUDE_ELSEWHERE;
}

static int
compare_numbers(const void *left, const void *right)
{
	const uint32_t *a = left, *b = right;

	return *a < *b ? -1 : *a > *b;
}

int
exclude_unlogged_find(
    const struct dirlist *list, struct exclude_unlogged *out, struct error *err)
{
	struct exclude_unlogged set = { 0 };

	for (size_t i = 0; i < list->count; i++) {
		struct relfile file;

		/* the cheap test first: few names among thousands pass it */
		if (strstr(list->names[i], "_init") == NULL ||
		    !relfile_parse(list->names[i], &file) || file.is_temporary ||
		    file.segment != 0)
			continue;
		if (set.relnodes == NULL)
			set.relnodes = malloc((list->count - i) * sizeof(*set.relnodes));
		if (set.relnodes == NULL)
			return error_memory(err);
		set.relnodes[set.count++] = file.relnode;
	}
	if (set.count > 1)
		qsort(set.relnodes, set.count, sizeof(*set.relnodes), compare_numbers);
	*out = set;
	return 0;
}

bool
exclude_unlogged_has(const struct exclude_unlogged *set, const struct relfile *file)
{
	return file->fork != RELFILE_INIT && set->count > 0 &&
	    bsearch(&file->relnode, set->relnodes, set->count, sizeof(*set->relnodes),
		compare_numbers) != NULL;
}

void
exclude_unlogged_free(struct exclude_unlogged *set)
{
	free(set->relnodes);
	*set = (struct exclude_unlogged){ 0 };
}

static bool
is_match(const struct rule *rule, const struct exclude_entry *entry)
{
	switch (rule->match) {
	case EXACT:
		return strcmp(entry->name, rule->name) == 0;
	case PREFIX:
		return strncmp(entry->name, rule->name, strlen(rule->name)) == 0;
	case TEMPORARY:
		return entry->is_temporary;
	case UNLOGGED:
		return entry->is_unlogged;
	case LOST_FOUND:
		return entry->is_lost_found;
	}
	return false;
}

enum exclude_verdict
exclude_decide(const struct exclude_entry *entry, const char **reason)
{
	for (size_t i = 0; i < COUNT(rules); i++) {
		const struct rule *rule = &rules[i];

		if ((rule->where & entry->where) == 0 ||
		    (rule->modes & entry->mode) == 0 || !is_match(rule, entry))
			continue;
		if (rule->verdict == EXCLUDE_EMPTY && !entry->is_directory)
			continue;
		if (reason)
			*reason = rule->reason;
		return rule->verdict;
	}
	if (reason)
		*reason = NULL;
	return EXCLUDE_SEND;
}

bool
exclude_is_vital(enum exclude_where where, const char *path, const char *name)
{
	size_t first = strcspn(path, "/");
	struct relfile relfile;

	if (relfile_is_relation_dir(path))
		return true;
	if (where == EXCLUDE_GLOBAL || where == EXCLUDE_DATABASE)
		return relfile_parse(name, &relfile) || strcmp(name, "PG_VERSION") == 0 ||
		    strcmp(name, "pg_filenode.map") == 0;
	for (size_t i = 0; i < COUNT(vital); i++)
		if (strlen(vital[i].name) == first &&
		    strncmp(path, vital[i].name, first) == 0)
			return where == EXCLUDE_ROOT || vital[i].is_all_below;
	return false;
}

static bool
is_empty_enough(unsigned n)
{
	const struct exclude_entry entry = { .mode = EXCLUDE_RECOVERS,
		.where = EXCLUDE_ROOT,
		.name = cluster_directory(n),
		.is_directory = true };

	return cluster_directory_is_optional(n) ||
	    (exclude_decide(&entry, NULL) == EXCLUDE_EMPTY &&
		strcmp(entry.name, "pg_wal") != 0);
}

int
exclude_complete(struct dirlist *root, struct error *err)
{
	for (unsigned n = 0; cluster_directory(n); n++)
		if (is_empty_enough(n) && dirlist_add(root, cluster_directory(n), err))
			return -1;
	return 0;
}

const char *
exclude_wal_directory(const struct pg_version *version, unsigned n)
{
	static const char *const names[] = { "archive_status", "summaries" };

	return n < (version->summarizes_wal ? 2U : 1U) ? names[n] : NULL;
}
