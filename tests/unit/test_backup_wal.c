/*
 * The WAL of a backup: which segments and histories are sent, with which marks, in which order what is
 * proved; and what ends the run.  The archive, the pipeline and the proof are made up, pg_wal is real.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "archive/archive.h"
#include "archive/walunsent.h"
#include "backup/cluster.h"
#include "backup/copies.h"
#include "backup/files.h"
#include "backup/source.h"
#include "backup/stream.h"
#include "backup/tablespaces.h"
#include "backup/wal.h"
#include "cli/options.h"
#include "lib/sys.h"
#include "support/controlimage.h"
#include "support/fake_archive.c.inc"
#include "support/fake_message.c.inc"
#include "support/faketree.h"
#include "support/openfds.h"
#include "wal/walproof.h"

/* Segments of 1 MiB, 4096 of them to the second part of a name. */
enum { MIB = 1024 * 1024 };
#define SEGMENT BYTES(1048576)
#define S(timeline, number) "0000000" #timeline "000000000000000" #number
#define W(timeline, number) "pg_wal/" S(timeline, number)
#define DONE(name) "pg_wal/archive_status/" name ".done"
#define READY(name) "pg_wal/archive_status/" name ".ready"
#define HISTORY2 "1\t0/380000\tno recovery target specified\n"

/* ---- the others, in place of the program's: they write down what they are told ---- */

static struct {
	struct walproof_tablespace made[2];
	size_t nmade;
	uint32_t absent;
	bool is_in_part, is_primary, skips_filler;
} fake;

int
walunsent_read(const struct walunsent *w, struct walset *set, struct error *err)
{
	assert_non_null(w->proof);
	return archive_tell(err, "unsent %u, %llX-%llX\n", (unsigned)set->count,
	    (unsigned long long)w->start_lsn, (unsigned long long)w->stop_lsn);
}

int
blockpipe_settle(struct blockpipe *pipe, struct error *err)
{
	(void)pipe;
	return archive_tell(err, "settle\n");
}

int
backup_copies_check(
    struct backup_copies *copies, const struct walproof *proof, struct error *err)
{
	(void)copies;
	assert_non_null(proof);
	return archive_tell(err, "copies\n");
}

int
backup_files_history(struct backup_files *f, const char *name, const uint8_t *bytes,
    size_t len, struct error *err)
{
	(void)f;
	(void)bytes;
	(void)len;
	return archive_tell(err, "judged %s\n", name);
}

void
backup_tablespaces_warn_of_replay(
    const struct backup_tablespaces *all, uint32_t oid, const char *path)
{
	(void)all;
	(void)!archive_tell(NULL, "creates %u %s\n", oid, path);
}

int
walproof_new(struct walproof **p, const struct walproof_options *o, struct error *err)
{
	*p = malloc(1);
	assert_non_null(*p);
	fake.is_primary = o->is_primary;
	fake.skips_filler = o->skips_filler;
	return archive_tell(err, "");
}

int
walproof_finish(const struct walproof *p, struct error *err)
{
	(void)p;
	return archive_tell(err, "proved\n");
}

bool
walproof_is_whole(const struct walproof *p)
{
	(void)p;
	return !fake.is_in_part;
}

const struct walproof_tablespace *
walproof_tablespaces(const struct walproof *p, size_t *count)
{
	(void)p;
	*count = fake.nmade;
	return fake.made;
}

uint32_t
walproof_absent(const struct walproof *p, uint64_t *lsn)
{
	(void)p;
	*lsn = 0x280000;
	return fake.absent;
}

uint64_t
walproof_records(const struct walproof *p)
{
	(void)p;
	return 77;
}

void
walproof_free(struct walproof *p)
{
	free(p);
}

/* ---- a backup ---- */

enum kind { PRIMARY, STANDBY, STOPPED };

struct scene {
	char *root;
	struct options opt;
	struct backup_cluster cluster;
	struct backup_source_facts facts;
	struct online_server server;
	struct backup_stream stream;
	struct backup_wal wal;
};

/* The timeline that pg_control of a standby says. */
static void
write_control(const char *root, uint32_t timeline)
{
	uint8_t image[CONTROL_SIZE];
	char path[512];
	FILE *file;

	controlimage_make(image, 1300);
	controlimage_set(image, 1300, "min recovery timeline", timeline);
	controlimage_seal(image, 1300);
	snprintf(path, sizeof(path), "%s/global/pg_control", root);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(image, sizeof(image), 1, file), 1);
	assert_int_equal(fclose(file), 0);
}

/* From segment 2 to ${stop}, of timeline 1. */
static void
begin(struct scene *s, enum kind kind, const char *const *files, uint64_t stop)
{
	static const struct fake_file empty[] = { { "pg_wal/archive_status", DIRECTORY },
		{ "global/pg_control", "" } };
	struct error err = { 0 };

	memset(&fake, 0, sizeof(fake));
	archive_begin();
	message_said[0] = '\0';
	*s = (struct scene){ .root = faketree_new(empty, 2) };
	for (; files && *files; files++)
		faketree_put(s->root, *files,
		    strstr(*files, "history") && !strstr(*files, "status") ? HISTORY2 :
			strstr(*files, "status")                           ? "" :
									     SEGMENT);
	backup_cluster_init(&s->cluster, "data");
	s->cluster.datadir_fd = faketree_open(s->root);
	s->cluster.version = cluster_version(15);
	s->cluster.control.wal_segment_size = MIB;
	s->cluster.control.system_identifier = 7;
	assert_int_equal(
	    walset_open_directory(s->cluster.datadir_fd, &s->cluster.wal_fd, &err), 0);
	s->opt.wal_method = WAL_FETCH;
	s->server.in_recovery = kind == STANDBY;
	s->facts.is_frozen = kind == STOPPED;
	s->facts.server = kind == STOPPED ? NULL : &s->server;
	s->wal = (struct backup_wal){ .opt = &s->opt,
		.cluster = &s->cluster,
		.source = &s->facts,
		.stream = &s->stream };
	backup_wal_begin(&s->wal, 2 * MIB + 40, 1);
	backup_wal_stop(&s->wal, stop);
}

static void
end(struct scene *s)
{
	backup_wal_free(&s->wal);
	backup_cluster_free(&s->cluster);
	faketree_free(s->root);
}

/* ---- what is sent ---- */

#define ONE(number) "segment " S(1, number) " 1@" #number "\n"
#define MARK(name, as) "mark " name " " as "\n"
#define PROVED "barrier\nsettle\nproved\ncopies\n"

static const struct row {
	const char *name;
	enum kind kind;
	uint64_t stop;
	uint32_t newest; /* of a standby, by its pg_control */
	const char *files[6];
	const char *told;
	const char *error; /* how it begins; NULL: there is none */
} rows[] = {
	/* its own server archives them, and has switched segments at the stop */
	{ "a primary", PRIMARY, 4 * MIB, 0, { W(1, 2), W(1, 3), READY(S(1, 3)) },
	    ONE(2) MARK(S(1, 2), "done") ONE(3) MARK(S(1, 3), "done") PROVED, NULL },
	{ "a primary, in the middle of a segment", PRIMARY, 3 * MIB + 512, 0,
	    { W(1, 2), W(1, 3) },
	    ONE(2) MARK(S(1, 2), "done") ONE(3) MARK(S(1, 3), "done") PROVED, NULL },
	/* the last one goes on, and its end is not in the copy */
	{ "a standby, in the middle of a segment", STANDBY, 3 * MIB + 512, 1,
	    { W(1, 2), W(1, 3) }, ONE(2) MARK(S(1, 2), "done") ONE(3) PROVED, NULL },
	{ "a standby that has archived the last", STANDBY, 3 * MIB + 512, 1,
	    { W(1, 2), W(1, 3), DONE(S(1, 3)) },
	    ONE(2) MARK(S(1, 2), "done") ONE(3) MARK(S(1, 3), "done") PROVED, NULL },
	{ "a standby that is about to archive it", STANDBY, 3 * MIB + 512, 1,
	    { W(1, 2), W(1, 3), READY(S(1, 3)) },
	    ONE(2) MARK(S(1, 2), "done") ONE(3) PROVED, NULL },
	{ "a standby, at the end of a segment", STANDBY, 4 * MIB, 1, { W(1, 2), W(1, 3) },
	    ONE(2) MARK(S(1, 2), "done") ONE(3) MARK(S(1, 3), "done") PROVED, NULL },
	/* what was not archived there, the copy has to */
	{ "a stopped cluster", STOPPED, 4 * MIB, 0,
	    { W(1, 2), W(1, 3), READY(S(1, 2)), DONE(S(1, 3)) },
	    ONE(2) MARK(S(1, 2), "ready") ONE(3) MARK(S(1, 3), "done") PROVED, NULL },
	{ "a stopped cluster that archives nothing", STOPPED, 4 * MIB, 0,
	    { W(1, 2), W(1, 3) }, ONE(2) ONE(3) PROVED, NULL },

	/* a standby follows promotions; both files of the segment are sent, one is read */
	{ "a promotion", STANDBY, 4 * MIB, 2,
	    { W(1, 2), W(1, 3), W(2, 3), "pg_wal/00000002.history" },
	    ONE(2) MARK(S(1, 2), "done") "segment " S(1, 3) " 1@3 not read\n" MARK(
		S(1, 3), "done") "segment " S(2, 3) " 2@3\n" MARK(S(2, 3), "done") PROVED
	    "judged 00000002.history\nhistory 00000002.history\n" MARK(
		"00000002.history", "done"),
	    NULL },
	{ "a promotion after the stop", STANDBY, 3 * MIB, 2,
	    { W(1, 2), "pg_wal/00000002.history" },
	    ONE(2) MARK(S(1, 2), "done") PROVED
	    "judged 00000002.history\nhistory 00000002.history\n" MARK(
		"00000002.history", "done"),
	    NULL },
	{ "a promotion without its history", STANDBY, 4 * MIB, 2, { W(1, 2), W(1, 3) },
	    "",
	    "timeline history file \"00000002.history\" is missing: the backup starts on timeline 1" },
	{ "a segment is missing", PRIMARY, 4 * MIB, 0, { W(1, 2) }, "",
	    "could not find WAL file" },
};

static int
send(struct scene *s, const struct row *row, struct error *err)
{
	if (row->kind == STANDBY)
		write_control(s->root, row->newest);
	if (row->kind == STOPPED && backup_wal_history(&s->wal, 1, err))
		return -1;
	return backup_wal_send(&s->wal, NULL, err);
}

static void
check_row(void **state)
{
	const struct row *row = *state;
	struct error err = { 0 };
	struct scene s;
	size_t fds;

	begin(&s, row->kind, row->files, row->stop);
	fds = openfds_count();
	assert_int_equal(send(&s, row, &err), row->error ? -1 : 0);
	assert_string_equal(archive_told, row->told);
	if (row->error) {
		if (strncmp(err.text, row->error, strlen(row->error)) != 0)
			fail_msg("%s", err.text);
	} else {
		assert_int_equal(fake.is_primary, row->kind == PRIMARY);
		assert_int_equal(fake.skips_filler, row->kind != PRIMARY);
		message_expect("info: WAL proved: 77 records\n");
	}
	assert_int_equal(openfds_count(), fds);
	end(&s);
}

static const struct row *const usual = &rows[0], *const promoted = &rows[8];

/* ---- what ends it ---- */

/* Each step fails once, and none comes after it. */
static void
step_fails(void **state)
{
	static const char *const steps[] = { "segment", "mark", "barrier", "settle",
		"proved", "copies", "judged", "history ", "mark 00000002" };

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct error err = { 0 };
		struct scene s;

		begin(&s, STANDBY, promoted->files, promoted->stop);
		archive_fails = steps[i];
		assert_int_equal(send(&s, promoted, &err), -1);
		assert_string_equal(err.text, "injected");
		assert_int_equal(err.hint[0] != '\0', strcmp(steps[i], "proved") == 0);
		assert_non_null(strstr(archive_told, steps[i]));
		assert_ptr_equal(strstr(strstr(archive_told, steps[i]), "\n")[1], '\0');
		end(&s);
	}
}

static void
unsent(void **state)
{
	struct error err = { 0 };
	struct scene s;

	(void)state;
	begin(&s, PRIMARY, (const char *const[]){ W(1, 3), NULL }, 4 * MIB);
	s.opt.wal_method = WAL_NONE;
	fake.is_in_part = true;
	assert_int_equal(backup_wal_send(&s.wal, NULL, &err), 0);
	assert_string_equal(archive_told, "unsent 1, 200028-400000\nproved\ncopies\n");
	message_expect("info: WAL proved in part: 77 records\n");
	end(&s);
	begin(&s, PRIMARY, NULL, 4 * MIB);
	s.opt.wal_method = WAL_NONE;
	archive_fails = "unsent";
	assert_int_equal(backup_wal_send(&s.wal, NULL, &err), -1);
	assert_string_equal(archive_told, "unsent 0, 200028-400000\n");
	end(&s);
}

/* Tablespaces that replay makes; one in place is made in the copy itself, and needs no word. */
static void
tablespaces(void **state)
{
	static char location[] = "/srv/a", in_place[] = "";
	struct error err = { 0 };
	struct scene s;

	(void)state;
	begin(&s, PRIMARY, usual->files, usual->stop);
	fake.made[0] = (struct walproof_tablespace){ 16400, in_place };
	fake.made[1] = (struct walproof_tablespace){ 16401, location };
	fake.nmade = 2;
	assert_int_equal(backup_wal_send(&s.wal, NULL, &err), 0);
	assert_non_null(strstr(archive_told, "proved\ncreates 16401 /srv/a\ncopies\n"));
	assert_null(strstr(archive_told, "16400"));
	end(&s);
	begin(&s, PRIMARY, usual->files, usual->stop);
	fake.absent = 16402;
	assert_int_equal(backup_wal_send(&s.wal, NULL, &err), -1);
	assert_int_equal(err.kind, ERROR_STATE);
	assert_string_equal(err.text,
	    "tablespace 16402 is left out, but the WAL at 0/280000 changes it: recovery of the copy would fail");
	assert_null(strstr(archive_told, "copies"));
	end(&s);
}

/* ---- the line of timelines, and the manifest ---- */

static void
line(void **state)
{
	struct error err = { 0 };
	struct scene s;

	(void)state;
	begin(&s, STANDBY, promoted->files, 4 * MIB);
	assert_int_equal(backup_wal_history(&s.wal, 2, &err), 0);
	assert_int_equal(s.wal.expect.version->major, 15);
	assert_int_equal(s.wal.expect.system_identifier, 7);
	assert_int_equal(s.wal.expect.segment_size, MIB);
	assert_ptr_equal(s.wal.expect.history, &s.wal.history);
	assert_int_equal(backup_wal_list(&s.wal, &err), 0);
	assert_string_equal(
	    archive_told, "range 2 380000-400000\nrange 1 200028-380000\n");
	/* again, with a stop before the promotion */
	archive_told[0] = '\0';
	backup_wal_stop(&s.wal, 0x380000);
	assert_int_equal(backup_wal_history(&s.wal, 2, &err), 0);
	assert_int_equal(s.wal.history.count, 1);
	assert_int_equal(backup_wal_list(&s.wal, &err), 0);
	assert_string_equal(archive_told, "range 1 200028-380000\n");
	/* the copy of a cluster at rest follows the timeline that its pg_control says */
	s.facts.is_frozen = true;
	assert_int_equal(backup_wal_history(&s.wal, 2, &err), 0);
	assert_int_equal(s.wal.history.count, 2);
	s.facts.is_frozen = false;
	/* begun after it: the ancestor is not needed, but the line must have the start */
	archive_told[0] = '\0';
	backup_wal_begin(&s.wal, 0x380028, 2);
	backup_wal_stop(&s.wal, 4 * MIB);
	assert_int_equal(backup_wal_history(&s.wal, 2, &err), 0);
	assert_int_equal(backup_wal_list(&s.wal, &err), 0);
	assert_string_equal(archive_told, "range 2 380028-400000\n");
	archive_fails = "range";
	assert_int_equal(backup_wal_list(&s.wal, &err), -1);
	backup_wal_begin(&s.wal, 0x380028, 5);
	assert_int_equal(backup_wal_history(&s.wal, 2, &err), -1);
	assert_int_equal(err.kind, ERROR_STATE);
	assert_string_equal(
	    err.text, "timeline 5 of the start is not in the history of timeline 2");
	end(&s);
}

/* A history that is gone, or cannot be read. */
static void
no_line(void **state)
{
	struct error err = { 0 };
	struct scene s;

	(void)state;
	begin(&s, PRIMARY, NULL, 4 * MIB);
	/* that of the start's own timeline: its pages alone can be sound then */
	backup_wal_begin(&s.wal, 2 * MIB + 40, 2);
	assert_int_equal(backup_wal_history(&s.wal, 2, &err), 0);
	assert_int_equal(s.wal.history.count, 1);
	faketree_put(s.root, "pg_wal/00000002.history", "damaged");
	assert_int_equal(backup_wal_history(&s.wal, 2, &err), -1);
	assert_int_equal(err.kind, ERROR_FORMAT);
	assert_int_equal(strncmp(err.text, "timeline history file \"00000002.history\": ",
			     strlen("timeline history file \"00000002.history\": ")),
	    0);
	assert_int_equal(s.wal.history.count, 0);
	end(&s);
}

int
main(void)
{
	enum { ROWS = sizeof(rows) / sizeof(rows[0]), OTHERS = 5 };
	struct CMUnitTest tests[OTHERS + ROWS] = {
		cmocka_unit_test(step_fails),
		cmocka_unit_test(unsent),
		cmocka_unit_test(tablespaces),
		cmocka_unit_test(line),
		cmocka_unit_test(no_line),
	};

	for (size_t i = 0; i < ROWS; i++)
		tests[OTHERS + i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = check_row,
			.initial_state = (void *)(uintptr_t)&rows[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
