/*
 * The file is read by a program that takes each *.prom in a directory, at any moment: so it is renamed
 * into its place, and is readable for all.  The last success is kept in the file itself, as the run that
 * knows of it is long over; a line that is not as we write it is no success.
 */
#include "format/metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/ancestry.h"
#include "cli/message.h"
#include "lib/interrupt.h"
#include "lib/number.h"
#include "lib/path.h"
#include "lib/stream.h"
#include "lib/sys.h"
#include "lib/utf8.h"
#include "stream/outfile.h"

#define SUCCESS "pg_basetar_last_success_timestamp_seconds"
#define METRICS_BEGINNING "# Written by pg_basetar"

/* Bytes of the file: it has some 2000. */
enum { METRICS_MOST = 64 * 1024 };

/* What a metric is, and whether it is of the last run or of all. */
enum metric { ENDED, LAST_SUCCESS, STATUS, SECONDS, FINDINGS, RAW, WRITTEN };
static const struct {
	const char *name, *help;
} metrics[] = {
	[ENDED] = { "pg_basetar_last_run_timestamp_seconds", "When the last run ended." },
	[LAST_SUCCESS] = { SUCCESS, "When the last run ended that had exit status 0." },
	[STATUS] = { "pg_basetar_last_run_exit_status",
	    "The exit status of the last run." },
	[SECONDS] = { "pg_basetar_last_run_duration_seconds",
	    "How long the last run took." },
	[FINDINGS] = { "pg_basetar_last_run_findings",
	    "How many findings the last run had." },
	[RAW] = { "pg_basetar_last_run_raw_bytes",
	    "The size of the archives of the last run, decompressed." },
	[WRITTEN] = { "pg_basetar_last_run_archive_bytes",
	    "The size of the archives of the last run." },
};

/* ---- the earlier file ---- */

/* *text is empty where there is no file; ERROR_STATE: it is not one of metrics. */
static int
read_earlier(const char *path, struct buf *text, struct error *err)
{
	if (sys_read_file(AT_FDCWD, path, METRICS_MOST, text, err) == 0) {
		if (text->len == 0 ||
		    strncmp(buf_text(text), METRICS_BEGINNING,
			strlen(METRICS_BEGINNING)) == 0)
			return 0;
	} else if (err->kind == ERROR_IO && err->sys == ENOENT)
		return 0;
	else if (err->kind != ERROR_FORMAT)
		return error_wrap(err, "metrics \"%s\"", path);
	error_set(
	    err, ERROR_STATE, 0, "file \"%s\" is not one of pg_basetar's metrics", path);
	return error_hint(
	    err, "Only an earlier file of --metrics is replaced: name another one.");
}

/* Of this command; false: there was no success, or it cannot be told. */
static bool
find_success(const char *text, const char *labels, uint64_t *when)
{
	const size_t name = strlen(SUCCESS), len = strlen(labels);

	for (const char *line = text; line && *line != '\0';
	     line = strchr(line, '\n'), line += line != NULL) {
		const char *value, *end;

		if (strncmp(line, SUCCESS, name) != 0 ||
		    strncmp(line + name, labels, len) != 0 || line[name + len] != ' ')
			continue;
		value = line + name + len + 1;
		end = strchr(value, '\n');
		return end && number_parse(value, (size_t)(end - value), INT64_MAX, when);
	}
	return false;
}

/* ---- the new one ---- */

/* The character at *${at}, and go on to the next.  A byte that is no UTF-8 would spoil the file for its reader. */
static int
add_character(struct buf *labels, const char **at, struct error *err)
{
	const char *from = *at;
	const size_t len = utf8_length(from);

	*at += len > 0 ? len : 1;
	if (len == 0)
		return buf_printf(labels, err, "\\\\x%02X", (unsigned char)*from);
	if (*from == '\n')
		return buf_append(labels, "\\n", 2, err);
	if (*from == '"' || *from == '\\')
		return buf_printf(labels, err, "\\%c", *from);
	return buf_append(labels, from, len, err);
}

/* The name of the file without its suffix tells the metrics of several clusters apart. */
static int
make_labels(struct buf *labels, const char *path, const char *command, struct error *err)
{
	char *directory, *name, *suffix;
	int rc;

	if (path_split(path, &directory, &name, err))
		return -1;
	suffix = strrchr(name, '.');
	if (suffix && suffix != name)
		*suffix = '\0';
	rc = buf_printf(labels, err, "{command=\"%s\",name=\"", command);
	for (const char *at = name; rc == 0 && *at != '\0';)
		rc = add_character(labels, &at, err);
	free(directory);
	free(name);
	return rc == 0 ? buf_printf(labels, err, "\"}") : -1;
}

static int
metrics_add(struct buf *text, enum metric what, const char *labels, double value,
    struct error *err)
{
	return buf_printf(text, err, "# HELP %s %s\n# TYPE %s gauge\n%s%s %.*f\n",
	    metrics[what].name, metrics[what].help, metrics[what].name,
	    metrics[what].name, labels, what == SECONDS ? 3 : 0, value);
}

static double
metrics_seconds(const struct progress *p)
{
	double seconds = 0;

	for (size_t i = 0; i < p->npast; i++)
		seconds += p->past[i].seconds;
	return seconds;
}

/* As the process will end. */
static int
metrics_status(enum report_verdict verdict, const struct error *why)
{
	const int sig = why && why->kind == ERROR_CANCELLED ? interrupt_signal() : 0;

	return sig ? 128 + sig : (int)verdict;
}

static int
metrics_text(struct buf *text, const char *earlier, const char *labels, int status,
    const struct report_facts *f, struct error *err)
{
	const time_t now = time(NULL);
	uint64_t success = (uint64_t)now;
	const bool has_success = status == 0 || find_success(earlier, labels, &success);

	if (buf_printf(text, err, METRICS_BEGINNING ", for the textfile collector.\n") ||
	    metrics_add(text, ENDED, labels, (double)now, err) ||
	    (has_success &&
		metrics_add(text, LAST_SUCCESS, labels, (double)success, err)) ||
	    metrics_add(text, STATUS, labels, status, err) ||
	    metrics_add(text, SECONDS, labels, metrics_seconds(f->progress), err) ||
	    metrics_add(text, FINDINGS, labels, (double)message_findings(), err))
		return -1;
	if (f->backup.archive.raw != UINT64_MAX &&
	    metrics_add(text, RAW, labels, (double)f->backup.archive.raw, err))
		return -1;
	return metrics_add(text, WRITTEN, labels, (double)f->backup.archive.written, err);
}

static int
metrics_open(struct sink **sink, const char *path, struct error *err)
{
	const struct outfile_options opt = { .path = path, .force = true, .mode = 0644 };

	if (outfile_open(sink, &opt, err) == 0)
		return 0;
	err->hint[0] = '\0';
	error_hint(err,
	    "--metrics names a file to be written, in a directory that exists and that this user may write to.");
	return error_wrap(err, "metrics");
}

int
metrics_check(const char *path, struct error *err)
{
	struct buf earlier = { 0 };
	struct sink *sink;
	int rc;

	if (path == NULL)
		return 0;
	rc = read_earlier(path, &earlier, err);
	buf_free(&earlier);
	if (rc == -1 || metrics_open(&sink, path, err))
		return -1;
	sink_free(sink);
	return 0;
}

int
metrics_refuse_inside(
    const char *path, const struct stat *st, const char *what, struct error *err)
{
	struct ancestry above = { 0 };
	bool is_inside;

	if (path == NULL)
		return 0;
	if (ancestry_take_parent(&above, path, err))
		return error_wrap(err, "metrics \"%s\"", path);
	is_inside = ancestry_is_inside(&above, st);
	ancestry_free(&above);
	if (!is_inside)
		return 0;
	error_set(err, ERROR_STATE, 0, "the file of --metrics, \"%s\", is inside %s",
	    path, what);
	return error_hint(err, "Write it to a directory of the textfile collector.");
}

int
metrics_write(const char *path, enum report_verdict verdict, const struct error *why,
    const struct report_facts *facts, struct error *err)
{
	struct buf earlier = { 0 }, labels = { 0 }, text = { 0 };
	struct sink *sink = NULL;
	int rc;

	if (path == NULL)
		return 0;
	rc = read_earlier(path, &earlier, err) ||
		make_labels(&labels, path, facts->command, err) ||
		metrics_text(&text, buf_text(&earlier), buf_text(&labels),
		    metrics_status(verdict, why), facts, err) ||
		metrics_open(&sink, path, err) ||
		sink_write(sink, text.data, text.len, err) || sink_finish(sink, err) ?
	    -1 :
	    0;
	sink_free(sink);
	buf_free(&earlier);
	buf_free(&labels);
	buf_free(&text);
	return rc == 0 ? 0 : error_wrap(err, "the metrics were not written");
}
