/* How far archives are read for what they say of themselves: what is wanted of each, and when it is over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/options.h"
#include "reading/summary.h"

/* ---- the reader, in place of the program's ---- */

static struct {
	void (*run)(struct reading *);
	const struct reading_ops *ops;
	unsigned freed;
} fake;

void
reading_init(struct reading *r, const struct options *opt, const struct reading_ops *ops,
    const char *outcome)
{
	*r = (struct reading){ .opt = opt, .ops = ops };
	assert_string_equal(outcome, "nothing was read");
	fake.ops = ops;
}

int
reading_run(struct reading *r, const char *phase, struct error *err)
{
	assert_string_equal(phase, "reading");
	if (fake.ops->begin(r, -1, err))
		return -1;
	fake.run(r);
	return 0;
}

void
reading_free(struct reading *r)
{
	(void)r;
	fake.freed++;
}

/* ---- members ---- */

static void
archive(struct reading *r, enum archivepart_kind kind)
{
	struct archivepart part = { .kind = kind };
	struct error err;

	r->wants = READING_WANTS_ALL;
	r->is_over = false;
	if (kind == ARCHIVEPART_TABLESPACE)
		strcpy(part.oid, "16400");
	assert_int_equal(fake.ops->archive(r, &part, &err), 0);
}

/* Is its body wanted?  Then it comes. */
static bool
member(struct reading *r, const char *name, const char *text, uint64_t uid)
{
	const struct tar_entry entry = { .name = name,
		.link = "",
		.type = text ? TAR_FILE : TAR_DIRECTORY,
		.mode = 0700,
		.uid = uid,
		.size = text ? strlen(text) : 0,
		.uname = "",
		.gname = "" };
	bool is_wanted = true;
	struct error err = { 0 };

	if (fake.ops->member(r, &entry, 0, &is_wanted, &err))
		fail_msg("%s", err.text);
	if (!is_wanted)
		return false;
	if ((text && text[0] &&
		fake.ops->bytes(r, (const uint8_t *)text, strlen(text), &err)) ||
	    fake.ops->member_end(r, &err))
		fail_msg("%s: %s", name, err.text);
	return true;
}

#define LABEL \
	"START WAL LOCATION: 0/2000028 (file 000000010000000000000002)\n" \
	"CHECKPOINT LOCATION: 0/2000060\n" \
	"BACKUP METHOD: streamed\n" \
	"BACKUP FROM: primary\n" \
	"START TIME: 2026-11-22 11:59:44 UTC\n" \
	"LABEL: nightly\n" \
	"START TIMELINE: 1\n"

/* ---- the tests ---- */

static struct reading_summary
read_it(enum reading_depth depth, void (*run)(struct reading *))
{
	static const struct options opt = { .input = "x" };
	struct reading_summary r = { .depth = READING_ALL };
	struct error err = { 0 };

	fake.run = run;
	fake.freed = 0;
	if (reading_summary(&r, &opt, depth, "nothing was read", &err))
		fail_msg("%s", err.text);
	assert_true(fake.ops->is_sparse);
	return r;
}

static void
free_it(struct reading_summary *r)
{
	reading_summary_free(r);
	assert_int_equal(fake.freed, 1);
}

/* All members are told, and few bodies; the base says whose cluster it is, the others do not. */
static void
run_all(struct reading *r)
{
	archive(r, ARCHIVEPART_TABLESPACE);
	assert_false(member(r, "PG_15_202209061/5/16401", "page", 99));
	archive(r, ARCHIVEPART_BASE);
	assert_true(member(r, "backup_label", LABEL, 0));
	assert_true(member(r, "PG_VERSION", "15\n", 26));
	assert_false(member(r, "base/5/16384", "page", 27));
	assert_false(r->is_over);
	archive(r, ARCHIVEPART_WAL);
	assert_false(member(r, "000000010000000000000002", "page", 98));
	assert_int_equal(r->wants, READING_WANTS_ALL);
}

static void
all(void **state)
{
	struct reading_summary r = read_it(READING_ALL, run_all);

	(void)state;
	assert_true(r.owner.is_known);
	assert_int_equal(r.owner.uid, 26);
	assert_string_equal(summary_facts(r.summary, true).backup.called, "nightly");
	free_it(&r);
}

/* With a manifest next to it, of the archive of a tablespace no more than its end is wanted. */
static void
run_with_manifest(struct reading *r)
{
	r->has_manifest = true;
	archive(r, ARCHIVEPART_TABLESPACE);
	assert_int_equal(r->wants, READING_WANTS_END);
	archive(r, ARCHIVEPART_BASE);
	assert_int_equal(r->wants, READING_WANTS_ALL);
}

static void
tablespaces_in_the_manifest(void **state)
{
	struct reading_summary r = read_it(READING_ALL, run_with_manifest);

	(void)state;
	free_it(&r);
}

/* It is over with the tree, which begins with what is not about the whole. */
static void
run_brief(struct reading *r)
{
	archive(r, ARCHIVEPART_TABLESPACE);
	assert_true(r->is_over);
	archive(r, ARCHIVEPART_ALONE);
	assert_false(r->is_over);
	assert_true(member(r, "backup_label", LABEL, 26));
	assert_false(r->is_over);
	member(r, "base", NULL, 26);
	member(r, "base/1", NULL, 26);
	assert_true(r->is_over);
	archive(r, ARCHIVEPART_WAL);
	assert_true(r->is_over);
}

static void
brief(void **state)
{
	struct reading_summary r = read_it(READING_BRIEF, run_brief);

	(void)state;
	assert_true(r.owner.is_known);
	free_it(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all),
		cmocka_unit_test(tablespaces_in_the_manifest),
		cmocka_unit_test(brief),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
