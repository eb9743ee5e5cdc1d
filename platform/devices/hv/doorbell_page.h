/* SPDX-License-Identifier: MIT
 *
 * One register by which doorbells are sent without a hypercall: a 32-bit store of the sending end's handle.  A host's kernel may take the
 * store by itself (AccelEventfd) and it never comes here.  The register reads 0.
 */
#pragma once

#include "platform/base/device.h"

enum { DOORBELL_PAGE_SIZE = 0x1000 };

/* send: any handle that the guest stores. */
Device *doorbell_page_new(const char *id, void (*send)(void *opaque, uint32_t handle), void *opaque);
