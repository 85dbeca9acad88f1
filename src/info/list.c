/* Columns for people, of which each is as wide as its widest value; keys for programs. */
#include "info/list.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/progress.h"
#include "inventory/inventory.h"
#include "lib/json.h"
#include "lib/lsn.h"
#include "lib/utf8.h"

enum { NAME_TEXT = 4 * 256, LABEL_TEXT = 4 * 1025, POSITIONS_TEXT = 2 * LSN_TEXT + 40 };

static bool
is_backup(const struct inventory_row *row)
{
	return row->kind == INVENTORY_BACKUP || row->kind == INVENTORY_FOREIGN;
}

/* ---- for people ---- */

/* When it began: in UTC, or else as the server wrote it. */
static const char *
list_began(const struct inventory_row *row)
{
	if (row->began[0] != '\0')
		return row->began;
	return row->start_time ? row->start_time : "-";
}

/* "0/2000028 to 0/2000138, timeline 1" */
static void
print_positions(char out[POSITIONS_TEXT], const struct inventory_row *row)
{
	char start[LSN_TEXT], stop[LSN_TEXT];
	const struct facts_range *range = &row->range;

	if (range->stop_lsn != 0)
		snprintf(out, POSITIONS_TEXT, "%s to %s, timeline %" PRIu32,
		    lsn_print(start, range->start_lsn), lsn_print(stop, range->stop_lsn),
		    range->stop_timeline);
	else
		snprintf(out, POSITIONS_TEXT, "%s, timeline %" PRIu32,
		    lsn_print(start, range->start_lsn), range->start_timeline);
}

static size_t
wider(size_t width, size_t len)
{
	return len > width ? len : width;
}

/* Of names, times and positions. */
struct widths {
	size_t name, began, positions;
};

static struct widths
measure_columns(const struct inventory *inv)
{
	struct widths w = { 0 };
	char name[NAME_TEXT], positions[POSITIONS_TEXT];

	for (size_t i = 0; i < inv->count; i++) {
		const struct inventory_row *row = &inv->rows[i];

		if (!is_backup(row))
			continue;
		utf8_defuse(name, sizeof(name), row->name);
		print_positions(positions, row);
		w.name = wider(w.name, strlen(name));
		w.began = wider(w.began, strlen(list_began(row)));
		w.positions = wider(w.positions, strlen(positions));
	}
	return w;
}

static int
list_backup(struct buf *out, const struct inventory_row *row, const struct widths *w,
    struct error *err)
{
	char name[NAME_TEXT], positions[POSITIONS_TEXT], size[PROGRESS_BYTES_TEXT],
	    label[LABEL_TEXT];
	const char *verdict = verdict_name(row->verdict.result);

	utf8_defuse(name, sizeof(name), row->name);
	utf8_defuse(label, sizeof(label), row->label ? row->label : "");
	print_positions(positions, row);
	return buf_printf(out, err, "  %-*s  %-*s  %-*s  %10s  %-8s  %s\n", (int)w->name,
	    name, (int)w->began, list_began(row), (int)w->positions, positions,
	    progress_bytes(size, row->size), verdict ? verdict : "-", label);
}

static int
list_cluster(struct buf *out, const struct inventory_row *row, struct error *err)
{
	return buf_printf(out, err, "system identifier %" PRIu64 ", server version %u:\n",
	    row->system_identifier, row->version);
}

static int
list_other(struct buf *out, const struct inventory_row *row, struct error *err)
{
	char name[NAME_TEXT], fault[LABEL_TEXT];

	utf8_defuse(name, sizeof(name), row->name);
	utf8_defuse(fault, sizeof(fault), row->fault);
	return buf_printf(out, err, "  %s: %s\n", name, fault);
}

static int
list_text(struct buf *out, const struct inventory *inv, struct error *err)
{
	const struct widths w = measure_columns(inv);

	for (size_t i = 0; i < inv->count; i++) {
		const struct inventory_row *row = &inv->rows[i],
					   *last = i > 0 ? row - 1 : NULL;

		if (is_backup(row) &&
		    ((last == NULL ||
			 last->system_identifier != row->system_identifier) &&
			list_cluster(out, row, err)))
			return -1;
		if (!is_backup(row) && (last == NULL || is_backup(last)) &&
		    buf_printf(out, err, "not backups, or not to be read:\n"))
			return -1;
		if (is_backup(row) ? list_backup(out, row, &w, err) :
				     list_other(out, row, err))
			return -1;
	}
	return inv->count > 0 ? 0 : buf_printf(out, err, "no backups\n");
}

/* ---- for programs ---- */

static void
put_row(struct json *j, const struct inventory_row *row)
{
	char lsn[LSN_TEXT];
	const struct facts_range *range = &row->range;

	json_object(j, NULL);
	json_text(j, "name", row->name);
	json_text(
	    j, "made_by", row->kind == INVENTORY_BACKUP ? "pg_basetar" : "pg_basebackup");
	json_text(j, "label", row->label);
	json_number_if(j, "server_version", row->version > 0, row->version);
	json_identifier(j, "system_identifier", row->system_identifier);
	json_text(j, "began", row->began[0] != '\0' ? row->began : NULL);
	json_text(j, "start_time", row->start_time);
	json_text(j, "start_lsn", lsn_print_known(lsn, range->start_lsn));
	json_number_if(
	    j, "start_timeline", range->start_timeline > 0, range->start_timeline);
	json_text(j, "stop_lsn", lsn_print_known(lsn, range->stop_lsn));
	json_number_if(
	    j, "stop_timeline", range->stop_timeline > 0, range->stop_timeline);
	json_number(j, "bytes_written", row->size);
	json_text(j, "verdict", verdict_name(row->verdict.result));
	json_text(j, "verdict_of",
	    row->verdict.result != VERDICT_UNKNOWN ? row->verdict.command : NULL);
	json_text(j, "verdict_ended",
	    row->verdict.result != VERDICT_UNKNOWN ? row->verdict.ended : NULL);
	json_end(j);
}

static int
list_json(struct buf *out, const struct inventory *inv, struct error *err)
{
	struct json j = { 0 };
	size_t i;
	int rc;

	json_object(&j, NULL);
	json_number(&j, "pg_basetar_list", 1);
	json_text(&j, "directory", inv->path);
	json_array(&j, "backups");
	for (i = 0; i < inv->count && is_backup(&inv->rows[i]); i++)
		put_row(&j, &inv->rows[i]);
	json_end(&j);
	json_array(&j, "others");
	for (; i < inv->count; i++) {
		json_object(&j, NULL);
		json_text(&j, "name", inv->rows[i].name);
		json_text(&j, "reason", inv->rows[i].fault);
		json_end(&j);
	}
	json_end(&j);
	json_end(&j);
	rc = json_finish(&j, err);
	if (rc == 0)
		rc = buf_append(out, j.text.data, j.text.len, err);
	json_free(&j);
	return rc;
}

int
info_list(const struct options *opt, struct error *err)
{
	const struct inventory_wanted all = { 0 };
	struct inventory inv = { .dirfd = -1 };
	struct buf text = { 0 };
	int rc;

	if (opt->input == NULL) {
		error_set(err, ERROR_USAGE, 0, "option \"--list\" needs a directory");
		return error_hint(err, "Name one that holds backups.");
	}
	rc = inventory_read(&inv, opt->input, &all, err) ||
		(opt->json ? list_json(&text, &inv, err) : list_text(&text, &inv, err)) ?
	    -1 :
	    0;
	if (rc == 0 && (fputs(buf_text(&text), stdout) == EOF || fflush(stdout) == EOF))
		rc =
		    error_set(err, ERROR_IO, errno, "could not write to standard output");
	buf_free(&text);
	inventory_free(&inv);
	return rc;
}
