#ifndef PG_BASETAR_TOOLS_MUTILATE_H
#define PG_BASETAR_TOOLS_MUTILATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/buf.h"
#include "lib/error.h"
#include "tar/header.h"

/*
 * An archive in memory, one thing wrong with it, and what verify must say of that.
 * Whatever cannot be done ends the program: the archive is not one that the row is for.
 */
_Noreturn void die(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* For calls that fail only where the archive is not as it should be. */
void must(int rc, const struct error *err);

/* ---- the archive (image.c) ---- */

struct member {
	char *name; /* as tar_reader_next() tells it */
	char type;
	struct buf head; /* the header, and what stands before it */
	struct buf body; /* without padding */
};

struct image {
	struct member *rows;
	size_t count;
	struct buf end;  /* what follows the last member */
	struct buf flat; /* not empty: this is written, and the above is not looked at */
	size_t burst_at, burst; /* before that member so many empty ones are written */
	/* path of an archive of another cluster; NULL: there is none */
	const char *other;
};

/* All bytes of the file, in ${flat}. */
void image_read(struct image *, const char *path);
/* Take ${flat} apart, and put it together again. */
void image_parse(struct image *);
void image_flatten(struct image *);
void image_write(const struct image *, FILE *out);
void image_free(struct image *);

/*
 * The first member whose name matches a glob(7) pattern, a "*" no slash; or "first segment",
 * "middle segment", "last segment" of the WAL.  NULL: there is none; image_need() dies then.
 */
struct member *image_find(const struct image *, const char *pattern);
struct member *image_need(const struct image *, const char *pattern);

void image_remove(struct image *, struct member *);
/* An empty row before ${at}, which is filled by the caller; pointers to members are stale. */
struct member *image_insert(struct image *, size_t at);
size_t image_index(const struct image *, const struct member *);
/* Where it begins in the archive. */
size_t image_offset(const struct image *, const struct member *);

/* The member's own header, and its checksum made right. */
uint8_t *member_header(struct member *);
void member_seal(struct member *);
/* Another body, and the header says so. */
void member_set_body(struct member *, const void *bytes, size_t len);
/* ${len} bytes of its body from ${at} on become ${text}. */
void member_splice(struct member *, size_t at, size_t len, const char *text);
/* The size in its header is that of its body. */
void member_set_size(struct member *);
/* A header anew, for a file of that body, a directory, a link. */
void member_make(struct member *, const struct tar_entry *, const void *body);
void member_free(struct member *);
void member_copy(struct member *to, const struct member *from);

/* A field of a header: "name", "mode", ..., "padding". */
uint8_t *header_field(uint8_t *header, const char *field, size_t *len);

/* ---- the manifest (remanifest.c) ---- */

/* Its own checksum made right. */
void manifest_reseal(struct image *);
/* All of it made anew, from the members as they are, but for WAL-Ranges. */
void manifest_rebuild(struct image *);
/* Where WAL begins and ends, and on which timeline. */
void manifest_wal(
    const struct image *, uint32_t *timeline, uint64_t *start, uint64_t *end);

/*
 * Make of the --split backup ${dir} in ${out} what pg_basebackup -X ${method} writes, or to
 * "stdout" (stock.c).  Returns 0.
 */
int stock(const char *dir, const char *out, const char *method);

/* ---- the table ---- */

enum repair {
	AS_IS,  /* the manifest tells of it */
	RESEAL, /* the manifest's own checksum is right */
	REBUILD /* all in the manifest is right */
};

#define ONE_FINDING 4

/* What a finding about the content of a file says of its digest. */
#define CHANGED \
	".*; the digest of the file does not match the manifest: it was changed after it was " \
	"backed up$"
#define NOT_CHANGED \
	".*; the digest of the file matches the manifest: it was like this when it was " \
	"backed up$"

struct mutilation {
	const char *name;
	const char *archives; /* to which it can be done: "online offline" */
	void (*apply)(struct image *, const struct mutilation *);
	const char *member;    /* to which, for image_need() */
	const char *from, *to; /* and what */
	int64_t number;
	enum repair repair;
	/* of verify; ONE_FINDING: 3, and it finds no more than that */
	int status;
	/* extended regular expressions, each follows "pg_basetar: " */
	const char *wanted[2];
};

/* Each ends with a row without name. */
extern const struct mutilation header_rows[], gnu_rows[], name_rows[], member_rows[],
    text_rows[], control_rows[], manifest_rows[], wal_rows[], stream_rows[], gzip_rows[],
    state_rows[];

/* What rows have in common (change.c). */
void change_remove(struct image *, const struct mutilation *);
/* ${to}: before which member it comes instead; NULL: it is the last. */
void change_move(struct image *, const struct mutilation *);
/* It is there twice: another after it; ${to}: with this body. */
void change_double(struct image *, const struct mutilation *);
/* ${number} bytes less at its end; ${from} "to": only so many are left. */
void change_shorten(struct image *, const struct mutilation *);
/* ${number} bytes more, of the letter X. */
void change_lengthen(struct image *, const struct mutilation *);
/* One bit of byte ${number}; of a negative one, from the end. */
void change_flip(struct image *, const struct mutilation *);
/* The first ${from} in the body becomes ${to}; NULL: all of it does. */
void change_text(struct image *, const struct mutilation *);
/* It has the body that it has in the archive of another cluster. */
void change_other(struct image *, const struct mutilation *);
/* A file more, ${to} with the body ${from}, before ${member}. */
void change_add(struct image *, const struct mutilation *);
/* It has the name ${to}. */
void change_name(struct image *, const struct mutilation *);

#endif
