/* SPDX-License-Identifier: MIT
 *
 * XXH64, a checksum of 64 bits (the xxHash specification, https://xxhash.com): against accidents, not against forgers.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

uint64_t xxh64(const void *data, size_t size, uint64_t seed);
