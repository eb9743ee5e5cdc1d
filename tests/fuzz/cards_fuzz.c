/* SPDX-License-Identifier: MIT
 *
 * The network cards, e1000 and eTSEC, whose driver and whose cable do anything: registers, descriptors in RAM that say what they like,
 * frames of all lengths, a back end that has no room now and then, time, resets, saved state.  Nothing crashes or hangs, nothing but RAM
 * is written, and what is sent has a length that a frame may have.
 *
 * Input: records of an operation byte and its operands; see step().
 */
#include <string.h>

#include "platform/base/lock.h"
#include "platform/devices/pci/e1000_priv.h"
#include "platform/devices/pci/host.h"
#include "platform/devices/platform/etsec_priv.h"
#include "platform/net/priv.h"
#include "tests/fuzz/saved.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    STEPS_MAX = 512,
    LOADS_MAX = 2,
    RAM = 1 << 20,
    RING = 8,
    TX = 0x1000,
    RX = 0x2000,
    BUFFERS = 0x10000,
    BUFFER = 0x1000,
    HEAD = 64
};
enum { E1000_CARD, ETSEC_CARD, CARDS };

typedef struct Cable {
    Net net;
    const bool *busy; /* there is no room */
    unsigned n_sent;
} Cable;

typedef struct World {
    TimeSource time;
    Clock *clock;
    Memory *memory;
    Device *host;
    PciDevice *e1000;
    Device *etsec;
    Cable cable[CARDS];
    unsigned loads;
    bool busy;
} World;

static void ignore(void *opaque, unsigned pin, bool level) {}

static bool message(void *opaque, uint64_t offset, uint32_t value)
{
    return true;
}

/* The sum reads each byte, so that a sanitizer sees pieces that are not there. */
static bool cable_send(Net *net, const struct iovec *piece, unsigned n, size_t length)
{
    Cable *c = (Cable *)net;
    unsigned sum = 0;
    g_assert_cmpuint(length, >=, NET_HEADER);
    g_assert_cmpuint(length, <=, NET_FRAME_MAX);
    for (unsigned i = 0; i < n; i++)
        for (size_t b = 0; b < piece[i].iov_len; b++)
            sum += ((const uint8_t *)piece[i].iov_base)[b];
    c->n_sent += 1 + sum % 2;
    return !*c->busy;
}

static const NetKind cable_kind = {.name = "cable", .send = cable_send};

static Net *cable(World *w, unsigned card)
{
    w->cable[card] = (Cable){{.kind = &cable_kind, .id = "cable", .wake = event_new(NULL)}, &w->busy, 0};
    return &w->cable[card].net;
}

static void world_open(World *w)
{
    *w = (World){.memory = memory_new(RAM, NULL)};
    time_source_init(&w->time, true, 0);
    w->clock = clock_new(&w->time);
    PciHostConfig config = {
        .memory_bus = 0xe0000000, .first_slot = 1, .n_slots = 31, .memory = w->memory, .message = message, .opaque = w};
    for (unsigned i = 0; i < PCI_PINS; i++)
        config.intx[i].line = (IrqLine){ignore, NULL, i};
    w->host = pci_host_new("pci", &config);
    w->host->region[PCI_HOST_REGISTERS] = (DeviceRegion){0xfe0008000, PCI_HOST_SIZE};
    w->host->region[PCI_HOST_MEMORY] = (DeviceRegion){0xc00000000, PCI_HOST_MEMORY_SIZE};
    w->host->region[PCI_HOST_IO] = (DeviceRegion){0xfe1000000, PCI_HOST_IO_SIZE};
    device_reset(w->host);
    w->e1000 = e1000_new("e1000", &(E1000Config){w->clock, cable(w, E1000_CARD), {0x52, 0x54, 0, 0x12, 0x34, 0x56}});
    pci_host_plug(w->host, w->e1000, 1 << 3);
    pci_config_write(&w->e1000->config, PCI_COMMAND, 2, 7);
    EtsecConfig etsec = {
        .memory = w->memory, .clock = w->clock, .net = cable(w, ETSEC_CARD), .mac = {0x52, 0x54, 0, 0x12, 0x34, 0x57}};
    etsec.tx.line = etsec.rx.line = etsec.error.line = (IrqLine){ignore, NULL, 0};
    w->etsec = etsec_new("etsec0", &etsec);
    device_reset(w->etsec);
}

static void world_close(World *w)
{
    device_free(w->host);
    device_free(w->etsec);
    for (unsigned i = 0; i < CARDS; i++) {
        net_queue_clear(&w->cable[i].net.held);
        event_free(w->cable[i].net.wake);
    }
    clock_free(w->clock);
    memory_free(w->memory);
}

static void put(World *w, unsigned card, uint32_t offset, uint32_t value)
{
    if (card == E1000_CARD)
        w->e1000->ops->write(w->e1000, 0, offset, 4, value);
    else
        w->etsec->ops->write(w->etsec, 0, offset, 4, value);
}

static void access_e1000(World *w, Input *in, uint8_t op)
{
    unsigned bar = op & 1, size = 1u << (op >> 1 & 3) % 3;
    uint64_t offset = take(in, 3) % w->e1000->config.bar[bar].size / size * size;
    if (op & 0x10)
        w->e1000->ops->write(w->e1000, bar, offset, size, take(in, size));
    else
        w->e1000->ops->read(w->e1000, bar, offset, size);
}

static void access_etsec(World *w, Input *in, uint8_t op)
{
    unsigned size = 1u << (op >> 1 & 3) % 3;
    uint64_t offset = take(in, 2) % ETSEC_SIZE / size * size, value;
    if (op & 0x10)
        w->etsec->ops->write(w->etsec, 0, offset, size, take(in, size));
    else
        w->etsec->ops->read(w->etsec, 0, offset, size, &value);
}

static void write_ram(World *w, Input *in, uint32_t gpa, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        uint8_t byte = (uint8_t)take(in, 1);
        memory_write(w->memory, (gpa + i) % RAM, &byte, 1);
    }
}

/* A descriptor of a ring of set_up(), and the register that says there is one more. */
static void descriptor(World *w, Input *in, uint8_t op)
{
    const unsigned card = op & 1, i = op >> 2 & 7, size = card == E1000_CARD ? E1000_DESCRIPTOR : BD_SIZE;
    const bool receive = op & 2;
    write_ram(w, in, (receive ? RX : TX) + size * i, size);
    if (card == E1000_CARD)
        put(w, card, receive ? RDT : TDT, (i + 1) % RING);
    else
        put(w, card, receive ? RSTAT : TSTAT, receive ? RSTAT_QHLT0 : TSTAT_THLT0);
}

/* The first bytes are the input's, the others follow from their place. */
static void arrive(World *w, Input *in, uint8_t op)
{
    g_autofree uint8_t *frame = g_malloc0(NET_FRAME_MAX);
    size_t length = NET_HEADER + take(in, 2);
    for (size_t i = 0; i < length; i++)
        frame[i] = i < HEAD && in->size ? (uint8_t)take(in, 1) : (uint8_t)(i * 7);
    if (op & 2)
        memcpy(frame, "\x52\x54\0\x12\x34\x56", NET_MAC_SIZE);
    net_deliver(&w->cable[op & 1].net, frame, length);
}

static void set_up_e1000(World *w)
{
    static const uint32_t steps[][2] = {{TDBAL, TX},
                                        {TDLEN, RING * 16},
                                        {RDBAL, RX},
                                        {RDLEN, RING * 16},
                                        {TCTL, TCTL_EN | TCTL_PSP},
                                        {IMS, 0xffff},
                                        {RXCSUM, RXCSUM_IPOFL | RXCSUM_TUOFL},
                                        {RCTL, RCTL_EN | RCTL_BAM | RCTL_UPE | RCTL_LPE},
                                        {RDT, RING - 1}};
    for (unsigned i = 0; i < RING; i++) {
        const uint64_t buffer = GUINT64_TO_LE(BUFFERS + (uint64_t)BUFFER * i);
        memory_write(w->memory, RX + 16 * i, &buffer, sizeof(buffer));
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(steps); i++)
        put(w, E1000_CARD, steps[i][0], steps[i][1]);
}

static void set_up_etsec(World *w)
{
    static const uint32_t steps[][2] = {{TBASE0, TX},
                                        {RBASE0, RX},
                                        {MRBLR, 512},
                                        {RCTRL, RCTRL_PROM | RCTRL_PRSDEP | RCTRL_TUCSEN | RCTRL_IPCSEN},
                                        {TCTRL, TCTRL_IPCSEN | TCTRL_TUCSEN},
                                        {MAXFRM, 9600},
                                        {MACCFG1, MACCFG1_RX_EN | MACCFG1_TX_EN},
                                        {IMASK, UINT32_MAX}};
    for (unsigned i = 0; i < RING; i++) {
        memory_store32(w->memory, RX + BD_SIZE * i, (uint32_t)(BD_FULL | (i + 1 == RING ? BD_WRAP : 0)) << 16);
        memory_store32(w->memory, RX + BD_SIZE * i + 4, BUFFERS + BUFFER * i);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(steps); i++)
        put(w, ETSEC_CARD, steps[i][0], steps[i][1]);
}

/* What the main thread does after net_flush(). */
static void deliver_kept(Net *net)
{
    size_t length;
    const uint8_t *frame;
    while ((frame = net_queue_peek(&net->held, &length)) && net->port->receive(net->opaque, frame, length))
        net_queue_drop(&net->held);
}

static void go_on(World *w, Input *in, uint8_t op)
{
    w->busy = op & 1;
    time_source_advance(&w->time, take(in, 3));
    clock_run_due(w->clock);
    for (unsigned i = 0; i < CARDS; i++) {
        Net *net = &w->cable[i].net;
        if (!w->busy)
            net_sendable(net);
        if (op & 2)
            net_set_link(net, op & 4);
        deliver_kept(net);
    }
}

static void step(World *w, Input *in)
{
    uint8_t op = (uint8_t)take(in, 1);
    Device *dev = op & 1 ? w->etsec : w->host;
    switch (op >> 5) {
    case 0:
        access_e1000(w, in, op);
        break;
    case 1:
        access_etsec(w, in, op);
        break;
    case 2:
        write_ram(w, in, (uint32_t)take(in, 3), 1 + take(in, 1) % HEAD);
        break;
    case 3:
        descriptor(w, in, op);
        break;
    case 4:
        arrive(w, in, op);
        break;
    case 5:
        if (op & 1)
            set_up_etsec(w);
        else
            set_up_e1000(w);
        break;
    case 6:
        go_on(w, in, op);
        break;
    default:
        if (op & 2)
            device_reset(dev);
        else if (w->loads++ < LOADS_MAX)
            save_and_load(dev, in, op & 4);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    World w;
    Input in = {data, size};
    device_lock();
    world_open(&w);
    for (unsigned i = 0; in.size && i < STEPS_MAX; i++)
        step(&w, &in);
    world_close(&w);
    device_unlock();
    return 0;
}
