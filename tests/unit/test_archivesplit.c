/* Several archives under one manifest, each in a sink of its own. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "archive/archive.h"
#include "support/piperun.h"
#include "tar/reader.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define OF_TABLESPACE "pg_tblspc/16400/PG_15_202209061"
#define INJECTED "injected: No space left on device"

enum { RELATION = 1200000, SINKS = 3 };

static char *relation_path;

static int
setup(void **state)
{
	static uint8_t content[RELATION];

	if (piperun_setup(state))
		return -1;
	streamplan_fill(content, sizeof(content), 3);
	relation_path = piperun_put("relation", content, RELATION);
	return 0;
}

static int
teardown(void **state)
{
	free(relation_path);
	return piperun_teardown(state);
}

/* The first archive is in the pipe's own sink, the last sink has the manifest. */
struct split {
	struct piperun *run;
	struct archive *archive;
	struct memsink sinks[SINKS];
};

static struct memsink *
sink_of(struct split *s, size_t n)
{
	return n == 0 ? &s->run->memory : &s->sinks[n];
}

static void
start(struct split *s, struct piperun *run, bool no_manifest)
{
	const struct archive_options opt = { .pipe = run->plan.pipe,
		.digest = DIGEST_CRC32C,
		.version = cluster_version(15),
		.no_manifest = no_manifest,
		.own = { .st_mode = S_IFREG | 0600, .st_mtime = 1700000000 } };

	s->run = run;
	for (size_t i = 0; i < SINKS; i++)
		s->sinks[i] = memstream_sink(MEMSTREAM_NEVER);
	assert_int_equal(archive_open(&s->archive, &opt, &run->err), 0);
}

static int
send_all(struct split *s)
{
	struct stat st = { .st_mode = S_IFREG | 0600, .st_size = RELATION };
	struct error *err = &s->run->err;
	struct archive *a = s->archive;

	return archive_directory(a, LAYOUT_LOCATION, OF_TABLESPACE, NULL, err) ||
		archive_file(a, LAYOUT_LOCATION, OF_TABLESPACE "/5/16401", &st,
		    open(relation_path, O_RDONLY), true, err) ||
		archive_next(a, &s->sinks[1].sink, err) ||
		archive_bytes(a, LAYOUT_TREE, "backup_label", NULL, "label\n", 6, err) ||
		archive_tablespace_link(a, "16400", NULL, err) ||
		archive_wal_range(a, 1, 0x2000028, 0x3000000, err) ||
		archive_finish(a, err) ?
	    -1 :
	    0;
}

static int
end_all(struct split *s, int rc)
{
	struct error *err = &s->run->err;

	if (rc == -1)
		blockpipe_fail(s->run->plan.pipe, err);
	if (blockpipe_close(s->run->plan.pipe, err))
		return -1;
	return archive_manifest_beside(s->archive, &s->sinks[2].sink, err);
}

static void
free_split(struct split *s)
{
	archive_free(s->archive);
	for (size_t i = 1; i < SINKS; i++)
		sink_free(&s->sinks[i].sink);
	piperun_free(s->run);
}

/* The names of the members, each followed by a blank; a link's target too. */
static void
list(const struct buf *tar, struct buf *names)
{
	struct memsource source = memstream_source(tar->data, tar->len, 0);
	struct error err = { 0 };
	struct tar_reader *reader;
	struct tar_entry entry;
	bool end;

	assert_int_equal(tar->len % 10240, 0);
	assert_int_equal(tar_reader_open(&reader, &source.source, &err), 0);
	while (tar_reader_next(reader, &entry, &end, &err) == 0 && !end)
		assert_int_equal(buf_printf(names, &err, "%s%s%s ", entry.name,
				     entry.link ? ">" : "", entry.link ? entry.link : ""),
		    0);
	assert_int_equal(err.kind, ERROR_NONE);
	tar_reader_free(reader);
}

static void
assert_names(struct split *s, size_t n, const char *expected)
{
	struct buf names = { 0 };

	list(&sink_of(s, n)->held, &names);
	assert_string_equal(buf_text(&names), expected);
	buf_free(&names);
}

static void
two_archives_and_a_manifest(void **state)
{
	struct split s;
	const char *text;

	(void)state;
	start(&s, piperun_new("none", 2, 8), false);
	assert_int_equal(end_all(&s, send_all(&s)), 0);
	assert_null(piperun_end(s.run, true));
	assert_names(&s, 0, "PG_15_202209061 PG_15_202209061/5/16401 ");
	assert_names(&s, 1, "backup_label pg_tblspc/16400>../pg_basetar_tblspc/16400 ");
	text = buf_text(&s.sinks[2].held);
	/* one manifest of both, with PostgreSQL's paths, and nothing but the files */
	assert_non_null(strstr(text, "\"" OF_TABLESPACE "/5/16401\""));
	assert_non_null(strstr(text, "\"backup_label\""));
	assert_null(strstr(text, "\"backup_manifest\""));
	assert_non_null(strstr(text, "\"Manifest-Checksum\""));
	assert_int_equal(text[s.sinks[2].held.len - 1], '\n');
	free_split(&s);
}

static void
no_manifest(void **state)
{
	struct split s;

	(void)state;
	start(&s, piperun_new("none", 1, 8), true);
	assert_int_equal(end_all(&s, send_all(&s)), 0);
	assert_null(piperun_end(s.run, true));
	assert_int_equal(s.sinks[2].held.len, 0);
	free_split(&s);
}

/* Of the manifest too: it is no part of the pipeline. */
static void
each_sink_fails(void **state)
{
	static const size_t places[] = { 0, 1, 600 };

	(void)state;
	for (size_t n = 0; n < SINKS; n++)
		for (size_t i = 0; i < COUNT(places); i++) {
			struct split s;

			start(&s,
			    piperun_new_failing(
				"none", 2, n == 0 ? places[i] : MEMSTREAM_NEVER),
			    false);
			if (n > 0)
				s.sinks[n].fail_at = places[i] < 300 ? places[i] : 300;
			assert_int_equal(end_all(&s, send_all(&s)), -1);
			assert_string_equal(s.run->err.text, INJECTED);
			assert_null(piperun_end(s.run, false));
			free_split(&s);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_archives_and_a_manifest),
		cmocka_unit_test(no_manifest),
		cmocka_unit_test(each_sink_fails),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
