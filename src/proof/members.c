/* The members, all of them, judged by their names. */
#include "proof/members.h"

#include <stdio.h>
#include <string.h>

#include "format/layout.h"
#include "pg/cluster.h"
#include "tar/header.h"

int
proof_members_complete(const struct proof_members *m, struct error *err)
{
	struct memberset_row *row;

	if (m->facts->version == NULL &&
	    memberset_find(m->members, "PG_VERSION", &row, err))
		return -1;
	if (m->facts->version == NULL && row == NULL &&
	    proof_missing_add(m->missing, "PG_VERSION", NULL, err))
		return -1;
	if (memberset_find(m->members, LAYOUT_CONTROL, &row, err))
		return -1;
	if (row == NULL && proof_missing_add(m->missing, LAYOUT_CONTROL, NULL, err))
		return -1;
	/* the release was not known yet when it came */
	if (m->has_old_manifest && m->facts->version &&
	    !m->facts->version->sends_old_manifest &&
	    findings_add(m->findings, FINDINGS_STREAM,
		&(struct findings_location){ .member = LAYOUT_MANIFEST }, err,
		"is out of order: it belongs after pg_control"))
		return -1;
	for (unsigned n = 0; cluster_directory(n); n++) {
		if (memberset_find(m->members, cluster_directory(n), &row, err))
			return -1;
		if ((row == NULL || row->type != TAR_DIRECTORY) &&
		    (row || !cluster_directory_is_optional(n)) &&
		    proof_missing_add(m->missing, cluster_directory(n),
			"required directory is missing (the server does not create it)",
			err))
			return -1;
	}
	return 0;
}

/* ---- where each belongs ---- */

/* Nothing describes these but their names and what is in them. */
static bool
is_listed_nowhere(const struct memberset_row *row)
{
	const enum memberorder_kind kind = memberorder_kind(row->path, row->type);

	return kind == MEMBERORDER_SEGMENT || kind == MEMBERORDER_HISTORY ||
	    kind == MEMBERORDER_MARK || kind == MEMBERORDER_MANIFEST;
}

/*
 * A mark without its WAL.  If the backup needs that, it is missing, which was told.  If not, the
 * copy starts as well: recovery does not ask for marks, and the archiver drops a .ready whose
 * segment is gone.  It is not nothing either: no backup sends one, and where the copy goes on in
 * that timeline a .done would let it remove a segment of that name before it is archived.  So
 * whoever restores it is warned.
 */
static int
warn_of_mark(const struct proof_members *m, const struct memberset_row *row,
    const char *about, struct error *err)
{
	char text[192];
	bool is_told;

	if (proof_missing_is_told(m->missing, about, &is_told, err))
		return -1;
	if (is_told)
		return 0;
	snprintf(text, sizeof(text),
	    "\"%.100s\" marks a WAL segment that is not in the backup", row->path);
	m->findings->warn(text);
	return 0;
}

/* "pg_wal/archive_status/NAME.done" or ".ready": empty, and pg_wal/NAME is there. */
static int
judge_mark(const struct proof_members *m, const struct memberset_row *row,
    const struct findings_location *location, struct error *err)
{
	const char *name = strrchr(row->path, '/') + 1, *suffix = strrchr(name, '.');
	struct memberset_row *about = NULL;
	bool is_of_wal = false;
	char path[64];

	if (suffix && (strcmp(suffix, ".done") == 0 || strcmp(suffix, ".ready") == 0) &&
	    suffix - name < 32) {
		snprintf(
		    path, sizeof(path), LAYOUT_WAL "/%.*s", (int)(suffix - name), name);
		if (memberset_find(m->members, path, &about, err))
			return -1;
		is_of_wal = memberorder_is_wal(path);
	}
	if (about == NULL && !is_of_wal)
		return findings_add(m->findings, FINDINGS_EXTRA, location, err,
		    "does not belong there: it does not mark a WAL segment");
	if (about == NULL && warn_of_mark(m, row, path, err))
		return -1;
	return row->size == 0 ?
	    0 :
	    findings_add_size(m->findings, location, 0, row->size, err);
}

static int
members_judge_row(
    const struct proof_members *m, const struct memberset_row *row, struct error *err)
{
	const struct findings_location location = {
		.member = row->path, .has_offset = true, .offset = row->offset
	};

	if (row->type == TAR_FILE &&
	    memberorder_kind(row->path, row->type) == MEMBERORDER_MARK)
		return judge_mark(m, row, &location, err);
	if (row->type != TAR_FILE || row->is_listed || is_listed_nowhere(row) ||
	    memberorder_is_setting(row->path, m->facts->info))
		return 0;
	if (m->is_manifest_whole)
		return findings_add(m->findings, FINDINGS_EXTRA, &location, err,
		    "is not listed in the manifest");
	if (strncmp(row->path, LAYOUT_WAL "/", sizeof(LAYOUT_WAL)) == 0)
		return findings_add(
		    m->findings, FINDINGS_EXTRA, &location, err, "does not belong there");
	return 0;
}

/*
 * The directory ${path} of ${row}, which is a member too.  NULL: it need not be one: the
 * archive of a tablespace does not have the directory of its OID.
 */
static int
find_parent(const struct proof_members *m, const struct memberset_row *row,
    const char *path, struct memberset_row **parent, bool *is_needed, struct error *err)
{
	const char *oid = strrchr(path, '/');
	char there[64];

	*is_needed = true;
	if (!row->is_moved || strncmp(path, "pg_tblspc/", 10) != 0 || oid != path + 9)
		return memberset_find(m->members, path, parent, err);
	*is_needed = !m->are_spaces_apart;
	snprintf(there, sizeof(there), "%s%s", LAYOUT_TABLESPACES, oid);
	return memberset_find(m->members, there, parent, err);
}

/* Those of one directory come together: the last that was found is not looked for again. */
static int
judge_parent(const struct proof_members *m, const struct memberset_row *row,
    struct buf *last, struct error *err)
{
	const char *slash = strrchr(row->path, '/');
	struct memberset_row *parent;
	bool is_needed;
	size_t len;

	if (slash == NULL)
		return 0;
	len = (size_t)(slash - row->path);
	if (last->len == len && strncmp(buf_text(last), row->path, len) == 0)
		return 0;
	buf_clear(last);
	if (buf_append(last, row->path, len, err) ||
	    find_parent(m, row, buf_text(last), &parent, &is_needed, err))
		return -1;
	if (parent ? parent->type == TAR_DIRECTORY : !is_needed)
		return 0;
	if (parent == NULL)
		return proof_missing_add(m->missing, buf_text(last),
		    "directory is missing, although the backup has files in it", err);
	return findings_add(m->findings, FINDINGS_NAME,
	    &(struct findings_location){
		.member = row->path, .has_offset = true, .offset = row->offset },
	    err, "its parent is not a directory");
}

static int
judge_rows(const struct proof_members *m, struct buf *last, struct error *err)
{
	struct memberset_row *const *rows;

	if (memberset_sorted(m->members, &rows, err))
		return -1;
	for (size_t i = 0; i < memberset_count(m->members); i++) {
		const bool is_second =
		    i > 0 && strcmp(rows[i - 1]->path, rows[i]->path) == 0;

		if (is_second &&
		    findings_add(m->findings, FINDINGS_DUPLICATE,
			&(struct findings_location){ .member = rows[i]->path,
			    .has_offset = true,
			    .offset = rows[i]->offset },
			err, "exists twice"))
			return -1;
		if (!is_second &&
		    (members_judge_row(m, rows[i], err) ||
			judge_parent(m, rows[i], last, err)))
			return -1;
	}
	return 0;
}

int
proof_members_judge(const struct proof_members *m, struct error *err)
{
	struct buf last = { 0 };
	int rc = judge_rows(m, &last, err);

	buf_free(&last);
	return rc;
}
