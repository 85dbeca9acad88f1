#include "support/gatesink.h"

static int
gate_write(struct sink *s, const void *bytes, size_t len, struct error *err)
{
	struct gatesink *g = (struct gatesink *)s;

	pthread_mutex_lock(&g->lock);
	while (!g->is_open)
		pthread_cond_wait(&g->opened, &g->lock);
	pthread_mutex_unlock(&g->lock);
	return sink_write(g->below, bytes, len, err);
}

static int
gate_finish(struct sink *s, struct error *err)
{
	return sink_finish(((struct gatesink *)s)->below, err);
}

static void
gate_free(struct sink *s)
{
	struct gatesink *g = (struct gatesink *)s;

	sink_free(g->below);
	pthread_cond_destroy(&g->opened);
	pthread_mutex_destroy(&g->lock);
}

static const struct sink_ops gate_ops = { gate_write, gate_finish, gate_free };

void
gatesink_init(struct gatesink *g, struct sink *below)
{
	*g = (struct gatesink){ .sink = { &gate_ops }, .below = below };
	pthread_mutex_init(&g->lock, NULL);
	pthread_cond_init(&g->opened, NULL);
}

void
gatesink_open(struct gatesink *g)
{
	pthread_mutex_lock(&g->lock);
	g->is_open = true;
	pthread_cond_broadcast(&g->opened);
	pthread_mutex_unlock(&g->lock);
}
