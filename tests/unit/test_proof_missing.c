/* What is missing is told once, whichever judge notices it first, with the reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proof/missing.h"
#include "proof/walgap.h"
#include "support/growth.h"
#include "support/heard.h"
#include "tar/header.h"

static struct findings findings;
static struct proof_missing missing;

static int
begin(void **state)
{
	struct error err = { 0 };

	(void)state;
	findings = heard_begin();
	return proof_missing_open(&missing, &findings, &err);
}

static int
end(void **state)
{
	(void)state;
	proof_missing_free(&missing);
	return 0;
}

static void
add(const char *path, const char *why)
{
	struct error err = { 0 };

	assert_int_equal(proof_missing_add(&missing, path, why, &err), 0);
}

static void
listed(const char *path)
{
	struct error err = { 0 };

	assert_int_equal(proof_missing_listed(&missing, path, &err), 0);
}

static bool
is_told(const char *path)
{
	struct error err = { 0 };
	bool is;

	assert_int_equal(proof_missing_is_told(&missing, path, &is, &err), 0);
	return is;
}

/* The manifest lists it, and the server does not start without it. */
static void
once(void **state)
{
	(void)state;
	listed("PG_VERSION");
	heard_expect(
	    "missing: \"PG_VERSION\": is missing: it names the release of the cluster\n");
	assert_true(is_told("PG_VERSION"));
	add("PG_VERSION", NULL);
	heard_expect("");
	add("base", "the server does not create it");
	heard_expect("missing: \"base\": the server does not create it\n");
	listed("base");
	heard_expect("");
	assert_int_equal(findings.count, 2);
}

/* Relations are many, and nothing else asks for one; small files are asked for again. */
static void
listed_only(void **state)
{
	static const char why[] =
	    "is listed in the manifest but missing from the archive";
	char text[256];

	(void)state;
	listed("base/5/1259");
	snprintf(text, sizeof(text), "missing: \"base/5/1259\": %s\n", why);
	heard_expect(text);
	assert_false(is_told("base/5/1259"));
	listed("pg_xact/0000");
	snprintf(text, sizeof(text), "missing: \"pg_xact/0000\": %s\n", why);
	heard_expect(text);
	assert_true(is_told("pg_xact/0000"));
}

/* The walk through the WAL says more of its files: the manifest waits for it. */
static void
wal(void **state)
{
	static const char first[] = "pg_wal/000000010000000000000002",
			  second[] = "pg_wal/000000010000000000000003",
			  third[] = "pg_wal/00000002.history";
	struct error err = { 0 };

	(void)state;
	listed(first);
	listed(second);
	listed(third);
	heard_expect("");
	add(first, "the backup needs it");
	heard_expect(
	    "missing: \"pg_wal/000000010000000000000002\": the backup needs it\n");
	assert_int_equal(proof_missing_note(&missing, second, &err), 0);
	assert_int_equal(proof_missing_judge(&missing, &err), 0);
	heard_expect(
	    "missing: \"pg_wal/00000002.history\": is listed in the manifest but "
	    "missing from the archive\n");
}

/* Every other segment is missing. */
static double
judge_gaps(size_t n)
{
	enum { SIZE = 1 << 20 };
	struct walgap gap = {
		.findings = &findings, .missing = &missing, .segment_size = SIZE
	};
	const struct lineage lineage = { .records = 1, .missing_lsn = SIZE };
	struct walhistory history;
	struct error err = { 0 };
	double took;

	assert_int_equal(begin(NULL), 0);
	assert_int_equal(memberset_new(&gap.members, &err), 0);
	assert_int_equal(walhistory_single(&history, 1, &err), 0);
	for (size_t i = 1; i <= n; i++) {
		char path[64];

		/* 4096 segments of 1 MiB have the same upper half of the LSN */
		snprintf(path, sizeof(path), "pg_wal/00000001%08zX%08zX", 2 * i / 4096,
		    2 * i % 4096);
		heard_member(gap.members, path, TAR_FILE, 0);
	}
	took = growth_clock();
	assert_int_equal(
	    walgap_judge(&gap, &history, &lineage, (2 * n + 1) * (uint64_t)SIZE, &err),
	    0);
	took = growth_clock() - took;
	assert_int_equal(findings.count, n);
	walhistory_free(&history);
	memberset_free(gap.members);
	(void)end(NULL);
	return took;
}

static void
many_gaps(void **state)
{
	(void)state;
	growth_check(judge_gaps, 1000);
}

/* More of them than wait for the walk through the WAL. */
static double
list_segments(size_t n)
{
	struct error err = { 0 };
	double took;

	assert_int_equal(begin(NULL), 0);
	took = growth_clock();
	for (size_t i = 0; i < n; i++) {
		char path[64];

		snprintf(path, sizeof(path), "pg_wal/%024zX", n - i);
		listed(path);
	}
	assert_int_equal(proof_missing_judge(&missing, &err), 0);
	took = growth_clock() - took;
	assert_int_equal(findings.count, n);
	(void)end(NULL);
	return took;
}

static void
many_listed(void **state)
{
	(void)state;
	growth_check(list_segments, 6000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(once, begin, end),
		cmocka_unit_test_setup_teardown(listed_only, begin, end),
		cmocka_unit_test_setup_teardown(wal, begin, end),
		cmocka_unit_test(many_gaps),
		cmocka_unit_test(many_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
