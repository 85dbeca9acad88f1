/*
 * The server reads these settings when it is first started after the restore, and stops if it does
 * not like one.  So they are checked by its rules before anything is restored.  The table has for
 * each what is written where the user gave none.
 */
#include "recovery/recovery.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/lsn.h"
#include "lib/number.h"
#include "recovery/timetext.h"

/* The timeline of the backup. */
#define CURRENT "current"

static bool
is_lsn(const char *text)
{
	uint64_t lsn;

	return lsn_parse(text, &lsn);
}

/* From 12 on it takes no word for a moment, as "today"; before, it meant that of its start. */
static bool
is_time(const char *text)
{
	struct timetext ignored;

	return timetext_parse(text, &ignored) != TIMETEXT_WRONG;
}

/* The server takes one that begins with a zero for octal: strtoul() of base 0. */
static bool
is_number_up_to(const char *text, uint64_t most)
{
	uint64_t number;

	return text[0] != '0' && number_parse(text, strlen(text), most, &number);
}

static bool
is_xid(const char *text)
{
	return is_number_up_to(text, UINT64_MAX);
}

static bool
is_timeline(const char *text)
{
	return is_number_up_to(text, UINT32_MAX) || strcmp(text, "latest") == 0 ||
	    strcmp(text, CURRENT) == 0;
}

static bool
is_immediate(const char *text)
{
	return strcmp(text, "immediate") == 0;
}

/* ReplicationSlotValidateName() in slot.c: of at most NAMEDATALEN - 1 bytes. */
static bool
is_slot(const char *text)
{
	const size_t len = strlen(text);

	return len < 64 && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_") == len;
}

static bool
is_action(const char *text)
{
	return strcmp(text, "pause") == 0 || strcmp(text, "promote") == 0 ||
	    strcmp(text, "shutdown") == 0;
}

/*
 * From 12 on a setting of the cluster's own, in any of its files, would count as well as ours, and two
 * targets are one too many: what is not given is set to what it is where no one sets it.
 */
static const struct {
	const char *name;
	size_t field;      /* SIZE_MAX: there is no option for it */
	const char *unset; /* NULL: it stays as it is */
	bool is_target;
	/* what the server would refuse at its start; NULL: any */
	bool (*is_valid)(const char *);
} settings[] = {
	{ "restore_command", offsetof(struct recovery, restore_command), NULL, false,
	    NULL },
	{ "primary_conninfo", offsetof(struct recovery, primary_conninfo), NULL, false,
	    NULL },
	{ "recovery_target", offsetof(struct recovery, target), "", true, is_immediate },
	{ "recovery_target_time", offsetof(struct recovery, target_time), "", true,
	    is_time },
	{ "recovery_target_lsn", offsetof(struct recovery, target_lsn), "", true,
	    is_lsn },
	{ "recovery_target_xid", offsetof(struct recovery, target_xid), "", true,
	    is_xid },
	{ "recovery_target_name", offsetof(struct recovery, target_name), "", true,
	    NULL },
	{ "recovery_target_inclusive", offsetof(struct recovery, is_exclusive), "on",
	    false, NULL },
	/* those of the original would clean its archive, take its slot, or be late */
	{ "archive_cleanup_command", SIZE_MAX, "", false, NULL },
	{ "recovery_end_command", SIZE_MAX, "", false, NULL },
	{ "recovery_min_apply_delay", SIZE_MAX, "0", false, NULL },
	{ "primary_slot_name", offsetof(struct recovery, primary_slot_name), "", false,
	    is_slot },
	{ "recovery_target_timeline", offsetof(struct recovery, target_timeline),
	    "latest", false, is_timeline },
	{ "recovery_target_action", offsetof(struct recovery, target_action), "pause",
	    false, is_action },
};
enum { SETTINGS = sizeof(settings) / sizeof(settings[0]) };

static const char *
value_of(const struct recovery *r, size_t n)
{
	if (settings[n].field == SIZE_MAX)
		return NULL;
	if (settings[n].field == offsetof(struct recovery, is_exclusive))
		return r->is_exclusive ? "off" : NULL;
	return *(const char *const *)(const void *)((const char *)r + settings[n].field);
}

bool
recovery_is_set(const struct recovery *r)
{
	for (size_t n = 0; n < SETTINGS; n++)
		if (value_of(r, n))
			return true;
	return r->is_standby;
}

bool
recovery_has_point(const struct recovery *r)
{
	for (size_t n = 0; n < SETTINGS; n++)
		if (settings[n].is_target && value_of(r, n))
			return true;
	return false;
}

bool
recovery_has_target(const struct recovery *r)
{
	return recovery_has_point(r) || r->target_timeline != NULL;
}

const char *
recovery_file(const struct recovery *r, const struct pg_version *version)
{
	if (version->has_recovery_conf)
		return "recovery.conf";
	return r->is_standby ? "standby.signal" : "recovery.signal";
}

/*
 * Quotes are doubled.  A backslash is read as an escape, and so doubled too, in both kinds of
 * files (guc-file.l: GUC_scanstr(), which recovery.conf goes through as well).
 */
static int
recovery_add(struct buf *text, const char *name, const char *value, struct error *err)
{
	if (buf_printf(text, err, "%s = '", name))
		return -1;
	for (; *value; value++)
		if ((*value == '\'' || *value == '\\') ?
			buf_printf(text, err, "%c%c", *value, *value) :
			buf_append(text, value, 1, err))
			return -1;
	return buf_printf(text, err, "'\n");
}

/*
 * Up to 11 "current" is no word for recovery_target_timeline: it is read as the number 0, and so
 * recovery follows the latest one (readRecoveryCommandFile() in xlog.c, and seen on 10 and 11).
 * The timeline of the backup is what a file without the line means there.
 */
static bool
is_unknown(size_t n, const char *value, const struct pg_version *version)
{
	return version->has_recovery_conf && strcmp(value, CURRENT) == 0 &&
	    settings[n].field == offsetof(struct recovery, target_timeline);
}

int
recovery_build(struct buf *text, const struct recovery *r,
    const struct pg_version *version, struct error *err)
{
	if (version->has_recovery_conf && r->is_standby &&
	    recovery_add(text, "standby_mode", "on", err))
		return -1;
	/* first: with a target set, the server takes even an empty other one for a second */
	for (size_t n = 0; n < SETTINGS && !version->has_recovery_conf; n++)
		if (value_of(r, n) == NULL && settings[n].unset &&
		    recovery_add(text, settings[n].name, settings[n].unset, err))
			return -1;
	for (size_t n = 0; n < SETTINGS; n++)
		if (value_of(r, n) && !is_unknown(n, value_of(r, n), version) &&
		    recovery_add(text, settings[n].name, value_of(r, n), err))
			return -1;
	/* up to 11 the default is the timeline of the backup, and a standby would not follow */
	if (version->has_recovery_conf && r->is_standby && r->target_timeline == NULL)
		return recovery_add(text, "recovery_target_timeline", "latest", err);
	return 0;
}

int
recovery_check(const struct recovery *r, struct error *err)
{
	const char *target = NULL;

	for (size_t n = 0; n < SETTINGS; n++) {
		for (const char *c = value_of(r, n); c && *c; c++)
			if (*c == '\n' || *c == '\r')
				return error_set(err, ERROR_USAGE, 0,
				    "%s has a line break", settings[n].name);
		if (value_of(r, n) && settings[n].is_valid &&
		    !settings[n].is_valid(value_of(r, n)))
			return error_set(err, ERROR_USAGE, 0, "\"%s\" is not a valid %s",
			    value_of(r, n), settings[n].name);
		if (!settings[n].is_target || value_of(r, n) == NULL)
			continue;
		if (target)
			return error_set(err, ERROR_USAGE, 0,
			    "%s and %s exclude each other", target, settings[n].name);
		target = settings[n].name;
	}
	if (r->is_standby && target)
		return error_set(
		    err, ERROR_USAGE, 0, "a standby and %s exclude each other", target);
	if (!r->is_standby && (r->primary_conninfo || r->primary_slot_name))
		return error_set(err, ERROR_USAGE, 0, "%s is for a standby only",
		    r->primary_conninfo ? "primary_conninfo" : "primary_slot_name");
	/* of others the server takes no notice of it (recovery_target_inclusive in the manual) */
	if (r->is_exclusive && !r->target_time && !r->target_lsn && !r->target_xid)
		return error_set(err, ERROR_USAGE, 0,
		    "recovery_target_inclusive needs a time, an LSN or a transaction as target");
	if (!r->is_standby && r->restore_command == NULL && recovery_is_set(r)) {
		error_set(
		    err, ERROR_USAGE, 0, "recovery to a target needs restore_command");
		return error_hint(err,
		    "It fetches the WAL after the end of the backup: --restore-command='cp /archive/%%f \"%%p\"'");
	}
	return 0;
}
