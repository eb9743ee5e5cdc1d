/* SPDX-License-Identifier: MIT
 *
 * dump-guest-memory: the machine as an ELF core file of 32-bit big-endian PowerPC, as the System V ABI and Linux' core dumps have it.
 */
#pragma once

#include "platform/control/view.h"

typedef struct DumpPlan {
    bool paging;            /* memory by the effective addresses of the vCPUs' TLBs; else by physical ones */
    uint64_t begin, length; /* of physical memory; length 0: all of it */
} DumpPlan;

/*
 * Notes: NT_PRSTATUS for each vCPU, then its NT_FPREGSET or, on the e500v2, NT_PPC_SPE.  PT_LOAD: RAM, once in the file, however many
 * addresses it has.  vCPUs parked, as inspect.h says.  *written, unless NULL: bytes of RAM.
 */
bool dump_write(const ControlView *view, const DumpPlan *plan, const char *file, uint64_t *written, GError **error);
