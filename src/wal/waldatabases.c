/*
 * Databases that replay copies file by file.
 *
 * CREATE DATABASE up to 14, and with STRATEGY = FILE_COPY since, copies the directories of the
 * template, one in each tablespace where it has files; ALTER DATABASE ... SET TABLESPACE copies
 * the one of the default tablespace and removes it.  The WAL has one record for each directory
 * that was copied and, after it is gone, for each that was removed, but nothing of the content.
 * Replay copies again, from what the restored copy has then (dbase_redo() in
 * src/backend/commands/dbcommands.c):
 *
 *	backup:  base/16388 as it was read, perhaps late, perhaps when it was half removed
 *	WAL:     copy base/16388 to base/16399 ... remove base/16388
 *	replay:  base/16399 is removed if it was sent, and made anew from base/16388
 *
 * A source that is missing is made as an empty directory, in silence: the new database is lost.
 * Of one that was half removed when it was read the new database gets half.  If pages of the
 * source were changed after the record, the new database may get some of the changes (the
 * caveat of PostgreSQL's manual, "Making a Base Backup Using the Low Level API").
 *
 * So the records are gone through in their order, with a state for each directory: in the
 * backup, made by replay, or removed.  A copy of one that replay makes is as good as that one; so
 * each copy that is there in the end comes from one directory of the backup, from the moment
 * when that was first copied.
 *
 * PG_VERSION is in one directory of a database, that of its default tablespace (measured on 10
 * to 18), and in which the records do not say: one of those that a new database is copied from
 * must have it.
 */
#include "wal/waldatabases.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/lsn.h"

/* Templates whose pages are watched; of more it is assumed that they were changed. */
enum { TEMPLATES = 64 };

struct event {
	enum { COPY, EMPTY, REMOVED, SPACE_REMOVED } kind;
	unsigned lineage;
	uint64_t lsn, end_lsn;
	struct waldatabases_id to, from; /* of a tablespace: database 0 */
};

struct waldatabases {
	size_t count, room;
	struct event *events;
	uint64_t left_out;
	bool is_hint; /* the last record */
	size_t ntemplates;
	struct template_database {
		struct waldatabases_id id;
		uint64_t changed_lsn; /* of the last record about a page of it; 0: none */
	} templates[TEMPLATES];
};

int
waldatabases_new(struct waldatabases **out, struct error *err)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : error_memory(err);
}

void
waldatabases_free(struct waldatabases *w)
{
	if (w == NULL)
		return;
	free(w->events);
	free(w);
}

uint64_t
waldatabases_left_out(const struct waldatabases *w)
{
	return w->left_out;
}

/* By database first: what belongs to one is together. */
static int
waldatabases_compare(struct waldatabases_id a, struct waldatabases_id b)
{
	if (a.database != b.database)
		return a.database < b.database ? -1 : 1;
	return (a.space > b.space) - (a.space < b.space);
}

static int
compare_have(const void *left, const void *right)
{
	const struct waldatabases_have *a = left, *b = right;

	return waldatabases_compare(a->id, b->id);
}

void
waldatabases_sort(struct waldatabases_have *have, size_t count)
{
	if (count > 0)
		qsort(have, count, sizeof(*have), compare_have);
}

/* The first that is not before ${id}. */
static size_t
look_from(const struct waldatabases_have *have, size_t count, struct waldatabases_id id)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (waldatabases_compare(have[middle].id, id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct waldatabases_have *
waldatabases_look(
    const struct waldatabases_have *have, size_t count, struct waldatabases_id id)
{
	size_t at = look_from(have, count, id);

	return at < count && waldatabases_compare(have[at].id, id) == 0 ? &have[at] :
									  NULL;
}

/* ---- while the WAL passes ---- */

static int
add_event(struct waldatabases *w, const struct event *event, struct error *err)
{
	if (w->count == WALDATABASES_MOST) {
		w->left_out++;
		return 0;
	}
	if (w->count == w->room) {
		size_t room = w->room ? 2 * w->room : 16;
		struct event *events = realloc(w->events, room * sizeof(*events));

		if (events == NULL)
			return error_memory(err);
		w->events = events;
		w->room = room;
	}
	w->events[w->count++] = *event;
	return 0;
}

static struct template_database *
find_template(struct waldatabases *w, struct waldatabases_id id)
{
	for (size_t i = 0; i < w->ntemplates; i++)
		if (waldatabases_compare(w->templates[i].id, id) == 0)
			return &w->templates[i];
	return NULL;
}

/* From now on changes of its pages count. */
static void
watch(struct waldatabases *w, struct waldatabases_id id)
{
	if (w->ntemplates < TEMPLATES && find_template(w, id) == NULL)
		w->templates[w->ntemplates++] = (struct template_database){ id, 0 };
}

static int
take_dropped(struct waldatabases *w, struct event *event,
    const struct walrecord_dropped *dropped, struct error *err)
{
	event->kind = REMOVED;
	event->to.database = dropped->database;
	for (size_t i = 0; i < dropped->count; i++) {
		event->to.space = walrecord_dropped_space(dropped, i);
		if (add_event(w, event, err))
			return -1;
	}
	return 0;
}

int
waldatabases_record(struct waldatabases *w, unsigned lineage, const struct walrecord *rec,
    struct error *err)
{
	struct event event = {
		.lineage = lineage, .lsn = rec->lsn, .end_lsn = rec->end_lsn
	};
	struct walrecord_database made;
	struct walrecord_dropped dropped;

	w->is_hint = walrecord_is_hint(rec);
	if (walrecord_makes_database(rec, &made)) {
		event.kind = made.is_copy ? COPY : EMPTY;
		event.to = (struct waldatabases_id){ made.space, made.database };
		event.from =
		    (struct waldatabases_id){ made.from_space, made.from_database };
		if (made.is_copy)
			watch(w, event.from);
		return add_event(w, &event, err);
	}
	if (walrecord_drops_database(rec, &dropped))
		return take_dropped(w, &event, &dropped, err);
	if (walrecord_drops_tablespace(rec, &event.to.space)) {
		event.kind = SPACE_REMOVED;
		return add_event(w, &event, err);
	}
	return 0;
}

bool
waldatabases_watches(const struct waldatabases *w)
{
	return w->ntemplates > 0;
}

void
waldatabases_block(
    struct waldatabases *w, uint32_t space, uint32_t database, uint64_t lsn)
{
	struct template_database *t = w->is_hint ?
	    NULL :
	    find_template(w, (struct waldatabases_id){ space, database });

	if (t && lsn > t->changed_lsn)
		t->changed_lsn = lsn;
}

/* ---- when all has come ---- */

/* A directory that a record names. */
struct state {
	struct waldatabases_id id;
	enum { IN_BACKUP, MADE_EMPTY, MADE_COPY, GONE } kind;
	const struct event *made; /* of MADE_COPY: by that record, */
	const struct state *from; /* and from that one of the backup, */
	uint64_t copied_lsn;      /* from that record on */
	uint64_t dropped_lsn;     /* of the backup's, 0: it stayed */
	/* database 0: the last record that removes the tablespace */
	const struct event *space;
};

static int
compare_states(const void *left, const void *right)
{
	const struct state *a = left, *b = right;

	return waldatabases_compare(a->id, b->id);
}

static struct state *
find_state(struct state *states, size_t count, struct waldatabases_id id)
{
	const struct state key = { .id = id };

	return count ? bsearch(&key, states, count, sizeof(*states), compare_states) :
		       NULL;
}

/* A state for each place that the records name, in their order. */
static size_t
list_states(const struct waldatabases *w, struct state *states)
{
	size_t count = 0, kept = 0;

	for (size_t i = 0; i < w->count; i++) {
		states[count++] = (struct state){ .id = w->events[i].to };
		if (w->events[i].kind == COPY)
			states[count++] = (struct state){ .id = w->events[i].from };
	}
	if (count > 0)
		qsort(states, count, sizeof(*states), compare_states);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || compare_states(&states[kept - 1], &states[i]) != 0)
			states[kept++] = states[i];
	return kept;
}

/* One that replay has removed, or that it cannot have, must come from the backup as well. */
static void
replay_copy(struct state *to, struct state *from, const struct event *event)
{
	const struct state origin = *from;

	to->made = event;
	to->kind = MADE_COPY;
	to->from = from;
	to->copied_lsn = event->lsn;
	if (origin.kind == MADE_EMPTY)
		to->kind = MADE_EMPTY;
	if (origin.kind != MADE_COPY)
		return;
	to->from = origin.from;
	to->copied_lsn = origin.copied_lsn;
}

static void
replay(const struct waldatabases *w, const struct waldatabases_backup *backup,
    struct state *states, size_t count)
{
	for (size_t i = 0; i < w->count; i++) {
		const struct event *e = &w->events[i];
		struct state *s = find_state(states, count, e->to);

		if (backup->is_read && !backup->is_read(backup, e->lineage, e->end_lsn))
			continue;
		switch (e->kind) {
		case COPY:
			replay_copy(s, find_state(states, count, e->from), e);
			break;
		case EMPTY:
			s->kind = MADE_EMPTY;
			break;
		case REMOVED:
			if (s->kind == IN_BACKUP)
				s->dropped_lsn = e->lsn;
			s->kind = GONE;
			break;
		case SPACE_REMOVED:
			s->space = e;
			break;
		}
	}
}

/* A tablespace is removed when it is empty: what was in it then is gone. */
static bool
is_gone_with_space(struct state *states, size_t count, const struct state *s)
{
	const struct state *space =
	    find_state(states, count, (struct waldatabases_id){ s->id.space, 0 });

	return space && space->space && space->space > s->made;
}

static bool
is_changed(const struct waldatabases *w, const struct state *s)
{
	for (size_t i = 0; i < w->ntemplates; i++)
		if (waldatabases_compare(w->templates[i].id, s->from->id) == 0)
			return w->templates[i].changed_lsn > s->copied_lsn;
	return true; /* one of too many to be watched */
}

/* All that finding needs. */
struct search {
	const struct waldatabases *w;
	const struct waldatabases_backup *backup;
	struct state *states;
	size_t nstates;
};

/* Has the backup a directory of that database with PG_VERSION that replay leaves alone? */
static bool
is_marked_before(const struct search *s, uint32_t database)
{
	const struct waldatabases_backup *b = s->backup;
	size_t at = look_from(b->have, b->nhave, (struct waldatabases_id){ 0, database });

	for (; at < b->nhave && b->have[at].id.database == database; at++) {
		const struct state *state =
		    find_state(s->states, s->nstates, b->have[at].id);

		if (b->have[at].has_version &&
		    (state == NULL || state->kind == IN_BACKUP))
			return true;
	}
	return false;
}

/* The copies of one database, from *at on. */
static void
judge_database(
    const struct search *s, struct waldatabases_copy *copies, size_t count, size_t *at)
{
	const uint32_t database = copies[*at].to.database;
	const size_t first = *at;
	bool is_marked = is_marked_before(s, database);

	for (; *at < count && copies[*at].to.database == database; ++*at) {
		struct waldatabases_copy *c = &copies[*at];
		const struct waldatabases_have *have =
		    waldatabases_look(s->backup->have, s->backup->nhave, c->from);

		c->fault = have ? WALDATABASES_SOUND : WALDATABASES_MISSING;
		is_marked = is_marked || (have && have->has_version);
	}
	for (size_t i = first; i < *at && !is_marked; i++)
		copies[i].fault = WALDATABASES_UNMARKED;
}

static size_t
list_copies(const struct search *s, struct waldatabases_copy *copies)
{
	size_t count = 0;

	for (size_t i = 0; i < s->nstates; i++) {
		const struct state *state = &s->states[i];

		if (state->kind != MADE_COPY ||
		    is_gone_with_space(s->states, s->nstates, state))
			continue;
		copies[count++] = (struct waldatabases_copy){
			.to = state->id,
			.from = state->from->id,
			.lsn = state->made->lsn,
			.dropped_lsn = state->from->dropped_lsn,
			.is_changed = is_changed(s->w, state),
		};
	}
	for (size_t at = 0; at < count;)
		judge_database(s, copies, count, &at);
	return count;
}

int
waldatabases_find(const struct waldatabases *w, const struct waldatabases_backup *backup,
    struct waldatabases_copy **copies, size_t *count, struct error *err)
{
	struct search s = { .w = w, .backup = backup };

	*count = 0;
	s.states = malloc((2 * w->count + 1) * sizeof(*s.states));
	*copies = malloc((2 * w->count + 1) * sizeof(**copies));
	if (s.states == NULL || *copies == NULL) {
		free(s.states);
		free(*copies);
		*copies = NULL;
		return error_memory(err);
	}
	s.nstates = list_states(w, s.states);
	replay(w, backup, s.states, s.nstates);
	*count = list_copies(&s, *copies);
	free(s.states);
	return 0;
}

void
waldatabases_describe(const struct waldatabases_copy *copy, char text[WALDATABASES_TEXT])
{
	char at[LSN_TEXT];

	snprintf(text, WALDATABASES_TEXT,
	    "the database %" PRIu32
	    " is copied by the WAL at %s, file by file, from the database %" PRIu32
	    ", which was changed before the backup ended: parts of the changes may get into it",
	    copy->to.database, lsn_print(at, copy->lsn), copy->from.database);
}
