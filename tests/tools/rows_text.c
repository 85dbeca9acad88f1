/* backup_label and pg_basetar.info: text that says something else. */
#include <string.h>

#include "lib/lsn.h"
#include "mutilate.h"
#include "pg/label.h"

#define LABEL "backup_label"
#define INFO "pg_basetar.info"

static const char some_label[] =
    "START WAL LOCATION: 0/1000028 (file 000000010000000000000001)\n"
    "CHECKPOINT LOCATION: 0/1000060\n"
    "BACKUP METHOD: streamed\n"
    "BACKUP FROM: primary\n"
    "START TIME: 2026-11-22 11:59:44 UTC\n"
    "LABEL: pg_basetar base backup\n"
    "START TIMELINE: 1\n";

/* A label, ${from}, as the first member. */
static void
add_label(struct image *image, const struct mutilation *row)
{
	member_make(image_insert(image, 0),
	    &(struct tar_entry){ .name = LABEL,
		.type = TAR_FILE,
		.mode = 0600,
		.size = strlen(row->from) },
	    row->from);
}

/* The LSN after ${from} is that of the start, and ${number}. */
static void
set_lsn(struct image *image, const struct mutilation *row)
{
	struct member *m = image_need(image, row->member);
	const char *text = buf_text(&m->body), *at = strstr(text, row->from);
	struct label label;
	struct error err = { 0 };
	char lsn[LSN_TEXT];

	must(label_parse(text, m->body.len, &label, &err), &err);
	at += strlen(row->from);
	member_splice(m, (size_t)(at - text), strcspn(at, " \n"),
	    lsn_print(lsn, label.start_lsn + (uint64_t)row->number));
	label_free(&label);
}

const struct mutilation text_rows[] = {
	{ "label: of another backup", "online", change_other, LABEL, NULL, NULL, 0, AS_IS,
	    3, { "(digest|size): \"backup_label\"" } },
	{ "label: of another backup, manifest rebuilt", "online", change_other, LABEL,
	    NULL, NULL, 0, REBUILD, 3,
	    { "(manifest: \"backup_manifest\"|label: \"backup_label\"): "
	      ".*another backup" } },
	{ "label: an earlier start, manifest rebuilt", "online standby", set_lsn, LABEL,
	    "START WAL LOCATION: ", NULL, -8, REBUILD, 3,
	    { "manifest: \"backup_manifest\": .*another backup: start of "
	      "its WAL: 0/[0-9A-F]+ expected, 0/[0-9A-F]+ found" } },
	{ "label: a later start, manifest rebuilt", "online standby", set_lsn, LABEL,
	    "START WAL LOCATION: ", NULL, 8, REBUILD, 3,
	    { "manifest: \"backup_manifest\": .*another backup: start of "
	      "its WAL: 0/[0-9A-F]+ expected, 0/[0-9A-F]+ found" } },
	{ "label: a start after the checkpoint, manifest rebuilt", "online standby",
	    change_text, LABEL, "START WAL LOCATION: 0/", "START WAL LOCATION: 1/", 0,
	    REBUILD, 3, { "label: \"backup_label\": .*CHECKPOINT LOCATION" } },
	{ "label: METHOD changed", "online", change_text, LABEL, "streamed",
	    "pg_start_backup", 0, AS_IS, 3,
	    { "label: \"backup_label\": BACKUP METHOD: streamed expected, "
	      "pg_start_backup found",
		"(digest|size): \"backup_label\"" } },
	{ "label: METHOD changed, manifest rebuilt", "online standby", change_text, LABEL,
	    "streamed", "pg_start_backup", 0, REBUILD, 3,
	    { "label: \"backup_label\": BACKUP METHOD: streamed expected, "
	      "pg_start_backup found" } },
	{ "label: METHOD of no server, manifest rebuilt", "online", change_text, LABEL,
	    "streamed", "steamed", 0, REBUILD, 3, { "label: \"backup_label\": " } },
	{ "label: METHOD missing, manifest rebuilt", "online", change_text, LABEL,
	    "BACKUP METHOD: streamed\n", "", 0, REBUILD, 3,
	    { "label: \"backup_label\": " } },
	{ "label: FROM standby, of a primary, manifest rebuilt", "online", change_text,
	    LABEL, "FROM: primary", "FROM: standby", 0, REBUILD, 3,
	    { "control: \"global/pg_control\": state of the cluster: in archive "
	      "recovery expected, in production found" } },
	{ "label: FROM primary, of a standby, manifest rebuilt", "standby", change_text,
	    LABEL, "FROM: standby", "FROM: primary", 0, REBUILD, 3,
	    { "control: \"global/pg_control\": state of the cluster: in "
	      "production expected, in archive recovery found" } },
	{ "label: FROM missing, manifest rebuilt", "online", change_text, LABEL,
	    "BACKUP FROM: primary\n", "", 0, REBUILD, 3,
	    { "label: \"backup_label\": " } },
	{ "label: START TIMELINE changed, manifest rebuilt", "online", change_text, LABEL,
	    "TIMELINE: 1", "TIMELINE: 2", 0, REBUILD, 3,
	    { "label: \"backup_label\": " } },
	{ "label: START TIMELINE missing, manifest rebuilt", "online", change_text, LABEL,
	    "START TIMELINE: 1\n", "", 0, REBUILD, 3,
	    { "label: \"backup_label\": START TIMELINE" } },
	{ "label: another file, manifest rebuilt", "online", change_text, LABEL,
	    "(file 0000000100000000", "(file 0000000100000001", 0, REBUILD, 3,
	    { "label: \"backup_label\": WAL file of the start" } },
	{ "label: a file of another timeline, manifest rebuilt", "online", change_text,
	    LABEL, "(file 00000001", "(file 00000002", 0, REBUILD, 3,
	    { "label: \"backup_label\": " } },
	{ "label: a checkpoint before the start, manifest rebuilt", "online", set_lsn,
	    LABEL, "CHECKPOINT LOCATION: ", NULL, -8, REBUILD, 3,
	    { "label: \"backup_label\": .*CHECKPOINT LOCATION" } },
	{ "label: a checkpoint that is none, manifest rebuilt", "online standby", set_lsn,
	    LABEL, "CHECKPOINT LOCATION: ", NULL, 0, REBUILD, 3,
	    { "(label: \"backup_label\"|wal): .*(CHECKPOINT|checkpoint)" } },
	{ "label: a checkpoint after the end of the WAL, manifest rebuilt",
	    "online standby", change_text, LABEL, "CHECKPOINT LOCATION: 0/",
	    "CHECKPOINT LOCATION: 1/", 0, REBUILD, 3,
	    { "(label: \"backup_label\"|wal): .*(CHECKPOINT|checkpoint)" } },
	{ "label: LABEL changed, manifest rebuilt", "online", change_text, LABEL,
	    "LABEL: pg_basetar", "LABEL: another", 0, REBUILD, 3,
	    { "label: \"backup_label\": LABEL: pg_basetar base backup expected, "
	      "another base backup found" } },
	{ "label: of an incremental backup, manifest rebuilt", "online", change_text,
	    LABEL, "START TIMELINE: 1\n",
	    "START TIMELINE: 1\nINCREMENTAL FROM LSN: 0/1000028\nINCREMENTAL FROM "
	    "TLI: 1\n",
	    0, REBUILD, 3, { "label: \"backup_label\": .*incremental" } },
	{ "label: a line more, manifest rebuilt", "online", change_text, LABEL,
	    "START TIMELINE: 1\n", "START TIMELINE: 1\nEND: 1\n", 0, REBUILD, 3,
	    { "label: \"backup_label\": " } },
	{ "label: CRLF, manifest rebuilt", "online", change_text, LABEL, ")\n", ")\r\n",
	    0, REBUILD, 3, { "label: \"backup_label\": " } },
	{ "label: no end of its last line, manifest rebuilt", "online", change_shorten,
	    LABEL, NULL, NULL, 1, REBUILD, 3, { "label: \"backup_label\": " } },
	{ "label: a bit of its first word, manifest rebuilt", "online", change_flip,
	    LABEL, NULL, NULL, 0, REBUILD, 3, { "label: \"backup_label\": " } },
	{ "label: empty, manifest rebuilt", "online", change_text, LABEL, NULL, "", 0,
	    REBUILD, 3, { "label: \"backup_label\": " } },
	{ "label: a megabyte of it, manifest rebuilt", "online", change_lengthen, LABEL,
	    NULL, NULL, 1 << 20, REBUILD, 3, { "(label|size): \"backup_label\": " } },
	{ "label: more than any, manifest rebuilt", "online", change_lengthen, LABEL,
	    NULL, NULL, 17 << 20, REBUILD, ONE_FINDING,
	    { "(label|size): \"backup_label\": " } },
	{ "label: added", "offline snapshot", add_label, NULL, some_label, NULL, 0, AS_IS,
	    3,
	    { "label: \"backup_label\": .*without a running server",
		"extra: \"backup_label\", at offset 0" } },
	{ "label: added, manifest rebuilt", "offline snapshot", add_label, NULL,
	    some_label, NULL, 0, REBUILD, 3,
	    { "label: \"backup_label\": .*without a running server" } },
	{ "label: added, and no label, manifest rebuilt", "offline", add_label, NULL,
	    "nonsense\n", NULL, 0, REBUILD, 3, { "label: \"backup_label\": " } },

	{ "info: of another backup", "online", change_other, INFO, NULL, NULL, 0, AS_IS,
	    3, { "(digest|size): \"pg_basetar.info\"" } },
	{ "info: another label, manifest rebuilt", "online", change_text, INFO,
	    "label: pg_basetar", "label: another", 0, REBUILD, 3,
	    { "label: \"backup_label\": LABEL: another base backup expected, "
	      "pg_basetar base backup found" } },
	{ "info: offline, of an online backup, manifest rebuilt", "online", change_text,
	    INFO, "mode: online", "mode: offline", 0, REBUILD, 3,
	    { "label: \"backup_label\": .*without a running server" } },
	{ "info: snapshot, of an online backup, manifest rebuilt", "online", change_text,
	    INFO, "mode: online", "mode: snapshot", 0, REBUILD, 3,
	    { "label: \"backup_label\": .*without a running server" } },
	{ "info: online, of an offline backup, manifest rebuilt", "offline", change_text,
	    INFO, "mode: offline", "mode: online", 0, REBUILD, 3,
	    { "missing: \"backup_label\": is missing: without" } },
	{ "info: online, of a snapshot, manifest rebuilt", "snapshot", change_text, INFO,
	    "mode: snapshot", "mode: online", 0, REBUILD, 3,
	    { "missing: \"backup_label\": is missing: without" } },
	{ "info: offline, of a snapshot, manifest rebuilt", "snapshot", change_text, INFO,
	    "mode: snapshot", "mode: offline", 0, REBUILD, 3,
	    { "control: \"global/pg_control\": state of the cluster: shut down "
	      "expected, in production found" } },
	{ "info: a mode that is none, manifest rebuilt", "online", change_text, INFO,
	    "mode: online", "mode: inline", 0, REBUILD, ONE_FINDING,
	    { "info: \"pg_basetar.info\": .*inline.*" NOT_CHANGED } },
	{ "info: a format that is not known, manifest rebuilt", "online", change_text,
	    INFO, "pg_basetar: 1", "pg_basetar: 2", 0, REBUILD, 1,
	    { "\"pg_basetar.info\": .*2" } },
	{ "info: no format, manifest rebuilt", "online", change_text, INFO,
	    "pg_basetar: 1\n", "", 0, REBUILD, ONE_FINDING,
	    { "info: \"pg_basetar.info\": " } },
	{ "info: another server_version, manifest rebuilt", "online", change_text, INFO,
	    "server_version: 15", "server_version: 14", 0, REBUILD, 3,
	    { "info: \"pg_basetar.info\": server_version: 15 expected, 14 found" } },
	{ "info: another digest, manifest rebuilt", "online", change_text, INFO,
	    "manifest_checksums: CRC32C", "manifest_checksums: SHA512", 0, REBUILD, 3,
	    { "info: \"pg_basetar.info\": manifest_checksums: CRC32C expected, "
	      "SHA512 found" } },
	{ "info: says that the manifest has no digests, manifest rebuilt", "online",
	    change_text, INFO, "manifest_checksums: CRC32C", "manifest_checksums: NONE",
	    0, REBUILD, 3,
	    { "info: \"pg_basetar.info\": manifest_checksums: CRC32C expected, "
	      "NONE found" } },
	{ "info: says that there is no manifest, manifest rebuilt", "online", change_text,
	    INFO, "manifest_checksums: CRC32C", "manifest_checksums: none", 0, REBUILD, 3,
	    { "(info: \"pg_basetar.info\"|manifest: \"backup_manifest\"): "
	      ".*is unexpected" } },
	{ "info: says that there is no WAL, manifest rebuilt", "online", change_text,
	    INFO, "wal_method: fetch", "wal_method: none", 0, REBUILD, 3,
	    { "info: \"pg_basetar.info\": .*WAL" } },
	{ "info: another layout, manifest rebuilt", "online", change_text, INFO,
	    "layout: one", "layout: split", 0, REBUILD, 3,
	    { "tablespace: \"pg_basetar.info\": " } },
	{ "info: a tablespace is not told of, manifest rebuilt", "online", change_text,
	    INFO, "\ntablespace: ", "\nspace: ", 0, REBUILD, 3,
	    { "name: \"pg_tblspc/[0-9]+\", at offset [0-9]+: .*link" } },
	{ "info: a tablespace more, manifest rebuilt", "offline snapshot", change_text,
	    INFO, "\ntablespace: ", "\ntablespace: 99999 /srv/none\ntablespace: ", 0,
	    REBUILD, 3, { "missing: \"pg_tblspc/99999\"" } },
	{ "info: a file of the configuration more, manifest rebuilt", "online",
	    change_text, INFO,
	    "\nconfig: ", "\nconfig: pg_ident.conf /etc/pg_ident.conf\nconfig: ", 0,
	    REBUILD, 0, { NULL } },
	{ "info: a key that is not known, manifest rebuilt", "online", change_text, INFO,
	    "\nmode: ", "\nmood: fine\nmode: ", 0, REBUILD, 0, { NULL } },
	{ "info: a key twice, manifest rebuilt", "online", change_text, INFO,
	    "\nmode: online", "\nmode: online\nmode: offline", 0, REBUILD, ONE_FINDING,
	    { "info: \"pg_basetar.info\": " } },
	{ "info: a key missing, manifest rebuilt", "online", change_text, INFO,
	    "mode: online\n", "", 0, REBUILD, ONE_FINDING,
	    { "info: \"pg_basetar.info\": .*mode" } },
	{ "info: a damaged line, manifest rebuilt", "online", change_text, INFO,
	    "mode: online", "mode=online", 0, REBUILD, ONE_FINDING,
	    { "info: \"pg_basetar.info\": .*line" } },
	{ "info: an escape that is none, manifest rebuilt", "online", change_text, INFO,
	    "label: pg", "label: \\pg", 0, REBUILD, ONE_FINDING,
	    { "info: \"pg_basetar.info\": .*line" } },
	{ "info: no end of its last line, manifest rebuilt", "online", change_shorten,
	    INFO, NULL, NULL, 1, REBUILD, ONE_FINDING,
	    { "info: \"pg_basetar.info\": " } },
	{ "info: empty, manifest rebuilt", "online", change_text, INFO, NULL, "", 0,
	    REBUILD, ONE_FINDING, { "info: \"pg_basetar.info\": " } },
	{ "info: a megabyte of junk after it, manifest rebuilt", "online",
	    change_lengthen, INFO, NULL, NULL, 1 << 20, REBUILD, ONE_FINDING,
	    { "info: \"pg_basetar.info\": " } },
	{ 0 },
};
