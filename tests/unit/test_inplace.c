/*
 * Tablespaces in place, and those that are missing: what came, what the WAL, the map, the catalog and
 * the configuration say of them, and what is found.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proof/inplace.h"
#include "support/judged.c.inc"
#include "tar/header.h"

/* ---- the WAL and the catalog, in place of the program's ---- */

enum { START = 1000, STOP = 9000, MADE_MOST = 8 };

static struct {
	struct proof_replay_row made[MADE_MOST];
	size_t nmade;
	struct catalogset_row rows[MADE_MOST];
	size_t nrows;
	bool is_out_of_memory;
} fake;

bool
proof_replay_has(const struct proof_replay *r, enum proof_replay_kind kind,
    uint32_t space, uint64_t after, uint64_t before)
{
	for (size_t i = 0; r->wal->has_lineage && i < fake.nmade; i++) {
		const struct proof_replay_row *row = &fake.made[i];

		if (row->kind == kind && row->space == space && row->lsn >= after &&
		    row->lsn < before)
			return true;
	}
	return false;
}

const struct proof_replay_row *
proof_replay_next(const struct proof_replay *r, size_t *at)
{
	while (r->wal->has_lineage && *at < fake.nmade)
		if (fake.made[(*at)++].kind == PROOF_REPLAY_MAKES)
			return &fake.made[*at - 1];
	return NULL;
}

/* Recovery reads lineage 0. */
bool
proof_wal_reads(const struct proof_wal *w, unsigned lineage, uint64_t end_lsn)
{
	return w->has_lineage && lineage == 0 && end_lsn <= w->stop_lsn;
}

int
catalogset_find(struct catalogset *set, enum catalogrow_kind kind,
    const struct catalogset_row **rows, size_t *count, struct error *err)
{
	(void)set;
	assert_int_equal(kind, CATALOGROW_TABLESPACE);
	*rows = fake.rows;
	*count = fake.nrows;
	return fake.is_out_of_memory ? error_memory(err) : 0;
}

/* ---- a backup ---- */

static struct facts facts;
static struct infofile info;
static struct label label;
static struct buf map;
static struct oidset archives;
static struct proof_wal wal;
static struct proof_replay replay;
static struct proof_manifest manifest;
static struct proof_inplace judge;

/* Of a primary of 15, whose WAL was read; its catalog has the two tablespaces that each has. */
static int
begin(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	for (; fake.nrows < 2; fake.nrows++)
		fake.rows[fake.nrows].oid = 1663 + (uint32_t)fake.nrows;
	info = (struct infofile){ 0 };
	label = (struct label){ .start_lsn = START, .checkpoint_lsn = START + 256 };
	facts = (struct facts){ .label = &label, .version = cluster_version(15) };
	wal = (struct proof_wal){ .has_lineage = true, .stop_lsn = STOP };
	replay = (struct proof_replay){ .wal = &wal };
	manifest = (struct proof_manifest){ 0 };
	if (judged_begin())
		return -1;
	judge = (struct proof_inplace){ .facts = &facts,
		.findings = &findings,
		.members = members,
		.archives = &archives,
		.replay = &replay,
		.wal = &wal,
		.manifest = &manifest };
	return 0;
}

static int
end(void **state)
{
	(void)state;
	proof_inplace_free(&judge);
	oidset_free(&archives);
	buf_free(&map);
	judged_end();
	return 0;
}

/* ---- what comes ---- */

static void
give_config(const char *path, const char *content)
{
	struct error err = { 0 };
	struct buf text = { 0 };

	assert_int_equal(buf_printf(&text, &err, "%s\n", content), 0);
	assert_true(proof_inplace_wants(&judge, MEMBERORDER_TREE, path, text.len));
	assert_int_equal(
	    proof_inplace_config(&judge, MEMBERORDER_TREE, path, &text, &err), 0);
	buf_free(&text);
}

static void
give_member(char letter, const char *name)
{
	struct memberset_row *row;
	struct error err = { 0 };
	char path[64];

	snprintf(path, sizeof(path), "pg_tblspc/%s", name);
	row = heard_member(members, path, letter == 'f' ? TAR_FILE : TAR_DIRECTORY, 0);
	row->is_moved = letter == 'm';
	assert_int_equal(proof_inplace_member(&judge, row, &err), 0);
}

static void
give_block(unsigned lineage, uint32_t space, uint64_t lsn)
{
	const struct pagesuspect_mention by = { lineage, lsn, lsn + 8, true };
	struct error err = { 0 };

	assert_int_equal(proof_inplace_block(&judge, space, &by, &err), 0);
}

static void
give_made(char letter, uint32_t space, uint64_t lsn)
{
	static char location[] = "/srv/a", in_place[] = "";

	assert_true(fake.nmade < MADE_MOST);
	fake.made[fake.nmade++] =
	    (struct proof_replay_row){ .kind = letter == 'D' ? PROOF_REPLAY_DROPS :
							       PROOF_REPLAY_MAKES,
		    .lsn = lsn,
		    .end_lsn = lsn + 8,
		    .space = space,
		    .location = letter == 'L' ? location : in_place };
}

static void
give_row(char letter, uint32_t oid, uint64_t lsn)
{
	assert_true(fake.nrows < MADE_MOST);
	fake.rows[fake.nrows++] = (struct catalogset_row){ .oid = oid,
		.state = letter == 'T' ? CATALOGSET_THERE : CATALOGSET_UNCLEAR,
		.lsn = lsn };
}

/* Facts of the backup as a whole, a word each. */
static void
give_fact(const char *word)
{
	struct error err = { 0 };

	if (strcmp(word, "ours") == 0)
		facts.info = &info;
	else if (strcmp(word, "without") == 0)
		info.without.count = 1;
	else if (strcmp(word, "no label") == 0)
		facts.label = NULL;
	else if (strcmp(word, "incremental") == 0)
		label.incremental = true;
	else if (strcmp(word, "standby") == 0)
		label.from_standby = true;
	else if (strcmp(word, "no wal") == 0)
		wal.has_lineage = false;
	else if (strcmp(word, "late") == 0)
		label.checkpoint_lsn++;
	else if (strcmp(word, "manifest") == 0)
		manifest.is_whole = true;
	else if (strcmp(word, "16") == 0)
		facts.version = cluster_version(16);
	else if (strcmp(word, "unreadable") == 0)
		fake.nrows = 0;
	else if (buf_printf(&map, &err, "%s", word) == 0)
		facts.map = &map;
}

/*
 * What comes: the letter, a number and after "@" a position.
 *	"= WORD"	as of give_fact(); "= MAP" is the text of tablespace_map
 *	"c TEXT"	a line of postgresql.conf; "a TEXT": of postgresql.auto.conf
 *	"d OID"		its directory in pg_tblspc; "m OID": under another name; "f OID": a file
 *	"A OID"		its archive
 *	"b OID@LSN"	a page of it changes; "B": on a lineage that recovery does not read
 *	"M OID@LSN"	replay makes it in place, "L": at a location; "D": drops it
 *	"T OID@LSN"	pg_tablespace has it; "U OID@LSN": may have it
 */
static void
give(const char *step)
{
	const uint32_t oid = (uint32_t)strtoul(step + 2, NULL, 10);
	const char *at = strchr(step, '@');
	const uint64_t lsn = at ? strtoull(at + 1, NULL, 10) : 0;
	struct error err = { 0 };

	if (strchr("dmf", step[0]))
		give_member(step[0], step + 2);
	else if (strchr("ca", step[0]))
		give_config(
		    step[0] == 'c' ? "postgresql.conf" : MEMBERORDER_AUTO_CONF, step + 2);
	else if (strchr("bB", step[0]))
		give_block(step[0] == 'B', oid, lsn);
	else if (strchr("MLD", step[0]))
		give_made(step[0], oid, lsn);
	else if (strchr("TU", step[0]))
		give_row(step[0], oid, lsn);
	else if (step[0] == 'A')
		assert_int_equal(oidset_add(&archives, oid, &err), 0);
	else
		give_fact(step + 2);
}

/* ---- and what is found ---- */

#define DIRECTORY_MAY(oid) \
	"warning: tablespace " oid \
	" is a directory in pg_tblspc: recovery stops with a PANIC, unless allow_in_place_tablespaces is on\n"
#define DIRECTORY_OFF(oid) \
	"tablespace: tablespace " oid \
	" is a directory in pg_tblspc, but the configuration in the backup sets allow_in_place_tablespaces to off: recovery stops with a PANIC\n"
#define CHANGED(oid, at) \
	"tablespace: tablespace " oid " is missing: the WAL at " at \
	" changes its pages, but no earlier record creates it (pg_basebackup up to version 15 leaves out tablespaces in place)\n"
#define LEFT_OUT(oid, at) \
	"tablespace: tablespace " oid " was left out of the backup, but the WAL at " at \
	" changes it: recovery stops with a PANIC\n"
#define LISTED(oid) \
	"tablespace: tablespace " oid \
	" is missing, although pg_tablespace lists it (pg_basebackup up to version 15 leaves out tablespaces in place)\n"
#define LISTED_16(oid) \
	"tablespace: tablespace " oid \
	" is missing, although pg_tablespace lists it (pg_basebackup puts each into an archive of its own)\n"
#define UNCLEAR(oid) \
	"warning: tablespace " oid \
	" is not in the backup, and pg_tablespace does not show for certain whether it was dropped\n"
#define NOT_READ \
	"warning: pg_tablespace could not be read: whether tablespaces are missing is not known\n"
#define ON "allow_in_place_tablespaces = on"
#define OFF "allow_in_place_tablespaces = off"

static const struct row {
	const char *name;
	const char *steps[8];
	const char *said;
} rows[] = {
	{ "nothing", { NULL }, "" },

	/* directories, and what the server is configured to do with them */
	{ "a directory", { "d 16400" }, DIRECTORY_MAY("16400") },
	{ "under another name", { "m 16400" }, "" },
	{ "a file", { "f 16400" }, "" },
	{ "a name that is no number", { "d 16400x" }, "" },
	{ "a number too large", { "d 4294967296" }, "" },
	{ "the largest number", { "d 4294967295" }, DIRECTORY_MAY("4294967295") },
	{ "on", { "c " ON, "d 16400" }, "" },
	{ "off", { "c " OFF, "d 16400" }, DIRECTORY_OFF("16400") },
	{ "off by default", { "c a = 1", "d 16400" }, DIRECTORY_OFF("16400") },
	{ "on, then off", { "c " ON, "a " OFF, "d 16400" }, DIRECTORY_OFF("16400") },
	{ "off, then on", { "c " OFF, "a " ON, "d 16400" }, "" },
	{ "on in the second alone", { "a " ON, "d 16400" }, "" },
	{ "off in the second alone", { "a " OFF, "d 16400" }, DIRECTORY_OFF("16400") },
	{ "the second file again", { "a " ON, "a " OFF, "d 16400" },
	    DIRECTORY_OFF("16400") },
	{ "another file is included", { "c include 'x'", "d 16400" },
	    DIRECTORY_MAY("16400") },
	{ "on, and another file is included", { "c " ON "\ninclude 'x'", "d 16400" },
	    DIRECTORY_MAY("16400") },
	{ "off, no WAL", { "= no wal", "c " OFF, "d 16400" }, DIRECTORY_MAY("16400") },
	{ "off, but ours", { "= ours", "c " OFF, "d 16400" }, DIRECTORY_MAY("16400") },
	{ "without a label nothing is looked at",
	    { "= no label", "d 16400", "b 16401@2000", "T 16402@1" }, "" },

	/* and replay */
	{ "dropped", { "d 16400", "D 16400@2000" }, "" },
	{ "dropped too late", { "d 16400", "D 16400@9000" }, DIRECTORY_MAY("16400") },
	{ "made", { "M 16400@2000" }, DIRECTORY_MAY("16400") },
	{ "made and dropped", { "M 16400@2000", "D 16400@3000" }, "" },
	{ "and again", { "D 16400@2000", "M 16400@3000" }, DIRECTORY_MAY("16400") },
	{ "made after the stop", { "M 16400@9000" }, "" },
	{ "made elsewhere", { "L 16400@2000" }, "" },
	{ "made, and there", { "d 16400", "M 16400@2000" }, DIRECTORY_MAY("16400") },

	/* pages that change */
	{ "changed", { "b 16400@4096" }, CHANGED("16400", "0/1000") },
	{ "twice", { "b 16400@4096", "b 16400@4104" }, CHANGED("16400", "0/1000") },
	{ "several", { "b 16402@4096", "b 16400@4104", "b 16401@4112", "b 16402@4120" },
	    CHANGED("16400", "0/1008") CHANGED("16401", "0/1010")
		CHANGED("16402", "0/1000") },
	{ "of initdb, and the next", { "b 16383@4096", "b 16384@4096" },
	    CHANGED("16384", "0/1000") },
	{ "changed on another lineage", { "B 16400@4096" }, "" },
	{ "changed after the stop", { "b 16400@9000" }, "" },
	{ "changed, and made before", { "M 16400@2000", "b 16400@4096", "c " ON }, "" },
	{ "changed, and made after", { "b 16400@4096", "M 16400@5000", "c " ON },
	    CHANGED("16400", "0/1000") },
	{ "changed, and dropped after", { "b 16400@4096", "D 16400@5000" }, "" },
	{ "changed, and dropped after the stop", { "b 16400@4096", "D 16400@9000" },
	    CHANGED("16400", "0/1000") },
	{ "changed, and in the map", { "= 16400 /srv/a\n", "b 16400@4096" }, "" },
	{ "changed, and in an archive", { "A 16400", "b 16400@4096" }, "" },
	{ "changed, and a directory", { "c " ON, "d 16400", "b 16400@4096" }, "" },
	{ "changed, of ours", { "= ours", "b 16400@4096" }, "" },
	{ "changed, and left out of ours", { "= ours", "= without", "b 16400@4096" },
	    LEFT_OUT("16400", "0/1000") },
	{ "without WAL it is not known", { "= no wal", "b 16400@4096" }, "" },

	/* the catalog */
	{ "listed", { "T 16400@1" }, LISTED("16400") },
	{ "listed, in 16", { "= 16", "T 16400@1" }, LISTED_16("16400") },
	{ "listed, of initdb, and the next", { "T 16383@1", "T 16384@1" },
	    LISTED("16384") },
	{ "listed, and changed: told once", { "b 16400@4096", "T 16400@1" },
	    CHANGED("16400", "0/1000") },
	{ "listed, and dropped", { "T 16400@1", "D 16400@9999" }, "" },
	{ "listed, and made", { "T 16400@1", "M 16400@2000", "c " ON }, "" },
	{ "listed, and in the map", { "= 16400 /srv/a\n", "T 16400@1" }, "" },
	{ "unclear", { "U 16400@1" }, UNCLEAR("16400") },
	{ "listed, of ours", { "= ours", "T 16400@1" }, "" },
	{ "listed, of an incremental backup", { "= incremental", "T 16400@1" }, "" },
	{ "not to be read", { "= unreadable" }, NOT_READ },
	/* without WAL: how much of it there was between the start and the list */
	{ "no WAL, a row from before", { "= no wal", "T 16400@1000" }, LISTED("16400") },
	{ "no WAL, a row from after", { "= no wal", "T 16400@1001" }, UNCLEAR("16400") },
	{ "no WAL, listed too late", { "= no wal", "= late", "T 16400@1" },
	    UNCLEAR("16400") },
	{ "no WAL, listed by a standby", { "= no wal", "= standby", "T 16400@1" },
	    UNCLEAR("16400") },

	/* archives of their own, from 16 on */
	{ "an archive without a line",
	    { "= 16", "= manifest", "= 16401 /srv/a\n", "A 16400", "A 16401" },
	    DIRECTORY_MAY("16400") },
	{ "its directory is told once",
	    { "= 16", "= manifest", "= 16401 /srv/a\n", "A 16400", "d 16400" },
	    DIRECTORY_MAY("16400") },
	{ "a line may have been lost", { "= 16", "= 16401 /srv/a\n", "A 16400" }, "" },
	{ "up to 15", { "= manifest", "= 16401 /srv/a\n", "A 16400" }, "" },
	{ "no map", { "= 16", "= manifest", "A 16400" }, "" },
	{ "a map that is damaged: the directories alone",
	    { "= 16400", "b 16401@4096", "T 16402@1", "d 16403" },
	    DIRECTORY_MAY("16403") },
};

static void
check_row(void **state)
{
	const struct row *row = *state;
	struct error err = { 0 };

	assert_int_equal(begin(NULL), 0);
	for (size_t i = 0; i < 8 && row->steps[i]; i++)
		give(row->steps[i]);
	assert_int_equal(proof_inplace_judge(&judge, &err), 0);
	heard_expect(row->said);
	end(NULL);
}

/* An archive is sure to be of one in place where the map, or the configuration, says so. */
static void
proved(void **state)
{
	(void)state;
	give("= 16");
	assert_false(proof_inplace_is_proved(&judge));
	give("c " ON);
	assert_true(proof_inplace_is_proved(&judge));
	give("a " OFF);
	assert_false(proof_inplace_is_proved(&judge));
	give("= manifest");
	assert_true(proof_inplace_is_proved(&judge));
	facts.version = NULL;
	assert_false(proof_inplace_is_proved(&judge));
	facts.version = cluster_version(16);
	give("= ours");
	assert_false(proof_inplace_is_proved(&judge));
}

/* Which files are read, and which are too long for it: then nothing is known of the setting. */
static void
wanted(void **state)
{
	const uint64_t most = 4 * 1024 * 1024;

	(void)state;
	assert_false(
	    proof_inplace_wants(&judge, MEMBERORDER_TREE, "base/postgresql.conf", 1));
	assert_false(
	    proof_inplace_wants(&judge, MEMBERORDER_CONFIG, "postgresql.conf", 1));
	assert_true(
	    proof_inplace_wants(&judge, MEMBERORDER_TREE, "postgresql.conf", most));
	assert_false(
	    proof_inplace_wants(&judge, MEMBERORDER_TREE, "postgresql.conf", most + 1));
	give("d 16400");
	assert_int_equal(proof_inplace_judge(&judge, &(struct error){ 0 }), 0);
	heard_expect(DIRECTORY_MAY("16400"));
}

/* Of other files no setting counts. */
static void
other_files(void **state)
{
	struct error err = { 0 };
	struct buf text = { 0 };

	(void)state;
	assert_int_equal(buf_printf(&text, &err, "%s\n", ON), 0);
	assert_int_equal(proof_inplace_config(
			     &judge, MEMBERORDER_CONFIG, "postgresql.conf", &text, &err),
	    0);
	assert_false(judge.of_conf.is_told);
	buf_free(&text);
}

/* More than a cluster has are passed over. */
static void
limits(void **state)
{
	enum { MOST = 10000 };
	struct memberset_row row = { .type = TAR_DIRECTORY };
	struct error err = { 0 };
	char path[32];

	(void)state;
	row.path = path;
	for (uint32_t i = 0; i <= MOST; i++) {
		snprintf(path, sizeof(path), "pg_tblspc/%u", 16384 + i);
		assert_int_equal(proof_inplace_member(&judge, &row, &err), 0);
		give_block(i % 2, 16384 + MOST - i, 2000);
	}
	assert_int_equal(judge.noids, MOST);
	assert_int_equal(judge.nspaces, MOST);
	for (size_t i = 1; i < judge.nspaces; i++)
		assert_true(judge.spaces[i - 1].lineage < judge.spaces[i].lineage ||
		    judge.spaces[i - 1].space < judge.spaces[i].space);
}

static void
no_memory(void **state)
{
	struct error err = { 0 };

	(void)state;
	fake.is_out_of_memory = true;
	assert_int_equal(proof_inplace_judge(&judge, &err), -1);
	assert_int_equal(err.kind, ERROR_MEMORY);
	heard_expect("");
}

int
main(void)
{
	enum { ROWS = sizeof(rows) / sizeof(rows[0]), OTHERS = 5 };
	struct CMUnitTest tests[OTHERS + ROWS] = {
		cmocka_unit_test_setup_teardown(proved, begin, end),
		cmocka_unit_test_setup_teardown(wanted, begin, end),
		cmocka_unit_test_setup_teardown(other_files, begin, end),
		cmocka_unit_test_setup_teardown(limits, begin, end),
		cmocka_unit_test_setup_teardown(no_memory, begin, end),
	};

	for (size_t i = 0; i < ROWS; i++)
		tests[OTHERS + i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = check_row,
			.initial_state = (void *)(uintptr_t)&rows[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
