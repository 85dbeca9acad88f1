/* Members missing, doubled, more than there should be, out of order, cut, longer; a bit each. */
#include <string.h>

#include "mutilate.h"

#define RELATION "base/1/1259"
#define IN_SPACE "pg_basetar_tblspc/*/PG_15_202209061/*/*"
#define SPACE "pg_tblspc/[0-9]+/PG_15_202209061/[0-9]+/[0-9]+"
#define SEGMENT "pg_wal/[0-9A-F]{24}"

/* Nobody's relation ${to}, of a page that is new, before ${member}. */
static void
add_relation(struct image *image, const struct mutilation *row)
{
	static const uint8_t zeros[8192];
	size_t at = image_index(image, image_need(image, row->member));

	member_make(image_insert(image, at),
	    &(struct tar_entry){
		.name = row->to, .type = TAR_FILE, .mode = 0600, .size = sizeof(zeros) },
	    zeros);
}

/* The member and the next one change places. */
static void
swap_with_next(struct image *image, const struct mutilation *row)
{
	struct member *m = image_need(image, row->member), copy = m[0];

	m[0] = m[1];
	m[1] = copy;
}

/* A bit of an init fork that has a page: that of an index. */
static void
flip_init(struct image *image, const struct mutilation *row)
{
	for (size_t i = 0; i < image->count; i++) {
		struct member *m = &image->rows[i];

		if (strstr(m->name, "_init") && m->body.len > (size_t)row->number) {
			m->body.data[row->number] ^= 4;
			return;
		}
	}
	die("the archive has no init fork");
}

/* ${number} empty members before it. */
static void
burst(struct image *image, const struct mutilation *row)
{
	image->burst_at = image_index(image, image_need(image, row->member));
	image->burst = (size_t)row->number;
}

const struct mutilation member_rows[] = {
	{ "missing: backup_label", "online standby", change_remove, "backup_label", NULL,
	    NULL, 0, AS_IS, ONE_FINDING,
	    { "missing: \"backup_label\": is missing: without it a copy of a running server" } },
	{ "missing: backup_label, manifest rebuilt", "online standby", change_remove,
	    "backup_label", NULL, NULL, 0, REBUILD, ONE_FINDING,
	    { "missing: \"backup_label\": is missing: without it a copy of a running server" } },
	{ "missing: pg_basetar.info", "online offline", change_remove, "pg_basetar.info",
	    NULL, NULL, 0, AS_IS, ONE_FINDING, { "missing: \"pg_basetar.info\"" } },
	{ "missing: pg_basetar.info, manifest rebuilt", "online offline", change_remove,
	    "pg_basetar.info", NULL, NULL, 0, REBUILD, 3,
	    { "info: \"pg_basetar.info\": .*is missing|missing: \"backup_label\": "
	      "is missing: without" } },
	{ "missing: PG_VERSION", "online", change_remove, "PG_VERSION", NULL, NULL, 0,
	    AS_IS, ONE_FINDING, { "missing: \"PG_VERSION\"" } },
	{ "missing: PG_VERSION, manifest rebuilt", "online", change_remove, "PG_VERSION",
	    NULL, NULL, 0, REBUILD, ONE_FINDING, { "missing: \"PG_VERSION\"" } },
	{ "missing: pg_control", "online offline snapshot", change_remove,
	    "global/pg_control", NULL, NULL, 0, AS_IS, ONE_FINDING,
	    { "missing: \"global/pg_control\": is missing: the server does not start without it$" } },
	{ "missing: pg_control, manifest rebuilt", "online offline", change_remove,
	    "global/pg_control", NULL, NULL, 0, REBUILD, ONE_FINDING,
	    { "missing: \"global/pg_control\"" } },
	{ "missing: a relation", "online", change_remove, RELATION, NULL, NULL, 0, AS_IS,
	    3, { "missing: \"base/1/1259\"" } },
	{ "missing: a relation in a tablespace", "online", change_remove, IN_SPACE, NULL,
	    NULL, 0, AS_IS, 3, { "missing: \"" SPACE "\"" } },
	{ "missing: a relation's map", "online", change_remove, "global/pg_filenode.map",
	    NULL, NULL, 0, AS_IS, 3, { "missing: \"global/pg_filenode.map\"" } },
	{ "missing: an empty file", "online", change_remove, "long*", NULL, NULL, 0,
	    AS_IS, 3, { "missing: \"long[0-9]+\"" } },
	{ "missing: a file of the configuration elsewhere", "online", change_remove,
	    "pg_basetar_config/pg_hba.conf", NULL, NULL, 0, AS_IS, 3,
	    { "missing: \"pg_basetar_config/pg_hba.conf\"" } },

	{ "doubled: backup_label", "online", change_double, "backup_label", NULL, NULL, 0,
	    AS_IS, 3, { "duplicate: \"backup_label\", at offset [0-9]+" } },
	{ "doubled: backup_label, another the second time", "online", change_double,
	    "backup_label", NULL, "START WAL LOCATION: 0/28\n", 0, AS_IS, 3,
	    { "duplicate: \"backup_label\", at offset [0-9]+" } },
	{ "doubled: pg_basetar.info", "online", change_double, "pg_basetar.info", NULL,
	    NULL, 0, AS_IS, 3, { "duplicate: \"pg_basetar.info\", at offset [0-9]+" } },
	{ "doubled: PG_VERSION, another the second time", "online", change_double,
	    "PG_VERSION", NULL, "14\n", 0, AS_IS, 3,
	    { "duplicate: \"PG_VERSION\", at offset [0-9]+" } },
	{ "doubled: a relation", "online", change_double, RELATION, NULL, NULL, 0, AS_IS,
	    3, { "duplicate: \"base/1/1259\", at offset [0-9]+" } },
	{ "doubled: a relation, empty the second time", "online", change_double, RELATION,
	    NULL, "", 0, AS_IS, 3, { "duplicate: \"base/1/1259\", at offset [0-9]+" } },
	{ "doubled: pg_control", "online offline", change_double, "global/pg_control",
	    NULL, NULL, 0, AS_IS, 3,
	    { "duplicate: \"global/pg_control\", at offset [0-9]+" } },
	{ "doubled: a link", "online", change_double, "pg_tblspc/*", NULL, NULL, 0, AS_IS,
	    3, { "duplicate: \"pg_tblspc/[0-9]+\", at offset [0-9]+" } },
	{ "doubled: a segment", "online", change_double, "middle segment", NULL, NULL, 0,
	    AS_IS, 3, { "duplicate: \"" SEGMENT "\", at offset [0-9]+" } },
	{ "doubled: a history", "two", change_double, "pg_wal/*.history", NULL, NULL, 0,
	    AS_IS, 3, { "duplicate: \"pg_wal/[0-9A-F]{8}.history\", at offset [0-9]+" } },
	{ "doubled: the manifest", "online", change_double, "backup_manifest", NULL, NULL,
	    0, AS_IS, 3, { "duplicate: \"backup_manifest\", at offset [0-9]+" } },
	{ "doubled: the manifest, another the second time", "online", change_double,
	    "backup_manifest", NULL, "{}\n", 0, AS_IS, 3,
	    { "duplicate: \"backup_manifest\", at offset [0-9]+" } },

	{ "extra: a file", "online offline", change_add, "pg_notify", NULL, "pg_nothing",
	    0, AS_IS, 3, { "extra: \"pg_nothing\", at offset [0-9]+" } },
	{ "extra: a relation", "online", add_relation, "base/1/12*", NULL, "base/1/11999",
	    0, AS_IS, 3, { "extra: \"base/1/11999\", at offset [0-9]+" } },
	{ "extra: standby.signal", "online offline", change_add, "global/pg_control",
	    NULL, "standby.signal", 0, AS_IS, 3,
	    { "extra: \"standby.signal\", at offset [0-9]+" } },
	{ "extra: recovery.signal", "online", change_add, "global/pg_control", NULL,
	    "recovery.signal", 0, AS_IS, 3,
	    { "extra: \"recovery.signal\", at offset [0-9]+" } },
	{ "extra: postmaster.pid", "online", change_add, "global/pg_control", "1\n",
	    "postmaster.pid", 0, AS_IS, 3,
	    { "extra: \"postmaster.pid\", at offset [0-9]+" } },
	{ "extra: tablespace_map", "online", change_add, "pg_basetar.info",
	    "16400 /srv/space\n", "tablespace_map", 0, AS_IS, 3,
	    { "extra: \"tablespace_map\", at offset [0-9]+" } },
	{ "extra: tablespace_map, manifest rebuilt", "online", change_add,
	    "pg_basetar.info", "16400 /srv/space\n", "tablespace_map", 0, REBUILD, 3,
	    { "tablespace: \"tablespace_map\"" } },
	{ "extra: a file in pg_wal", "online offline", change_add, "backup_manifest",
	    NULL, "pg_wal/junk", 0, AS_IS, 3,
	    { "extra: \"pg_wal/junk\", at offset [0-9]+" } },
	{ "extra: a mark of nothing", "online offline", change_add, "backup_manifest",
	    NULL, "pg_wal/archive_status/junk", 0, AS_IS, 3,
	    { "extra: \"pg_wal/archive_status/junk\", at offset [0-9]+: does not belong" } },
	{ "extra: a mark of a segment that is not there, nor needed", "online",
	    change_add, "backup_manifest", NULL,
	    "pg_wal/archive_status/0000000100000000000000FF.done", 0, AS_IS, 0,
	    { "warning: \"pg_wal/archive_status/0000000100000000000000FF.done\" marks a WAL segment that is not in the backup" } },
	{ "extra: such a mark, with content", "online", change_add, "backup_manifest",
	    "x", "pg_wal/archive_status/0000000100000000000000FF.ready", 0, AS_IS, 3,
	    { "size: \"pg_wal/archive_status/0000000100000000000000FF.ready\"" } },

	{ "order: backup_label is the second", "online", swap_with_next, "backup_label",
	    NULL, NULL, 0, AS_IS, 3,
	    { "stream: \"backup_label\", at offset [0-9]+: .*first" } },
	{ "order: backup_label is the last", "online", change_move, "backup_label", NULL,
	    NULL, 0, AS_IS, 3,
	    { "stream: \"backup_label\", at offset [0-9]+: .*first" } },
	{ "order: pg_basetar.info is after the tree", "online", change_move,
	    "pg_basetar.info", NULL, "global/pg_control", 0, AS_IS, 3,
	    { "info: \"pg_basetar.info\": .*misplaced" } },
	{ "order: pg_control is before the tree", "online offline", change_move,
	    "global/pg_control", NULL, "PG_VERSION", 0, AS_IS, 3,
	    { "stream: \"PG_VERSION\", at offset [0-9]+: .*pg_control" } },
	{ "order: pg_control is among its neighbours", "online", change_move,
	    "global/pg_control", NULL, "global/pg_filenode.map", 0, AS_IS, 3,
	    { "stream: \"global/pg_filenode.map\", at offset [0-9]+: .*pg_control" } },
	{ "order: a segment is before pg_control", "online snapshot", change_move,
	    "first segment", NULL, "global/pg_control", 0, AS_IS, 3,
	    { "stream: \"global/pg_control\", at offset [0-9]+" } },
	{ "order: pg_control is after the WAL", "online", change_move,
	    "global/pg_control", NULL, "backup_manifest", 0, AS_IS, 3,
	    { "stream: \"global/pg_control\", at offset [0-9]+" } },
	{ "order: two files of a directory", "online", swap_with_next, RELATION, NULL,
	    NULL, 0, AS_IS, 3, { "stream: \"base/1/1259\", at offset [0-9]+: .*order" } },
	{ "order: a directory is after what is in it", "online", swap_with_next, "base/1",
	    NULL, NULL, 0, AS_IS, 3,
	    { "stream: \"base/1\", at offset [0-9]+: .*order" } },
	{ "order: a segment is after a later one", "online", change_move, "first segment",
	    NULL, "last segment", 0, AS_IS, 3,
	    { "stream: \"" SEGMENT "\", at offset [0-9]+: .*order" } },
	{ "order: a history is before the WAL", "two", change_move, "pg_wal/*.history",
	    NULL, "first segment", 0, AS_IS, 3,
	    { "stream: \"" SEGMENT "\", at offset [0-9]+: .*order" } },
	{ "order: the manifest is before the WAL", "online offline", change_move,
	    "backup_manifest", NULL, "first segment", 0, AS_IS, 3,
	    { "stream: \"" SEGMENT "\", at offset [0-9]+" } },
	{ "order: the manifest is the first", "online", change_move, "backup_manifest",
	    NULL, "backup_label", 0, AS_IS, 3,
	    { "stream: \"backup_label\", at offset [0-9]+" } },

	{ "cut: a relation, by a page", "online", change_shorten, RELATION, NULL, NULL,
	    8192, AS_IS, ONE_FINDING, { "size: \"base/1/1259\", at offset [0-9]+" } },
	{ "cut: a relation, by a byte", "online", change_shorten, RELATION, NULL, NULL, 1,
	    AS_IS, ONE_FINDING, { "size: \"base/1/1259\", at offset [0-9]+: size: " } },
	{ "cut: a relation, to nothing", "online", change_shorten, RELATION, "to", NULL,
	    0, AS_IS, ONE_FINDING, { "size: \"base/1/1259\", at offset [0-9]+" } },
	{ "cut: PG_VERSION", "online", change_shorten, "PG_VERSION", "to", NULL, 0, AS_IS,
	    ONE_FINDING, { "size: \"PG_VERSION\", at offset [0-9]+: size: 3 bytes" } },
	{ "cut: PG_VERSION, manifest rebuilt", "online", change_shorten, "PG_VERSION",
	    "to", NULL, 0, REBUILD, 3, { "control: \"PG_VERSION\"" } },
	{ "cut: a segment, by a page", "online offline snapshot", change_shorten,
	    "middle segment", NULL, NULL, 8192, AS_IS, ONE_FINDING,
	    { "size: \"" SEGMENT
	      "\", at offset [0-9]+: .*1048576 bytes expected, 1040384 found" } },
	{ "cut: a segment, to nothing", "online", change_shorten, "last segment", "to",
	    NULL, 0, AS_IS, ONE_FINDING, { "size: \"" SEGMENT "\", at offset [0-9]+" } },
	{ "longer: a relation, by a page", "online", change_lengthen, RELATION, NULL,
	    NULL, 8192, AS_IS, ONE_FINDING,
	    { "size: \"base/1/1259\", at offset [0-9]+: size: " } },
	{ "longer: a relation, by a page, manifest rebuilt", "online", change_lengthen,
	    RELATION, NULL, NULL, 8192, REBUILD, 3,
	    { "checksum: \"base/1/1259\", block [0-9]+" } },
	{ "longer: an empty file", "online", change_lengthen, "long*", NULL, NULL, 1,
	    AS_IS, ONE_FINDING, { "size: \"long[0-9]+\", at offset [0-9]+" } },
	{ "longer: PG_VERSION, manifest rebuilt", "online", change_lengthen, "PG_VERSION",
	    NULL, NULL, 1, REBUILD, 3, { "control: \"PG_VERSION\"" } },
	{ "longer: PG_VERSION of a megabyte, manifest rebuilt", "online", change_lengthen,
	    "PG_VERSION", NULL, NULL, 1 << 20, REBUILD, 3,
	    { "(control|size): \"PG_VERSION\"" } },
	{ "longer: a segment, by a page", "online", change_lengthen, "middle segment",
	    NULL, NULL, 8192, AS_IS, ONE_FINDING,
	    { "size: \"" SEGMENT "\", at offset [0-9]+" } },
	{ "longer: a .done", "online", change_lengthen, "pg_wal/archive_status/*.done",
	    NULL, NULL, 1, AS_IS, 3,
	    { "size: \"pg_wal/archive_status/[0-9A-F]{24}.done\", at offset [0-9]+" } },

	{ "bit: backup_label", "online standby", change_flip, "backup_label", NULL, NULL,
	    20, AS_IS, ONE_FINDING,
	    { "label: \"backup_label\": line \"CHECKPOINT LOCATION: .* is not valid" CHANGED } },
	{ "bit: pg_basetar.info", "online", change_flip, "pg_basetar.info", NULL, NULL,
	    -1, AS_IS, ONE_FINDING,
	    { "info: \"pg_basetar.info\": line [0-9]+: the file is cut short" CHANGED } },
	{ "bit: a file of the configuration elsewhere", "online", change_flip,
	    "pg_basetar_config/pg_hba.conf", NULL, NULL, 0, AS_IS, 3,
	    { "digest: \"pg_basetar_config/pg_hba.conf\", at offset [0-9]+" } },
	{ "bit: PG_VERSION", "online", change_flip, "PG_VERSION", NULL, NULL, 2, AS_IS,
	    ONE_FINDING,
	    { "control: \"PG_VERSION\": does not contain a version of PostgreSQL" CHANGED } },
	{ "bit: PG_VERSION, another release, manifest rebuilt", "online", change_text,
	    "PG_VERSION", NULL, "14\n", 0, REBUILD, 3,
	    { "control: \"global/pg_control\"" } },
	{ "bit: PG_VERSION of a database", "online", change_flip, "base/1/PG_VERSION",
	    NULL, NULL, 0, AS_IS, ONE_FINDING,
	    { "state: \"base/1/PG_VERSION\", at offset [0-9]+: is not the version" CHANGED } },
	{ "bit: a small file", "online", change_flip, "postgresql.conf", NULL, NULL, 0,
	    AS_IS, ONE_FINDING,
	    { "digest: \"postgresql.conf\", at offset [0-9]+: CRC32C: " } },
	{ "bit: pg_xact", "online", change_flip, "pg_xact/0000", NULL, NULL, 0, AS_IS,
	    ONE_FINDING, { "digest: \"pg_xact/0000\", at offset [0-9]+: CRC32C: " } },
	{ "bit: a relation", "online", change_flip, RELATION, NULL, NULL, 8192 + 8000,
	    AS_IS, ONE_FINDING,
	    { "checksum: \"base/1/1259\", block 1, at offset [0-9]+: page checksum: " CHANGED } },
	{ "bit: a relation, manifest rebuilt", "online offline snapshot standby",
	    change_flip, RELATION, NULL, NULL, 8192 + 8000, REBUILD, ONE_FINDING,
	    { "checksum: \"base/1/1259\", block 1, at offset [0-9]+: page "
	      "checksum: [0-9A-F]+ expected, [0-9A-F]+ found" NOT_CHANGED } },
	{ "bit: a relation's free space map, manifest rebuilt", "online", change_flip,
	    "base/1/1259_fsm", NULL, NULL, 100, REBUILD, 3,
	    { "checksum: \"base/1/1259_fsm\", block 0" } },
	{ "bit: a relation's visibility map, manifest rebuilt", "online", change_flip,
	    "base/1/1259_vm", NULL, NULL, 100, REBUILD, 3,
	    { "checksum: \"base/1/1259_vm\", block 0" } },
	{ "bit: a relation's init fork", "online", flip_init, NULL, NULL, NULL, 8191,
	    AS_IS, ONE_FINDING,
	    { "checksum: \"base/5/[0-9]+_init\", block 0, " CHANGED } },
	{ "bit: a relation's init fork, manifest rebuilt", "online", flip_init, NULL,
	    NULL, NULL, 8191, REBUILD, 3,
	    { "checksum: \"base/5/[0-9]+_init\", block 0" } },
	{ "bit: a relation in a tablespace", "online", change_flip, IN_SPACE, NULL, NULL,
	    100, AS_IS, ONE_FINDING,
	    { "digest: \"" SPACE "\", at offset [0-9]+: CRC32C: " } },
	{ "bit: a relation in a tablespace, manifest rebuilt", "offline", change_flip,
	    IN_SPACE, NULL, NULL, 100, REBUILD, ONE_FINDING,
	    { "checksum: \"" SPACE "\", block 0, " NOT_CHANGED } },
	{ "bit: a shared relation, manifest rebuilt", "online", change_flip,
	    "global/1262", NULL, NULL, 8000, REBUILD, 3,
	    { "checksum: \"global/1262\", block 0" } },
	{ "bit: a page that the WAL mends, manifest rebuilt", "online", change_flip,
	    IN_SPACE, NULL, NULL, 8000, REBUILD, 0, { NULL } },
	{ "bit: a page's checksum, manifest rebuilt", "online", change_flip, RELATION,
	    NULL, NULL, 8, REBUILD, 3, { "checksum: \"base/1/1259\", block 0" } },
	{ "bit: a page's LSN, manifest rebuilt", "online", change_flip, RELATION, NULL,
	    NULL, 4, REBUILD, 3, { "checksum: \"base/1/1259\", block 0" } },
	{ "bit: a history", "two", change_flip, "pg_wal/*.history", NULL, NULL, 0, AS_IS,
	    3, { "wal: " } },
	{ "bit: the manifest", "online offline", change_flip, "backup_manifest", NULL,
	    NULL, 200, AS_IS, 3, { "manifest: \"backup_manifest\"" } },

	{ "huge: a million empty members", "million", burst, "base/1/PG_VERSION", NULL,
	    NULL, 1000000, AS_IS, 3,
	    { "extra: \"base/1/this_is_no_file_[0-9]{7}\", at offset [0-9]+",
		"extra: [0-9]{6} more$" } },
	{ 0 },
};
