/*
 * A report is opened, and what it would replace looked at, before the run begins: a run of hours is
 * not to end without one for a slip in a name.  It replaces nothing but a report, and looks again
 * before each rename, since another program may have put a file there during the run.
 */
/* S_ISVTX */
#define _DEFAULT_SOURCE
#include "format/report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/ancestry.h"
#include "cli/message.h"
#include "cli/ownfd.h"
#include "format/report_json.h"
#include "lib/path.h"
#include "lib/stream.h"
#include "lib/sys.h"
#include "stream/outfile.h"

struct report {
	struct message_listener listener; /* first */
	struct sink *sink;
	struct sink
	    *running;    /* of the report that the run goes on; NULL when it is there */
	bool is_refused; /* and never to be written */
	bool has_begun;  /* one of this run that says that it goes on is there */
	bool no_sync;
	char *path;
	struct ancestry above;
	struct report_said said;
};

/* ---- what is said during the run ---- */

static size_t
room_for(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

/* Copy ${text} to *room, which moves to the room for the next. */
static const char *
copy_text(char **room, const char *text)
{
	char *copy = *room;

	if (text == NULL)
		return NULL;
	memcpy(copy, text, room_for(text));
	*room += room_for(text);
	return copy;
}

/* One for which there is no memory is left out like one too many. */
static void
report_rows_add(struct report_rows *rows, const struct finding *f)
{
	struct report_row *row = NULL;
	char *room;

	if (rows->count < REPORT_ROWS)
		row = malloc(sizeof(*row) + room_for(f->text) + room_for(f->kind) +
		    room_for(f->file) + room_for(f->expected) + room_for(f->found));
	if (row == NULL) {
		rows->left_out++;
		return;
	}
	room = row->texts;
	row->next = NULL;
	row->finding = *f;
	row->finding.text = copy_text(&room, f->text);
	row->finding.kind = copy_text(&room, f->kind);
	row->finding.file = copy_text(&room, f->file);
	row->finding.expected = copy_text(&room, f->expected);
	row->finding.found = copy_text(&room, f->found);
	*rows->end = row;
	rows->end = &row->next;
	rows->count++;
}

static void
free_rows(struct report_rows *rows)
{
	struct report_row *next;

	for (struct report_row *row = rows->first; row; row = next) {
		next = row->next;
		free(row);
	}
}

static void
hear_warning(struct message_listener *l, const char *text)
{
	report_rows_add(
	    &((struct report *)l)->said.warnings, &(struct finding){ .text = text });
}

static void
hear_finding(struct message_listener *l, const struct finding *f)
{
	report_rows_add(&((struct report *)l)->said.findings, f);
}

/* ---- opening ---- */

/* In a directory like /tmp the file of another user keeps its name: say it now. */
static int
check_owner(const struct report *r, struct error *err)
{
	const char *name;
	const int dirfd = outfile_directory(r->sink, &name);
	const uid_t us = geteuid();
	struct stat dir, file;

	if (us == 0)
		return 0;
	if (fstat(dirfd, &dir) == -1)
		return error_set(err, ERROR_IO, errno,
		    "\"%s\": could not stat its directory", r->path);
	if (fstatat(dirfd, name, &file, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ?
		    0 :
		    error_set(err, ERROR_IO, errno, "could not stat \"%s\"", r->path);
	if ((dir.st_mode & S_ISVTX) == 0 || dir.st_uid == us || file.st_uid == us)
		return 0;
	error_set(err, ERROR_STATE, 0,
	    "file \"%s\" belongs to another user, and the sticky bit of its directory protects it",
	    r->path);
	return error_hint(err,
	    "Remove it, or write the report to a directory that belongs to this user.");
}

/* An empty file is as good as a report. */
static int
is_report(int fd, bool *is_one, struct error *err)
{
	char bytes[sizeof(REPORT_BEGINNING) - 1];
	struct stat st;
	size_t got = 0;

	*is_one = false;
	if (fstat(fd, &st) == -1)
		return error_set(err, ERROR_IO, errno, "could not stat");
	if (!S_ISREG(st.st_mode))
		return 0;
	if (sys_read(fd, bytes, sizeof(bytes), &got, NULL, err))
		return -1;
	*is_one = got == 0 ||
	    (got == sizeof(bytes) && memcmp(bytes, REPORT_BEGINNING, got) == 0);
	return 0;
}

/* A slip must not cost a file that is something else: it may be a backup. */
static int
check_replaced(const struct report *r, struct error *err)
{
	const char *name;
	int dirfd = outfile_directory(r->sink, &name), rc;
	int fd = openat(dirfd, name, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	bool may_be_replaced;

	if (fd == -1)
		return errno == ENOENT ?
		    0 :
		    error_set(err, ERROR_IO, errno, "could not open \"%s\"", r->path);
	rc = is_report(fd, &may_be_replaced, err);
	sys_close(fd);
	if (rc == -1)
		return error_wrap(err, "\"%s\"", r->path);
	if (may_be_replaced)
		return 0;
	error_set(
	    err, ERROR_STATE, 0, "file \"%s\" is not a report of pg_basetar", r->path);
	return error_hint(err, "Only an earlier report is replaced: name another file.");
}

/* The hint of an output is not for this one. */
static int
report_cannot_open(struct error *err)
{
	err->hint[0] = '\0';
	error_hint(err,
	    "--report names a file to be written, in a directory that exists and that this user may write to.");
	return error_wrap(err, "report");
}

/* A name that is a descriptor would be replaced, and what is there would get nothing. */
static int
refuse_descriptor(const char *path, struct error *err)
{
	int fd;

	if (ownfd_find(path, &fd, err))
		return error_wrap(err, "report");
	if (fd == -1)
		return 0;
	error_set(err, ERROR_USAGE, 0, "the report cannot go to descriptor %d, \"%s\"",
	    fd, path);
	return error_hint(err, "Name a file: it appears there when the run has ended.");
}

/* Not to be cancelled: that a run was is what it has to say. */
static int
open_sink(struct sink **sink, const struct report *r, struct error *err)
{
	return outfile_open(sink,
	    &(struct outfile_options){
		.path = r->path, .force = true, .no_sync = r->no_sync, .mode = 0666 },
	    err);
}

static int
report_open_file(struct report *r, struct error *err)
{
	const char *name;

	if (refuse_descriptor(r->path, err))
		return -1;
	if (open_sink(&r->sink, r, err) || open_sink(&r->running, r, err))
		return report_cannot_open(err);
	if (ancestry_take(&r->above, outfile_directory(r->sink, &name), err))
		return error_wrap(err, "report \"%s\"", r->path);
	return check_owner(r, err) || check_replaced(r, err) ? -1 : 0;
}

int
report_open(struct report **out, const char *path, bool no_sync, struct error *err)
{
	struct report *r = calloc(1, sizeof(*r));
	int rc;

	*out = NULL;
	if (r == NULL)
		return error_memory(err);
	r->listener = (struct message_listener){ hear_warning, hear_finding };
	r->said.warnings.end = &r->said.warnings.first;
	r->said.findings.end = &r->said.findings.first;
	r->said.started = time(NULL);
	r->path = strdup(path);
	r->no_sync = no_sync;
	rc = r->path ? report_open_file(r, err) : error_memory(err);
	if (rc == -1) {
		report_free(r);
		return -1;
	}
	message_listen(&r->listener);
	*out = r;
	return 0;
}

void
report_free(struct report *r)
{
	if (r == NULL)
		return;
	message_listen(NULL);
	sink_free(r->sink);
	sink_free(r->running);
	free_rows(&r->said.warnings);
	free_rows(&r->said.findings);
	ancestry_free(&r->above);
	free(r->path);
	free(r);
}

/* ---- refusing ---- */

/*
 * In the directory that was opened: as root we follow no path that others may bend.  False: a
 * report may be there still.
 */
static bool
remove_earlier(const struct report *r)
{
	struct error ignored = { 0 };
	const char *name;
	int dirfd = outfile_directory(r->sink, &name);

	if (check_replaced(r, &ignored))
		return ignored.kind == ERROR_STATE;
	return unlinkat(dirfd, name, 0) == 0 || errno == ENOENT;
}

static int
refuse(struct report *r, struct error *err, const char *what)
{
	r->is_refused = true;
	/* if that fails: the error that follows names the report */
	if (r->has_begun)
		(void)!remove_earlier(r);
	error_set(err, ERROR_STATE, 0, "the report \"%s\" is %s", r->path, what);
	return error_hint(err,
	    "Write the report to a file of its own, outside what is backed up and outside the output.");
}

int
report_refuse_inside(
    struct report *r, const struct stat *st, const char *what, struct error *err)
{
	char text[128];

	if (r == NULL || !ancestry_is_inside(&r->above, st))
		return 0;
	snprintf(text, sizeof(text), "inside %s", what);
	return refuse(r, err, text);
}

/* That cannot be asked: then it may be the report's, which is not to be. */
static int
cannot_ask(const struct report *r, struct error *err)
{
	error_set(err, ERROR_IO, errno, "could not stat");
	return error_wrap(
	    err, "could not determine whether the report \"%s\" is the output", r->path);
}

/* The same name in the same directory.  Where that is not, the output cannot be. */
static int
is_same_name(const struct report *r, const char *path, bool *is_same, struct error *err)
{
	const char *our_name;
	const int our_directory = outfile_directory(r->sink, &our_name);
	char *directory, *name;
	struct stat ours, its;
	int rc = 0;

	if (path_split(path, &directory, &name, err))
		return -1;
	if (strcmp(our_name, name) != 0)
		;
	else if (fstat(our_directory, &ours) == -1)
		rc = cannot_ask(r, err);
	else if (stat(directory, &its) == 0)
		*is_same = sys_is_same_file(&ours, &its);
	else if (errno != ENOENT && errno != ENOTDIR && errno != EACCES)
		rc = cannot_ask(r, err);
	free(directory);
	free(name);
	return rc;
}

/* A descriptor that is closed, or a report that is new, is nothing else. */
static int
is_same_file(const struct report *r, int fd, bool *is_same, struct error *err)
{
	struct stat ours, its;

	if (fstat(fd, &its) == -1)
		return errno == EBADF ? 0 : cannot_ask(r, err);
	if (stat(r->path, &ours) == -1)
		return errno == ENOENT ? 0 : cannot_ask(r, err);
	*is_same = sys_is_same_file(&ours, &its);
	return 0;
}

int
report_refuse_output(struct report *r, const char *path, int fd, struct error *err)
{
	bool is_same = false;

	if (r == NULL)
		return 0;
	if ((path && is_same_name(r, path, &is_same, err)) ||
	    (!is_same && fd != -1 && is_same_file(r, fd, &is_same, err))) {
		r->is_refused = true;
		return -1;
	}
	return is_same ? refuse(r, err, "the output") : 0;
}

/* ---- writing ---- */

/* Once more: what came to that name during the run is another's. */
static int
put(const struct report *r, struct sink *sink, const struct json *j, struct error *err)
{
	return sink_write(sink, j->text.data, j->text.len, err) ||
		check_replaced(r, err) || sink_finish(sink, err) ?
	    -1 :
	    0;
}

int
report_begin(struct report *r, const struct report_facts *facts, struct error *err)
{
	struct json j = { 0 };
	int rc;

	if (r == NULL || r->is_refused)
		return 0;
	rc = report_json(&j, &r->said, REPORT_RUNNING, NULL, facts, err) ||
		put(r, r->running, &j, err) ?
	    -1 :
	    0;
	json_free(&j);
	sink_free(r->running);
	r->running = NULL;
	if (rc == -1)
		return report_cannot_open(err);
	r->has_begun = true;
	return 0;
}

/* Whoever reads what is there, or misses it, should know. */
static void
report_explain(const struct report *r, enum report_verdict verdict, struct error *err)
{
	err->hint[0] = '\0';
	if (!remove_earlier(r))
		error_hint(err,
		    "The report of an earlier run could not be removed: do not rely on it%s.",
		    verdict == REPORT_FAILED ? "" :
					       "; the exit status is that of the backup");
	else if (verdict != REPORT_FAILED)
		error_hint(err,
		    "The exit status is that of the backup, although the report is missing.");
}

int
report_write(struct report *r, enum report_verdict verdict, const struct error *why,
    const struct report_facts *facts, struct error *err)
{
	struct json j = { 0 };
	int rc;

	if (r == NULL || r->is_refused)
		return 0;
	message_listen(NULL);
	rc = report_json(&j, &r->said, verdict, why, facts, err) ||
		put(r, r->sink, &j, err) ?
	    -1 :
	    0;
	json_free(&j);
	if (rc == 0)
		return 0;
	report_explain(r, verdict, err);
	return error_wrap(err, "the report was not written");
}
