/*
 * A whole archive: what the reader finds in it is what was put in, the manifest knows
 * of the files and of nothing else, and it fails at any byte without a trace.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "archive/archive.h"
#include "pg/manifest_write.h"
#include "support/openfds.h"
#include "support/piperun.h"
#include "tar/reader.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SEGMENT "000000010000000000000001"
#define OF_TABLESPACE "pg_tblspc/16400/PG_15_202209061"
#define SYSTEM UINT64_C(7710953701937684148)

enum { RELATION = 1200000, LOG = 90000, LOG_NOW = 50000, CONTROL = 8192 };

static char *relation_path, *log_path;
static uint8_t content[RELATION]; /* of the relation; the log's are its first ones */
static char warned[256];

static void
warn(const char *text)
{
	strncpy(warned, text, sizeof(warned) - 1);
}

static int
setup(void **state)
{
	if (piperun_setup(state))
		return -1;
	streamplan_fill(content, sizeof(content), 3);
	relation_path = piperun_put("relation", content, RELATION);
	log_path = piperun_put("log", content, LOG_NOW);
	return 0;
}

static int
teardown(void **state)
{
	free(relation_path);
	free(log_path);
	return piperun_teardown(state);
}

/* ---- what is put in ---- */

static struct stat
stat_of(mode_t mode, size_t size)
{
	struct stat st = { 0 };

	st.st_mode = mode;
	st.st_uid = 107;
	st.st_gid = 112;
	st.st_size = (off_t)size;
	st.st_mtime = 1700000000;
	return st;
}

struct form {
	const char *name;
	enum digest_kind digest;
	unsigned major;
	bool no_manifest;
};

static int
send_tree(struct archive *a, struct error *err)
{
	const struct stat dir = stat_of(S_IFDIR | 03700, 4096);
	const struct stat link = stat_of(S_IFLNK | 0777, 5);
	const struct stat relation = stat_of(S_IFREG | 0600, RELATION);
	const struct stat log = stat_of(S_IFREG | 0640, LOG);
	const struct stat empty = stat_of(S_IFREG | 06600, 0);

	return archive_bytes(a, LAYOUT_TREE, "backup_label", NULL, "label\n", 6, err) ||
		archive_directory(a, LAYOUT_TREE, "base", &dir, err) ||
		archive_file(a, LAYOUT_TREE, "base/5/1259", &relation,
		    open(relation_path, O_RDONLY), true, err) ||
		archive_file(a, LAYOUT_TREE, "base/5/1260", &empty,
		    open(relation_path, O_RDONLY), true, err) ||
		archive_file(a, LAYOUT_TREE, "log/today", &log, open(log_path, O_RDONLY),
		    false, err) ||
		archive_directory(a, LAYOUT_TABLESPACE, OF_TABLESPACE, NULL, err) ||
		archive_file(a, LAYOUT_TABLESPACE, OF_TABLESPACE "/5/16401", &relation,
		    open(relation_path, O_RDONLY), true, err) ||
		archive_tablespace_link(a, "16400", &link, err) ||
		archive_control(a, &log, content, CONTROL, err) ?
	    -1 :
	    0;
}

static int
send_wal(struct archive *a, struct error *err)
{
	const struct walbody_options unchecked = { .proof = NULL };
	const struct stat segment = stat_of(S_IFREG | 0600, RELATION);

	return archive_segment(a, SEGMENT, &segment, open(relation_path, O_RDONLY),
		   &unchecked, err) ||
		archive_mark(a, SEGMENT, "done", err) ||
		archive_history(a, "00000001.history", &segment, "history\n", 8, err) ||
		archive_wal_range(a, 2, 0x3000000, 0x3000100, err) ||
		archive_wal_range(a, 1, 0x2000028, 0x3000000, err) ?
	    -1 :
	    0;
}

static int
send_all(struct blockpipe *pipe, const struct form *form, struct archive **a,
    struct error *err)
{
	const struct archive_options opt = { .pipe = pipe,
		.digest = form->digest,
		.no_manifest = form->no_manifest,
		.version = cluster_version(form->major),
		.system_identifier = SYSTEM,
		.own = stat_of(S_IFREG | 0640, 0),
		.warn = warn };

	if (archive_open(a, &opt, err) || send_tree(*a, err) || send_wal(*a, err))
		return -1;
	return archive_manifest(*a, err) || archive_finish(*a, err) ? -1 : 0;
}

/* ---- what must come out ---- */

struct member {
	const char *name;
	char type;
	uint32_t mode;
	size_t size, have;  /* bytes of content, then zeros up to the size */
	const char *listed; /* in the manifest as; NULL: not */
	const char *bytes;  /* NULL: those of content */
};

static const struct member members[] = {
	{ "backup_label", '0', 0640, 6, 6, "backup_label", "label\n" },
	{ "base", '5', 0700, 0, 0, NULL, NULL },
	{ "base/5/1259", '0', 0600, RELATION, RELATION, "base/5/1259", NULL },
	{ "base/5/1260", '0', 0600, 0, 0, "base/5/1260", NULL },
	{ "log/today", '0', 0640, LOG, LOG_NOW, "log/today", NULL },
	/* our own, whose owner and group may read: may enter as well */
	{ "pg_basetar_tblspc/16400/PG_15_202209061", '5', 0750, 0, 0, NULL, NULL },
	{ "pg_basetar_tblspc/16400/PG_15_202209061/5/16401", '0', 0600, RELATION,
	    RELATION, OF_TABLESPACE "/5/16401", NULL },
	{ "pg_tblspc/16400", '2', 0777, 0, 0, NULL, NULL },
	{ "global/pg_control", '0', 0640, CONTROL, CONTROL, "global/pg_control", NULL },
	{ "pg_wal/" SEGMENT, '0', 0600, RELATION, RELATION, NULL, NULL },
	{ "pg_wal/archive_status/" SEGMENT ".done", '0', 0640, 0, 0, NULL, NULL },
	{ "pg_wal/00000001.history", '0', 0600, 8, 8, NULL, "history\n" },
};

static void
read_body(struct tar_reader *reader, size_t size, struct buf *body)
{
	struct error err = { 0 };
	size_t got;

	buf_clear(body);
	assert_int_equal(buf_reserve(body, size + 1, &err), 0);
	do {
		assert_int_equal(tar_reader_read(reader, body->data + body->len,
				     size + 1 - body->len, &got, &err),
		    0);
		body->len += got;
	} while (got > 0);
	assert_int_equal(body->len, size);
	body->data[size] = '\0';
}

static void
assert_member(struct tar_reader *reader, const struct member *m, struct buf *body)
{
	struct error err = { 0 };
	struct tar_entry entry;
	bool end = true;

	assert_int_equal(tar_reader_next(reader, &entry, &end, &err), 0);
	assert_false(end);
	assert_string_equal(entry.name, m->name);
	assert_int_equal(entry.type, m->type);
	assert_int_equal(entry.mode, m->mode);
	assert_int_equal(entry.size, m->size);
	assert_int_equal(entry.uid, 107);
	assert_int_equal(entry.gid, 112);
	assert_int_equal(entry.mtime, 1700000000);
	if (m->type == '2')
		assert_string_equal(entry.link, "../pg_basetar_tblspc/16400");
	read_body(reader, m->size, body);
	assert_memory_equal(
	    body->data, m->bytes ? (const void *)m->bytes : content, m->have);
	for (size_t i = m->have; i < m->size; i++)
		assert_int_equal(body->data[i], 0);
}

static void
list_member(struct manifest *manifest, const struct form *form, const struct member *m,
    const struct buf *body)
{
	enum digest_kind kind =
	    strcmp(m->name, "global/pg_control") == 0 && form->digest != DIGEST_NONE ?
	    DIGEST_SHA256 :
	    form->digest;
	struct error err = { 0 };
	uint8_t value[DIGEST_MAX];
	struct digest *d;
	size_t len;

	assert_int_equal(digest_new(&d, kind, &err), 0);
	assert_int_equal(digest_update(d, body->data, body->len, &err), 0);
	assert_int_equal(digest_final(d, value, &len, &err), 0);
	digest_free(d);
	assert_int_equal(manifest_add_file(manifest, m->listed, m->size, 1700000000, kind,
			     value, len, &err),
	    0);
}

/* The last member: the text that a manifest of all the bodies read before has. */
static void
assert_manifest(struct tar_reader *reader, struct manifest *manifest, struct buf *body)
{
	struct error err = { 0 };
	struct tar_entry entry;
	uint8_t *text;
	size_t size, got;
	bool end;

	assert_int_equal(manifest_add_wal(manifest, 2, 0x3000000, 0x3000100, &err), 0);
	assert_int_equal(manifest_add_wal(manifest, 1, 0x2000028, 0x3000000, &err), 0);
	assert_int_equal(manifest_finish(manifest, &err), 0);
	size = (size_t)manifest_size(manifest);
	text = malloc(size);
	assert_int_equal(manifest_read(manifest, text, size, &got, &err), 0);
	assert_int_equal(tar_reader_next(reader, &entry, &end, &err), 0);
	assert_false(end);
	assert_string_equal(entry.name, "backup_manifest");
	assert_int_equal(entry.mode, 0640);
	assert_int_equal(entry.size, size);
	read_body(reader, size, body);
	assert_memory_equal(body->data, text, size);
	free(text);
}

static void
assert_archive(const struct buf *tar, const struct form *form)
{
	struct memsource source = memstream_source(tar->data, tar->len, 0);
	struct error err = { 0 };
	struct manifest *manifest;
	struct tar_reader *reader;
	struct buf body = { 0 };
	struct tar_entry entry;
	bool end;

	assert_int_equal(tar_reader_open(&reader, &source.source, &err), 0);
	assert_int_equal(
	    manifest_new(&manifest, cluster_version(form->major), SYSTEM, &err), 0);
	for (size_t i = 0; i < COUNT(members); i++) {
		assert_member(reader, &members[i], &body);
		if (members[i].listed)
			list_member(manifest, form, &members[i], &body);
	}
	if (!form->no_manifest)
		assert_manifest(reader, manifest, &body);
	assert_int_equal(tar_reader_next(reader, &entry, &end, &err), 0);
	assert_true(end);
	manifest_free(manifest);
	tar_reader_free(reader);
	buf_free(&body);
}

static struct form forms[] = {
	{ "CRC32C", DIGEST_CRC32C, 15, false },
	{ "CRC32C, version 2", DIGEST_CRC32C, 18, false },
	{ "SHA512", DIGEST_SHA512, 19, false },
	{ "no digests", DIGEST_NONE, 15, false },
	{ "no manifest", DIGEST_CRC32C, 15, true },
};

static void
check_form(void **state)
{
	const struct form *form = *state;
	struct piperun *r = piperun_new("none", 2, 2);
	struct archive *a = NULL;

	warned[0] = '\0';
	if (send_all(r->plan.pipe, form, &a, &r->err) ||
	    blockpipe_close(r->plan.pipe, &r->err))
		fail_msg("%s", r->err.text);
	assert_null(piperun_end(r, true));
	archive_free(a);
	archive_free(NULL);
	assert_archive(&r->memory.held, form);
	assert_string_equal(warned,
	    "file \"log/today\" shrank while it was sent: "
	    "its last 40000 bytes are zeros");
	piperun_free(r);
}

/* The sink fails at any byte: the error is told, nothing leaks, no descriptor stays. */
static void
sink_fails_at_any_byte(void **state)
{
	size_t total = 3 * RELATION + LOG;

	(void)state;
	for (size_t at = 0; at < total; at += total / 9 + 1) {
		struct piperun *r = piperun_new_failing("none", 2, at);
		struct archive *a = NULL;

		if (send_all(r->plan.pipe, &forms[at % 3], &a, &r->err))
			blockpipe_fail(r->plan.pipe, &r->err);
		assert_int_equal(blockpipe_close(r->plan.pipe, &r->err), -1);
		assert_string_equal(r->err.text, "injected: No space left on device");
		assert_null(piperun_end(r, false));
		archive_free(a);
		piperun_free(r);
	}
}

/* ---- what cannot be sent ---- */

static struct archive *
open_archive(struct piperun *r)
{
	const struct archive_options opt = { .pipe = r->plan.pipe,
		.digest = DIGEST_CRC32C,
		.version = cluster_version(15),
		.own = stat_of(S_IFREG | 0600, 0) };
	struct archive *a;

	assert_int_equal(archive_open(&a, &opt, &r->err), 0);
	return a;
}

static void
end_failed(struct piperun *r, struct archive *a, const char *text)
{
	blockpipe_fail(r->plan.pipe, &r->err);
	assert_int_equal(blockpipe_close(r->plan.pipe, &r->err), -1);
	assert_string_equal(r->err.text, text);
	assert_null(piperun_end(r, false));
	archive_free(a);
	piperun_free(r);
}

/* A name that tar has no place for; the descriptor was taken, so it is closed. */
static void
names_that_are_too_long(void **state)
{
	const struct stat st = stat_of(S_IFREG | 0600, 10);
	static char name[100 * 1024];
	struct piperun *r = piperun_new("none", 1, 8);
	struct archive *a = open_archive(r);
	struct error err = { 0 };

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	assert_int_equal(archive_file(a, LAYOUT_TREE, name, &st,
			     open(relation_path, O_RDONLY), true, &r->err),
	    -1);
	assert_int_equal(r->err.kind, ERROR_UNSUPPORTED);
	assert_int_equal(archive_bytes(a, LAYOUT_TREE, name, &st, "", 0, &err), -1);
	assert_int_equal(archive_directory(a, LAYOUT_TREE, name, &st, &err), -1);
	assert_int_equal(openfds_count(), r->fds);
	end_failed(r, a, r->err.text);
}

/* A file that cannot be read is told by its name. */
static void
a_file_that_cannot_be_read(void **state)
{
	const struct stat st = stat_of(S_IFREG | 0600, 8192);
	struct piperun *r = piperun_new("none", 1, 8);
	struct archive *a = open_archive(r);

	(void)state;
	assert_int_equal(archive_file(a, LAYOUT_TREE, "base/5/1259", &st,
			     open("/", O_RDONLY), true, &r->err),
	    0);
	assert_int_equal(archive_wal_range(a, 1, 1, 2, &r->err), -1);
	end_failed(r, a, "\"base/5/1259\": could not read: Is a directory");
}

/* The manifest is closed for files when the WAL was told. */
static void
files_after_the_wal(void **state)
{
	struct piperun *r = piperun_new("none", 1, 8);
	struct archive *a = open_archive(r);

	(void)state;
	assert_int_equal(archive_wal_range(a, 1, 1, 2, &r->err), 0);
	assert_int_equal(archive_bytes(a, LAYOUT_TREE, "late", NULL, "", 0, &r->err), 0);
	assert_int_equal(archive_manifest(a, &r->err), -1);
	assert_int_equal(r->err.kind, ERROR_STATE);
	end_failed(r, a, "manifest: a file after the WAL");
}

int
main(void)
{
	const struct CMUnitTest fixed[] = {
		cmocka_unit_test(sink_fails_at_any_byte),
		cmocka_unit_test(names_that_are_too_long),
		cmocka_unit_test(a_file_that_cannot_be_read),
		cmocka_unit_test(files_after_the_wal),
	};
	struct CMUnitTest tests[COUNT(forms) + COUNT(fixed)];

	for (size_t i = 0; i < COUNT(forms); i++)
		tests[i] = (struct CMUnitTest){ .name = forms[i].name,
			.test_func = check_form,
			.initial_state = &forms[i] };
	memcpy(tests + COUNT(forms), fixed, sizeof(fixed));
	return cmocka_run_group_tests(tests, setup, teardown);
}
