/*
 * A backup that stops before it starts.  The steps are those of backup.c, in their order; each has a
 * line, and what one of them would have said to the user becomes a line as well.
 */
#include "backup/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup/cluster.h"
#include "backup/config.h"
#include "backup/source.h"
#include "backup/stream.h"
#include "backup/tablespaces.h"
#include "backup/tree.h"
#include "backup/wal.h"
#include "cli/identity.h"
#include "cli/message.h"
#include "cli/options.h"
#include "cli/patrol.h"
#include "cli/progress.h"
#include "codec/codec.h"
#include "format/checklist.h"
#include "lib/sys.h"

struct check {
	struct patrol patrol; /* first: its ops find the rest from it */
	struct message_listener listener;
	/* borrowed */
	const struct options *opt;
	struct backup_cluster *cluster;
	struct backup_config *config;
	struct backup_tree *tree;

	struct checklist list;
	char good
	    [200]; /* what is so, where the question knows more than its row; or empty */
	const char *asking;  /* the name of the question whose warnings come */
	struct error failed; /* what could not be noted */
	bool is_over;        /* the questions that come cannot be asked */
};

static struct check *
check_of_listener(struct message_listener *listener)
{
	return (struct check *)((char *)listener - offsetof(struct check, listener));
}

static void
hear_warning(struct message_listener *listener, const char *text)
{
	struct check *c = check_of_listener(listener);

	if (checklist_add(&c->list, c->asking, CHECKLIST_WARNING, text, NULL, &c->failed))
		c->is_over = true;
}

static void
hear_finding(struct message_listener *listener, const struct finding *finding)
{
	(void)listener;
	(void)finding;
}

/* ---- one question ---- */

struct question {
	const char *name, *good;
	bool is_first; /* the others cannot be asked if it fails */
	int (*ask)(struct check *, struct error *);
};

/* What the question came to, ${rc} and ${why}; ${good} is what is so if it did not fail. */
static int
note_answer(struct check *c, const char *good, size_t before, int rc,
    const struct error *why, struct error *err)
{
	if (rc == -1 && (why->kind == ERROR_CANCELLED || why->kind == ERROR_MEMORY)) {
		*err = *why;
		return -1;
	}
	if (rc == -1)
		return checklist_add(&c->list, c->asking, CHECKLIST_FAILED, why->text,
		    message_hint(why), err);
	/* a warning is the answer */
	if (c->list.count > before)
		return 0;
	return checklist_add(&c->list, c->asking, CHECKLIST_OK,
	    c->good[0] != '\0' ? c->good : good, NULL, err);
}

static int
skip(struct check *c, const char *name, struct error *err)
{
	return checklist_add(&c->list, name, CHECKLIST_SKIPPED,
	    "not checked, because of what failed before", NULL, err);
}

static int
ask(struct check *c, const struct question *q, struct error *err)
{
	const size_t before = c->list.count;
	struct error why = { 0 };
	int rc;

	if (c->is_over)
		return skip(c, q->name, err);
	c->asking = q->name;
	c->good[0] = '\0';
	rc = q->ask(c, &why);
	c->is_over = c->is_over || (rc == -1 && q->is_first);
	return note_answer(c, q->good, before, rc, &why, err);
}

/* ---- the data directory, and where the backup goes ---- */

static int
ask_directory(struct check *c, struct error *err)
{
	return backup_cluster_open(c->cluster, err);
}

/* Of a device or a pipe, to open it is to use it. */
static int
check_special(const char *path, struct error *err)
{
	if (faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0)
		return 0;
	return error_set(
	    err, ERROR_STATE, errno, "\"%s\": could not open for writing", path);
}

/* The room for files in ${path}, or in the directory that it will be in. */
static void
find_room(struct check *c, const char *path)
{
	char *directory = strdup(path);
	char *slash = directory ? strrchr(directory, '/') : NULL;
	struct error ignored = { 0 };
	uint64_t total;
	int fd;

	if (slash)
		slash[slash == directory] = '\0';
	fd = directory ?
	    open(slash ? directory : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) :
	    -1;
	c->list.has_room = fd != -1 && sys_room(fd, &c->list.room, &total, &ignored) == 0;
	sys_close(fd);
	free(directory);
}

static int
ask_output(struct check *c, struct error *err)
{
	const char *path = c->opt->output;
	struct stat st;
	int fd;

	if (output_descriptor(c->opt, &fd, err))
		return -1;
	/* by whatever name: to open it is to close it for the list */
	if (fd == STDOUT_FILENO) {
		snprintf(
		    c->good, sizeof(c->good), "standard output, which is not looked at");
		return 0;
	}
	if (fd == -1 && !c->opt->split && stat(path, &st) == 0 &&
	    (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode) || S_ISFIFO(st.st_mode)))
		return check_special(path, err);
	if (output_open(&c->tree->stream->output, c->opt, c->tree->stream->cancel, err))
		return -1;
	if (fd == -1)
		find_room(c, path);
	return 0;
}

static int
ask_owner(struct check *c, struct error *err)
{
	return identity_assume(c->tree->stream->identity, &c->cluster->datadir_stat,
	    c->cluster->pgdata, err);
}

static int
ask_cluster(struct check *c, struct error *err)
{
	if (backup_cluster_read(c->cluster, c->opt->waldir, err))
		return -1;
	snprintf(c->good, sizeof(c->good),
	    "PostgreSQL %u is supported, and pg_control is valid",
	    c->cluster->version->major);
	return 0;
}

static int
ask_links(struct check *c, struct error *err)
{
	return backup_tablespaces_read(c->tree->tablespaces, err) ||
		backup_stream_check_outside(c->tree->stream, NULL, err) ||
		backup_tablespaces_without(c->tree->tablespaces, err) ?
	    -1 :
	    0;
}

static const struct question before[] = {
	{ "directory", "the data directory can be opened", true, ask_directory },
	{ "output", "the output can be written", false, ask_output },
	{ "user", "the data directory belongs to a user that a server runs as", true,
	    ask_owner },
	{ "cluster", "its release is supported, and pg_control is valid", true,
	    ask_cluster },
	{ "links", "tablespaces can be opened, and the output is not among them", false,
	    ask_links },
};

/* ---- the source ---- */

static int
ask_source(struct check *c, const struct backup_source_check *one, struct error *err)
{
	const size_t were = c->list.count;
	struct error why = { 0 };
	int rc;

	if (c->is_over)
		return skip(c, one->name, err);
	c->asking = one->name;
	c->good[0] = '\0';
	rc = one->run(c->tree->source, &why);
	/* a backup does not ask it, and would not fail by it */
	if (rc == -1 && one->rank == SOURCE_CHECK_ADVICE && why.kind == ERROR_SERVER) {
		message_warning(why.text);
		rc = 0;
	}
	c->is_over = c->is_over || (rc == -1 && one->rank == SOURCE_CHECK_FIRST);
	return note_answer(c, one->good, were, rc, &why, err);
}

static int
ask_all_of_source(struct check *c, struct error *err)
{
	const struct backup_source_check *one = c->tree->source->ops->checks;

	for (; one->name; one++)
		if (ask_source(c, one, err))
			return -1;
	return 0;
}

/* ---- what is sent, and the room for it ---- */

static int
ask_config(struct check *c, struct error *err)
{
	return backup_config_find(c->config, err);
}

static int
measure(struct patrol *patrol, struct error *err)
{
	return backup_tree_measure(((struct check *)patrol)->tree, err);
}

static int
begin(struct patrol *patrol, struct error *err)
{
	struct backup_source *source = ((struct check *)patrol)->tree->source;

	return source->ops->begin(source, err);
}

/* As in a backup: what fails may be due to what changed meanwhile. */
static int
run_explained(struct check *c, const struct patrol_ops *what, struct error *err)
{
	return patrol_run(&c->patrol, what, err) ?
	    c->tree->source->ops->explain(c->tree->source, err) :
	    0;
}

/* Where no server works on it the WAL can be looked for: to begin changes nothing there. */
static int
ask_wal(struct check *c, struct error *err)
{
	static const struct patrol_ops beginning = { .work = begin };

	return run_explained(c, &beginning, err);
}

static int
ask_size(struct check *c, struct error *err)
{
	static const struct patrol_ops measuring = { .work = measure };

	char text[PROGRESS_BYTES_TEXT];

	if (run_explained(c, &measuring, err))
		return -1;
	/* of WAL there is a segment at least */
	c->list.bytes = c->tree->sum.size;
	if (c->opt->wal_method == WAL_FETCH)
		c->list.bytes += c->cluster->control.wal_segment_size;
	snprintf(c->good, sizeof(c->good), "about %s before compression",
	    progress_bytes(text, c->list.bytes));
	return 0;
}

/* How well it will compress no one knows, but not to nothing; without the tree alone is too much. */
static int
ask_room(struct check *c, struct error *err)
{
	char needed[PROGRESS_BYTES_TEXT], there[PROGRESS_BYTES_TEXT], text[160];

	if (!c->list.has_room || c->list.bytes == 0)
		return 0;
	progress_bytes(needed, c->list.bytes);
	progress_bytes(there, c->list.room);
	if (c->list.bytes <= c->list.room) {
		snprintf(c->good, sizeof(c->good), "%s are free for the output", there);
		return 0;
	}
	if (c->list.room == 0 || strcmp(c->opt->compression.codec->name, "none") == 0) {
		error_set(err, ERROR_STATE, 0,
		    "the output needs about %s, but %s are free", needed, there);
		return error_hint(err,
		    "Compress it with -Z, or name an output where there is more room.");
	}
	snprintf(text, sizeof(text),
	    "the output needs about %s before compression, and %s are free", needed,
	    there);
	message_warning(text);
	return 0;
}

static int
ask_checksums(struct check *c, struct error *err)
{
	(void)err;
	if (c->cluster->control.data_checksums == 0)
		message_warning(
		    "data checksums are off: a backup cannot find damaged pages");
	return 0;
}

static const struct question after[] = {
	{ "wal", "the WAL that a copy needs can be read", true, ask_wal },
	{ "configuration", "the configuration files can be read", false, ask_config },
	{ "size", "the files of the cluster can be listed", false, ask_size },
	{ "room", "how much room the output has is not known", false, ask_room },
	{ "checksums", "data checksums are on", false, ask_checksums },
};

/* ---- the whole ---- */

static int
ask_all(struct check *c, struct error *err)
{
	/* a server's WAL is only known once the backup has begun */
	const size_t first = c->opt->source == SOURCE_SERVER ? 1 : 0;

	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++)
		if (ask(c, &before[i], err))
			return -1;
	if (ask_all_of_source(c, err))
		return -1;
	for (size_t i = first; i < sizeof(after) / sizeof(after[0]); i++)
		if (ask(c, &after[i], err))
			return -1;
	if (c->failed.kind == ERROR_NONE)
		return 0;
	*err = c->failed;
	return -1;
}

static int
print_list(const struct check *c, struct error *err)
{
	struct buf text = { 0 };
	int rc = c->opt->json ? checklist_json(&c->list, &text, err) :
				checklist_text(&c->list, c->opt->quiet, &text, err);

	if (rc == 0 && (fputs(buf_text(&text), stdout) == EOF || fflush(stdout) == EOF))
		rc =
		    error_set(err, ERROR_IO, errno, "could not write to standard output");
	buf_free(&text);
	return rc;
}

static int
verdict(const struct check *c, struct error *err)
{
	const size_t failed = c->list.counts[CHECKLIST_FAILED];

	if (failed == 0)
		return 0;
	return error_set(err, ERROR_STATE, 0,
	    "a backup would fail: %zu of %zu checks failed", failed, c->list.count);
}

int
backup_check_run(struct backup_cluster *cluster, struct backup_config *config,
    struct backup_tree *tree, struct error *err)
{
	struct check c = {
		.patrol = { .cancel = tree->stream->cancel,
		    .outcome = "the checks are not complete" },
		.listener = { .warning = hear_warning, .finding = hear_finding },
		.opt = tree->opt,
		.cluster = cluster,
		.config = config,
		.tree = tree,
	};
	int rc;

	/* warnings become lines of the list */
	message_set_level(MESSAGE_QUIET);
	message_listen(&c.listener);
	rc = ask_all(&c, err);
	message_listen(NULL);
	if (rc == 0)
		rc = print_list(&c, err) || verdict(&c, err) ? -1 : 0;
	checklist_free(&c.list);
	return rc;
}
