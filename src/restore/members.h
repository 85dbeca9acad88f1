#ifndef PG_BASETAR_RESTORE_MEMBERS_H
#define PG_BASETAR_RESTORE_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "lib/buf.h"
#include "lib/error.h"

struct checker;
struct restore_finish;
struct restore_links;
struct restore_ownership;
struct restore_directories;
struct restore_plan;
struct restore_settings;
struct restore_tree;
struct tar_entry;

/*
 * The members of a backup as they come, each after ${checker} has seen it: what may not be
 * unpacked is refused, the rest is written into the tree, or kept for the parts that write it later.
 */
struct restore_members {
	/* borrowed */
	const struct checker *checker;
	const struct restore_directories *directories;
	struct restore_plan *plan;
	struct restore_ownership *ownership;
	struct restore_tree *tree;
	struct restore_settings *settings;
	struct restore_links *links;
	struct restore_finish *finish;

	/* the member that passes: what becomes of its bytes */
	enum { RESTORE_PASS_OVER, RESTORE_WRITE, RESTORE_KEEP } fate;
	time_t mtime;
	struct buf kept; /* its bytes */
	size_t kept_most;

	/* backup_label and pg_basetar.info, which come before it is known where things go */
	struct restore_members_early {
		char *path;
		struct buf text;
		uint32_t mode;
		time_t mtime;
	} early[2];
	size_t nearly;

	bool has_origins;       /* replication origins, as subscriptions have */
	bool is_manifest_begun; /* of the one next to the archives */
};

/* A member begins; its bytes; its end.  ERROR_FORMAT: it may not be unpacked. */
MUST_CHECK int restore_members_begin(
    struct restore_members *, const struct tar_entry *entry, struct error *err);
MUST_CHECK int restore_members_bytes(
    struct restore_members *, const uint8_t *bytes, size_t len, struct error *err);
MUST_CHECK int restore_members_end(struct restore_members *, struct error *err);

/*
 * Bytes of the manifest next to the archives, which belongs into the directory; ${len} 0: its end.
 */
MUST_CHECK int restore_members_manifest(
    struct restore_members *, const uint8_t *bytes, size_t len, struct error *err);

void restore_members_free(struct restore_members *);

#endif
