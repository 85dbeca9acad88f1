/* What verify and restore have a checker compare, and what of it comes into the report. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proof/checking.h"
#include "support/fake_message.c.inc"

#include "format/metrics.h"
#include "reading/manifestpeek.h"

/* ---- in place of the checker, the manifest, the report and the metrics ---- */

struct checker {
	struct checker_facts facts;
};

static struct {
	struct checker checker;
	struct checker_options opt;
	struct report_facts facts;
	const struct report_facts *at; /* what the report was given */
	enum report_verdict verdict;
	const struct error *why;
	const char *command, *metrics, *fails;
	unsigned peeked, written;
} fake;

static int
step(const char *name, struct error *err)
{
	return fake.fails && strcmp(fake.fails, name) == 0 ?
	    error_set(err, ERROR_IO, 0, "injected into %s", name) :
	    0;
}

int
checker_new(struct checker **out, const struct checker_options *opt, struct error *err)
{
	fake.opt = *opt;
	*out = &fake.checker;
	return step("checker", err);
}

struct checker_facts
checker_facts(const struct checker *c)
{
	return c->facts;
}

int
manifestpeek_digests(
    int dirfd, struct cancel *cancel, unsigned *digests, struct error *err)
{
	assert_int_equal(dirfd, 7);
	assert_non_null(cancel);
	fake.peeked++;
	*digests = 1U << DIGEST_SHA224;
	return step("manifest", err);
}

int
report_begin(struct report *report, const struct report_facts *facts, struct error *err)
{
	assert_ptr_equal(report, &fake);
	fake.facts = *facts;
	return step("begin", err);
}

int
report_write(struct report *report, enum report_verdict verdict, const struct error *why,
    const struct report_facts *facts, struct error *err)
{
	assert_ptr_equal(report, &fake);
	fake.facts = *facts;
	fake.at = facts;
	fake.verdict = verdict;
	fake.why = why;
	fake.written++;
	return step("report", err);
}

int
metrics_write(const char *path, enum report_verdict verdict, const struct error *why,
    const struct report_facts *facts, struct error *err)
{
	fake.metrics = path;
	assert_int_equal(verdict, fake.verdict);
	assert_ptr_equal(why, fake.why);
	assert_ptr_equal(facts, fake.at);
	fake.written++;
	return step("metrics", err);
}

static struct report *const report = (struct report *)(void *)&fake;

/* ---- tests ---- */

static struct options opt;
static struct reading reading;

static int
begin(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	opt = (struct options){
		.input = "base.tar", .pgdata = "/new", .metrics = "m.prom"
	};
	reading = (struct reading){
		.opt = &opt, .compression = "zstd", .raw = 3000, .past = 1000
	};
	return pthread_mutex_init(&reading.lock, NULL);
}

static int
end(void **state)
{
	(void)state;
	return pthread_mutex_destroy(&reading.lock);
}

/* Those that the user named; else those of a manifest that can be read first; else none is known. */
static void
digests(void **state)
{
	static const struct {
		bool is_given;
		int dirfd;
		unsigned digests, peeked;
	} rows[] = {
		{ true, 7, 1U << DIGEST_SHA512, 0 },
		{ true, -1, 1U << DIGEST_SHA512, 0 },
		{ false, 7, 1U << DIGEST_SHA224, 1 },
		{ false, -1, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct checker *checker = NULL;
		struct error err = { 0 };

		fake.peeked = 0;
		opt.digest_is_given = rows[i].is_given;
		opt.manifest_digest = DIGEST_SHA512;
		opt.need_wal = i % 2 == 0;
		assert_int_equal(
		    checking_open(&reading, rows[i].dirfd, &checker, &err), 0);
		assert_ptr_equal(checker, &fake.checker);
		assert_int_equal(fake.opt.digests, rows[i].digests);
		assert_int_equal(fake.peeked, rows[i].peeked);
		assert_int_equal(fake.opt.need_wal, i % 2 == 0);
	}
	fake.opt.benign("100 % as it is");
	fake.opt.warning("listen");
	message_expect("info: 100 % as it is\nwarning: listen\n");
}

static void
cannot_be_opened(void **state)
{
	static const char *const fails[] = { "manifest", "checker" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct checker *checker;
		struct error err = { 0 };

		fake.fails = fails[i];
		assert_int_equal(checking_open(&reading, 7, &checker, &err), -1);
		assert_non_null(strstr(err.text, fails[i]));
	}
}

static void
expect_what_was_read(void)
{
	const struct facts_archive *archive = &fake.facts.backup.archive;

	assert_string_equal(fake.facts.command, "restore");
	assert_string_equal(fake.facts.input, "base.tar");
	assert_string_equal(fake.facts.data_directory, "/new");
	assert_null(fake.facts.output);
	assert_ptr_equal(fake.facts.progress, &reading.progress);
	assert_string_equal(archive->compression, "zstd");
	assert_int_equal(archive->raw, 3000);
	assert_int_equal(archive->written, 1000);
}

static void
report_of_a_beginning(void **state)
{
	struct error err = { 0 };

	(void)state;
	assert_int_equal(checking_report_begin(&reading, report, "restore", &err), 0);
	expect_what_was_read();
	fake.fails = "begin";
	assert_int_equal(checking_report_begin(&reading, report, "restore", &err), -1);
}

/* What the checker says of the archive is what it has; how it came is for the one that read it. */
static void
report_of_a_backup(void **state)
{
	struct checker checker = {
		.facts = { .backup = { .called = "nightly",
			       .wal = FACTS_THERE,
			       .archive = { .compression = "none",
				   .members = 5,
				   .bytes = 4000,
				   .raw = 1,
				   .written = 2 } },
		    .wal_records = 17,
		    .pages = { .are_checked = true,
			.pages = 10,
			.files = 3,
			.damaged_pages = 2,
			.damaged_files = 1,
			.benign_pages = 4 } },
	};

	(void)state;
	checking_report(&reading, &checker, report, "restore", true, NULL);
	expect_what_was_read();
	assert_int_equal(fake.verdict, REPORT_SOUND);
	assert_string_equal(fake.metrics, "m.prom");
	assert_string_equal(fake.facts.backup.called, "nightly");
	assert_int_equal(fake.facts.backup.archive.members, 5);
	assert_int_equal(fake.facts.backup.archive.bytes, 4000);
	assert_true(fake.facts.is_wal_proved && fake.facts.are_pages_checked);
	assert_int_equal(fake.facts.wal_records, 17);
	assert_int_equal(fake.facts.pages.pages, 10);
	assert_int_equal(fake.facts.pages.files, 3);
	assert_int_equal(fake.facts.pages.damaged_pages, 2);
	assert_int_equal(fake.facts.pages.damaged_files, 1);
	assert_int_equal(fake.facts.benign_pages, 4);

	checker.facts.backup.wal = FACTS_ABSENT;
	checker.facts.pages.are_checked = false;
	checking_report(&reading, &checker, report, "restore", false, NULL);
	assert_int_equal(fake.verdict, REPORT_FINDINGS);
	assert_false(fake.facts.is_wal_proved || fake.facts.are_pages_checked);
	message_expect("");
}

/* It failed before there was a checker, and so does the report; the metrics are written all the same. */
static void
report_of_a_failure(void **state)
{
	const struct error why = { .kind = ERROR_IO };

	(void)state;
	fake.fails = "report";
	checking_report(&reading, NULL, report, "restore", true, &why);
	expect_what_was_read();
	assert_int_equal(fake.verdict, REPORT_FAILED);
	assert_ptr_equal(fake.why, &why);
	assert_false(fake.facts.is_wal_proved);
	assert_int_equal(fake.written, 2);
	message_expect("mishap: injected into report\n");
	fake.fails = "metrics";
	checking_report(&reading, NULL, report, "restore", true, &why);
	message_expect("mishap: injected into metrics\n");
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		CASE(digests),
		CASE(cannot_be_opened),
		CASE(report_of_a_beginning),
		CASE(report_of_a_backup),
		CASE(report_of_a_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
