/* Owners and modes of members: what must not be unpacked, and what is worth a warning. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proof/access.h"
#include "support/heard.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { POSTGRES = 105, OTHER = 1000 };

static struct findings findings;
static struct facts facts;
static struct proof_access access_judge;

static int
begin(void **state)
{
	(void)state;
	findings = heard_begin();
	facts = (struct facts){ 0 };
	access_judge = (struct proof_access){ .facts = &facts, .findings = &findings };
	return 0;
}

static const char *
look(const char *path, char type, uint32_t mode, uint64_t uid)
{
	const struct tar_entry entry = {
		.name = path, .type = type, .mode = mode, .uid = uid
	};

	return proof_access_look(
	    &access_judge, ARCHIVEPART_ALONE, memberorder_kind(path, type), path, &entry);
}

/* Of a server that all files are given to. */
static void
modes(void **state)
{
	static const char file[] = "the mode of the file keeps the server out",
			  directory[] = "the mode of the directory keeps the server out";
	static const struct {
		const char *path;
		char type;
		uint32_t mode;
		const char *fault;
	} rows[] = {
		{ "base/5/1259", TAR_FILE, 0600, NULL },
		{ "base/5/1259", TAR_FILE, 0400, file },
		{ "postgresql.conf", TAR_FILE, 0400, NULL },
		{ "postgresql.conf", TAR_FILE, 0, file },
		{ "base/5", TAR_DIRECTORY, 0700, NULL },
		{ "base/5", TAR_DIRECTORY, 0500, directory },
		{ "pg_tblspc/16400", TAR_SYMLINK, 0, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *fault =
		    look(rows[i].path, rows[i].type, rows[i].mode, POSTGRES);

		if (rows[i].fault ? fault == NULL || strcmp(fault, rows[i].fault) != 0 :
				    fault != NULL)
			fail_msg("row %zu: %s", i, fault ? fault : "sound");
	}
	heard_expect("");
}

/* Bits that restore leaves out: one member is named. */
static void
special_bits(void **state)
{
	(void)state;
	look("base", TAR_DIRECTORY, 02700, POSTGRES);
	heard_expect(
	    "warning: \"base\" or other members have set-user-ID, set-group-ID or sticky bits: restore leaves these bits out\n");
	look("global", TAR_DIRECTORY, 02700, POSTGRES);
	heard_expect("");
}

/* Files of another user than pg_control's that its user cannot use. */
static void
owners(void **state)
{
	(void)state;
	look("base/5/1259", TAR_FILE, 0600, OTHER);
	look("base/5/1260", TAR_FILE, 0666, OTHER);
	look("base/5/1261", TAR_FILE, 0600, POSTGRES);
	look("postgresql.auto.conf", TAR_FILE, 0600,
	    OTHER); /* pg_basebackup -R wrote it */
	look("global/pg_control", TAR_FILE, 0600, POSTGRES);
	look("pg_wal/000000010000000000000002", TAR_FILE, 0600, OTHER);
	proof_access_judge(&access_judge);
	heard_expect(
	    "warning: 1 member belongs to user 1000, as \"base/5/1259\" does, and "
	    "pg_control to 105: restore gives all to one user; unpacked by root they "
	    "keep the server out\n");
}

/* pg_basetar writes no settings: what stands there is the cluster's. */
static void
own_settings(void **state)
{
	static const struct infofile info;

	(void)state;
	facts.info = &info;
	look("postgresql.auto.conf", TAR_FILE, 0600, OTHER);
	look("global/pg_control", TAR_FILE, 0600, POSTGRES);
	proof_access_judge(&access_judge);
	assert_non_null(strstr(heard(), "as \"postgresql.auto.conf\" does"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(modes, begin),
		cmocka_unit_test_setup(special_bits, begin),
		cmocka_unit_test_setup(owners, begin),
		cmocka_unit_test_setup(own_settings, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
