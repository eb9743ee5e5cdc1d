/* SPDX-License-Identifier: MIT
 *
 * Pieces of packets.
 */
#include "platform/control/rsp_priv.h"

bool rsp_take_hex(const char **p, uint64_t *value)
{
    unsigned n = 0;

    for (*value = 0; g_ascii_isxdigit(**p); (*p)++, n++)
        *value = *value << 4 | (unsigned)g_ascii_xdigit_value(**p);
    return n >= 1 && n <= 16;
}

bool rsp_take(const char **p, char c)
{
    if (**p != c)
        return false;
    (*p)++;
    return true;
}

bool rsp_take_ea(const char **p, Ea *ea)
{
    uint64_t value;

    if (!rsp_take_hex(p, &value) || value > EA_MAX)
        return false;
    *ea = (Ea)value;
    return true;
}

bool rsp_take_thread(const Rsp *rsp, const char **p, unsigned *thread)
{
    uint64_t id;

    if ((*p)[0] == '-' && (*p)[1] == '1') {
        *p += 2;
        *thread = G_MAXUINT;
        return true;
    }
    if (!rsp_take_hex(p, &id) || id > rsp->target->n_threads(rsp->opaque))
        return false;
    *thread = id ? (unsigned)id - 1 : 0;
    return true;
}

bool rsp_take_value(const char **p, size_t size, uint64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < 2 * size; i++, (*p)++) {
        if (!g_ascii_isxdigit(**p))
            return false;
        *value = *value << 4 | (unsigned)g_ascii_xdigit_value(**p);
    }
    return true;
}

void rsp_append_hex(GString *out, size_t size, uint64_t value)
{
    for (size_t i = size; i-- > 0;)
        g_string_append_printf(out, "%02x", (unsigned)(value >> 8 * i) & 0xff);
}
