/* SPDX-License-Identifier: MIT
 *
 * The hypercalls as a guest sees them, out of hcall/hcall.def: a token and a wrapper for each row,
 * so that no number stands twice: TOKEN_EV_IDLE and call_EV_IDLE(args, out), and so on. hcall_raw()
 * (from the guest's library) loads r3..r11, executes the tree's hcall-instructions and stores them
 * back.
 */
#pragma once
#include <stdint.h>

enum {
    EV_SUCCESS = 0,
    EV_EPERM = 1,
    EV_ENOENT = 2,
    EV_EIO = 3,
    EV_EAGAIN = 4,
    EV_ENOMEM = 5,
    EV_EFAULT = 6,
    EV_ENODEV = 7,
    EV_EINVAL = 8,
    EV_INTERNAL = 9,
    EV_CONFIG = 10,
    EV_INVALID_STATE = 11,
    EV_UNIMPLEMENTED = 12,
    EV_BUFFER_OVERFLOW = 13,
};

enum {
    EV_VENDOR_LOCAL = 0,
    EV_VENDOR_EPAPR = 1,
    EV_VENDOR_FREESCALE = 2,
    EV_VENDOR_KVM = 42,
};

#define HCALL(id, vendor, number, n_in, n_out, needs, doc) TOKEN_##id = EV_VENDOR_##vendor << 16 | (number),
enum {
#include "hcall/hcall.def"
};
#undef HCALL

void hcall_raw(uint32_t regs[9]);

/* Token in r11, r3.. = args, back the status; out (may be NULL) gets r4..r11. */
static inline uint32_t hcall_invoke(uint32_t token, const uint32_t *args, unsigned n_in, uint32_t out[8])
{
    uint32_t regs[9] = {0};

    for (unsigned i = 0; i < n_in; i++)
        regs[i] = args[i];
    regs[8] = token;
    hcall_raw(regs);
    for (unsigned i = 0; out && i < 8; i++)
        out[i] = regs[1 + i];
    return regs[0];
}

/* call_<id>(args, out): args has the row's n_in words */
#define HCALL(id, vendor, number, n_in, n_out, needs, doc)                  \
    static inline uint32_t call_##id(const uint32_t *args, uint32_t out[8]) \
    {                                                                       \
        return hcall_invoke(TOKEN_##id, args, n_in, out);                   \
    }
#include "hcall/hcall.def"
#undef HCALL
