/*
 * A WAL segment is proved by the very bytes that are sent: a proof that read the file once more
 * could meet another one, since the server recycles segments at any time.
 */
#include "archive/walbody.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wal/walname.h"

struct walbody {
	struct body body;
	struct walbody_options opt;
	bool has_begun;
	char name[WALNAME_SIZE];
};

static int
prove(struct walbody *w, const struct piece *piece, struct error *err)
{
	const struct walbody_options *o = &w->opt;

	if (!w->has_begun && walproof_segment(o->proof, o->timeline, o->segment_lsn, err))
		return -1;
	w->has_begun = true;
	return walproof_bytes(o->proof, piece->bytes, piece->len, err);
}

static int
walbody_piece(struct body *body, const struct piece *piece, struct error *err)
{
	struct walbody *w = (struct walbody *)body;

	/* zeros in the place of WAL would end recovery: unlike a data file's, nothing mends them */
	if (piece->missing > 0) {
		error_set(err, ERROR_STATE, 0,
		    "WAL file \"%s\" was truncated while it was sent", w->name);
		return error_hint(err,
		    "Something other than the server changes files in pg_wal: find out what, then run the backup again.");
	}
	if (w->opt.proof && prove(w, piece, err)) {
		error_hint(err,
		    "The WAL in pg_wal is not complete from the start to the stop of this backup.  Check that directory, then run the backup again.");
		return error_wrap(err, "WAL file \"%s\"", w->name);
	}
	return 0;
}

static void
walbody_free(struct body *body)
{
	free(body);
}

static const struct body_ops walbody_ops = { walbody_piece, NULL, walbody_free, NULL };

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
	w->opt = *opt;
	*out = &w->body;
	return 0;
}
