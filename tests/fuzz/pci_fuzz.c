/* SPDX-License-Identifier: MIT
 *
 * The PCI bus and virtio devices on it and by virtio-mmio, whose driver does anything: configuration cycles, accesses to BARs, windows and
 * registers, rings in RAM that say what they like, time, resets, saved state.  Nothing crashes or hangs, and nothing but RAM is written.
 *
 * Input: records of an operation byte and its operands; see step().
 */
#include <glib.h>
#include <string.h>

#include "platform/base/clock.h"
#include "platform/base/device_bus.h"
#include "platform/base/entropy.h"
#include "platform/base/lock.h"
#include "platform/devices/pci/host.h"
#include "platform/devices/virtio/balloon.h"
#include "platform/devices/virtio/blk.h"
#include "platform/devices/virtio/mmio.h"
#include "platform/devices/virtio/net.h"
#include "platform/devices/virtio/pci.h"
#include "platform/devices/virtio/rng.h"
#include "platform/devices/virtio/serial.h"
#include "tests/fuzz/disk.h"
#include "tests/fuzz/saved.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DEVICES = 4, BY_MMIO = 3, STEPS_MAX = 512, LOADS_MAX = 2, RAM = 1 << 20, RINGS = 0x1000 };

typedef struct World {
    TimeSource time;
    Clock *clock;
    Memory *memory;
    Entropy *entropy;
    Event *event;
    Device *host;
    PciDevice *dev[DEVICES];
    Device *mmio[BY_MMIO];
    Chardev *chr;
    unsigned loads;
} World;

static void ignore(void *opaque, unsigned pin, bool level) {}

static bool message(void *opaque, uint64_t offset, uint32_t value)
{
    g_assert_cmphex(offset, <, 1 << 20);
    return true;
}

static void place(Device *host, unsigned region, uint64_t gpa, uint64_t size)
{
    host->region[region] = (DeviceRegion){gpa, size};
}

static void plug(World *w, unsigned i, Virtio *v, const VirtioPciConfig *config)
{
    g_autofree char *id = g_strdup_printf("dev%u", i);
    w->dev[i] = virtio_pci_new(id, v, config);
    pci_host_plug(w->host, w->dev[i], (i + 1) << 3);
}

static void plug_mmio(World *w, unsigned i, Virtio *v)
{
    g_autofree char *id = g_strdup_printf("virtio-mmio%u", i);
    const VirtioMmioConfig config = {.irq.line = {ignore, NULL, i}, .memory = w->memory};
    w->mmio[i] = virtio_mmio_new(id, v, &config);
    device_reset(w->mmio[i]);
}

static void world_open(World *w)
{
    const VirtioPciConfig both = {NULL, true, true, 3}, legacy = {NULL, true, false, 0}, modern = {NULL, false, true, 32};
    *w = (World){.memory = memory_new(RAM, NULL), .entropy = entropy_new_repeated(), .event = event_new(NULL)};
    time_source_init(&w->time, true, 0);
    w->clock = clock_new(&w->time);
    PciHostConfig config = {
        .memory_bus = 0xe0000000, .first_slot = 1, .n_slots = 31, .memory = w->memory, .message = message, .opaque = w};
    for (unsigned i = 0; i < PCI_PINS; i++)
        config.intx[i].line = (IrqLine){ignore, NULL, i};
    w->host = pci_host_new("pci", &config);
    place(w->host, PCI_HOST_REGISTERS, 0xfe0008000, PCI_HOST_SIZE);
    place(w->host, PCI_HOST_MEMORY, 0xc00000000, PCI_HOST_MEMORY_SIZE);
    place(w->host, PCI_HOST_IO, 0xfe1000000, PCI_HOST_IO_SIZE);
    device_reset(w->host);
    plug(w, 0, virtio_rng_new(&(VirtioRngConfig){w->entropy, w->clock, 5000, 1}), &both);
    plug(w, 1, virtio_net_new(&(VirtioNetConfig){NULL, {0x52, 0x54}, 0, w->event}), &legacy);
    plug(w, 2, virtio_balloon_new(&(VirtioBalloonConfig){true}), &modern);
    plug(w, 3, virtio_blk_new(&(VirtioBlkConfig){fuzz_disk(), "serial", 512, 4096, 2, true, true}), &both);
    plug_mmio(w, 0, virtio_rng_new(&(VirtioRngConfig){w->entropy, w->clock, 5000, 1}));
    plug_mmio(w, 1, virtio_balloon_new(&(VirtioBalloonConfig){false}));
    Virtio *serial = virtio_serial_new(&(VirtioSerialConfig){3, NULL});
    w->chr = chardev_new("-chardev", "c", "null", NULL);
    g_assert_true(virtio_serial_add_port(serial, &(VirtioSerialPortConfig){"name", "id", w->chr, false, 1}, NULL));
    plug_mmio(w, 2, serial);
    for (unsigned i = 0; i < DEVICES; i++) /* most inputs want them to master the bus */
        pci_config_write(&w->dev[i]->config, PCI_COMMAND, 2, 7);
}

static void world_close(World *w)
{
    device_settle(w->host);
    for (unsigned i = 0; i < BY_MMIO; i++) {
        device_settle(w->mmio[i]);
        device_free(w->mmio[i]);
    }
    device_free(w->host);
    device_unlock();
    chardev_free(w->chr);
    device_lock();
    event_free(w->event);
    entropy_free(w->entropy);
    clock_free(w->clock);
    memory_free(w->memory);
}

/* A driver's access to a BAR, wherever it is. */
static void access_bar(World *w, Input *in, uint8_t op)
{
    PciDevice *dev = w->dev[op & 3];
    unsigned bar = take(in, 1) % PCI_BARS, size = 1u << (op >> 2 & 3) % 3;
    if (dev->config.bar[bar].kind == PCI_BAR_NONE)
        return;
    uint64_t offset = take(in, 2) % dev->config.bar[bar].size / size * size;
    if (op & 0x10)
        dev->ops->write(dev, bar, offset, size, take(in, size));
    else
        dev->ops->read(dev, bar, offset, size);
}

/* An access to a region of the bridge: registers, configuration, windows. */
static void access_host(World *w, Input *in, uint8_t op)
{
    unsigned region = take(in, 1) % 3, size = 1u << (op & 3);
    uint64_t offset = take(in, 3) % w->host->region[region].size / size * size, value;
    if (op & 4)
        w->host->ops->write(w->host, region, offset, size, take(in, 4));
    else
        w->host->ops->read(w->host, region, offset, size, &value);
}

/* An access to the registers of a device by virtio-mmio; most of them have a meaning with four bytes alone. */
static void access_mmio(World *w, Input *in, uint8_t op)
{
    Device *dev = w->mmio[(op & 3) % BY_MMIO];
    const unsigned size = op & 8 ? 4 : 1u << (op >> 1 & 3);
    uint64_t offset = take(in, 2) % VIRTIO_MMIO_SIZE / size * size, value = 0;
    if (op & 0x10)
        dev->ops->write(dev, 0, offset, size, take(in, size));
    else if (dev->ops->read(dev, 0, offset, size, &value) && size < 8)
        g_assert_cmphex(value >> 8 * size, ==, 0);
}

static void configure(World *w, Input *in)
{
    uint32_t address = 0x80000000u | take(in, 2) << 2;
    w->host->ops->write(w->host, PCI_HOST_REGISTERS, 0, 4, address);
    w->host->ops->write(w->host, PCI_HOST_REGISTERS, 4, 4, take(in, 4));
}

/* A legacy driver that sets all up as it should be, so that what follows is about requests. */
static void set_up(World *w, unsigned i)
{
    PciDevice *dev = w->dev[i];
    if (dev->config.bar[0].kind == PCI_BAR_NONE)
        return;
    dev->ops->write(dev, 0, 0x12, 1, 0);
    dev->ops->write(dev, 0, 0x12, 1, 3);
    dev->ops->write(dev, 0, 4, 4, dev->ops->read(dev, 0, 0, 4));
    for (unsigned queue = 0; queue < 2; queue++) {
        dev->ops->write(dev, 0, 0x0e, 2, queue);
        dev->ops->write(dev, 0, 8, 4, (RINGS >> 12) + 4 * queue);
    }
    dev->ops->write(dev, 0, 0x12, 1, 7);
}

/* The same of a driver for virtio-mmio, whose rings are elsewhere; it leaves out what an input may do itself. */
static void set_up_mmio(World *w, Device *dev)
{
    const uint32_t steps[][2] = {{0x70, 0}, {0x70, 3}, {0x24, 1}, {0x20, 1}, {0x70, 0xb}};
    for (unsigned i = 0; i < G_N_ELEMENTS(steps); i++)
        dev->ops->write(dev, 0, steps[i][0], 4, GUINT32_SWAP_LE_BE(steps[i][1]));
    for (uint32_t queue = 0; queue < 8; queue++) {
        const uint32_t ring = RINGS + 0x4000 * (queue % 4);
        const uint32_t where[][2] = {{0x30, queue}, {0x38, 8}, {0x80, ring}, {0x90, ring + 0x100}, {0xa0, ring + 0x200}, {0x44, 1}};
        for (unsigned i = 0; i < G_N_ELEMENTS(where); i++)
            dev->ops->write(dev, 0, where[i][0], 4, GUINT32_SWAP_LE_BE(where[i][1]));
    }
    dev->ops->write(dev, 0, 0x70, 4, GUINT32_SWAP_LE_BE(0xf));
}

static void write_ram(World *w, Input *in)
{
    uint32_t gpa = take(in, 3) % RAM, n = 1 + take(in, 1) % 32;
    for (unsigned i = 0; i < n; i++) {
        uint8_t byte = (uint8_t)take(in, 1);
        memory_write(w->memory, (gpa + i) % RAM, &byte, 1);
    }
}

static void step(World *w, Input *in)
{
    uint8_t op = (uint8_t)take(in, 1);
    switch (op >> 5) {
    case 0:
    case 1:
        access_bar(w, in, op);
        break;
    case 2:
        write_ram(w, in);
        break;
    case 3:
        access_host(w, in, op);
        break;
    case 4:
        if (op & 0x10)
            access_mmio(w, in, (uint8_t)take(in, 1));
        else
            configure(w, in);
        break;
    case 5:
        if (op & 4)
            set_up_mmio(w, w->mmio[(op & 3) % BY_MMIO]);
        else
            set_up(w, op & 3);
        break;
    case 6:
        time_source_advance(&w->time, take(in, 3));
        clock_run_due(w->clock);
        event_settle(w->event);
        break;
    default:
        if (op & 1)
            device_reset(op & 2 ? w->host : &w->dev[op >> 2 & 3]->dev);
        else if (w->loads++ < LOADS_MAX)
            save_and_load(op & 4 ? w->mmio[(op >> 3 & 3) % BY_MMIO] : w->host, in, op & 2);
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
