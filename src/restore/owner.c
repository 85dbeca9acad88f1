/* Users and groups of this host, asked for by the main road of a restore, one thread at a time. */
#include "restore/owner.h"

#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "lib/number.h"

/* (uid_t)-1 stands for "as it is" in the system's calls. */
static bool
is_id(uint64_t id)
{
	return id < UINT32_MAX;
}

bool
owner_by_name(const char *name, struct owner *out)
{
	const struct passwd *user = name[0] ? getpwnam(name) : NULL;

	if (user)
		*out = (struct owner){ user->pw_uid, user->pw_gid };
	return user != NULL;
}

bool
owner_by_number(uint64_t uid, struct owner *out)
{
	const struct passwd *user = is_id(uid) ? getpwuid((uid_t)uid) : NULL;

	if (user)
		*out = (struct owner){ user->pw_uid, user->pw_gid };
	return user != NULL;
}

bool
owner_group_by_name(const char *name, gid_t *gid)
{
	const struct group *group = name[0] ? getgrnam(name) : NULL;

	if (group)
		*gid = group->gr_gid;
	return group != NULL;
}

bool
owner_has_group(uint64_t gid)
{
	return is_id(gid) && getgrgid((gid_t)gid) != NULL;
}

const char *
owner_print(char text[OWNER_TEXT], uid_t uid)
{
	const struct passwd *user = getpwuid(uid);

	if (user)
		snprintf(text, OWNER_TEXT, "\"%s\"", user->pw_name);
	else
		snprintf(text, OWNER_TEXT, "number %" PRIu64, (uint64_t)uid);
	return text;
}

/* ---- the value of an option ---- */

static bool
is_number(const char *text, size_t len, uint64_t *number)
{
	return number_parse(text, len, UINT32_MAX - 1, number);
}

/* A name that looks like a number is a name first, as for chown(1). */
static int
parse_user(
    const char *text, size_t len, struct owner *out, bool *has_group, struct error *err)
{
	char name[256];
	uint64_t number;

	*has_group = false;
	if (len == 0 || len >= sizeof(name))
		return error_set(err, ERROR_USAGE, 0,
		    "\"%s\" is not of the form USER or USER:GROUP", text);
	memcpy(name, text, len);
	name[len] = '\0';
	*has_group = owner_by_name(name, out);
	if (*has_group)
		return 0;
	if (!is_number(name, len, &number))
		return error_set(
		    err, ERROR_USAGE, 0, "user \"%s\" does not exist on this host", name);
	*has_group = owner_by_number(number, out);
	out->uid = (uid_t)number;
	return 0;
}

static int
parse_group(const char *name, gid_t *gid, struct error *err)
{
	uint64_t number;

	if (owner_group_by_name(name, gid))
		return 0;
	if (!is_number(name, strlen(name), &number))
		return error_set(err, ERROR_USAGE, 0,
		    "group \"%s\" does not exist on this host", name);
	*gid = (gid_t)number;
	return 0;
}

int
owner_parse(const char *text, struct owner *out, struct error *err)
{
	const size_t len = strcspn(text, ":");
	struct owner owner = { 0 };
	bool has_group;

	if (parse_user(text, len, &owner, &has_group, err))
		return -1;
	if (text[len] == ':' && text[len + 1] != '\0') {
		if (parse_group(text + len + 1, &owner.gid, err))
			return -1;
	} else if (!has_group) {
		error_set(err, ERROR_USAGE, 0,
		    "user number %.*s has no name on this host, and so no group",
		    (int)len, text);
		return error_hint(
		    err, "Name the group as well: %.*s:GROUP.", (int)len, text);
	}
	*out = owner;
	return 0;
}
