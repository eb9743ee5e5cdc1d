/* SPDX-License-Identifier: MIT
 *
 * NOR flash: one chip of 16 bits in the guest's byte order, with the commands of Intel and Sharp (CFI 2.0, primary command set 0001h) and blocks
 * of 64 KiB.  What it holds is a drive, which is read as a whole when it is made and written by the drive's threads: the chip is busy so long.
 */
#pragma once

#include "platform/base/device.h"
#include "platform/block/block.h"

enum { PFLASH_BLOCK = 64 << 10, PFLASH_SIZE_MAX = 128 << 20 };

/*
 * Its region 0 is as large as the drive: a power of two from PFLASH_BLOCK to PFLASH_SIZE_MAX, or it is an error, as it is when the drive
 * cannot be read.  Borrows block.  Under the device lock, which is let go while it is
 * read.
 */
Device *pflash_new(const char *id, Block *block, GError **error);
