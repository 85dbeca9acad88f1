#ifndef PG_BASETAR_DATADIR_TABLESPACE_H
#define PG_BASETAR_DATADIR_TABLESPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "lib/error.h"
#include "lib/oids.h"
#include "lib/relocation.h"
#include "pg/cluster.h"

/*
 * The tablespaces of a cluster: the symbolic links in pg_tblspc whose name is an OID.
 * Below its location each has one directory that belongs to this release, named as
 * PG_15_202209061; other releases may have theirs next to it.  CREATE TABLESPACE makes that directory
 * before the link, DROP TABLESPACE removes it before the link (commands/tablespace.c).
 *
 * A real directory pg_tblspc/OID (allow_in_place_tablespaces) is no row here: it is a
 * part of the tree.
 */
struct tablespace {
	uint32_t oid;
	char oid_text[11];
	char *target;      /* the link's text, not resolved */
	bool is_relocated; /* it is read from elsewhere: location and fd are there */
	int fd; /* its directory of this release: held open, so it stays mounted */
	/* of the directory that the link leads to, or stands for it */
	struct stat location;
	struct stat directory; /* of ${fd} */
	uint64_t size;         /* bytes of tar stream; 0 until walk_sum() */
	uint64_t sent;         /* of these, kept by the one that sends it */
};

/* One that is left out: nothing of it is opened, it may be gone. */
struct tablespace_absent {
	uint32_t oid;
	char oid_text[11];
	char *target; /* the link's text */
};

struct tablespaces {
	size_t count;
	size_t in_place;         /* directories in pg_tblspc, not counted above */
	struct tablespace *rows; /* in the byte order of oid_text, as in pg_tblspc */
	size_t nabsent;
	struct tablespace_absent *absent;
};

/* Which of them are read, and where. */
struct tablespaces_choice {
	const struct relocations *relocations; /* NULL: where the links lead */
	const struct oids *without;            /* NULL: all */
};

/*
 * Read the links in pg_tblspc below ${datadir_fd} and open what they lead to.  A
 * location that cannot be entered, or lacks the directory of this release, while the
 * link stays for a second, is ERROR_STATE: a volume that is not mounted.  If the link
 * goes as well the tablespace was dropped, and is no row.  No pg_tblspc means no
 * tablespaces.  On failure *list is empty.
 *
 * A tablespace whose link says what is in the choice's relocations is read from what stands
 * there for it, and the link followed nowhere.
 */
MUST_CHECK int tablespaces_read(int datadir_fd, const struct pg_version *version,
    const struct tablespaces_choice *choice, struct tablespaces *list, struct error *err);

/* Is it one of those left out, by the name of its link? */
bool tablespaces_is_absent(const struct tablespaces *list, const char *oid_text);

/* By the name of its link; NULL: not in the list. */
const struct tablespace *tablespaces_find(
    const struct tablespaces *list, const char *oid_text);

/* Is ${st} the directory of this release of one of them? */
bool tablespaces_has_directory(const struct tablespaces *list, const struct stat *st);

/* A decimal OID as the server writes it: no leading zero, 1 to 4294967295. */
bool tablespaces_parse_oid(const char *name, uint32_t *oid);

/* Is ${path}, relative to the data directory, the place of a tablespace's link? */
bool tablespaces_is_link(const char *path);

/*
 * The directory of ${t} was found removed: 0 if the link is gone too, or goes within a
 * second, so that the tablespace was dropped; else ERROR_STATE as above.
 */
MUST_CHECK int tablespaces_check_dropped(
    int datadir_fd, const struct tablespace *t, struct error *err);

/* Close and release; the list is empty. */
void tablespaces_free(struct tablespaces *list);

#endif
