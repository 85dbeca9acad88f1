/*
 * The kind of a member follows from its name, and the order of the kinds is that of their enum: but
 * for the marks, a member whose kind is less than that of the one before it is out of order.  A
 * reader of a pipe sees each member once, and depends on this order: what describes the backup
 * comes before the tree, the WAL after it, and the manifest at the end.
 */
#include "format/memberorder.h"

#include <string.h>

#include "format/infofile.h"
#include "format/layout.h"
#include "lib/path.h"
#include "pg/control.h"
#include "wal/walhistory.h"
#include "wal/walname.h"

static bool
is_below(const char *path, const char *directory)
{
	const size_t len = strlen(directory);

	return strncmp(path, directory, len) == 0 &&
	    (path[len] == '/' || path[len] == '\0');
}

static enum memberorder_kind
kind_of_wal(const char *name)
{
	if (walname_is_segment(name))
		return MEMBERORDER_SEGMENT;
	if (walname_is_history(name))
		return MEMBERORDER_HISTORY;
	return strncmp(name, "archive_status/", 15) == 0 ? MEMBERORDER_MARK :
							   MEMBERORDER_TREE;
}

enum memberorder_kind
memberorder_kind(const char *path, char type)
{
	static const struct {
		const char *path;
		enum memberorder_kind kind;
	} files[] = {
		{ LAYOUT_LABEL, MEMBERORDER_LABEL },
		{ LAYOUT_MAP, MEMBERORDER_MAP },
		{ LAYOUT_INFO, MEMBERORDER_INFO },
		{ LAYOUT_CONTROL, MEMBERORDER_CONTROL },
		{ LAYOUT_MANIFEST, MEMBERORDER_MANIFEST },
	};

	if (is_below(path, LAYOUT_CONFIG))
		return MEMBERORDER_CONFIG;
	if (type == TAR_DIRECTORY)
		return MEMBERORDER_TREE;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (strcmp(path, files[i].path) == 0)
			return files[i].kind;
	if (strncmp(path, LAYOUT_WAL "/", sizeof(LAYOUT_WAL)) == 0)
		return kind_of_wal(path + sizeof(LAYOUT_WAL));
	return MEMBERORDER_TREE;
}

bool
memberorder_is_old_manifest(enum memberorder_kind kind, bool has_info, bool has_control,
    const struct pg_version *version)
{
	return kind == MEMBERORDER_MANIFEST && !has_info && !has_control &&
	    (version == NULL || version->sends_old_manifest);
}

bool
memberorder_is_setting(const char *path, bool is_ours)
{
	static const char *const names[] = { "standby.signal", "recovery.conf",
		MEMBERORDER_AUTO_CONF };

	for (size_t i = 0; !is_ours && i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(path, names[i]) == 0)
			return true;
	return false;
}

bool
memberorder_is_wal(const char *path)
{
	const enum memberorder_kind kind = memberorder_kind(path, TAR_FILE);

	return kind == MEMBERORDER_SEGMENT || kind == MEMBERORDER_HISTORY;
}

size_t
memberorder_text_most(enum memberorder_kind kind, const char *path)
{
	switch (kind) {
	case MEMBERORDER_LABEL:
	case MEMBERORDER_MAP:
	case MEMBERORDER_INFO:
		return INFOFILE_MOST;
	case MEMBERORDER_CONTROL:
		return CONTROL_SIZE;
	case MEMBERORDER_HISTORY:
		return WALHISTORY_TEXT_MAX;
	case MEMBERORDER_TREE:
		return strcmp(path, "PG_VERSION") == 0 ? 64 : 0;
	default:
		return 0;
	}
}

const char *
memberorder_name_fault(const char *name)
{
	if (name[0] == '/')
		return "its name is absolute";
	for (const char *part = name;; part++) {
		size_t len = strcspn(part, "/");

		if (len == 0)
			return "its name has an empty component";
		if (len <= 2 && strncmp(part, "..", len) == 0)
			return len == 1 ? "its name has the component \".\"" :
					  "its name has the component \"..\"";
		part += len;
		if (*part == '\0')
			return NULL;
	}
}

/* ---- which may follow which ---- */

static const char *
fault_of_rank(const struct memberorder *o, enum memberorder_kind kind)
{
	static const char *const faults[] = {
		[MEMBERORDER_LABEL] = "is out of order: it must be the first member",
		[MEMBERORDER_MAP] = "is out of order: it belongs after backup_label",
		[MEMBERORDER_INFO] =
		    "is out of order: it belongs before the data directory's tree",
		[MEMBERORDER_CONFIG] =
		    "is out of order: it belongs before the data directory's tree",
		[MEMBERORDER_TREE] =
		    "is out of order: it belongs before pg_control, which ends the tree",
		[MEMBERORDER_CONTROL] =
		    "is out of order: it belongs between the tree and the WAL",
		[MEMBERORDER_SEGMENT] =
		    "is out of order: it belongs before the history files",
		[MEMBERORDER_HISTORY] = "is out of order: it belongs before the manifest",
	};

	if (kind == MEMBERORDER_MANIFEST || kind >= o->last)
		return NULL;
	return faults[kind];
}

int
memberorder_next(struct memberorder *o, enum memberorder_kind kind, const char *name,
    bool is_ours, const char **fault, struct error *err)
{
	bool is_ordered;

	*fault = NULL;
	/* a copy may have such a directory of its own, with files of other names */
	if (kind == MEMBERORDER_CONFIG && o->has_begun && o->last == MEMBERORDER_TREE)
		kind = MEMBERORDER_TREE;
	is_ordered = kind == MEMBERORDER_TREE && is_ours;
	if (kind == MEMBERORDER_MARK)
		return 0;
	if (o->has_begun) {
		*fault = fault_of_rank(o, kind);
		if (*fault)
			return 0;
	}
	if (o->has_begun && kind == o->last && is_ordered &&
	    path_compare(buf_text(&o->name), name) > 0) {
		*fault = "is out of order: it belongs before the member that it follows";
		return 0;
	}
	o->has_begun = true;
	o->last = kind;
	if (!is_ordered)
		return 0;
	buf_clear(&o->name);
	return buf_append(&o->name, name, strlen(name), err);
}

void
memberorder_free(struct memberorder *o)
{
	buf_free(&o->name);
	*o = (struct memberorder){ 0 };
}
