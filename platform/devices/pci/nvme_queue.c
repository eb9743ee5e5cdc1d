/* SPDX-License-Identifier: MIT
 *
 * Queues in the guest's memory: commands are taken, completions posted (§4.1), and asynchronous events reported (§5.2).
 */
#include <inttypes.h>
#include <string.h>

#include "cpu/log.h"
#include "platform/devices/pci/nvme_priv.h"

enum { TURN = 64 /* commands that are taken before vCPUs and others have the device lock again */ };

/* --- completions */

static uint32_t free_entries(const NvmeCq *q)
{
    uint32_t used = (q->tail + q->size - q->head) % q->size;
    return q->size - 1 - used;
}

static bool has_room(const NvmeCq *q)
{
    return q->size && free_entries(q) > q->reserved;
}

/* The last word has the phase tag, by which the driver sees that the entry is new: it is written when the others are there. */
static bool write_entry(Nvme *n, uint64_t address, const uint32_t word[4])
{
    const Dma *dma = &n->pci.dma;
    uint32_t bytes[3];
    uint64_t length = sizeof(uint32_t), gpa;
    for (unsigned i = 0; i < G_N_ELEMENTS(bytes); i++)
        bytes[i] = GUINT32_TO_LE(word[i]);
    if (!dma_write(dma, address, bytes, sizeof(bytes)) || !dma_translate(dma, address + sizeof(bytes), &length, &gpa) ||
        length != sizeof(uint32_t))
        return false;
    memory_store32(dma->memory, gpa, GUINT32_SWAP_LE_BE(word[3]));
    return true;
}

static void interrupt(Nvme *n, const NvmeCq *q)
{
    if (q->interrupts && pci_msix_is_on(&n->msix, &n->pci))
        pci_msix_notify(&n->msix, &n->pci, q->vector);
    nvme_update_intx(n);
}

static void post(Nvme *n, unsigned sq, uint16_t cid, uint32_t result, NvmeStatus status)
{
    const NvmeSq *from = &n->sq[sq];
    NvmeCq *q = &n->cq[from->cq];
    const uint32_t word[4] = {result, 0, from->head | sq << 16, cid | (uint32_t)q->phase << 16 | (uint32_t)status << 17};
    if (!write_entry(n, q->base + (uint64_t)q->tail * NVME_COMPLETION, word)) {
        nvme_fatal(n, "a completion queue that is not in RAM");
        return;
    }
    if (++q->tail == q->size) {
        q->tail = 0;
        q->phase ^= 1;
    }
    interrupt(n, q);
}

static bool is_running(const Nvme *n)
{
    return !n->stopping && (n->csts & (NVME_CSTS_RDY | NVME_CSTS_CFS)) == NVME_CSTS_RDY;
}

static void log_error(Nvme *n, const NvmeCommand *c, NvmeStatus status)
{
    n->errors++;
    n->error_sq = (uint16_t)c->sq;
    n->error_cid = c->cid;
    n->error_status = (uint16_t)(status << 1);
    n->error_lba = c->sq ? NVME_CDW(c, 10) | (uint64_t)NVME_CDW(c, 11) << 32 : 0;
    n->error_namespace = c->nsid;
}

/* The command is in flight no more, and its entry of the completion queue is free for it. */
static void release(Nvme *n, const NvmeCommand *c)
{
    n->sq[c->sq].in_flight--;
    n->cq[n->sq[c->sq].cq].reserved--;
    n->in_flight--;
}

void nvme_complete(Nvme *n, const NvmeCommand *c, uint32_t result, NvmeStatus status)
{
    NvmeSq *q = &n->sq[c->sq];
    bool was_full = n->in_flight == NVME_IN_FLIGHT_MAX;
    release(n, c);
    if (is_running(n)) {
        if (status != NVME_OK)
            log_error(n, c, status);
        post(n, c->sq, c->cid, result, status);
        if (q->deletion && !q->in_flight) {
            const NvmeCommand deletion = {.cid = (uint16_t)(q->deletion - 1)};
            *q = (NvmeSq){0};
            nvme_complete(n, &deletion, 0, NVME_OK);
        }
    }
    if (was_full && n->again)
        event_signal(n->again);
    nvme_landed(n);
}

/* --- commands */

static bool load_command(Nvme *n, unsigned sq, NvmeCommand *c)
{
    const NvmeSq *q = &n->sq[sq];
    uint32_t word[NVME_COMMAND / 4];
    if (!dma_read(&n->pci.dma, q->base + (uint64_t)q->head * NVME_COMMAND, word, sizeof(word)))
        return false;
    for (unsigned i = 0; i < G_N_ELEMENTS(word); i++)
        word[i] = GUINT32_FROM_LE(word[i]);
    *c = (NvmeCommand){
        .sq = sq,
        .opcode = (uint8_t)word[0],
        .flags = (uint8_t)(word[0] >> 8),
        .cid = (uint16_t)(word[0] >> 16),
        .nsid = word[1],
        .prp = {word[6] | (uint64_t)word[7] << 32, word[8] | (uint64_t)word[9] << 32},
    };
    memcpy(c->cdw, &word[10], sizeof(c->cdw));
    return true;
}

/* False: there is nothing to take now. */
static bool take(Nvme *n, unsigned sq)
{
    NvmeSq *q = &n->sq[sq];
    NvmeCommand c;
    if (!is_running(n) || q->head == q->tail || q->deletion || !has_room(&n->cq[q->cq]) || n->in_flight == NVME_IN_FLIGHT_MAX)
        return false;
    if (!load_command(n, sq, &c)) {
        nvme_fatal(n, "a submission queue that is not in RAM");
        return false;
    }
    q->head = (q->head + 1) % q->size;
    q->in_flight++;
    n->cq[q->cq].reserved++;
    n->in_flight++;
    uint32_t result = 0;
    NvmeStatus status = sq ? nvme_io(n, &c) : nvme_admin(n, &c, &result);
    if (status != NVME_PENDING)
        nvme_complete(n, &c, result, status);
    return true;
}

/* Queues take turns, so that one that is always full does not keep the others waiting (§4.13). */
void nvme_run(Nvme *n)
{
    unsigned left = n->again ? TURN : UINT_MAX;
    for (unsigned i = 0; i < n->n_queues && left; i++) {
        n->next = (n->next + 1) % n->n_queues;
        while (left && take(n, n->next))
            left--;
    }
    if (!left)
        event_signal(n->again);
}

/* --- doorbells (§3.1.24): even ones are tails of submission queues, odd ones heads of completion queues */

static void send_events(Nvme *n);

void nvme_doorbell(Nvme *n, unsigned index, uint32_t value)
{
    const unsigned queue = index / 2;
    bool head = index & 1;
    if (!is_running(n))
        return;
    uint32_t size = queue >= NVME_QUEUES_MAX ? 0 : head ? n->cq[queue].size : n->sq[queue].size;
    if (value >= size) {
        LOG(LOG_GUEST_ERRORS, "%s: doorbell %u: %u, in a queue of %u", n->pci.dev.id, index, value, size);
        nvme_event(n, size ? NVME_EVENT_BAD_TAIL : NVME_EVENT_BAD_DOORBELL);
        return;
    }
    if (head) {
        n->cq[queue].head = value;
        nvme_update_intx(n);
        send_events(n);
    } else {
        n->sq[queue].tail = value;
    }
    nvme_run(n);
}

/* --- asynchronous events */

/* An event waits until the guest has a request for it and has read what the last one was about. */
static void send_events(Nvme *n)
{
    if (!n->event || n->event_told || !n->n_events || !is_running(n) || !has_room(&n->cq[0]))
        return;
    uint32_t event = n->event - 1;
    uint16_t cid = n->event_cid[--n->n_events];
    n->event = 0;
    n->event_told = 1;
    post(n, 0, cid, event, NVME_OK);
}

void nvme_event(Nvme *n, uint32_t event)
{
    n->event = event + 1;
    send_events(n);
}

NvmeStatus nvme_event_request(Nvme *n, const NvmeCommand *c)
{
    if (n->n_events == NVME_EVENTS_MAX)
        return NVME_EVENTS_EXCEEDED;
    n->event_cid[n->n_events++] = c->cid;
    release(n, c); /* it may wait for ever, and holds up nothing meanwhile */
    send_events(n);
    return NVME_PENDING;
}

void nvme_error_log_was_read(Nvme *n)
{
    n->event_told = 0;
    send_events(n);
}

/* --- begin and end */

void nvme_queues_reset(Nvme *n)
{
    memset(n->sq, 0, sizeof(n->sq));
    memset(n->cq, 0, sizeof(n->cq));
    n->n_events = n->event = n->event_told = n->next = 0;
}

/* What a load brought is a queue if a guest could have made it so. */
static bool sq_is_good(const Nvme *n, unsigned i)
{
    const NvmeSq *q = &n->sq[i];
    const uint32_t most = i ? NVME_IO_ENTRIES_MAX : NVME_ADMIN_ENTRIES_MAX;
    return i < n->n_queues && q->size >= 2 && q->size <= most && q->head < q->size && q->tail < q->size &&
           q->cq < NVME_QUEUES_MAX && !i == !q->cq && n->cq[q->cq].size;
}

static bool cq_is_good(const Nvme *n, unsigned i)
{
    const NvmeCq *q = &n->cq[i];
    const uint32_t most = i ? NVME_IO_ENTRIES_MAX : NVME_ADMIN_ENTRIES_MAX;
    return i < n->n_queues && q->size >= 2 && q->size <= most && q->head < q->size && q->tail < q->size && q->phase <= 1 &&
           q->vector < PCI_MSIX_VECTORS_MAX;
}

void nvme_queues_post_load(Nvme *n)
{
    for (unsigned i = 0; i < NVME_QUEUES_MAX; i++)
        if (!cq_is_good(n, i))
            n->cq[i] = (NvmeCq){0};
    for (unsigned i = 0; i < NVME_QUEUES_MAX; i++)
        if (!sq_is_good(n, i))
            n->sq[i] = (NvmeSq){0};
    n->n_events = MIN(n->n_events, NVME_EVENTS_MAX);
    if (n->again)
        event_signal(n->again); /* goes on with what is in the queues */
}
