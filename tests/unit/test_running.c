#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/command.h"
#include "support/fake_libpq.c.inc"
#include "support/faketree.h"
#include "support/smallcluster.h"

/*
 * The backup of a running server, on the libpq of a script (support/fake_libpq.h) and a cluster that
 * is made by code; its server is this process, as far as postmaster.pid goes.
 */

static char *
running_cluster(void)
{
	char *root = smallcluster_new(), pid[4096];

	smallcluster_at_work(root);
	snprintf(pid, sizeof(pid),
	    "%ld\n%s/data\n1795348669\n5432\n%s\n\n  0 0\nready   \n", (long)getpid(),
	    root, root);
	faketree_put(root, "data/postmaster.pid", pid);
	smallcluster_give(root);
	return root;
}

/* What a release with idle_session_timeout is opened with. */
#define CONNECTION \
	"port=5432 host=/x dbname=postgres options=" FAKE_OPTIONS \
	" -c idle_session_timeout=0 client_encoding=SQL_ASCII" \
	" application_name=pg_basetar replication=false"
#define CONNECT { .connect = CONNECTION }, FAKE_SETTINGS
#define SETTINGS \
	{ \
		.query = "SELECT name, setting", \
		.rows = \
		    "wal_level|replica|default\narchive_mode|off|default\n" \
		    "log_timezone|Etc/UTC|default\nmax_slot_wal_keep_size|-1|default" \
	}
#define IDENTITY \
	{ \
		.query = "SELECT s.system_identifier", \
		.rows = "7710953701937684148|f|5432|1795348669" \
	}
#define CONTROL \
	{ \
		.query = "SELECT c.checkpoint_lsn", \
		.rows = "0/100028|0/100028|1|1795348669|0/0" \
	}
#define PRIVILEGE \
	{ \
		.query = "SELECT pg_catalog.bool_and(", .rows = "t|plain|postgres" \
	}
#define CHECK CONNECT, SETTINGS, IDENTITY, CONTROL, PRIVILEGE
#define DATABASES \
	{ \
		.query = "SELECT ',' || pg_catalog.string_agg(", \
		.rows = ",1 1663,4 1663,5 1663," \
	}
#define START \
	{ .query = "SELECT pg_catalog.pg_backup_start($1, $2)", .rows = "0/100028" }, \
	{ \
		.query = "SELECT c.checkpoint_lsn, c.redo_lsn, c.timeline_id", \
		.rows = \
		    "0/100028|0/100028|1|1048576|f|2026-11-22 14:02:26 UTC|1795356146000123" \
	}
#define OLDEST \
	DATABASES, \
	{ \
		.query = "SELECT datfrozenxid::", .rows = "717" \
	}
#define LABEL_OF(start) \
	"START WAL LOCATION: " start " (file " SMALLCLUSTER_SEGMENT ")\f" \
	"CHECKPOINT LOCATION: 0/100028\fBACKUP METHOD: streamed\f" \
	"BACKUP FROM: primary\fSTART TIME: 2026-11-22 14:02:26 UTC\f" \
	"LABEL: pg_basetar base backup\fSTART TIMELINE: 1\f"
#define LABEL LABEL_OF("0/100028")
#define MARK \
	{ .query = "SELECT ',' || pg_catalog.string_agg(objid", .rows = "~" }, \
	{ \
		.query = "SELECT CASE WHEN pg_catalog.pg_is_in_recovery()", \
		.rows = "0/1000A0" \
	}
#define STOP \
	{ \
		.query = "SELECT lsn, labelfile, spcmapfile", \
		.rows = "0/1000C8|" LABEL "|" \
	}

#define SLOT \
	CONNECT, { .query = "SELECT pg_catalog.set_config('role', 'none', false)" }, \
	{ \
		.query = "SELECT * FROM pg_catalog.pg_create_physical_replication_slot", \
		.rows = "pg_basetar_1_2|0/100028" \
	}
#define DROP \
	{ \
		.query = "SELECT pg_catalog.pg_drop_replication_slot($1)" \
	}

#define LINE "-D %/data -h /x -d postgres -o %/out/a.tar --no-slot"

/* ---- what the server answers ---- */

/* The script of a run without a slot, as far as it gets; and what stands in it for one answer. */
enum { MOST = 32, ALL = 99 };
static struct fake_step script[MOST];
static size_t nsteps;

static const struct fake_step sound[] = { CHECK, DATABASES, START, OLDEST, MARK,
	DATABASES, STOP };

static void
script_of(const struct fake_step *steps, size_t count)
{
	memcpy(script, steps, count * sizeof(*steps));
	nsteps = count;
	fake_script(script, nsteps);
}

/* The ${nth} question, from 0 on, that begins like that. */
static struct fake_step *
step_of(const char *query, size_t nth)
{
	for (size_t i = 0; i < nsteps; i++)
		if (script[i].query &&
		    strncmp(script[i].query, query, strlen(query)) == 0 && nth-- == 0)
			return &script[i];
	fail_msg("no step \"%s\"", query);
	return NULL;
}

struct answer {
	const char *name;
	const char *options; /* besides those of LINE */
	const char *query;   /* the question that is answered otherwise; NULL: none */
	size_t nth;          /* ALL: wherever it is asked */
	const char *rows;
	int status;
	const char *said;
	const char *path, *content; /* below the root, as faketree_put() has it; NULL */
};

#define SETTING(...) .query = "SELECT name, setting", .rows = __VA_ARGS__
#define ARCHIVES "wal_level|replica|default\narchive_mode|on|default"
#define NO_ARCHIVE "wal_level|replica|default\narchive_mode|off|default"

static const struct answer answers[] = {
	{ "all is well", .status = REPORT_SOUND, .said = "" },
	{ "all is well, and it is said", .options = " -v -P", .status = REPORT_SOUND,
	    .said = "stop position 0/1000C8 on timeline 1" },
	{ "another cluster", .query = "SELECT s.system_identifier",
	    .rows = "42|f|5432|1795348669", .status = REPORT_FAILED,
	    .said = "runs another cluster" },
	{ "too little WAL", SETTING("wal_level|minimal|default"), .status = REPORT_FAILED,
	    .said = "wal_level is \"minimal\"" },
	{ "a database is moved", .query = "SELECT ',' || pg_catalog.string_agg(",
	    .nth = 3, .rows = ",1 1663,4 1663,5 16400,", .status = REPORT_FAILED,
	    .said = "database with OID 5 was moved to another tablespace" },
	{ "a database is dropped, one is created",
	    .query = "SELECT ',' || pg_catalog.string_agg(", .nth = 3,
	    .rows = ",1 1663,4 1663,16390 1663,", .status = REPORT_SOUND, .said = "" },
	{ "a database in a tablespace that is left out",
	    .options = " --without-tablespace=16400",
	    .query = "SELECT ',' || pg_catalog.string_agg(", .nth = ALL,
	    .rows = ",1 1663,4 1663,5 1663,16390 16400,", .status = REPORT_FINDINGS,
	    .said = "database 16390 is in tablespace 16400, which is left out" },
	{ "a database that was not sent", .query = "SELECT ',' || pg_catalog.string_agg(",
	    .nth = ALL, .rows = ",1 1663,4 1663,5 1663,16390 1663,",
	    .status = REPORT_FINDINGS, .said = "base/16390/PG_VERSION" },
	{ "a label of another start", .query = "SELECT lsn, labelfile",
	    .rows = "0/1000C8|" LABEL_OF("0/200028") "|", .status = REPORT_FAILED,
	    .said = "backup_label" },
	{ "a text that is no label", .query = "SELECT lsn, labelfile",
	    .rows = "0/1000C8|no label|", .status = REPORT_FAILED,
	    .said = "backup_label that the server returned" },
	{ "a map with another place", .query = "SELECT lsn, labelfile",
	    .rows = "0/1000C8|" LABEL "|16400 /elsewhere\f", .status = REPORT_FAILED,
	    .said = "the server says that it is at \"/elsewhere\"" },
	{ "a text that is no map", .query = "SELECT lsn, labelfile",
	    .rows = "0/1000C8|" LABEL "|nowhere\f", .status = REPORT_FAILED,
	    .said = "tablespace_map that the server returned" },
	{ "a stop beyond the WAL", .query = "SELECT lsn, labelfile",
	    .rows = "0/200028|" LABEL "|", .status = REPORT_FAILED, .said = "WAL" },
	{ "a stop in the middle of nothing", .query = "SELECT lsn, labelfile",
	    .rows = "0/1000F8|" LABEL "|", .status = REPORT_FAILED, .said = "WAL" },
	{ "a stop before the end", .query = "SELECT lsn, labelfile",
	    .rows = "0/1000A0|" LABEL "|", .status = REPORT_FAILED, .said = "WAL" },

	/* the WAL archive */
	{ "the WAL is left to an archive, and nothing is archived", .options = " -X none",
	    SETTING(NO_ARCHIVE), .status = REPORT_FAILED, .said = "archive_mode is off" },
	{ "the WAL is left to something else", .options = " -X none --no-wait-archive",
	    .status = REPORT_SOUND, .said = "" },
	{ "the WAL is left to the archive, which has it", .options = " -X none",
	    SETTING(ARCHIVES), .status = REPORT_SOUND, .said = "",
	    .path = "data/pg_wal/archive_status/" SMALLCLUSTER_SEGMENT ".done",
	    .content = "" },
	{ "the archive is waited for in vain", .options = " --wait-archive=1",
	    SETTING(ARCHIVES), .status = REPORT_FAILED,
	    .said = "was not archived within 1 s",
	    .path = "data/pg_wal/archive_status/" SMALLCLUSTER_SEGMENT ".ready",
	    .content = "" },
	{ "nothing is archived, and waited for", .options = " --wait-archive=1 -v",
	    SETTING(NO_ARCHIVE), .status = REPORT_SOUND,
	    .said = "the backup does not wait for the WAL archive: archive_mode is off" },
	{ "the WAL that is left to something else is gone",
	    .options = " -X none --no-wait-archive", .status = REPORT_SOUND,
	    .said = "no longer in pg_wal", .path = "data/pg_wal/" SMALLCLUSTER_SEGMENT },
	{ "the WAL is gone", .status = REPORT_FAILED, .said = SMALLCLUSTER_SEGMENT,
	    .path = "data/pg_wal/" SMALLCLUSTER_SEGMENT },
};

static void
answer(void **state)
{
	const struct answer *answer = *state;
	char *root = running_cluster(), line[1024];
	struct command c;

	script_of(sound, sizeof(sound) / sizeof(sound[0]));
	for (size_t i = 0; answer->query && answer->nth == ALL && i < nsteps; i++)
		if (script[i].query && strcmp(script[i].query, answer->query) == 0)
			script[i].rows = answer->rows;
	if (answer->query && answer->nth != ALL)
		step_of(answer->query, answer->nth)->rows = answer->rows;
	if (answer->path && answer->content)
		faketree_put(root, answer->path, answer->content);
	else if (answer->path)
		faketree_remove(root, answer->path);
	smallcluster_give(root);
	snprintf(
	    line, sizeof(line), "%s%s", LINE, answer->options ? answer->options : "");
	command_expect(&c, root, line, answer->status);
	if (answer->said[0] != '\0')
		command_expect_said(&c, answer->said);
	assert_int_equal(fake_connections, 0);
	if (answer->status != REPORT_FAILED) {
		fake_done();
		/* which databases there were no archive tells */
		command_expect(&c, root, "verify %/out/a.tar", REPORT_SOUND);
	}
	faketree_free(root);
}

/* ---- each question fails ---- */

static void
fails(struct fake_step *step)
{
	step->rows = NULL;
	step->error = (struct fake_message){
		.severity = "ERROR", .sqlstate = "XX000", .primary = "injected"
	};
}

static void
hangs_up(struct fake_step *step)
{
	step->rows = NULL;
	step->hangs_up = true;
}

static void
breaks(struct fake_step *step)
{
	step->breaks = true;
}

static void
says_nothing(struct fake_step *step)
{
	step->rows = NULL;
}

static void
says_another(struct fake_step *step)
{
	step->rows = "what|is|this";
}

/* The run fails and leaves nothing; or what it made is sound. */
static void
each_question(void **state)
{
	void (*const *change)(struct fake_step *) = *state;
	char *root = running_cluster(), archive[4096];
	struct command c;

	snprintf(archive, sizeof(archive), "%s/out/a.tar", root);
	for (size_t i = 1; i < sizeof(sound) / sizeof(sound[0]); i++) {
		script_of(sound, sizeof(sound) / sizeof(sound[0]));
		/* after these the run goes on with another question */
		if (strstr(script[i].query, "(objid") ||
		    strstr(script[i].query, "bool_and"))
			continue;
		(*change)(&script[i]);
		command_run(&c, root, LINE);
		assert_int_equal(fake_connections, 0);
		if (c.status == REPORT_FAILED && access(archive, F_OK) == 0)
			fail_msg("%s: an archive is there:\n%s", script[i].query, c.said);
		if (c.status != REPORT_FAILED)
			command_expect(&c, root, "verify %/out/a.tar", REPORT_SOUND);
		else if (strstr(c.said, "pg_basetar: ") == NULL)
			fail_msg("%s: no error is said", script[i].query);
		faketree_remove(root, "out/a.tar");
	}
	faketree_free(root);
}

/* ---- the slot ---- */

/* Where the slot is not in the data directory another server was asked. */
static void
slot_elsewhere(void **state)
{
	char *root = running_cluster();
	struct command c;

	(void)state;
	FAKE_SCRIPT(CHECK, SLOT, DROP);
	command_expect(
	    &c, root, "-D %/data -h /x -d postgres -o %/out/a.tar", REPORT_FAILED);
	command_expect_said(&c, "does not work on");
	fake_done();
	faketree_free(root);
}

/* Without one the backup goes on, and says so. */
static void
without_a_slot(void **state)
{
	char *root = running_cluster();
	struct command c;

	(void)state;
	FAKE_SCRIPT(CHECK, CONNECT,
	    { .query = "SELECT pg_catalog.set_config('role', 'none', false)" },
	    { .query = "SELECT * FROM pg_catalog.pg_create_physical_replication_slot",
		.error = { .severity = "ERROR",
		    .sqlstate = "53400",
		    .primary = "all replication slots are in use" } },
	    DATABASES, START, OLDEST, MARK, DATABASES, STOP);
	command_expect(
	    &c, root, "-D %/data -h /x -d postgres -o %/out/a.tar", REPORT_SOUND);
	command_expect_said(&c, "all replication slots are in use");
	fake_done();
	faketree_free(root);
}

/* ---- before there is a session ---- */

static void
no_server(void **state)
{
	char *root = running_cluster();
	struct command c;

	(void)state;
	faketree_remove(root, "data/postmaster.pid");
	command_expect(&c, root, LINE, REPORT_FAILED);
	command_expect_said(&c, "no server is running");
	faketree_put(root, "data/postmaster.pid", "no number\n");
	smallcluster_give(root);
	command_expect(&c, root, LINE, REPORT_FAILED);
	command_expect_said(&c, "postmaster.pid");
	faketree_free(root);
}

static void
no_connection(void **state)
{
	char *root = running_cluster();
	struct command c;

	(void)state;
	FAKE_SCRIPT({ .connect = CONNECTION, .fails = "connection refused" });
	command_expect(&c, root, LINE, REPORT_FAILED);
	command_expect_said(&c, "connection refused");
	fake_done();
	faketree_free(root);
}

int
main(void)
{
	static void (*const changes[])(
	    struct fake_step *) = { fails, hangs_up, breaks, says_nothing, says_another };
	static const char *const names[] = { "each question fails", "the server hangs up",
		"the connection breaks", "no answer has a row",
		"each answer is another" };
	enum { ANSWERS = sizeof(answers) / sizeof(answers[0]), CHANGES = 5, OTHERS = 4 };
	struct CMUnitTest tests[OTHERS + CHANGES + ANSWERS] = {
		cmocka_unit_test(slot_elsewhere),
		cmocka_unit_test(without_a_slot),
		cmocka_unit_test(no_server),
		cmocka_unit_test(no_connection),
	};

	for (size_t i = 0; i < CHANGES; i++)
		tests[OTHERS + i] = (struct CMUnitTest){ .name = names[i],
			.test_func = each_question,
			.initial_state = (void *)(uintptr_t)&changes[i] };
	for (size_t i = 0; i < ANSWERS; i++)
		tests[OTHERS + CHANGES + i] =
		    (struct CMUnitTest){ .name = answers[i].name,
			    .test_func = answer,
			    .initial_state = (void *)(uintptr_t)&answers[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
