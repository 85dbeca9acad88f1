/* Those that judge a backup: what each is lent, and when it is asked. */
#include "proof/judges.h"

#include "proof/access.h"
#include "proof/agree.h"
#include "proof/config.h"
#include "proof/members.h"

/* ---- who borrows what ---- */

static void
lend_to_members(struct judges *j, const struct checker_options *opt)
{
	const struct facts *facts = j->facts;

	j->content = (struct proof_content){
		.findings = &j->findings, .members = j->members, .missing = &j->missing
	};
	j->text = (struct proof_text){ .reader = &j->reader,
		.findings = &j->findings,
		.content = &j->content,
		.missing = &j->missing,
		.inplace = &j->inplace,
		.pages = j->pages,
		.wal = &j->wal };
	j->access = (struct proof_access){ .facts = facts, .findings = &j->findings };
	j->manifest = (struct proof_manifest){ .facts = facts,
		.findings = &j->findings,
		.members = j->members,
		.content = &j->content,
		.missing = &j->missing,
		.digests = opt->digests };
	j->files = (struct proof_files){ .facts = facts,
		.catalogs = j->catalogs,
		.findings = &j->findings,
		.members = j->members,
		.content = &j->content,
		.missing = &j->missing };
}

static void
lend_to_wal(struct judges *j, const struct checker_options *opt)
{
	const struct facts *facts = j->facts;

	j->wal = (struct proof_wal){ .facts = facts,
		.findings = &j->findings,
		.members = j->members,
		.content = &j->content,
		.missing = &j->missing,
		.manifest = &j->manifest,
		.sink = &j->records.sink,
		.need_wal = opt->need_wal };
	j->records = (struct proof_records){ .sink = { proof_records_take },
		.pages = j->pages,
		.files = &j->files,
		.inplace = &j->inplace,
		.replay = &j->replay,
		.catalogs = j->catalogs };
}

static void
lend_to_tablespaces(struct judges *j)
{
	const struct facts *facts = j->facts;

	j->replay = (struct proof_replay){ .facts = facts,
		.findings = &j->findings,
		.members = j->members,
		.missing = &j->missing,
		.wal = &j->wal };
	j->inplace = (struct proof_inplace){ .facts = facts,
		.findings = &j->findings,
		.members = j->members,
		.archives = &j->tablespaces.archives,
		.replay = &j->replay,
		.wal = &j->wal,
		.manifest = &j->manifest,
		.catalogs = j->catalogs };
	j->tablespaces = (struct proof_tablespaces){ .facts = facts,
		.findings = &j->findings,
		.members = j->members,
		.missing = &j->missing,
		.replay = &j->replay,
		.inplace = &j->inplace,
		.wal = &j->wal };
}

int
judges_open(struct judges *j, const struct checker_options *opt, struct error *err)
{
	*j = (struct judges){ .benign = opt->benign,
		.findings = { .tell = opt->finding, .warn = opt->warning },
		.facts = &j->reader.facts };
	if (memberset_new(&j->members, err) || pagesuspect_new(&j->pages, err) ||
	    catalogset_new(&j->catalogs, err) ||
	    proof_missing_open(&j->missing, &j->findings, err))
		return -1;
	lend_to_members(j, opt);
	lend_to_wal(j, opt);
	lend_to_tablespaces(j);
	return proof_files_open(&j->files, err);
}

void
judges_free(struct judges *j)
{
	proof_wal_free(&j->wal);
	proof_replay_free(&j->replay);
	proof_manifest_free(&j->manifest);
	proof_tablespaces_free(&j->tablespaces);
	proof_inplace_free(&j->inplace);
	pagesuspect_free(j->pages);
	catalogset_free(j->catalogs);
	proof_files_free(&j->files);
	proof_missing_free(&j->missing);
	proof_content_free(&j->content);
	facts_free(&j->reader);
	memberset_free(j->members);
}

/* ---- when all has come ---- */

struct limits {
	struct pagesuspect_limits limits; /* first */
	const struct proof_wal *wal;
};

static bool
is_read(const struct pagesuspect_limits *limits, unsigned lineage, uint64_t end_lsn)
{
	return proof_wal_reads(((const struct limits *)limits)->wal, lineage, end_lsn);
}

static int
judge_pages(struct judges *j, struct error *err)
{
	const struct facts *facts = j->facts;
	const bool is_clean = facts->control && facts->control->state == CONTROL_SHUTDOWN;
	const struct limits limits = {
		.limits = { .is_replayed = facts_are_online(facts) ||
			(facts->info->mode == INFOFILE_SNAPSHOT && !is_clean),
		    .has_wal = j->wal.lineages != NULL,
		    .has_digests = j->content.are_digests_sound,
		    .start_lsn = j->wal.start_lsn,
		    .stop_lsn = j->wal.stop_lsn,
		    .is_read = is_read },
		.wal = &j->wal,
	};

	return pagesuspect_judge(j->pages, &limits.limits, &j->findings, j->benign, err);
}

/* What the WAL leads to, and what its replay does. */
static int
judge_wal(struct judges *j, struct error *err)
{
	if (proof_wal_judge(&j->wal, err))
		return -1;
	if (j->wal.has_lineage &&
	    proof_replay_judge(&j->replay, j->manifest.has_come, err))
		return -1;
	return proof_wal_judge_checkpoint(&j->wal, err);
}

static int
judge_agreement(struct judges *j, struct error *err)
{
	const struct proof_agree agree = { j->facts, &j->findings, &j->content,
		&j->manifest, &j->wal };

	return proof_agree_judge(&agree, err) ||
		proof_tablespaces_judge(&j->tablespaces, err) ?
	    -1 :
	    0;
}

int
judges_finish(struct judges *j, struct error *err)
{
	const struct facts *facts = j->facts;
	const struct proof_members members = { facts, &j->findings, j->members,
		&j->missing, j->has_old_manifest, j->manifest.is_whole,
		j->tablespaces.narchives > 0 };

	if (proof_content_tell_faults(&j->content, err) ||
	    proof_replay_sort(&j->replay, err) || proof_members_complete(&members, err) ||
	    judge_wal(j, err) || proof_missing_judge(&j->missing, err) ||
	    proof_inplace_judge(&j->inplace, err) || judge_agreement(j, err) ||
	    proof_members_judge(&members, err) ||
	    proof_manifest_judge(&j->manifest, err) || judge_pages(j, err) ||
	    proof_files_judge(&j->files, j->wal.lineages != NULL, err) ||
	    proof_config_judge(facts, j->members, &j->findings, err) ||
	    proof_content_tell_rest(&j->content, err))
		return -1;
	proof_access_judge(&j->access);
	findings_end(&j->findings);
	return 0;
}
