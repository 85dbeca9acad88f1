/* The members that are about the backup as a whole, read as they come. */
#include "format/facts.h"

#include <stdio.h>

#include "format/infofile_parse.h"

bool
facts_are_online(const struct facts *f)
{
	return f->info == NULL || f->info->mode == INFOFILE_ONLINE;
}

/* A stopped cluster or a snapshot has no label: its checkpoint says where it begins, if it is one. */
static void
conclude_start(struct facts *f)
{
	if (f->label) {
		f->range.start_lsn = f->label->start_lsn;
		f->range.start_timeline = f->label->timeline;
		f->source = f->label->from_standby ? FACTS_STANDBY : FACTS_PRIMARY;
	} else if (f->control) {
		f->source =
		    control_is_standby(f->control) ? FACTS_STANDBY : FACTS_PRIMARY;
		if (f->control->checkpoint_lsn == CONTROL_NO_CHECKPOINT)
			return;
		f->range.start_lsn = f->control->redo_lsn;
		f->range.start_timeline = f->control->timeline;
	}
}

struct facts
facts_conclude(const struct facts *said)
{
	struct facts f = *said;

	f.called = f.info ? f.info->label : NULL;
	if (f.label)
		f.called = f.label->text;
	f.mode = infofile_mode_name(f.info ? f.info->mode : INFOFILE_ONLINE);
	if (f.control)
		f.system_identifier = f.control->system_identifier;
	conclude_start(&f);
	return f;
}

bool
facts_want(const struct facts *f, enum memberorder_kind kind, const char *path)
{
	const bool is_known = (kind == MEMBERORDER_LABEL && f->label) ||
	    (kind == MEMBERORDER_MAP && f->map) ||
	    (kind == MEMBERORDER_INFO && f->info) ||
	    (kind == MEMBERORDER_CONTROL && f->control) ||
	    (kind == MEMBERORDER_TREE && f->version) || kind == MEMBERORDER_HISTORY;

	return !is_known && memberorder_text_most(kind, path) > 0;
}

static int
take_label(struct facts_reader *r, const struct buf *text, struct error *err)
{
	if (label_parse(buf_text(text), text->len, &r->label, err))
		return -1;
	r->facts.label = &r->label;
	return 0;
}

static int
take_map(struct facts_reader *r, const struct buf *text, struct error *err)
{
	r->facts.map = &r->map;
	return buf_append(&r->map, text->data, text->len, err);
}

/* What follows would only look damaged. */
static int
check_release(const struct infofile *info, struct error *err)
{
	char name[16];

	if (cluster_version(info->server_version))
		return 0;
	return cluster_unsupported(
	    snprintf(name, sizeof(name), "%u", info->server_version), name, err);
}

/* Of an unknown version nothing else would be understood either. */
static int
take_info(struct facts_reader *r, const struct buf *text, struct error *err)
{
	if (infofile_parse(buf_text(text), text->len, &r->info, err))
		return -1;
	if (r->facts.label == NULL || !infofile_is_earlier(&r->info, &r->label)) {
		r->facts.info = &r->info;
		return check_release(&r->info, err);
	}
	/* a file like others; should the backup be ours, pg_control says so */
	infofile_free(&r->info);
	r->facts.has_earlier_info = true;
	return 0;
}

static int
take_control(struct facts_reader *r, const struct buf *text, struct error *err)
{
	static const uint8_t none[1];

	if (control_decode(
		text->len > 0 ? text->data : none, text->len, &r->control, err))
		return -1;
	r->facts.control = &r->control;
	return 0;
}

int
facts_take(struct facts_reader *r, enum memberorder_kind kind, const struct buf *text,
    struct error *err)
{
	switch (kind) {
	case MEMBERORDER_LABEL:
		return take_label(r, text, err);
	case MEMBERORDER_MAP:
		return take_map(r, text, err);
	case MEMBERORDER_INFO:
		return take_info(r, text, err);
	case MEMBERORDER_CONTROL:
		return take_control(r, text, err);
	default:
		return cluster_parse_version(buf_text(text), &r->facts.version, err);
	}
}

void
facts_free(struct facts_reader *r)
{
	infofile_free(&r->info);
	if (r->facts.label)
		label_free(&r->label);
	buf_free(&r->map);
	*r = (struct facts_reader){ 0 };
}
