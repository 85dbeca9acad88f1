/*
 * Header blocks are written and read through the same table of fields, so that both sides have one
 * idea of where each is.  A number is octal wherever that holds it, which every tar program reads;
 * base-256 is for the rest alone.
 */
#include "tar/header.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/bytes.h"
#include "tar/membertype.h"
#include "tar/pax.h"

/* Where the fields are; those of devices and padding are not looked at. */
static const struct field {
	const char *name;
	size_t at;
	size_t len;
} name_field = { "name", 0, 100 }, mode_field = { "mode", 100, 8 },
  uid_field = { "uid", 108, 8 }, gid_field = { "gid", 116, 8 },
  size_field = { "size", 124, 12 }, mtime_field = { "mtime", 136, 12 },
  checksum_field = { "checksum", 148, 8 }, type_field = { "typeflag", 156, 1 },
  link_field = { "linkname", 157, 100 }, magic_field = { "magic", 257, 8 },
  uname_field = { "uname", 265, 32 }, gname_field = { "gname", 297, 32 },
  devmajor_field = { "devmajor", 329, 8 }, devminor_field = { "devminor", 337, 8 },
  prefix_field = { "prefix", 345, 155 };

/* The magic "ustar" with its NUL, and the version "00" without one. */
static const uint8_t magic[8] = { 'u', 's', 't', 'a', 'r', '\0', '0', '0' };

/* GNU tar's own format, its default: magic and version in one. */
static const uint8_t gnu_magic[8] = { 'u', 's', 't', 'a', 'r', ' ', ' ', '\0' };

/* First byte of a base-256 field. */
enum { BASE256 = 0x80, BASE256_NEGATIVE = 0xff };

enum { MODE_BITS = 07777 };

/* Sum of all bytes, those of the checksum itself taken as spaces. */
static uint32_t
checksum(const uint8_t *block)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += i - checksum_field.at < checksum_field.len ? ' ' : block[i];
	return sum;
}

/* What does not fit is cut: a pax record then holds the whole. */
static void
put_text(uint8_t *block, const struct field *f, const char *text)
{
	memcpy(block + f->at, text, strnlen(text, f->len));
}

/* POSIX wants a NUL after it; half a name would be that of another owner. */
static void
put_owner(uint8_t *block, const struct field *f, const char *name)
{
	if (name && strlen(name) <= TAR_OWNER_MOST)
		put_text(block, f, name);
}

/* The last eight bytes of a field hold any number; those before only carry the sign. */
static void
put_base256(uint8_t *block, const struct field *f, uint64_t v, uint8_t sign)
{
	uint8_t *at = block + f->at;

	memset(at, sign == BASE256_NEGATIVE ? 0xff : 0, f->len);
	put_u64be(at + f->len - 8, v);
	at[0] = sign;
}

static bool
fits_octal(const struct field *f, uint64_t v)
{
	return v >> (3 * (f->len - 1)) == 0;
}

/* Octal digits and a NUL where that is enough. */
static void
put_number(uint8_t *block, const struct field *f, uint64_t v)
{
	if (fits_octal(f, v))
		snprintf((char *)block + f->at, f->len, "%0*" PRIo64, (int)f->len - 1, v);
	else
		put_base256(block, f, v, BASE256);
}

static void
put_time(uint8_t *block, int64_t v)
{
	if (v >= 0)
		put_number(block, &mtime_field, (uint64_t)v);
	else
		put_base256(block, &mtime_field, (uint64_t)v, BASE256_NEGATIVE);
}

/* Six octal digits, a NUL and a space, as every tar before POSIX had it. */
static void
put_checksum(uint8_t *block)
{
	uint8_t *at = block + checksum_field.at;

	snprintf((char *)at, checksum_field.len, "%06" PRIo32, checksum(block));
	at[checksum_field.len - 1] = ' ';
}

static int
append_block(struct buf *out, const struct tar_entry *entry, struct error *err)
{
	uint8_t block[TAR_BLOCK] = { 0 };

	put_text(block, &name_field, entry->name);
	put_number(block, &mode_field, entry->mode & MODE_BITS);
	put_number(block, &uid_field, entry->uid);
	put_number(block, &gid_field, entry->gid);
	put_number(block, &size_field, entry->size);
	put_time(block, entry->mtime);
	block[type_field.at] = (uint8_t)entry->type;
	if (entry->link)
		put_text(block, &link_field, entry->link);
	memcpy(block + magic_field.at, magic, sizeof(magic));
	put_owner(block, &uname_field, entry->uname);
	put_owner(block, &gname_field, entry->gname);
	put_number(block, &devmajor_field, 0);
	put_number(block, &devminor_field, 0);
	put_checksum(block);
	return buf_append(out, block, sizeof(block), err);
}

/*
 * The pax member in front of ${entry}: a reader that does not know pax unpacks it as a
 * small file, so its owner and time are the member's, and its name is out of the way.
 */
static int
append_pax(struct buf *out, const struct tar_entry *entry, bool always, struct error *err)
{
	static const uint8_t zeros[TAR_BLOCK];
	bool long_name = always || strlen(entry->name) > name_field.len;
	bool long_link = entry->link && strlen(entry->link) > link_field.len;
	struct tar_entry pax = *entry;
	struct buf body = { 0 };
	int rc = -1;

	if (!long_name && !long_link)
		return 0;
	if (tar_pax_build(&body, long_name ? entry->name : NULL,
		long_link ? entry->link : NULL, err))
		goto out;
	pax.name = "././@PaxHeader";
	pax.link = NULL;
	pax.type = TAR_PAX;
	pax.mode = 0600;
	pax.size = body.len;
	if (append_block(out, &pax, err) || buf_append(out, body.data, body.len, err) ||
	    buf_append(out, zeros, tar_header_padding(body.len), err))
		goto out;
	rc = 0;
out:
	buf_free(&body);
	return rc;
}

/* An owner is the one number of ours that its field may not hold: 56 bits do. */
static int
check_entry(const struct tar_entry *entry, struct error *err)
{
	bool is_link = entry->type == TAR_SYMLINK;

	if (entry->name[0] == '\0' || (is_link && entry->link[0] == '\0'))
		return error_set(err, ERROR_UNSUPPORTED, 0, "a tar member needs a name");
	if (entry->uid >> 56 || entry->gid >> 56)
		return error_set(err, ERROR_UNSUPPORTED, 0,
		    "owner %" PRIu64 ":%" PRIu64 " does not fit in a tar header",
		    entry->uid, entry->gid);
	return 0;
}

static int
encode(struct buf *out, const struct tar_entry *entry, bool with_pax, struct error *err)
{
	struct tar_entry e = *entry;
	struct buf name = { 0 }, blocks = { 0 };
	const char *slash = "";
	int rc = -1;

	if (check_entry(entry, err))
		return -1;
	if (e.type == TAR_DIRECTORY && e.name[strlen(e.name) - 1] != '/')
		slash = "/";
	if (buf_printf(&name, err, "%s%s", e.name, slash))
		goto out;
	e.name = buf_text(&name);
	e.link = e.type == TAR_SYMLINK ? e.link : NULL;
	e.size = e.type == TAR_FILE ? e.size : 0;
	if (append_pax(&blocks, &e, with_pax, err) || append_block(&blocks, &e, err) ||
	    buf_append(out, blocks.data, blocks.len, err))
		goto out;
	rc = 0;
out:
	buf_free(&blocks);
	buf_free(&name);
	return rc;
}

int
tar_header_encode(struct buf *out, const struct tar_entry *entry, struct error *err)
{
	return encode(out, entry, false, err);
}

int
tar_header_encode_with_pax(
    struct buf *out, const struct tar_entry *entry, struct error *err)
{
	return encode(out, entry, true, err);
}

static int
bad_field(const struct field *f, struct error *err)
{
	return error_set(
	    err, ERROR_FORMAT, 0, "%s in a tar header is not valid", f->name);
}

/* Digits, with spaces before and spaces or NULs after; twelve digits are 36 bits. */
static int
get_octal(const uint8_t *block, const struct field *f, uint64_t *v, struct error *err)
{
	const uint8_t *at = block + f->at, *end = at + f->len;
	uint64_t n = 0;

	while (at < end && *at == ' ')
		at++;
	if (at == end || *at < '0' || *at > '7')
		return bad_field(f, err);
	for (; at < end && *at >= '0' && *at <= '7'; at++)
		n = n << 3 | (uint64_t)(*at - '0');
	for (; at < end; at++)
		if (*at != ' ' && *at != '\0')
			return bad_field(f, err);
	*v = n;
	return 0;
}

/* The value's 64 bits; those before it must be nothing but its sign. */
static int
get_base256(const uint8_t *block, const struct field *f, uint64_t *v, struct error *err)
{
	const uint8_t *at = block + f->at;
	uint8_t fill = at[0] == BASE256_NEGATIVE ? 0xff : 0;
	uint64_t n = fill ? UINT64_MAX : 0;

	for (size_t i = 1; i < f->len; i++) {
		if (n >> 56 != fill)
			return bad_field(f, err);
		n = n << 8 | at[i];
	}
	*v = n;
	return 0;
}

/* A number from 0 to ${most}. */
static int
get_number(const uint8_t *block, const struct field *f, uint64_t most, uint64_t *v,
    struct error *err)
{
	bool is_base256 = block[f->at] == BASE256;

	if (is_base256 ? get_base256(block, f, v, err) : get_octal(block, f, v, err))
		return -1;
	return *v <= most ? 0 : bad_field(f, err);
}

static int
get_time(const uint8_t *block, int64_t *v, struct error *err)
{
	bool is_negative = block[mtime_field.at] == BASE256_NEGATIVE;
	uint64_t n = 0; /* gcc 14 does not see that bad_field() always returns -1 */

	if (is_negative ? get_base256(block, &mtime_field, &n, err) :
			  get_number(block, &mtime_field, UINT64_MAX, &n, err))
		return -1;
	if (is_negative && n <= INT64_MAX)
		return bad_field(&mtime_field, err);
	/* PostgreSQL writes the 64 bits of a time before 1970 as those of a positive number */
	*v = n <= INT64_MAX ? (int64_t)n : -(int64_t)(UINT64_MAX - n) - 1;
	return 0;
}

/* Copy a text that is NUL-terminated or fills its field; returns its length. */
static size_t
get_text(const uint8_t *block, const struct field *f, char *out)
{
	size_t len = strnlen((const char *)block + f->at, f->len);

	memcpy(out, block + f->at, len);
	out[len] = '\0';
	return len;
}

static bool
is_gnu(const uint8_t *block)
{
	return memcmp(block + magic_field.at, gnu_magic, sizeof(gnu_magic)) == 0;
}

/*
 * GNU's format has no prefix.  At its place, up to the end of the block, are the times of access and
 * change with --incremental, and of a sparse file where its data is.
 */
static bool
has_more(const uint8_t *block)
{
	return is_gnu(block) &&
	    !bytes_are_zero(block + prefix_field.at, TAR_BLOCK - prefix_field.at);
}

static void
get_name(const uint8_t *block, char *out)
{
	size_t len = is_gnu(block) ? 0 : get_text(block, &prefix_field, out);

	if (len > 0)
		out[len++] = '/';
	get_text(block, &name_field, out + len);
}

/* A sound header of another format than those that are read. */
static int
refuse_format(const uint8_t *block, struct error *err)
{
	const char type = (char)block[type_field.at];
	char name[100 + 1];

	get_text(block, &name_field, name);
	if (tar_membertype_lacks_magic(type))
		return tar_membertype_refuse(type, name, err);
	error_set(err, ERROR_UNSUPPORTED, 0,
	    "tar header is neither of the ustar nor of the GNU format");
	return error_hint(err,
	    "pg_basetar reads what GNU tar writes with --format=gnu, --format=posix or --format=ustar.");
}

static int
check_format(const uint8_t *block, struct error *err)
{
	uint64_t sum;

	if (get_octal(block, &checksum_field, &sum, err))
		return -1;
	if (sum != checksum(block))
		return error_set(err, ERROR_FORMAT, 0,
		    "tar header has checksum %" PRIo64
		    ", but that of its bytes is %" PRIo32,
		    sum, checksum(block));
	if (!is_gnu(block) && memcmp(block + magic_field.at, magic, sizeof(magic)) != 0)
		return refuse_format(block, err);
	return 0;
}

int
tar_header_decode(const uint8_t block[TAR_BLOCK], struct tar_raw *out, struct error *err)
{
	struct tar_raw raw;
	uint64_t mode;

	if (check_format(block, err) ||
	    get_number(block, &mode_field, MODE_BITS, &mode, err) ||
	    get_number(block, &uid_field, UINT64_MAX, &raw.uid, err) ||
	    get_number(block, &gid_field, UINT64_MAX, &raw.gid, err) ||
	    get_number(block, &size_field, INT64_MAX - TAR_BLOCK, &raw.size, err) ||
	    get_time(block, &raw.mtime, err))
		return -1;
	raw.mode = (uint32_t)mode;
	raw.type = (char)block[type_field.at];
	raw.has_more = has_more(block);
	get_text(block, &uname_field, raw.uname);
	get_text(block, &gname_field, raw.gname);
	get_name(block, raw.name);
	get_text(block, &link_field, raw.link);
	*out = raw;
	return 0;
}
