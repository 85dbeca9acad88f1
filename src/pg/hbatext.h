#ifndef PG_BASETAR_PG_HBATEXT_H
#define PG_BASETAR_PG_HBATEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"
#include "lib/error.h"

/*
 * The text of pg_hba.conf, pg_ident.conf, pg_hosts.conf and of what they include: which other
 * files it names.
 * Fields are separated by blanks, words of a field by commas, both may be between double
 * quotes; a backslash at the end of a line joins the next to it ("The pg_hba.conf File" of the
 * documentation).
 */
enum hbatext_kind {
	HBATEXT_NONE,              /* there is no other */
	HBATEXT_LIST,              /* @NAME: a file of names, itself of this syntax */
	HBATEXT_INCLUDE,           /* include NAME */
	HBATEXT_INCLUDE_IF_EXISTS, /* include_if_exists NAME */
	HBATEXT_INCLUDE_DIR,       /* include_dir NAME */
	/* of a line of pg_hosts.conf: HOSTS CERTIFICATE KEY [AUTHORITY ...] */
	HBATEXT_CERTIFICATE,
	HBATEXT_KEY,
	HBATEXT_AUTHORITY
};

enum hbatext_form {
	HBATEXT_WITHOUT_INCLUDES, /* the release does not know the three directives */
	HBATEXT_WITH_INCLUDES,
	HBATEXT_HOSTS /* pg_hosts.conf, which has them */
};

struct hbatext {
	const char *at, *end;
	enum hbatext_form form;
	/* of the line that is being read */
	size_t fields;     /* that have begun */
	bool has_key;      /* the last word is one, and was not returned yet */
	bool is_continued; /* a comma followed the last word */
	enum hbatext_kind directive;
	struct buf word, argument;
	/* in the text: after what was read of each, a closing quote included */
	const char *word_end, *argument_end, *name_end;
};

/* ${text} is borrowed. */
void hbatext_begin(
    struct hbatext *, const char *text, size_t len, enum hbatext_form form);

/*
 * The next one; *name is without its quotes, valid until the next call, and ends in the text at
 * ${name_end}.  Errors: memory.
 */
MUST_CHECK int hbatext_next(
    struct hbatext *, enum hbatext_kind *kind, const char **name, struct error *err);

void hbatext_end(struct hbatext *);

#endif
