#ifndef PG_BASETAR_PROOF_CHECKER_INTERNAL_H
#define PG_BASETAR_PROOF_CHECKER_INTERNAL_H

/* What the files of the checker share. */

#include "format/databaseset.h"
#include "format/memberorder.h"
#include "format/memberset.h"
#include "format/oidset.h"
#include "format/slruset.h"
#include "lib/digest.h"
#include "pg/checkpoint.h"
#include "pg/manifest_parse.h"
#include "pg/setting.h"
#include "pg/statefile.h"
#include "proof/checker.h"
#include "wal/waldatabases.h"
#include "wal/walhistory.h"
#include "wal/wallines.h"
#include "wal/walsurvey.h"

_Static_assert(WALLINES_MOST <= 64, "a bit for each line");

#define CHECKER_DIGESTS (DIGEST_SHA512 + 1)

/* More timelines, or stretches of WAL, than a backup ever has. */
#define CHECKER_TIMELINES 1000

/* A stretch of WAL that the manifest says is needed. */
struct checker_range {
	uint32_t timeline;
	uint64_t start, end;
};

/* More tablespaces than replay ever makes. */
#define CHECKER_REPLAYED 10000

enum checker_replay_kind { REPLAY_TABLESPACE, REPLAY_DROP };

/* A record of WAL whose replay makes or drops a tablespace. */
struct checker_replay {
	enum checker_replay_kind kind;
	unsigned line; /* that told of it */
	uint64_t lsn, end_lsn;
	uint32_t space; /* the OID of a tablespace that is made or dropped, */
	char *location; /* and of one that is made */
};

/* More users than files of a cluster ever belong to. */
#define CHECKER_OWNERS 16

/* Pages of a tablespace that a line of the WAL changes. */
struct checker_space {
	uint32_t space;
	unsigned line;
	uint64_t lsn, end_lsn; /* of the first record about one */
};

/* Tablespaces that are directories in pg_tblspc, and those that are missing. */
struct checker_inplace {
	struct setting of_conf, of_auto_conf; /* allow_in_place_tablespaces */
	bool has_conf;                        /* postgresql.conf came */
	uint32_t *oids;                       /* of those that the archive holds */
	size_t noids;
	struct checker_space *spaces; /* by line and space */
	size_t nspaces, last;         /* the one that was found last */
};

/* Whose the members are. */
struct checker_access {
	uint64_t special; /* members with bits of their mode that are not unpacked */
	bool has_control;
	uint64_t uid; /* of pg_control */
	struct checker_owner {
		uint64_t uid;
		uint64_t members;  /* that no other user can use as a server must */
		const char *first; /* of them */
	} owners[CHECKER_OWNERS];
	size_t nowners;
};

/* A timeline history file. */
struct checker_history {
	uint32_t timeline;
	struct walhistory history;
};

/* The member that is passing. */
struct checker_current {
	struct memberset_row *row; /* NULL: there is none */
	struct buf path;           /* as PostgreSQL names it */
	enum memberorder_kind kind;
	const char *fault; /* that keeps it from being unpacked; NULL: none */
	uint64_t done;     /* bytes of the body */
	struct digest *digests[CHECKER_DIGESTS]; /* NULL: not wanted */
	struct buf text; /* the body, of a member that is kept whole */
	bool is_kept;
	bool is_relation;
	struct pagesuspect_file relation;
	bool is_segment;        /* of WAL, and given to the lines */
	struct statefile state; /* STATEFILE_NONE: another file */
	bool is_slru, is_all_zero;
};

struct checker_waiting;

struct checker {
	struct checker_options opt;
	struct findings findings;

	struct archivepart part; /* the archive that is read */
	struct memberorder order;
	struct checker_current now;
	uint64_t members, bytes;
	struct checker_access access;

	struct memberset *set;
	struct pagesuspect *pages;
	struct slruset *slru;
	struct databaseset *databaseset;
	struct memberset *missing; /* members that were told to be missing, */
	/* and WAL that the manifest lists and is missing, "PATH\n" each */
	struct buf missing_wal;
	struct {
		struct checker_waiting *first, *last;
		size_t count;
	} waiting; /* findings about content, until the manifest was heard */

	bool has_old_manifest; /* before pg_control: of a cluster that was restored */
	/* where ours has its own; of a cluster that was restored */
	bool has_earlier_info;
	bool has_info, has_label, has_map, has_control;
	bool has_bad_label;       /* one came that cannot be read, */
	struct error label_error; /* for this reason: */
	struct memberset_row *bad_label;
	struct infofile info;
	struct label label;
	struct buf map;
	struct control control;
	const struct pg_version *version;
	struct oidset archives; /* tablespaces whose archives came */
	size_t narchives;       /* so many */

	/* backup_manifest */
	struct manifest_sink manifest_sink;
	struct manifest_parse *parse;
	bool has_manifest;       /* one came, */
	bool is_manifest_beside; /* and it is no member */
	bool is_manifest_whole;  /* and was understood to its end, */
	bool is_manifest_sound;  /* and its own checksum is right */
	unsigned manifest_version;
	uint64_t manifest_identifier; /* 0: it has none */
	struct checker_range *ranges; /* the newest timeline first */
	size_t nranges;
	uint64_t of_digest[CHECKER_DIGESTS]; /* entries */
	/* a file that has none; NULL: each has one */
	const char *without_digest;
	bool has_other_settings; /* CHECKER_SETTINGS is not as it says, */
	bool is_told_to_follow;  /* and pg_basebackup -R did that */
	uint64_t not_compared;   /* digests of a kind that was not taken */
	enum digest_kind not_taken;

	/* the WAL */
	struct wallines_sink wal_sink;
	struct wallines *lines;
	struct walpage_expect expect;
	bool has_wal;         /* a segment came, */
	bool has_wal_archive; /* or pg_wal.tar, of which each should have one */
	uint64_t start_lsn, stop_lsn;
	uint32_t start_timeline, stop_timeline;
	uint64_t checkpoint_lsn;   /* of the record that recovery reads first */
	uint64_t checkpoint_lines; /* which told of it, a bit 1 << line each; */
	uint64_t checkpoint_end;   /* and where it ends; 0: none did */
	bool has_begin;            /* and what it says: */
	struct checkpoint begin;
	struct walsurvey survey;
	bool has_line; /* that recovery reads: */
	unsigned line;
	uint64_t wal_records;
	bool is_wal_short; /* it ends before the stop, which was told */
	struct checker_history *histories;
	size_t nhistories;
	struct checker_replay *replayed;
	size_t nreplayed;
	const struct checker_replay **replayed_by_space; /* sorted when all has come */
	uint64_t replayed_left_out;
	struct waldatabases *databases; /* NULL: no record came */
	struct checker_inplace in_place;
};

/* A backup of a running server: so says pg_basetar.info, or there is none. */
bool checker_is_online(const struct checker *c);

/* A file at the top that need not be where the server has it, nor be its own. */
#define CHECKER_SETTINGS "postgresql.auto.conf"
bool checker_is_setting(const struct checker *c, const char *path);

/* proof/access.c: owners and modes; what of the mode of this member keeps the server out */
const char *checker_access_entry(struct checker *c, const struct tar_entry *entry);
void checker_access_judge(const struct checker *c);

/* proof/manifest.c */
MUST_CHECK int checker_manifest_begin(struct checker *c, struct error *err);
MUST_CHECK int checker_members_judge(struct checker *c, struct error *err);

/* proof/missing.c: ${path} is missing; ${why} NULL: it is listed or known to be needed */
MUST_CHECK int checker_missing(
    struct checker *c, const char *path, const char *why, struct error *err);
/* The manifest lists it; of WAL that is told by checker_missing_judge(), after checker_wal_judge(). */
MUST_CHECK int checker_missing_listed(
    struct checker *c, const char *path, struct error *err);
MUST_CHECK int checker_missing_judge(struct checker *c, struct error *err);
/* The finding of another one tells that as well.  Not to be mixed with searches, if there are many. */
MUST_CHECK int checker_missing_note(
    struct checker *c, const char *path, struct error *err);
MUST_CHECK int checker_missing_is_told(
    struct checker *c, const char *path, bool *is_told, struct error *err);
void checker_missing_free(struct checker *c);

/* proof/content.c: ${err} says what in the content of the member is damaged */
MUST_CHECK int checker_content(struct checker *c, struct memberset_row *row,
    enum findings_kind kind, struct error *err);
/* The manifest lists the digest ${expected} of it, in hexadecimal digits. */
MUST_CHECK int checker_content_digest(struct checker *c, struct memberset_row *row,
    enum digest_kind kind, const char *expected, const char *found, struct error *err);
/* What its digest says; of a manifest that is damaged itself it says nothing. */
enum finding_digest checker_content_verdict(
    const struct checker *c, const struct memberset_row *row);
/* Was something said, or will be, for which the content of ${path} is not known? */
MUST_CHECK int checker_content_is_told(
    struct checker *c, const char *path, bool *is_told, struct error *err);
/* The manifest was heard, or none will come: tell faults; when all was judged, digests. */
MUST_CHECK int checker_content_faults(struct checker *c, struct error *err);
MUST_CHECK int checker_content_rest(struct checker *c, struct error *err);
void checker_content_free(struct checker *c);

/* proof/text.c: members that are kept whole */
bool checker_text_is_kept(
    const struct checker *c, enum memberorder_kind kind, const char *path);
MUST_CHECK int checker_text_take(struct checker *c, struct error *err);
/* Configuration, whose content says what recovery accepts: is it to be kept as well? */
bool checker_text_is_config(struct checker *c, const char *path, uint64_t size);

/* proof/agree.c: label, pg_control, manifest and pg_basetar.info among themselves */
MUST_CHECK int checker_agree(struct checker *c, struct error *err);

/* proof/config.c: warnings only */
MUST_CHECK int checker_config_judge(struct checker *c, struct error *err);

/* proof/wal.c */
MUST_CHECK int checker_wal_begin(
    struct checker *c, const struct tar_entry *entry, struct error *err);
MUST_CHECK int checker_wal_bytes(
    struct checker *c, const uint8_t *bytes, size_t len, struct error *err);
MUST_CHECK int checker_wal_history(struct checker *c, struct error *err);
MUST_CHECK int checker_wal_judge(struct checker *c, struct error *err);
/* After that: would recovery read what line ${line} told, and that ends at ${end_lsn}? */
bool checker_wal_is_read(const struct checker *c, unsigned line, uint64_t end_lsn);
void checker_wal_free(struct checker *c);

/* proof/walshort.c: ${line}, of ${h}, ends before the stop position; 0: that is not known */
MUST_CHECK int checker_wal_ends_early(struct checker *c, const struct walhistory *h,
    const struct wallines_line *line, uint64_t stop, struct error *err);
/* Where no segment came: it should have, if the backup says so, or the caller needs WAL. */
MUST_CHECK int checker_wal_is_absent(struct checker *c, struct error *err);

/*
 * proof/walgap.c: the segments that are missing, from the one that ${line} lacks to the stop (0:
 * not known), which is on ${h}; and where there is no WAL at all, though it is to be there
 */
MUST_CHECK int checker_walgap_judge(struct checker *c, const struct walhistory *h,
    const struct wallines_line *line, uint64_t stop, struct error *err);
MUST_CHECK int checker_walgap_all(struct checker *c, struct error *err);

/*
 * proof/files.c: a file of the tree, a record of the WAL, and when that was judged what is
 * missing
 */
MUST_CHECK int checker_files_new(struct checker *c, struct error *err);
void checker_files_free(struct checker *c);
void checker_files_begin(struct checker *c);
void checker_files_bytes(struct checker *c, const uint8_t *bytes, size_t len);
MUST_CHECK int checker_files_end(struct checker *c, struct error *err);
MUST_CHECK int checker_files_record(
    struct checker *c, const struct walrecord *rec, struct error *err);
MUST_CHECK int checker_files_judge(struct checker *c, struct error *err);

/* proof/replay.c: databases and tablespaces that replay makes or drops */
MUST_CHECK int checker_replay_take(
    struct checker *c, unsigned line, const struct walrecord *rec, struct error *err);
/* Are its blocks to be told?  The record at ${lsn} is about a page of that database. */
bool checker_replay_watches(const struct checker *c);
void checker_replay_block(
    struct checker *c, uint32_t space, uint32_t database, uint64_t lsn);
/* All has come: what follows may be asked. */
MUST_CHECK int checker_replay_sort(struct checker *c, struct error *err);
/* After checker_wal_judge(): does replay drop that tablespace? */
bool checker_replay_drops(const struct checker *c, const char *oid);
/* Is it a record of ${kind} about that tablespace, between the two positions? */
bool checker_replay_has(const struct checker *c, enum checker_replay_kind kind,
    uint32_t space, uint64_t after, uint64_t before);
MUST_CHECK int checker_replay_judge(struct checker *c, struct error *err);
void checker_replay_free(struct checker *c);

/* proof/inplace.c: tablespaces that are directories in pg_tblspc */
MUST_CHECK int checker_inplace_member(
    struct checker *c, const struct tar_entry *entry, struct error *err);
/* Are records about pages to be told to it? */
bool checker_inplace_listens(const struct checker *c);
MUST_CHECK int checker_inplace_block(struct checker *c, uint32_t space,
    const struct pagesuspect_mention *by, struct error *err);
/* After the WAL. */
MUST_CHECK int checker_inplace_judge(struct checker *c, struct error *err);
void checker_inplace_free(struct checker *c);

#endif
