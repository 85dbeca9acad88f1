/* Files that are no relations: relation maps, versions of databases, pg_xact. */
#include <string.h>

#include "mutilate.h"

#define MAP "base/1/pg_filenode.map"
#define VERSION "base/1/PG_VERSION"
#define XACT "pg_xact/0000"

/* All bytes of it are 0. */
static void
fill_zeros(struct image *image, const struct mutilation *row)
{
	struct member *m = image_need(image, row->member);

	memset(m->body.data, 0, m->body.len);
}

/* A page whose header is zeros says that it is new. */
static void
clear_header(struct image *image, const struct mutilation *row)
{
	struct member *m = image_need(image, row->member);

	memset(m->body.data + row->number, 0, 24);
}

const struct mutilation state_rows[] = {
	{ "state: a bit of a relation map, manifest rebuilt",
	    "online standby offline snapshot v17 v18", change_flip, MAP, NULL, NULL, 9,
	    REBUILD, ONE_FINDING,
	    { "state: \"" MAP
	      "\", at offset [0-9]+: checksum of [0-9]+ bytes: " NOT_CHANGED } },
	{ "state: a relation map of zeros, manifest rebuilt", "online v18", fill_zeros,
	    MAP, NULL, NULL, 0, REBUILD, 3,
	    { "state: \"" MAP "\", at offset [0-9]+: invalid magic number 00000000" } },
	{ "state: half a relation map, manifest rebuilt", "online", change_shorten,
	    "global/pg_filenode.map", "to", NULL, 256, REBUILD, 3,
	    { "state: \"global/pg_filenode.map\", at offset [0-9]+: invalid size of 256 bytes" } },
	{ "state: no relation map, manifest rebuilt", "online offline", change_remove,
	    MAP, NULL, NULL, 0, REBUILD, 3, { "missing: \"" MAP "\": is missing" } },
	{ "state: no shared relation map, manifest rebuilt", "online", change_remove,
	    "global/pg_filenode.map", NULL, NULL, 0, REBUILD, 3,
	    { "missing: \"global/pg_filenode.map\": is missing: the server does not start" } },
	{ "state: a database of another release, manifest rebuilt", "online offline",
	    change_text, VERSION, "15", "14", 0, REBUILD, 3,
	    { "state: \"" VERSION
	      "\", at offset [0-9]+: is of another version than the cluster: 15 expected, 14 found" } },
	{ "state: a database of no release, manifest rebuilt", "online", change_text,
	    VERSION, NULL, "", 0, REBUILD, 3,
	    { "state: \"" VERSION "\", at offset [0-9]+: is not the version" } },
	{ "state: a database without version, manifest rebuilt",
	    "online standby snapshot", change_remove, VERSION, NULL, NULL, 0, REBUILD, 3,
	    { "missing: \"" VERSION "\": is missing" } },
	{ "state: a database without version, told by the manifest", "online",
	    change_remove, VERSION, NULL, NULL, 0, AS_IS, 3,
	    { "missing: \"" VERSION "\": is listed in the manifest but missing" } },
	{ "state: no pg_xact, manifest rebuilt",
	    "online standby offline snapshot v17 v18", change_remove, XACT, NULL, NULL, 0,
	    REBUILD, 3,
	    { "missing: \"" XACT "\": is missing: it must hold the status of" } },
	{ "state: an empty pg_xact, manifest rebuilt", "online offline", change_shorten,
	    XACT, "to", NULL, 0, REBUILD, 3,
	    { "size: \"" XACT "\": is too short: 8192 bytes expected, 0" } },
	{ "state: part of a page of pg_xact, manifest rebuilt", "online", change_shorten,
	    XACT, "to", NULL, 4096, REBUILD, 3,
	    { "size: \"" XACT
	      "\": has 4096 bytes: it must have at most 32 whole pages of 8192" } },
	{ "state: pg_xact of zeros, manifest rebuilt", "online offline", fill_zeros, XACT,
	    NULL, NULL, 0, REBUILD, 3,
	    { "state: \"" XACT "\": is all zeros, where it should hold" NOT_CHANGED } },
	{ "state: no multixacts, manifest rebuilt", "online", change_remove,
	    "pg_multixact/offsets/0000", NULL, NULL, 0, REBUILD, 3,
	    { "missing: \"pg_multixact/offsets/0000\": is missing" } },
	{ "state: a relation ends in the middle of a page, manifest rebuilt",
	    "online standby offline snapshot", change_shorten, "base/1/1259", NULL, NULL,
	    100, REBUILD, 3,
	    { "size: \"base/1/1259\", block [0-9]+, at offset [0-9]+: ends in the middle of a "
	      "page: 8192 bytes expected, 8092 found" } },
	{ "state: a bit of a relation map", "online standby offline v17 v18", change_flip,
	    MAP, NULL, NULL, 9, AS_IS, ONE_FINDING,
	    { "state: \"" MAP
	      "\", at offset [0-9]+: checksum of [0-9]+ bytes: " CHANGED } },
	{ "state: half a relation map", "online", change_shorten,
	    "global/pg_filenode.map", "to", NULL, 256, AS_IS, ONE_FINDING,
	    { "size: \"global/pg_filenode.map\", at offset [0-9]+: size: [0-9]+ bytes expected, 256 "
	      "found$" } },
	{ "state: a database of another release", "online", change_text, VERSION, "15",
	    "14", 0, AS_IS, ONE_FINDING,
	    { "state: \"" VERSION
	      "\", at offset [0-9]+: is of another version than the cluster: 15 expected, 14 found" CHANGED } },
	{ "state: pg_xact of zeros", "online offline", fill_zeros, XACT, NULL, NULL, 0,
	    AS_IS, ONE_FINDING,
	    { "state: \"" XACT "\": is all zeros, where it should hold" CHANGED } },
	{ "state: part of a page of pg_xact", "online", change_shorten, XACT, "to", NULL,
	    4096, AS_IS, ONE_FINDING,
	    { "size: \"" XACT
	      "\", at offset [0-9]+: size: 8192 bytes expected, 4096 found$" } },
	{ "state: a relation's page of which its header is zeros", "online", clear_header,
	    "base/1/1259", NULL, NULL, 8192, AS_IS, ONE_FINDING,
	    { "not_zero: \"base/1/1259\", block 1, .*zeros expected" CHANGED } },
	{ 0 },
};
