/* Members that a backup needs and does not have, each told once. */
#include "proof/missing.h"

#include <stdio.h>
#include <string.h>

#include "format/layout.h"
#include "format/memberorder.h"
#include "pg/cluster.h"
#include "pg/slru.h"
#include "pg/statefile.h"

/* Names that are remembered, and bytes of those that wait: no cluster needs as many. */
enum { NAMES_MOST = 1 << 16, WAL_MOST = 1 << 20 };

/* What others ask for than the manifest, and the reason that says more than it. */
static const struct needed {
	const char *path, *why;
} needed[] = {
	{ "PG_VERSION", "is missing: it names the release of the cluster" },
	{ LAYOUT_CONTROL, "is missing: the server does not start without it" },
	{ LAYOUT_LABEL,
	    "is missing: without it a copy of a running server does not start, or is corrupt" },
	{ LAYOUT_MAP, "is missing: without it the server does not find the tablespaces" },
	{ LAYOUT_INFO, "is missing: it says how the backup was made" },
};

static const char *
reason_of(const char *path)
{
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (strcmp(needed[i].path, path) == 0)
			return needed[i].why;
	return "is listed in the manifest but missing from the archive";
}

/* What several checks ask for; relations, of which there are most, only the manifest has. */
static bool
is_asked_again(const char *path)
{
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (strcmp(needed[i].path, path) == 0)
			return true;
	for (unsigned n = 0; cluster_directory(n); n++)
		if (strcmp(cluster_directory(n), path) == 0)
			return true;
	return memberorder_is_wal(path);
}

int
proof_missing_open(struct proof_missing *m, struct findings *findings, struct error *err)
{
	*m = (struct proof_missing){ .findings = findings };
	return memberset_new(&m->told, err);
}

int
proof_missing_is_told(
    struct proof_missing *m, const char *path, bool *is_told, struct error *err)
{
	struct memberset_row *row;

	if (memberset_find(m->told, path, &row, err))
		return -1;
	*is_told = row != NULL;
	return 0;
}

int
proof_missing_note(struct proof_missing *m, const char *path, struct error *err)
{
	struct memberset_row *row;

	return memberset_count(m->told) < NAMES_MOST ?
	    memberset_add(m->told, path, &row, err) :
	    0;
}

int
proof_missing_add(
    struct proof_missing *m, const char *path, const char *why, struct error *err)
{
	struct memberset_row *row;
	bool is_told;

	if (proof_missing_is_told(m, path, &is_told, err))
		return -1;
	if (is_told)
		return 0;
	if (is_asked_again(path) && memberset_add(m->told, path, &row, err))
		return -1;
	return findings_add(m->findings, FINDINGS_MISSING,
	    &(struct findings_location){ .member = path }, err, "%s",
	    why ? why : reason_of(path));
}

int
proof_missing_tell(
    struct proof_missing *m, const char *path, const char *why, struct error *err)
{
	if (proof_missing_note(m, path, err))
		return -1;
	return findings_add(m->findings, FINDINGS_MISSING,
	    &(struct findings_location){ .member = path }, err, "%s",
	    why ? why : reason_of(path));
}

/*
 * The manifest of pg_basebackup -X fetch lists history files and marks, those of other programs may
 * list segments, too; the walk through the WAL says more of them.  Names that the manifest alone
 * has are added without a search, as each search sorts what was added.
 */
int
proof_missing_listed(struct proof_missing *m, const char *path, struct error *err)
{
	enum slru_kind kind;
	uint64_t segment;

	if (memberorder_is_wal(path))
		return m->wal.len <= WAL_MOST ? buf_printf(&m->wal, err, "%s\n", path) :
						proof_missing_tell(m, path, NULL, err);
	if (is_asked_again(path))
		return proof_missing_add(m, path, NULL, err);
	if (statefile_kind(path) != STATEFILE_NONE || slru_locate(path, &kind, &segment))
		return proof_missing_tell(m, path, NULL, err);
	return findings_add(m->findings, FINDINGS_MISSING,
	    &(struct findings_location){ .member = path }, err, "%s", reason_of(path));
}

int
proof_missing_judge(struct proof_missing *m, struct error *err)
{
	char path[64];
	bool is_told;
	size_t len;

	for (const char *at = buf_text(&m->wal); *at; at += len + 1) {
		len = strcspn(at, "\n");
		snprintf(path, sizeof(path), "%.*s", (int)len, at);
		if (proof_missing_is_told(m, path, &is_told, err) ||
		    (!is_told &&
			findings_add(m->findings, FINDINGS_MISSING,
			    &(struct findings_location){ .member = path }, err, "%s",
			    reason_of(path))))
			return -1;
	}
	return 0;
}

void
proof_missing_free(struct proof_missing *m)
{
	memberset_free(m->told);
	buf_free(&m->wal);
}
