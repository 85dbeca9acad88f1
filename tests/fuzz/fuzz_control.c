#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bytes.h"
#include "lib/crc32c.h"
#include "pg/control.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
require(int holds)
{
	if (!holds)
		abort();
}

/* The CRC where each layout has it, in ascending order: none spoils one before it. */
static void
seal(uint8_t *image)
{
	static const size_t at[] = { 280, 288, 292 };

	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++)
		put_u32native(image + at[i], crc32c(0, image, at[i]));
}

/*
 * Any bytes are decoded or refused.  What is decoded can be made to forget its
 * checkpoint, and says the same afterwards about everything else.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t image[CONTROL_SIZE] = { 0 };
	struct control before, after;
	struct error err = { 0 };

	(void)!control_decode(data, len, &before, &err);
	memcpy(image, data, len < CONTROL_SIZE ? len : CONTROL_SIZE);
	seal(image);
	if (control_decode(image, CONTROL_SIZE, &before, &err))
		return 0;
	require(control_forget_checkpoint(image, &err) == 0);
	require(control_decode(image, CONTROL_SIZE, &after, &err) == 0);
	require(after.checkpoint_lsn == CONTROL_NO_CHECKPOINT);
	require(after.redo_lsn == before.redo_lsn && after.timeline == before.timeline);
	require(after.system_identifier == before.system_identifier);
	require(after.wal_segment_size == before.wal_segment_size);
	require(after.min_recovery_lsn == before.min_recovery_lsn);
	return 0;
}
