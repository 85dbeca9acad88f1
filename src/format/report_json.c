/*
 * Every report has the same keys, whatever the run came to: what is not known is null, so that a
 * program need not ask whether a key is there.
 */
#include "format/report_json.h"

#include <unistd.h>

#include "cli/message.h"
#include "cli/options.h"
#include "format/facts_json.h"
#include "lib/interrupt.h"

/* Of the format of the report. */
enum { REPORT_VERSION = 1 };

/* ISO 8601, in UTC. */
static void
put_time(struct json *j, const char *key, time_t when)
{
	char text[40];
	struct tm tm;

	if (gmtime_r(&when, &tm) &&
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) > 0)
		json_text(j, key, text);
	else
		json_null(j, key);
}

/* A run that was interrupted ends by its signal: what a shell makes of that. */
static unsigned
exit_status(enum report_verdict verdict, const struct error *why)
{
	const int sig = why && why->kind == ERROR_CANCELLED ? interrupt_signal() : 0;

	return sig ? 128U + (unsigned)sig : (unsigned)verdict;
}

static void
put_verdict(struct json *j, const char *command, enum report_verdict verdict,
    const struct error *why)
{
	json_number(j, "pg_basetar_report", REPORT_VERSION); /* first: REPORT_BEGINNING */
	json_text(j, "version", OPTIONS_PROGRAM_VERSION);
	json_text(j, "command", command);
	json_text(j, "result",
	    verdict == REPORT_SOUND        ? "sound" :
		verdict == REPORT_FINDINGS ? "findings" :
		verdict == REPORT_RUNNING  ? "running" :
					     "failed");
	json_number_if(
	    j, "exit_status", verdict != REPORT_RUNNING, exit_status(verdict, why));
	json_number(j, "pid", (uint64_t)getpid());
	json_text(j, "error", why ? why->text : NULL);
	json_text(j, "hint", why ? message_hint(why) : NULL);
}

static void
put_times(
    struct json *j, enum report_verdict verdict, time_t started, const struct progress *p)
{
	double seconds = 0;

	for (size_t i = 0; i < p->npast; i++)
		seconds += p->past[i].seconds;
	put_time(j, "started", started);
	if (verdict == REPORT_RUNNING) {
		json_null(j, "ended");
		json_null(j, "seconds");
	} else {
		put_time(j, "ended", time(NULL));
		json_seconds(j, "seconds", seconds);
	}
	json_array(j, "phases");
	for (size_t i = 0; i < p->npast; i++) {
		json_object(j, NULL);
		json_text(j, "phase", p->past[i].phase);
		json_seconds(j, "seconds", p->past[i].seconds);
		json_end(j);
	}
	json_end(j);
}

static void
put_cluster(struct json *j, const struct report_facts *f)
{
	facts_json(j, &f->backup, FACTS_LABEL);
	facts_json(j, &f->backup, FACTS_MODE);
	facts_json(j, &f->backup, FACTS_SOURCE);
	facts_json(j, &f->backup, FACTS_SERVER_VERSION);
	json_text(j, "server_version_text", f->server_version_text);
	facts_json(j, &f->backup, FACTS_SYSTEM_IDENTIFIER);
	json_text(j, "data_directory", f->data_directory);
}

static void
report_put_tablespaces(struct json *j, const struct tablespaces *list)
{
	json_array(j, "tablespaces");
	for (size_t i = 0; list && i < list->count; i++) {
		json_object(j, NULL);
		json_number(j, "oid", list->rows[i].oid);
		json_text(j, "location", list->rows[i].target);
		json_number(j, "bytes", list->rows[i].sent);
		json_end(j);
	}
	json_end(j);
}

/* Of the files outside of the data directory: those in it are in the tree. */
static void
report_put_configuration(struct json *j, const struct configset *set)
{
	json_array(j, "configuration");
	for (size_t i = 0; set && i < set->count; i++) {
		const struct configset_row *row = &set->rows[i];

		if (row->where != CONFIGSET_OUTSIDE ||
		    (row->is_there && row->is_directory))
			continue;
		json_object(j, NULL);
		json_text(j, "location", row->path);
		json_text(j, "name", row->is_there ? row->name : NULL);
		json_end(j);
	}
	json_end(j);
}

static void
put_archive(struct json *j, const struct report_facts *f)
{
	json_text(j, "input", f->input);
	json_text(j, "output", f->output);
	facts_json(j, &f->backup, FACTS_COMPRESSION);
	json_number(j, "compression_level", (uint64_t)f->compression_level);
	facts_json(j, &f->backup, FACTS_WAL_METHOD);
	facts_json(j, &f->backup, FACTS_MANIFEST_CHECKSUMS);
	facts_json(j, &f->backup, FACTS_START_LSN);
	facts_json(j, &f->backup, FACTS_START_TIMELINE);
	facts_json(j, &f->backup, FACTS_STOP_LSN);
	facts_json(j, &f->backup, FACTS_STOP_TIMELINE);
	report_put_tablespaces(j, f->tablespaces);
	report_put_configuration(j, f->config);
	json_number(j, "members", f->backup.archive.members);
	json_number(j, "bytes_raw", f->backup.archive.raw);
	json_number(j, "bytes_written", f->backup.archive.written);
}

static void
put_proofs(struct json *j, const struct report_facts *f)
{
	json_number_if(j, "wal_records", f->is_wal_proved, f->wal_records);
	json_number_if(j, "pages_checked", f->are_pages_checked, f->pages.pages);
	json_number_if(j, "files_checked", f->are_pages_checked, f->pages.files);
	json_number_if(j, "damaged_pages", f->are_pages_checked, f->pages.damaged_pages);
	json_number_if(j, "damaged_files", f->are_pages_checked, f->pages.damaged_files);
	json_number_if(j, "benign_pages", f->are_pages_checked, f->benign_pages);
}

static const char *const digest_words[] = {
	[FINDING_NOT_COMPARED] = NULL,
	[FINDING_DIGEST_MATCHES] = "matches",
	[FINDING_DIGEST_DIFFERS] = "differs",
};

static void
put_findings(struct json *j, const struct report_rows *rows)
{
	json_array(j, "findings");
	for (const struct report_row *row = rows->first; row; row = row->next) {
		const struct finding *f = &row->finding;

		json_object(j, NULL);
		json_text(j, "kind", f->kind);
		json_text(j, "file", f->file);
		json_number_if(j, "block", f->has_block, f->block);
		json_number_if(j, "offset", f->has_offset, f->offset);
		json_text(j, "expected", f->expected);
		json_text(j, "found", f->found);
		json_text(j, "digest", digest_words[f->digest]);
		json_text(j, "text", f->text);
		json_end(j);
	}
	json_end(j);
	json_number(j, "findings_left_out", rows->left_out);
}

static void
put_warnings(struct json *j, const struct report_rows *rows)
{
	json_array(j, "warnings");
	for (const struct report_row *row = rows->first; row; row = row->next) {
		json_object(j, NULL);
		json_text(j, "text", row->finding.text);
		json_end(j);
	}
	json_end(j);
	json_number(j, "warnings_left_out", rows->left_out);
}

int
report_json(struct json *j, const struct report_said *said, enum report_verdict verdict,
    const struct error *why, const struct report_facts *facts, struct error *err)
{
	json_object(j, NULL);
	put_verdict(j, facts->command, verdict, why);
	put_times(j, verdict, said->started, facts->progress);
	put_cluster(j, facts);
	put_archive(j, facts);
	put_proofs(j, facts);
	put_findings(j, &said->findings);
	put_warnings(j, &said->warnings);
	json_end(j);
	return json_finish(j, err);
}
