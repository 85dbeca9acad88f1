#include "support/walsample.h"

enum { PAGE = WALIMAGE_PAGE, SEGMENT = WALIMAGE_SEGMENT };

void
walsample_small(struct walimage *w)
{
	walimage_heaps(w, 120, 25);
}

void
walsample_long_ones(struct walimage *w)
{
	walimage_heaps(w, 3, 40);
	walimage_heap(w, 300);
	walimage_heap(w, 3000); /* two segments' borders */
	walimage_heaps(w, 3, 40);
}

/* Headers cut at each multiple of 8. */
static void
split_headers(struct walimage *w)
{
	walimage_heap(w, 30);
	for (size_t left = 8; left <= 32; left += 8) {
		walimage_until(w, left);
		walimage_heap(w, 90);
		walimage_until(w, left);
		walimage_heap(w, 24);
	}
}

static void
ends_on_page(struct walimage *w)
{
	walimage_until(w, 0);
	walimage_heap(w, 24);
	walimage_until(w, 0);
}

void
walsample_switch_zeros(struct walimage *w)
{
	walimage_heaps(w, 3, 40);
	walimage_switch(w, false);
	walimage_heaps(w, 3, 40);
	walimage_switch(w, false);
	walimage_switch(w, false);
	walimage_heaps(w, 3, 40);
}

void
walsample_switch_headers(struct walimage *w)
{
	walimage_heaps(w, 3, 40);
	walimage_switch(w, true);
	walimage_heaps(w, 3, 40);
	walimage_switch(w, true);
	walimage_switch(w, true);
	walimage_heaps(w, 3, 40);
}

/* One whose own header goes on in the next page. */
static void
switch_split(struct walimage *w)
{
	walimage_heap(w, 24);
	walimage_until(w, 8);
	walimage_switch(w, false);
	walimage_heaps(w, 3, 40);
}

/* One that ends where its page, and then where its segment ends. */
static void
switch_at_end(struct walimage *w)
{
	walimage_heap(w, 24);
	walimage_until(w, 24);
	walimage_switch(w, false);
	while (w->lsn % SEGMENT < SEGMENT - PAGE)
		walimage_heap(w, 48);
	walimage_until(w, 24);
	walimage_switch(w, false);
	walimage_heaps(w, 3, 40);
}

static void
switch_is_last(struct walimage *w)
{
	walimage_heaps(w, 3, 40);
	walimage_switch(w, false);
}

void
walsample_abandoned(struct walimage *w)
{
	walimage_heaps(w, 3, 40);
	walimage_abandon(w, 500, 1);
	walimage_heaps(w, 3, 40);
	walimage_abandon(w, 700, 3);
	walimage_heaps(w, 3, 40);
}

/* The border is a segment's; and only a part of the header came. */
static void
abandoned_early(struct walimage *w)
{
	walimage_heaps(w, 3, 40);
	while (w->lsn % SEGMENT < SEGMENT - PAGE)
		walimage_heap(w, 48);
	walimage_abandon(w, 500, 1);
	walimage_until(w, 8);
	walimage_abandon(w, 500, 1);
	walimage_until(w, 16);
	walimage_abandon(w, 30, 1);
	walimage_heaps(w, 3, 40);
}

/* A page bears the flag, but nothing was left incomplete: it means nothing. */
static void
needless_flag(struct walimage *w)
{
	walimage_heap(w, 24);
	walimage_until(w, 0);
	w->flags = w->version->wal_overwrite_flag;
	walimage_heaps(w, 8, 40);
}

void
walsample_promoted(struct walimage *w)
{
	walimage_heaps(w, 20, 40);
	walimage_promote(w);
	walimage_heaps(w, 50, 40);
}

static void
promoted_at_page(struct walimage *w)
{
	walimage_heap(w, 24);
	walimage_until(w, 0);
	walimage_promote(w);
	walimage_heaps(w, 50, 40);
}

static void
promoted_at_segment(struct walimage *w)
{
	walimage_heaps(w, 3, 40);
	walimage_switch(w, false);
	walimage_promote(w);
	walimage_heaps(w, 50, 40);
}

/* The last record of the old lineage spans segments. */
static void
promoted_after_long(struct walimage *w)
{
	walimage_heaps(w, 3, 40);
	walimage_heap(w, 1500);
	walimage_promote(w);
	walimage_heaps(w, 30, 40);
}

struct walsample walsamples[] = {
	{ "small records", walsample_small },
	{ "records over pages and segments", walsample_long_ones },
	{ "headers over two pages", split_headers },
	{ "record ends with its page", ends_on_page },
	{ "switch, zeros after it", walsample_switch_zeros },
	{ "switch, empty pages after it", walsample_switch_headers },
	{ "switch over two pages", switch_split },
	{ "switch ends its page and its segment", switch_at_end },
	{ "switch is the last", switch_is_last },
	{ "record left incomplete", walsample_abandoned },
	{ "record left incomplete in its header", abandoned_early },
	{ "flag of an incomplete record without one", needless_flag },
	{ "promotion in a page", walsample_promoted },
	{ "promotion at a page's start", promoted_at_page },
	{ "promotion at a segment's start", promoted_at_segment },
	{ "promotion after a record over segments", promoted_after_long },
};
