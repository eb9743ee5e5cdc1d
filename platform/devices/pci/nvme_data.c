/* SPDX-License-Identifier: MIT
 *
 * Physical region page entries: which RAM a command is about (§4.3).  The first entry begins anywhere in a page, the others are whole pages;
 * of three and more, the second entry is the address of a list, whose last entry in a page leads to the next list where there are more.
 */
#include <string.h>

#include "platform/devices/pci/nvme_priv.h"

enum { PRP_SIZE = 8, OFFSET = NVME_PAGE - 1 };

static NvmeStatus add(Nvme *n, NvmeData *data, uint64_t address, uint64_t size, bool write)
{
    uint64_t length = size;
    MemoryMap *piece = &data->piece[data->n];
    if (!dma_map(&n->pci.dma, address, &length, write, piece))
        return NVME_BAD_TRANSFER;
    data->n++;
    return length == size ? NVME_OK : NVME_BAD_TRANSFER;
}

/* A page at a time, so that a list of any length costs few accesses; no list has more entries than the transfer has pages. */
static NvmeStatus add_list(Nvme *n, NvmeData *data, uint64_t list, uint64_t left, bool write)
{
    uint64_t entry[NVME_PAGE / PRP_SIZE];
    while (left) {
        const uint64_t pages = (left + NVME_PAGE - 1) / NVME_PAGE, room = (NVME_PAGE - (list & OFFSET)) / PRP_SIZE;
        const bool more = pages > room;
        const unsigned entries = (unsigned)MIN(pages, room), own = entries - more;
        if (list % PRP_SIZE)
            return NVME_BAD_PRP;
        if (!dma_read(&n->pci.dma, list, entry, entries * (size_t)PRP_SIZE))
            return NVME_BAD_TRANSFER;
        for (unsigned i = 0; i < own; i++) {
            const uint64_t page = GUINT64_FROM_LE(entry[i]), size = MIN(left, NVME_PAGE);
            NvmeStatus status = page & OFFSET ? NVME_BAD_PRP : add(n, data, page, size, write);
            if (status != NVME_OK)
                return status;
            left -= size;
        }
        list = more ? GUINT64_FROM_LE(entry[own]) : 0;
        if (more && list & OFFSET)
            return NVME_BAD_PRP;
    }
    return NVME_OK;
}

static NvmeStatus add_all(Nvme *n, const NvmeCommand *c, uint64_t size, bool write, NvmeData *data)
{
    const uint64_t first = MIN(size, NVME_PAGE - (c->prp[0] & OFFSET)), left = size - first;
    if (c->prp[0] & 3)
        return NVME_BAD_PRP;
    NvmeStatus status = add(n, data, c->prp[0], first, write);
    if (status != NVME_OK || !left)
        return status;
    if (left > NVME_PAGE)
        return add_list(n, data, c->prp[1], left, write);
    return c->prp[1] & OFFSET ? NVME_BAD_PRP : add(n, data, c->prp[1], left, write);
}

NvmeStatus nvme_map(Nvme *n, const NvmeCommand *c, uint64_t size, bool write, NvmeData *data)
{
    data->n = 0;
    if (size > NVME_TRANSFER_MAX || c->flags >> 6 /* PSDT: another kind of list */)
        return NVME_BAD_FIELD | NVME_DO_NOT_RETRY;
    NvmeStatus status = add_all(n, c, size, write, data);
    if (status == NVME_OK)
        return status;
    nvme_unmap(n, data->piece, data->n);
    return status | NVME_DO_NOT_RETRY;
}

void nvme_unmap(Nvme *n, MemoryMap *piece, unsigned pieces)
{
    for (unsigned i = 0; i < pieces; i++)
        memory_unmap(n->pci.dma.memory, &piece[i]);
}

unsigned nvme_iov(const NvmeData *data, struct iovec *iov)
{
    unsigned n = 0;
    for (unsigned i = 0; i < data->n; i++) {
        const MemoryMap *piece = &data->piece[i];
        struct iovec *last = n ? &iov[n - 1] : NULL;
        if (last && (uint8_t *)last->iov_base + last->iov_len == piece->at)
            last->iov_len += (size_t)piece->length;
        else
            iov[n++] = (struct iovec){piece->at, (size_t)piece->length};
    }
    return n;
}

NvmeStatus nvme_to_guest(Nvme *n, const NvmeCommand *c, const void *from, uint64_t size)
{
    NvmeData data;
    const uint8_t *at = from;
    NvmeStatus status = nvme_map(n, c, size, true, &data);
    if (status != NVME_OK)
        return status;
    for (unsigned i = 0; i < data.n; at += data.piece[i++].length)
        memcpy(data.piece[i].at, at, (size_t)data.piece[i].length);
    nvme_unmap(n, data.piece, data.n);
    return NVME_OK;
}

NvmeStatus nvme_from_guest(Nvme *n, const NvmeCommand *c, void *to, uint64_t size)
{
    NvmeData data;
    uint8_t *at = to;
    NvmeStatus status = nvme_map(n, c, size, false, &data);
    if (status != NVME_OK)
        return status;
    for (unsigned i = 0; i < data.n; at += data.piece[i++].length)
        memcpy(at, data.piece[i].at, (size_t)data.piece[i].length);
    nvme_unmap(n, data.piece, data.n);
    return NVME_OK;
}
