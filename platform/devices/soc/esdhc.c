/* SPDX-License-Identifier: MIT */
#include "platform/devices/soc/esdhc.h"

#include <inttypes.h>
#include <string.h>

#include "cpu/log.h"
#include "platform/base/dma.h"
#include "platform/devices/soc/sd_card.h"

/* Offsets of registers (table 19-2) */
enum {
    DSADDR = 0x00,
    BLKATTR = 0x04,
    CMDARG = 0x08,
    XFERTYP = 0x0c,
    CMDRSP0 = 0x10,
    DATPORT = 0x20,
    PRSSTAT = 0x24,
    PROCTL = 0x28,
    SYSCTL = 0x2c,
    IRQSTAT = 0x30,
    IRQSTATEN = 0x34,
    IRQSIGEN = 0x38,
    AUTOC12ERR = 0x3c,
    HOSTCAPBLT = 0x40,
    WML = 0x44,
    FEVT = 0x50,
    HOSTVER = 0xfc,
    REGISTERS_END = 0x100,
    DCR = 0x40c,
};

/* XFERTYP */
enum { X_DMA = 0x01, X_AUTO_CMD12 = 0x04, X_READ = 0x10, X_MULTIPLE = 0x20, X_ANSWER = 0x30000, X_DATA = 0x200000 };

/* PRSSTAT; the card is there, its wires are high, its clock is stable. */
enum {
    P_INHIBIT_DATA = 0x02,
    P_DATA_ACTIVE = 0x04,
    P_CLOCK_STABLE = 0x08,
    P_WRITES = 0x100,
    P_READS = 0x200,
    P_WRITE_ENABLE = 0x400,
    P_READ_ENABLE = 0x800,
    P_CARD = 0x50000,
    P_WRITABLE = 0x80000,
};
#define P_WIRES 0xff800000u
#define P_WIRE0 0x01000000u /* the card holds it down while it is busy */

enum { SYSCTL_RESET_ALL = 1 << 24, SYSCTL_RESET_CMD = 1 << 25, SYSCTL_RESET_DATA = 1 << 26, SYSCTL_INIT = 1 << 27 };
enum { SYSCTL_RESETS = SYSCTL_RESET_ALL | SYSCTL_RESET_CMD | SYSCTL_RESET_DATA };
enum { PROCTL_ENDIAN = 0x30, PROCTL_LITTLE = 0x20 };

/* IRQSTAT */
enum {
    I_COMMAND = 0x01,
    I_TRANSFER = 0x02,
    I_WRITE_READY = 0x10,
    I_READ_READY = 0x20,
    I_COMMAND_TIMEOUT = 0x10000,
    I_DATA_TIMEOUT = 0x100000,
    I_DATA_CRC = 0x200000,
    I_DMA_ERROR = 0x10000000,
    I_ALL = 0x117f01ff,
    I_OF_DATA = I_TRANSFER | 0x04 | 0x08 | I_WRITE_READY | I_READ_READY,
};

/* Base clock of 50 MHz, 3.3 V, high speed, DMA; and version 2.00 of the host's specification, 1.2 of the maker's. */
enum { CAPABILITIES = 0x01600000 | 50 << 8 | 0x80 | 50, VERSION = 0x1201 };
enum { BLOCK_MAX = 4096, CMD_READ_MULTIPLE = 18, CMD_WRITE_MULTIPLE = 25 };
enum { NO_TRANSFER, TRANSFER_IN, TRANSFER_OUT, TRANSFERS };

typedef struct Esdhc {
    Device dev;
    Dma dma;
    IrqInput irq;
    /* What the drive has been asked for */
    struct iovec iov;
    MemoryMap map;
    BlockRequest request;
    uint32_t resets; /* bits of SYSCTL that wait for the drive */
    bool busy, cancelled, erasing, by_dma;

    SdCard card;
    uint64_t offset, left; /* bytes: in the drive, and of the transfer, with the block in the buffer */
    uint32_t transfer;     /* NO_TRANSFER… */
    uint32_t fill, at;     /* of the buffer: bytes that are there or are to come, and the next one */
    uint32_t stops;        /* the card stops by itself at the end */
    uint32_t dcr;
    uint32_t from_register; /* what is in the buffer is a register of the card */
    uint32_t reg[REGISTERS_END / 4];
    uint8_t buffer[BLOCK_MAX];
} Esdhc;

#define REG(e, offset) ((e)->reg[(offset) / 4])

static const DeviceField esdhc_fields[] = {
    SD_CARD_FIELDS(Esdhc, card),      DEVICE_FIELD(Esdhc, offset, 0), DEVICE_FIELD(Esdhc, left, 0),
    DEVICE_FIELD(Esdhc, transfer, 0), DEVICE_FIELD(Esdhc, fill, 0),   DEVICE_FIELD(Esdhc, at, 0),
    DEVICE_FIELD(Esdhc, stops, 0),    DEVICE_FIELD(Esdhc, dcr, 0),    DEVICE_FIELD(Esdhc, from_register, 0),
    DEVICE_ARRAY(Esdhc, reg, 0),      DEVICE_ARRAY(Esdhc, buffer, 0),
};

/* The drive is asked for nothing when the state is saved: esdhc_settle(). */
static const StateField esdhc_derived[] = {
    SD_CARD_DERIVED(Esdhc, card), STATE_DERIVED(Esdhc, dev),       STATE_DERIVED(Esdhc, dma),     STATE_DERIVED(Esdhc, irq),
    STATE_DERIVED(Esdhc, iov),    STATE_DERIVED(Esdhc, map),       STATE_DERIVED(Esdhc, request), STATE_DERIVED(Esdhc, resets),
    STATE_DERIVED(Esdhc, busy),   STATE_DERIVED(Esdhc, cancelled), STATE_DERIVED(Esdhc, erasing), STATE_DERIVED(Esdhc, by_dma),
};
STATE_STRUCT(Esdhc, esdhc);

/* --- interrupts */

static void update_wire(Esdhc *e)
{
    irq_set(&e->irq.line, (REG(e, IRQSTAT) & REG(e, IRQSIGEN)) != 0);
}

static void tell(Esdhc *e, uint32_t what)
{
    REG(e, IRQSTAT) |= what & REG(e, IRQSTATEN);
    update_wire(e);
}

/* --- data */

static void end_transfer(Esdhc *e, bool failed, uint32_t what)
{
    e->transfer = NO_TRANSFER;
    e->fill = e->at = 0;
    sd_card_moved(&e->card, e->stops || failed, failed);
    tell(e, what);
}

static void done(void *opaque, int error);

static void ask_drive(Esdhc *e, BlockOp op, uint8_t *at, uint64_t length)
{
    g_assert(!e->busy); /* there is one request */
    e->busy = true;
    e->iov = (struct iovec){at, (size_t)length};
    e->request = (BlockRequest){.op = op,
                                .offset = e->offset,
                                .length = length,
                                .iov = &e->iov,
                                .n_iov = 1,
                                .may_unmap = op == BLOCK_WRITE_ZEROES,
                                .done = done,
                                .opaque = e};
    block_submit(e->card.block, &e->request);
}

/* The next block of a transfer that the guest makes by itself. */
static void next_block(Esdhc *e)
{
    const uint32_t size = REG(e, BLKATTR) & 0x1fff;
    e->fill = (uint32_t)MIN(e->left, size ? MIN(size, BLOCK_MAX) : BLOCK_MAX);
    e->at = 0;
    if (!e->left)
        end_transfer(e, false, I_TRANSFER);
    else if (e->transfer == TRANSFER_OUT)
        tell(e, I_WRITE_READY);
    else if (e->from_register)
        tell(e, I_READ_READY);
    else
        ask_drive(e, BLOCK_READ, e->buffer, e->fill);
}

static void block_moved(Esdhc *e)
{
    e->left -= e->fill;
    e->offset += e->fill;
    next_block(e);
}

static void apply_resets(Esdhc *e, uint32_t resets);

static void done(void *opaque, int error)
{
    Esdhc *e = opaque;
    const bool cancelled = e->cancelled;
    e->busy = e->cancelled = false;
    memory_unmap(e->dma.memory, &e->map);
    if (e->erasing) {
        e->erasing = false;
        sd_card_moved(&e->card, true, error != 0);
    } else if (cancelled) {
        sd_card_moved(&e->card, true, false);
    } else if (error) {
        end_transfer(e, true, I_DATA_CRC);
    } else if (e->by_dma) {
        end_transfer(e, false, I_TRANSFER);
    } else if (e->transfer == TRANSFER_IN) {
        tell(e, I_READ_READY);
    } else {
        block_moved(e);
    }
    if (e->resets && !e->busy)
        apply_resets(e, e->resets);
}

/* A transfer is one piece of RAM: simple DMA has one address. */
static void begin_dma(Esdhc *e)
{
    const bool in = e->transfer == TRANSFER_IN;
    uint64_t length = e->left;
    if (!dma_map(&e->dma, REG(e, DSADDR) & ~3u, &length, in, &e->map) || length != e->left) {
        LOG(LOG_GUEST_ERRORS, "%s: DMA at 0x%x, which is not in RAM", e->dev.id, REG(e, DSADDR));
        memory_unmap(e->dma.memory, &e->map);
        end_transfer(e, true, I_DMA_ERROR);
        return;
    }
    e->by_dma = true;
    if (!e->from_register) {
        ask_drive(e, in ? BLOCK_READ : BLOCK_WRITE, e->map.at, length);
        return;
    }
    memcpy(e->map.at, e->buffer, (size_t)length);
    memory_unmap(e->dma.memory, &e->map);
    end_transfer(e, false, I_TRANSFER);
}

static void begin_transfer(Esdhc *e, const SdAnswer *a, uint32_t type)
{
    const uint32_t size = REG(e, BLKATTR) & 0x1fff, blocks = type & X_MULTIPLE ? REG(e, BLKATTR) >> 16 : 1;
    const unsigned index = type >> 24 & 0x3f;
    const bool in = a->data == SD_READ || a->data == SD_REGISTER;
    e->stops = type & X_AUTO_CMD12 || (index != CMD_READ_MULTIPLE && index != CMD_WRITE_MULTIPLE);
    e->transfer = in ? TRANSFER_IN : TRANSFER_OUT;
    e->from_register = a->data == SD_REGISTER;
    e->by_dma = false;
    e->offset = a->offset;
    e->left = e->from_register ? MIN(a->n_bytes, (uint64_t)size * blocks) : (uint64_t)size * blocks;
    memcpy(e->buffer, a->bytes, a->n_bytes);
    if (a->data == SD_NOTHING || in != !!(type & X_READ) || !size || size > BLOCK_MAX || !e->left ||
        (!e->from_register && e->left > e->card.size - e->offset))
        end_transfer(e, true, I_DATA_TIMEOUT);
    else if (type & X_DMA)
        begin_dma(e);
    else
        next_block(e);
}

static uint32_t swap_for(const Esdhc *e, uint32_t word)
{
    return (REG(e, PROCTL) & PROCTL_ENDIAN) == PROCTL_LITTLE ? GUINT32_SWAP_LE_BE(word) : word;
}

static bool guest_reads(const Esdhc *e)
{
    return e->transfer == TRANSFER_IN && !e->busy && e->at < e->fill;
}

static bool guest_writes(const Esdhc *e)
{
    return e->transfer == TRANSFER_OUT && !e->busy && e->at < e->fill;
}

static uint32_t port_read(Esdhc *e)
{
    uint32_t word;
    if (!guest_reads(e))
        return 0;
    memcpy(&word, e->buffer + e->at, sizeof(word));
    e->at += 4;
    if (e->at >= e->fill)
        block_moved(e);
    return swap_for(e, GUINT32_FROM_BE(word));
}

static void port_write(Esdhc *e, uint32_t value)
{
    if (!guest_writes(e))
        return;
    const uint32_t word = GUINT32_TO_BE(swap_for(e, value));
    memcpy(e->buffer + e->at, &word, sizeof(word));
    e->at += 4;
    if (e->at >= e->fill)
        ask_drive(e, BLOCK_WRITE, e->buffer, e->fill);
}

/* --- commands */

/* Data that are under way are of no interest any more. */
static void cancel(Esdhc *e)
{
    e->cancelled |= e->busy;
    e->transfer = NO_TRANSFER;
    e->fill = e->at = 0;
}

static void command(Esdhc *e, uint32_t type)
{
    enum { CMD_STOP = 12, CMD_ERASE = 38 };
    const unsigned index = type >> 24 & 0x3f;
    SdAnswer a;
    if (((type & X_DATA) || index == CMD_ERASE) && (e->busy || e->transfer != NO_TRANSFER))
        return; /* CDIHB says that it must not be */
    if (index == CMD_STOP)
        cancel(e);
    sd_card_command(&e->card, index, REG(e, CMDARG), &a);
    if (a.data == SD_ERASE) {
        e->erasing = true;
        e->offset = a.offset;
        ask_drive(e, BLOCK_WRITE_ZEROES, NULL, a.length);
    }
    if ((type & X_ANSWER) && !a.is_there) {
        tell(e, I_COMMAND_TIMEOUT);
        return;
    }
    memcpy(&REG(e, CMDRSP0), a.word, sizeof(a.word));
    tell(e, I_COMMAND);
    if ((type & X_DATA) && a.data == SD_ERASE)
        tell(e, I_DATA_TIMEOUT); /* no data come with it, and the drive is at work already */
    else if (type & X_DATA)
        begin_transfer(e, &a, type);
}

/* --- registers */

static void reset_registers(Esdhc *e)
{
    memset(e->reg, 0, sizeof(e->reg));
    REG(e, PROCTL) = PROCTL_LITTLE;
    REG(e, SYSCTL) = 0x8008;
    REG(e, IRQSTATEN) = I_ALL & ~0xc0u;
    REG(e, WML) = 0x00100010;
    e->dcr = 0;
    update_wire(e);
}

/* What the drive is doing comes to its end first: until then the bits read as ones. */
static void apply_resets(Esdhc *e, uint32_t resets)
{
    e->resets = 0;
    if (resets & (SYSCTL_RESET_ALL | SYSCTL_RESET_DATA)) {
        cancel(e);
        if (e->busy) {
            e->resets = resets;
            return;
        }
        REG(e, IRQSTAT) &= ~(uint32_t)I_OF_DATA;
    }
    if (resets & SYSCTL_RESET_CMD)
        REG(e, IRQSTAT) &= ~(uint32_t)I_COMMAND;
    if (resets & SYSCTL_RESET_ALL)
        reset_registers(e);
    update_wire(e);
}

static uint32_t state_read(const Esdhc *e)
{
    uint32_t value = P_WIRES | P_CARD | P_CLOCK_STABLE | (block_read_only(e->card.block) ? 0 : P_WRITABLE);
    if (e->erasing)
        value &= ~P_WIRE0;
    if (e->busy || e->transfer != NO_TRANSFER)
        value |= P_INHIBIT_DATA | P_DATA_ACTIVE;
    if (e->transfer == TRANSFER_IN)
        value |= P_READS;
    if (e->transfer == TRANSFER_OUT)
        value |= P_WRITES;
    return value | (guest_reads(e) ? P_READ_ENABLE : 0) | (guest_writes(e) ? P_WRITE_ENABLE : 0);
}

static bool esdhc_read(Device *dev, unsigned region, uint64_t offset, unsigned size, uint64_t *value)
{
    Esdhc *e = (Esdhc *)dev;
    if (size != 4)
        return false;
    switch (offset) {
    case DATPORT:
        *value = port_read(e);
        break;
    case PRSSTAT:
        *value = state_read(e);
        break;
    case SYSCTL:
        *value = REG(e, SYSCTL) | e->resets;
        break;
    case HOSTCAPBLT:
        *value = CAPABILITIES;
        break;
    case HOSTVER:
        *value = VERSION;
        break;
    case DCR:
        *value = e->dcr;
        break;
    default:
        *value = offset < REGISTERS_END ? REG(e, offset) : 0;
    }
    return true;
}

static bool esdhc_write(Device *dev, unsigned region, uint64_t offset, unsigned size, uint64_t value)
{
    Esdhc *e = (Esdhc *)dev;
    const uint32_t word = (uint32_t)value;
    if (size != 4)
        return false;
    switch (offset) {
    case XFERTYP:
        REG(e, XFERTYP) = word;
        command(e, word);
        break;
    case DATPORT:
        port_write(e, word);
        break;
    case SYSCTL:
        REG(e, SYSCTL) = word & ~(uint32_t)(SYSCTL_RESETS | SYSCTL_INIT);
        apply_resets(e, e->resets | (word & SYSCTL_RESETS));
        break;
    case IRQSTAT:
        REG(e, IRQSTAT) &= ~word;
        update_wire(e);
        break;
    case IRQSTATEN:
    case IRQSIGEN:
        REG(e, offset) = word & I_ALL;
        update_wire(e);
        break;
    case FEVT: /* errors that the guest makes itself */
        tell(e, word & I_ALL & 0xffff0000);
        break;
    case DSADDR:
    case BLKATTR:
    case CMDARG:
    case PROCTL:
    case WML:
        REG(e, offset) = word;
        break;
    case DCR:
        e->dcr = word;
        break;
    default:
        break;
    }
    return true;
}

/* --- life */

static void esdhc_settle(Device *dev)
{
    block_drain(((Esdhc *)dev)->card.block);
}

static void esdhc_reset(Device *dev)
{
    Esdhc *e = (Esdhc *)dev;
    esdhc_settle(dev);
    state_reset(&esdhc_state, e);
    e->resets = 0;
    reset_registers(e);
}

static void esdhc_post_load(Device *dev)
{
    Esdhc *e = (Esdhc *)dev;
    sd_card_post_load(&e->card);
    e->fill = MIN(e->fill, BLOCK_MAX);
    e->at &= ~3u;
    if (e->transfer >= TRANSFERS || e->at >= e->fill || e->left < e->fill || e->offset > e->card.size ||
        e->left > e->card.size - e->offset)
        cancel(e);
    update_wire(e);
}

static void esdhc_describe(Device *dev, Dts *dts)
{
    const Esdhc *e = (const Esdhc *)dev;
    dts_begin(dts, "sdhc@%x", (unsigned)device_address(dev, 0));
    dts_string(dts, "compatible", "fsl,esdhc");
    device_describe_reg(dev, dts);
    IRQ_DESCRIBE(dts, &e->irq);
    dts_u32(dts, "bus-width", 4);
    dts_empty(dts, "sdhci,auto-cmd12");
    dts_end(dts);
}

static const DeviceOps esdhc_ops = {
    .name = "esdhc",
    .state = &esdhc_state,
    .read = esdhc_read,
    .write = esdhc_write,
    .reset = esdhc_reset,
    .describe = esdhc_describe,
    .settle = esdhc_settle,
    .post_load = esdhc_post_load,
};

Device *esdhc_new(const char *id, const EsdhcConfig *config, GError **error)
{
    const uint64_t size = block_size(config->block);
    if (!size || size % SD_CARD_UNIT || size > SD_CARD_SIZE_MAX) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "the drive '%s' has %" PRIu64 " bytes; a card has a multiple of 512 KiB, up to 2 TiB", block_id(config->block),
                    size);
        return NULL;
    }
    Esdhc *e = g_new0(Esdhc, 1);
    e->irq = config->irq;
    e->dma = (Dma){.memory = config->memory};
    e->card.block = config->block;
    e->card.size = size;
    device_init(&e->dev, &esdhc_ops, id);
    return &e->dev;
}
