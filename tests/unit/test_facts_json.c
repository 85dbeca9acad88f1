/* The facts of a backup, for programs: each key, known and unknown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "format/facts_json.h"

static const struct {
	enum facts_key key;
	const char *known; /* and if nothing is known the value is null */
} rows[] = {
	{ FACTS_LABEL, "\"label\": \"nightly\"" },
	{ FACTS_MODE, "\"mode\": \"online\"" },
	{ FACTS_SOURCE, "\"source\": \"standby\"" },
	{ FACTS_SERVER_VERSION, "\"server_version\": 15" },
	{ FACTS_SYSTEM_IDENTIFIER, "\"system_identifier\": \"7\"" },
	{ FACTS_START_LSN, "\"start_lsn\": \"0/2000028\"" },
	{ FACTS_START_TIMELINE, "\"start_timeline\": 1" },
	{ FACTS_STOP_LSN, "\"stop_lsn\": \"0/3000000\"" },
	{ FACTS_STOP_TIMELINE, "\"stop_timeline\": 2" },
	{ FACTS_WAL_METHOD, "\"wal_method\": \"fetch\"" },
	{ FACTS_MANIFEST_CHECKSUMS, "\"manifest_checksums\": \"SHA256\"" },
	{ FACTS_COMPRESSION, "\"compression\": \"gzip\"" },
};

static void
expect(const struct facts *f, enum facts_key key, const char *line)
{
	struct json j = { 0 };
	struct error err = { 0 };

	json_object(&j, NULL);
	facts_json(&j, f, key);
	json_end(&j);
	assert_int_equal(json_finish(&j, &err), 0);
	assert_non_null(strstr(buf_text(&j.text), line));
	json_free(&j);
}

static void
each_key(void **state)
{
	const struct facts nothing = { .info = NULL },
			   f = { .called = "nightly",
				   .mode = "online",
				   .version = cluster_version(15),
				   .source = FACTS_STANDBY,
				   .system_identifier = 7,
				   .range = { 0x2000028, 0x3000000, 1, 2 },
				   .wal = FACTS_THERE,
				   .manifest = FACTS_THERE,
				   .digest = DIGEST_SHA256,
				   .archive = { .compression = "gzip" } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char null[64] = { 0 };

		expect(&f, rows[i].key, rows[i].known);
		strncpy(null, rows[i].known, strcspn(rows[i].known, ":"));
		strcat(null, ": null");
		expect(&nothing, rows[i].key, null);
	}
}

/* What is known not to be there is not what is not known. */
static void
absent(void **state)
{
	const struct facts f = { .source = FACTS_PRIMARY,
		.wal = FACTS_ABSENT,
		.manifest = FACTS_ABSENT,
		.digest = DIGEST_SHA256 };

	(void)state;
	expect(&f, FACTS_SOURCE, "\"source\": \"primary\"");
	expect(&f, FACTS_WAL_METHOD, "\"wal_method\": \"none\"");
	expect(&f, FACTS_MANIFEST_CHECKSUMS, "\"manifest_checksums\": null");
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_key),
		cmocka_unit_test(absent) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
