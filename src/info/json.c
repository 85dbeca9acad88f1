/* For programs: the keys are those of the report, where they mean the same. */
#include <stdlib.h>

#include "info/info_internal.h"
#include "lib/json.h"
#include "lib/lsn.h"

/* Of the keys. */
enum { INFO_VERSION = 1 };

static void
put_origin(struct json *j, const struct summary_facts *b)
{
	json_text(j, "label", facts_label(b->backup));
	json_text(j, "made_by", b->backup->info ? b->backup->info->version : NULL);
	json_text(j, "mode", facts_mode(b->backup));
	json_text(j, "source", b->source);
	json_number_if(j, "server_version", b->backup->version,
	    b->backup->version ? b->backup->version->major : 0);
	json_identifier(j, "system_identifier", b->system_identifier);
	json_number_if(j, "data_checksums", b->backup->control,
	    b->backup->control ? b->backup->control->data_checksums : 0);
	json_text(
	    j, "start_time", b->backup->label ? b->backup->label->start_time : NULL);
}

static void
put_wal(struct json *j, const struct info_facts *f)
{
	const struct summary_facts *b = &f->backup;
	char lsn[LSN_TEXT];

	json_text(j, "start_lsn", lsn_print_known(lsn, b->start_lsn));
	json_number_if(j, "start_timeline", b->start_timeline > 0, b->start_timeline);
	json_text(j, "stop_lsn", lsn_print_known(lsn, b->stop_lsn));
	json_number_if(j, "stop_timeline", b->stop_timeline > 0, b->stop_timeline);
	json_text(j, "wal_method",
	    !b->is_wal_known ? NULL :
		b->has_wal   ? "fetch" :
			       "none");
	json_number_if(j, "wal_segments", f->is_whole, b->wal_segments);
	json_number_if(j, "wal_bytes", f->is_whole, b->wal_bytes);
}

static void
put_tablespaces(struct json *j, const struct info_facts *f)
{
	char in_place[SPACELIST_IN_PLACE];

	json_array(j, "tablespaces");
	for (size_t i = 0; i < f->backup.ntablespaces; i++) {
		const struct summary_tablespace *t = &f->backup.tablespaces[i];

		json_object(j, NULL);
		json_number(j, "oid", t->oid);
		json_text(j, "location", spacelist_location(t, in_place));
		json_number_if(j, "bytes_unpacked", f->is_whole, t->bytes);
		json_end(j);
	}
	json_end(j);
}

/* Those that were left out. */
static void
put_without(struct json *j, const struct infofile *info)
{
	json_array(j, "without_tablespaces");
	for (size_t i = 0; info && i < info->without.count; i++) {
		json_object(j, NULL);
		json_number(j, "oid", strtoull(info->without.rows[i].name, NULL, 10));
		json_text(j, "location", info->without.rows[i].path);
		json_end(j);
	}
	json_end(j);
}

/* As in the report: no name, if it is not in the archive. */
static void
put_configuration(struct json *j, const struct summary_facts *b)
{
	json_array(j, "configuration");
	for (size_t i = 0; b->backup->info && i < b->backup->info->config.count; i++) {
		const bool is_there = !b->is_config_there || b->is_config_there[i];

		json_object(j, NULL);
		json_text(j, "location", b->backup->info->config.rows[i].path);
		json_text(
		    j, "name", is_there ? b->backup->info->config.rows[i].name : NULL);
		json_end(j);
	}
	json_end(j);
}

int
info_json(struct buf *out, const struct info_facts *facts, struct error *err)
{
	const struct summary_facts *b = &facts->backup;
	struct json j = { 0 };
	int rc;

	json_object(&j, NULL);
	json_number(&j, "pg_basetar_info", INFO_VERSION);
	put_origin(&j, b);
	put_wal(&j, facts);
	json_text(&j, "manifest_checksums",
	    b->is_manifest_known && b->has_manifest ? digest_name(b->digest) : NULL);
	put_tablespaces(&j, facts);
	put_without(&j, b->backup->info);
	put_configuration(&j, b);
	json_text(&j, "compression", facts->compression);
	json_number_if(&j, "members", facts->is_whole, b->members);
	json_number_if(&j, "bytes_unpacked", facts->is_whole, b->bytes);
	json_number_if(&j, "bytes_raw", facts->is_whole, facts->raw);
	json_number_if(&j, "bytes_written", facts->is_whole, facts->size);
	json_end(&j);
	rc = json_finish(&j, err);
	if (rc == 0)
		rc = buf_append(out, j.text.data, j.text.len, err);
	json_free(&j);
	return rc;
}
