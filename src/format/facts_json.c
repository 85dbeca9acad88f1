/* The facts of a backup, for programs: the name of each key, and how its value is written. */
#include "format/facts_json.h"

#include "lib/lsn.h"

static void
put_label(struct json *j, const char *key, const struct facts *f)
{
	json_text(j, key, f->called);
}

static void
put_mode(struct json *j, const char *key, const struct facts *f)
{
	json_text(j, key, f->mode);
}

static void
put_source(struct json *j, const char *key, const struct facts *f)
{
	json_text(j, key,
	    f->source == FACTS_STANDBY     ? "standby" :
		f->source == FACTS_PRIMARY ? "primary" :
					     NULL);
}

static void
put_version(struct json *j, const char *key, const struct facts *f)
{
	json_number_if(j, key, f->version, f->version ? f->version->major : 0);
}

static void
put_identifier(struct json *j, const char *key, const struct facts *f)
{
	json_identifier(j, key, f->system_identifier);
}

static void
put_start_lsn(struct json *j, const char *key, const struct facts *f)
{
	char text[LSN_TEXT];

	json_text(j, key, lsn_print_known(text, f->range.start_lsn));
}

static void
put_start_timeline(struct json *j, const char *key, const struct facts *f)
{
	json_number_if(j, key, f->range.start_timeline > 0, f->range.start_timeline);
}

static void
put_stop_lsn(struct json *j, const char *key, const struct facts *f)
{
	char text[LSN_TEXT];

	json_text(j, key, lsn_print_known(text, f->range.stop_lsn));
}

static void
put_stop_timeline(struct json *j, const char *key, const struct facts *f)
{
	json_number_if(j, key, f->range.stop_timeline > 0, f->range.stop_timeline);
}

/* In the words of the option. */
static void
put_wal_method(struct json *j, const char *key, const struct facts *f)
{
	json_text(j, key,
	    f->wal == FACTS_THERE      ? "fetch" :
		f->wal == FACTS_ABSENT ? "none" :
					 NULL);
}

static void
put_manifest(struct json *j, const char *key, const struct facts *f)
{
	json_text(j, key, f->manifest == FACTS_THERE ? digest_name(f->digest) : NULL);
}

static void
put_compression(struct json *j, const char *key, const struct facts *f)
{
	json_text(j, key, f->archive.compression);
}

static const struct {
	const char *name;
	void (*put)(struct json *, const char *key, const struct facts *);
} keys[] = {
	[FACTS_LABEL] = { "label", put_label },
	[FACTS_MODE] = { "mode", put_mode },
	[FACTS_SOURCE] = { "source", put_source },
	[FACTS_SERVER_VERSION] = { "server_version", put_version },
	[FACTS_SYSTEM_IDENTIFIER] = { "system_identifier", put_identifier },
	[FACTS_START_LSN] = { "start_lsn", put_start_lsn },
	[FACTS_START_TIMELINE] = { "start_timeline", put_start_timeline },
	[FACTS_STOP_LSN] = { "stop_lsn", put_stop_lsn },
	[FACTS_STOP_TIMELINE] = { "stop_timeline", put_stop_timeline },
	[FACTS_WAL_METHOD] = { "wal_method", put_wal_method },
	[FACTS_MANIFEST_CHECKSUMS] = { "manifest_checksums", put_manifest },
	[FACTS_COMPRESSION] = { "compression", put_compression },
};

void
facts_json(struct json *j, const struct facts *f, enum facts_key key)
{
	keys[key].put(j, keys[key].name, f);
}
