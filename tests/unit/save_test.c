/* SPDX-License-Identifier: MIT
 *
 * A machine that is saved in the middle of a guest's work and loaded into a new one: under -icount the new one ends as the first would
 * have, at the same instant and with the same output.
 */
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "platform/base/lock.h"
#include "platform/machine/machine.h"
#include "tests/unit/unit.h"

typedef struct Run {
    Config config;
    Boot boot;
    Machine *machine;
    ClockTimer *stop;
    char *console; /* file */
    uint64_t end_ns;
} Run;

static void ask_to_stop(void *opaque)
{
    run_request(((Run *)opaque)->machine->run, RUN_CAUSE_HOST_STOP);
}

/* A machine that stops at stop_ns; UINT64_MAX: never. */
static void open_run(Run *run, const char *options, uint64_t stop_ns)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *line = NULL;
    g_auto(GStrv) argv = NULL;
    int argc;
    *run = (Run){0};
    close(g_file_open_tmp("save-XXXXXX", &run->console, &error));
    line = g_strdup_printf("quoin -m 64 -icount 0 %s -display none -serial file:%s", options, run->console);
    g_assert_true(g_shell_parse_argv(line, &argc, &argv, NULL));
    g_assert_cmpint(options_parse(argc, argv, &run->config, &error), ==, OPTIONS_RUN);
    g_assert_true(boot_load(&run->boot, &run->config, &error));
    run->machine = machine_new(&run->config, &run->boot, &error);
    g_assert_no_error(error);
    run->stop = clock_timer_new(run->machine->clock, ask_to_stop, run);
    device_lock();
    clock_timer_set(run->stop, stop_ns);
    device_unlock();
}

/* Until it stops or ends. */
static RunStateId go(Run *run)
{
    run_request(run->machine->run, RUN_CAUSE_HOST_CONT);
    do
        g_main_context_iteration(NULL, TRUE);
    while (run_requested(run->machine->run) || run_state(run->machine->run) == RUN_STATE_RUNNING);
    run->end_ns = time_now_ns(&run->machine->time);
    return run_state(run->machine->run);
}

/* What it printed; g_free() */
static char *close_run(Run *run)
{
    char *text = NULL;
    clock_timer_free(run->stop);
    machine_free(run->machine);
    g_assert_true(g_file_get_contents(run->console, &text, NULL, NULL));
    g_unlink(run->console);
    g_free(run->console);
    boot_clear(&run->boot);
    config_clear(&run->config);
    return text;
}

/* RAM is not among the sections. */
static void copy_ram(Machine *from, Machine *to)
{
    enum { PIECE = 64 << 10 };
    g_autofree uint8_t *piece = g_malloc(PIECE);
    for (uint64_t gpa = 0; gpa < memory_size(from->memory); gpa += PIECE) {
        g_assert_true(memory_read(from->memory, gpa, piece, PIECE));
        g_assert_true(memory_write(to->memory, gpa, piece, PIECE));
    }
}

static void goes_on_elsewhere(const void *options)
{
    Run whole, first, second;
    open_run(&whole, options, UINT64_MAX);
    g_assert_cmpint(go(&whole), ==, RUN_STATE_FINISHED);
    g_autofree char *all = close_run(&whole);
    for (unsigned part = 1; part < 8; part += g_test_slow() ? 1 : 3) {
        g_autoptr(GByteArray) state = g_byte_array_new();
        g_autoptr(GByteArray) again = g_byte_array_new();
        g_autoptr(GError) error = NULL;
        open_run(&first, options, whole.end_ns / 8 * part);
        g_assert_cmpint(go(&first), ==, RUN_STATE_PAUSED);
        g_assert_true(machine_save(first.machine, state, &error));
        open_run(&second, options, UINT64_MAX);
        machine_load(second.machine, state->data, state->len, &error);
        g_assert_no_error(error);
        copy_ram(first.machine, second.machine);
        g_assert_true(machine_save(second.machine, again, &error));
        g_assert_cmpmem(state->data, state->len, again->data, again->len);
        g_assert_cmpint(go(&second), ==, RUN_STATE_FINISHED);
        g_assert_cmpuint(second.end_ns, ==, whole.end_ns);
        g_autofree char *before = close_run(&first), *after = close_run(&second);
        g_autofree char *both = g_strconcat(before, after, NULL);
        g_assert_cmpstr(both, ==, all);
    }
}

/* Areas of each type, the machine's and a vCPU's, go on being written where they were registered. */
static void registered_areas(void)
{
    const char *options = "-M ppce500 -smp 2 -kernel build/guests/hello.elf";
    enum { AT = 0x2000000 };
    Run first, second;
    AreaView view;
    g_autoptr(GByteArray) state = g_byte_array_new();
    g_autoptr(GByteArray) again = g_byte_array_new();
    g_autoptr(GError) error = NULL;
    open_run(&first, options, UINT64_MAX);
    device_lock();
    for (unsigned id = 0; id < AREA_COUNT; id++)
        for (unsigned vcpu = 0; vcpu < 2; vcpu++)
            areas_register(first.machine->areas, vcpu, (AreaId)id, AT + 0x1000 * vcpu + 0x100 * id, 64, &(Steal){0});
    areas_register(first.machine->areas, 1, AREA_RUN_STATS, AT + 0x5000, 64, &(Steal){0}); /* refused: it has one */
    areas_after_exit(first.machine->areas, 1, VCPU_EXIT_MMIO, &(Steal){0});
    device_unlock();
    g_assert_true(machine_save(first.machine, state, &error));
    open_run(&second, options, UINT64_MAX);
    machine_load(second.machine, state->data, state->len, &error);
    g_assert_no_error(error);
    copy_ram(first.machine, second.machine);
    g_assert_true(machine_save(second.machine, again, &error));
    g_assert_cmpmem(state->data, state->len, again->data, again->len);
    unsigned registered = 0;
    for (unsigned id = 0; id < AREA_COUNT; id++) {
        for (unsigned vcpu = 0; vcpu < 2; vcpu++) {
            bool here = areas_view(second.machine->areas, vcpu, (AreaId)id, &view);
            g_assert_cmpint(here, ==, areas_view(first.machine->areas, vcpu, (AreaId)id, &(AreaView){0}));
            g_assert_true(!here || view.gpa == AT + 0x1000 * vcpu + 0x100 * id);
            registered += here;
        }
    }
    g_assert_cmpuint(registered, >=, AREA_COUNT + 1);
    const uint8_t *stats = (const uint8_t *)memory_hva(second.machine->memory) + AT + 0x1000 + 0x100 * AREA_RUN_STATS;
    g_autofree uint8_t *was = g_memdup2(stats, 64);
    areas_after_exit(second.machine->areas, 1, VCPU_EXIT_MMIO, &(Steal){0});
    g_assert_true(memcmp(was, stats, 64)); /* its count goes on */
    g_free(close_run(&first));
    g_free(close_run(&second));
}

static void of_another_machine(void)
{
    Run here, there;
    g_autoptr(GByteArray) state = g_byte_array_new();
    g_autoptr(GError) error = NULL;
    open_run(&here, "-M mpc8544ds -kernel build/guests/hello.elf", UINT64_MAX);
    open_run(&there, "-M ppce500 -kernel build/guests/hello.elf", UINT64_MAX);
    g_assert_true(machine_save(here.machine, state, &error));
    g_assert_false(machine_load(there.machine, state->data, state->len, &error));
    g_assert_cmpstr(error->message, ==, "saved state: machine: board is mpc8544ds, here ppce500");
    g_free(close_run(&here));
    g_free(close_run(&there));
}

enum { DISK = 1 << 20 /* bytes, which any type of disk may have */ };

/* The options that make two devices of a type, with a value for each property that must have one; disk: a file for those with drives. */
static char *two_of_a_type(DeviceTypeId id, const char *disk)
{
    const DeviceType *type = &device_types[id];
    GString *text = g_string_new("-kernel build/guests/hello.elf -M ");
    g_string_append(text, type->bus == DEVICE_BUS_HANDLES ? "p4080ds-hv" : "ppce500");
    if (type->bus == DEVICE_BUS_SERIAL_PORTS)
        g_string_append(text, " -device virtio-serial-pci");
    for (unsigned n = 0; n < (id == DEVICE_TYPE_sd_card ? 1 : 2); n++) { /* there is one slot for cards */
        bool has_drive = false, has_fsdev = false;
        g_string_append_printf(text, " -chardev null,id=c%u -device %s", n, type->name);
        for (const DeviceProperty *p = type->properties; p->key; p++) {
            has_drive |= p->type == PROPERTY_DRIVE;
            has_fsdev |= p->type == PROPERTY_FSDEV;
            if (p->required)
                g_string_append_printf(text, ",%s=%s%u", p->key, p->type == PROPERTY_CHARDEV ? "c" : "name", n);
        }
        if (has_fsdev)
            g_string_append_printf(text, " -fsdev local,id=name%u,path=/,security_model=none,readonly=on", n);
        if (has_drive)
            g_string_append_printf(text, " -drive id=name%u,file=%s,if=none,format=raw,readonly=on", n, disk);
    }
    return g_string_free(text, FALSE);
}

/* A row of device_types.def works: two of it stand side by side, are saved, and found again in another machine. */
static void each_type_of_device(gconstpointer id)
{
    g_autofree char *disk = NULL, *options = NULL;
    int fd = g_file_open_tmp("save-disk-XXXXXX", &disk, NULL);
    g_assert_cmpint(ftruncate(fd, DISK), ==, 0);
    close(fd);
    options = two_of_a_type(GPOINTER_TO_UINT(id), disk);
    Run first, second;
    g_autoptr(GByteArray) state = g_byte_array_new();
    g_autoptr(GError) error = NULL;
    open_run(&first, options, UINT64_MAX);
    open_run(&second, options, UINT64_MAX);
    g_assert_true(machine_save(first.machine, state, &error));
    machine_load(second.machine, state->data, state->len, &error);
    g_assert_no_error(error);
    copy_ram(first.machine, second.machine);
    g_assert_cmpint(go(&second), ==, RUN_STATE_FINISHED);
    g_free(close_run(&first));
    g_free(close_run(&second));
    g_unlink(disk);
}

UNIT_TESTS(save)
{
    static const char *const runs[][2] = {
        {"interrupts", "-M ppce500 -cpu e500mc -kernel build/guests/interrupts.elf"},
        {"timers", "-M ppce500 -cpu e500mc -kernel build/guests/timers.elf"},
        {"mpic", "-M ppce500 -cpu e500mc -kernel build/guests/mpic.elf"},
        {"smp", "-M ppce500 -cpu e500mc -smp 2 -kernel build/guests/smp.elf"},
        {"hv-pic", "-M p4080ds-hv -kernel build/guests/hv_pic.elf"},
        {"i2c-rtc", "-M ppce500 -icount 10 -cpu e500mc -rtc base=2020-02-28T12:34:56 -kernel build/guests/i2c_rtc.elf"},
        {"gpio", "-M ppce500 -cpu e500mc -kernel build/guests/gpio.elf"},
        {"uart", "-M ppce500 -cpu e500mc -kernel build/guests/uart.elf"},
        {"doorbell", "-M ppce500 -cpu e500mc -kernel build/guests/doorbell.elf"},
        {"partition", "-M p4080ds-hv -kernel build/guests/partition.elf"},
        {"pci", "-M mpc8544ds -cpu e500mc -kernel build/guests/pci.elf"},
    };
    if (!g_file_test("build/guests/hello.elf", G_FILE_TEST_EXISTS))
        return; /* make guests */
    FOR_ROWS (i, runs) {
        g_autofree char *name = g_strdup_printf("/save/%s-goes-on-elsewhere", runs[i][0]);
        g_test_add_data_func(name, runs[i][1], goes_on_elsewhere);
    }
    for (unsigned id = 0; id < DEVICE_TYPES; id++) {
        g_autofree char *name = g_strdup_printf("/save/two-of-%s-go-on-elsewhere", device_types[id].name);
        g_test_add_data_func(name, GUINT_TO_POINTER(id), each_type_of_device);
    }
    g_test_add_func("/save/registered-areas-go-on-elsewhere", registered_areas);
    g_test_add_func("/save/of-another-machine-is-refused", of_another_machine);
}
