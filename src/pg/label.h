#ifndef PG_BASETAR_PG_LABEL_H
#define PG_BASETAR_PG_LABEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/error.h"
#include "pg/cluster.h"

/*
 * backup_label: where recovery of a backup begins.  Lines of KEY: VALUE, in this order,
 * each ended by a newline, as src/backend/access/transam/xlogbackup.c (xlog.c before 15)
 * writes them and 10 to 19 were seen to; the last with LSNs as 0/02000028:
 *
 *	START WAL LOCATION: 0/2000028 (file 000000010000000000000002)
 *	CHECKPOINT LOCATION: 0/2000060
 *	BACKUP METHOD: streamed
 *	BACKUP FROM: primary			"master" up to 13; or "standby"
 *	START TIME: 2026-11-22 11:59:44 UTC	in the server's log_timezone
 *	LABEL: nightly
 *	START TIMELINE: 1			from 11 on
 *	INCREMENTAL FROM LSN: 0/1000028		from 17 on, of an incremental backup
 *	INCREMENTAL FROM TLI: 1
 *
 * The server itself insists on the first two lines only and scans for the rest; we know
 * what it writes, so anything else is damage.  But a label may hold line feeds: pg_basebackup
 * and pg_backup_start() take them.  The server that recovers (10, 14 and 15 were seen to) then
 * does not find the lines after LABEL, and goes on without.
 */
struct label {
	uint64_t start_lsn;      /* the redo location of the checkpoint */
	char start_file[25];     /* the WAL segment that holds it */
	uint64_t checkpoint_lsn; /* the record of the checkpoint */
	char method[16];         /* "streamed", or "pg_start_backup": exclusive */
	bool from_standby;
	char *start_time; /* for people only */
	char *text;       /* what the user called the backup; may have several lines */
	uint32_t timeline;
	bool has_timeline; /* by a line of its own, not only in start_file */
	bool incremental;  /* not to be recovered from alone */
};

/* Bytes of a label's text at most: the server refuses more. */
#define LABEL_TEXT_MOST 1024

/* ERROR_USAGE if no backup can have the label ${text}: too long, a control character. */
MUST_CHECK int label_check_text(const char *text, struct error *err);

/*
 * Append the file as a server of ${version} writes it.  ERROR_FORMAT, and nothing is
 * appended, if ${label} has values that label_parse() would refuse or that this version
 * cannot say.  has_timeline is not asked: the version decides.
 */
MUST_CHECK int label_build(struct buf *b, const struct label *label,
    const struct pg_version *version, struct error *err);

/*
 * ERROR_FORMAT: not a backup_label; the error says which line.  On failure *out is
 * untouched, else to be released by label_free().
 */
MUST_CHECK int label_parse(
    const char *text, size_t len, struct label *out, struct error *err);

/*
 * Do the label we sent and the one the server gave at the end say the same?  START TIME
 * aside, which we can only guess.  ERROR_SERVER, with the first line that differs.
 */
MUST_CHECK int label_compare(
    const struct label *sent, const struct label *server, struct error *err);

void label_free(struct label *label);

#endif
