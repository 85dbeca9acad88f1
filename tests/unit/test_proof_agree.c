/* Label, pg_control, manifest and pg_basetar.info of one backup, and each with one thing of another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proof/agree.h"
#include "support/judged.c.inc"

enum { SEGMENT = 16 << 20 };
#define START UINT64_C(0x2000028)
#define CHECKPOINT UINT64_C(0x2000060)
#define SYSTEM UINT64_C(7710953701937684148)

static struct facts facts;
static struct label label;
static struct control control;
static struct infofile info;
static struct proof_content content;
static struct proof_manifest_range range;
static struct proof_manifest manifest;
static struct proof_wal wal;

static void
make_label(void)
{
	static char text[] = "nightly", time[] = "2026-12-01 03:00:00 UTC";

	label = (struct label){ .start_lsn = START,
		.start_file = "000000010000000000000002",
		.checkpoint_lsn = CHECKPOINT,
		.method = "streamed",
		.start_time = time,
		.text = text,
		.timeline = 1,
		.has_timeline = true };
}

/* A backup of a running server, by pg_basetar. */
static int
begin(void **state)
{
	static char text[] = "nightly";
	(void)state;
	make_label();
	control = (struct control){ .system_identifier = SYSTEM,
		.control_version = cluster_version(15)->control_version,
		.catalog_version = cluster_version(15)->catalog_version,
		.state = CONTROL_IN_PRODUCTION,
		.checkpoint_lsn = CONTROL_NO_CHECKPOINT,
		.redo_lsn = START,
		.timeline = 1,
		.wal_segment_size = SEGMENT };
	info = (struct infofile){ .mode = INFOFILE_ONLINE,
		.label = text,
		.server_version = 15,
		.start_lsn = START,
		.has_manifest = true,
		.has_wal = true };
	facts = (struct facts){ .info = &info,
		.label = &label,
		.control = &control,
		.version = cluster_version(15) };
	range = (struct proof_manifest_range){ .timeline = 1, .start = START };
	manifest = (struct proof_manifest){ .has_come = true,
		.is_whole = true,
		.version = 1,
		.ranges = &range,
		.nranges = 1 };
	wal = (struct proof_wal){
		.start_lsn = START, .start_timeline = 1, .has_wal = true
	};
	content = (struct proof_content){ 0 };
	if (judged_begin())
		return -1;
	content.findings = &findings;
	content.members = members;
	content.missing = &missing;
	return 0;
}

static int
end(void **state)
{
	(void)state;
	proof_content_free(&content);
	judged_end();
	return 0;
}

/* ---- what is of another ---- */

static void
sound(void)
{
}

static void
method(void)
{
	strcpy(label.method, "pg_start_backup");
}

static void
incremental(void)
{
	label.incremental = true;
}

static void
other_text(void)
{
	static char text[] = "weekly";

	label.text = text;
}

static void
early_checkpoint(void)
{
	label.checkpoint_lsn = START - 8;
}

static void
no_timeline(void)
{
	label.has_timeline = false;
}

static void
other_file(void)
{
	strcpy(label.start_file, "000000010000000000000003");
}

static void
file_of_timeline(void)
{
	strcpy(label.start_file, "000000020000000000000002");
}

static void
shut_down(void)
{
	control.state = CONTROL_SHUTDOWN;
}

static void
of_standby(void)
{
	label.from_standby = true;
}

static void
standby(void)
{
	label.from_standby = true;
	control.state = CONTROL_IN_ARCHIVE_RECOVERY;
}

static void
older_control(void)
{
	control.redo_lsn = START - 8;
}

static void
newer_control(void)
{
	control.redo_lsn = START + 8;
}

static void
older_timeline(void)
{
	control.timeline = 0;
}

static void
other_catalog(void)
{
	control.catalog_version++;
}

static void
names_checkpoint(void)
{
	control.checkpoint_lsn = CHECKPOINT;
}

static void
stopped(void)
{
	facts.label = NULL;
	info.mode = INFOFILE_OFFLINE;
	control.state = CONTROL_SHUTDOWN;
	control.checkpoint_lsn = START;
}

static void
label_of_stopped(void)
{
	stopped();
	facts.label = &label;
}

static void
stopped_without_checkpoint(void)
{
	stopped();
	control.checkpoint_lsn = CONTROL_NO_CHECKPOINT;
}

static void
stopped_in_production(void)
{
	stopped();
	control.state = CONTROL_IN_PRODUCTION;
}

static void
snapshot_in_production(void)
{
	stopped_in_production();
	info.mode = INFOFILE_SNAPSHOT;
}

static void
no_info(void)
{
	facts.info = NULL;
}

static void
earlier_info(void)
{
	no_info();
	facts.has_earlier_info = true;
}

static void
stock(void)
{
	no_info();
	names_checkpoint();
}

static void
no_ranges(void)
{
	manifest.nranges = 0;
}

static void
other_range(void)
{
	range.start = START + SEGMENT;
}

static void
other_range_timeline(void)
{
	range.timeline = 2;
}

static void
other_manifest(void)
{
	manifest.version = 2;
}

static void
other_system(void)
{
	manifest.identifier = SYSTEM + 1;
}

static void
same_system(void)
{
	manifest.identifier = SYSTEM;
}

static void
damaged_manifest(void)
{
	other_range();
	manifest.is_whole = false;
}

static void
other_release(void)
{
	info.server_version = 14;
}

static void
other_start(void)
{
	info.start_lsn = START + 8;
}

static void
no_manifest(void)
{
	manifest = (struct proof_manifest){ 0 };
}

static void
unexpected_manifest(void)
{
	info.has_manifest = false;
}

static void
unexpected_wal(void)
{
	info.has_wal = false;
}

/* What is said: the kind, and what must be in it; NULL: nothing. */
static const struct row {
	const char *name;
	void (*change)(void);
	const char *kind, *said;
} rows[] = {
	{ "all agree", sound, NULL, NULL },
	{ "a label of another method", method, "label: ", "pg_start_backup" },
	{ "a label of an incremental backup", incremental, "label: ", "incremental" },
	{ "a label of another name", other_text, "label: ", "weekly" },
	{ "a checkpoint before the start", early_checkpoint, "label: ", "0/2000020" },
	{ "a label without a timeline", no_timeline, "label: ", "START TIMELINE" },
	{ "a label of another segment", other_file,
	    "label: ", "000000010000000000000003" },
	{ "a segment of another timeline", file_of_timeline,
	    "label: ", "000000020000000000000002" },
	{ "a label in the backup of a stopped cluster", label_of_stopped,
	    "label: ", "without a running server" },
	{ "a running server that was shut down", shut_down, "control: ", "shut down" },
	{ "a standby that was in production", of_standby,
	    "control: ", "in archive recovery" },
	{ "a standby", standby, NULL, NULL },
	{ "pg_control of before the start", older_control, "control: ", "0/2000020" },
	{ "pg_control of after the start", newer_control, NULL, NULL },
	{ "pg_control of an older timeline", older_timeline, "control: ", "timeline" },
	{ "pg_control of another catalog", other_catalog, "control: ", "catalog" },
	{ "pg_control that names a checkpoint", names_checkpoint,
	    "control: ", "backup_label" },
	{ "a stopped cluster", stopped, NULL, NULL },
	{ "a stopped cluster without a checkpoint", stopped_without_checkpoint,
	    "control: ", "checkpoint" },
	{ "a stopped cluster in production", stopped_in_production,
	    "control: ", "in production" },
	{ "a snapshot in production", snapshot_in_production, NULL, NULL },
	{ "pg_basetar.info is lost", no_info,
	    "info: ", "although pg_basetar wrote pg_control" },
	{ "pg_basetar.info of an earlier backup", earlier_info,
	    "info: ", "another backup" },
	{ "a backup of pg_basebackup", stock, NULL, NULL },
	{ "a manifest without WAL", no_ranges, "manifest: ", "WAL-Ranges" },
	{ "a manifest of another start", other_range, "manifest: ", "0/3000028" },
	{ "a manifest of another timeline", other_range_timeline,
	    "manifest: ", "timeline" },
	{ "a manifest of another version", other_manifest, "manifest: ", "version" },
	{ "a manifest of another cluster", other_system,
	    "manifest: ", "7710953701937684149" },
	{ "a manifest of this cluster", same_system, NULL, NULL },
	{ "a manifest that is damaged tells nothing", damaged_manifest, NULL, NULL },
	{ "pg_basetar.info of another release", other_release,
	    "info: ", "server_version" },
	{ "pg_basetar.info of another start", other_start, "info: ", "0/2000030" },
	{ "no manifest", no_manifest, "missing: ", "without it no check shows" },
	{ "a manifest that should not be", unexpected_manifest,
	    "manifest: ", "has no manifest" },
	{ "WAL that should not be", unexpected_wal, "info: ", "does not hold the WAL" },
};

static void
judged(void **state)
{
	const struct row *row = *state;
	const struct proof_agree agree = { &facts, &findings, &content, &manifest, &wal };
	struct error err = { 0 };
	const char *said;

	begin(NULL);
	row->change();
	assert_int_equal(proof_agree_judge(&agree, &err), 0);
	said = heard();
	if (row->kind == NULL)
		assert_string_equal(said, "");
	else if (strncmp(said, row->kind, strlen(row->kind)) != 0 ||
	    strstr(said, row->said) == NULL || strchr(said, '\n') != strrchr(said, '\n'))
		fail_msg("\"%s\" and \"%s\" expected once, found:\n%s", row->kind,
		    row->said, said);
	assert_int_equal(findings.count, row->kind ? 1 : 0);
	end(NULL);
}

int
main(void)
{
	enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
	struct CMUnitTest tests[ROWS];

	for (size_t i = 0; i < ROWS; i++)
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = judged,
			.initial_state = (void *)(uintptr_t)&rows[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
