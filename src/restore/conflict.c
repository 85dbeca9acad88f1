/*
 * What is wrong with each directory, in one line.  The text has a limit (lib/error.h): where it is
 * reached the line says that there is more.
 */
#include "restore/conflict.h"

#include <stdio.h>
#include <string.h>

bool
restore_conflict_is(const struct error *err)
{
	return err->kind == ERROR_STATE || err->kind == ERROR_IO;
}

void
restore_conflict_add(struct error *all, const struct error *one)
{
	static const char separator[] = "; ", more[] = "; and more";
	const size_t used = strlen(all->text), len = strlen(one->text);

	if (all->kind == ERROR_NONE) {
		*all = *one;
		return;
	}
	if (strcmp(all->hint, one->hint) != 0)
		snprintf(all->hint, sizeof(all->hint),
		    "Name a new or an empty directory of the server's user for each with -T OLD=NEW, or one for all tablespaces with --tablespaces-in=DIR.");
	all->sys = 0;
	if (used + strlen(separator) + len + sizeof(more) <= sizeof(all->text))
		snprintf(all->text + used, sizeof(all->text) - used, "%s%s", separator,
		    one->text);
	else if (used + sizeof(more) <= sizeof(all->text) &&
	    (used < strlen(more) || strcmp(all->text + used - strlen(more), more) != 0))
		memcpy(all->text + used, more, sizeof(more));
}
