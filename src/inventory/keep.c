/*
 * The decision is a function of what was read, and has no effect; its rules are a table, of which the
 * first row that applies counts.  What is left after all of them is an older, sound backup of this
 * cluster, and only of those the rule of the user says which stay.
 *
 *	position  ->
 *	timeline 1  ---a------b----|x---c---      x: timeline 2 branched off
 *	timeline 2                 +------d---- new
 *
 * a and b lie on the history of the new backup; c has what the new one never had, and stays.  So the
 * position where a backup stops must lie on it as well as that where it starts.
 */
#include "inventory/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/message.h"
#include "cli/outname.h"
#include "inventory/discard.h"
#include "lib/interrupt.h"
#include "lib/path.h"

#define DAY ((uint64_t)24 * 60 * 60)

/* ---- the decision ---- */

struct keeping {
	const struct keep_rule *rule;
	const struct keep_new *made;
	const struct inventory_row *latest; /* the row of the new backup */
};

static bool
is_latest(const struct keeping *k, const struct inventory_row *row)
{
	return row == k->latest;
}

static bool
is_no_backup(const struct keeping *k, const struct inventory_row *row)
{
	(void)k;
	return row->kind > INVENTORY_FOREIGN;
}

static bool
is_foreign(const struct keeping *k, const struct inventory_row *row)
{
	(void)k;
	return row->kind != INVENTORY_BACKUP;
}

static bool
is_flawed(const struct keeping *k, const struct inventory_row *row)
{
	(void)k;
	return row->flaw != NULL;
}

static bool
is_of_another(const struct keeping *k, const struct inventory_row *row)
{
	return row->system_identifier != k->made->system_identifier;
}

static bool
is_running(const struct keeping *k, const struct inventory_row *row)
{
	(void)k;
	return row->against == VERDICT_RUNNING;
}

static bool
has_failed(const struct keeping *k, const struct inventory_row *row)
{
	(void)k;
	return row->against == VERDICT_FAILED;
}

static bool
has_findings(const struct keeping *k, const struct inventory_row *row)
{
	(void)k;
	return row->against == VERDICT_FINDINGS;
}

static bool
has_no_time(const struct keeping *k, const struct inventory_row *row)
{
	(void)k;
	return row->unix_time == 0;
}

static bool
has_no_positions(const struct keeping *k, const struct inventory_row *row)
{
	const struct facts_range *range = &row->range;

	(void)k;
	return range->start_lsn == 0 || range->start_timeline == 0 ||
	    range->stop_lsn == 0 || range->stop_timeline == 0;
}

/* A start or a stop where a timeline branches off is on the one before: what counts are the bytes. */
static bool
is_on_a_branch(const struct keeping *k, const struct inventory_row *row)
{
	const struct walhistory *history = k->made->history;
	const struct facts_range *range = &row->range;

	return walhistory_at(history, range->start_lsn) != range->start_timeline ||
	    walhistory_at(history, range->stop_lsn - 1) != range->stop_timeline;
}

/*
 * Two servers may have been promoted to timelines of the same number.  Only if the WAL is left to an
 * archive is the history not in the backup; but who shares an archive finds the number taken.
 */
static bool
has_another_history(const struct keeping *k, const struct inventory_row *row)
{
	if (row->range.stop_timeline == 1 || (row->history.count == 0 && !row->has_wal))
		return false;
	return !walhistory_is_beginning(&row->history, k->made->history);
}

static bool
is_not_earlier(const struct keeping *k, const struct inventory_row *row)
{
	return row->unix_time >= k->latest->unix_time;
}

/* By the clock it is older, and by the WAL it is not: a standby may be far back. */
static bool
is_further_on(const struct keeping *k, const struct inventory_row *row)
{
	return row->range.start_lsn > k->latest->range.start_lsn;
}

static const struct keep_case {
	bool (*is)(const struct keeping *, const struct inventory_row *);
	const char *why; /* NULL: the row says it */
} cases[] = {
	{ is_latest, "is the new backup" },
	{ is_no_backup, NULL },
	{ is_foreign, "was not made by pg_basetar" },
	{ is_flawed, NULL },
	{ is_of_another, "is of another cluster" },
	{ is_running, "a report says that a run with it has not ended" },
	{ has_failed, "a report says that a run with it has failed" },
	{ has_findings, "a report says that it has findings" },
	{ has_no_time, "does not say when it began" },
	{ has_no_positions, "does not say where it starts and stops" },
	{ is_on_a_branch,
	    "is of another branch of the cluster's timelines than the new backup" },
	{ has_another_history,
	    "does not have the timeline history that the new backup has" },
	{ is_not_earlier, "did not begin before the new backup" },
	{ is_further_on, "starts at a later WAL position than the new backup" },
};

/* NULL: an older, sound backup of this cluster. */
static const char *
find_case(const struct keeping *k, const struct inventory_row *row)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (!cases[i].is(k, row))
			continue;
		return cases[i].why ? cases[i].why :
		    row->flaw       ? row->flaw :
		    row->fault      ? row->fault :
				      "was not read";
	}
	return NULL;
}

/* Of the ${rank}-th newest, from 1, the new one. */
static void
apply_rule(const struct keeping *k, struct keep_decision *d, size_t rank)
{
	const uint64_t age = k->latest->unix_time - d->row->unix_time;

	if (k->rule->count > 0 && rank <= k->rule->count)
		d->why = "is one of the newest that --keep leaves";
	else if (k->rule->days > 0 && age <= k->rule->days * DAY)
		d->why = "began within the days that --keep-days leaves";
	else {
		d->why = "is older";
		d->is_removed = true;
	}
}

/* Counted ones first, and of those the newest; else by name. */
static int
keep_compare(const void *a, const void *b)
{
	const struct keep_decision *one = a, *other = b;

	if (one->is_counted != other->is_counted)
		return one->is_counted ? -1 : 1;
	if (one->is_counted && one->row->unix_time != other->row->unix_time)
		return one->row->unix_time > other->row->unix_time ? -1 : 1;
	if (one->is_counted && one->row->range.start_lsn != other->row->range.start_lsn)
		return one->row->range.start_lsn > other->row->range.start_lsn ? -1 : 1;
	return one->is_counted ? strcmp(other->row->name, one->row->name) :
				 strcmp(one->row->name, other->row->name);
}

/* A copy of a backup under another name, which is not one more. */
static bool
is_copy(const struct inventory_row *a, const struct inventory_row *b)
{
	return a->unix_time == b->unix_time && a->range.start_lsn == b->range.start_lsn;
}

/* The archive that was written, by all that it should say; what has only its name is not it. */
static const struct inventory_row *
find_latest(const struct inventory *inv, const struct keep_new *made, const char *name)
{
	for (size_t i = 0; i < inv->count; i++) {
		const struct inventory_row *row = &inv->rows[i];

		if (strcmp(row->name, name) == 0 && row->kind == INVENTORY_BACKUP &&
		    row->flaw == NULL && row->unix_time > 0 &&
		    row->system_identifier == made->system_identifier &&
		    row->range.start_lsn == made->start_lsn &&
		    row->range.start_timeline == made->start_timeline)
			return row;
	}
	return NULL;
}

static int
set_latest(struct keeping *k, const struct inventory *inv, struct error *err)
{
	char *directory, *name;

	if (path_split(k->made->path, &directory, &name, err))
		return -1;
	k->latest = find_latest(inv, k->made, name);
	free(directory);
	free(name);
	return k->latest ?
	    0 :
	    error_set(err, ERROR_STATE, 0, "the new backup is not what \"%s\" is by now",
		k->made->path);
}

int
keep_decide(const struct inventory *inv, const struct keep_rule *rule,
    const struct keep_new *made, struct keep_decision **out, struct error *err)
{
	struct keeping k = { .rule = rule, .made = made };
	struct keep_decision *rows;
	size_t rank = 1;

	*out = NULL;
	if (set_latest(&k, inv, err))
		return -1;
	rows = calloc(inv->count, sizeof(*rows));
	if (rows == NULL)
		return error_memory(err);
	for (size_t i = 0; i < inv->count; i++) {
		const struct inventory_row *row = &inv->rows[i];

		rows[i] = (struct keep_decision){ .row = row, .why = find_case(&k, row) };
		rows[i].is_counted = row == k.latest || rows[i].why == NULL;
	}
	qsort(rows, inv->count, sizeof(*rows), keep_compare);
	for (size_t i = 1; i < inv->count && rows[i].is_counted; i++) {
		rank += !is_copy(rows[i].row, rows[i - 1].row);
		apply_rule(&k, &rows[i], rank);
	}
	*out = rows;
	return 0;
}

/* ---- what is done of it ---- */

static bool
is_of_pattern(const char *name, const void *pattern)
{
	return outname_matches(pattern, name);
}

static void
say_stays(const struct inventory *inv, const struct keep_decision *d, bool is_dry)
{
	struct error text = { 0 };
	struct stat st;

	if (fstatat(inv->dirfd, d->row->name, &st, AT_SYMLINK_NOFOLLOW) == -1 &&
	    errno == ENOENT)
		return; /* another run was faster */
	if (is_dry)
		message_note("would keep \"%s/%s\": %s", inv->path, d->row->name, d->why);
	else if (!d->is_counted) {
		error_set(&text, ERROR_STATE, 0, "\"%s/%s\" is kept, and not counted: %s",
		    inv->path, d->row->name, d->why);
		message_warning(text.text);
	}
}

static void
remove_one(
    struct inventory *inv, const struct inventory_row *row, bool is_dry, bool is_verbose)
{
	struct error why = { 0 };
	bool is_gone = false;

	if (!is_dry && discard_backup(inv, row, &is_gone, &why)) {
		error_wrap(&why,
		    "the new backup is complete, but removing an older one failed: \"%s/%s\"",
		    inv->path, row->name);
		message_failure(&why);
		return;
	}
	if (is_dry || (is_verbose && !is_gone))
		message_note("%s \"%s/%s\", which began at %s",
		    is_dry ? "would remove" : "removed", inv->path, row->name,
		    row->began);
}

/* A signal between two of them ends it: what is left is left to the next run. */
static int
carry_out(struct inventory *inv, const struct keep_decision *rows, bool is_dry,
    bool is_verbose, struct error *err)
{
	for (size_t i = 0; i < inv->count; i++)
		if (!rows[i].is_removed)
			say_stays(inv, &rows[i], is_dry);
	for (size_t i = inv->count; i-- > 0;) {
		if (!rows[i].is_removed)
			continue;
		if (interrupt_signal() != 0)
			return error_set(err, ERROR_CANCELLED, 0, "interrupted");
		remove_one(inv, rows[i].row, is_dry, is_verbose);
	}
	return 0;
}

static int
keep_run_in(const char *directory, const struct keep_rule *rule,
    const struct keep_new *made, bool is_dry, bool is_verbose, struct error *err)
{
	const struct inventory_wanted wanted = { is_of_pattern, made->pattern, true };
	struct inventory inv = { .dirfd = -1 };
	struct keep_decision *rows = NULL;
	const int rc = inventory_read(&inv, directory, &wanted, err) ||
		keep_decide(&inv, rule, made, &rows, err) ||
		carry_out(&inv, rows, is_dry, is_verbose, err) ?
	    -1 :
	    0;

	free(rows);
	inventory_free(&inv);
	return rc;
}

void
keep_run(const struct keep_rule *rule, const struct keep_new *made, bool is_dry,
    bool is_verbose)
{
	char *directory = NULL, *name = NULL;
	struct error why = { 0 };

	if (!made->is_sound) {
		message_warning("older backups are kept, as the new one has findings");
		return;
	}
	if (path_split(made->path, &directory, &name, &why) ||
	    keep_run_in(directory, rule, made, is_dry,
		is_verbose || isatty(STDERR_FILENO), &why)) {
		error_wrap(
		    &why, "the new backup is complete, but older ones were not removed");
		message_failure(&why);
	}
	free(directory);
	free(name);
}
