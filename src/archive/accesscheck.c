/*
 * Owners and modes of the cluster's files that keep its server out of them: what is sent has them
 * as well, and a copy that is unpacked as it was would have the same fault.  Here it can be mended.
 */
#include <inttypes.h>
#include <stdio.h>

#include "archive/accesscheck.h"
#include "cli/message.h"
#include "lib/buf.h"
#include "pg/access.h"

/* So many are named, the others counted. */
#define NAMED 20

static int
say(struct accesscheck *access, uid_t server, const char *path, const struct stat *st,
    bool is_foreign, struct error *err)
{
	const unsigned mode = (unsigned)st->st_mode & 0777;
	struct buf text = { 0 };
	int rc;

	if (access->kept_out++ >= NAMED)
		return 0;
	if (is_foreign)
		rc = buf_printf(&text, err,
		    "\"%s\" belongs to user %lu and has mode %04o: the server, which runs as user %lu, cannot use it",
		    path, (unsigned long)st->st_uid, mode, (unsigned long)server);
	else
		rc = buf_printf(&text, err,
		    "\"%s\" has mode %04o, which keeps the server out", path, mode);
	if (rc == 0)
		message_finding(&(struct finding){
		    .text = buf_text(&text), .kind = "name", .file = path });
	buf_free(&text);
	return rc;
}

int
accesscheck_member(struct accesscheck *access, const struct stat *datadir,
    const char *path, const struct stat *st, struct error *err)
{
	const bool is_foreign = st->st_uid != datadir->st_uid;

	if (!access_is_kept_out(
		path, S_ISDIR(st->st_mode), (uint32_t)st->st_mode, is_foreign))
		return 0;
	return say(access, datadir->st_uid, path, st, is_foreign, err);
}

bool
accesscheck_report(const struct accesscheck *access)
{
	struct error finding = { 0 };

	if (access->kept_out == 0)
		return true;
	error_set(&finding, ERROR_FORMAT, 0,
	    "the backup is complete, but owners or modes keep the server out of %" PRIu64
	    " %s",
	    access->kept_out, access->kept_out == 1 ? "file" : "files");
	error_hint(&finding,
	    "Give them to the owner of the data directory, files with mode 0600 and directories with 0700, or 0640 and 0750; then run the backup again.");
	message_error(&finding);
	return false;
}
