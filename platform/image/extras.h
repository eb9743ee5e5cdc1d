/* SPDX-License-Identifier: MIT
 *
 * What -device loader puts into RAM besides the images that are booted.  For boot.c alone.
 */
#pragma once

#include "platform/image/boot.h"

/* Fills boot->extras and the CPUs' starts.  Where no kernel or firmware is given, the file that CPU 0 begins in is boot->program. */
bool extras_load(Boot *boot, const Config *config, GError **error);
bool extras_check(const Boot *boot, const Config *config, GError **error); /* nothing of it covers another image, or the tree */
bool extras_put(const Boot *boot, Memory *memory);
