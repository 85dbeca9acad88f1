/* Can a server use what is unpacked?  Owners and modes, as far as they are not given anew. */
#include <inttypes.h>
#include <stdio.h>

#include "pg/access.h"
#include "proof/checker_internal.h"

/* Set user, set group, sticky: nothing that is unpacked gets them. */
#define MODE_SPECIAL 07000U

/* Those of a cluster that shares its directories among a group are many: one is named. */
static void
note_special(struct checker *c, const struct tar_entry *entry)
{
	char text[1024];

	if ((entry->mode & MODE_SPECIAL) == 0 || c->access.special++ > 0)
		return;
	snprintf(text, sizeof(text),
	    "members have set-user-ID, set-group-ID or sticky bits, as \"%.800s\" has: restore "
	    "leaves these bits out",
	    entry->name);
	c->opt.warning(text);
}

/*
 * Does its owner say anything?  That of the WAL does not, nor that of settings: pg_basebackup
 * writes them itself, as of user 0, or 2048 where it means 04000.
 */
static bool
has_meaning(const struct checker *c, const struct tar_entry *entry)
{
	if (c->part.kind == ARCHIVEPART_WAL || c->now.kind > MEMBERORDER_CONTROL)
		return false;
	return c->has_info || !checker_is_setting(c, entry->name);
}

static void
note_owner(struct checker *c, const struct tar_entry *entry)
{
	struct checker_access *a = &c->access;
	size_t i = 0;

	if (c->now.kind == MEMBERORDER_CONTROL) {
		a->has_control = true;
		a->uid = entry->uid;
	}
	if (!has_meaning(c, entry) ||
	    !access_is_kept_out(
		c->now.row->path, entry->type == TAR_DIRECTORY, entry->mode, true))
		return;
	while (i < a->nowners && a->owners[i].uid != entry->uid)
		i++;
	if (i == CHECKER_OWNERS)
		return;
	if (i == a->nowners)
		a->owners[a->nowners++] = (struct checker_owner){ .uid = entry->uid,
			.first = c->now.row->path };
	a->owners[i].members++;
}

const char *
checker_access_entry(struct checker *c, const struct tar_entry *entry)
{
	const bool is_directory = entry->type == TAR_DIRECTORY;

	if (entry->type == TAR_SYMLINK)
		return NULL;
	note_special(c, entry);
	note_owner(c, entry);
	/* of a server that all files are given to */
	if (!access_is_kept_out(c->now.row->path, is_directory, entry->mode, false))
		return NULL;
	return is_directory ? "a directory with a mode that keeps the server out" :
			      "a file with a mode that keeps the server out";
}

/*
 * A warning for each user: restore gives all that a server needs to one, and so does who unpacks
 * as somebody else than root.
 */
void
checker_access_judge(const struct checker *c)
{
	const struct checker_access *a = &c->access;
	char text[1024];

	for (size_t i = 0; i < a->nowners && a->has_control; i++) {
		const struct checker_owner *o = &a->owners[i];

		if (o->uid == a->uid)
			continue;
		snprintf(text, sizeof(text),
		    "%" PRIu64 " member%s to user %" PRIu64
		    ", as \"%.600s\" does, and pg_control "
		    "to %" PRIu64
		    ": restore gives all to one user; unpacked by root they keep the "
		    "server out",
		    o->members, o->members == 1 ? " belongs" : "s belong", o->uid,
		    o->first, a->uid);
		c->opt.warning(text);
	}
}
