/* SPDX-License-Identifier: MIT
 *
 * The admin command set (§5): queues are made and deleted here.
 */
#include "platform/devices/pci/nvme_priv.h"

enum {
    DELETE_SQ = 0x00,
    CREATE_SQ = 0x01,
    GET_LOG = 0x02,
    DELETE_CQ = 0x04,
    CREATE_CQ = 0x05,
    IDENTIFY = 0x06,
    ABORT = 0x08,
    SET_FEATURES = 0x09,
    GET_FEATURES = 0x0a,
    EVENT_REQUEST = 0x0c,
};
enum { CONTIGUOUS = 1, INTERRUPTS = 2, NOT_ABORTED = 1 };

/* What both kinds of queues have in common: CDW10 has identifier and size, PRP entry 1 the address. */
static NvmeStatus check_queue(const Nvme *n, const NvmeCommand *c)
{
    const uint32_t qid = NVME_CDW(c, 10) & 0xffff, last = NVME_CDW(c, 10) >> 16;
    if (qid == 0 || qid >= n->n_queues)
        return NVME_BAD_QID;
    if (last == 0 || last >= NVME_IO_ENTRIES_MAX || (n->cc & NVME_CC_SIZES) != NVME_CC_SIZES_RIGHT)
        return NVME_BAD_QUEUE_SIZE;
    if (c->prp[0] & (NVME_PAGE - 1))
        return NVME_BAD_PRP;
    return NVME_CDW(c, 11) & CONTIGUOUS ? NVME_OK : NVME_BAD_FIELD;
}

static NvmeStatus create_cq(Nvme *n, const NvmeCommand *c)
{
    const uint32_t qid = NVME_CDW(c, 10) & 0xffff, vector = NVME_CDW(c, 11) >> 16;
    NvmeStatus status = check_queue(n, c);
    if (status != NVME_OK)
        return status;
    if (n->cq[qid].size)
        return NVME_BAD_QID;
    if (vector && (!pci_msix_is_on(&n->msix, &n->pci) || vector >= n->msix.n))
        return NVME_BAD_VECTOR;
    n->cq[qid] = (NvmeCq){
        .base = c->prp[0],
        .size = (NVME_CDW(c, 10) >> 16) + 1,
        .vector = vector,
        .phase = 1,
        .interrupts = NVME_CDW(c, 11) & INTERRUPTS ? 1 : 0,
    };
    return NVME_OK;
}

static NvmeStatus create_sq(Nvme *n, const NvmeCommand *c)
{
    const uint32_t qid = NVME_CDW(c, 10) & 0xffff, cq = NVME_CDW(c, 11) >> 16;
    NvmeStatus status = check_queue(n, c);
    if (status != NVME_OK)
        return status;
    if (n->sq[qid].size)
        return NVME_BAD_QID;
    if (cq == 0 || cq >= n->n_queues || !n->cq[cq].size)
        return NVME_BAD_CQ;
    n->sq[qid] = (NvmeSq){.base = c->prp[0], .size = (NVME_CDW(c, 10) >> 16) + 1, .cq = cq};
    return NVME_OK;
}

/* Commands in flight write into RAM until they are done, so the answer waits for them (§5.6). */
static NvmeStatus delete_sq(Nvme *n, const NvmeCommand *c)
{
    const uint32_t qid = NVME_CDW(c, 10) & 0xffff;
    if (qid == 0 || qid >= NVME_QUEUES_MAX || !n->sq[qid].size || n->sq[qid].deletion)
        return NVME_BAD_QID;
    if (n->sq[qid].in_flight) {
        n->sq[qid].deletion = c->cid + 1u;
        return NVME_PENDING;
    }
    n->sq[qid] = (NvmeSq){0};
    return NVME_OK;
}

static NvmeStatus delete_cq(Nvme *n, const NvmeCommand *c)
{
    const uint32_t qid = NVME_CDW(c, 10) & 0xffff;
    if (qid == 0 || qid >= NVME_QUEUES_MAX || !n->cq[qid].size)
        return NVME_BAD_QID;
    for (unsigned i = 1; i < NVME_QUEUES_MAX; i++)
        if (n->sq[i].size && n->sq[i].cq == qid)
            return NVME_BAD_DELETION;
    n->cq[qid] = (NvmeCq){0};
    nvme_update_intx(n);
    return NVME_OK;
}

static NvmeStatus carry_out(Nvme *n, const NvmeCommand *c, uint32_t *result)
{
    switch (c->opcode) {
    case DELETE_SQ:
        return delete_sq(n, c);
    case CREATE_SQ:
        return create_sq(n, c);
    case GET_LOG:
        return nvme_get_log(n, c);
    case DELETE_CQ:
        return delete_cq(n, c);
    case CREATE_CQ:
        return create_cq(n, c);
    case IDENTIFY:
        return nvme_identify(n, c);
    case ABORT:
        *result = NOT_ABORTED; /* §5.1 leaves it to the controller: the host has begun with the command already */
        return NVME_OK;
    case SET_FEATURES:
        return nvme_set_feature(n, c, result);
    case GET_FEATURES:
        return nvme_get_feature(n, c, result);
    case EVENT_REQUEST:
        return nvme_event_request(n, c);
    default:
        return NVME_BAD_OPCODE;
    }
}

NvmeStatus nvme_admin(Nvme *n, const NvmeCommand *c, uint32_t *result)
{
    if (c->flags & 3) /* half of a fused operation */
        return NVME_BAD_FIELD | NVME_DO_NOT_RETRY;
    NvmeStatus status = carry_out(n, c, result);
    return status == NVME_OK || status == NVME_PENDING ? status : status | NVME_DO_NOT_RETRY;
}
