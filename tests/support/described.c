#include "support/described.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Never written to. */
static char config_name[] = "postgresql.conf", config_path[] = "/etc/pg/postgresql.conf";
static char secret_name[] = "secret.key", secret_path[] = "/etc/pg/secret.key";
static char without_oid[] = "16500", without_path[] = "/srv/slow";
static char started[] = "2026-12-01 03:00:00 UTC", version[] = "1.0";
static char called[] = "nightly";
static const bool is_there[] = { true, false };

/* What a summary makes of a pg_basetar.info that says no more than this. */
static struct facts
facts_of(const char *info)
{
	const struct archivepart part = { .kind = ARCHIVEPART_ALONE };
	const struct tar_entry entry = { .name = "pg_basetar.info",
		.link = "",
		.type = TAR_FILE,
		.size = strlen(info) };
	struct summary *summary;
	struct facts facts;
	struct error err = { 0 };
	bool is_wanted;

	if (summary_new(&summary, &err) || summary_archive(summary, &part, &err) ||
	    summary_member(summary, &entry, &is_wanted, &err) ||
	    summary_bytes(summary, (const uint8_t *)info, strlen(info), &err) ||
	    summary_member_end(summary, &err) || summary_finish(summary, &err))
		fail_msg("%s", err.text);
	facts = summary_facts(summary, true).backup;
	summary_free(summary);
	return facts;
}

#define INFO(wal, digest) \
	"pg_basetar: 1\nversion: 1.0\nmode: online\nlabel: nightly\n" \
	"start: 1/28\nstart_time: 2026-12-01 03:00:00 UTC\nserver_version: 15\n" \
	"manifest_checksums: " digest "\nwal_method: " wal "\nlayout: one\n"

/* Of what the summary made of it the parts that point nowhere are kept. */
static struct facts
all_facts(const struct described *d, bool has_all)
{
	const struct facts made =
	    facts_of(has_all ? INFO("fetch", "CRC32C") : INFO("none", "none"));
	const struct facts said = { .info = &d->info,
		.label = &d->label,
		.control = &d->control,
		.version = cluster_version(15) };
	struct facts f = facts_conclude(&said);

	f.range =
	    (struct facts_range){ UINT64_C(0x100000028), UINT64_C(0x100000100), 3, 4 };
	f.wal = made.wal;
	f.manifest = made.manifest;
	f.digest = DIGEST_CRC32C;
	f.archive =
	    (struct facts_archive){ "zstd", 950, 2000000000, 2001000000, 1000000000 };
	return f;
}

void
described_fill(struct described *d, bool has_all)
{
	*d = (struct described){
		.config = { { config_name, config_path }, { secret_name, secret_path } },
		.without = { { without_oid, without_path } },
		.label = { .text = called, .start_time = started, .timeline = 3 },
		.control = { .data_checksums = 1,
		    .system_identifier = UINT64_C(7300000000000000001) },
		.tablespaces = { { 16400, "/srv/fast", 2000000, false },
		    { 16401, NULL, 0, true }, { 16402, NULL, 0, false } },
	};
	d->info.version = version;
	d->info.config = (struct infofile_pairs){ 2, d->config };
	d->info.without = (struct infofile_pairs){ 1, d->without };
	d->facts = (struct summary_facts){ .backup = all_facts(d, has_all),
		.is_whole = true,
		.is_counted = true,
		.files = 900,
		.wal_segments = 1,
		.wal_bytes = 16 << 20,
		.tablespaces = d->tablespaces,
		.ntablespaces = 3,
		.is_config_there = is_there };
}
