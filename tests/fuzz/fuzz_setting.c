#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "pg/setting.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What is on was told. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct setting s = { 0 };

	struct error err = { 0 };

	if (setting_read((const char *)data, len, "allow_in_place_tablespaces", &s, &err))
		abort();
	if (s.is_on && !s.is_told)
		abort();
	return 0;
}
