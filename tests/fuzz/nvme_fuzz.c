/* SPDX-License-Identifier: MIT
 *
 * An NVMe controller whose driver does anything: registers and doorbells, queues and lists in RAM that say what they like, resets in the
 * middle, saved state.  Nothing crashes or hangs, and nothing but RAM is written.
 *
 * Input: records of an operation byte and its operands; see step().
 */
#include <string.h>

#include "platform/base/lock.h"
#include "platform/devices/pci/host.h"
#include "platform/devices/pci/nvme_priv.h"
#include "tests/fuzz/disk.h"
#include "tests/fuzz/saved.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEPS_MAX = 512, LOADS_MAX = 2, RAM = 1 << 20, ENTRIES = 16, SQ = 0x10000, CQ = 0x20000, RING = 0x1000, BELLS = 0x1000 };

typedef struct World {
    Memory *memory;
    Event *again;
    Device *host;
    PciDevice *dev;
    unsigned loads, tail[NVME_QUEUES_MAX];
} World;

static void ignore(void *opaque, unsigned pin, bool level) {}

static bool message(void *opaque, uint64_t offset, uint32_t value)
{
    return true;
}

static void world_open(World *w)
{
    *w = (World){.memory = memory_new(RAM, NULL), .again = event_new(NULL)};
    PciHostConfig config = {
        .memory_bus = 0xe0000000, .first_slot = 1, .n_slots = 31, .memory = w->memory, .message = message, .opaque = w};
    for (unsigned i = 0; i < PCI_PINS; i++)
        config.intx[i].line = (IrqLine){ignore, NULL, i};
    w->host = pci_host_new("pci", &config);
    w->host->region[PCI_HOST_REGISTERS] = (DeviceRegion){0xfe0008000, PCI_HOST_SIZE};
    w->host->region[PCI_HOST_MEMORY] = (DeviceRegion){0xc00000000, PCI_HOST_MEMORY_SIZE};
    w->host->region[PCI_HOST_IO] = (DeviceRegion){0xfe1000000, PCI_HOST_IO_SIZE};
    device_reset(w->host);
    const NvmeConfig nvme = {.block = fuzz_disk(), .serial = "serial", .n_io_queues = 3, .vectors = 4, .again = w->again};
    w->dev = nvme_new("nvme", &nvme);
    pci_host_plug(w->host, w->dev, 1 << 3);
    pci_config_write(&w->dev->config, PCI_COMMAND, 2, 7);
}

static void world_close(World *w)
{
    device_settle(w->host);
    device_free(w->host);
    event_free(w->again);
    memory_free(w->memory);
}

static void put(World *w, uint32_t offset, uint32_t value)
{
    w->dev->ops->write(w->dev, 0, offset, 4, value);
}

static void access_bar(World *w, Input *in, uint8_t op)
{
    const unsigned bar = op & 1 ? 4 : 0, size = 1u << (op >> 1 & 3) % 3;
    uint64_t offset = take(in, 2) % w->dev->config.bar[bar].size / size * size;
    if (op & 8)
        w->dev->ops->write(w->dev, bar, offset, size, (uint32_t)take(in, size));
    else
        w->dev->ops->read(w->dev, bar, offset, size);
}

/* A command whose words are the input's, at the end of a queue of set_up(). */
static void command(World *w, unsigned queue, const uint32_t *word, unsigned n)
{
    const uint64_t at = SQ + queue * (uint64_t)RING + w->tail[queue] * (uint64_t)NVME_COMMAND;
    memory_fill(w->memory, at, 0, NVME_COMMAND);
    for (unsigned i = 0; i < n; i++)
        memory_store32(w->memory, at + 4 * i, GUINT32_SWAP_LE_BE(word[i]));
    w->tail[queue] = (w->tail[queue] + 1) % ENTRIES;
    put(w, BELLS + 8 * queue, w->tail[queue]);
}

static void offer(World *w, Input *in, unsigned queue)
{
    uint32_t word[16] = {(uint32_t)take(in, 2) | 0x10000u, (uint32_t)take(in, 1)};
    for (unsigned i = 6; i < 10; i += 2)
        word[i] = (uint32_t)take(in, 3);
    for (unsigned i = 10; i < 13; i++)
        word[i] = (uint32_t)take(in, 4);
    command(w, queue, word, G_N_ELEMENTS(word));
}

/* A driver that sets all up as it should be, so that what follows is about commands. */
static void set_up(World *w)
{
    put(w, 0x14, 0);
    device_settle(w->host);
    memset(w->tail, 0, sizeof(w->tail));
    memory_fill(w->memory, SQ, 0, 2 * (CQ - SQ));
    put(w, 0x24, (ENTRIES - 1) << 16 | (ENTRIES - 1));
    put(w, 0x28, SQ);
    put(w, 0x2c, 0);
    put(w, 0x30, CQ);
    put(w, 0x34, 0);
    put(w, 0x14, 0x460001);
    for (unsigned i = 1; i <= 2; i++) {
        const uint32_t cq[16] = {5, [6] = CQ + i * RING, [10] = (ENTRIES - 1) << 16 | i, [11] = 3},
                       sq[16] = {1, [6] = SQ + i * RING, [10] = (ENTRIES - 1) << 16 | i, [11] = i << 16 | 1};
        command(w, 0, cq, 16);
        command(w, 0, sq, 16);
    }
}

static void write_ram(World *w, Input *in)
{
    uint32_t gpa = (uint32_t)take(in, 3) % RAM, n = 1 + (uint32_t)take(in, 1) % 32;
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
        access_bar(w, in, op);
        break;
    case 1:
        put(w, BELLS + 4 * (op & 15), (uint32_t)take(in, 1));
        break;
    case 2:
    case 3:
        offer(w, in, op & 3);
        break;
    case 4:
        write_ram(w, in);
        break;
    case 5:
        set_up(w);
        break;
    case 6:
        if (op & 1)
            device_settle(w->host);
        else if (op & 2)
            event_settle(w->again);
        else
            pci_config_write(&w->dev->config, (unsigned)take(in, 1) & 0xfc, 4, (uint32_t)take(in, 4));
        break;
    default:
        if (op & 1)
            device_reset(op & 2 ? w->host : &w->dev->dev);
        else if (w->loads++ < LOADS_MAX)
            save_and_load(w->host, in, op & 2);
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
