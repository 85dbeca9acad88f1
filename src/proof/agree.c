/* Label, pg_control, manifest and pg_basetar.info describe one backup: do they agree? */
#include "proof/agree.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "format/layout.h"
#include "lib/lsn.h"
#include "pg/cluster.h"
#include "wal/walname.h"

static const struct findings_location at_label = { .member = LAYOUT_LABEL };
static const struct findings_location at_control = { .member = LAYOUT_CONTROL };
static const struct findings_location at_manifest = { .member = LAYOUT_MANIFEST };
static const struct findings_location at_info = { .member = LAYOUT_INFO };

/* A conflict between two texts. */
static int
conflict(const struct proof_agree *a, enum findings_kind kind,
    const struct findings_location *at, const char *what, const char *expected,
    const char *found, struct error *err)
{
	struct findings_location location = *at;

	location.expected = expected;
	location.found = found;
	return findings_add(a->findings, kind, &location, err, "%s", what);
}

static int
conflict_lsn(const struct proof_agree *a, enum findings_kind kind,
    const struct findings_location *at, const char *what, uint64_t expected,
    uint64_t found, struct error *err)
{
	char one[LSN_TEXT], other[LSN_TEXT];

	return conflict(
	    a, kind, at, what, lsn_print(one, expected), lsn_print(other, found), err);
}

static int
conflict_number(const struct proof_agree *a, enum findings_kind kind,
    const struct findings_location *at, const char *what, uint64_t expected,
    uint64_t found, struct error *err)
{
	char one[24], other[24];

	snprintf(one, sizeof(one), "%" PRIu64, expected);
	snprintf(other, sizeof(other), "%" PRIu64, found);
	return conflict(a, kind, at, what, one, other, err);
}

/* ---- backup_label alone ---- */

static int
check_label_file(const struct proof_agree *a, struct error *err)
{
	const uint32_t size = a->facts->control->wal_segment_size;
	char expected[WALNAME_SIZE];

	walname_build(expected, a->facts->label->timeline,
	    walname_segment(a->facts->label->start_lsn, size), size);
	return strcmp(expected, a->facts->label->start_file) == 0 ?
	    0 :
	    conflict(a, FINDINGS_LABEL, &at_label, "WAL file of the start", expected,
		a->facts->label->start_file, err);
}

/* With another method the server does not wait for the end of the backup. */
static int
check_label(const struct proof_agree *a, struct error *err)
{
	const struct label *l = a->facts->label;

	if (a->facts->info && a->facts->info->mode != INFOFILE_ONLINE)
		return findings_add(a->findings, FINDINGS_LABEL, &at_label, err,
		    "does not belong in a backup without a running server: with it the copy does not start, or recovers from the wrong position");
	if (strcmp(l->method, "streamed") != 0 &&
	    conflict(a, FINDINGS_LABEL, &at_label, "BACKUP METHOD", "streamed", l->method,
		err))
		return -1;
	if (l->incremental &&
	    findings_add(a->findings, FINDINGS_LABEL, &at_label, err,
		"belongs to an incremental backup, which cannot be restored without the earlier ones"))
		return -1;
	if (a->facts->info && strcmp(l->text, a->facts->info->label) != 0 &&
	    conflict(a, FINDINGS_LABEL, &at_label, "LABEL", a->facts->info->label,
		l->text, err))
		return -1;
	if (l->checkpoint_lsn < l->start_lsn &&
	    conflict_lsn(a, FINDINGS_LABEL, &at_label,
		"CHECKPOINT LOCATION is before the start", l->start_lsn,
		l->checkpoint_lsn, err))
		return -1;
	if (a->facts->version &&
	    a->facts->version->label_has_timeline != l->has_timeline &&
	    findings_add(a->findings, FINDINGS_LABEL, &at_label, err,
		"START TIMELINE is %s", l->has_timeline ? "unexpected" : "missing"))
		return -1;
	return a->facts->control ? check_label_file(a, err) : 0;
}

/* ---- pg_control ---- */

static const char *
state_name(enum control_state state)
{
	static const char *const names[] = { "starting up", "shut down",
		"shut down in recovery", "shutting down", "in crash recovery",
		"in archive recovery", "in production" };

	return state <= CONTROL_IN_PRODUCTION ? names[state] : "unknown";
}

/* The state that the cluster must have been in, being backed up like this. */
static int
check_state(const struct proof_agree *a, struct error *err)
{
	const enum control_state state = a->facts->control->state;
	const char *expected = NULL;

	if (facts_are_online(a->facts) && a->facts->label) {
		if (a->facts->label->from_standby && state != CONTROL_IN_ARCHIVE_RECOVERY)
			expected = state_name(CONTROL_IN_ARCHIVE_RECOVERY);
		if (!a->facts->label->from_standby && state != CONTROL_IN_PRODUCTION)
			expected = state_name(CONTROL_IN_PRODUCTION);
	} else if (a->facts->info && a->facts->info->mode == INFOFILE_OFFLINE &&
	    state != CONTROL_SHUTDOWN && state != CONTROL_SHUTDOWN_IN_RECOVERY) {
		expected = state_name(CONTROL_SHUTDOWN);
	}
	return expected ? conflict(a, FINDINGS_CONTROL, &at_control,
			      "state of the cluster", expected, state_name(state), err) :
			  0;
}

static int
check_control_age(const struct proof_agree *a, struct error *err)
{
	if (a->facts->label == NULL)
		return 0;
	if (a->facts->control->redo_lsn < a->facts->label->start_lsn &&
	    conflict_lsn(a, FINDINGS_CONTROL, &at_control,
		"is older than backup_label: its redo location",
		a->facts->label->start_lsn, a->facts->control->redo_lsn, err))
		return -1;
	if (a->facts->control->timeline < a->facts->label->timeline)
		return conflict_number(a, FINDINGS_CONTROL, &at_control,
		    "is older than backup_label: its timeline", a->facts->label->timeline,
		    a->facts->control->timeline, err);
	return 0;
}

static int
check_control(const struct proof_agree *a, struct error *err)
{
	const bool is_forgotten =
	    a->facts->control->checkpoint_lsn == CONTROL_NO_CHECKPOINT;
	bool is_told;

	if (proof_content_is_told(a->content, LAYOUT_INFO, &is_told, err))
		return -1;
	/* that it could not be read was told, but not that it is sound, and another's */
	if (a->facts->info == NULL && is_forgotten && a->facts->label &&
	    (a->facts->has_earlier_info || !is_told) &&
	    findings_add(a->findings, FINDINGS_INFO, &at_info, err,
		a->facts->has_earlier_info ?
		    "belongs to another backup than backup_label, although pg_basetar wrote pg_control" :
		    "is missing or misplaced, although pg_basetar wrote pg_control"))
		return -1;
	if (a->facts->version &&
	    control_check_version(a->facts->control, a->facts->version, err) &&
	    findings_take(a->findings, FINDINGS_CONTROL, &at_control, err))
		return -1;
	if (a->facts->info && is_forgotten != (a->facts->info->mode == INFOFILE_ONLINE) &&
	    findings_add(a->findings, FINDINGS_CONTROL, &at_control, err,
		is_forgotten ?
		    "does not name a checkpoint, so the copy cannot start" :
		    "names a checkpoint, so a copy without its backup_label would start and be corrupt"))
		return -1;
	return check_state(a, err) || check_control_age(a, err) ? -1 : 0;
}

/* ---- the manifest ---- */

/* The stretches of WAL are in the order of the timelines, the newest first. */
static int
check_manifest_start(const struct proof_agree *a, struct error *err)
{
	const struct proof_manifest_range *first;

	if (a->manifest->nranges == 0)
		return findings_add(a->findings, FINDINGS_MANIFEST, &at_manifest, err,
		    "has no WAL-Ranges");
	first = &a->manifest->ranges[a->manifest->nranges - 1];
	/* without the label that it should have, its start is not known */
	if (a->wal->start_lsn == 0 ||
	    (facts_are_online(a->facts) && a->facts->label == NULL))
		return 0;
	if (first->start != a->wal->start_lsn &&
	    conflict_lsn(a, FINDINGS_MANIFEST, &at_manifest,
		"belongs to another backup: start of its WAL", a->wal->start_lsn,
		first->start, err))
		return -1;
	if (first->timeline != a->wal->start_timeline)
		return conflict_number(a, FINDINGS_MANIFEST, &at_manifest,
		    "belongs to another backup: timeline of its start",
		    a->wal->start_timeline, first->timeline, err);
	return 0;
}

static int
check_manifest(const struct proof_agree *a, struct error *err)
{
	if (a->facts->version &&
	    a->manifest->version != a->facts->version->manifest_version &&
	    conflict_number(a, FINDINGS_MANIFEST, &at_manifest, "version",
		a->facts->version->manifest_version, a->manifest->version, err))
		return -1;
	if (a->manifest->identifier && a->facts->control &&
	    a->manifest->identifier != a->facts->control->system_identifier &&
	    conflict_number(a, FINDINGS_MANIFEST, &at_manifest,
		"belongs to another cluster: system identifier",
		a->facts->control->system_identifier, a->manifest->identifier, err))
		return -1;
	return check_manifest_start(a, err);
}

/* ---- pg_basetar.info ---- */

/* Whether anything in it matters is the word of whoever left it out. */
static void
tell_of_absent(const struct proof_agree *a)
{
	const struct infofile_pairs *without = &a->facts->info->without;
	char text[512];

	for (size_t i = 0; i < without->count; i++) {
		snprintf(text, sizeof(text),
		    "tablespace %s at \"%.400s\" was left out of the backup with its content: drop it in the copy and create it again",
		    without->rows[i].name, without->rows[i].path);
		a->findings->warn(text);
	}
}

static int
check_info(const struct proof_agree *a, struct error *err)
{
	const struct infofile *i = a->facts->info;

	tell_of_absent(a);
	if (a->facts->version && i->server_version != a->facts->version->major &&
	    conflict_number(a, FINDINGS_INFO, &at_info, "server_version",
		a->facts->version->major, i->server_version, err))
		return -1;
	/* without the label that it should have, its start is not known */
	if (i->start_lsn != 0 && a->wal->start_lsn != 0 &&
	    i->start_lsn != a->wal->start_lsn &&
	    (a->facts->label || i->mode != INFOFILE_ONLINE) &&
	    conflict_lsn(a, FINDINGS_INFO, &at_info, "start", a->wal->start_lsn,
		i->start_lsn, err))
		return -1;
	if (i->has_manifest != a->manifest->has_come &&
	    findings_add(a->findings,
		i->has_manifest ? FINDINGS_MISSING : FINDINGS_MANIFEST, &at_manifest, err,
		i->has_manifest ?
		    "is missing: without it no check shows whether the files are complete" :
		    "is unexpected: pg_basetar.info says that the backup has no manifest"))
		return -1;
	if (!i->has_wal && a->wal->has_wal)
		return findings_add(a->findings, FINDINGS_INFO, &at_info, err,
		    "says that the archive does not hold the WAL, but it does");
	return 0;
}

int
proof_agree_judge(const struct proof_agree *a, struct error *err)
{
	return (a->facts->label && check_label(a, err)) ||
		(a->facts->control && check_control(a, err)) ||
		(a->manifest->is_whole && check_manifest(a, err)) ||
		(a->facts->info && check_info(a, err)) ?
	    -1 :
	    0;
}
