/* Members that are kept whole, because others are judged by what they say. */
#include "proof/text.h"

#include <string.h>

#include "format/layout.h"

bool
proof_text_wants(const struct proof_text *t, enum memberorder_kind kind, const char *path)
{
	/* of history files all */
	return kind == MEMBERORDER_HISTORY || facts_want(&t->reader->facts, kind, path);
}

int
proof_text_too_large(struct proof_text *t, struct memberset_row *row,
    enum memberorder_kind kind, struct error *err)
{
	row->is_size_told = true;
	t->has_bad_label |= kind == MEMBERORDER_LABEL;
	return findings_add(t->findings, FINDINGS_SIZE,
	    &(struct findings_location){ .member = row->path }, err,
	    "is implausibly large");
}

/* A release that is not known may write it otherwise, and is named before any damage. */
static int
keep_error(struct proof_text *t, struct memberset_row *row, struct error *err)
{
	if (err->kind != ERROR_FORMAT)
		return -1;
	t->has_bad_label = true;
	t->bad_label = row;
	t->label_error = *err;
	*err = (struct error){ 0 };
	return 0;
}

static int
fault_found(struct proof_text *t, struct memberset_row *row, enum memberorder_kind kind,
    struct error *err)
{
	const bool is_unknown = err->kind == ERROR_UNSUPPORTED;

	switch (kind) {
	case MEMBERORDER_LABEL:
		return keep_error(t, row, err);
	case MEMBERORDER_MAP:
		return -1;
	case MEMBERORDER_INFO:
		if (is_unknown) /* the release, or the format */
			return t->reader->facts.info ?
			    -1 :
			    error_wrap(err, "\"%s\"", LAYOUT_INFO);
		return proof_content_fault(t->content, row, FINDINGS_INFO, err);
	case MEMBERORDER_CONTROL:
		return proof_content_fault(t->content, row, FINDINGS_CONTROL, err);
	default:
		return is_unknown ?
		    -1 :
		    proof_content_fault(t->content, row, FINDINGS_CONTROL, err);
	}
}

static int
take_facts(struct proof_text *t, enum memberorder_kind kind, const struct buf *text,
    struct error *err)
{
	/* PG_VERSION, with a byte of zeros in it */
	if (kind == MEMBERORDER_TREE && strlen(buf_text(text)) != text->len)
		return error_set(
		    err, ERROR_FORMAT, 0, "does not contain a version of PostgreSQL");
	return facts_take(t->reader, kind, text, err);
}

int
proof_text_take(struct proof_text *t, struct memberset_row *row,
    enum memberorder_kind kind, const struct buf *text, struct error *err)
{
	const struct facts *facts = &t->reader->facts;

	if (kind == MEMBERORDER_HISTORY)
		return proof_wal_history(t->wal, row, text, err);
	if (!facts_want(facts, kind, row->path))
		return proof_inplace_config(t->inplace, kind, row->path, text, err);
	if (take_facts(t, kind, text, err))
		return fault_found(t, row, kind, err);
	if (kind == MEMBERORDER_CONTROL)
		pagesuspect_control(t->pages, facts->control);
	if (kind == MEMBERORDER_LABEL && strchr(facts->label->text, '\n'))
		t->findings->warn(
		    "the label in backup_label has several lines: the server does not read what follows the label");
	return 0;
}

int
proof_text_judge_label(struct proof_text *t, struct error *err)
{
	const struct facts *facts = &t->reader->facts;
	bool is_told;

	if (t->label_error.kind != ERROR_NONE) {
		*err = t->label_error;
		t->label_error = (struct error){ 0 };
		return proof_content_fault(t->content, t->bad_label, FINDINGS_LABEL, err);
	}
	if (proof_missing_is_told(t->missing, LAYOUT_INFO, &is_told, err))
		return -1;
	/*
	 * with pg_basetar.info it is lost whether the server ran, and the manifest listed a label
	 */
	if (!facts->label && !t->has_bad_label && facts->control && !is_told &&
	    (facts_are_online(facts) ||
		facts->control->checkpoint_lsn == CONTROL_NO_CHECKPOINT))
		return proof_missing_add(t->missing, LAYOUT_LABEL, NULL, err);
	return 0;
}
