/*
 * Files of a cluster that show on their own whether they are whole: those with a magic number or a
 * checksum of their own, and relations, which have whole pages.  What is found is in the archive as
 * it is in the cluster; the run goes on.
 */
#include "archive/statecheck.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "cli/message.h"
#include "lib/buf.h"
#include "lib/bytes.h"
#include "lib/sys.h"
#include "pg/slru.h"
#include "pg/statefile.h"

/* Pages of relations have no more (pg_control is refused that says so). */
enum { BLOCK_MOST = 32768 };

/* What was wrong with the file ${path}: a line, and one more to count. */
int
statecheck_finding(struct statecheck *c, const char *kind, const char *path,
    const char *what, struct error *err)
{
	struct buf text = { 0 };
	int rc = buf_printf(&text, err, "file \"%s\": %s", path, what);

	if (rc == 0) {
		c->damaged++;
		message_finding(&(struct finding){
		    .text = buf_text(&text), .kind = kind, .file = path });
	}
	buf_free(&text);
	return rc;
}

static int
judge_state(const struct statecheck *c, enum statefile_kind kind, const uint8_t *bytes,
    size_t len, struct error *err)
{
	struct statefile s = { .kind = kind };

	statefile_bytes(&s, bytes, len);
	return statefile_end(&s, c->version, err);
}

/* Else it may be being written right now. */
static bool
is_whole(struct member_judge *judge, const char *path, const uint8_t *bytes, size_t len)
{
	const struct statecheck *c = (const struct statecheck *)judge;
	const enum statefile_kind kind = statefile_kind(path);
	enum slru_kind slru;
	uint64_t segment;
	struct error ignored;

	if (kind != STATEFILE_NONE)
		return judge_state(c, kind, bytes, len, &ignored) == 0;
	return !slru_locate(path, &slru, &segment) || len % c->block_size == 0;
}

void
statecheck_open(struct statecheck *c, const struct pg_version *version,
    uint32_t block_size, bool is_frozen, const struct cancel *cancel)
{
	*c = (struct statecheck){ .judge = { .is_whole = is_whole },
		.version = version,
		.block_size = block_size,
		.is_frozen = is_frozen,
		.cancel = cancel };
}

int
statecheck_bytes(struct statecheck *c, const char *path, const uint8_t *bytes, size_t len,
    struct error *err)
{
	const enum statefile_kind kind = statefile_kind(path);
	struct error why = { 0 };

	if (kind == STATEFILE_NONE || judge_state(c, kind, bytes, len, &why) == 0)
		return 0;
	return statecheck_finding(c, "state", path, why.text, err);
}

/*
 * The server extends a relation by whole pages, but a moment may show half of one.  What comes
* after the last whole page when the disk was full is zeros, of which the server takes no
 * notice (mdnblocks() and mdextend() in src/backend/storage/smgr/md.c).
 */
static int
await_whole_page(struct statecheck *c, int fd, struct stat *st, struct error *err)
{
	unsigned looks = 1;

	if (c->is_frozen) /* nothing changes */
		return 0;
	while (st->st_size % c->block_size != 0 && settle_wait(&c->cut, looks)) {
		if (fstat(fd, st) == -1)
			return error_set(err, ERROR_IO, errno, "could not stat");
		looks++;
	}
	return 0;
}

/* What there is of a last page that is not whole. */
static int
judge_rest(struct statecheck *c, const char *path, int fd, const struct stat *st,
    struct error *err)
{
	uint8_t rest[BLOCK_MOST];
	const size_t len = (size_t)((uint64_t)st->st_size % c->block_size);
	char text[128];
	size_t got;

	if (len == 0)
		return 0;
	if (sys_pread(fd, rest, len, (uint64_t)st->st_size - len, &got, c->cancel, err))
		return -1;
	if (bytes_are_zero(rest, got))
		return 0;
	snprintf(text, sizeof(text),
	    "ends in the middle of a page: it has %" PRIu64
	    " bytes, and pages have %" PRIu32,
	    (uint64_t)st->st_size, c->block_size);
	return statecheck_finding(c, "size", path, text, err);
}

int
statecheck_relation(
    struct statecheck *c, const char *path, int fd, struct stat *st, struct error *err)
{
	if (await_whole_page(c, fd, st, err) || judge_rest(c, path, fd, st, err))
		return error_wrap(err, "file \"%s\"", path);
	return 0;
}

/* One that is too large to be held; a transaction may have locked very much. */
static int
read_state(const struct statecheck *c, int fd, struct statefile *s, struct error *err)
{
	uint8_t bytes[16 * 1024];
	uint64_t at = 0;
	size_t got;

	do {
		if (sys_pread(fd, bytes, sizeof(bytes), at, &got, c->cancel, err))
			return -1;
		statefile_bytes(s, bytes, got);
		at += got;
	} while (got == sizeof(bytes));
	return 0;
}

int
statecheck_large(struct statecheck *c, const char *path, int fd, struct error *err)
{
	const enum statefile_kind kind = statefile_kind(path);
	struct error why;

	for (unsigned looks = 1; kind != STATEFILE_NONE; looks++) {
		struct statefile s = { .kind = kind };

		if (read_state(c, fd, &s, err))
			return error_wrap(err, "file \"%s\"", path);
		if (statefile_end(&s, c->version, &why) == 0)
			break;
		if (c->is_frozen || !settle_wait(&c->judge.settle, looks))
			return statecheck_finding(c, "state", path, why.text, err);
	}
	return 0;
}
