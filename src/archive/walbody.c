#include "archive/walbody.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wal/walname.h"

struct walbody {
	struct body body;
	struct walpage_scan scan;
	bool is_checked;
	char name[WALNAME_SIZE];
};

static int
walbody_piece(struct body *body, const struct piece *piece, struct error *err)
{
	struct walbody *w = (struct walbody *)body;

	if (piece->missing > 0) {
		error_set(err, ERROR_STATE, 0, "WAL file \"%s\" was cut while it was sent", w->name);
		return error_hint(err, "Something other than the server changes pg_wal; find out "
				       "what, then run the backup again.");
	}
	if (!w->is_checked)
		return 0;
	if (walpage_scan_bytes(&w->scan, piece->bytes, piece->len, err)) {
		error_hint(err, "The WAL in pg_wal does not lead from the start to the stop of this "
				"backup; check that directory, then run the backup again.");
		return error_wrap(err, "WAL file \"%s\"", w->name);
	}
	return 0;
}

static void
walbody_free(struct body *body)
{
	free(body);
}

static const struct body_ops walbody_ops = { walbody_piece, NULL, walbody_free };

int
walbody_new(struct body **out, const char *name, const struct walbody_options *opt,
    struct error *err)
{
	struct walbody *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return error_memory(err);
	snprintf(w->name, sizeof(w->name), "%s", name);
	w->body.ops = &walbody_ops;
	w->body.name = w->name;
	w->is_checked = opt->expect != NULL;
	if (w->is_checked)
		walpage_scan_start(&w->scan, opt->expect, opt->timeline, opt->segment_lsn,
		    opt->stop_lsn);
	*out = &w->body;
	return 0;
}
