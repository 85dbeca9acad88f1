/* Can a server use what is unpacked?  Owners and modes, as far as they are not given anew. */
#include "proof/access.h"

#include <inttypes.h>
#include <stdio.h>

#include "pg/access.h"

/* Set user, set group, sticky: nothing that is unpacked gets them. */
#define MODE_SPECIAL 07000U

/* Those of a cluster that shares its directories among a group are many: one is named. */
static void
note_special(struct proof_access *a, const struct tar_entry *entry)
{
	char text[1024];

	if ((entry->mode & MODE_SPECIAL) == 0 || a->special++ > 0)
		return;
	snprintf(text, sizeof(text),
	    "\"%.800s\" or other members have set-user-ID, set-group-ID or sticky bits: restore leaves these bits out",
	    entry->name);
	a->findings->warn(text);
}

/*
 * Does its owner say anything?  That of the WAL does not, nor that of settings: pg_basebackup
 * writes them itself, as of user 0, or 2048 where it means 04000.
 */
static bool
has_meaning(const struct proof_access *a, enum archivepart_kind part,
    enum memberorder_kind kind, const char *name)
{
	return part != ARCHIVEPART_WAL && kind <= MEMBERORDER_CONTROL &&
	    !memberorder_is_setting(name, a->facts->info);
}

/* No other user can use this one. */
static void
note_owner(struct proof_access *a, const char *path, const struct tar_entry *entry)
{
	size_t i = 0;

	while (i < a->nowners && a->owners[i].uid != entry->uid)
		i++;
	if (i == PROOF_ACCESS_OWNERS)
		return;
	if (i == a->nowners)
		a->owners[a->nowners++] =
		    (struct proof_access_owner){ .uid = entry->uid, .first = path };
	a->owners[i].members++;
}

const char *
proof_access_look(struct proof_access *a, enum archivepart_kind part,
    enum memberorder_kind kind, const char *path, const struct tar_entry *entry)
{
	const bool is_directory = entry->type == TAR_DIRECTORY;

	if (entry->type == TAR_SYMLINK)
		return NULL;
	note_special(a, entry);
	if (kind == MEMBERORDER_CONTROL) {
		a->has_control = true;
		a->uid = entry->uid;
	}
	if (has_meaning(a, part, kind, entry->name) &&
	    access_is_kept_out(path, is_directory, entry->mode, true))
		note_owner(a, path, entry);
	/* of a server that all files are given to */
	if (!access_is_kept_out(path, is_directory, entry->mode, false))
		return NULL;
	return is_directory ? "the mode of the directory keeps the server out" :
			      "the mode of the file keeps the server out";
}

void
proof_access_judge(const struct proof_access *a)
{
	char text[1024];

	for (size_t i = 0; i < a->nowners && a->has_control; i++) {
		const struct proof_access_owner *o = &a->owners[i];

		if (o->uid == a->uid)
			continue;
		snprintf(text, sizeof(text),
		    "%" PRIu64 " member%s to user %" PRIu64
		    ", as \"%.600s\" does, and pg_control to %" PRIu64
		    ": restore gives all to one user; unpacked by root they keep the server out",
		    o->members, o->members == 1 ? " belongs" : "s belong", o->uid,
		    o->first, a->uid);
		a->findings->warn(text);
	}
}
