/*
 * A table maps errno to advice.  It serves the errors that came without a hint from the place where
 * they happened; a number that is absent from the table gets none.
 */
#include "cli/advice.h"

#include <errno.h>
#include <stddef.h>

static const struct {
	int sys;
	const char *advice;
} advices[] = {
	{ EIO, "The device reported this; check the kernel log, then try again." },
	{ ENOSPC, "Make room there, or write elsewhere." },
	{ EDQUOT, "Make room there, or write elsewhere." },
	{ EFBIG,
	    "Raise the limit for the size of files (ulimit -f), or write elsewhere." },
	{ EMFILE, "Raise the limit for open files (ulimit -n)." },
	{ ENFILE, "The whole system has too many files open (sysctl fs.file-max)." },
	{ EAGAIN, "Raise the limit for processes and threads (ulimit -u)." },
	{ ENOMEM, "Free memory, or run with fewer --jobs." },
	{ EACCES, "Run pg_basetar as the owner of the data directory, or as root." },
	{ EPERM, "Run pg_basetar as the owner of the data directory, or as root." },
	{ EROFS, "Write to a file system that is not read-only." },
	{ ENAMETOOLONG, "Choose a shorter name." },
	{ ENXIO, "Check that the device is connected and ready." },
};

const char *
advice_for(const struct error *err)
{
	if (err->kind == ERROR_MEMORY)
		return "Free memory, or run with fewer --jobs.";
	for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++)
		if (err->sys == advices[i].sys)
			return advices[i].advice;
	return NULL;
}
