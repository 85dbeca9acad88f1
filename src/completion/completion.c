/*
 * Each script finds the command among the words before the cursor, "backup" if it is not there, and offers
 * the options of that command.
 */
#include "completion/completion.h"

#include <string.h>

#include "completion/bash.h"
#include "completion/fish.h"
#include "completion/zsh.h"

static const struct shell {
	const char *name;
	int (*print)(struct buf *, struct error *);
} shells[] = {
	{ "bash", bash_print },
	{ "zsh", zsh_print },
	{ "fish", fish_print },
};

int
completion_print(struct buf *text, const char *shell, struct error *err)
{
	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
		if (strcmp(shells[i].name, shell) == 0)
			return shells[i].print(text, err);
	error_set(
	    err, ERROR_USAGE, 0, "there is no completion for the shell \"%s\"", shell);
	return error_hint(err, "There are those for bash, zsh and fish.");
}
