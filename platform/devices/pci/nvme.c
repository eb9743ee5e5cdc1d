/* SPDX-License-Identifier: MIT
 *
 * Registers (§3.1), the wire, and how the controller is enabled, shut down and reset (§7.6).
 */
#include "platform/devices/pci/nvme_priv.h"

#include <string.h>

#include "cpu/log.h"

static const DeviceField nvme_fields[] = {
    PCI_DEVICE_FIELDS(Nvme, pci),        PCI_MSIX_FIELDS(Nvme, msix),         DEVICE_FIELD(Nvme, asq, 0),
    DEVICE_FIELD(Nvme, acq, 0),          DEVICE_FIELD(Nvme, sectors_read, 0), DEVICE_FIELD(Nvme, sectors_written, 0),
    DEVICE_FIELD(Nvme, reads, 0),        DEVICE_FIELD(Nvme, writes, 0),       DEVICE_FIELD(Nvme, media_errors, 0),
    DEVICE_FIELD(Nvme, errors, 0),       DEVICE_FIELD(Nvme, error_lba, 0),    DEVICE_FIELD(Nvme, error_namespace, 0),
    DEVICE_FIELD(Nvme, cc, 0),           DEVICE_FIELD(Nvme, csts, 0),         DEVICE_FIELD(Nvme, aqa, 0),
    DEVICE_FIELD(Nvme, intms, 0),        DEVICE_ARRAY(Nvme, feature, 0),      DEVICE_FIELD(Nvme, vector_alone, 0),
    DEVICE_FIELD(Nvme, n_events, 0),     DEVICE_FIELD(Nvme, event, 0),        DEVICE_FIELD(Nvme, event_told, 0),
    DEVICE_ARRAY(Nvme, event_cid, 0),    DEVICE_FIELD(Nvme, error_sq, 0),     DEVICE_FIELD(Nvme, error_cid, 0),
    DEVICE_FIELD(Nvme, error_status, 0), STATE_COLUMN(Nvme, sq, base),        STATE_COLUMN(Nvme, sq, size),
    STATE_COLUMN(Nvme, sq, head),        STATE_COLUMN(Nvme, sq, tail),        STATE_COLUMN(Nvme, sq, cq),
    STATE_COLUMN(Nvme, cq, base),        STATE_COLUMN(Nvme, cq, size),        STATE_COLUMN(Nvme, cq, head),
    STATE_COLUMN(Nvme, cq, tail),        STATE_COLUMN(Nvme, cq, vector),      STATE_COLUMN(Nvme, cq, phase),
    STATE_COLUMN(Nvme, cq, interrupts),
};

/* Nothing is in flight when the state is saved: nvme_settle(). */
static const StateField nvme_derived[] = {
    PCI_DEVICE_DERIVED(Nvme, pci),     PCI_MSIX_DERIVED(Nvme, msix),     STATE_DERIVED(Nvme, block),
    STATE_DERIVED(Nvme, again),        STATE_DERIVED(Nvme, serial),      STATE_DERIVED(Nvme, n_queues),
    STATE_DERIVED(Nvme, stopping),     STATE_DERIVED(Nvme, in_flight),   STATE_COLUMN(Nvme, sq, in_flight),
    STATE_DERIVED(Nvme, next),         STATE_DERIVED(Nvme, shut),        STATE_COLUMN(Nvme, sq, deletion),
    STATE_DERIVED(Nvme, shut_flushes), STATE_COLUMN(Nvme, cq, reserved),
};
STATE_STRUCT(Nvme, nvme);

enum { BAR_REGISTERS = 0, BAR_MSIX = 4, REGISTERS_SIZE = 0x2000, DOORBELLS = 0x1000 };
enum { CAP = 0x00, VS = 0x08, INTMS = 0x0c, INTMC = 0x10, CC = 0x14, CSTS = 0x1c, AQA = 0x24, ASQ = 0x28, ACQ = 0x30 };
enum { VERSION = 0x00010400, AQA_BITS = 0x0fff0fff };

/* CAP: queues of so many entries that lie in one piece, 7.5 s to become ready, the NVM command set, pages of 4 KiB. */
#define CAP_VALUE ((NVME_IO_ENTRIES_MAX - 1) | UINT64_C(1) << 16 | UINT64_C(15) << 24 | UINT64_C(1) << 37)

/* --- interrupts (§7.5) */

void nvme_update_intx(Nvme *n)
{
    bool level = false;
    for (unsigned i = 0; i < NVME_QUEUES_MAX && !level; i++)
        level = n->cq[i].size && n->cq[i].interrupts && n->cq[i].head != n->cq[i].tail;
    pci_set_intx(&n->pci, level && !(n->intms & 1) && !pci_msix_is_on(&n->msix, &n->pci));
}

void nvme_fatal(Nvme *n, const char *why)
{
    LOG(LOG_GUEST_ERRORS, "%s: %s; the controller stops", n->pci.dev.id, why);
    n->csts |= NVME_CSTS_CFS;
}

/* --- enabled and disabled */

/* §7.6.1: the admin queue is where AQA, ASQ and ACQ say. */
static void enable(Nvme *n)
{
    const uint32_t submissions = (n->aqa & 0xfff) + 1, completions = (n->aqa >> 16) + 1;
    if (n->cc & (NVME_CC_CSS | NVME_CC_MPS | NVME_CC_AMS)) {
        nvme_fatal(n, "CC asks for what CAP does not offer");
        return;
    }
    if (submissions < 2 || completions < 2) {
        nvme_fatal(n, "AQA has a queue of one entry");
        return;
    }
    n->sq[0] = (NvmeSq){.base = n->asq, .size = submissions};
    n->cq[0] = (NvmeCq){.base = n->acq, .size = completions, .phase = 1, .interrupts = 1};
    n->csts |= NVME_CSTS_RDY;
}

/* §7.3.2: AQA, ASQ and ACQ stay. */
static void stop(Nvme *n)
{
    n->stopping = false;
    n->csts = 0;
    n->intms = 0;
    nvme_queues_reset(n);
    nvme_features_reset(n);
    nvme_update_intx(n);
}

/* RDY goes down when nobody writes into RAM any more; a guest that did not wait for it is served then. */
void nvme_landed(Nvme *n)
{
    if (!n->stopping || n->in_flight)
        return;
    stop(n);
    if (n->cc & NVME_CC_EN)
        enable(n);
}

static void shut_done(void *opaque, int error)
{
    Nvme *n = opaque;
    n->in_flight--;
    n->shut_flushes = false;
    if (n->csts & NVME_CSTS_SHUTTING)
        n->csts ^= NVME_CSTS_SHUTTING | NVME_CSTS_SHUT;
    nvme_landed(n);
}

/* §7.6.2: what was written is on the disk when CSTS says so. */
static void shut_down(Nvme *n)
{
    if (n->shut_flushes || n->csts & NVME_CSTS_SHUT)
        return;
    n->csts |= NVME_CSTS_SHUTTING;
    n->shut_flushes = true;
    n->in_flight++;
    n->shut = (BlockRequest){.op = BLOCK_FLUSH, .done = shut_done, .opaque = n};
    block_submit(n->block, &n->shut);
}

static void cc_write(Nvme *n, uint32_t value)
{
    const uint32_t before = n->cc;
    n->cc = value & (NVME_CC_EN | NVME_CC_CSS | NVME_CC_MPS | NVME_CC_AMS | NVME_CC_SHN | NVME_CC_SIZES);
    if (n->cc & ~before & NVME_CC_SHN)
        shut_down(n);
    if (before & ~n->cc & NVME_CC_EN) {
        n->stopping = true;
        nvme_landed(n);
    } else if (n->cc & ~before & NVME_CC_EN && !n->stopping) {
        enable(n);
    }
}

/* --- registers */

static uint64_t whole_register(const Nvme *n, uint64_t offset)
{
    switch (offset) {
    case CAP:
        return CAP_VALUE;
    case ASQ:
        return n->asq;
    case ACQ:
        return n->acq;
    default:
        return 0;
    }
}

static uint32_t reg_read(const Nvme *n, uint64_t offset)
{
    switch (offset) {
    case VS:
        return VERSION;
    case INTMS:
    case INTMC:
        return n->intms;
    case CC:
        return n->cc;
    case CSTS:
        return n->csts;
    case AQA:
        return n->aqa;
    default:
        return (uint32_t)(whole_register(n, offset & ~UINT64_C(7)) >> 8 * (offset & 4));
    }
}

static uint64_t with_half(uint64_t whole, bool upper, uint32_t value)
{
    return upper ? (whole & UINT32_MAX) | (uint64_t)value << 32 : (whole & ~(uint64_t)UINT32_MAX) | value;
}

static void reg_write(Nvme *n, uint64_t offset, uint32_t value)
{
    const bool upper = offset & 4;
    switch (offset) {
    case INTMS:
        n->intms |= value;
        nvme_update_intx(n);
        break;
    case INTMC:
        n->intms &= ~value;
        nvme_update_intx(n);
        break;
    case CC:
        cc_write(n, value);
        break;
    case AQA:
        n->aqa = value & AQA_BITS;
        break;
    case ASQ:
    case ASQ + 4:
        n->asq = with_half(n->asq, upper, value) & ~(uint64_t)(NVME_PAGE - 1);
        break;
    case ACQ:
    case ACQ + 4:
        n->acq = with_half(n->acq, upper, value) & ~(uint64_t)(NVME_PAGE - 1);
        break;
    default:
        break;
    }
}

static uint32_t nvme_read(PciDevice *pci, unsigned bar, uint64_t offset, unsigned size)
{
    Nvme *n = (Nvme *)pci;
    if (bar == BAR_MSIX)
        return pci_msix_read(&n->msix, offset, size);
    if (offset >= DOORBELLS)
        return 0; /* they are only written */
    uint32_t whole = reg_read(n, offset & ~UINT64_C(3));
    return size == 4 ? whole : whole >> 8 * (offset & 3) & ((1u << 8 * size) - 1);
}

static void nvme_write(PciDevice *pci, unsigned bar, uint64_t offset, unsigned size, uint32_t value)
{
    Nvme *n = (Nvme *)pci;
    if (bar == BAR_MSIX)
        pci_msix_write(&n->msix, pci, offset, size, value);
    else if (size != 4)
        LOG(LOG_GUEST_ERRORS, "%s: a write of %u bytes at 0x%x, where registers are of 4", pci->dev.id, size, (unsigned)offset);
    else if (offset >= DOORBELLS)
        nvme_doorbell(n, (unsigned)(offset - DOORBELLS) / 4, value);
    else
        reg_write(n, offset, value);
}

static void nvme_config_written(PciDevice *pci, unsigned at, unsigned size)
{
    Nvme *n = (Nvme *)pci;
    pci_msix_config_written(&n->msix, pci);
    nvme_update_intx(n);
}

/* --- life */

static void nvme_settle(Device *dev)
{
    block_drain(((Nvme *)dev)->block);
}

static void nvme_reset(Device *dev)
{
    Nvme *n = (Nvme *)dev;
    nvme_settle(dev);
    stop(n);
    pci_msix_reset(&n->msix);
    pci_device_reset(&n->pci);
}

static void nvme_post_load(Device *dev)
{
    Nvme *n = (Nvme *)dev;
    n->aqa &= AQA_BITS;
    n->asq &= ~(uint64_t)(NVME_PAGE - 1);
    n->acq &= ~(uint64_t)(NVME_PAGE - 1);
    pci_device_post_load(&n->pci);
    nvme_queues_post_load(n);
    if (!n->sq[0].size || !n->cq[0].size)
        n->csts &= ~(uint32_t)NVME_CSTS_RDY;
    nvme_update_intx(n);
}

static void nvme_free(Device *dev)
{
    Nvme *n = (Nvme *)dev;
    pci_device_unplug(&n->pci);
    g_free(n);
}

static void go_on(void *nvme)
{
    nvme_run(nvme);
}

static const DeviceOps nvme_ops = {
    .name = "nvme",
    .state = &nvme_state,
    .reset = nvme_reset,
    .describe = device_no_node,
    .settle = nvme_settle,
    .post_load = nvme_post_load,
    .free = nvme_free,
};

static const PciDeviceOps nvme_pci_ops = {.read = nvme_read, .write = nvme_write, .config_written = nvme_config_written};

PciDevice *nvme_new(const char *id, const NvmeConfig *config)
{
    static const PciIdentity identity = {.vendor = 0x1b36,
                                         .device = 0x0010,
                                         .class_code = 0x010802,
                                         .subsystem_vendor = 0x1af4,
                                         .subsystem = 0x1100,
                                         .revision = 2,
                                         .pin = 1};
    Nvme *n = g_new0(Nvme, 1);
    n->block = config->block;
    n->again = config->again;
    n->n_queues = config->n_io_queues + 1;
    for (unsigned i = 0; i < sizeof(n->serial) && config->serial[i]; i++)
        n->serial[i] = config->serial[i];
    pci_device_init(&n->pci, &nvme_ops, &nvme_pci_ops, id, &identity);
    n->pci.name = config->name;
    pci_config_add_bar(&n->pci.config, BAR_REGISTERS, PCI_BAR_MEMORY64, REGISTERS_SIZE);
    if (config->vectors)
        pci_msix_init(&n->msix, &n->pci, BAR_MSIX, config->vectors);
    if (n->again)
        event_listen(n->again, go_on, n);
    nvme_features_reset(n);
    return &n->pci;
}
