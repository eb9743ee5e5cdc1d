/* SPDX-License-Identifier: MIT
 *
 * What a human monitor asks of the machine and no other floor knows, as text: where QEMU prints the same, in its form.
 */
#include <inttypes.h>
#include <string.h>

#include "cpu/vcpu_exit.h"
#include "platform/devices/soc/mpic.h"
#include "platform/machine/machine.h"

static void tell_exits(const Machine *m, GString *to)
{
    for (unsigned cpu = 0; cpu < m->config->n_vcpus; cpu++) {
        g_string_append_printf(to, "CPU#%u:", cpu);
        for (unsigned kind = 0; kind < VCPU_EXIT_KINDS; kind++)
            g_string_append_printf(to, " %s=%" PRIu64, vcpu_exit_name(kind),
                                   __atomic_load_n(&m->exits[cpu][kind], __ATOMIC_RELAXED));
        g_string_append(to, "\n");
    }
}

static void tell_source(GString *to, unsigned number, const MpicSource *s)
{
    g_string_append_printf(to, "source %3u: vector=0x%04x priority=%u cpus=0x%x %s%s%s%s\n", number, s->vector, s->priority,
                           s->cpus, s->level ? "level" : "edge", s->masked ? " masked" : "", s->asks ? " pending" : "",
                           s->in_service ? " in-service" : "");
}

/* all: every source that the guest has set up; else those that ask, or are served just now. */
static void tell_sources(const Machine *m, GString *to, bool all)
{
    MpicSource s;
    if (m->hv_pic)
        g_string_append(to, "interrupts go by hypercall: info hcalls counts them\n");
    for (unsigned i = 0; m->mpic && mpic_look(m->mpic, i, &s); i++) {
        if (s.asks || s.in_service || (all && !s.masked))
            tell_source(to, i, &s);
    }
}

static void tell_image(const Image *image, const char *name, GString *to)
{
    if (image)
        g_string_append_printf(to, "addr=%016" PRIx64 " size=0x%06" PRIx64 " mem=ram name=\"%s\"\n", image->low,
                               image->high - image->low, name ? name : image->format);
}

static void tell_roms(const Machine *m, GString *to)
{
    const Config *c = m->config;
    tell_image(m->boot->program, c->bios ? c->bios : c->kernel, to);
    tell_image(m->boot->kernel, c->kernel, to);
    tell_image(m->boot->initrd, c->initrd, to);
    for (guint i = 0; m->boot->extras && i < m->boot->extras->len; i++)
        tell_image(m->boot->extras->pdata[i], NULL, to);
    g_string_append_printf(to, "addr=%016" PRIx64 " size=0x%06x mem=ram name=\"dtb\"\n", m->boot->dtb_gpa, BOOT_DTB_MAX);
}

/* A card, and what its cable leads to. */
static void tell_network(const Machine *m, GString *to)
{
    for (guint i = 0; i < m->nics->len; i++) {
        const NamedNic *nic = &g_array_index(m->nics, NamedNic, i);
        const DeviceOption *option = nic->option;
        const char *model = device_types[option->type].name, *netdev = device_option_string(option, "netdev");
        g_autofree char *name = option->id ? g_strdup(option->id) : g_strdup_printf("%s.%u", model, i);
        g_string_append_printf(to, "%s: index=0,type=nic,model=%s,macaddr=%02x:%02x:%02x:%02x:%02x:%02x\n", name, model,
                               nic->mac[0], nic->mac[1], nic->mac[2], nic->mac[3], nic->mac[4], nic->mac[5]);
        for (guint k = 0; netdev && k < m->config->netdevs->len; k++) {
            const BackendConfig *b = m->config->netdevs->pdata[k];
            if (!strcmp(b->id, netdev))
                g_string_append_printf(to, " \\ %s: index=0,type=%s\n", b->id, b->text);
        }
    }
}

static void tell_jit(const Machine *m, GString *to)
{
    const Config *c = m->config;
    bool soft = !strcmp(c->accel, "soft");
    g_string_append_printf(to, "accelerator %s: %s\n", c->accel,
                           !soft          ? "the host's processor executes the guest's instructions"
                           : c->translate ? "instructions are translated to the host's"
                                          : "instructions are interpreted");
    if (soft && c->translate && c->tb_mib)
        g_string_append_printf(to, "%u MiB for them, of each vCPU\n", c->tb_mib);
}

void machine_tell(void *machine, unsigned topic, GString *to)
{
    const Machine *m = machine;
    switch ((MachineTopic)topic) {
    case MACHINE_EXITS:
        tell_exits(m, to);
        break;
    case MACHINE_IRQ:
        tell_sources(m, to, false);
        break;
    case MACHINE_PIC:
        tell_sources(m, to, true);
        break;
    case MACHINE_ROMS:
        tell_roms(m, to);
        break;
    case MACHINE_NETWORK:
        tell_network(m, to);
        break;
    case MACHINE_JIT:
        tell_jit(m, to);
        break;
    }
}
