#ifndef PG_BASETAR_TESTS_FAKETREE_H
#define PG_BASETAR_TESTS_FAKETREE_H

#include <stddef.h>

/*
 * A data directory from a table, two strings a row: a path, and what is there.
 *
 *	static const struct fake_file tree[] = { { "PG_VERSION", "15\n" },
 *		{ "base/5/16384", PAGES(3) }, { "pg_tblspc/16400", LINK("spc") },
 *		{ "pg_notify", DIRECTORY } };
 *
 * Parents of a path are made, mode 0700; files are 0600.  A step of the table that fails
 * aborts the test program with the path: there is nothing to be tested then.
 */
struct fake_file {
	const char *path;    /* below the tree's root */
	const char *content; /* the text of a file, or one of the words below */
};

/* A byte that no text of a test begins with, and the kind. */
#define PAGES(n) \
	"\001p" #n /* a file of n pages of 8192 bytes, all alike but for a counter */
#define BYTES(n) "\001b" #n /* a file of n bytes */
#define LINK(target) "\001l" target
#define LINK_BELOW(path) "\001r" path /* absolute: the tree's root, a slash, path */
#define DIRECTORY "\001d"
#define FIFO "\001f"
#define SOCKET "\001s"

/* Make a new tree below TMPDIR or /tmp.  Returns its absolute path, without links. */
char *faketree_new(const struct fake_file *files, size_t count);

/* Add one thing to the tree, or put it in the place of the file or link there. */
void faketree_put(const char *root, const char *path, const char *content);

/* Remove a file, or a directory with all that is in it; it need not be there. */
void faketree_remove(const char *root, const char *path);

/* Rename ${from} to ${to}, both below the root. */
void faketree_rename(const char *root, const char *from, const char *to);

/* The root as an open directory; the caller closes it. */
int faketree_open(const char *root);

/* Remove the tree and release its name; NULL is no tree. */
void faketree_free(char *root);

/*
 * The tree that a test works in: made by its set-up, and the working directory until its tear-down, with
 * a umask of 022.  *root is where it is.
 */
int faketree_enter(char **root, const struct fake_file *files, size_t count);
int faketree_leave(void **state);

#endif
