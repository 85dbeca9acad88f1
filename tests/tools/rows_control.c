/* pg_control of PostgreSQL 13 to 16, with a CRC that is right. */
#include <stdlib.h>

#include "lib/bytes.h"
#include "lib/crc32c.h"
#include "mutilate.h"
#include "pg/control.h"
#include "pg/label.h"

#define CONTROL "global/pg_control"

/* Offsets in it. */
enum {
	IDENTIFIER = 0,
	VERSION = 8,
	CATALOG = 12,
	STATE = 16,
	TIME = 24,
	CHECKPOINT = 32,
	REDO = 40,
	TIMELINE = 48,
	MIN_RECOVERY = 136,
	BLOCK_SIZE = 216,
	SEGMENT_SIZE = 228,
	CHECKSUMS = 252,
	CRC = 288
};

static void
seal(struct member *m)
{
	put_u32native(m->body.data + CRC, crc32c(0, m->body.data, CRC));
}

/* The 4 bytes at ${number} become the number ${to}. */
static void
set_u32(struct image *image, const struct mutilation *row)
{
	struct member *m = image_need(image, row->member);

	put_u32native(m->body.data + row->number, (uint32_t)strtoul(row->to, NULL, 0));
	seal(m);
}

/* To the 8 bytes at ${number} the number ${to} is added. */
static void
add_u64(struct image *image, const struct mutilation *row)
{
	struct member *m = image_need(image, row->member);
	uint8_t *at = m->body.data + row->number;

	put_u64native(at, get_u64native(at) + (uint64_t)strtoll(row->to, NULL, 0));
	seal(m);
}

/* It names the checkpoint that the label has. */
static void
set_checkpoint(struct image *image, const struct mutilation *row)
{
	const struct member *text = image_need(image, "backup_label");
	struct member *m = image_need(image, row->member);
	struct label label;
	struct error err = { 0 };

	must(label_parse(buf_text(&text->body), text->body.len, &label, &err), &err);
	put_u64native(m->body.data + CHECKPOINT, label.checkpoint_lsn);
	label_free(&label);
	seal(m);
}

/* It names no checkpoint. */
static void
forget_checkpoint(struct image *image, const struct mutilation *row)
{
	struct error err = { 0 };

	must(control_forget_checkpoint(image_need(image, row->member)->body.data, &err),
	    &err);
}

const struct mutilation control_rows[] = {
	{ "control: of another cluster", "online", change_other, CONTROL, NULL, NULL, 0,
	    AS_IS, 3,
	    { "digest: \"global/pg_control\", at offset [0-9]+: SHA256: "
	      "[0-9a-f]{64} expected, [0-9a-f]{64} found" } },
	{ "control: of another cluster, manifest rebuilt", "online", change_other,
	    CONTROL, NULL, NULL, 0, REBUILD, 3,
	    { "wal: .*of another cluster: system identifier" } },
	{ "control: another system identifier, manifest rebuilt",
	    "online offline snapshot standby", add_u64, CONTROL, NULL, "1", IDENTIFIER,
	    REBUILD, 3, { "wal: .*of another cluster: system identifier" } },
	{ "control: its CRC is wrong, manifest rebuilt",
	    "online offline snapshot standby", change_flip, CONTROL, NULL, NULL, CRC,
	    REBUILD, 3, { "control: \"global/pg_control\": .*(CRC|checksum)" } },
	{ "control: a bit, manifest rebuilt", "online offline", change_flip, CONTROL,
	    NULL, NULL, 100, REBUILD, ONE_FINDING,
	    { "control: \"global/pg_control\": .*(CRC|checksum)" NOT_CHANGED } },
	{ "control: a bit after its CRC, manifest rebuilt", "online", change_flip,
	    CONTROL, NULL, NULL, 4000, REBUILD, 0, { NULL } },
	{ "control: a bit", "online offline", change_flip, CONTROL, NULL, NULL, 100,
	    AS_IS, ONE_FINDING,
	    { "control: \"global/pg_control\": .*(CRC|checksum)" CHANGED } },
	{ "control: another time, with a CRC that fits", "online offline", add_u64,
	    CONTROL, NULL, "1", TIME, AS_IS, ONE_FINDING,
	    { "digest: \"global/pg_control\", .*: SHA256: " } },
	{ "control: older than the label, manifest rebuilt", "online", add_u64, CONTROL,
	    NULL, "-8", REDO, REBUILD, 3,
	    { "control: \"global/pg_control\": is older than backup_label: its "
	      "redo location: 0/[0-9A-F]+ expected, 0/[0-9A-F]+ found" } },
	{ "control: of an older timeline, manifest rebuilt", "promoted", set_u32, CONTROL,
	    NULL, "1", TIMELINE, REBUILD, 3,
	    { "control: \"global/pg_control\": is older than backup_label: its "
	      "timeline: 2 expected, 1 found" } },
	{ "control: of a later timeline, manifest rebuilt", "offline", set_u32, CONTROL,
	    NULL, "2", TIMELINE, REBUILD, 3, { "(wal|manifest|control): .*timeline" } },
	{ "control: shut down, manifest rebuilt", "online", set_u32, CONTROL, NULL, "1",
	    STATE, REBUILD, 3,
	    { "control: \"global/pg_control\": state of the cluster: in "
	      "production expected, shut down found" } },
	{ "control: in production, of a standby, manifest rebuilt", "standby", set_u32,
	    CONTROL, NULL, "6", STATE, REBUILD, 3,
	    { "control: \"global/pg_control\": state of the cluster: in archive "
	      "recovery expected, in production found" } },
	{ "control: in production, of a stopped cluster, manifest rebuilt", "offline",
	    set_u32, CONTROL, NULL, "6", STATE, REBUILD, 3,
	    { "control: \"global/pg_control\": state of the cluster: shut down "
	      "expected, in production found" } },
	{ "control: a state that is none, manifest rebuilt", "online", set_u32, CONTROL,
	    NULL, "9", STATE, REBUILD, 3, { "control: \"global/pg_control\": " } },
	{ "control: names a checkpoint, manifest rebuilt", "online", set_checkpoint,
	    CONTROL, NULL, NULL, 0, REBUILD, 3,
	    { "control: \"global/pg_control\": names a checkpoint" } },
	{ "control: names no checkpoint, manifest rebuilt", "offline snapshot",
	    forget_checkpoint, CONTROL, NULL, NULL, 0, REBUILD, 3,
	    { "control: \"global/pg_control\": does not name a checkpoint" } },
	{ "control: a checkpoint that is none, manifest rebuilt", "offline snapshot",
	    add_u64, CONTROL, NULL, "8", CHECKPOINT, REBUILD, 3,
	    { "(control: \"global/pg_control\"|wal): .*checkpoint" } },
	{ "control: a redo that is none, manifest rebuilt", "offline snapshot", add_u64,
	    CONTROL, NULL, "8", REDO, REBUILD, 3,
	    { "(control: \"global/pg_control\"|manifest: \"backup_manifest\"|wal): " } },
	{ "control: consistent after the end of the WAL, manifest rebuilt", "standby",
	    add_u64, CONTROL, NULL, "0x1000000", MIN_RECOVERY, REBUILD, 3,
	    { "wal: .*end of the WAL.*before.*pg_control" } },
	{ "control: of another release, manifest rebuilt", "online offline", set_u32,
	    CONTROL, NULL, "202107181", CATALOG, REBUILD, 3,
	    { "control: \"global/pg_control\": " } },
	{ "control: of a layout that is not known, manifest rebuilt", "online", set_u32,
	    CONTROL, NULL, "1301", VERSION, REBUILD, 3,
	    { "control: \"global/pg_control\": .*1301" } },
	{ "control: another page size, manifest rebuilt", "online", set_u32, CONTROL,
	    NULL, "8000", BLOCK_SIZE, REBUILD, 3,
	    { "control: \"global/pg_control\": " } },
	{ "control: another segment size, manifest rebuilt", "online offline", set_u32,
	    CONTROL, NULL, "2097152", SEGMENT_SIZE, REBUILD, 3,
	    { "size: \"pg_wal/[0-9A-F]{24}\"" } },
	{ "control: checksums of another kind, manifest rebuilt", "online", set_u32,
	    CONTROL, NULL, "2", CHECKSUMS, REBUILD, 0,
	    { "warning: data pages were not checked: .* the version of their checksums" } },
	{ "control: cut", "online", change_shorten, CONTROL, NULL, NULL, 4096, AS_IS,
	    ONE_FINDING,
	    { "size: \"global/pg_control\", .*: size: 8192 bytes expected, 4096 found$" } },
	{ "control: cut, manifest rebuilt", "online offline", change_shorten, CONTROL,
	    NULL, NULL, 4096, REBUILD, 3, { "control: \"global/pg_control\": " } },
	{ "control: empty, manifest rebuilt", "online offline", change_shorten, CONTROL,
	    "to", NULL, 0, REBUILD, 3, { "control: \"global/pg_control\": " } },
	{ "control: longer, manifest rebuilt", "online offline", change_lengthen, CONTROL,
	    NULL, NULL, 512, REBUILD, 3, { "(control|size): \"global/pg_control\"" } },
	{ 0 },
};
