/* SPDX-License-Identifier: MIT */
#include "platform/snapshot/part.h"

#include <inttypes.h>
#include <string.h>
#if HAVE_LIBZSTD
#include <zstd.h>
#endif

#include "platform/base/xxh64.h"

enum { LEVEL = 1 }; /* zstd's: the guest stands still meanwhile */

static const char magic[8] = {'Q', 'u', 'o', 'i', 'n', 'V', 'M', 0x1a};

static const struct {
    const char *letters;
    size_t max;
} kinds[PART_KINDS] = {
#define X(id, letters, max, doc) {letters, max},
    PART_KIND_LIST(X)
#undef X
};

size_t part_max(PartKind kind)
{
    return kinds[kind].max;
}

static void put(uint8_t *at, size_t size, uint64_t value)
{
    while (size--) {
        at[size] = (uint8_t)value;
        value >>= 8;
    }
}

static uint64_t get(const uint8_t *at, size_t size)
{
    uint64_t value = 0;
    while (size--)
        value = value << 8 | *at++;
    return value;
}

void stream_head_put(uint8_t head[STREAM_HEAD])
{
    memcpy(head, magic, sizeof(magic));
    put(head + 8, 4, STREAM_VERSION);
    put(head + 12, 4, 0);
    put(head + 16, 8, xxh64(head, 16, 0));
}

bool stream_head_check(const uint8_t head[STREAM_HEAD], const char *what, GError **error)
{
    uint64_t version = get(head + 8, 4);
    if (memcmp(head, magic, sizeof(magic)))
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: it has no snapshots of a machine", what);
    else if (get(head + 16, 8) != xxh64(head, 16, 0))
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: its head is damaged", what);
    else if (version > STREAM_VERSION)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "%s: version %" PRIu64 " of the format; this program knows it up to %d", what, version, STREAM_VERSION);
    else
        return true;
    return false;
}

void part_head_put(const Part *part, uint64_t index, uint8_t head[PART_HEAD])
{
    memcpy(head, kinds[part->kind].letters, 4);
    put(head + 4, 4, part->packed);
    put(head + 8, 8, part->stored);
    put(head + 16, 8, part->plain);
    put(head + 24, 8, part->sum);
    put(head + 32, 8, xxh64(head, 32, index));
}

bool part_head_get(Part *part, uint64_t index, const uint8_t head[PART_HEAD])
{
    uint64_t packed = get(head + 4, 4);
    *part = (Part){PART_KINDS, packed, get(head + 8, 8), get(head + 16, 8), get(head + 24, 8)};
    for (unsigned kind = 0; kind < PART_KINDS; kind++)
        if (!memcmp(head, kinds[kind].letters, 4))
            part->kind = (PartKind)kind;
    if (get(head + 32, 8) != xxh64(head, 32, index) || part->kind == PART_KINDS || packed > 1)
        return false;
    size_t max = kinds[part->kind].max;
    return part->stored <= max && part->plain <= max && (packed || part->stored == part->plain);
}

/* ---- packing ---- */

struct Packer {
    uint8_t *room; /* what was packed or unpacked last */
    size_t size;
#if HAVE_LIBZSTD
    ZSTD_CCtx *packs;
    ZSTD_DCtx *unpacks;
#endif
};

Packer *packer_new(void)
{
    return g_new0(Packer, 1);
}

void packer_free(Packer *packer)
{
    if (!packer)
        return;
#if HAVE_LIBZSTD
    ZSTD_freeCCtx(packer->packs);
    ZSTD_freeDCtx(packer->unpacks);
#endif
    g_free(packer->room);
    g_free(packer);
}

/* What was in it is lost. */
static void make_room(Packer *packer, size_t size)
{
    if (size <= packer->size)
        return;
    g_free(packer->room);
    packer->room = g_malloc(size);
    packer->size = size;
}

/* 0: it does not become smaller. */
static size_t squeeze(Packer *packer, const void *data, size_t size)
{
#if HAVE_LIBZSTD
    if (!packer->packs)
        packer->packs = ZSTD_createCCtx();
    make_room(packer, size);
    size_t packed = size && packer->packs ? ZSTD_compressCCtx(packer->packs, packer->room, size, data, size, LEVEL) : 0;
    return ZSTD_isError(packed) || packed >= size ? 0 : packed;
#else
    return 0;
#endif
}

GBytes *packer_pack(Packer *packer, PartKind kind, uint64_t index, const void *data, size_t size)
{
    size_t packed = squeeze(packer, data, size);
    const void *stored = packed ? packer->room : data;
    Part part = {kind, packed != 0, packed ? packed : size, size, 0};
    g_assert(size <= kinds[kind].max);
    part.sum = xxh64(stored, part.stored, 0);
    uint8_t *whole = g_malloc(PART_HEAD + part.stored);
    part_head_put(&part, index, whole);
    if (part.stored)
        memcpy(whole + PART_HEAD, stored, part.stored);
    return g_bytes_new_take(whole, PART_HEAD + part.stored);
}

static bool expand(Packer *packer, const Part *part, const uint8_t *stored, GError **error)
{
#if HAVE_LIBZSTD
    if (!packer->unpacks)
        packer->unpacks = ZSTD_createDCtx();
    make_room(packer, MAX(part->plain, 1)); /* nothing is something that can be pointed to, too */
    if (packer->unpacks && ZSTD_decompressDCtx(packer->unpacks, packer->room, part->plain, stored, part->stored) == part->plain)
        return true;
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "a part is damaged");
#else
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOSYS, "it is compressed by zstd, which this build has not (libzstd-dev)");
#endif
    return false;
}

const uint8_t *packer_unpack(Packer *packer, const Part *part, const uint8_t *stored, GError **error)
{
    if (xxh64(stored, part->stored, 0) != part->sum) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "a part is damaged: its checksum is another");
        return NULL;
    }
    if (!part->packed)
        return stored;
    return expand(packer, part, stored, error) ? packer->room : NULL;
}
