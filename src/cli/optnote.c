/* What a message says of the command line, kept until it is known how much is to be said. */
#include "cli/optnote.h"

#include <string.h>

void
optnote_add(struct optnotes *notes, const char *text)
{
	for (size_t i = 0; i < notes->count; i++)
		if (strcmp(notes->rows[i], text) == 0)
			return;
	if (notes->count < OPTNOTE_MOST)
		notes->rows[notes->count++] = text;
}
