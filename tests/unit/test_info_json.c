/* What is known of a backup for programs: every key always, those that the manual has and no other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "info/json.h"
#include "support/described.h"
#include "support/manualpage.h"

/* Ended by a NUL, to be freed. */
static struct buf
print(const struct summary_facts *facts)
{
	struct buf text = { 0 };
	struct error err;

	assert_int_equal(info_json(&text, facts, &err), 0);
	assert_int_equal(buf_append(&text, "", 1, &err), 0);
	return text;
}

static void
everything(void **state)
{
	struct described known;
	struct buf text;

	(void)state;
	described_fill(&known, true);
	text = print(&known.facts);
	assert_string_equal((const char *)text.data,
	    "{\n"
	    "  \"pg_basetar_info\": 1,\n"
	    "  \"label\": \"nightly\",\n"
	    "  \"made_by\": \"1.0\",\n"
	    "  \"mode\": \"online\",\n"
	    "  \"source\": \"primary\",\n"
	    "  \"server_version\": 15,\n"
	    "  \"system_identifier\": \"7300000000000000001\",\n"
	    "  \"data_checksums\": 1,\n"
	    "  \"start_time\": \"2026-12-01 03:00:00 UTC\",\n"
	    "  \"start_lsn\": \"1/28\",\n"
	    "  \"start_timeline\": 3,\n"
	    "  \"stop_lsn\": \"1/100\",\n"
	    "  \"stop_timeline\": 4,\n"
	    "  \"wal_method\": \"fetch\",\n"
	    "  \"wal_segments\": 1,\n"
	    "  \"wal_bytes\": 16777216,\n"
	    "  \"manifest_checksums\": \"CRC32C\",\n"
	    "  \"tablespaces\": [\n"
	    "    { \"oid\": 16400, \"location\": \"/srv/fast\", \"bytes_unpacked\": 2000000 },\n"
	    "    { \"oid\": 16401, \"location\": \"pg_tblspc/16401\", \"bytes_unpacked\": 0 },\n"
	    "    { \"oid\": 16402, \"location\": null, \"bytes_unpacked\": 0 }\n"
	    "  ],\n"
	    "  \"without_tablespaces\": [\n"
	    "    { \"oid\": 16500, \"location\": \"/srv/slow\" }\n"
	    "  ],\n"
	    "  \"configuration\": [\n"
	    "    { \"location\": \"/etc/pg/postgresql.conf\", \"name\": \"postgresql.conf\" },\n"
	    "    { \"location\": \"/etc/pg/secret.key\", \"name\": null }\n"
	    "  ],\n"
	    "  \"compression\": \"zstd\",\n"
	    "  \"members\": 950,\n"
	    "  \"files\": 900,\n"
	    "  \"bytes_unpacked\": 2000000000,\n"
	    "  \"bytes_raw\": 2001000000,\n"
	    "  \"bytes_written\": 1000000000\n"
	    "}\n");
	buf_free(&text);
}

static void
is_null(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	if (at == NULL || strncmp(at + strlen(key), "null", 4) != 0)
		fail_msg("%s is not null: %s", key, text);
}

/* What a brief look does not count is null, and what nothing says. */
static void
unknown(void **state)
{
	static const char *const brief[] = { "\"wal_segments\": ", "\"wal_bytes\": ",
		"\"files\": ", "\"members\": ", "\"bytes_unpacked\": ", "\"bytes_raw\": ",
		"\"bytes_written\": " };
	static const char *const empty[] = { "\"label\": ", "\"made_by\": ",
		"\"source\": ", "\"server_version\": ", "\"system_identifier\": ",
		"\"data_checksums\": ", "\"start_time\": ", "\"start_lsn\": ",
		"\"start_timeline\": ", "\"stop_lsn\": ", "\"stop_timeline\": ",
		"\"wal_method\": ", "\"manifest_checksums\": " };
	struct described known;
	struct buf text;

	(void)state;
	described_fill(&known, true);
	known.facts.is_whole = known.facts.is_counted = false;
	text = print(&known.facts);
	for (size_t i = 0; i < sizeof(brief) / sizeof(brief[0]); i++)
		is_null((const char *)text.data, brief[i]);
	buf_free(&text);

	known.facts = (struct summary_facts){ .backup.mode = "online" };
	text = print(&known.facts);
	for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++)
		is_null((const char *)text.data, empty[i]);
	buf_free(&text);
}

/* ---- the keys of the manual ---- */

/* Those of one line, "A , B": of the array ${in}, or of the object. */
static void
add_words(struct buf *keys, const char *in, const char *words)
{
	for (const char *word = words; word; word = strstr(word, " , ")) {
		word += strncmp(word, " , ", 3) == 0 ? 3 : 0;
		manualpage_add_key(keys, in, strlen(in), word, strcspn(word, " "));
	}
}

static void
keys_of_page(struct buf *keys, char *text)
{
	const char *item = "";
	char array[64] = "";

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (strncmp(line, ".It Cm ", 7) == 0) {
			item = line + 7;
			array[0] = '\0';
			add_words(keys, "", item);
		} else if (strncmp(line, "An array of ", 12) == 0)
			strncpy(array, item, sizeof(array) - 1);
		else if (array[0] && strncmp(line, ".Cm ", 4) == 0)
			add_words(keys, array, line + 4);
	}
}

static int
compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines in their order, as the page has its keys in another one. */
static void
sort_lines(struct buf *lines, struct buf *sorted)
{
	char *rows[64], *text = strdup(buf_text(lines));
	size_t n = 0;
	struct error err;

	for (char *line = strtok(text, "\n"); line && n < 64; line = strtok(NULL, "\n"))
		rows[n++] = line;
	qsort(rows, n, sizeof(rows[0]), compare_lines);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(buf_printf(sorted, &err, "%s\n", rows[i]), 0);
	free(text);
}

static void
keys(void **state)
{
	struct buf page = { 0 }, ours = { 0 }, theirs = { 0 }, our_sorted = { 0 },
		   their_sorted = { 0 }, text;
	struct described known;

	(void)state;
	described_fill(&known, true);
	known.facts.ntablespaces = 1; /* an element of each array */
	known.info.config.count = 1;
	text = print(&known.facts);
	manualpage_json_keys(&ours, (const char *)text.data);
	manualpage_read("man/pg_basetar-info.1", &page);
	keys_of_page(&theirs,
	    manualpage_section(
		&page, "\n.Sh THE JSON OBJECT\n", "\n.Ss Of a directory of backups\n"));
	sort_lines(&ours, &our_sorted);
	sort_lines(&theirs, &their_sorted);
	assert_string_equal(buf_text(&their_sorted), buf_text(&our_sorted));
	buf_free(&text);
	buf_free(&page);
	buf_free(&ours);
	buf_free(&theirs);
	buf_free(&our_sorted);
	buf_free(&their_sorted);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything),
		cmocka_unit_test(unknown),
		cmocka_unit_test(keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
