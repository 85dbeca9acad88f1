#ifndef PG_BASETAR_TESTS_TREERECORD_H
#define PG_BASETAR_TESTS_TREERECORD_H

#include <stdint.h>

#include "datadir/walk.h"
#include "lib/buf.h"

/*
 * A visitor that writes down what it is told, a line each: "d PATH" for a directory,
 * "l PATH TARGET" for a link, "b PATH LENGTH" for bytes, "r PATH SIZE" for a relation's
 * file, "f PATH SIZE" for another, "! PATH WHAT" for what is special.  When it is told of
 * ${act_at} it calls ${act}, and when of ${fail_at} it fails.
 */
struct treerecord {
	struct visitor visitor; /* first; its ops are treerecord_ops */
	struct buf text;
	uint64_t size;    /* as walk_sum() counts */
	const char *root; /* left out where a link's target begins with it */
	const char *act_at;
	void (*act)(const char *root);
	const char *fail_at;
};

extern const struct visitor_ops treerecord_ops;

#endif
