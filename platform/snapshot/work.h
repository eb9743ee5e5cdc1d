/* SPDX-License-Identifier: MIT
 *
 * The same work on many things, by as many threads as the host has processors; and how far it is, for somebody who waits at a terminal.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "platform/snapshot/part.h"

/* Each i below n, in any order and several at a time.  False: no more of them; the first error counts. */
typedef bool WorkOn(void *opaque, Packer *packer, uint64_t i, GError **error);
/* Returns when all is done.  what: "savevm a", for the terminal; NULL: nobody waits there. */
bool work_on_each(uint64_t n, WorkOn *fn, void *opaque, const char *what, GError **error);
