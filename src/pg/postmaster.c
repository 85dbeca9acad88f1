/*
 * postmaster.pid and postmaster.opts belong to a server that may be running, starting or long dead,
 * and are read without asking it.  The first may be met while the server appends a line to it: what
 * has no newline yet is taken as not there.
 */
#include "pg/postmaster.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "lib/buf.h"
#include "lib/number.h"
#include "lib/sys.h"

/* The server builds postmaster.pid in a buffer of one block. */
#define PID_FILE_MOST 8192

/* No server takes a command line of that size. */
#define OPTS_FILE_MOST ((size_t)1024 * 1024)

/* The next line of a text, without its newline.  False: there is no whole one. */
static bool
next_line(const char **at, const char *end, const char **line, size_t *len)
{
	const char *newline = memchr(*at, '\n', (size_t)(end - *at));

	if (newline == NULL)
		return false;
	*line = *at;
	*len = (size_t)(newline - *at);
	*at = newline + 1;
	return true;
}

/* The lines, by their place in the file. */
enum line {
	PID,
	DATADIR,
	START_TIME,
	PORT,
	SOCKET_DIR,
	LISTEN_ADDR,
	SHMEM,
	STATUS,
	LINES
};

/* The lines that are there from the first moment on. */
#define LINES_AT_ONCE (SOCKET_DIR + 1)

static const char *const line_names[LINES] = { "process id", "data directory",
	"start time", "port", "socket directory", "listen address", "shared memory",
	"status" };

static int
bad_line(enum line line, struct error *err)
{
	return error_set(err, ERROR_FORMAT, 0, "line %d is not a valid %s", (int)line + 1,
	    line_names[line]);
}

static int
keep(char **to, const char *line, size_t len, struct error *err)
{
	*to = strndup(line, len);
	return *to ? 0 : error_memory(err);
}

/* The status is padded with blanks, so that a longer one can be written over it. */
static bool
keep_status(struct postmaster *p, const char *line, size_t len)
{
	while (len > 0 && line[len - 1] == ' ')
		len--;
	if (len >= sizeof(p->status))
		return false;
	memcpy(p->status, line, len);
	p->status[len] = '\0';
	return true;
}

static bool
keep_pid(struct postmaster *p, const char *line, size_t len)
{
	uint64_t pid;

	p->is_standalone = len > 0 && line[0] == '-';
	if (p->is_standalone) {
		line++;
		len--;
	}
	if (!number_parse(line, len, INT32_MAX, &pid) || pid == 0)
		return false;
	p->pid = (int64_t)pid;
	return true;
}

/* Both are padded on their left (AddToDataDirLockFile() in sysv_shmem.c). */
static void
keep_segment(struct postmaster *p, const char *line, size_t len)
{
	char text[64];
	const char *at = text;
	uint64_t key, id;

	if (len >= sizeof(text))
		return;
	memcpy(text, line, len);
	text[len] = '\0';
	at += strspn(at, " ");
	if (!number_next(&at, UINT32_MAX, &key) || *at != ' ')
		return;
	at += strspn(at, " ");
	if (!number_next(&at, INT32_MAX, &id) || *at != '\0')
		return;
	p->has_segment = true;
	p->segment_key = (uint32_t)key;
	p->segment_id = id;
}

static int
keep_line(struct postmaster *p, enum line which, const char *line, size_t len,
    struct error *err)
{
	uint64_t number = 0;
	bool ok = true;

	switch (which) {
	case PID:
		ok = keep_pid(p, line, len);
		break;
	case DATADIR:
		return len ? keep(&p->datadir, line, len, err) : bad_line(which, err);
	case START_TIME:
		ok = number_parse(line, len, INT64_MAX, &number);
		p->start_time = (int64_t)number;
		break;
	case PORT:
		ok = number_parse(line, len, 65535, &number);
		p->port = (unsigned)number;
		break;
	case SOCKET_DIR:
		return keep(&p->socket_dir, line, len, err);
	case LISTEN_ADDR:
		free(p->listen_addr);
		return keep(&p->listen_addr, line, len, err);
	case STATUS:
		ok = keep_status(p, line, len);
		break;
	case SHMEM:
		keep_segment(p, line, len);
		break;
	case LINES:
		break;
	}
	return ok ? 0 : bad_line(which, err);
}

static int
postmaster_parse_lines(
    struct postmaster *p, const char *text, size_t len, struct error *err)
{
	const char *at = text, *end = text + len, *line;
	unsigned which;
	size_t line_len;

	if (memchr(text, '\0', len))
		return error_set(err, ERROR_FORMAT, 0, "has a zero byte");
	if (keep(&p->listen_addr, "", 0, err))
		return -1;
	for (which = 0; which < LINES && next_line(&at, end, &line, &line_len); which++)
		if (keep_line(p, (enum line)which, line, line_len, err))
			return -1;
	if (which < LINES_AT_ONCE)
		return error_set(err, ERROR_FORMAT, 0, "ends after %u lines", which);
	return 0;
}

int
postmaster_parse(const char *text, size_t len, struct postmaster *out, struct error *err)
{
	struct postmaster p = { 0 };

	if (postmaster_parse_lines(&p, text, len, err)) {
		postmaster_free(&p);
		return -1;
	}
	*out = p;
	return 0;
}

/* Read a file of the server; its absence is a state of the cluster. */
static int
postmaster_read_file(
    int datadir_fd, const char *name, size_t most, struct buf *text, struct error *err)
{
	if (sys_read_file(datadir_fd, name, most, text, err) == 0)
		return 0;
	if (err->kind == ERROR_IO && err->sys == ENOENT)
		error_set(err, ERROR_STATE, ENOENT, "could not open");
	return -1;
}

int
postmaster_read(int datadir_fd, struct postmaster *out, struct error *err)
{
	static const char name[] = "postmaster.pid";
	struct buf text = { 0 };
	int rc;

	rc = postmaster_read_file(datadir_fd, name, PID_FILE_MOST, &text, err);
	if (rc == 0)
		rc = postmaster_parse(buf_text(&text), text.len, out, err);
	if (rc)
		error_wrap(err, "file \"%s\"", name);
	buf_free(&text);
	return rc;
}

bool
postmaster_is_alive(const struct postmaster *p)
{
	/* kill() of 0 or less would ask after a whole group */
	if (p->pid <= 0)
		return false;
	/* EPERM: there is one, of another user (kill(2)) */
	return kill((pid_t)p->pid, 0) == 0 || errno == EPERM;
}

void
postmaster_free(struct postmaster *p)
{
	if (p == NULL)
		return;
	free(p->datadir);
	free(p->socket_dir);
	free(p->listen_addr);
	*p = (struct postmaster){ 0 };
}

static int
add_arg(struct postmaster_opts *opts, const char *arg, size_t len, struct error *err)
{
	char **more = realloc(opts->args, (opts->count + 1) * sizeof(*more));

	if (more == NULL)
		return error_memory(err);
	opts->args = more;
	more[opts->count] = strndup(arg, len);
	if (more[opts->count] == NULL)
		return error_memory(err);
	opts->count++;
	return 0;
}

/* ${line} is PROGRAM "ARG" "ARG"..., a string. */
static int
parse_opts(struct postmaster_opts *opts, const char *line, struct error *err)
{
	const char *quote = strstr(line, " \""), *end = line + strlen(line), *at, *next;

	if (quote == NULL)
		return add_arg(opts, line, (size_t)(end - line), err);
	if (end - quote < 3 || end[-1] != '"')
		return error_set(err, ERROR_FORMAT, 0, "the last argument does not end");
	if (add_arg(opts, line, (size_t)(quote - line), err))
		return -1;
	at = quote + 2;
	while ((next = strstr(at, "\" \"")) != NULL && next + 3 < end) {
		if (add_arg(opts, at, (size_t)(next - at), err))
			return -1;
		at = next + 3;
	}
	return add_arg(opts, at, (size_t)(end - 1 - at), err);
}

int
postmaster_opts_parse(
    const char *text, size_t len, struct postmaster_opts *out, struct error *err)
{
	struct postmaster_opts opts = { 0 };
	char *line;
	int rc;

	if (len == 0 || text[len - 1] != '\n' || memchr(text, '\0', len))
		return error_set(err, ERROR_FORMAT, 0, "is not a line of text");
	line = strndup(text, len - 1);
	if (line == NULL)
		return error_memory(err);
	rc = parse_opts(&opts, line, err);
	free(line);
	if (rc)
		postmaster_opts_free(&opts);
	else
		*out = opts;
	return rc;
}

int
postmaster_opts_read(int datadir_fd, struct postmaster_opts *out, struct error *err)
{
	static const char name[] = "postmaster.opts";
	struct buf text = { 0 };
	int rc;

	rc = postmaster_read_file(datadir_fd, name, OPTS_FILE_MOST, &text, err);
	if (rc == 0)
		rc = postmaster_opts_parse(buf_text(&text), text.len, out, err);
	if (rc)
		error_wrap(err, "file \"%s\"", name);
	buf_free(&text);
	return rc;
}

/* VALUE, if ${text} is NAME=VALUE; the server reads NAME so. */
static const char *
setting_value(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c == '-')
			c = '_';
		else if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (c != name[i])
			return NULL;
	}
	return text[len] == '=' ? text + len + 1 : NULL;
}

/*
 * The value of the last option ${letter}; with a ${name}, the last of those that set
 * that.  The letters that take a value are those of the server's own call of getopt(),
 * of 10 to 19 together (src/backend/postmaster/postmaster.c; of 19: postgres --help).
 */
static const char *
find_option(const struct postmaster_opts *opts, char letter, const char *name)
{
	const char *found = NULL;

	for (size_t i = 1; i < opts->count; i++) {
		const char *arg = opts->args[i], *value = NULL;
		char is = '\0';

		if (arg[0] != '-')
			continue;
		if (arg[1] == '-') {
			is = 'c';
			value = arg + 2;
		} else if (arg[strcspn(arg, "BCDNSWcdfhkoprtv")] != '\0') {
			arg += strcspn(arg, "BCDNSWcdfhkoprtv");
			is = *arg++;
			value =
			    *arg != '\0' || i + 1 == opts->count ? arg : opts->args[++i];
		}
		if (value != NULL && is == letter && name != NULL)
			value = setting_value(value, name);
		if (value != NULL && is == letter)
			found = value;
	}
	return found;
}

const char *
postmaster_opts_setting(const struct postmaster_opts *opts, const char *name)
{
	return find_option(opts, 'c', name);
}

const char *
postmaster_opts_datadir(const struct postmaster_opts *opts)
{
	return find_option(opts, 'D', NULL);
}

void
postmaster_opts_free(struct postmaster_opts *opts)
{
	if (opts == NULL)
		return;
	for (size_t i = 0; i < opts->count; i++)
		free(opts->args[i]);
	free(opts->args);
	*opts = (struct postmaster_opts){ 0 };
}
