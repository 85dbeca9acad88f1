/*
 * A target that is a position, a time or a timeline is held against the start and the stop of the
 * backup, and is refused where recovery cannot end there.  A transaction or the name of a restore
 * point is left to the server: the backup does not say where the WAL has it.
 */
#include "restore/target.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "cli/options.h"
#include "lib/lsn.h"
#include "lib/number.h"
#include "proof/checker.h"
#include "recovery/timetext.h"

/* What is known of the backup that a target is held against; 0 and NULL: not known. */
struct target_bounds {
	uint64_t start_lsn, stop_lsn;
	const char *start_time;
	uint32_t timeline;
	bool is_standby, is_stopped;
};

/*
 * Recovery ends after the first record that starts at recovery_target_lsn or after it, and fails
 * if the copy is not consistent then ("requested recovery stop point is before consistent recovery
 * point").  So a position within the last record of the backup will do.  On a primary that is the
 * end-of-backup record, of 34 bytes, perhaps with a page header in it; of a standby's backup, any.
 */
enum { LAST_OF_PRIMARY = 128, LAST_OF_STANDBY = 8192 };

static int
too_early(const char *setting, const char *value, const char *what, const char *when,
    struct error *err)
{
	error_set(err, ERROR_STATE, 0,
	    "%s \"%s\" is before the %s of the backup, %s: recovery cannot end there",
	    setting, value, what, when);
	return error_hint(err, "Restore an earlier backup, or name a later target.");
}

static int
check_lsn(const char *value, const struct target_bounds *b, struct error *err)
{
	const uint64_t slack = b->is_standby ? LAST_OF_STANDBY : LAST_OF_PRIMARY;
	char when[LSN_TEXT];
	uint64_t lsn;

	if (value == NULL || !lsn_parse(value, &lsn))
		return 0;
	if (lsn < b->start_lsn)
		return too_early("recovery_target_lsn", value, "start",
		    lsn_print(when, b->start_lsn), err);
	/* of a cluster that was shut down all is consistent from the start on */
	if (!b->is_stopped && lsn < b->stop_lsn && b->stop_lsn - lsn > slack)
		return too_early("recovery_target_lsn", value, "end",
		    lsn_print(when, b->stop_lsn), err);
	return 0;
}

/*
 * The backup ended even later; and all its transactions before START TIME are needed.  A text that
 * only the server can read (recovery/timetext.h) is left to it.
 */
static int
check_time(const char *value, const struct target_bounds *b, struct error *err)
{
	struct timetext target, start;
	char text[320];

	if (value == NULL || b->start_time == NULL ||
	    timetext_parse(value, &target) != TIMETEXT_READ ||
	    timetext_parse(b->start_time, &start) != TIMETEXT_READ)
		return 0;
	switch (timetext_before(&target, &start)) {
	case TIMETEXT_NOT_BEFORE:
		return 0;
	case TIMETEXT_PERHAPS:
		snprintf(text, sizeof(text),
		    "the backup started at %.64s: if recovery_target_time \"%.64s\" is in that time zone, it is before the start, and recovery cannot end there; name the time zone as well",
		    b->start_time, value);
		message_warning(text);
		return 0;
	case TIMETEXT_BEFORE:
		break;
	}
	return too_early("recovery_target_time", value, "start", b->start_time, err);
}

/*
 * A timeline has a higher number than those that it comes from.  "latest" and "current" are no
 * numbers, and cannot be too low.
 */
static int
check_timeline(const char *value, const struct target_bounds *b, struct error *err)
{
	uint64_t timeline;

	if (value == NULL || !number_parse(value, strlen(value), UINT32_MAX, &timeline) ||
	    timeline >= b->timeline)
		return 0;
	error_set(err, ERROR_STATE, 0,
	    "recovery_target_timeline %" PRIu64 " does not come from timeline %" PRIu32
	    ", the timeline of the backup",
	    timeline, b->timeline);
	return error_hint(
	    err, "Restore a backup of that timeline, or of an earlier one.");
}

static int
check_target(
    const struct restore_target *t, const struct target_bounds *b, struct error *err)
{
	const struct recovery *recovery = &t->opt->recovery;

	return check_lsn(recovery->target_lsn, b, err) ||
		check_time(recovery->target_time, b, err) ||
		check_timeline(recovery->target_timeline, b, err) ?
	    -1 :
	    0;
}

static int
judge_target(struct restore_target *t, const struct target_bounds *b, struct error *err)
{
	/* what was not refused once is not said twice */
	if (t->is_checked || check_target(t, b, err) == 0) {
		t->is_checked |= b->start_lsn > 0 && b->stop_lsn > 0;
		return 0;
	}
	if (!t->opt->force)
		return -1;
	t->is_checked = true;
	message_warning(err->text);
	*err = (struct error){ 0 };
	return 0;
}

int
restore_target_finish(
    struct restore_target *t, struct checker *checker, struct error *err)
{
	const struct facts facts = checker_facts(checker).backup;
	const struct target_bounds b = { .start_lsn = facts.range.start_lsn,
		.stop_lsn = facts.range.stop_lsn,
		.timeline = facts.range.start_timeline,
		.is_standby = facts.source == FACTS_STANDBY,
		.is_stopped = facts.info && facts.info->mode == INFOFILE_OFFLINE };

	if (judge_target(t, &b, err) == 0)
		return 0;
	/* the copy is as good as it would be with another target, and the server refuses this one */
	return findings_take(checker_findings(checker), FINDINGS_TARGET, NULL, err);
}

int
restore_target_label(struct restore_target *t, const struct label *label,
    uint64_t stop_lsn, struct error *err)
{
	const struct target_bounds b = { .start_lsn = label ? label->start_lsn : 0,
		.start_time = label ? label->start_time : NULL,
		.stop_lsn = label ? stop_lsn : 0,
		.timeline = label ? label->timeline : 0,
		.is_standby = label && label->from_standby };

	return label ? judge_target(t, &b, err) : 0;
}
