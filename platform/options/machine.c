/* SPDX-License-Identifier: MIT
 *
 * What the options about the machine do to the Config: -machine, -accel, -cpu, -smp, -m.
 */
#include "platform/options/property.h"

#include <string.h>

#include "cpu/accel.h"
#include "cpu/e500/state.h"
#include "cpu/fault.h"
#include "platform/base/board.h"
#include "platform/base/suggest.h"

/* --- -machine */

static bool machine_board(Parse *p, const char *what, const char *value, GError **error)
{
    size_t n;
    const Board *all = boards(&n);
    if (!strcmp(value, "help")) {
        for (size_t i = 0; i < n; i++)
            printf("%-10s %s%s\n", all[i].name, all[i].doc, i ? "" : " (default)");
        p->done = true;
        return true;
    }
    if (!strcmp(value, "none")) {
        p->no_guest = p->config->start_paused = true;
        return true;
    }
    if (!board_find(value)) {
        g_autofree const char **names = g_new(const char *, n);
        for (size_t i = 0; i < n; i++)
            names[i] = all[i].name;
        g_autofree char *hint = suggest_phrase(value, names, n);
        return option_bad(error, "-M %s: unknown board%s; -M help lists them", value, hint);
    }
    return property_string(p, &p->config->board, what, value, error);
}

static bool machine_accel(Parse *p, const char *what, const char *value, GError **error);
static bool machine_fault(Parse *p, const char *what, const char *value, GError **error)
{
    if (!strcmp(value, "help")) {
#define X(id, name, doc) printf("%-16s %s\n", name, doc);
        FAULT_LIST(X)
#undef X
        p->done = true;
        return true;
    }
    return property_string(p, &p->config->fault, what, value, error);
}
STRING_PROPERTY(machine_dumpdtb, dumpdtb)
STRING_PROPERTY(machine_dt_compatible, dt_compatible)
STRING_PROPERTY(machine_bios, bios)
STRING_PROPERTY(machine_kernel, kernel)
STRING_PROPERTY(machine_initrd, initrd)
STRING_PROPERTY(machine_dtb, dtb)
WORD_PROPERTY(machine_reset, ResetMode, reset_mode, "plain", "rebuild")
WORD_PROPERTY(machine_unmapped, Unmapped, unmapped, "ccsr", "zero", "machine-check")
WORD_PROPERTY(machine_reset_ram, bool, reset_ram_clear, "keep", "clear")

static bool machine_has_reset(Parse *p, const char *what, const char *value, GError **error)
{
    p->reset_given = true;
    return value_bool(what, value, &p->config->has_reset, error);
}

static bool machine_has_shutdown(Parse *p, const char *what, const char *value, GError **error)
{
    p->shutdown_given = true;
    return value_bool(what, value, &p->config->has_shutdown, error);
}

static bool machine_memory_backend(Parse *p, const char *what, const char *value, GError **error)
{
    return property_string(p, &p->memory_backend, what, value, error);
}

BOOL_PROPERTY(machine_has_idle, has_idle)
BOOL_PROPERTY(machine_has_partition, has_partition)
BOOL_PROPERTY(machine_scramble, scramble)
BOOL_PROPERTY(machine_direct_eoi, direct_eoi)

static bool machine_external_proxy(Parse *p, const char *what, const char *value, GError **error)
{
    bool on;
    if (!value_bool(what, value, &on, error))
        return false;
    p->config->no_external_proxy = !on;
    return true;
}
BOOL_PROPERTY(machine_memory_areas, memory_areas)

/* QEMU's third word is for controllers that PowerPC has not. */
WORD_PROPERTY(machine_kernel_irqchip, bool, kernel_irqchip, "off", "on")

static bool machine_append(Parse *p, const char *what, const char *value, GError **error)
{
    return option_set_append(p, value, error);
}

bool option_set_machine(Parse *p, const char *arg, GError **error)
{
    static const Property rows[] = {
        {"", machine_board},
        {"type", machine_board},
        {"accel", machine_accel},
        {"dumpdtb", machine_dumpdtb},
        {"dt_compatible", machine_dt_compatible},
        {"reset", machine_reset},
        {"reset-ram", machine_reset_ram},
        {"unmapped", machine_unmapped},
        {"has-reset", machine_has_reset},
        {"has-shutdown", machine_has_shutdown},
        {"has-idle", machine_has_idle},
        {"has-partition", machine_has_partition},
        {"scramble", machine_scramble},
        {"external-proxy", machine_external_proxy},
        {"direct-eoi", machine_direct_eoi},
        {"memory-areas", machine_memory_areas},
        {"kernel-irqchip", machine_kernel_irqchip},
        {"kernel_irqchip", machine_kernel_irqchip},
        {"inject-fault", machine_fault},
        {"kernel", machine_kernel},
        {"initrd", machine_initrd},
        {"append", machine_append},
        {"dtb", machine_dtb},
        {"usb", property_must_be_off},
        {"graphics", property_must_be_off},
        {"firmware", machine_bios},
        {"memory-backend", machine_memory_backend},
        {"mem-merge", property_no_switch},       /* the host's KSM is not asked to look at RAM */
        {"dump-guest-core", property_no_switch}, /* a core of this program has RAM in it as the host says */
        {"suppress-vmdesc", property_no_switch}, /* of migration */
        {"vmport", property_must_be_off},
        {"nvdimm", property_must_be_off},
        {"hmat", property_must_be_off},
        {"confidential-guest-support", property_not_yet},
    };
    return PROPERTIES_SET(p, "-M", rows, arg, error);
}

/* --- -accel, -cpu, -smp, -m */

static const char *const accel_words[] = {
#define X(word, ops) word,
    ACCEL_LIST(X)
#undef X
};

static bool accel_help(Parse *p)
{
    for (size_t i = 0; i < G_N_ELEMENTS(accel_words); i++) {
        const AccelOps *ops = accel_find(accel_words[i]);
        g_autofree char *why = NULL;
        if (strcmp(accel_words[i], ops->name))
            printf("%-8s the same as %s\n", accel_words[i], ops->name);
        else
            printf("%-8s %s (%s)\n", ops->name, ops->doc, ops->available(&why) ? "available" : why);
    }
    p->done = true;
    return true;
}

static bool accel_name(Parse *p, const char *what, const char *value, GError **error)
{
    unsigned i;
    if (!strcmp(value, "help"))
        return accel_help(p);
    if (!value_word(what, value, accel_words, G_N_ELEMENTS(accel_words), &i, error))
        return false;
    g_ptr_array_add(p->accels, g_strdup(value));
    return true;
}

static bool machine_accel(Parse *p, const char *what, const char *value, GError **error)
{
    g_auto(GStrv) names = g_strsplit(value, ":", -1);
    for (char **name = names; *name && !p->done; name++) {
        if (!accel_name(p, what, *name, error))
            return false;
    }
    return true;
}

BOOL_PROPERTY(accel_protected, protected_state)
WORD_PROPERTY_FROM(accel_jit, Jit, JIT_ON, jit, "on", "off", "verify")
BOOL_PROPERTY(accel_stats, accel_stats)

static bool accel_tb_size(Parse *p, const char *what, const char *value, GError **error)
{
    return value_uint(what, value, 1, 1024, &p->config->tb_mib, error);
}

static bool accel_rebuild(Parse *p, const char *what, const char *value, GError **error)
{
    bool on;
    if (!value_bool(what, value, &on, error))
        return false;
    p->config->no_rebuild = !on;
    return true;
}

static bool accel_thread(Parse *p, const char *what, const char *value, GError **error)
{
    static const char *const words[] = {"multi", "single"};
    unsigned i;
    if (!value_word(what, value, words, G_N_ELEMENTS(words), &i, error))
        return false;
    return i == 0 ? true : option_bad(error, "%s=single: not yet supported", what);
}

static bool accel_one_insn(Parse *p, const char *what, const char *value, GError **error)
{
    bool on;
    if (!value_bool(what, value, &on, error))
        return false;
    return on ? option_set_singlestep(p, NULL, error) : true;
}

WORD_PROPERTY_FROM(accel_engine, Engine, ENGINE_FAST, engine, "fast", "plain", "verify")

bool option_set_accel(Parse *p, const char *arg, GError **error)
{
    static const Property rows[] = {
        {"", accel_name},
        {"accel", accel_name},
        {"protected", accel_protected},
        {"rebuild", accel_rebuild},
        {"engine", accel_engine},
        {"thread", accel_thread},
        {"kernel-irqchip", machine_kernel_irqchip},
        {"jit", accel_jit},
        {"tb-size", accel_tb_size},
        {"stats", accel_stats},
        {"one-insn-per-tb", accel_one_insn},
        {"split-wx", property_must_be_off},
        {"dirty-ring-size", property_not_yet},
        {"notify-vmexit", property_not_yet},
    };
    return PROPERTIES_SET(p, "-accel", rows, arg, error);
}

bool option_set_enable_kvm(Parse *p, const char *arg, GError **error)
{
    return accel_name(p, "-enable-kvm", "kvm", error);
}

static void cpu_help(void)
{
    size_t n;
    const E500Model *models = e500_models(&n);
    for (size_t i = 0; i < n; i++)
        printf("%-13s PVR 0x%08x  %s%s\n", models[i].name, models[i].pvr, models[i].doc,
               strcmp(models[i].name, E500_MODEL_DEFAULT) ? "" : " (default)");
    printf("%-13s PVR of the host  the core that -accel kvm executes guests on\n", "host");
    const E500Model *chips = e500_chips(&n);
    for (size_t i = 0; i < n; i++)
        printf("%-13s PVR 0x%08x SVR 0x%08x\n", chips[i].name, chips[i].pvr, chips[i].svr);
    const char *alias, *name;
    for (size_t i = 0; (alias = e500_alias(i, &name)); i++)
        printf("%-13s alias of %s\n", alias, name);
}

/* The closest of the cores and of the chips, as suggest_phrase() says it. */
static char *cpu_hint(const char *arg)
{
    size_t n, n_chips;
    const E500Model *models = e500_models(&n), *chips = e500_chips(&n_chips);
    g_autofree const char **names = g_new(const char *, n + n_chips);
    for (size_t i = 0; i < n; i++)
        names[i] = models[i].name;
    for (size_t i = 0; i < n_chips; i++)
        names[n + i] = chips[i].name;
    return suggest_phrase(arg, names, n + n_chips);
}

bool option_set_cpu(Parse *p, const char *arg, GError **error)
{
    static const char *const planned[] = {"e500v1", "e500_v10", "e500_v20", "e5500", "e6500", NULL};
    if (!strcmp(arg, "help")) {
        cpu_help();
        p->done = true;
        return true;
    }
    if (e500_model_find(arg) || !strcmp(arg, "host"))
        return property_string(p, &p->config->cpu, "-cpu", arg, error);
    if (g_strv_contains(planned, arg))
        return option_bad(error, "-cpu %s: not yet supported; -cpu help lists what is", arg);
    const char *comma = strchr(arg, ',');
    g_autofree char *base = comma ? g_strndup(arg, (gsize)(comma - arg)) : NULL;
    if (base && e500_model_find(base))
        return option_bad(error, "-cpu %s: the model has no property '%s'", base, comma + 1);
    g_autofree char *hint = cpu_hint(arg);
    return option_bad(error, "-cpu %s: unknown model%s; -cpu help lists them", arg, hint);
}

/* The topology, whatever of it is given, makes maxcpus, of which `cpus` are there; no more come later. */
bool option_set_smp(Parse *p, const char *arg, GError **error)
{
    static const char *const keys[] = {"cpus", "maxcpus", "sockets", "cores", "threads", "dies", "clusters"};
    enum { CPUS, MAXCPUS, SOCKETS, CORES, THREADS };
    unsigned value[G_N_ELEMENTS(keys)] = {0};
    g_autoptr(GPtrArray) pairs = keyval_split(arg);
    for (guint i = 0; i < pairs->len; i++) {
        const KeyVal *pair = pairs->pdata[i];
        unsigned k;
        if (!value_word("-smp", *pair->key ? pair->key : "cpus", keys, G_N_ELEMENTS(keys), &k, error))
            return false;
        g_autofree char *what = k ? g_strconcat("-smp ", keys[k], NULL) : g_strdup("-smp");
        if (!value_uint(what, pair->value, 1, k >= THREADS ? 1 : VCPUS_MAX, &value[k], error))
            return false;
    }
    unsigned product = MAX(value[SOCKETS], 1) * MAX(value[CORES], 1);
    unsigned cpus = value[CPUS] ? value[CPUS] : value[MAXCPUS] ? value[MAXCPUS] : product;
    unsigned max = value[MAXCPUS] ? value[MAXCPUS] : cpus;
    bool topology = value[SOCKETS] && value[CORES];
    if (cpus > max || max > VCPUS_MAX || (topology ? product != max : max % product))
        return option_bad(error, "-smp %s: the numbers disagree, or are more than %d cores", arg, VCPUS_MAX);
    p->config->n_vcpus = cpus;
    return true;
}

bool options_check_ram(uint64_t size, const char *text, GError **error)
{
    /* The most that any board has; complete_board() asks the board. */
    const uint64_t min = UINT64_C(64) << 20, max = UINT64_C(0xC00000000);
    if (size < min || size > max || size % (1 << 20))
        return option_bad(error, "%s: guest RAM is a multiple of 1 MiB from 64M to 48G", text);
    return size <= SIZE_MAX / 2 || option_bad(error, "%s: more than the address space of this host", text);
}

static bool memory_size_set(Parse *p, const char *what, const char *value, GError **error)
{
    g_autofree char *text = g_strconcat("-m ", value, NULL);
    p->memory_given = true;
    return value_size("-m", value, 20, &p->config->ram_size, error) && options_check_ram(p->config->ram_size, text, error);
}

bool option_set_memory(Parse *p, const char *arg, GError **error)
{
    static const Property rows[] = {
        {"", memory_size_set},
        {"size", memory_size_set},
        {"slots", property_not_yet},
        {"maxmem", property_not_yet},
    };
    return PROPERTIES_SET(p, "-m", rows, arg, error);
}
