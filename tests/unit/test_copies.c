/*
 * Databases that are copied while a backup runs: what the walk met, what the server answered when, and
 * what the WAL says, in one sequence; and what comes of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backup/cluster.h"
#include "backup/copies.h"
#include "backup/source.h"
#include "backup/tablespaces.h"
#include "cli/message.h"
#include "server/databases.h"
#include "server/session.h"
#include "support/faketree.h"
#include "support/walcopies.h"
#include "wal/walproof.h"

/* ---- the server, and the proof of the WAL, in place of the program's ---- */

static struct {
	const char *locked; /* of the next answer; NULL: there is none yet */
	uint64_t lsn;
	bool refuses, hangs_up;
	double silence;
	unsigned asked;
	struct waldatabases *wal;
	bool is_all_seen;
	char warned[512];
} fake;

int
databases_mark_read(
    struct session *s, double patience, struct databases_mark *mark, struct error *err)
{
	(void)s;
	(void)patience;
	fake.asked++;
	*mark = (struct databases_mark){ 0 };
	if (fake.refuses || fake.hangs_up)
		return error_set(err, ERROR_SERVER, 0, "permission denied");
	mark->locked = fake.locked ? strdup(fake.locked) : NULL;
	mark->lsn = fake.lsn;
	return 0;
}

bool
databases_is_locked(const struct databases_mark *mark, uint32_t database)
{
	char text[16];

	snprintf(text, sizeof(text), ",%u,", (unsigned)database);
	return mark->locked && strstr(mark->locked, text) != NULL;
}

void
databases_mark_free(struct databases_mark *mark)
{
	free(mark->locked);
	*mark = (struct databases_mark){ 0 };
}

const char *
session_sqlstate(const struct session *s)
{
	(void)s;
	return fake.hangs_up ? "" : "42501";
}

int
session_check(struct session *s, struct error *err)
{
	(void)s;
	(void)err;
	return 0;
}

double
session_silence(const struct session *s)
{
	(void)s;
	return fake.silence;
}

const struct waldatabases *
walproof_databases(const struct walproof *proof)
{
	(void)proof;
	return fake.wal;
}

bool
walproof_is_whole(const struct walproof *proof)
{
	(void)proof;
	return fake.is_all_seen;
}

void
message_warning(const char *text)
{
	snprintf(fake.warned, sizeof(fake.warned), "%s", text);
}

/* ---- what happens ---- */

enum { STEPS = 14 };

enum kind {
	OF_PRIMARY,
	OF_STANDBY,
	OF_STOPPED,
	OF_SNAPSHOT /* of a standby */
};

/*
 * A step:	"/PATH"		the walk comes to a directory, or to PG_VERSION in it
 *		"."		it has come to its end
 *		"w", "h", "s"	watch, hurry, settle
 *		"LSN LOCKED"	what the server answers from now on; "LSN": not yet
 *		"x", "X", "z"	it refuses, hangs up, is silent
 *		"-PATH"		the directory is removed
 *	others	of walcopies.h, each at the LSN that is its number among all steps
 */
static const struct row {
	const char *name;
	enum kind kind;
	bool lacks_wal; /* not all of it was seen */
	const char *steps[STEPS];
	const char *said;   /* of the error; NULL: there is none */
	const char *warned; /* NULL: no warning */
	unsigned asked;
} rows[] = {
	{ "nothing is copied", .steps = { "/base/5", "/base/5/PG_VERSION", ".", "s" },
	    .asked = 1 },
	{ "a copy of what is whole",
	    .steps = { "9 ,", "/base/5", "/base/5/PG_VERSION", ".", "s",
		"C 7@1663 5@1663" },
	    .asked = 1 },
	{ "dropped before it was sent",
	    .steps = { "9 ,", "/base/4", "/base/4/PG_VERSION", ".", "C 7@1663 5@1663",
		"R 5@1663", "s" },
	    .said = "whose directory was removed before it was sent", .asked = 1 },
	{ "dropped after the server said that it is whole",
	    .steps = { "3 ,", "/base/5", "/base/5/PG_VERSION", ".", "w",
		"C 7@1663 5@1663", "R 5@1663", "s" },
	    .asked = 2 },
	{ "dropped before the server said so",
	    .steps = { "99 ,", "/base/5", "/base/5/PG_VERSION", ".", "C 7@1663 5@1663",
		"R 5@1663", "w", "s" },
	    .said = "whose directory was removed before all of it was sent", .asked = 2 },
	{ "being dropped when the server was asked",
	    .steps = { "99 ,5,", "/base/5", "/base/5/PG_VERSION", ".", "C 7@1663 5@1663",
		"s" },
	    .said = "whose directory was removed before all of it was sent", .asked = 1 },
	{ "another is being dropped",
	    .steps = { "99 ,15,", "/base/5", "/base/5/PG_VERSION", ".", "C 7@1663 5@1663",
		"s" },
	    .asked = 1 },
	{ "locked first, and whole later",
	    .steps = { "4 ,5,", "/base/5", "/base/5/PG_VERSION", ".", "w", "5 ,", "w",
		"C 7@1663 5@1663", "R 5@1663", "s" },
	    .asked = 3 },
	/* an answer says nothing of a walk that ended after the question */
	{ "the answer is to an earlier question",
	    .steps = { "3", "/base/4", "/base/4/PG_VERSION", "/base/5",
		"/base/5/PG_VERSION", "w", ".", "4 ,", "w", "C 7@1663 5@1663", "R 5@1663",
		"99 ,", "s" },
	    .said = "whose directory was removed before all of it was sent", .asked = 3 },
	{ "the first of two tablespaces is whole, the second is not",
	    .steps = { "5 ,", "/pg_tblspc/16400/PG_15_202209061/5", "/base/5",
		"/base/5/PG_VERSION", "w", ".", "C 7@1663 5@1663", "R 5@1663", "99 ,",
		"s" },
	    .said = "whose directory was removed before all of it was sent", .asked = 2 },
	{ "moved to another tablespace",
	    .steps = { "99 ,", "/base/4", ".", "C 5@16400 5@1663", "R 5@1663", "s" },
	    .said = "was moved to another tablespace during the backup", .asked = 1 },
	{ "changed after it was copied: a warning",
	    .steps = { "1 ,", "/base/5", "/base/5/PG_VERSION", ".", "s",
		"C 7@1663 5@1663", "B 5@1663" },
	    .warned = "which was changed", .asked = 1 },
	{ "the server refuses, and nothing is copied",
	    .steps = { "x", "/base/5", "/base/5/PG_VERSION", ".", "w", "s" },
	    .asked = 2 },
	{ "the server refuses",
	    .steps = { "x", "/base/5", "/base/5/PG_VERSION", ".", "s",
		"C 7@1663 5@1663" },
	    .said = "whether database 5 was complete when it was read: permission denied",
	    .asked = 1 },
	{ "the server hangs up",
	    .steps = { "X", "/base/5", "/base/5/PG_VERSION", ".", "w" },
	    .said = "permission denied", .asked = 1 },
	/* of what is whole it is not asked again, and in a hurry only of what is new */
	{ "asked in a hurry",
	    .steps = { "4 ,", "h", "/base/4", "h", "/base/5", "h", "h", ".", "h", "h",
		"w" },
	    .asked = 2 },
	{ "a silent server is not asked in a hurry",
	    .steps = { "4 ,", "z", "/base/4", ".", "h", "w" }, .asked = 1 },
	{ "asked, and not answered, it is not asked in a hurry",
	    .steps = { "4", "/base/4", "/base/5", "h", ".", "h", "4 ,", "w", "h" },
	    .asked = 3 },

	{ "the WAL lacks what makes the template: a warning", .lacks_wal = true,
	    .steps = { "99 ,", "/base/4", ".", "C 7@1663 5@1663", "s" },
	    .warned = "which is not in the backup", .asked = 1 },

	/* replay of the record removes the directory, and then its lock */
	{ "a standby, dropped meanwhile", .kind = OF_STANDBY,
	    .steps = { "99 ,", "/base/5", "/base/5/PG_VERSION", ".", "-base/5", "s",
		"C 7@1663 5@1663" },
	    .said = "whose directory was removed before all of it was sent", .asked = 1 },
	{ "a standby", .kind = OF_STANDBY,
	    .steps = { "99 ,", "/base/5", "/base/5/PG_VERSION", ".", "s",
		"C 7@1663 5@1663" },
	    .asked = 1 },

	{ "a stopped cluster", .kind = OF_STOPPED,
	    .steps = { "/base/5", "/base/5/PG_VERSION", ".", "C 7@1663 5@1663" } },
	{ "a stopped cluster without it", .kind = OF_STOPPED,
	    .steps = { "/base/4", ".", "C 7@1663 5@1663" },
	    .said = "whose directory was removed before it was sent" },
	{ "a snapshot of a standby, in a removal", .kind = OF_SNAPSHOT,
	    .steps = { "/base/5", "/base/5/PG_VERSION", ".", "C 7@1663 5@1663",
		"R 5@1663" },
	    .said = "whose directory was removed before all of it was sent" },
};

struct run {
	char *root;
	struct backup_copies *copies;
	struct backup_cluster cluster;
	struct backup_tablespaces tablespaces;
	struct backup_source_facts facts;
	struct online_server server;
	uint64_t at;
};

static int
answer(const char *step)
{
	const char *locked = strchr(step, ' ');

	fake.lsn = strtoull(step, NULL, 10);
	fake.locked = locked ? locked + 1 : NULL;
	return 0;
}

static int
walk(struct run *run, const char *path, struct error *err)
{
	if (strstr(path, "PG_VERSION")) {
		backup_copies_file(run->copies, path);
		return 0;
	}
	return backup_copies_directory(run->copies, path, err);
}

static int
take(struct run *run, const char *step, struct error *err)
{
	run->at++;
	switch (step[0]) {
	case '/':
		return walk(run, step + 1, err);
	case '.':
		backup_copies_tree_end(run->copies);
		return 0;
	case 'w':
		return backup_copies_watch(run->copies, NULL, err);
	case 'h':
		return backup_copies_hurry(run->copies, NULL, err);
	case 's':
		return backup_copies_settle(run->copies, NULL, err);
	case 'x':
		fake.refuses = true;
		return 0;
	case 'X':
		fake.hangs_up = true;
		return 0;
	case 'z':
		fake.silence = 1;
		return 0;
	case '-':
		faketree_remove(run->root, step + 1);
		return 0;
	default:
		if (step[0] >= '0' && step[0] <= '9')
			return answer(step);
		walcopies_step(fake.wal, run->at, step);
		return 0;
	}
}

static void
begin(struct run *run, const struct row *row)
{
	static const struct fake_file tree[] = { { "base/4/PG_VERSION", "15\n" },
		{ "base/5/PG_VERSION", "15\n" } };
	struct error err = { 0 };

	memset(&fake, 0, sizeof(fake));
	fake.locked = ",";
	fake.is_all_seen = !row->lacks_wal;
	*run = (struct run){ .root = faketree_new(tree, 2) };
	run->cluster.version = cluster_version(15);
	run->cluster.datadir_fd = faketree_open(run->root);
	run->server.in_recovery = row->kind == OF_STANDBY;
	run->facts.is_frozen = row->kind == OF_STOPPED || row->kind == OF_SNAPSHOT;
	run->facts.is_of_a_moment = row->kind == OF_SNAPSHOT;
	if (!run->facts.is_frozen)
		run->facts.server = &run->server;
	assert_int_equal(waldatabases_new(&fake.wal, &err), 0);
	assert_int_equal(backup_copies_new(&run->copies,
			     &(struct backup_copies_options){
				 &run->cluster, &run->tablespaces, &run->facts },
			     &err),
	    0);
}

static void
happens(void **state)
{
	const struct row *row = *state;
	struct error err = { 0 };
	struct run run;
	int rc = 0;

	begin(&run, row);
	for (size_t i = 0; rc == 0 && i < STEPS && row->steps[i]; i++)
		rc = take(&run, row->steps[i], &err);
	if (rc == 0)
		rc = backup_copies_check(run.copies, NULL, &err);
	assert_int_equal(rc, row->said ? -1 : 0);
	if (row->said && strstr(err.text, row->said) == NULL)
		fail_msg("\"%s\" expected, found \"%s\"", row->said, err.text);
	if (row->warned ? strstr(fake.warned, row->warned) == NULL :
			  fake.warned[0] != '\0')
		fail_msg("\"%s\" expected, found \"%s\"", row->warned ? row->warned : "",
		    fake.warned);
	assert_int_equal(fake.asked, row->asked);
	backup_copies_free(run.copies);
	waldatabases_free(fake.wal);
	faketree_free(run.root);
}

int
main(void)
{
	enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
	struct CMUnitTest tests[ROWS];

	for (size_t i = 0; i < ROWS; i++)
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = happens,
			.initial_state = (void *)(uintptr_t)&rows[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
