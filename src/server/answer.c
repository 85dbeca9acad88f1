/*
 * The shape of an answer is checked here once, so that the callers take its values as they are:
 * exactly one row, the columns that were asked for, and no NULL among them.
 */
#include "server/answer.h"

#include <string.h>

#include "lib/lsn.h"
#include "lib/number.h"

int
answer_ask(struct session *s, const char *sql, size_t nparams, const char *const *params,
    size_t columns, struct session_rows *rows, struct error *err)
{
	bool is_complete;

	if (session_query(s, sql, nparams, params, rows, err))
		return -1;
	is_complete = rows->count == 1 && rows->columns == columns;
	for (size_t i = 0; i < columns; i++)
		is_complete = is_complete && session_value(rows, 0, i) != NULL;
	if (is_complete)
		return 0;
	session_rows_free(rows);
	return error_set(
	    err, ERROR_SERVER, 0, "unexpected reply from the server to: %s", sql);
}

int
answer_lsn(
    const struct session_rows *rows, size_t column, uint64_t *lsn, struct error *err)
{
	const char *text = session_value(rows, 0, column);

	if (lsn_parse(text, lsn))
		return 0;
	return error_set(err, ERROR_SERVER, 0,
	    "unexpected reply from the server: \"%s\" is not a WAL position", text);
}

int
answer_number(const struct session_rows *rows, size_t column, uint64_t most,
    uint64_t *number, struct error *err)
{
	const char *text = session_value(rows, 0, column);

	if (number_parse(text, strlen(text), most, number))
		return 0;
	return error_set(err, ERROR_SERVER, 0,
	    "unexpected reply from the server: \"%s\" is not a valid number", text);
}

bool
answer_bool(const struct session_rows *rows, size_t column)
{
	return strcmp(session_value(rows, 0, column), "t") == 0;
}
