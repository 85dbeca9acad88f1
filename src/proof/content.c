/*
 * What is wrong with the content of a member.  Several checks may notice one cause: a bit
 * that flipped makes the checksum of a page or of a small file wrong, and the digest of the
 * whole file as well; a file that was cut is of another size, and cannot be read.  As one
 * cause is one finding, the most telling one is told:
 *
 *	the size	where it is not the one that the manifest lists;
 *	the fault	which names the page, or says what in a small file is damaged, and
 *			with the digest whether it was damaged before the backup or after;
 *	the digest	where nothing else is known to be wrong with the file.
 *
 * The manifest comes last.  So a fault waits until it was heard, and a digest until the
 * pages were judged: the WAL may mend one that looks damaged, and then the digest alone
 * tells that the file is not as it was sent.
 *
 * A file with another digest always has a finding: row->is_damage_told, which keeps its
 * digest from being told, is set only where a finding about its content is, or will be.
 */
#include "proof/content.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * So many findings wait at most.  In a backup that is damaged in more places each further one is
 * told at once, and its cause may be told a second time.
 */
enum { WAITING_MOST = 1000 };

struct proof_content_waiting {
	struct proof_content_waiting *next;
	struct memberset_row *row;
	enum findings_kind kind;
	char expected[2 * DIGEST_MAX + 1],
	    found[2 * DIGEST_MAX + 1]; /* digests; else empty */
	char text[];
};

static void
free_list(struct proof_content_waiting *w)
{
	struct proof_content_waiting *next;

	for (; w; w = next) {
		next = w->next;
		free(w);
	}
}

static struct findings_location
location_of(const struct proof_content *c, const struct proof_content_waiting *w)
{
	/* of label, pg_control and others that are there once the name says where */
	return (struct findings_location){ .member = w->row->path,
		.has_offset = w->kind == FINDINGS_STATE || w->kind == FINDINGS_DIGEST,
		.offset = w->row->offset,
		.expected = w->expected[0] ? w->expected : NULL,
		.found = w->found[0] ? w->found : NULL,
		.digest = w->kind == FINDINGS_DIGEST ? FINDING_NOT_COMPARED :
						       proof_content_digest(c, w->row) };
}

/* Has another finding the same cause? */
static bool
is_explained(const struct proof_content_waiting *w)
{
	return w->kind == FINDINGS_DIGEST ? w->row->is_damage_told : w->row->is_size_told;
}

/* Takes ${w}. */
static int
content_report(
    struct proof_content *c, struct proof_content_waiting *w, struct error *err)
{
	const struct findings_location location = location_of(c, w);
	int rc = 0;

	if (!is_explained(w))
		rc = findings_add(c->findings, w->kind, &location, err, "%s", w->text);
	free(w);
	return rc;
}

/* Takes ${w}. */
static int
wait_or_tell(struct proof_content *c, struct proof_content_waiting *w, struct error *err)
{
	if (c->count == WAITING_MOST)
		return content_report(c, w, err);
	c->count++;
	*(c->last ? &c->last->next : &c->first) = w;
	c->last = w;
	return 0;
}

static struct proof_content_waiting *
new_waiting(struct memberset_row *row, enum findings_kind kind, const char *text)
{
	const size_t len = strlen(text) + 1;
	struct proof_content_waiting *w = calloc(1, sizeof(*w) + len);

	if (w == NULL)
		return NULL;
	w->row = row;
	w->kind = kind;
	memcpy(w->text, text, len);
	return w;
}

int
proof_content_fault(struct proof_content *c, struct memberset_row *row,
    enum findings_kind kind, struct error *err)
{
	struct proof_content_waiting *w;

	if (!findings_is_fault(err))
		return -1;
	w = new_waiting(row, kind, err->text);
	if (w == NULL)
		return error_memory(err);
	*err = (struct error){ 0 };
	row->is_damage_told = true;
	return wait_or_tell(c, w, err);
}

int
proof_content_differs(struct proof_content *c, struct memberset_row *row,
    enum digest_kind kind, const char *expected, const char *found, struct error *err)
{
	struct proof_content_waiting *w =
	    new_waiting(row, FINDINGS_DIGEST, digest_name(kind));

	if (w == NULL)
		return error_memory(err);
	snprintf(w->expected, sizeof(w->expected), "%s", expected);
	snprintf(w->found, sizeof(w->found), "%s", found);
	return wait_or_tell(c, w, err);
}

enum finding_digest
proof_content_digest(const struct proof_content *c, const struct memberset_row *row)
{
	return c->are_digests_sound ? (enum finding_digest)row->digest :
				      FINDING_NOT_COMPARED;
}

/* All that wait; or only faults, and not digests. */
static int
tell_waiting(struct proof_content *c, bool but_digests, struct error *err)
{
	struct proof_content_waiting *first = c->first, *w;
	int rc = 0;

	c->first = c->last = NULL;
	c->count = 0;
	while (rc == 0 && (w = first) != NULL) {
		first = w->next;
		w->next = NULL;
		rc = but_digests && w->kind == FINDINGS_DIGEST ?
		    wait_or_tell(c, w, err) :
		    content_report(c, w, err);
	}
	free_list(first);
	return rc;
}

int
proof_content_is_told(
    struct proof_content *c, const char *path, bool *is_told, struct error *err)
{
	struct memberset_row *row;

	if (proof_missing_is_told(c->missing, path, is_told, err) ||
	    memberset_find(c->members, path, &row, err))
		return -1;
	*is_told |= row && (row->is_size_told || row->is_damage_told);
	return 0;
}

int
proof_content_tell_faults(struct proof_content *c, struct error *err)
{
	return tell_waiting(c, true, err);
}

int
proof_content_tell_rest(struct proof_content *c, struct error *err)
{
	return tell_waiting(c, false, err);
}

void
proof_content_free(struct proof_content *c)
{
	free_list(c->first);
}
