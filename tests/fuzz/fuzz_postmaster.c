#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "pg/postmaster.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
require(int holds)
{
	if (!holds)
		abort();
}

/* Both files of a server, from the same bytes. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct postmaster_opts opts;
	struct postmaster p;
	struct error err = { 0 };

	if (postmaster_parse((const char *)data, len, &p, &err) == 0) {
		require(p.pid > 0 && p.port <= 65535 && p.start_time >= 0);
		require(p.datadir && p.socket_dir && p.listen_addr);
		postmaster_free(&p);
	}
	if (postmaster_opts_parse((const char *)data, len, &opts, &err) == 0) {
		require(opts.count > 0);
		(void)postmaster_opts_datadir(&opts);
		(void)postmaster_opts_setting(&opts, "config_file");
		postmaster_opts_free(&opts);
	}
	return 0;
}
