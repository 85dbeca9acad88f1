/* What the WAL says of the pages that are kept. */
#include <stdlib.h>

#include "proof/pagesuspect_internal.h"

void
pagesuspect_free_mentions(struct pagesuspect_mentioned *m)
{
	struct pagesuspect_mentioned *next;

	for (; m; m = next) {
		next = m->next;
		free(m);
	}
}

static int
compare_keys(const struct pagesuspect_key *a, const struct pagesuspect_key *b)
{
	const uint64_t one[] = { a->space, a->database, a->relnode, a->fork, a->block };
	const uint64_t other[] = { b->space, b->database, b->relnode, b->fork, b->block };

	for (size_t i = 0; i < sizeof(one) / sizeof(one[0]); i++)
		if (one[i] != other[i])
			return one[i] < other[i] ? -1 : 1;
	return 0;
}

static int
mention_compare(const void *a, const void *b)
{
	const struct pagesuspect_row *one = a, *other = b;

	return compare_keys(&one->key, &other->key);
}

static void
sort_rows(struct pagesuspect *p)
{
	if (!p->is_sorted && p->count > 0)
		qsort(p->rows, p->count, sizeof(*p->rows), mention_compare);
	p->is_sorted = true;
}

/* Of each lineage the first counts. */
static int
add_mention(struct pagesuspect_mentioned **list,
    const struct pagesuspect_mention *mention, struct error *err)
{
	struct pagesuspect_mentioned *m;

	for (m = *list; m; m = m->next)
		if (m->mention.lineage == mention->lineage)
			return 0;
	m = malloc(sizeof(*m));
	if (m == NULL)
		return error_memory(err);
	*m = (struct pagesuspect_mentioned){ *list, *mention };
	*list = m;
	return 0;
}

int
pagesuspect_mention(struct pagesuspect *p, uint32_t space, uint32_t database,
    uint32_t relnode, unsigned fork, uint32_t block,
    const struct pagesuspect_mention *mention, struct error *err)
{
	const struct pagesuspect_row wanted = { .key = { space, database, relnode, block,
						    (uint8_t)fork } };
	struct pagesuspect_row *row;

	if (p->count == 0)
		return 0;
	sort_rows(p);
	row = bsearch(&wanted, p->rows, p->count, sizeof(*p->rows), mention_compare);
	return row ? add_mention(&row->mentions, mention, err) : 0;
}

/* Rows of one database follow each other. */
static int
make_groups(struct pagesuspect *p, struct error *err)
{
	sort_rows(p);
	p->groups = calloc(p->count, sizeof(*p->groups));
	if (p->groups == NULL)
		return error_memory(err);
	for (size_t i = 0; i < p->count; i++) {
		const struct pagesuspect_key *key = &p->rows[i].key;
		const struct pagesuspect_group *last =
		    p->ngroups ? &p->groups[p->ngroups - 1] : NULL;

		if (last == NULL || last->space != key->space ||
		    last->database != key->database)
			p->groups[p->ngroups++] =
			    (struct pagesuspect_group){ .space = key->space,
				    .database = key->database };
	}
	return 0;
}

static int
compare_groups(const void *a, const void *b)
{
	const struct pagesuspect_group *one = a, *other = b;

	if (one->space != other->space)
		return one->space < other->space ? -1 : 1;
	return (one->database > other->database) - (one->database < other->database);
}

const struct pagesuspect_group *
pagesuspect_find_group(const struct pagesuspect *p, uint32_t space, uint32_t database)
{
	const struct pagesuspect_group wanted = { .space = space, .database = database };

	return p->ngroups == 0 ?
	    NULL :
	    bsearch(&wanted, p->groups, p->ngroups, sizeof(*p->groups), compare_groups);
}

int
pagesuspect_database(struct pagesuspect *p, uint32_t space, uint32_t database,
    const struct pagesuspect_mention *mention, struct error *err)
{
	const struct pagesuspect_group *group;

	if (p->count == 0)
		return 0;
	if (p->groups == NULL && make_groups(p, err))
		return -1;
	group = pagesuspect_find_group(p, space, database);
	return group ? add_mention(&p->groups[group - p->groups].mentions, mention, err) :
		       0;
}
