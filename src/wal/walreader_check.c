/*
 * A record passes the checks that recovery makes before it replays one (ValidXLogRecordHeader() and
 * ValidXLogRecord() in src/backend/access/transam/xlogreader.c).  Recovery takes the first that
 * fails for the end of the WAL; here that is an error, which says what was expected.
 */
#include "wal/walreader_check.h"

#include <inttypes.h>

#include "lib/lsn.h"
#include "wal/walreader_internal.h"

int
walreader_ends_early(const struct walreader *r, struct error *err)
{
	char end[LSN_TEXT], stop[LSN_TEXT];

	return error_set(err, ERROR_FORMAT, 0,
	    "WAL ends at %s, before the stop position %s", lsn_print(end, r->end),
	    lsn_print(stop, r->stop_lsn));
}

/* Say which record it is that something is wrong with. */
static int
of_record(const struct walreader *r, struct error *err)
{
	char at[LSN_TEXT];

	return error_wrap(err, "WAL record at %s", lsn_print(at, r->next));
}

int
walreader_check_length(const struct walreader *r, uint32_t len, struct error *err)
{
	if (len == 0)
		return walreader_ends_early(r, err);
	if (len >= WALRECORD_HEADER && len <= WALRECORD_MAX)
		return 0;
	error_set(err, ERROR_FORMAT, 0,
	    "%" PRIu32 " bytes is not a valid length, expected %zu to %" PRIu32, len,
	    WALRECORD_HEADER, WALRECORD_MAX);
	return of_record(r, err);
}

/* Of the first record it is only known that it must link back. */
int
walreader_check_header(
    const struct walreader *r, const struct walrecord *rec, struct error *err)
{
	char found[LSN_TEXT], expected[LSN_TEXT];

	if (!walrecord_knows(r->expect->version, rec->rmid)) {
		error_set(
		    err, ERROR_FORMAT, 0, "invalid resource manager ID %u", rec->rmid);
		return of_record(r, err);
	}
	if (r->prev == NONE ? rec->prev < r->next : rec->prev == r->prev)
		return 0;
	if (r->prev == NONE)
		error_set(err, ERROR_FORMAT, 0,
		    "its link to the previous record is %s, which is after it",
		    lsn_print(found, rec->prev));
	else
		error_set(err, ERROR_FORMAT, 0,
		    "its link to the previous record is %s, expected %s",
		    lsn_print(found, rec->prev), lsn_print(expected, r->prev));
	return of_record(r, err);
}

/* Is it the right one after a record that was left incomplete, or after none? */
int
walreader_check_overwrite(
    struct walreader *r, const struct walrecord *rec, struct error *err)
{
	char found[LSN_TEXT], expected[LSN_TEXT];
	uint64_t abandoned = NONE;

	walrecord_is_overwrite(rec, &abandoned);
	if (abandoned == r->abandoned || (r->is_blind && r->prev == NONE)) {
		r->abandoned = NONE;
		return 0;
	}
	if (r->abandoned == NONE)
		error_set(err, ERROR_FORMAT, 0,
		    "it says that the record at %s is incomplete, but that is complete",
		    lsn_print(found, abandoned));
	else
		error_set(err, ERROR_FORMAT, 0,
		    "it does not say that the record at %s is incomplete",
		    lsn_print(expected, r->abandoned));
	return of_record(r, err);
}

int
walreader_check_crc(const struct walreader *r, const struct walrecord *rec,
    const uint8_t *header, struct error *err)
{
	uint32_t crc = walrecord_crc(header, rec->data, rec->len);

	if (crc == r->crc)
		return 0;
	error_set(err, ERROR_FORMAT, 0, "checksum %08" PRIX32 ", expected %08" PRIX32,
	    r->crc, crc);
	return of_record(r, err);
}

int
walreader_check_end(const struct walreader *r, uint64_t end, struct error *err)
{
	char found[LSN_TEXT], stop[LSN_TEXT];

	if (end <= r->stop_lsn)
		return 0;
	error_set(err, ERROR_FORMAT, 0, "it ends at %s, after the stop position %s",
	    lsn_print(found, end), lsn_print(stop, r->stop_lsn));
	return of_record(r, err);
}
