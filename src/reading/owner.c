/*
 * A server owns all of its files, so any member would do that an administrator did not put there:
 * the first that is not root's is taken, and root only as long as there is no other.
 */
#include "reading/owner.h"

#include <stdio.h>

void
reading_owner_note(struct reading_owner *o, const struct tar_entry *entry)
{
	/* root's is what somebody put into the data directory: the server does not run as root */
	if (o->is_known && (o->uid != 0 || entry->uid == 0))
		return;
	*o = (struct reading_owner){
		.is_known = true, .uid = entry->uid, .gid = entry->gid
	};
	snprintf(o->uname, sizeof(o->uname), "%s", entry->uname);
	snprintf(o->gname, sizeof(o->gname), "%s", entry->gname);
}
