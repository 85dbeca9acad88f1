#include "proof/reading_checker.h"

#include "cli/message.h"
#include "format/manifestpeek.h"

static void
tell_benign(const char *text)
{
	message_info("%s", text);
}

int
reading_checker(struct reading *r, int dirfd, struct checker **checker, struct error *err)
{
	struct checker_options opt = { message_finding, tell_benign, message_warning, 0,
		r->opt->need_wal };

	if (r->opt->digest_is_given)
		opt.digests = 1U << r->opt->manifest_digest;
	else if (dirfd != -1 &&
	    manifestpeek_digests(dirfd, &r->cancel, &opt.digests, err))
		return -1;
	return checker_new(checker, &opt, err);
}
