/* What the types of members are called that the reader refuses. */
#include "tar/membertype.h"

#include <stddef.h>

/*
 * The letters are GNU tar's (its manual, "Basic Tar Format"), '1' and 'g' those of POSIX.
 * What is without a magic was seen in archives of GNU tar 1.34.
 */
static const struct row {
	char type;
	bool lacks_magic;
	const char *is; /* "member "x" is ..." */
	const char *hint;
} rows[] = {
	{ '1', false, "a hard link",
	    "Pack the files again with --hard-dereference: then each is a file of its own." },
	{ 'S', false, "a sparse file, packed with --sparse",
	    "Pack the files again without --sparse (-S)." },
	{ 'D', false, "a directory of an incremental archive",
	    "Pack the files again without --listed-incremental (-g) or --incremental (-G)." },
	{ 'M', true, "the rest of a file that begins in another volume",
	    "Pack the files again without --multi-volume (-M), into one archive." },
	{ 'V', true, "the label of a volume",
	    "Pack the files again without --label (-V)." },
	{ 'g', false, "a pax header for all members",
	    "Pack the files again without --label (-V) or --pax-option." },
};

static const struct row *
membertype_find(char type)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].type == type)
			return &rows[i];
	return NULL;
}

bool
tar_membertype_lacks_magic(char type)
{
	const struct row *row = membertype_find(type);

	return row != NULL && row->lacks_magic;
}

int
tar_membertype_refuse(char type, const char *name, struct error *err)
{
	const struct row *row = membertype_find(type);

	if (row == NULL)
		return error_set(err, ERROR_UNSUPPORTED, 0,
		    "unknown type 0x%02x of member \"%s\"", (unsigned char)type, name);
	error_set(err, ERROR_UNSUPPORTED, 0, "member \"%s\" is %s", name, row->is);
	return error_hint(err, "%s", row->hint);
}
