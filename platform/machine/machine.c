/* SPDX-License-Identifier: MIT
 *
 * A board, wired top to bottom.  The only file that names every device.
 */
#include "platform/machine/machine.h"

#include <string.h>

#include "cpu/fault.h"
#include "cpu/log.h"
#include "platform/devices/soc/gpio.h"
#include "platform/devices/soc/guts.h"
#include "platform/devices/soc/i2c_rtc.h"
#include "platform/devices/soc/mpic.h"
#include "platform/devices/soc/spin_table.h"
#include "platform/devices/soc/uart16550.h"
#include "platform/base/lock.h"

/* ---- wires out of devices ---- */

static void wire_reset(void *opaque, unsigned pin, bool level)
{
    if (level)
        run_request(((Machine *)opaque)->run, RUN_CAUSE_GUEST_RESET_DEVICE);
}

static void wire_power_off(void *opaque, unsigned pin, bool level)
{
    if (level)
        run_request(((Machine *)opaque)->run, RUN_CAUSE_GUEST_SHUTDOWN_DEVICE);
}

/* Makes the vCPU leave the guest: its thread then does what release[] asks. */
static void call_cpu_out(Machine *m, unsigned cpu)
{
    __atomic_store_n(&m->release[cpu].pending, true, __ATOMIC_RELEASE);
    vcpu_kick(vcpus_get(m->vcpus, cpu));
}

static void release_cpu(void *opaque, unsigned cpu, uint64_t entry, uint64_t r3)
{
    Machine *m = opaque;
    m->release[cpu].let_go = true;
    m->release[cpu].entry = entry;
    m->release[cpu].r3 = r3;
    call_cpu_out(m, cpu);
}

void machine_reset_core(Machine *m, unsigned cpu)
{
    if (!(vcpus_caps(m->vcpus) & ACCEL_CAP_STATE_WRITE)) {
        LOG(LOG_UNIMP, "vCPU %u: a reset of this core alone is not yet supported with protected state", cpu);
        return;
    }
    spin_table_hold(m->spin_table, cpu);
    m->release[cpu].reset = true;
    m->release[cpu].let_go = false;
    call_cpu_out(m, cpu);
}

/* ---- devices ---- */

bool machine_add_device(Machine *m, DeviceBusKind kind, Device *dev, uint64_t address, uint64_t size, GError **error)
{
    DeviceBus *bus = m->buses[kind];
    device_bus_add(bus, dev);
    return bus_map(m->bus, bus->base + address, size, dev, 0, error);
}

bool machine_plug_platform(Machine *m, Device *dev, uint64_t size, GError **error)
{
    const uint64_t page = 4096; /* a driver in the guest's user space can map one device alone */
    const DeviceBus *bus = m->buses[DEVICE_BUS_PLATFORM];
    uint64_t address = 0;
    for (guint i = 0; i < bus->devices->len; i++) {
        const Device *other = bus->devices->pdata[i];
        address = MAX(address, device_address(other, 0) + other->region[0].size);
    }
    address = (address + page - 1) & ~(page - 1);
    return machine_add_device(m, DEVICE_BUS_PLATFORM, dev, address, size, error);
}

/* An input of the MPIC that stays active until its reason is gone, as the blocks of the system on a chip have them. */
static IrqInput level_input(Machine *m, unsigned source)
{
    return mpic_input(m->mpic, source, MPIC_LEVEL_HIGH);
}

static bool add_uarts(Machine *m, GError **error)
{
    static const uint32_t offset[SERIALS_MAX] = {SOC_UART0, SOC_UART1};
    for (unsigned i = 0; i < SERIALS_MAX; i++) {
        Uart16550Config uart = {.index = i, .hz = m->board->clock_hz};
        char id[16];
        g_snprintf(id, sizeof(id), "serial%u", i);
        Device *dev = uart16550_new(id, &uart, m->serial[i], level_input(m, SOC_IRQ_UART), m->clock);
        if (!machine_add_device(m, DEVICE_BUS_SOC, dev, offset[i], UART16550_SIZE, error))
            return false;
    }
    return true;
}

/* -rtc base=: Unix time that the RTC shows at the start.  The options checked the date. */
static int64_t rtc_start_s(const char *base, int64_t host_s)
{
    if (!strcmp(base, "utc"))
        return host_s;
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autofree char *iso = strchr(base, 'T') ? g_strdup(base) : g_strconcat(base, "T00:00:00", NULL);
    bool local = !strcmp(base, "localtime");
    g_autoptr(GDateTime) date = local ? g_date_time_new_from_unix_local(host_s) : g_date_time_new_from_iso8601(iso, utc);
    if (!date)
        return host_s;
    return g_date_time_to_unix(date) + (local ? g_date_time_get_utc_offset(date) / G_USEC_PER_SEC : 0);
}

/* What time of day it is, by the clock chip and by WALL_CLOCK. */
static void rtc_begin(Machine *m)
{
    const Config *config = m->config;
    int64_t host_s = g_get_real_time() / G_USEC_PER_SEC;
    int64_t start_s = rtc_start_s(config->rtc_base, host_s);
    m->rtc_machine_time = config->rtc_clock_vm || config->icount;
    m->rtc_start_s = m->rtc_machine_time ? start_s : start_s - host_s;
}

static bool add_i2c(Machine *m, GError **error)
{
    Device *dev = i2c_rtc_new("i2c", level_input(m, SOC_IRQ_I2C), m->rtc_machine_time ? m->clock : NULL, m->rtc_start_s);
    return machine_add_device(m, DEVICE_BUS_SOC, dev, SOC_I2C, I2C_RTC_SIZE, error);
}

static bool add_gpio(Machine *m, GError **error)
{
    IrqLine power_off = {wire_power_off, m, 0};
    if (!m->board->has_gpio)
        return true;
    Device *dev = gpio_new("gpio", level_input(m, SOC_IRQ_GPIO), power_off);
    if (!machine_add_device(m, DEVICE_BUS_SOC, dev, SOC_GPIO, GPIO_SIZE, error))
        return false;
    device_bus_add(m->buses[DEVICE_BUS_SYSTEM], gpio_power_off_new("power-off", dev));
    return true;
}

static bool add_guts(Machine *m, GError **error)
{
    IrqLine reset = {wire_reset, m, 0};
    Device *dev = guts_new("guts", m->model->pvr, m->model->svr, m->board->clock_hz, reset);
    return machine_add_device(m, DEVICE_BUS_SOC, dev, SOC_GUTS, GUTS_SIZE, error);
}

/* The blocks of the system on a chip. */
static bool add_chip(Machine *m, GError **error)
{
    return add_i2c(m, error) && add_uarts(m, error) && machine_add_pci(m, error) && add_guts(m, error) && add_gpio(m, error);
}

/* Refuses devices that are reached by hypercalls alone, and boards made of them, where the accelerator delivers no hypercalls. */
static bool hcalls_come_out(const Machine *m, GError **error)
{
    const Config *config = m->config;
    const char *what = board_has_soc(m->board) ? NULL : m->board->name, *option = what ? "-M" : "-device";
    for (guint i = 0; !what && i < config->devices->len; i++) {
        const DeviceOption *device = config->devices->pdata[i];
        bool by_store = device->type == DEVICE_TYPE_doorbell && device_option_on(device, "mmio");
        if (device_types[device->type].bus == DEVICE_BUS_HANDLES && !by_store)
            what = device->text;
    }
    if (!what || (vcpus_caps(m->vcpus) & ACCEL_CAP_HCALL_EXIT))
        return true;
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "%s %s: needs hypercall exits, which -accel %s lacks", option, what,
                config->accel);
    return false;
}

static bool add_users(Machine *m, GError **error)
{
    static bool (*const create[DEVICE_TYPES])(Machine * m, const DeviceOption *option, GError **error) = {
#define DEVICE(id, ...) [DEVICE_TYPE_##id] = machine_create_##id,
#include "platform/options/device_types.def"
#undef DEVICE
    };
    for (guint i = 0; i < m->config->devices->len; i++) {
        const DeviceOption *device = m->config->devices->pdata[i];
        if (!create[device->type](m, device, error)) {
            g_prefix_error(error, "-device %s: ", device->text);
            return false;
        }
    }
    return true;
}

/* Start-up code of real systems accesses blocks of CCSR that these boards lack, and finds zeros there: docs/decisions/014. */
static void set_unmapped(Machine *m)
{
    const Board *board = m->board;
    if (m->config->unmapped == UNMAPPED_ZERO)
        bus_set_zeros(m->bus, 0, UINT64_MAX);
    else if (m->config->unmapped == UNMAPPED_CCSR && board_has_soc(board))
        bus_set_zeros(m->bus, board->ccsr, board->ccsr + SOC_SIZE - 1);
}

static bool add_spin_table(Machine *m, GError **error)
{
    m->spin_table = spin_table_new("spin-table", m->config->n_vcpus, release_cpu, m);
    return machine_add_device(m, DEVICE_BUS_SYSTEM, m->spin_table, m->board->spin_table, SPIN_TABLE_SIZE, error);
}

static bool add_devices(Machine *m, GError **error)
{
    set_unmapped(m);
    return bus_reserve(m->bus, 0, m->config->ram_size, "RAM", error) && machine_add_pic(m, error) &&
           (board_has_soc(m->board) ? add_chip(m, error) : machine_add_serial_channels(m, error)) && add_users(m, error) &&
           machine_add_partition(m, error) && add_spin_table(m, error);
}

/* ---- the rest of the machine ---- */

static void mux_quit(void *opaque)
{
    run_request(((Machine *)opaque)->run, RUN_CAUSE_HOST_QUIT);
}

/* Takes chr; NULL: it could not be opened. */
static Chardev *add_chardev(Machine *m, Chardev *chr)
{
    if (!chr)
        return NULL;
    chardev_set_quit(chr, mux_quit, m);
    if (m->config->escape_key)
        chardev_set_escape(chr, m->config->escape_key);
    g_ptr_array_add(m->chardevs, chr);
    return chr;
}

static bool add_chardevs(Machine *m, GError **error)
{
    for (guint i = 0; i < m->config->chardevs->len; i++) {
        const BackendConfig *config = m->config->chardevs->pdata[i];
        if (!add_chardev(m, chardev_option_new(config->text, error)))
            return false;
    }
    for (unsigned i = 0; i < SERIALS_MAX; i++) {
        const char *spec = m->config->serial[i];
        char label[16];
        g_snprintf(label, sizeof(label), "serial%u", i);
        m->serial[i] = g_str_has_prefix(spec, "chardev:") ? machine_chardev(m, spec + strlen("chardev:"))
                                                          : add_chardev(m, chardev_new("-serial", label, spec, error));
        if (!m->serial[i])
            return false;
    }
    return true;
}

static void drive_failed(void *opaque, DriveOnError action)
{
    Machine *m = opaque;
    event_signal(m->drive_errors);
    if (action == DRIVE_ON_ERROR_STOP)
        run_request(m->run, RUN_CAUSE_DRIVE_ERROR);
}

static bool add_drives(Machine *m, GError **error)
{
    m->drive_errors = machine_new_event(m, error);
    if (!m->drive_errors)
        return false;
    for (guint i = 0; i < m->config->drives->len; i++) {
        const DriveSpec *spec = m->config->drives->pdata[i];
        Block *block = block_open(spec, error);
        if (!block)
            return false;
        g_ptr_array_add(m->drives, block);
        block_on_error(block, drive_failed, m);
        if (!spec->used_by)
            message_warning("%s: no device takes the drive; -device DRIVER,drive=%s is one that does", spec->option, spec->id);
    }
    return true;
}

Block *machine_drive(Machine *m, const char *id)
{
    for (guint i = 0; i < m->drives->len; i++) {
        if (!strcmp(block_id(m->drives->pdata[i]), id))
            return m->drives->pdata[i];
    }
    return NULL;
}

void machine_drain_drives(Machine *m)
{
    device_lock();
    for (guint i = 0; i < m->drives->len; i++)
        block_drain(m->drives->pdata[i]);
    device_unlock();
}

void machine_settle_drives(Machine *m)
{
    device_lock();
    for (guint i = 0; i < m->drives->len; i++)
        block_settle(m->drives->pdata[i]);
    device_unlock();
}

static void memory_written(void *vcpus, uint64_t gpa, uint64_t size)
{
    vcpus_ram_written(vcpus, gpa, size);
}

static bool add_vcpus(Machine *m, GError **error)
{
    const Config *config = m->config;
    const AccelOps *ops = accel_find(config->accel);
    g_autofree char *why_not = NULL;
    if (!ops->available(&why_not)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "-accel %s: %s", config->accel, why_not);
        return false;
    }
    m->model = strcmp(config->cpu, "host") ? e500_model_find(config->cpu) : ops->host_model(error);
    if (!m->model)
        return false;
    if (!machine_add_profile(m, error))
        return false;
    AccelConfig accel = {
        .model = m->model,
        .time = &m->time,
        .tb_hz = m->board->clock_hz,
        .n_vcpus = config->n_vcpus,
        .external_proxy = board_has_soc(m->board) ? m->board->mpic == MPIC_42 : !config->no_external_proxy,
        .mpic = {config->kernel_irqchip ? m->board->mpic : 0, m->board->ccsr + SOC_MPIC},
        .protected_state = config->protected_state,
        .no_rebuild = config->no_rebuild,
        .engine = config->engine == ENGINE_PLAIN ? ACCEL_ENGINE_PLAIN : ACCEL_ENGINE_FAST,
        .verify = config->verify,
        .jit = config->translate,
        .stats = config->accel_stats,
        .profile = machine_samples(m),
        .code_bytes = (size_t)config->tb_mib << 20,
    };
    m->vcpus = vcpus_new(ops, &accel, machine_serve, m, error);
    if (!m->vcpus)
        return false;
    memory_listen(m->memory, memory_written, m->vcpus);
    AccelRam ram = {.gpa = 0, .size = config->ram_size, .hva = memory_hva(m->memory)};
    return vcpus_map_ram(m->vcpus, &ram, error);
}

static RunAction watchdog_action(ActionWatchdog action)
{
    switch (action) {
    case WATCHDOG_RESET:
        return RUN_RST;
    case WATCHDOG_SHUTDOWN:
    case WATCHDOG_POWEROFF:
        return RUN_OFF;
    case WATCHDOG_PAUSE:
        return RUN_HLT;
    case WATCHDOG_DEBUG:
    case WATCHDOG_NONE:
    case WATCHDOG_INJECT_NMI:
        return RUN_NOP;
    }
    return RUN_NOP;
}

static RunPolicy policy(const Config *config)
{
    return (RunPolicy){
        .shutdown_on_reset = config->action_reboot == REBOOT_SHUTDOWN,
        .pause_on_shutdown = config->action_shutdown == SHUTDOWN_PAUSE,
        .stay_on_error = config->gdb || config->monitors->len,
        .watchdog = watchdog_action(config->action_watchdog),
        .panic = config->action_panic == PANIC_PAUSE ? RUN_PANIC_PAUSE : RUN_PANIC_SHUTDOWN,
        .exit_host_failure = EXIT_FAILED,
        .exit_guest_crash = EXIT_GUEST_CRASH,
    };
}

Event *machine_new_event(Machine *m, GError **error)
{
    Event *event = event_new(error);
    if (event)
        g_ptr_array_add(m->events, event);
    return event;
}

static void clear_entropy(gpointer named)
{
    entropy_free(((NamedEntropy *)named)->entropy);
}

static void clear_serial(gpointer named)
{
    g_free(((NamedSerial *)named)->bus);
}

Machine *machine_new(const Config *config, const Boot *boot, GError **error)
{
    Machine *m = g_new0(Machine, 1);
    m->config = config;
    m->boot = boot;
    m->board = board_find(config->board);
    g_mutex_init(&m->error_lock);
    m->loop = g_main_loop_new(NULL, FALSE);
    for (unsigned kind = 0; kind < DEVICE_BUS_CARRIED; kind++)
        m->buses[kind] = device_bus_new(kind, kind == DEVICE_BUS_SOC        ? m->board->ccsr
                                              : kind == DEVICE_BUS_PLATFORM ? m->board->platform
                                                                            : 0);
    m->chardevs = g_ptr_array_new_with_free_func((GDestroyNotify)chardev_free);
    m->shares = g_ptr_array_new_with_free_func((GDestroyNotify)share_free);
    m->servers = g_ptr_array_new();
    m->nets = g_ptr_array_new_with_free_func((GDestroyNotify)net_free);
    m->drives = g_ptr_array_new_with_free_func((GDestroyNotify)block_close);
    m->entropies = g_array_new(FALSE, FALSE, sizeof(NamedEntropy));
    g_array_set_clear_func(m->entropies, clear_entropy);
    m->serial_buses = g_array_new(FALSE, FALSE, sizeof(NamedSerial));
    g_array_set_clear_func(m->serial_buses, clear_serial);
    m->events = g_ptr_array_new_with_free_func((GDestroyNotify)event_free);
    m->release = g_new0(CpuRelease, config->n_vcpus);
    m->nics = g_array_new(FALSE, FALSE, sizeof(NamedNic));
    m->exits = g_malloc0_n(config->n_vcpus, sizeof(*m->exits));
    m->notices = notices_new();
    m->policy = policy(config);
    m->bus = bus_new();
    time_source_init(&m->time, config->icount, config->icount_shift);
    m->clock = clock_new(&m->time);
    m->run = run_new(&m->policy, &machine_run_ops, m, error);
    if (!m->run || !(m->memory = memory_new_from(config->ram_size, &config->ram_source, error)) || !add_chardevs(m, error) ||
        !machine_add_nets(m, error) || !add_drives(m, error) || !add_vcpus(m, error) || !hcalls_come_out(m, error))
        goto fail;
    rtc_begin(m);
    machine_areas_new(m);
    m->hcall.present = machine_hcalls_present(m, vcpus_caps(m->vcpus));
    m->partition = partition_new(config->name);
    m->hcall.scramble = config->scramble;
    m->hcall.services = &machine_hcall_services;
    m->hcall.opaque = m;
    device_lock();
    run_listen(m->run, machine_partition_told, m);
    bool ok = add_devices(m, error);
    device_unlock();
    if (!ok || !machine_power_on(m, error))
        goto fail;
    return m;
fail:
    machine_free(m);
    return NULL;
}

void machine_free(Machine *m)
{
    if (!m)
        return;
    for (guint i = 0; i < m->chardevs->len; i++)
        chardev_flush(m->chardevs->pdata[i]);
    machine_drain_drives(m);
    /* Devices go first: at their end they lower interrupts and let go of back ends, and so need vCPUs and clock. */
    for (unsigned kind = DEVICE_BUS_CARRIED; kind-- > 0;)
        device_bus_free(m->buses[kind]);
    vcpus_free(m->vcpus);
    machine_end_profile(m);
    g_ptr_array_unref(m->events);
    g_array_unref(m->entropies);
    g_array_unref(m->serial_buses);
    notices_free(m->notices);
    g_ptr_array_unref(m->chardevs);
    g_ptr_array_unref(m->nets);
    g_ptr_array_unref(m->servers);
    g_ptr_array_unref(m->shares);
    g_ptr_array_unref(m->drives);
    areas_free(m->areas);
    clock_free(m->clock);
    run_free(m->run);
    bus_free(m->bus);
    memory_free(m->memory);
    g_main_loop_unref(m->loop);
    g_clear_error(&m->host_error);
    g_mutex_clear(&m->error_lock);
    partition_free(m->partition);
    g_clear_pointer(&m->base_tree, g_bytes_unref);
    g_free(m->release);
    g_free(m->exits);
    g_array_unref(m->nics);
    g_free(m->console);
    g_free(m);
}
