/*
 * A release of PostgreSQL is a row of versions[].  What several releases share is a macro, named
 * after the first of them: WAL_15 holds from 15 up to the row that has another.  A new release
 * of the server is a new row.
 */
#include "pg/cluster.h"

#include <errno.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/number.h"
#include "lib/sys.h"

/*
 * Non-exclusive backups; the exclusive kind of 14 and before writes into the data
 * directory and outlives a lost session.  pg_proc.dat of each release, and called on
 * each.
 */
#define START_14 "SELECT pg_catalog.pg_start_backup($1, $2, false) AS lsn"
#define STOP_14 \
	"SELECT lsn, labelfile, spcmapfile FROM pg_catalog.pg_stop_backup(false, $1)"
#define FUNCTIONS_14 \
	"pg_start_backup(text, boolean, boolean), pg_stop_backup(boolean, boolean)"
#define START_15 "SELECT pg_catalog.pg_backup_start($1, $2) AS lsn"
#define STOP_15 "SELECT lsn, labelfile, spcmapfile FROM pg_catalog.pg_backup_stop($1)"
#define FUNCTIONS_15 "pg_backup_start(text, boolean), pg_backup_stop(boolean)"

#define CALLS_14 .start_sql = START_14, .stop_sql = STOP_14, .functions = FUNCTIONS_14
#define CALLS_15 .start_sql = START_15, .stop_sql = STOP_15, .functions = FUNCTIONS_15

/* guc.c of 14, guc_tables.c of 17. */
#define SETTINGS_14 .session_settings = "-c idle_session_timeout=0"
#define SETTINGS_17 \
	.session_settings = "-c idle_session_timeout=0 -c transaction_timeout=0"

/*
 * Flags of a page of WAL, xlog_internal.h: 1 begins inside a record, 2 long header, 4 removable
 * by an archiver, 8 abandoned record; this came with 14 and the minor releases of that time.  19
 * has only 1, 2, and 4 for an abandoned record.
 */
#define PAGES_10 .wal_page_flags = 0x000F, .wal_overwrite_flag = 0x0008
#define PAGES_19 .wal_page_flags = 0x0007, .wal_overwrite_flag = 0x0004

/* rmgrlist.h: 22 managers since 10 */
#define MANAGERS_10 .wal_last_manager = 21

/*
 * Flags of an image, xlogrecord.h.  One compressed image was as another up to 14; then each
 * method got a flag of its own, and the others made room.
 */
#define IMAGES_10 .wal_image_compressed = 0x02, .wal_image_apply = 0x04
#define IMAGES_15 .wal_image_compressed = 0x1C, .wal_image_apply = 0x02

/*
 * dbcommands_xlog.h (dbcommands.h): since 15 a database can be made empty, and filled by other
 * records; the number of that kind was the one of DROP DATABASE.  Since 13 one record of this has
 * all tablespaces.
 */
#define DATABASES_10 .wal_database_drop = 0x10
#define DATABASES_13 .wal_database_drop = 0x10, .wal_drops_count = true
#define DATABASES_15 \
	.wal_database_drop = 0x20, .wal_database_empty = 0x10, .wal_drops_count = true

#define WAL_10(magic) .wal_magic = magic, PAGES_10, MANAGERS_10, IMAGES_10, DATABASES_10
#define WAL_13(magic) .wal_magic = magic, PAGES_10, MANAGERS_10, IMAGES_10, DATABASES_13
#define WAL_15(magic) .wal_magic = magic, PAGES_10, MANAGERS_10, IMAGES_15, DATABASES_15
#define WAL_19(magic) .wal_magic = magic, PAGES_19, MANAGERS_10, IMAGES_15, DATABASES_15

/*
 * relmapper.c: 62 mappings and a word of padding after the CRC up to 15; 64 without it since 16.
 * twophase.c.  multixact.c: since 19 members are counted with 64 bits, which changed the names of
 * their segments (slru.c).
 */
#define STATE_10 .relmap_size = 512, .twophase_magic = 0x57F94533
#define STATE_11 .relmap_size = 512, .twophase_magic = 0x57F94534
#define STATE_16 .relmap_size = 524, .twophase_magic = 0x57F94534
#define MEMBERS_10 .offset_bytes = 4, .member_digits = 4
#define MEMBERS_19 .offset_bytes = 8, .member_digits = 15

/* The two version numbers, and the directory that is named after the second. */
#define CATALOG(major_, control, catalog) \
	.major = major_, .control_version = control, .catalog_version = catalog, \
	.tablespace_dir = "PG_" #major_ "_" #catalog

/*
 * pg_control.h, catversion.h and xlog_internal.h of each release, and read from a
 * running 10.23, 11.22, 12.22, 13.23, 14.23, 15.18, 16.14, 17.10, 18.4 and 19rc1.  The words of
 * the label, its LSNs and the escapes of the map: what those servers returned at the stop.
 * Includes of pg_hba.conf: release notes of 16, and hba.c of 15 and 16; pg_hosts.conf: seen in
 * 19rc1.  What BASE_BACKUP leaves out: a backup_manifest since 13 (measured on 10 to 19).
 */
static const struct pg_version versions[] = {
	{ CATALOG(10, 1002, 201707211), CALLS_14, WAL_10(0xD097), STATE_10, MEMBERS_10,
	    .manifest_version = 1, .primary_word = "master", .has_recovery_conf = true,
	    .sends_old_manifest = true },
	{ CATALOG(11, 1100, 201809051), CALLS_14, WAL_10(0xD098), STATE_11, MEMBERS_10,
	    .manifest_version = 1, .primary_word = "master", .label_has_timeline = true,
	    .has_recovery_conf = true, .sends_old_manifest = true },
	{ CATALOG(12, 1201, 201909212), CALLS_14, WAL_10(0xD101), STATE_11, MEMBERS_10,
	    .manifest_version = 1, .primary_word = "master", .label_has_timeline = true,
	    .sends_old_manifest = true },
	{ CATALOG(13, 1300, 202007201), CALLS_14, WAL_13(0xD106), STATE_11, MEMBERS_10,
	    .manifest_version = 1, .primary_word = "master", .label_has_timeline = true },
	{ CATALOG(14, 1300, 202107181), CALLS_14, SETTINGS_14, WAL_13(0xD10D), STATE_11,
	    MEMBERS_10, .manifest_version = 1, .primary_word = "primary",
	    .label_has_timeline = true, .map_escapes_backslash = true },
	{ CATALOG(15, 1300, 202209061), CALLS_15, SETTINGS_14, WAL_15(0xD110), STATE_11,
	    MEMBERS_10, .manifest_version = 1, .primary_word = "primary",
	    .label_has_timeline = true, .map_escapes_backslash = true },
	{ CATALOG(16, 1300, 202307071), CALLS_15, SETTINGS_14, WAL_15(0xD113), STATE_16,
	    MEMBERS_10, .manifest_version = 1, .primary_word = "primary",
	    .label_has_timeline = true, .map_escapes_backslash = true,
	    .has_auth_includes = true, .sends_in_place = true },
	{ CATALOG(17, 1700, 202406281), CALLS_15, SETTINGS_17, WAL_15(0xD116), STATE_16,
	    MEMBERS_10, .manifest_version = 2, .primary_word = "primary",
	    .label_has_timeline = true, .map_escapes_backslash = true,
	    .has_auth_includes = true, .summarizes_wal = true, .sends_in_place = true },
	{ CATALOG(18, 1800, 202506291), CALLS_15, SETTINGS_17, WAL_15(0xD118), STATE_16,
	    MEMBERS_10, .manifest_version = 2, .primary_word = "primary",
	    .label_has_timeline = true, .map_escapes_backslash = true,
	    .has_auth_includes = true, .summarizes_wal = true, .sends_in_place = true },
	{ CATALOG(19, 1905, 202610061), CALLS_15, SETTINGS_17, WAL_19(0xD122), STATE_16,
	    MEMBERS_19, .manifest_version = 2, .primary_word = "primary",
	    .label_has_timeline = true, .pads_lsn = true, .map_escapes_backslash = true,
	    .has_auth_includes = true, .has_hosts_file = true, .summarizes_wal = true,
	    .sends_in_place = true },
};

#define VERSIONS (sizeof(versions) / sizeof(versions[0]))

const struct pg_version *
cluster_version(unsigned major)
{
	for (size_t i = 0; i < VERSIONS; i++)
		if (versions[i].major == major)
			return &versions[i];
	return NULL;
}

const struct pg_version *
cluster_release(unsigned n)
{
	return n < VERSIONS ? &versions[n] : NULL;
}

const char *
cluster_lsn(const struct pg_version *version, char out[LSN_TEXT], uint64_t lsn)
{
	return version->pads_lsn ? lsn_print_padded(out, lsn) : lsn_print(out, lsn);
}

const char *
cluster_versions_text(void)
{
	return "10 to 19";
}

int
cluster_unsupported(int len, const char *name, struct error *err)
{
	error_set(err, ERROR_UNSUPPORTED, 0,
	    "PostgreSQL %.*s is not supported by this release of pg_basetar (%s)", len,
	    name, cluster_versions_text());
	return error_hint(err, "Use a release of pg_basetar that knows it.");
}

/*
 * The major release that ${text} names: "15", or "9.6" as until 2017, which is 9 here.
 * A missing newline is what an editor leaves, and the server does not mind.
 */
static bool
parse_version(const char *text, unsigned *major)
{
	uint64_t first, second;

	if (!number_next(&text, 999, &first))
		return false;
	if (*text == '.') {
		text++;
		if (first > 9 || !number_next(&text, 99, &second))
			return false;
	}
	if (*text == '\n')
		text++;
	*major = (unsigned)first;
	return *text == '\0';
}

int
cluster_parse_version(
    const char *text, const struct pg_version **version, struct error *err)
{
	const struct pg_version *known;
	unsigned major;

	if (!parse_version(text, &major))
		return error_set(
		    err, ERROR_FORMAT, 0, "does not contain a version of PostgreSQL");
	known = cluster_version(major);
	if (known == NULL)
		return cluster_unsupported((int)strcspn(text, "\n"), text, err);
	*version = known;
	return 0;
}

int
cluster_read_version(int datadir_fd, const struct pg_version **version, struct error *err)
{
	struct buf text = { 0 };
	int rc;

	rc = sys_read_file(datadir_fd, "PG_VERSION", 64, &text, err);
	if (rc == 0 && strlen(buf_text(&text)) != text.len)
		rc = error_set(
		    err, ERROR_FORMAT, 0, "does not contain a version of PostgreSQL");
	else if (rc == 0)
		rc = cluster_parse_version(buf_text(&text), version, err);
	else if (err->kind == ERROR_IO && err->sys == ENOENT)
		error_set(err, ERROR_STATE, ENOENT, "could not open");
	if (rc)
		error_wrap(err, "file \"PG_VERSION\"");
	buf_free(&text);
	return rc;
}

static const struct {
	const char *name;
	bool is_optional;
} directories[] = {
	{ "base", false },
	{ "global", false },
	{ "pg_commit_ts", false },
	{ "pg_dynshmem", true }, /* used with dynamic_shared_memory_type = mmap only */
	{ "pg_logical", false },
	{ "pg_logical/mappings", false },
	{ "pg_logical/snapshots", false },
	{ "pg_multixact", false },
	{ "pg_multixact/members", false },
	{ "pg_multixact/offsets", false },
	{ "pg_notify", false },
	{ "pg_replslot", false },
	{ "pg_serial", true },
	{ "pg_snapshots", true },
	{ "pg_stat", true },
	{ "pg_stat_tmp", true },
	{ "pg_subtrans", false },
	{ "pg_tblspc", true }, /* needed by no release from 11 on */
	{ "pg_twophase", false },
	{ "pg_wal", false },
	{ "pg_xact", false },
};

const char *
cluster_directory(unsigned n)
{
	return n < sizeof(directories) / sizeof(directories[0]) ? directories[n].name :
								  NULL;
}

bool
cluster_directory_is_optional(unsigned n)
{
	return directories[n].is_optional;
}
