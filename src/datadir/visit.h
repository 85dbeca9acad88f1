#ifndef PG_BASETAR_DATADIR_VISIT_H
#define PG_BASETAR_DATADIR_VISIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "datadir/dirlist.h"
#include "datadir/member.h"
#include "datadir/walksum.h"
#include "lib/buf.h"
#include "lib/cancel.h"
#include "lib/error.h"

/* A file that is no relation's is read whole up to that many bytes. */
#define VISIT_SMALL ((size_t)1024 * 1024)

/*
 * What is called for each of them.  ${path} is relative to the data directory as PostgreSQL
 * names it, with tablespaces below pg_tblspc/OID/PG_x; it and ${st} are valid during the call only.
 *
 *  directory	A directory, before what is in it; not called for the data directory itself.
 *  link	A tablespace's link, pg_tblspc/OID; ${target} is its text.
 *  bytes	A small file that is no relation's.  st_size is ${len}.
 *  file	Any other file: ${fd} is taken, on failure too.  Relation files come this way
 *		however small they are.  The file may be of another size when it is read.
 *  special	Something that the walk does not follow or read: a fifo, a symbolic link and so
 *		on.  The visitor may send another file instead, if it knows one.
 */
struct visitor;

struct visitor_ops {
	int (*directory)(
	    struct visitor *, const char *path, const struct stat *st, struct error *);
	int (*link)(struct visitor *, const char *path, const char *target,
	    const struct stat *st, struct error *);
	int (*bytes)(struct visitor *, const char *path, const struct stat *st,
	    const uint8_t *bytes, size_t len, struct error *);
	int (*file)(struct visitor *, const char *path, const struct stat *st, int fd,
	    bool is_relation, struct error *);
	int (*special)(
	    struct visitor *, const char *path, enum dirlist_kind kind, struct error *);
};

struct visitor {
	const struct visitor_ops *ops; /* the first member of each kind of visitor */
};

/*
 * Where a walk (walk.h) is, and what hears of that.  visit_begin() it when the visitor and the
 * three below it are set.
 */
struct visit {
	struct visitor *visitor; /* NULL: only the sum is wanted */
	/* as of the walk; borrowed */
	bool is_frozen;
	struct member_judge *judge;
	const struct cancel *cancel;

	struct buf path;    /* of what is being looked at */
	uint8_t *small;     /* VISIT_SMALL + 1 bytes, one to see that there are more */
	struct walksum sum; /* so far, when only that is wanted */
};

MUST_CHECK int visit_begin(struct visit *, struct error *err);
void visit_end(struct visit *);

/* One name further down; and back, to where the path had ${len} bytes. */
MUST_CHECK int visit_enter(struct visit *, const char *name, struct error *err);
void visit_leave(struct visit *, size_t len);

/* Say where ${err} came from, or where ${call} failed as errno says; always -1. */
int visit_wrap(const struct visit *, const char *what, struct error *err);
int visit_failed(
    const struct visit *, const char *what, const char *call, struct error *err);

/* Something changed: ERROR_STATE in a frozen tree, where nothing may; else 0. */
MUST_CHECK int visit_changed(const struct visit *, struct error *err);

/* What is here.  A file is opened; nothing is called for what *found to be something else. */
MUST_CHECK int visit_directory(struct visit *, const struct stat *st, struct error *err);
MUST_CHECK int visit_link(
    struct visit *, const char *target, const struct stat *st, struct error *err);
MUST_CHECK int visit_special(struct visit *, enum dirlist_kind kind, struct error *err);
MUST_CHECK int visit_file(struct visit *, int dirfd, const char *name, bool is_relation,
    enum member_found *found, struct error *err);

#endif
