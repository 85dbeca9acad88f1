/* What is known of a backup as lines for people; of what is not known there is no line. */
#include <string.h>

#include "info/text.h"
#include "support/described.h"
#include "support/rows.h"

static void
nothing(struct summary_facts *f)
{
	(void)f;
}

static void
many_segments(struct summary_facts *f)
{
	f->wal_segments = 2;
	f->wal_bytes = 32 << 20;
}

static void
standby(struct summary_facts *f)
{
	struct label label = { .from_standby = true };
	const struct facts said = { .label = &label };

	f->backup.source = facts_conclude(&said).source;
}

static void
no_digests(struct summary_facts *f)
{
	f->backup.digest = DIGEST_NONE;
}

static void
brief(struct summary_facts *f)
{
	f->is_whole = false;
}

static void
hostile(struct summary_facts *f)
{
	f->backup.called = "two\nlines\033[2J";
}

static void
nothing_known(struct summary_facts *f)
{
	*f = (struct summary_facts){ .backup = { .mode = "online",
					 .archive.compression = "gzip" } };
}

static struct row {
	const char *name;
	bool has_all; /* WAL and manifest */
	void (*change)(struct summary_facts *);
	const char *said, *unsaid; /* in the text; NULL */
} rows[] = {
	{ "no WAL", false, nothing,
	    "WAL:                not in the backup: the WAL archive must have it\n",
	    NULL },
	{ "no manifest", false, nothing, "manifest:           none\n", NULL },
	{ "segments", true, many_segments, "WAL:                2 segments, 33.6 MB\n",
	    NULL },
	{ "a standby", true, standby, "mode:               online, of a standby\n",
	    "of a primary" },
	{ "a manifest without digests", true, no_digests,
	    "manifest:           without digests\n", "CRC32C" },
	{ "WAL of a brief look", true, brief, "WAL:                in the backup\n",
	    "segment" },
	{ "no sizes of a brief look", true, brief, "compression:        zstd\n",
	    "size:" },
	{ "a tablespace of a brief look", true, brief, "tablespace 16400:   /srv/fast\n",
	    " MB" },
	{ "what a terminal obeys is not sent to it", true, hostile,
	    "label:              two", "\033" },
	{ "nothing but what is always known", true, nothing_known,
	    "mode:               online\ncompression:        gzip\n", "label:" },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static void
check_row(void **state)
{
	const struct row *row = *state;
	struct described known;
	struct buf text = { 0 };
	struct error err;

	described_fill(&known, row->has_all);
	row->change(&known.facts);
	assert_int_equal(info_text(&text, &known.facts, &err), 0);
	if (strstr(buf_text(&text), row->said) == NULL)
		assert_string_equal(buf_text(&text), row->said);
	assert_true(row->unsaid == NULL || strstr(buf_text(&text), row->unsaid) == NULL);
	buf_free(&text);
}

/* All of it, in its order. */
static void
everything(void **state)
{
	struct described known;
	struct buf text = { 0 };
	struct error err;

	(void)state;
	described_fill(&known, true);
	assert_int_equal(info_text(&text, &known.facts, &err), 0);
	assert_string_equal(buf_text(&text),
	    "label:              nightly\n"
	    "made by:            pg_basetar 1.0\n"
	    "mode:               online, of a primary\n"
	    "server version:     15\n"
	    "system identifier:  7300000000000000001\n"
	    "data checksums:     on\n"
	    "started:            2026-12-01 03:00:00 UTC\n"
	    "start position:     1/28, timeline 3\n"
	    "stop position:      1/100, timeline 4\n"
	    "WAL:                1 segment, 16.8 MB\n"
	    "manifest:           CRC32C\n"
	    "tablespace 16400:   /srv/fast, 2.0 MB\n"
	    "tablespace 16401:   pg_tblspc/16401, 0.0 kB\n"
	    "tablespace 16402:   unknown location, 0.0 kB\n"
	    "tablespace 16500:   left out, was at /srv/slow\n"
	    "configuration:      pg_basetar_config/postgresql.conf, from /etc/pg/postgresql.conf\n"
	    "                    /etc/pg/secret.key is not in the archive (could not be read)\n"
	    "compression:        zstd\n"
	    "size:               1.0 GB, unpacked 2.0 GB in 900 files\n");
	buf_free(&text);
}

/* Data checksums of releases to come are named, not guessed. */
static void
checksums(void **state)
{
	static const struct {
		uint32_t version;
		const char *said;
	} kinds[] = { { 0, "off\n" }, { 1, "on\n" }, { 7, "of an unknown kind (7)\n" } };
	struct described known;

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct buf text = { 0 };
		struct error err;
		const char *at;

		described_fill(&known, true);
		known.control.data_checksums = kinds[i].version;
		assert_int_equal(info_text(&text, &known.facts, &err), 0);
		at = strstr(buf_text(&text), "data checksums:     ");
		assert_non_null(at);
		assert_memory_equal(at + 20, kinds[i].said, strlen(kinds[i].said));
		buf_free(&text);
	}
}

int
main(void)
{
	enum { SINGLE = 2 };
	struct CMUnitTest tests[SINGLE + ROWS] = {
		cmocka_unit_test(everything),
		cmocka_unit_test(checksums),
	};

	rows_name(tests + SINGLE, rows, sizeof(rows[0]), ROWS, check_row);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
