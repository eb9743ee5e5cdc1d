/* SPDX-License-Identifier: MIT
 *
 * Get Features and Set Features (§5.15, §5.21).  The write cache is the only one that does something: the others are numbers that the guest
 * finds again, as they are about what this controller never does.
 */
#include <string.h>

#include "platform/devices/pci/nvme_priv.h"

typedef struct Feature {
    bool exists;
    uint32_t initial, changeable;
} Feature;

static const Feature features[NVME_FEATURES] = {
    [NVME_F_ARBITRATION] = {true, 0x07, 0xffffff07},
    [NVME_F_POWER] = {true, 0, 0},
    [NVME_F_TEMPERATURE] = {true, 343 /* K */, 0xffff},
    [NVME_F_ERROR_RECOVERY] = {true, 0, 0xffff},
    [NVME_F_WRITE_CACHE] = {true, 1, 1},
    [NVME_F_QUEUES] = {true, 0, 0},
    [NVME_F_COALESCING] = {true, 0, 0xffff},
    [NVME_F_VECTOR] = {true, 0, 0},
    [NVME_F_ATOMICITY] = {true, 0, 1},
    [NVME_F_EVENTS] = {true, 0, 0x1f},
};

enum { SELECT_CURRENT = 0, SELECT_DEFAULT, SELECT_SAVED, SELECT_CAPABILITIES, CAPABILITY_CHANGEABLE = 4 };
enum { VECTOR_ALONE = 1 << 16, THRESHOLD_OTHERS = 0x3f << 16 /* of sensors that do not exist, and lower ones */ };
#define SAVE 0x80000000u

void nvme_features_reset(Nvme *n)
{
    for (unsigned i = 0; i < NVME_FEATURES; i++)
        n->feature[i] = features[i].initial;
    n->vector_alone = 0;
}

static uint32_t value_of(const Nvme *n, unsigned id, uint32_t cdw11)
{
    const uint32_t vector = cdw11 & 0xffff, last = n->n_queues - 2;
    switch (id) {
    case NVME_F_QUEUES:
        return last | last << 16;
    case NVME_F_VECTOR:
        return vector | (n->vector_alone >> vector & 1 ? VECTOR_ALONE : 0);
    default:
        return n->feature[id];
    }
}

/* Whether CDW11 names something that the feature has. */
static bool has(const Nvme *n, unsigned id, uint32_t cdw11)
{
    if (id == NVME_F_VECTOR)
        return (cdw11 & 0xffff) < MAX(n->msix.n, 1);
    return id != NVME_F_TEMPERATURE || !(cdw11 & THRESHOLD_OTHERS);
}

NvmeStatus nvme_get_feature(Nvme *n, const NvmeCommand *c, uint32_t *result)
{
    const unsigned id = NVME_CDW(c, 10) & 0xff, select = NVME_CDW(c, 10) >> 8 & 7;
    const uint32_t cdw11 = NVME_CDW(c, 11);
    if (id >= NVME_FEATURES || !features[id].exists || select > SELECT_CAPABILITIES)
        return NVME_BAD_FIELD;
    if (select == SELECT_CAPABILITIES)
        *result = features[id].changeable || id == NVME_F_QUEUES || id == NVME_F_VECTOR ? CAPABILITY_CHANGEABLE : 0;
    else if (!has(n, id, cdw11))
        return id == NVME_F_TEMPERATURE && select == SELECT_CURRENT ? NVME_OK : NVME_BAD_FIELD; /* a threshold that is off: 0 */
    else
        *result =
            select == SELECT_CURRENT || id == NVME_F_QUEUES || id == NVME_F_VECTOR ? value_of(n, id, cdw11) : features[id].initial;
    return NVME_OK;
}

/* How many queues the guest gets is asked for before there is one (§5.21.1.7). */
static NvmeStatus ask_for_queues(Nvme *n, uint32_t cdw11, uint32_t *result)
{
    if ((cdw11 & 0xffff) == 0xffff || cdw11 >> 16 == 0xffff)
        return NVME_BAD_FIELD;
    for (unsigned i = 1; i < NVME_QUEUES_MAX; i++)
        if (n->cq[i].size)
            return NVME_BAD_SEQUENCE;
    *result = value_of(n, NVME_F_QUEUES, 0);
    return NVME_OK;
}

NvmeStatus nvme_set_feature(Nvme *n, const NvmeCommand *c, uint32_t *result)
{
    const unsigned id = NVME_CDW(c, 10) & 0xff;
    const uint32_t cdw11 = NVME_CDW(c, 11);
    if (id >= NVME_FEATURES || !features[id].exists)
        return NVME_BAD_FIELD;
    if (NVME_CDW(c, 10) & SAVE)
        return NVME_NOT_SAVEABLE;
    if (!has(n, id, cdw11))
        return NVME_BAD_FIELD;
    if (id == NVME_F_QUEUES)
        return ask_for_queues(n, cdw11, result);
    if (id == NVME_F_VECTOR) {
        const uint32_t bit = 1u << (cdw11 & 0xffff);
        n->vector_alone = cdw11 & VECTOR_ALONE ? n->vector_alone | bit : n->vector_alone & ~bit;
        return NVME_OK;
    }
    if (id == NVME_F_POWER && cdw11 & 0x1f) /* state 0 is the only one */
        return NVME_BAD_FIELD;
    n->feature[id] = cdw11 & features[id].changeable;
    return NVME_OK;
}
