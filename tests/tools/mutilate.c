/*
 * The table of "pg_basetar verify" on archives that are not as they should be.
 *
 *	mutilate list			the rows, and what verify must say
 *	mutilate ROW IN OUT [OTHER]	do to the archive IN what ROW says; OTHER is an archive
 *					of another cluster
 *	mutilate stock DIR OUT METHOD	make of DIR, of --split, what pg_basebackup -Ft writes
 *	mutilate peak FILE COMMAND...	run it; the most memory that it had, in KiB, into FILE
 *
 * A line of the list is, with tabs between: the archive, the row's name, the exit status,
 * and regular expressions, each of which must match a line of what verify says.
 *
 * A row says what becomes of the manifest, whose digests would tell of nearly everything:
 * as it is, they do; rebuilt, the checks that come after it are on their own.
 *
 * Not in the table, because nothing is wrong with a backup that has it, or nothing in it
 * tells:
 *
 *  - of a header with the right checksum: uid, gid, mtime, uname and gname (who unpacks as
 *    the server's user does not get them, and the server asks for none); linkname of what is
 *    no link, devmajor and devminor of what is no device, the padding of the block: no tar
 *    program looks at them; the mode of files that only the administrator knows;
 *  - a .done that is missing: the segment is archived once more; a segment more before the
 *    first or after the last: recovery does not ask for it;
 *  - with the manifest rebuilt: a relation, or whole pages of one, more or less; any byte of
 *    a file that has no checksum of its own (postgresql.conf, a part of pg_xact); START TIME.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mutilate.h"

static const struct mutilation *const tables[] = { header_rows, gnu_rows, name_rows,
	member_rows, text_rows, control_rows, manifest_rows, wal_rows, stream_rows,
	gzip_rows, state_rows };

#define TABLES (sizeof(tables) / sizeof(tables[0]))

/* ---- list ---- */

static void
print_wanted(const struct mutilation *row)
{
	static const char *const verdicts[] = {
		"^restorable, consistent from [0-9A-F]+/[0-9A-F]+$", "", "",
		"^NOT restorable: [0-9]+ findings?$", "^NOT restorable: 1 finding$"
	};

	if (row->status != 1)
		printf("\t%s", verdicts[row->status]);
	for (size_t i = 0; i < 2 && row->wanted[i]; i++)
		printf("\t^pg_basetar: %s(%s)", row->status == 1 ? ".*" : "",
		    row->wanted[i]);
	putchar('\n');
}

static void
list(const struct mutilation *row)
{
	char *archives = strdup(row->archives), *rest = NULL;

	for (char *word = strtok_r(archives, " ", &rest); word;
	     word = strtok_r(NULL, " ", &rest)) {
		printf("%s\t%s\t%d", word, row->name,
		    row->status == ONE_FINDING ? 3 : row->status);
		print_wanted(row);
	}
	free(archives);
}

static int
list_all(void)
{
	for (size_t t = 0; t < TABLES; t++)
		for (const struct mutilation *row = tables[t]; row->name; row++)
			list(row);
	return 0;
}

/* ---- a row ---- */

static const struct mutilation *
find(const char *name)
{
	for (size_t t = 0; t < TABLES; t++)
		for (const struct mutilation *row = tables[t]; row->name; row++)
			if (strcmp(row->name, name) == 0)
				return row;
	die("no row \"%s\"", name);
}

static int
apply(const struct mutilation *row, const char *in, const char *out, const char *other)
{
	struct image image = { .other = other };
	FILE *file = strcmp(out, "-") == 0 ? stdout : fopen(out, "wb");

	if (file == NULL)
		die("%s: %s", out, strerror(errno));
	image_read(&image, in);
	if (strncmp(row->archives, "gzip", 4) != 0)
		image_parse(&image);
	row->apply(&image, row);
	if (row->repair == RESEAL)
		manifest_reseal(&image);
	if (row->repair == REBUILD)
		manifest_rebuild(&image);
	image_write(&image, file);
	if (file != stdout && fclose(file) == EOF)
		die("%s: %s", out, strerror(errno));
	image_free(&image);
	return 0;
}

/* ---- peak ---- */

static int
peak(const char *file, char **command)
{
	struct rusage usage;
	pid_t pid = fork();
	int status;
	FILE *out;

	if (pid == 0) {
		execvp(command[0], command);
		die("%s: %s", command[0], strerror(errno));
	}
	if (pid == -1 || waitpid(pid, &status, 0) == -1 ||
	    getrusage(RUSAGE_CHILDREN, &usage))
		die("%s", strerror(errno));
	out = fopen(file, "w");
	if (out == NULL || fprintf(out, "%ld\n", usage.ru_maxrss) < 0 ||
	    fclose(out) == EOF)
		die("%s: %s", file, strerror(errno));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int
main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "list") == 0)
		return list_all();
	if (argc > 3 && strcmp(argv[1], "peak") == 0)
		return peak(argv[2], argv + 3);
	if (argc == 5 && strcmp(argv[1], "stock") == 0)
		return stock(argv[2], argv[3], argv[4]);
	if (argc < 4 || argc > 5)
		die("usage: mutilate list | ROW IN OUT [OTHER] | stock DIR OUT METHOD | "
		    "peak FILE COMMAND...");
	return apply(find(argv[1]), argv[2], argv[3], argc == 5 ? argv[4] : NULL);
}
