/* Command lines that are refused: in which words, and with which hint. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/commandline.h"

/* Lines that are refused: the message, and the hint if it is not the general one. */
struct refusal {
	const char *line, *error, *hint;
};

#define GIVE "Give it with the option -d."

static struct refusal refusals[] = {
	{ "help -x", "unknown command \"-x\"", NULL },
	{ "help verify restore", "unexpected operand \"restore\"", NULL },
	{ "completion", "the name of the shell is missing",
	    "It may be one of bash, zsh, fish." },
	{ "completion bash zsh", "unexpected operand \"zsh\"", NULL },
	{ "completoin", "unknown command \"completoin\"",
	    "Did you mean \"completion\"?" },
	{ "-D /d -x", "unknown option \"-x\"", NULL },
	{ "-D /d -vx", "unknown option \"-x\"", NULL },
	{ "-D /d --nonsense", "unknown option \"--nonsense\"", NULL },
	{ "-D /d --nonsense=3", "unknown option \"--nonsense\"", NULL },
	{ "-D /d --labels=3", "unknown option \"--labels\"",
	    "Did you mean \"--label\"?" },
	{ "-D /d --chekpoint=fast", "unknown option \"--chekpoint\"",
	    "Did you mean \"--checkpoint\"?" },
	{ "-D /d --no-sink", "unknown option \"--no-sink\"",
	    "Did you mean \"--no-sync\"?" },
	{ "verify --jsn a", "unknown option \"--jsn\"", NULL },
	{ "info --jsn a", "unknown option \"--jsn\"", "Did you mean \"--json\"?" },
	{ "verfy a", "unknown command \"verfy\"", "Did you mean \"verify\"?" },
	{ "help restroe", "unknown command \"restroe\"", "Did you mean \"restore\"?" },
	{ "-D /d --=3", "unknown option \"--\"", NULL },
	{ "verify --ver a", "option \"--ver\" is ambiguous",
	    "It may be one of --verbose, --version." },
	{ "-D /d --no-s", "option \"--no-s\" is ambiguous",
	    "It may be one of --no-slot, --no-sync." },
	{ "-D /d --force=yes", "option \"--force\" takes no value", NULL },
	{ "-D /d --label", "option \"--label\" needs a value", NULL },
	{ "-D /d -l", "option \"--label\" needs a value", NULL },
	{ "-D /d -vl", "option \"--label\" needs a value", NULL },
	{ "-D /d base.tar", "unknown command \"base.tar\"",
	    "Name the data directory with -D and the output with -o." },
	{ "-D /d -", "unknown command \"-\"",
	    "Name the data directory with -D and the output with -o." },
	{ "''", "unknown command \"\"",
	    "Name the data directory with -D and the output with -o." },
	{ "-D /d -- -q", "unknown command \"-q\"",
	    "Name the data directory with -D and the output with -o." },
	{ "backup -D /d base.tar", "unexpected operand \"base.tar\"", NULL },
	{ "backup backup", "unexpected operand \"backup\"", NULL },

	{ "verify", "no archive specified",
	    "Name a file, a directory of --split or pg_basebackup -Ft, or - for standard input." },
	{ "info", "no archive specified",
	    "Name a file, a directory of --split or pg_basebackup -Ft, or - for standard "
	    "input." },
	/* the command is known before its options, wherever its name stands */
	{ "--report=r verify --restore-command=verify a",
	    "option \"--restore-command\" is not for the command \"verify\"",
	    "Try \"pg_basetar verify --help\"." },
	{ "info --report=r a", "option \"--report\" is not for the command \"info\"",
	    "Try \"pg_basetar info --help\"." },
	{ "verify --brief a", "option \"--brief\" is not for the command \"verify\"",
	    "Try \"pg_basetar verify --help\"." },
	{ "verify a b", "unexpected operand \"b\"", NULL },
	{ "verify ''", "the name of the archive is empty", NULL },
	{ "-D /d verify a", "option \"--pgdata\" is not for the command \"verify\"",
	    "Try \"pg_basetar verify --help\"." },
	{ "verify -z a", "option \"--gzip\" is not for the command \"verify\"",
	    "Try \"pg_basetar verify --help\"." },
	{ "verify -qv a", "options \"--quiet\" and \"--verbose\" exclude each other",
	    NULL },
	{ "verify --report=- a", "the report cannot go to standard output",
	    "Name a file: it appears there when the run has ended." },
	{ "restore base.tar", "no data directory specified", "Name a new one with -D." },
	{ "restore -D /d", "no archive specified",
	    "Name a file, a directory of --split or pg_basebackup -Ft, or - for standard "
	    "input." },
	{ "restore -D /d --waldir=wal a",
	    "option \"--waldir\": \"wal\" is not an absolute path", NULL },
	{ "restore -D /d -z a", "option \"--gzip\" is not for the command \"restore\"",
	    "Try \"pg_basetar restore --help\"." },
	{ "restore -D /d --target-xid=7 --target-name=x --restore-command=c a",
	    "recovery_target_xid and recovery_target_name exclude each other", NULL },
	{ "restore -D /d --target-xid=7 a", "recovery to a target needs restore_command",
	    "It fetches the WAL after the end of the backup: "
	    "--restore-command='cp /archive/%f \"%p\"'" },
	{ "restore -D /d --primary-conninfo=x a",
	    "primary_conninfo is for a standby only", NULL },
	{ "verify --standby a", "option \"--standby\" is not for the command \"verify\"",
	    "Try \"pg_basetar verify --help\"." },

	{ "-D /d --report=-", "the report cannot go to standard output",
	    "Name a file: it appears there when the run has ended." },
	{ "-D /d --report ''", "option \"--report\": the value is empty", NULL },

	{ "-D /d -l a -l b", "duplicate option \"--label\"", NULL },
	{ "-D /d -l a --label=a", "duplicate option \"--label\"", NULL },
	{ "-D /d -PP", "duplicate option \"--progress\"", NULL },
	{ "-D /d -c fast --checkpoint=fast", "duplicate option \"--checkpoint\"", NULL },
	{ "-D /d -X none -X fetch", "duplicate option \"--wal-method\"", NULL },
	{ "-D /d --wait-archive --wait-archive=3", "duplicate option \"--wait-archive\"",
	    NULL },
	{ "-D /d --wait-archive --no-wait-archive",
	    "duplicate option \"--no-wait-archive\"", NULL },
	{ "-D /d --no-wait-archive --wait-archive", "duplicate option \"--wait-archive\"",
	    NULL },

	{ "-D /d --split", "option \"--split\" needs a directory",
	    "Name a new or an empty one with -o; standard output takes one archive." },
	{ "-D /d --split -o -", "option \"--split\" needs a directory",
	    "Name a new or an empty one with -o; standard output takes one archive." },
	{ "-D /d --split -o x --force",
	    "options \"--split\" and \"--force\" exclude each other",
	    "With --split the directory must be new or empty, so that nothing is replaced." },
	{ "-D /d --split -o x -b2",
	    "options \"--split\" and \"--blocking-factor\" exclude each other",
	    "Records of a fixed size are for a tape or a pipe, which takes one archive." },
	{ "-D /d -o %F --keep=2 --without-tablespace=16384",
	    "options \"--without-tablespace\" and \"--keep\" exclude each other",
	    "Older backups may have what the new one leaves out." },
	{ "-D /d -o b%", "option \"--output\": \"b%\": the name ends with a \"%\"",
	    "A name takes %Y %m %d %H %M %S %F %j %G %V %u of strftime(3); a percent sign is %%." },
	{ "-D /d -o %B",
	    "option \"--output\": \"%B\": \"%B\" is not a conversion of a name",
	    "A name takes %Y %m %d %H %M %S %F %j %G %V %u of strftime(3); a percent sign is %%." },
	{ "-b0", "option \"--blocking-factor\": \"0\" is not a number from 1 to 32767",
	    NULL },
	{ "-D /d --dry-run --metrics=m",
	    "options \"--dry-run\" and \"--metrics\" exclude each other",
	    "A check makes no backup that metrics could be of." },
	{ "check -D /d --metrics=m",
	    "option \"--metrics\" is not for the command \"check\"",
	    "Try \"pg_basetar check --help\"." },
	{ "-D /d -q -v", "options \"--quiet\" and \"--verbose\" exclude each other",
	    NULL },
	{ "-D /d --no-manifest --manifest-checksums=NONE",
	    "options \"--no-manifest\" and \"--manifest-checksums\" exclude each other",
	    NULL },

	{ "-l x", "no data directory specified", "Name it with -D, or set PGDATA." },
	{ "-D ''", "option \"--pgdata\": the value is empty", NULL },
	{ "-D /d -o ''", "option \"--output\": the value is empty", NULL },
	{ "-D /d -j 0", "option \"--jobs\": \"0\" is not a number from 1 to 1024", NULL },
	{ "-D /d -p 70000", "option \"--port\": the value is not a port from 1 to 65535",
	    "No option takes a password.  It is read from the file ~/.pgpass, or asked for." },
	{ "-D /d -W SECRET", "option \"--password\" takes no value",
	    "The password is asked for on the terminal." },
	{ "-D postgres://u:SECRET@h/db",
	    "option \"--pgdata\": a connection string cannot name a file or a directory",
	    GIVE },
	{ "-D /d --report=password=SECRET",
	    "option \"--report\": a connection string cannot name a file or a directory",
	    GIVE },
	{ "verify password=SECRET", "a connection string cannot be an operand", GIVE },
	{ "-D /d -j postgres://u:SECRET@h",
	    "option \"--jobs\": \"postgres://***\" is not a number from 1 to 1024",
	    NULL },
	{ "-D /d --wait-archive=",
	    "option \"--wait-archive\": \"\" is not a number from 1 to "
	    "2147483",
	    NULL },
	{ "-D /d -c now",
	    "option \"--checkpoint\": \"now\" is neither \"fast\" nor \"spread\"", NULL },
	{ "-D /d -X all",
	    "option \"--wal-method\": \"all\" is neither \"fetch\" nor \"none\"", NULL },
	{ "-D /d -Fp", "option \"--format\": unknown format \"p\"",
	    "Tar is the only format; pg_basetar restore makes a directory of it." },
	{ "-D /d -Z none:1", "option \"--compress\": compression \"none\" has no levels",
	    NULL },
	{ "-D /d --manifest-checksums=MD5",
	    "option \"--manifest-checksums\": unknown digest \"MD5\"",
	    "The digests are CRC32C, SHA224, SHA256, SHA384, SHA512 and NONE." },
	{ "-D /d -o x.zip", "output \"x.zip\": compression \"zip\" is not supported",
	    "Name the output .tar, .tar.gz, .tar.zst or .tar.lz4." },
	{ "-D /d -o x.TAR.BZ2",
	    "output \"x.TAR.BZ2\": compression \"bzip2\" is not supported",
	    "Use \"gzip\", or pipe the output through \"bzip2\"." },
	{ "-D /d -o x.7z", "output \"x.7z\": compression \"7z\" is not supported",
	    "Name the output .tar, .tar.gz, .tar.zst or .tar.lz4." },
	{ "-D /d -o x.tar.xz", "output \"x.tar.xz\": compression \"xz\" is not supported",
	    "Use \"gzip\", or pipe the output through \"xz\"." },
};

enum { REFUSALS = sizeof(refusals) / sizeof(refusals[0]) };

static void
test_refusal(void **state)
{
	const struct refusal *row = *state;
	struct error err = { .kind = ERROR_NONE };
	struct commandline line;
	struct options o;

	assert_int_equal(commandline_parse(&line, row->line, &o, &err), -1);
	assert_int_equal(err.kind, ERROR_USAGE);
	assert_string_equal(err.text, row->error);
	assert_string_equal(
	    err.hint, row->hint ? row->hint : "Try \"pg_basetar --help\".");
}

/* Longer than PostgreSQL takes it; label_check_text() has its own tests. */
static void
test_long_label(void **state)
{
	struct error err = { .kind = ERROR_NONE };
	struct commandline line;
	struct options o;
	char text[1100] = "-D /d -l ";

	(void)state;
	memset(text + 9, 'x', 1024);
	assert_int_equal(strlen(commandline_taken(&line, text).label), 1024);
	memset(text + 9, 'x', 1025);
	assert_int_equal(commandline_parse(&line, text, &o, &err), -1);
	assert_int_equal(err.kind, ERROR_USAGE);
	assert_non_null(strstr(err.text, "option \"--label\": "));
}

/* A program may be started without even its own name. */
static void
test_no_arguments(void **state)
{
	struct error err = { .kind = ERROR_NONE };
	char *argv[] = { NULL };
	struct options o;

	(void)state;
	assert_int_equal(options_parse(0, argv, &o, &err), -1);
	assert_string_equal(err.text, "no data directory specified");
}

int
main(void)
{
	static struct CMUnitTest tests[2 + REFUSALS] = {
		cmocka_unit_test(test_long_label),
		cmocka_unit_test(test_no_arguments),
	};

	unsetenv("PGDATA");
	for (size_t i = 0; i < REFUSALS; i++)
		tests[2 + i] = (struct CMUnitTest){ .name = refusals[i].line,
			.test_func = test_refusal,
			.initial_state = &refusals[i] };
	return cmocka_run_group_tests_name("refusals", tests, NULL, NULL);
}
