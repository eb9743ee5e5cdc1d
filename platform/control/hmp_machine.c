/* SPDX-License-Identifier: MIT
 *
 * What the machine is, has and does.
 */
#include "platform/control/hmp_priv.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cpu/log.h"
#include "platform/base/lock.h"
#include "platform/chardev/chardev.h"
#include "platform/control/gdb.h"

/* The request is applied before the prompt comes again. */
static void ask(const HmpCall *call, RunCause cause)
{
    run_request(call->session->view->run, cause);
    run_apply(call->session->view->run);
}

void hmp_cmd_quit(HmpCall *call)
{
    ask(call, RUN_CAUSE_HOST_QUIT);
}

void hmp_cmd_stop(HmpCall *call)
{
    ask(call, RUN_CAUSE_HOST_STOP);
}

void hmp_cmd_cont(HmpCall *call)
{
    ask(call, RUN_CAUSE_HOST_CONT);
    if (run_state(call->session->view->run) != RUN_STATE_RUNNING)
        hmp_print(call, "Error: Resetting the Virtual Machine is required\n");
}

void hmp_cmd_system_reset(HmpCall *call)
{
    ask(call, RUN_CAUSE_HOST_RESET);
}

void hmp_cmd_system_powerdown(HmpCall *call)
{
    ask(call, RUN_CAUSE_HOST_POWERDOWN);
}

void hmp_cmd_nmi(HmpCall *call)
{
    Vcpus *vcpus = call->session->view->vcpus;
    for (unsigned i = 0; i < vcpus_count(vcpus); i++)
        vcpu_send_nmi(vcpus_get(vcpus, i));
}

/* gdb's own client may ask for nothing that would hang up on it. */
void hmp_cmd_gdbserver(HmpCall *call)
{
    const ControlView *view = call->session->view;
    const char *spec = call->n ? call->argument[0].word : "tcp::1234";
    bool none = !strcmp(spec, "none");
    GError *error = NULL;
    if (view->gdb && gdb_is_executing(view->gdb)) {
        hmp_print(call, "Error: this is gdb's monitor\n");
    } else if (!gdb_listen(view->gdb, none ? NULL : spec, view, &error)) {
        hmp_complain(call, error);
        hmp_print(call, "Could not open gdbserver on device '%s'\n", spec);
    } else if (none) {
        hmp_print(call, "Disabled gdbserver\n");
    } else {
        hmp_print(call, "Waiting for gdb connection on device '%s'\n", spec);
    }
}

void hmp_cmd_cpu(HmpCall *call)
{
    if (call->argument[0].number < vcpus_count(call->session->view->vcpus))
        call->session->cpu = (unsigned)call->argument[0].number;
    else
        hmp_print(call, "invalid CPU index\n");
}

static void show_log_items(HmpCall *call)
{
    hmp_print(call, "Log items (comma separated):\n%-15s %s\n", "none", "remove all logs");
#define X(id, word, doc) hmp_print(call, "%-15s %s\n", word, doc);
    LOG_LIST(X)
#undef X
}

void hmp_cmd_log(HmpCall *call)
{
    g_auto(GStrv) words = g_strsplit(call->argument[0].word, ",", -1);
    uint32_t mask = 0, bit = 0;
    for (char **word = words; *word; word++) {
        if (strcmp(*word, "none") && !log_word(*word, &bit)) {
            show_log_items(call);
            return;
        }
        mask = strcmp(*word, "none") ? mask | bit : 0;
    }
    log_set(mask);
}

/* --- info */

void hmp_info_status(HmpCall *call)
{
    RunStateId state = run_state(call->session->view->run);
    hmp_print(call, "VM status: %s", state == RUN_STATE_RUNNING ? "running" : "paused");
    if (state != RUN_STATE_RUNNING && state != RUN_STATE_PAUSED)
        hmp_print(call, " (%s)", run_state_name(state));
    hmp_print(call, "\n");
}

static void tell_thread(Vcpu *vcpu, void *id)
{
    *(gint64 *)id = gettid();
}

void hmp_info_cpus(HmpCall *call)
{
    const HmpSession *s = call->session;
    bool ran = run_hold(s->view->run);
    for (unsigned i = 0; i < vcpus_count(s->view->vcpus); i++) {
        gint64 thread = 0;
        vcpu_call(vcpus_get(s->view->vcpus, i), tell_thread, &thread);
        hmp_print(call, "%c CPU #%u: thread_id=%" G_GINT64_FORMAT "\n", i == s->cpu ? '*' : ' ', i, thread);
    }
    if (ran)
        run_let_go(s->view->run);
}

void hmp_info_chardev(HmpCall *call)
{
    const GPtrArray *chardevs = call->session->view->chardevs;
    device_lock();
    for (guint i = 0; chardevs && i < chardevs->len; i++) {
        const Chardev *chr = chardevs->pdata[i];
        g_autofree char *name = chardev_filename(chr);
        hmp_print(call, "%s: filename=%s\n", chardev_label(chr), name);
    }
    device_unlock();
}

void hmp_info_block(HmpCall *call)
{
    const GPtrArray *drives = call->session->view->drives;
    DriveInfo info;
    device_lock();
    for (guint i = 0; drives && i < drives->len; i++) {
        block_describe(drives->pdata[i], &info);
        hmp_print(call, "%s%s: %s (%s%s)\n", i ? "\n" : "", info.id, info.file, info.format, info.read_only ? ", read-only" : "");
        if (info.waits_for)
            hmp_print(call, "    I/O status:       %s\n", info.waits_for == ENOSPC ? "nospace" : "failed");
        hmp_print(call, "    Cache mode:       %s%s%s\n", info.writethrough ? "writethrough" : "writeback",
                  info.direct ? ", direct" : "", info.no_flush ? ", ignore flushes" : "");
        if (info.backing)
            hmp_print(call, "    Backing file:     %s (chain depth: %u)\n", info.backing, info.depth);
    }
    device_unlock();
}

void hmp_info_hcalls(HmpCall *call)
{
    const HcallEnv *hcall = call->session->view->hcall;
    device_lock();
    for (unsigned i = 0; i < HCALL_COUNT; i++)
        hmp_print(call, "%-32s %" PRIu64 "\n", hcall_name(i), hcall->count[i]);
    hmp_print(call, "%-32s %" PRIu64 "\n", "unknown", hcall->unknown);
    device_unlock();
}

void hmp_info_version(HmpCall *call)
{
    hmp_print(call, "%s\n", QUOIN_VERSION);
}

void hmp_info_name(HmpCall *call)
{
    if (call->session->view->name)
        hmp_print(call, "%s\n", call->session->view->name);
}

void hmp_info_uuid(HmpCall *call)
{
    const char *uuid = call->session->view->config->uuid;
    hmp_print(call, "%s\n", uuid ? uuid : "00000000-0000-0000-0000-000000000000");
}

/* --- info mtree, info qtree: the devices of all buses, and what they carry */

static void each_device(HmpCall *call, const DeviceBus *bus /* NULL: the board has none */, unsigned depth,
                        void (*tell)(HmpCall *call, const Device *dev, unsigned depth))
{
    const Device *dev;
    for (unsigned i = 0; bus && (dev = device_bus_get(bus, i)); i++) {
        tell(call, dev, depth);
        if (dev->below)
            each_device(call, dev->below, depth + 1, tell);
    }
}

static void tell_regions(HmpCall *call, const Device *dev, unsigned depth)
{
    for (unsigned r = 0; r < DEVICE_REGIONS_MAX; r++) {
        const DeviceRegion *region = &dev->region[r];
        if (region->size)
            hmp_print(call, "    %016" PRIx64 "-%016" PRIx64 " (prio 0, i/o): %s\n", region->gpa, region->gpa + region->size - 1,
                      dev->id);
    }
}

void hmp_info_mtree(HmpCall *call)
{
    const ControlView *view = call->session->view;
    hmp_print(call, "address-space: memory\n  %016x-%016" PRIx64 " (prio 0, i/o): system\n", 0, UINT64_MAX);
    hmp_print(call, "    %016x-%016" PRIx64 " (prio 0, ram): ram\n", 0, memory_size(view->memory) - 1);
    device_lock();
    for (unsigned kind = 0; view->buses && kind < DEVICE_BUS_CARRIED; kind++)
        each_device(call, view->buses[kind], 0, tell_regions);
    device_unlock();
    hmp_print(call, "\n");
}

static void tell_device(HmpCall *call, const Device *dev, unsigned depth)
{
    int indent = 2 + 4 * (int)depth;
    hmp_print(call, "%*sdev: %s, id \"%s\"\n", indent, "", dev->ops->name, dev->id);
    for (unsigned r = 0; r < DEVICE_REGIONS_MAX; r++) {
        if (dev->region[r].size)
            hmp_print(call, "%*smmio %016" PRIx64 "/%016" PRIx64 "\n", indent + 2, "", dev->region[r].gpa, dev->region[r].size);
    }
    if (dev->below)
        hmp_print(call, "%*sbus: %s\n", indent + 2, "", dev->id);
}

void hmp_info_qtree(HmpCall *call)
{
    const ControlView *view = call->session->view;
    device_lock();
    for (unsigned kind = 0; view->buses && kind < DEVICE_BUS_CARRIED; kind++) {
        if (!view->buses[kind])
            continue;
        hmp_print(call, "bus: %s\n  type %s\n", device_bus_kind_name(kind), device_bus_kind_name(kind));
        each_device(call, view->buses[kind], 0, tell_device);
    }
    device_unlock();
}

/* --- what the machine tells as text */

static void tell(HmpCall *call, ControlTopic topic)
{
    const ControlView *view = call->session->view;
    g_autoptr(GString) text = g_string_new(NULL);
    device_lock();
    if (view->tell)
        view->tell(view->query_opaque, topic, text);
    device_unlock();
    hmp_print(call, "%s", text->str);
}

void hmp_info_exits(HmpCall *call)
{
    tell(call, CONTROL_EXITS);
}

void hmp_info_irq(HmpCall *call)
{
    tell(call, CONTROL_IRQ);
}

void hmp_info_pic(HmpCall *call)
{
    tell(call, CONTROL_PIC);
}

void hmp_info_roms(HmpCall *call)
{
    tell(call, CONTROL_ROMS);
}

void hmp_info_network(HmpCall *call)
{
    tell(call, CONTROL_NETWORK);
}

void hmp_info_jit(HmpCall *call)
{
    tell(call, CONTROL_JIT);
}
