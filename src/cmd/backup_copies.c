/*
 * Databases that replay copies file by file (CREATE DATABASE up to 14, and with STRATEGY =
 * FILE_COPY since): the backup must have what they are copied from.  One that was dropped before
 * it was sent makes replay copy nothing, in silence, and nobody could connect to the new one.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "cmd/backup_internal.h"
#include "pg/relfile.h"

int
backup_copies_sent(struct backup *b, const char *path, struct error *err)
{
	struct backup_database row, *rows;

	if (!relfile_is_database(path, &row.space, &row.database))
		return 0;
	rows = realloc(b->sent.rows, (b->sent.count + 1) * sizeof(*rows));
	if (rows == NULL)
		return error_memory(err);
	b->sent.rows = rows;
	rows[b->sent.count++] = row;
	return 0;
}

/* Was it sent, or is it made by one of the ${count} records before? */
static bool
is_there(const struct backup *b, const struct walrecord_database *made, size_t count,
    uint32_t space, uint32_t database)
{
	for (size_t i = 0; i < b->sent.count; i++)
		if (b->sent.rows[i].space == space && b->sent.rows[i].database == database)
			return true;
	for (size_t i = 0; i < count; i++)
		if (made[i].space == space && made[i].database == database)
			return true;
	return false;
}

int
backup_copies_check(const struct backup *b, struct error *err)
{
	const struct walrecord_database *made;
	size_t count;

	made = walproof_databases(b->proof, &count);
	for (size_t i = 0; i < count; i++) {
		const struct walrecord_database *m = &made[i];

		if (!m->is_copy || is_there(b, made, i, m->from_space, m->from_database))
			continue;
		error_set(err, ERROR_STATE, 0,
		    "database %" PRIu32 " was copied while the backup ran from database %" PRIu32
		    ", which was gone before it was sent: it would be lost in a copy",
		    m->database, m->from_database);
		return error_hint(err, "Run the backup again.");
	}
	return 0;
}

void
backup_copies_free(struct backup *b)
{
	free(b->sent.rows);
}
