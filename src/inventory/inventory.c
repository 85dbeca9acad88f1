/*
 * Each name is looked at without following links, and read by the code that every command reads a
 * backup with; what that refuses is not a backup here either.  So a file that is still being written,
 * or was cut, is never counted as one: an archive that pg_basetar writes has no name before it is
 * complete, and one that another program writes has no end.
 */
#include "inventory/inventory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "datadir/dirlist.h"
#include "format/backupset.h"
#include "lib/sys.h"
#include "reading/summary.h"
#include "wal/histories.h"

/* ---- one of them ---- */

static void
row_forget(struct inventory_row *row)
{
	free(row->name);
	free(row->fault);
	free(row->label);
	free(row->start_time);
	walhistory_free(&row->history);
}

static int
set_fault(struct inventory_row *row, enum inventory_kind kind, const char *fault,
    struct error *err)
{
	row->kind = kind;
	row->fault = strdup(fault);
	return row->fault ? 0 : error_memory(err);
}

static void
print_moment(char *out, size_t size, uint64_t seconds)
{
	const time_t when = (time_t)seconds;
	struct tm tm;

	if (seconds == 0 || gmtime_r(&when, &tm) == NULL ||
	    strftime(out, size, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		out[0] = '\0';
}

static int
copy_fact(char **to, const char *from, struct error *err)
{
	*to = from ? strdup(from) : NULL;
	return from && *to == NULL ? error_memory(err) : 0;
}

/* Is there an archive of every tablespace, and of no other? */
static bool
has_tablespaces(const struct backupset *set, const struct infofile *info)
{
	size_t found = 0, archives = 0;

	for (size_t i = 0; i < set->count; i++) {
		const struct archivepart *part = &set->rows[i].part;

		archives += part->kind != ARCHIVEPART_BASE;
		for (size_t k = 0; k < info->tablespaces.count; k++)
			found += strcmp(part->oid, info->tablespaces.rows[k].name) == 0;
	}
	return found == info->tablespaces.count && archives == found;
}

static const char *
find_flaw(const struct inventory_row *row, const struct backupset *set,
    const struct infofile *info)
{
	if (info->without.count > 0)
		return "was made without a tablespace";
	if (!row->is_directory)
		return info->is_split ? "is one of several archives of a backup" : NULL;
	if (!info->is_split || !has_tablespaces(set, info) ||
	    set->has_manifest != info->has_manifest)
		return "does not have the archives that its pg_basetar.info names";
	if (set->nothers > 0)
		return "has files that are not part of the backup";
	return row->flaw;
}

static int
take_history(
    struct inventory_row *row, const struct histories *histories, struct error *err)
{
	const struct walhistory *history =
	    histories_find(histories, row->range.stop_timeline);

	return history ? walhistory_copy(&row->history, history, err) : 0;
}

static int
take_facts(struct inventory_row *row, const struct facts *facts,
    const struct backupset *set, struct error *err)
{
	row->kind = facts->info ? INVENTORY_BACKUP : INVENTORY_FOREIGN;
	if (copy_fact(&row->label, facts->called, err) ||
	    copy_fact(
		&row->start_time, facts->label ? facts->label->start_time : NULL, err))
		return -1;
	row->unix_time = facts->info ? facts->info->unix_time : 0;
	print_moment(row->began, sizeof(row->began), row->unix_time);
	row->version = facts->version ? facts->version->major : 0;
	row->system_identifier = facts->system_identifier;
	row->range = facts->range;
	row->has_wal = facts->wal == FACTS_THERE;
	row->flaw = facts->info ? find_flaw(row, set, facts->info) : NULL;
	return 0;
}

/* An error that is of the archive is its fault; ours ends the reading of all. */
static int
row_fault(struct inventory_row *row, const char *path, struct error *err)
{
	const size_t len = strlen(path);
	const char *text = err->text;

	if (err->kind == ERROR_CANCELLED || err->kind == ERROR_MEMORY)
		return -1;
	if (strncmp(text, path, len) == 0 && strncmp(text + len, ": ", 2) == 0)
		text += len + 2;
	if (set_fault(row, INVENTORY_UNREADABLE, text, err))
		return -1;
	*err = (struct error){ 0 };
	return 0;
}

/* By the path; ${row} stays as it was if what is there is not a backup, but for its fault. */
static int
read_facts(struct inventory_row *row, const char *path, enum reading_depth depth,
    const struct backupset *set, struct error *err)
{
	const struct options opt = {
		.command = COMMAND_INFO, .input = path, .jobs = 1, .quiet = true
	};
	struct reading_summary r = { .summary = NULL };
	struct summary_facts facts;
	int rc = reading_summary(
	    &r, &opt, depth, "the backups in the directory were not read", err);

	if (rc == -1)
		rc = row_fault(row, path, err);
	else {
		facts = summary_facts(r.summary, true);
		row->size = reading_done(&r.reading);
		rc = take_facts(row, &facts.backup, set, err) ||
			take_history(row, facts.histories, err) ?
		    -1 :
		    0;
	}
	reading_summary_free(&r);
	return rc;
}

/* Its beginning and its end. */
static int
inventory_read_backup(struct inventory_row *row, const char *path, bool is_ours_only,
    const struct backupset *set, struct error *err)
{
	struct inventory_row brief = { .is_directory = row->is_directory };
	int rc = 0;

	if (is_ours_only) {
		rc = read_facts(&brief, path, READING_BRIEF, set, err);
		row->kind = brief.kind;
		row_forget(&brief);
	}
	if (rc == -1 || (is_ours_only && row->kind == INVENTORY_FOREIGN))
		return rc;
	return read_facts(row, path, READING_ALL, set, err);
}

/* A link among them leads to a file that is not the directory's. */
static bool
is_regular(int dirfd, const char *name, struct timespec *touched)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == -1 || !S_ISREG(st.st_mode))
		return false;
	if (st.st_ctim.tv_sec > touched->tv_sec ||
	    (st.st_ctim.tv_sec == touched->tv_sec &&
		st.st_ctim.tv_nsec > touched->tv_nsec))
		*touched = st.st_ctim;
	return true;
}

bool
inventory_are_regular(int dirfd, const struct backupset *set, struct timespec *touched)
{
	*touched = (struct timespec){ 0 };
	for (size_t i = 0; i < set->count; i++)
		if (!is_regular(dirfd, set->rows[i].name, touched))
			return false;
	return !set->has_manifest || is_regular(dirfd, BACKUPSET_MANIFEST, touched);
}

/* A directory is one of archives, or is not read. */
static int
look_into(struct inventory *inv, struct inventory_row *row, struct backupset *set,
    struct error *err)
{
	const int fd = openat(
	    inv->dirfd, row->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct error why = { 0 };
	int rc = 0;

	row->is_directory = true;
	if (fd == -1)
		return set_fault(row, INVENTORY_NOT_READ, strerror(errno), err);
	if (backupset_read(fd, set, &why))
		rc = set_fault(row, INVENTORY_NOT_READ, why.text, err);
	else
		row->nothers = set->nothers;
	if (rc == 0 && !inventory_are_regular(fd, set, &row->touched))
		row->flaw = "has archives that are not regular files";
	sys_close(fd);
	return rc;
}

/* What was read is not of the file that has the name. */
static int
forget_facts(struct inventory_row *row, struct error *err)
{
	struct inventory_row bare = {
		.name = row->name, .st = row->st, .is_directory = row->is_directory
	};

	row->name = NULL;
	row_forget(row);
	*row = bare;
	return set_fault(
	    row, INVENTORY_NOT_READ, "was replaced or removed while it was read", err);
}

/* It is read by its path, and that may come to lead elsewhere. */
static bool
is_led_to(const struct inventory_row *row, const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && sys_is_same_file(&st, &row->st);
}

static int
read_path(struct inventory *inv, struct inventory_row *row, bool is_ours_only,
    const struct backupset *set, struct error *err)
{
	const size_t size = strlen(inv->path) + strlen(row->name) + 2;
	char *path = malloc(size);
	int rc;

	if (path == NULL)
		return error_memory(err);
	snprintf(path, size, "%s/%s", inv->path, row->name);
	rc = is_led_to(row, path) ?
	    inventory_read_backup(row, path, is_ours_only, set, err) :
	    0;
	if (rc == 0 && !is_led_to(row, path))
		rc = forget_facts(row, err);
	free(path);
	return rc;
}

static int
read_row(struct inventory *inv, struct inventory_row *row, bool is_ours_only,
    struct error *err)
{
	struct backupset set = { 0 };
	int rc = 0;

	if (S_ISDIR(row->st.st_mode))
		rc = look_into(inv, row, &set, err);
	else if (!S_ISREG(row->st.st_mode))
		rc = set_fault(row, INVENTORY_NOT_READ,
		    S_ISLNK(row->st.st_mode) ? "is a symbolic link" :
					       "is not a regular file",
		    err);
	if (rc == 0 && row->fault == NULL)
		rc = read_path(inv, row, is_ours_only, &set, err);
	backupset_free(&set);
	return rc;
}

/* ---- all of them ---- */

/* A name that is gone by now was never there. */
static int
inventory_add(
    struct inventory *inv, const char *name, bool is_ours_only, struct error *err)
{
	struct inventory_row *rows = realloc(inv->rows, (inv->count + 1) * sizeof(*rows)),
			     *row;

	if (rows == NULL)
		return error_memory(err);
	inv->rows = rows;
	row = &rows[inv->count];
	*row = (struct inventory_row){ .kind = INVENTORY_NOT_READ };
	if (fstatat(inv->dirfd, name, &row->st, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? 0 :
					 error_set(err, ERROR_IO, errno,
					     "could not stat \"%s/%s\"", inv->path, name);
	row->name = strdup(name);
	if (row->name == NULL)
		return error_memory(err);
	inv->count++;
	return read_row(inv, row, is_ours_only, err);
}

static int
compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int
inventory_compare(const void *a, const void *b)
{
	const struct inventory_row *one = a, *other = b;
	const bool is_one = one->kind <= INVENTORY_FOREIGN,
		   is_other = other->kind <= INVENTORY_FOREIGN;
	int order = (int)is_other - (int)is_one;

	if (order == 0)
		order = compare_numbers(one->system_identifier, other->system_identifier);
	if (order == 0)
		order = compare_numbers(one->range.start_lsn, other->range.start_lsn);
	if (order == 0)
		order = compare_numbers(one->unix_time, other->unix_time);
	return order != 0 ? order : strcmp(one->name, other->name);
}

/* Reports first, which are no backups: what they say is about those. */
static int
read_names(struct inventory *inv, const struct dirlist *list,
    const struct inventory_wanted *wanted, struct verdicts *verdicts, struct error *err)
{
	for (size_t i = 0; i < list->count; i++) {
		const char *name = list->names[i];
		bool is_report = false;

		if (verdicts_add(verdicts, inv->dirfd, name, &is_report, err))
			return -1;
		if (is_report || (wanted->name && !wanted->name(name, wanted->arg)) ||
		    sys_is_lost_found(inv->dirfd, name))
			continue;
		if (inventory_add(inv, name, wanted->is_ours_only, err))
			return -1;
	}
	return 0;
}

static void
give_verdicts(struct inventory *inv, const struct verdicts *verdicts)
{
	for (size_t i = 0; i < inv->count; i++) {
		struct inventory_row *row = &inv->rows[i];

		if (row->kind > INVENTORY_FOREIGN)
			continue;
		row->verdict = verdicts_find(verdicts, row->name, row->system_identifier,
		    row->range.start_lsn, row->began);
		row->against = verdicts_against(verdicts, row->name,
		    row->system_identifier, row->range.start_lsn, row->began);
	}
}

static int
open_inventory(struct inventory *inv, const char *path, struct error *err)
{
	*inv = (struct inventory){ .dirfd = -1, .path = strdup(path) };
	if (inv->path == NULL)
		return error_memory(err);
	inv->dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (inv->dirfd == -1)
		return error_set(
		    err, ERROR_IO, errno, "could not open directory \"%s\"", path);
	if (fstat(inv->dirfd, &inv->st) == 0)
		return 0;
	return error_set(err, ERROR_IO, errno, "could not stat \"%s\"", path);
}

int
inventory_read(struct inventory *inv, const char *path,
    const struct inventory_wanted *wanted, struct error *err)
{
	struct verdicts verdicts = { 0 };
	struct dirlist list = { 0 };
	int rc = open_inventory(inv, path, err);

	if (rc == 0 && dirlist_read(inv->dirfd, &list, err))
		rc = error_wrap(err, "\"%s\"", path);
	if (rc == 0)
		rc = read_names(inv, &list, wanted, &verdicts, err);
	if (rc == 0)
		give_verdicts(inv, &verdicts);
	if (inv->count > 0)
		qsort(inv->rows, inv->count, sizeof(*inv->rows), inventory_compare);
	dirlist_free(&list);
	verdicts_free(&verdicts);
	return rc;
}

void
inventory_free(struct inventory *inv)
{
	for (size_t i = 0; i < inv->count; i++)
		row_forget(&inv->rows[i]);
	free(inv->rows);
	free(inv->path);
	sys_close(inv->dirfd);
	*inv = (struct inventory){ .dirfd = -1 };
}
