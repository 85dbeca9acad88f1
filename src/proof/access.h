#ifndef PG_BASETAR_PROOF_ACCESS_H
#define PG_BASETAR_PROOF_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/archivepart.h"
#include "format/facts.h"
#include "format/findings.h"
#include "format/memberorder.h"
#include "tar/header.h"

/* More users than files of a cluster ever belong to. */
#define PROOF_ACCESS_OWNERS 16

/* Can a server use what is unpacked?  Owners and modes, as far as they are not given anew. */
struct proof_access {
	/* borrowed */
	const struct facts *facts;
	struct findings *findings;

	uint64_t special; /* members with bits of their mode that are not unpacked */
	bool has_control;
	uint64_t uid; /* of pg_control */
	struct proof_access_owner {
		uint64_t uid;
		uint64_t members;  /* that no other user can use as a server must */
		const char *first; /* of them */
	} owners[PROOF_ACCESS_OWNERS];
	size_t nowners;
};

/*
 * A member of that kind, in an archive ${part}; PostgreSQL names it ${path}, which stays valid.
 * What of its mode keeps the server out, and so must not be unpacked; NULL: nothing.
 */
const char *proof_access_look(struct proof_access *, enum archivepart_kind part,
    enum memberorder_kind kind, const char *path, const struct tar_entry *entry);

/*
 * All have come.  A warning for each user: restore gives all that a server needs to one, and so
 * any user but root does on unpacking.
 */
void proof_access_judge(const struct proof_access *);

#endif
