/* SPDX-License-Identifier: MIT
 *
 * An eSDHC and its card that are driven in any way.  Nothing crashes or hangs, and nothing but RAM is written.
 *
 * Input: records of an operation byte and its operands; see step().
 */
#include "platform/base/lock.h"
#include "platform/devices/soc/esdhc.h"
#include "tests/fuzz/disk.h"
#include "tests/fuzz/saved.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEPS_MAX = 512, LOADS_MAX = 2, RAM = 1 << 20, CMDARG = 0x08, XFERTYP = 0x0c, ANSWER = 0x20000, RCA = 0x45670000 };

typedef struct World {
    Device *dev;
    Memory *memory;
    unsigned loads;
} World;

static void put(World *w, uint64_t offset, uint32_t value)
{
    w->dev->ops->write(w->dev, 0, offset, 4, value);
}

static void command(World *w, unsigned index, uint32_t argument, uint32_t type)
{
    put(w, CMDARG, argument);
    put(w, XFERTYP, index << 24 | type);
}

/* A driver that brings the card into its transfer state, so that what follows is about data. */
static void set_up(World *w)
{
    static const struct {
        unsigned index;
        uint32_t argument;
    } commands[] = {{0, 0}, {8, 0x1aa}, {55, 0}, {41, 0x40300000}, {2, 0}, {3, 0}, {7, RCA}};
    device_reset(w->dev);
    for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++)
        command(w, commands[i].index, commands[i].argument, ANSWER);
}

static void step(World *w, Input *in)
{
    uint8_t op = (uint8_t)take(in, 1);
    uint64_t value;
    switch (op >> 5) {
    case 0:
        w->dev->ops->read(w->dev, 0, 4 * (take(in, 1) % 64), op & 1 ? 2 : 4, &value);
        break;
    case 1:
        put(w, op & 1 ? 0x40c : 4 * (take(in, 1) % 64), (uint32_t)take(in, 4));
        break;
    case 2: /* the whole buffer */
        for (unsigned i = 0; i < 128; i++) {
            w->dev->ops->read(w->dev, 0, 0x20, 4, &value);
            put(w, 0x20, (uint32_t)value ^ op);
        }
        break;
    case 3:
    case 4:
        command(w, (unsigned)take(in, 1) & 0x3f, (uint32_t)take(in, 4), (uint32_t)take(in, 3));
        break;
    case 5:
        set_up(w);
        break;
    case 6:
        device_settle(w->dev);
        break;
    default:
        if (op & 1)
            device_reset(w->dev);
        else if (w->loads++ < LOADS_MAX)
            save_and_load(w->dev, in, op & 2);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    World w = {.memory = memory_new(RAM, NULL)};
    Input in = {data, size};
    device_lock();
    w.dev = esdhc_new("esdhc", &(EsdhcConfig){.memory = w.memory, .block = fuzz_disk()}, NULL);
    g_assert_nonnull(w.dev);
    device_reset(w.dev);
    for (unsigned i = 0; in.size && i < STEPS_MAX; i++)
        step(&w, &in);
    device_settle(w.dev);
    device_free(w.dev);
    device_unlock();
    memory_free(w.memory);
    return 0;
}
