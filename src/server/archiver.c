/*
 * An archive_command that fails is tried again and again, and pg_wal grows until its disk is full.
 * The server only writes that to its log; the view has it as well.
 */
#include "server/archiver.h"

#include <stdio.h>

#include "server/answer.h"

static const char archiver_sql[] =
    "SELECT coalesce(last_failed_time > last_archived_time,"
    " last_failed_time IS NOT NULL), coalesce(last_failed_wal, ''), failed_count"
    " FROM pg_catalog.pg_stat_archiver";

int
archiver_read(struct session *s, struct archiver *out, struct error *err)
{
	struct session_rows rows;
	int rc;

	*out = (struct archiver){ 0 };
	if (answer_ask(s, archiver_sql, 0, NULL, 3, &rows, err))
		return -1;
	out->is_failing = answer_bool(&rows, 0);
	snprintf(
	    out->failed_wal, sizeof(out->failed_wal), "%s", session_value(&rows, 0, 1));
	rc = answer_number(&rows, 2, INT64_MAX, &out->failures, err);
	session_rows_free(&rows);
	return rc;
}
