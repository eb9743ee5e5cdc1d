/* SPDX-License-Identifier: MIT
 *
 * All devices on a bus, any sequence of accesses, time steps, wires, input and save/load: nothing
 * crashes or hangs, values fit their size, interrupts are level-consistent, and what was saved
 * loads into new devices as the same.
 *
 * Input: records of an operation byte and its operands; see step().
 */
#include <glib.h>
#include <string.h>

#include "platform/base/bus.h"
#include "platform/base/clock.h"
#include "platform/devices/soc/gpio.h"
#include "platform/devices/soc/guts.h"
#include "platform/devices/soc/i2c_rtc.h"
#include "platform/devices/soc/mpic.h"
#include "platform/devices/pci/host.h"
#include "platform/devices/soc/spin_table.h"
#include "platform/devices/soc/uart16550.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CPUS = 3, DEVICES = 7, WIRES = 6, STEPS_MAX = 4096 };
enum { LOADS_MAX = 2 }; /* so often an input loads saved state, which takes as long as a thousand accesses */
enum { MPIC, UART, GUTS, GPIO, SPIN, I2C, PCI };

static const struct {
    uint64_t gpa, size;
    unsigned device, region;
} map[] = {
    {0xfe0040000, MPIC_SIZE, MPIC, 0},
    {0xfe0004500, UART16550_SIZE, UART, 0},
    {0xfe00e0000, GUTS_SIZE, GUTS, 0},
    {0xfe00ff000, GPIO_SIZE, GPIO, 0},
    {0xfef000000, SPIN_TABLE_SIZE, SPIN, 0},
    {0xfe0003000, I2C_RTC_SIZE, I2C, 0},
    {0xfe0008000, PCI_HOST_SIZE, PCI, PCI_HOST_REGISTERS},
    {0xc00000000, PCI_HOST_MEMORY_SIZE, PCI, PCI_HOST_MEMORY},
    {0xfe1000000, PCI_HOST_IO_SIZE, PCI, PCI_HOST_IO},
};

typedef struct World {
    TimeSource time;
    Clock *clock;
    Bus *bus;
    Device *dev[DEVICES];
    IrqLine wire[WIRES];
    bool out[CPUS * MPIC_OUTPUTS];
    unsigned released; /* mask of CPUs */
    unsigned loads;
} World;

static void out_set(void *opaque, unsigned pin, bool level)
{
    World *w = opaque;
    g_assert_cmpuint(pin, <, CPUS * MPIC_OUTPUTS);
    g_assert_cmpint(w->out[pin], !=, level); /* only changes are told */
    w->out[pin] = level;
}

static void ignore(void *opaque, unsigned pin, bool level) {}

static void release(void *opaque, unsigned cpu, uint64_t entry, uint64_t r3)
{
    World *w = opaque;
    g_assert_cmpuint(cpu, >, 0);
    g_assert_cmpuint(cpu, <, CPUS);
    g_assert_cmphex(w->released & 1u << cpu, ==, 0);
    g_assert_cmphex(entry & 1, ==, 0);
    w->released |= 1u << cpu;
}

static void world_open(World *w)
{
    memset(w, 0, sizeof(*w));
    time_source_init(&w->time, true, 0);
    w->clock = clock_new(&w->time);
    w->bus = bus_new();
    IrqLine out[CPUS][MPIC_OUTPUTS], none = {ignore, NULL, 0};
    for (unsigned i = 0; i < CPUS * MPIC_OUTPUTS; i++)
        out[i / MPIC_OUTPUTS][i % MPIC_OUTPUTS] = (IrqLine){out_set, w, i};
    const Uart16550Config uart = {.hz = 400000000};
    Device *mpic = mpic_new("mpic", MPIC_42, CPUS, out, w->clock);
    w->dev[MPIC] = mpic;
    w->dev[UART] = uart16550_new("serial0", &uart, NULL, mpic_input(mpic, 42, MPIC_LEVEL_HIGH), w->clock);
    w->dev[GUTS] = guts_new("guts", 0x80230020, 0, 400000000, none);
    w->dev[GPIO] = gpio_new("gpio", mpic_input(mpic, 47, MPIC_LEVEL_HIGH), none);
    w->dev[SPIN] = spin_table_new("spin", CPUS, release, w);
    w->dev[I2C] = i2c_rtc_new("i2c", mpic_input(mpic, 43, MPIC_LEVEL_HIGH), w->clock, 1600000000);
    const PciHostConfig pci = {
        .memory_bus = 0xe0000000, .error = mpic_input(mpic, 24, MPIC_LEVEL_HIGH), .first_slot = 1, .n_slots = 31};
    w->dev[PCI] = pci_host_new("pci", &pci);
    for (unsigned i = 0; i < G_N_ELEMENTS(map); i++)
        g_assert_true(bus_map(w->bus, map[i].gpa, map[i].size, w->dev[map[i].device], map[i].region, NULL));
    w->wire[0] = mpic_input(mpic, 0, MPIC_LEVEL_HIGH).line;
    w->wire[1] = mpic_input(mpic, 11, MPIC_LEVEL_HIGH).line;
    w->wire[2] = mpic_input(mpic, 42, MPIC_LEVEL_HIGH).line;
    w->wire[3] = mpic_input(mpic, 255, MPIC_LEVEL_HIGH).line;
    w->wire[4] = gpio_input(w->dev[GPIO], 0);
    w->wire[5] = gpio_input(w->dev[GPIO], 31);
}

static void world_close(World *w)
{
    for (unsigned i = DEVICES; i-- > 0;)
        device_free(w->dev[i]);
    bus_free(w->bus);
    clock_free(w->clock);
}

static void access_bus(World *w, Input *in, uint8_t op)
{
    unsigned m = (unsigned)take(in, 1) % G_N_ELEMENTS(map), size = 1u << (op >> 2 & 3);
    uint64_t gpa = map[m].gpa + take(in, 3) % map[m].size / size * size, value = 0;
    bus_set_initiator(op >> 4 & 3);
    if (op & 1) {
        bus_write(w->bus, gpa, size, take(in, size));
        return;
    }
    bus_read(w->bus, gpa, size, &value);
    if (size < 8)
        g_assert_cmphex(value >> 8 * size, ==, 0);
}

/* Timers count when somebody looks. */
static void mpic_settle(World *w)
{
    uint64_t value;
    bus_read(w->bus, 0xfe0041100, 4, &value);
}

static void save_all(const World *w, GByteArray *to)
{
    for (unsigned i = 0; i < DEVICES; i++)
        device_save(w->dev[i], to);
}

/* All devices into new ones that know nothing: what these save is the same, and so is what a CPU sees of it. */
static void save_and_load(World *w)
{
    g_autoptr(GByteArray) before = g_byte_array_new();
    g_autoptr(GByteArray) after = g_byte_array_new();
    static World fresh;
    world_open(&fresh);
    time_source_advance_to(&fresh.time, time_now_ns(&w->time));
    device_reset(w->dev[SPIN]); /* who was let go is not in the table */
    w->released = 0;
    mpic_settle(w);
    save_all(w, before);
    Sections *sections = sections_read(before->data, before->len, NULL);
    for (unsigned i = 0; i < DEVICES; i++)
        g_assert_true(device_load(fresh.dev[i], sections));
    g_assert_true(sections_end(sections, NULL));
    sections_free(sections);
    save_all(&fresh, after);
    g_assert_cmpmem(before->data, before->len, after->data, after->len);
    g_assert_cmpmem(w->out, sizeof(w->out), fresh.out, sizeof(fresh.out));
    world_close(&fresh);
}

/* A state in which anything may be wrong: it is refused, or the device lives on with it. */
static void load_anything(World *w, Input *in, unsigned which)
{
    g_autoptr(GByteArray) state = g_byte_array_new();
    device_save(w->dev[which], state);
    for (unsigned n = (unsigned)take(in, 1); n; n--) {
        unsigned at = (unsigned)take(in, 2) % state->len;
        state->data[at] = (uint8_t)take(in, 1);
    }
    Sections *sections = sections_read(state->data, state->len, NULL);
    if (sections)
        device_load(w->dev[which], sections);
    sections_free(sections);
    if (which == SPIN)
        w->released = 0;
}

static void step(World *w, Input *in)
{
    uint8_t op = (uint8_t)take(in, 1);
    if (op < 0xc0) {
        access_bus(w, in, op);
        return;
    }
    unsigned which = op & 7;
    switch (op >> 3 & 7) {
    case 0:
        time_source_advance(&w->time, take(in, 1 + which % 6));
        clock_run_due(w->clock);
        break;
    case 1:
        irq_set(&w->wire[which % WIRES], take(in, 1) & 1);
        break;
    case 2: {
        uint8_t byte = (uint8_t)take(in, 1);
        if (uart16550_can_receive(w->dev[UART]))
            uart16550_receive(w->dev[UART], &byte, 1);
        break;
    }
    case 3:
        uart16550_break(w->dev[UART]);
        break;
    case 4:
        mpic_iack(w->dev[MPIC], which);
        break;
    case 5:
        device_reset(w->dev[which % DEVICES]);
        if (which % DEVICES == SPIN)
            w->released = 0;
        break;
    case 6:
        if (w->loads++ < LOADS_MAX)
            save_and_load(w);
        break;
    default:
        if (w->loads++ < LOADS_MAX)
            load_anything(w, in, which % DEVICES);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    World w;
    Input in = {data, size};
    world_open(&w);
    for (unsigned i = 0; in.size && i < STEPS_MAX; i++)
        step(&w, &in);
    world_close(&w);
    return 0;
}
