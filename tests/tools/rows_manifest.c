/* backup_manifest. */
#include <stdlib.h>
#include <string.h>

#include "lib/lsn.h"
#include "mutilate.h"

#define MANIFEST "backup_manifest"
#define RELATION "base/1/1259"

static char *
text_of(struct image *image, struct member **m)
{
	*m = image_need(image, MANIFEST);
	return (char *)(*m)->body.data;
}

/* What follows the first ${from}. */
static char *
text_after(char *text, const char *from)
{
	char *at = strstr(text, from);

	if (at == NULL)
		die("the manifest does not say \"%s\"", from);
	return at + strlen(from);
}

/* In the line of ${member}, the digit after ${from} is another. */
static void
change_digit(struct image *image, const struct mutilation *row)
{
	struct member *m;
	char line[128], *at;

	snprintf(line, sizeof(line), "{ \"Path\": \"%s\"", row->member);
	at = text_after(text_of(image, &m), line) - strlen(line);
	at = text_after(at, row->from);
	*at = *at == '1' ? '2' : '1';
}

/* The last character but ${number}, a digit, is another. */
static void
change_last(struct image *image, const struct mutilation *row)
{
	struct member *m = image_need(image, MANIFEST);
	uint8_t *at = m->body.data + m->body.len - row->number;

	*at = *at == '1' ? '2' : '1';
}

/* After ${from} come ${number} times the character ${to}. */
static void
widen(struct image *image, const struct mutilation *row)
{
	struct member *m;
	char *text = text_of(image, &m), *more = malloc((size_t)row->number + 1);

	if (more == NULL)
		die("out of memory");
	memset(more, row->to[0], (size_t)row->number);
	more[row->number] = '\0';
	member_splice(m, (size_t)(text_after(text, row->from) - text), 0, more);
	free(more);
}

/* What is from ${from} to the next ${to}, both included, is gone. */
static void
cut_out(struct image *image, const struct mutilation *row)
{
	struct member *m;
	char *text = text_of(image, &m);
	char *start = text_after(text, row->from), *end = text_after(start, row->to);

	start -= strlen(row->from);
	member_splice(m, (size_t)(start - text), (size_t)(end - start), "");
}

/* To the LSN after the first ${from}, or the last one if ${to} says so, ${number} is added. */
static void
add_lsn(struct image *image, const struct mutilation *row)
{
	struct member *m;
	char *text = text_of(image, &m), *at = text_after(text, row->from), *end,
	     lsn_text[LSN_TEXT];
	uint64_t lsn;

	while (row->to && strstr(at, row->from))
		at = text_after(at, row->from);
	lsn = strtoull(at, &end, 16) << 32;
	lsn |= strtoull(end + 1, &end, 16);
	lsn_print(lsn_text, lsn + (uint64_t)row->number);
	member_splice(m, (size_t)(at - text), (size_t)(end - at), lsn_text);
}

const struct mutilation manifest_rows[] = {
	{ "manifest: missing", "online offline snapshot standby", change_remove, MANIFEST,
	    NULL, NULL, 0, AS_IS, 3, { "missing: \"backup_manifest\"" } },
	{ "manifest: of another backup", "online", change_other, MANIFEST, NULL, NULL, 0,
	    AS_IS, 3,
	    { "manifest: \"backup_manifest\": .*another backup",
		"(digest|size|missing|extra): " } },
	{ "manifest: a digit of a digest", "online", change_digit, RELATION,
	    "\"Checksum\": \"", NULL, 0, AS_IS, 3,
	    { "manifest: \"backup_manifest\": checksum of the manifest: [0-9a-f]{64} "
	      "expected, [0-9a-f]{64} found",
		"digest: \"base/1/1259\"" } },
	{ "manifest: a digit of a digest, resealed", "online", change_digit, RELATION,
	    "\"Checksum\": \"", NULL, 0, RESEAL, 3,
	    { "digest: \"base/1/1259\", at offset [0-9]+: CRC32C: [0-9a-f]{8} "
	      "expected, [0-9a-f]{8} found" } },
	{ "manifest: a digit of pg_control's digest, resealed", "online offline",
	    change_digit, "global/pg_control", "\"Checksum\": \"", NULL, 0, RESEAL, 3,
	    { "digest: \"global/pg_control\", at offset [0-9]+: SHA256: " } },
	{ "manifest: another tablespace, resealed", "online", change_text, MANIFEST,
	    "{ \"Path\": \"pg_tblspc/", "{ \"Path\": \"pg_tblspc/9", 0, RESEAL, 3,
	    { "missing: \"pg_tblspc/9[0-9]+/", "extra: \"pg_tblspc/[0-9]+/" } },
	{ "manifest: a digit of a size", "online", change_digit, RELATION,
	    "\"Size\": ", NULL, 0, AS_IS, 3,
	    { "manifest: \"backup_manifest\": checksum of the manifest",
		"size: \"base/1/1259\"" } },
	{ "manifest: a digit of a size, resealed", "online", change_digit, RELATION,
	    "\"Size\": ", NULL, 0, RESEAL, 3,
	    { "size: \"base/1/1259\", at offset [0-9]+: .*expected, [0-9]+ found" } },
	{ "manifest: a size of 2^64, resealed", "online", change_text, MANIFEST,
	    "\"Size\": ", "\"Size\": 18446744073709551616", 0, RESEAL, 3,
	    { "manifest: \"backup_manifest\": " } },
	{ "manifest: a negative size, resealed", "online", change_text, MANIFEST,
	    "\"Size\": ", "\"Size\": -", 0, RESEAL, 3,
	    { "manifest: \"backup_manifest\": " } },
	{ "manifest: a size with a fraction, resealed", "online", change_text, MANIFEST,
	    "\"Size\": ", "\"Size\": 1.", 0, RESEAL, 3,
	    { "manifest: \"backup_manifest\": " } },
	{ "manifest: a digit of a path", "online", change_digit, RELATION, "base/1/125",
	    NULL, 0, AS_IS, 3,
	    { "manifest: \"backup_manifest\": checksum of the manifest",
		"extra: \"base/1/1259\"" } },
	{ "manifest: a digit of a path, resealed", "online", change_text, MANIFEST,
	    "base/1/1259\"", "base/1/125\"", 0, RESEAL, 3,
	    { "missing: \"base/1/125\"", "extra: \"base/1/1259\", at offset [0-9]+" } },
	{ "manifest: a digit of a time", "online", change_digit, RELATION,
	    "\"Last-Modified\": \"20", NULL, 0, AS_IS, 3,
	    { "manifest: \"backup_manifest\": checksum of the manifest" } },
	{ "manifest: a digit of its own checksum", "online offline", change_last,
	    MANIFEST, NULL, NULL, 6, AS_IS, 3,
	    { "manifest: \"backup_manifest\": checksum of the manifest" } },
	{ "manifest: a letter of its own checksum's key", "online", change_text, MANIFEST,
	    "\"Manifest-Checksum\"", "\"Manifest-Chocksum\"", 0, AS_IS, 3,
	    { "manifest: \"backup_manifest\": " } },
	{ "manifest: no checksum of its own", "online", cut_out, MANIFEST,
	    ",\n\"Manifest-Checksum\": \"", "\"", 0, AS_IS, 3,
	    { "manifest: \"backup_manifest\": " } },

	{ "manifest: a path with .., resealed", "online", change_text, MANIFEST,
	    "base/1/1259\"", "base/../1259\"", 0, RESEAL, 3,
	    { "manifest: \"backup_manifest\": .*base/\\.\\./1259" } },
	{ "manifest: an absolute path, resealed", "online", change_text, MANIFEST,
	    "\"base/1/1259\"", "\"/base/1/1259\"", 0, RESEAL, 3,
	    { "manifest: \"backup_manifest\": .*/base/1/1259" } },
	{ "manifest: a path with an empty part, resealed", "online", change_text,
	    MANIFEST, "base/1/1259\"", "base//1259\"", 0, RESEAL, 3,
	    { "manifest: \"backup_manifest\": .*base//1259" } },
	{ "manifest: an empty path, resealed", "online", change_text, MANIFEST,
	    "base/1/1259\"", "\"", 0, RESEAL, 3, { "manifest: \"backup_manifest\": " } },
	{ "manifest: a path with a NUL, resealed", "online", change_text, MANIFEST,
	    "base/1/1259\"", "base/1/1259\\u0000\"", 0, RESEAL, 3,
	    { "manifest: \"backup_manifest\": " } },
	{ "manifest: a path twice, resealed", "online", change_text, MANIFEST,
	    "base/1/1259\"", "base/1/1255\"", 0, RESEAL, 3,
	    { "manifest: \"backup_manifest\": lists \"base/1/1255\" twice",
		"extra: \"base/1/1259\"" } },
	{ "manifest: a path written otherwise, resealed", "online", change_text, MANIFEST,
	    "base/1/1259\"", "base\\/1\\u002f1259\"", 0, RESEAL, 0, { NULL } },
	{ "manifest: an encoded path, resealed", "online", change_text, MANIFEST,
	    "\"Path\": \"base/1/1259\"", "\"Encoded-Path\": \"626173652f312f31323539\"",
	    0, RESEAL, 0, { NULL } },
	{ "manifest: an encoded path of half a byte, resealed", "online", change_text,
	    MANIFEST, "\"Path\": \"base/1/1259\"",
	    "\"Encoded-Path\": \"626173652f312f3132353\"", 0, RESEAL, 3,
	    { "manifest: \"backup_manifest\": " } },
	{ "manifest: an encoded path with .., resealed", "online", change_text, MANIFEST,
	    "\"Path\": \"base/1/1259\"", "\"Encoded-Path\": \"2e2e2f31323539\"", 0,
	    RESEAL, 3, { "manifest: \"backup_manifest\": " } },
	{ "manifest: both paths, resealed", "online", change_text, MANIFEST,
	    "\"Path\": \"base/1/1259\"",
	    "\"Path\": \"base/1/1259\", \"Encoded-Path\": \"626173652f312f31323539\"", 0,
	    RESEAL, 3, { "manifest: \"backup_manifest\": " } },
	{ "manifest: no path, resealed", "online", change_text, MANIFEST,
	    "\"Path\": \"base/1/1259\", ", "", 0, RESEAL, 3,
	    { "manifest: \"backup_manifest\": " } },
	{ "manifest: no size, resealed", "online", change_text, MANIFEST,
	    "\"base/1/1259\", \"Size\": ", "\"base/1/1259\", \"Bytes\": ", 0, RESEAL, 3,
	    { "manifest: \"backup_manifest\": " } },
	{ "manifest: a key twice in a file, resealed", "online", change_text, MANIFEST,
	    "\"Path\": \"base/1/1259\"",
	    "\"Path\": \"base/1/1259\", \"Path\": \"base/1/1259\"", 0, RESEAL, 3,
	    { "manifest: \"backup_manifest\": " } },
	{ "manifest: a key twice, resealed", "online", change_text, MANIFEST,
	    "\"WAL-Ranges\": [", "\"WAL-Ranges\": [],\n\"WAL-Ranges\": [", 0, RESEAL, 3,
	    { "manifest: \"backup_manifest\": " } },
	{ "manifest: the files twice, resealed", "online", change_text, MANIFEST,
	    "\"WAL-Ranges\": [", "\"Files\": [],\n\"WAL-Ranges\": [", 0, RESEAL, 3,
	    { "manifest: \"backup_manifest\": " } },
	{ "manifest: a key that is not known, resealed", "online", change_text, MANIFEST,
	    "\"WAL-Ranges\": [", "\"WAL\": [],\n\"WAL-Ranges\": [", 0, RESEAL, 3,
	    { "manifest: \"backup_manifest\": " } },
	{ "manifest: a digest of no kind, resealed", "online", change_text, MANIFEST,
	    "\"Checksum-Algorithm\": \"CRC32C\"", "\"Checksum-Algorithm\": \"MD5\"", 0,
	    RESEAL, 3, { "manifest: \"backup_manifest\": .*MD5" } },
	{ "manifest: a digest of another length, resealed", "online", change_text,
	    MANIFEST, "\"Checksum-Algorithm\": \"CRC32C\"",
	    "\"Checksum-Algorithm\": \"SHA256\"", 0, RESEAL, 3,
	    { "manifest: \"backup_manifest\": " } },
	{ "manifest: a digest that is no number, resealed", "online", change_digit,
	    RELATION, "\"Checksum\": \"", "x", 0, RESEAL, 3,
	    { "digest: \"base/1/1259\"" } },
	{ "manifest: an algorithm without a digest, resealed", "online", change_text,
	    MANIFEST, "\"Checksum\": \"", "\"X\": \"", 0, RESEAL, 3,
	    { "manifest: \"backup_manifest\": " } },

	{ "manifest: deep", "online", widen, MANIFEST, "\"Files\": ", "[", 1000000,
	    RESEAL, 3, { "manifest: \"backup_manifest\": " } },
	{ "manifest: deep objects", "online", change_text, MANIFEST, "\"Files\": [",
	    "\"Files\": [{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":[[[[[[[[[[[["
	    "[[[[[[[[[[[[",
	    0, RESEAL, 3, { "manifest: \"backup_manifest\": " } },
	{ "manifest: a line of 10 MB", "online", widen, MANIFEST, "\"Path\": \"", "x",
	    10 << 20, RESEAL, 3, { "manifest: \"backup_manifest\": " } },
	{ "manifest: a line of 10 MB of spaces", "online", widen, MANIFEST,
	    "\"Files\": [", " ", 10 << 20, RESEAL, 3,
	    { "manifest: \"backup_manifest\": " } },
	{ "manifest: a number of 1 MB", "online", widen, MANIFEST, "\"Size\": ", "1",
	    1000000, RESEAL, 3, { "manifest: \"backup_manifest\": " } },
	{ "manifest: 10 MB of line ends", "online", widen, MANIFEST, "\"Files\": [", "\n",
	    10 << 20, RESEAL, 0, { NULL } },
	{ "manifest: cut in a file", "online", change_shorten, MANIFEST, "to", NULL, 1000,
	    AS_IS, 3, { "manifest: \"backup_manifest\": " } },
	{ "manifest: cut by a byte", "online", change_shorten, MANIFEST, NULL, NULL, 1,
	    AS_IS, 3, { "manifest: \"backup_manifest\": " } },
	{ "manifest: cut before its checksum", "online", change_shorten, MANIFEST, NULL,
	    NULL, 90, AS_IS, 3, { "manifest: \"backup_manifest\": " } },
	{ "manifest: empty", "online offline", change_text, MANIFEST, NULL, "", 0, AS_IS,
	    3, { "manifest: \"backup_manifest\": " } },
	{ "manifest: an empty object", "online", change_text, MANIFEST, NULL, "{}\n", 0,
	    AS_IS, 3, { "manifest: \"backup_manifest\": " } },
	{ "manifest: null", "online", change_text, MANIFEST, NULL, "null\n", 0, AS_IS, 3,
	    { "manifest: \"backup_manifest\": " } },
	{ "manifest: no JSON", "online", change_text, MANIFEST, NULL,
	    "This is a manifest.\n", 0, AS_IS, 3, { "manifest: \"backup_manifest\": " } },
	{ "manifest: a byte order mark", "online", change_text, MANIFEST,
	    "{ \"PostgreSQL", "\xef\xbb\xbf{ \"PostgreSQL", 0, RESEAL, 3,
	    { "manifest: \"backup_manifest\": " } },
	{ "manifest: no UTF-8, resealed", "online", change_text, MANIFEST,
	    "base/1/1259\"", "base/1/\xff\"", 0, RESEAL, 3,
	    { "manifest: \"backup_manifest\": " } },
	{ "manifest: garbage after it", "online", change_lengthen, MANIFEST, NULL, NULL,
	    10, AS_IS, 3, { "manifest: \"backup_manifest\": " } },
	{ "manifest: a megabyte of garbage after it", "online", change_lengthen, MANIFEST,
	    NULL, NULL, 1 << 20, AS_IS, 3, { "manifest: \"backup_manifest\": " } },

	{ "manifest: of version 2 without identifier, resealed", "online", change_text,
	    MANIFEST, "Version\": 1", "Version\": 2", 0, RESEAL, 3,
	    { "manifest: \"backup_manifest\": " } },
	{ "manifest: of version 2, of a server that writes 1, resealed", "online",
	    change_text, MANIFEST, "Version\": 1,",
	    "Version\": 2,\n\"System-Identifier\": 7576000000000000000,", 0, RESEAL, 3,
	    { "manifest: \"backup_manifest\": version: 1 expected, 2 found" } },
	{ "manifest: of version 3, resealed", "online", change_text, MANIFEST,
	    "Version\": 1", "Version\": 3", 0, RESEAL, 3,
	    { "manifest: \"backup_manifest\": .*3" } },
	{ "manifest: no version, resealed", "online", cut_out, MANIFEST, " \"PostgreSQL",
	    ",\n", 0, RESEAL, 3, { "manifest: \"backup_manifest\": " } },
	{ "manifest: of version 1, of a server that writes 2, resealed", "v17 v18",
	    change_text, MANIFEST, "Version\": 2", "Version\": 1", 0, RESEAL, 3,
	    { "manifest: \"backup_manifest\": " } },
	{ "manifest: no system identifier, resealed", "v17 v18", cut_out, MANIFEST,
	    "\"System-Identifier", ",\n", 0, RESEAL, 3,
	    { "manifest: \"backup_manifest\": " } },
	{ "manifest: a digit of the system identifier, resealed", "v17 v18", change_text,
	    MANIFEST, "Identifier\": 7", "Identifier\": 6", 0, RESEAL, 3,
	    { "manifest: \"backup_manifest\": .*another cluster: system "
	      "identifier: 7[0-9]+ expected, 6[0-9]+ found" } },
	{ "manifest: a digit of the system identifier", "v17 v18", change_text, MANIFEST,
	    "Identifier\": 7", "Identifier\": 6", 0, AS_IS, 3,
	    { "manifest: \"backup_manifest\": checksum of the manifest",
		"manifest: \"backup_manifest\": .*another cluster" } },
	{ "manifest: a system identifier of text, resealed", "v17 v18", change_text,
	    MANIFEST, "Identifier\": ", "Identifier\": \"x\", \"X\": ", 0, RESEAL, 3,
	    { "manifest: \"backup_manifest\": " } },

	{ "manifest: no WAL-Ranges, resealed", "online", cut_out, MANIFEST,
	    "\"WAL-Ranges\": [", "],\n", 0, RESEAL, 3,
	    { "manifest: \"backup_manifest\": " } },
	{ "manifest: WAL-Ranges are empty, resealed", "online offline", cut_out, MANIFEST,
	    "{ \"Timeline\"", "}\n", 0, RESEAL, 3,
	    { "manifest: \"backup_manifest\": .*WAL-Ranges" } },
	{ "manifest: a later start of the WAL, resealed",
	    "online offline snapshot standby two", add_lsn, MANIFEST, "\"Start-LSN\": \"",
	    "last", 8, RESEAL, 3,
	    { "manifest: \"backup_manifest\": .*another backup: start of "
	      "its WAL: 0/[0-9A-F]+ expected, 0/[0-9A-F]+ found" } },
	{ "manifest: an earlier start of the WAL, resealed",
	    "online offline snapshot standby two", add_lsn, MANIFEST, "\"Start-LSN\": \"",
	    "last", -8, RESEAL, 3,
	    { "manifest: \"backup_manifest\": .*another backup: start of its WAL" } },
	{ "manifest: a later end of the WAL, resealed",
	    "online offline snapshot standby two", add_lsn, MANIFEST, "\"End-LSN\": \"",
	    NULL, 16 << 20, RESEAL, 3, { "wal: .*0/[0-9A-F]+" } },
	{ "manifest: an end of the WAL a record later, resealed", "online", add_lsn,
	    MANIFEST, "\"End-LSN\": \"", NULL, 48, RESEAL, 3,
	    { "wal: .*end of the WAL.*0/[0-9A-F]+ expected, 0/[0-9A-F]+ found" } },
	{ "manifest: an earlier end of the WAL, resealed", "online offline standby two",
	    add_lsn, MANIFEST, "\"End-LSN\": \"", NULL, -8, RESEAL, 3,
	    { "(wal|manifest): .*0/[0-9A-F]+ expected, 0/[0-9A-F]+ found" } },
	{ "manifest: an LSN that is none, resealed", "online", change_text, MANIFEST,
	    "\"End-LSN\": \"0/", "\"End-LSN\": \"0-", 0, RESEAL, 3,
	    { "manifest: \"backup_manifest\": " } },
	{ "manifest: another timeline, resealed", "online offline snapshot standby",
	    change_text, MANIFEST, "\"Timeline\": 1", "\"Timeline\": 2", 0, RESEAL, 3,
	    { "(manifest: \"backup_manifest\"|wal): .*timeline" } },
	{ "manifest: timeline 0, resealed", "online", change_text, MANIFEST,
	    "\"Timeline\": 1", "\"Timeline\": 0", 0, RESEAL, 3,
	    { "manifest: \"backup_manifest\": " } },
	{ "manifest: the later of two stretches of WAL missing, resealed", "two", cut_out,
	    MANIFEST, "{ \"Timeline\": 2", "},\n", 0, RESEAL, 3,
	    { "(manifest: \"backup_manifest\"|wal): " } },
	{ "manifest: the earlier of two stretches of WAL missing, resealed", "two",
	    cut_out, MANIFEST, ",\n{ \"Timeline\": 1", "}", 0, RESEAL, 3,
	    { "manifest: \"backup_manifest\": .*another backup" } },
	{ "manifest: stretches of WAL with a gap, resealed", "two", add_lsn, MANIFEST,
	    "\"Start-LSN\": \"", NULL, 8, RESEAL, 3,
	    { "wal: .*do not follow each other: 0/[0-9A-F]+ expected, 0/[0-9A-F]+ found" } },
	{ 0 },
};
