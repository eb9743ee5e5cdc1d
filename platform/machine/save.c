/* SPDX-License-Identifier: MIT
 *
 * The whole machine as sections, and back.  Each device has a section of its own (device_save()); this file has those of everything else, but for
 * the contents of RAM, which whoever calls saves and loads page by page.
 */
#include "platform/machine/machine.h"

#include <inttypes.h>
#include <string.h>

#include "platform/base/lock.h"

enum { VERSION = 0 };

/* ---- tables ---- */

/* An SPR is saved by its name, since its slot changes when a row is added to spr.def. */
static const StateField cpu_fields[] = {
    STATE_FIELD(E500State, pc, 0),         STATE_FIELD(E500State, lr, 0),         STATE_FIELD(E500State, ctr, 0),
    STATE_FIELD(E500State, cr, 0),         STATE_FIELD(E500State, msr, 0),        STATE_FIELD(E500State, so, 0),
    STATE_FIELD(E500State, ov, 0),         STATE_FIELD(E500State, ca, 0),         STATE_FIELD(E500State, xer_count, 0),
    STATE_COLUMN(E500State, gpr, d),       STATE_FIELD(E500State, acc, 0),        STATE_ARRAY(E500State, fpr, 0),
    STATE_FIELD(E500State, fpscr, 0),      STATE_ARRAY(E500State, pmr, 0),        STATE_FIELD(E500State, tb, 0),
    STATE_FIELD(E500State, atb, 0),        STATE_COLUMN(E500State, tlb0, mas1),   STATE_COLUMN(E500State, tlb0, mas2),
    STATE_COLUMN(E500State, tlb0, mas7_3), STATE_COLUMN(E500State, tlb0, mas8),   STATE_COLUMN(E500State, tlb1, mas1),
    STATE_COLUMN(E500State, tlb1, mas2),   STATE_COLUMN(E500State, tlb1, mas7_3), STATE_COLUMN(E500State, tlb1, mas8),
    STATE_ARRAY(E500State, tlb0_nv, 0),    STATE_FIELD(E500State, held, 0),       STATE_FIELD(E500State, waiting, 0),
    STATE_FIELD(E500State, pending, 0),
};
static const StateField cpu_derived[] = {STATE_DERIVED(E500State, spr)};
STATE_STRUCT(E500State, cpu);

static const struct {
    const char *name;
    E500SprSlot slot;
} sprs[] = {
#define SPR(number, NAME, ...) {"spr." #NAME, SPR_##NAME},
#include "cpu/e500/spr.def"
#undef SPR
};

static const StateField place_fields[] = {
    STATE_FIELD(VcpuPlace, napping, 0),
    STATE_FIELD(VcpuPlace, asleep, 0),
    STATE_FIELD(VcpuPlace, deadline_ns, UINT64_MAX),
};
STATE_STRUCT_FIELDS(VcpuPlace, place);

static const StateField turn_fields[] = {
    STATE_FIELD(VcpusTurn, given, 0),
    STATE_FIELD(VcpusTurn, vcpu, 0),
    STATE_FIELD(VcpusTurn, end_ns, UINT64_MAX),
};
STATE_STRUCT_FIELDS(VcpusTurn, turn);

static const StateField release_fields[] = {
    STATE_FIELD(CpuRelease, pending, 0), STATE_FIELD(CpuRelease, reset, 0), STATE_FIELD(CpuRelease, let_go, 0),
    STATE_FIELD(CpuRelease, entry, 0),   STATE_FIELD(CpuRelease, r3, 0),
};
STATE_STRUCT_FIELDS(CpuRelease, release);

/* What is saved of the Machine itself: most of its parts have sections of their own. */
static const StateField machine_fields[] = {
    STATE_FIELD(Machine, time.now_ns, 0), STATE_FIELD(Machine, bell.stood, 0), STATE_FIELD(Machine, rtc_start_s, 0),
    STATE_FIELD(Machine, resets, 0),      STATE_FIELD(Machine, goes_on, 0),
};
static const StateField machine_derived[] = {
    /* of the command line, which the loading program was given, too */
    STATE_DERIVED(Machine, config),
    STATE_DERIVED(Machine, boot),
    STATE_DERIVED(Machine, board),
    STATE_DERIVED(Machine, model),
    STATE_DERIVED(Machine, policy),
    STATE_DERIVED(Machine, rtc_machine_time),
    STATE_DERIVED(Machine, base_tree),
    STATE_DERIVED(Machine, console),
    STATE_DERIVED(Machine, serial),
    STATE_DERIVED(Machine, proxy),
    STATE_DERIVED(Machine, time.is_virtual),
    STATE_DERIVED(Machine, time.icount_shift),
    /* made when it was wired */
    STATE_DERIVED(Machine, n_handles),
    STATE_DERIVED(Machine, n_byte_channels),
    STATE_DERIVED(Machine, n_inputs),
    STATE_DERIVED(Machine, n_macs),
    STATE_DERIVED(Machine, bus),
    STATE_DERIVED(Machine, doorbell_page),
    STATE_DERIVED(Machine, mpic),
    STATE_DERIVED(Machine, hv_pic),
    STATE_DERIVED(Machine, spin_table),
    STATE_DERIVED(Machine, esdhc),
    STATE_DERIVED(Machine, pci),
    STATE_DERIVED(Machine, bell.shutdown),
    STATE_DERIVED(Machine, bell.state),
    STATE_DERIVED(Machine, bell.watchdog),
    STATE_DERIVED(Machine, events),
    STATE_DERIVED(Machine, entropies),
    STATE_DERIVED(Machine, serial_buses),
    STATE_DERIVED(Machine, notices),
    STATE_DERIVED(Machine, loop),
    /* saved in sections of their own */
    STATE_DERIVED(Machine, memory),
    STATE_DERIVED(Machine, clock),
    STATE_DERIVED(Machine, vcpus),
    STATE_DERIVED(Machine, run),
    STATE_DERIVED(Machine, buses),
    STATE_DERIVED(Machine, release),
    STATE_DERIVED(Machine, partition),
    STATE_DERIVED(Machine, chardevs),
    STATE_DERIVED(Machine, nets),
    STATE_DERIVED(Machine, shares),
    STATE_DERIVED(Machine, servers),
    STATE_DERIVED(Machine, drives),
    STATE_DERIVED(Machine, drive_errors),
    STATE_DERIVED(Machine, balloon),
    STATE_DERIVED(Machine, nics),
    STATE_DERIVED(Machine, exits),
    STATE_DERIVED(Machine, areas),
    STATE_DERIVED(Machine, time.turn_end_ns),
    STATE_DERIVED(Machine, hcall), /* of its members only one is state, `scrambled`, which has a row of its own */
    /* of this process: what the host's clock shows, how often hypercalls were made, what went wrong */
    STATE_DERIVED(Machine, time.running),
    STATE_DERIVED(Machine, time.offset_ns),
    STATE_DERIVED(Machine, time.next_deadline_ns),
    STATE_DERIVED(Machine, error_lock),
    STATE_DERIVED(Machine, host_error),
    STATE_DERIVED(Machine, profile),
};
STATE_STRUCT(Machine, machine);

static char *tag_of(const char *what, unsigned index)
{
    return g_strdup_printf("%s%u", what, index);
}

/* ---- saving ---- */

/* What must be the same in the machine that loads; the rest of the command line shows in the sections that there are. */
static void save_head(const Machine *m, GByteArray *out)
{
    SectionWriter w = section_begin(out, "machine", VERSION);
    section_put_string(&w, "board", m->board->name);
    section_put_string(&w, "cpu", m->model->name);
    section_put_u64(&w, "cpus", m->config->n_vcpus);
    section_put_u64(&w, "ram", m->config->ram_size);
    section_put_u64(&w, "icount", m->config->icount ? 1 + m->config->icount_shift : 0);
    section_put_string(&w, "run-state", run_state_name(run_state(m->run)));
    section_put(&w, &machine_state, m);
    section_put_u64(&w, "scrambled", m->hcall.scrambled);
    VcpusTurn turn;
    vcpus_get_turn(m->vcpus, &turn);
    section_put(&w, &turn_state, &turn);
    section_end(&w);
}

static void save_cpu(Machine *m, unsigned i, GByteArray *out)
{
    g_autofree char *tag = tag_of("cpu", i);
    const Vcpu *vcpu = vcpus_get(m->vcpus, i);
    VcpuPlace place;
    vcpu_get_place(vcpu, &place);
    SectionWriter w = section_begin(out, tag, VERSION);
    section_put(&w, &cpu_state, &vcpu->state);
    for (size_t n = 0; n < G_N_ELEMENTS(sprs); n++)
        section_put_u64(&w, sprs[n].name, vcpu->state.spr[sprs[n].slot]);
    section_put(&w, &place_state, &place);
    section_end(&w);

    g_autofree char *release = tag_of("release", i);
    w = section_begin(out, release, VERSION);
    section_put(&w, &release_state, &m->release[i]);
    section_end(&w);
}

static void save_others(const Machine *m, GByteArray *out)
{
    SectionWriter w = section_begin(out, "hypervisor", VERSION);
    partition_save(m->partition, &w);
    section_end(&w);
    areas_save(m->areas, out);
    for (guint i = 0; i < m->chardevs->len; i++) {
        g_autofree char *tag = tag_of("chardev", i);
        w = section_begin(out, tag, VERSION);
        chardev_save(m->chardevs->pdata[i], &w);
        section_end(&w);
    }
    for (guint i = 0; i < m->nets->len; i++) {
        g_autofree char *tag = tag_of("net", i);
        w = section_begin(out, tag, VERSION);
        net_save(m->nets->pdata[i], &w);
        section_end(&w);
    }
    w = section_begin(out, "clock", VERSION);
    clock_save(m->clock, &w);
    section_end(&w);
}

/* What the guest has of a directory of the host, open files among it, is this process' alone. */
static bool has_mounts(const Machine *m)
{
    for (guint i = 0; i < m->shares->len; i++)
        if (share_is_mounted(m->shares->pdata[i]))
            return true;
    return false;
}

bool machine_can_save(const Machine *m, GError **error)
{
    const char *why = m->config->kernel_irqchip                         ? "the accelerator's interrupt controller"
                      : !(vcpus_caps(m->vcpus) & ACCEL_CAP_STATE_WRITE) ? "protected state"
                      : has_mounts(m)                                   ? "a directory of the host that the guest has mounted"
                      : run_state(m->run) == RUN_STATE_IO_ERROR         ? "a machine with a drive's request that waits for cont"
                      : run_state(m->run) >= RUN_STATE_INTERNAL_ERROR   ? "a machine that has failed or ended"
                                                                        : NULL;
    if (!why)
        return true;
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOSYS, "saved state: %s: not yet supported", why);
    return false;
}

/* One that waits for another is nothing yet, and one of which the last part is sent is somewhere else in a moment. */
static bool is_between(RunStateId state)
{
    return state == RUN_STATE_INMIGRATE || state == RUN_STATE_FINISH_MIGRATE;
}

bool machine_save(Machine *m, GByteArray *out, GError **error)
{
    g_assert(vcpus_parked(m->vcpus));
    if (is_between(run_state(m->run))) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "saved state: the machine is in the state '%s'",
                    run_state_name(run_state(m->run)));
        return false;
    }
    if (!machine_can_save(m, error) || !vcpus_pre_save(m->vcpus, error))
        return false;
    device_lock();
    for (guint i = 0; i < m->events->len; i++)
        event_settle(m->events->pdata[i]);
    for (unsigned kind = 0; kind < DEVICE_BUS_CARRIED; kind++)
        device_bus_settle(m->buses[kind]);
    save_head(m, out);
    for (unsigned kind = 0; kind < DEVICE_BUS_CARRIED; kind++)
        device_bus_save(m->buses[kind], out);
    save_others(m, out);
    device_unlock();
    for (unsigned i = 0; i < m->config->n_vcpus; i++)
        save_cpu(m, i, out);
    return true;
}

/* ---- loading ---- */

static void same_text(Section *head, const char *name, const char *mine)
{
    g_autofree char *text = section_get_string(head, name, 64);
    if (g_strcmp0(text, mine))
        section_refuse(head, "%s is %s, here %s", name, text ? text : "missing", mine);
}

static void same_number(Section *head, const char *name, uint64_t mine)
{
    uint64_t value = section_get_u64(head, name, UINT64_MAX);
    if (value != mine)
        section_refuse(head, "%s is %" PRIu64 ", here %" PRIu64, name, value, mine);
}

static RunStateId saved_run_state(Section *head)
{
    g_autofree char *name = section_get_string(head, "run-state", 64);
    for (unsigned i = 0; name && i < RUN_STATE_INTERNAL_ERROR; i++)
        if (!is_between(i) && !strcmp(name, run_state_name(i)))
            return i;
    section_refuse(head, "run state '%s'", name ? name : "");
    return RUN_STATE_PRELAUNCH;
}

static bool load_head(Machine *m, Sections *from, RunStateId *run, VcpusTurn *turn)
{
    Section *head = sections_find(from, "machine", VERSION);
    same_text(head, "board", m->board->name);
    same_text(head, "cpu", m->model->name);
    same_number(head, "cpus", m->config->n_vcpus);
    same_number(head, "ram", m->config->ram_size);
    same_number(head, "icount", m->config->icount ? 1 + m->config->icount_shift : 0);
    *run = saved_run_state(head);
    if (!section_get(head, &turn_state, turn) || turn->vcpu >= m->config->n_vcpus)
        section_refuse(head, "the turn of vCPU %" PRIu32, turn->vcpu);
    if (sections_refused(from) || !section_get(head, &machine_state, m))
        return false;
    m->hcall.scrambled = section_get_u64(head, "scrambled", 0);
    return true;
}

static void load_cpu(Machine *m, unsigned i, Sections *from, VcpuPlace *place)
{
    g_autofree char *tag = tag_of("cpu", i), *release = tag_of("release", i);
    Vcpu *vcpu = vcpus_get(m->vcpus, i);
    E500State *s = &vcpu->state;
    Section *section = sections_find(from, tag, VERSION);
    e500_state_reset(s, m->model, i);
    section_get(section, &cpu_state, s);
    for (size_t n = 0; n < G_N_ELEMENTS(sprs); n++)
        s->spr[sprs[n].slot] = (E500Spr)section_get_u64(section, sprs[n].name, s->spr[sprs[n].slot]);
    section_get(section, &place_state, place);
    s->so &= 1;
    s->ov &= 1;
    s->ca &= 1;
    s->xer_count &= 0x7f;
    for (unsigned set = 0; set < E500_TLB0_SETS; set++)
        s->tlb0_nv[set] %= E500_TLB0_WAYS;
    vcpu->valid = true;
    section_get(sections_find(from, release, VERSION), &release_state, &m->release[i]);
}

static const Steal *steal_of(void *machine, unsigned vcpu)
{
    return &vcpus_get(((Machine *)machine)->vcpus, vcpu)->steal;
}

/* The interrupt controller is the first device of its bus, so it knows already which wires were up when the others raise theirs again. */
static void load_devices(Machine *m, Sections *from)
{
    for (unsigned kind = 0; kind < DEVICE_BUS_CARRIED; kind++)
        device_bus_load(m->buses[kind], from);
    partition_load(m->partition, sections_find(from, "hypervisor", VERSION));
    areas_load(m->areas, from, steal_of, m);
    for (guint i = 0; i < m->chardevs->len; i++) {
        g_autofree char *tag = tag_of("chardev", i);
        chardev_load(m->chardevs->pdata[i], sections_find(from, tag, VERSION));
    }
    for (guint i = 0; i < m->nets->len; i++) {
        g_autofree char *tag = tag_of("net", i);
        net_load(m->nets->pdata[i], sections_find(from, tag, VERSION));
    }
    clock_load(m->clock, sections_find(from, "clock", VERSION));
}

static bool load_all(Machine *m, Sections *from, GError **error)
{
    RunStateId run;
    VcpusTurn turn = {0};
    g_autofree VcpuPlace *places = g_new0(VcpuPlace, m->config->n_vcpus);
    if (!load_head(m, from, &run, &turn))
        return sections_end(from, error);
    device_lock();
    load_devices(m, from);
    device_unlock();
    for (unsigned i = 0; i < m->config->n_vcpus; i++)
        load_cpu(m, i, from, &places[i]);
    if (!sections_end(from, error) || !vcpus_post_init(m->vcpus, error))
        return false;
    for (unsigned i = 0; i < m->config->n_vcpus; i++)
        vcpu_set_place(vcpus_get(m->vcpus, i), &places[i]);
    vcpus_set_turn(m->vcpus, &turn);
    return run_restore(m->run, run);
}

/* What the machine was in the middle of comes to its end, so that nothing of it happens to the one that is loaded. */
static void leave_what_was(Machine *m)
{
    for (unsigned i = 0; i < m->config->n_vcpus; i++)
        vcpu_finish_exit(vcpus_get(m->vcpus, i));
    machine_answer_deferred(m, EV_INTERNAL);
    machine_drain_drives(m); /* they write into RAM */
    device_lock();
    for (guint i = 0; i < m->events->len; i++)
        event_settle(m->events->pdata[i]);
    device_unlock();
}

bool machine_load(Machine *m, const void *data, size_t size, GError **error)
{
    g_assert(vcpus_parked(m->vcpus));
    if (!machine_can_save(m, error))
        return false;
    leave_what_was(m);
    Sections *from = sections_read(data, size, error);
    bool ok = from && load_all(m, from, error);
    sections_free(from);
    return ok;
}
