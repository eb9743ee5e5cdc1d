/* SPDX-License-Identifier: MIT
 *
 * What each option does to the Config: a function a row of options_table.def.
 */
#include "platform/options_priv.h"

#include <string.h>

#include "cpu/e500/state.h"
#include "cpu/accel.h"
#include "cpu/fault.h"
#include "cpu/log.h"
#include "platform/chardev.h"
#include "platform/keyval.h"
#include "platform/suggest.h"

/* --- properties: key=value lists, a table an option */

typedef struct Property {
    const char *key; /* "": the first part, without a key */
    bool (*set)(Parse *p, const char *what, const char *value, GError **error);
} Property;

static bool unknown_property(const char *option, const KeyVal *pair, const Property *rows, size_t n,
                             GError **error)
{
    g_autofree const char **names = g_new(const char *, n);
    size_t known = 0;
    for (size_t i = 0; i < n; i++) {
        if (*rows[i].key)
            names[known++] = rows[i].key;
    }
    const char *word = *pair->key ? pair->key : pair->value;
    g_autofree char *hint = suggest_phrase(word, names, known);
    return option_bad(error, "%s: unknown property '%s'%s", option, word, hint);
}

static bool properties_set(Parse *p, const char *option, const Property *rows, size_t n, const char *arg,
                           GError **error)
{
    g_autoptr(GPtrArray) pairs = keyval_split(arg);
    for (guint i = 0; i < pairs->len && !p->done; i++) {
        const KeyVal *pair = pairs->pdata[i];
        size_t r = 0;
        while (r < n && strcmp(rows[r].key, pair->key))
            r++;
        if (r == n)
            return unknown_property(option, pair, rows, n, error);
        g_autofree char *what = g_strconcat(option, *pair->key ? " " : "", pair->key, NULL);
        if (!rows[r].set(p, what, pair->value, error))
            return false;
    }
    return true;
}
#define PROPERTIES_SET(p, option, rows, arg, error)                                                \
    properties_set(p, option, rows, G_N_ELEMENTS(rows), arg, error)

static bool set_string(char **where, const char *what, const char *value, GError **error)
{
    if (!*value)
        return option_bad(error, "%s: must not be empty", what);
    g_free(*where);
    *where = g_strdup(value);
    return true;
}

#define WORD_PROPERTY(name, type, member, ...)                                                     \
    static bool name(Parse *p, const char *what, const char *value, GError **error)                \
    {                                                                                              \
        static const char *const words[] = { __VA_ARGS__ };                                        \
        unsigned i;                                                                                \
        if (!value_word(what, value, words, G_N_ELEMENTS(words), &i, error))                       \
            return false;                                                                          \
        p->config->member = (type)i;                                                               \
        return true;                                                                               \
    }
#define BOOL_PROPERTY(name, member)                                                                \
    static bool name(Parse *p, const char *what, const char *value, GError **error)                \
    {                                                                                              \
        return value_bool(what, value, &p->config->member, error);                                 \
    }
#define STRING_PROPERTY(name, member)                                                              \
    static bool name(Parse *p, const char *what, const char *value, GError **error)                \
    {                                                                                              \
        return set_string(&p->config->member, what, value, error);                                 \
    }

/* Properties whose "off" asks for what is. */
static bool must_be_off(Parse *p, const char *what, const char *value, GError **error)
{
    bool on;
    if (!value_bool(what, value, &on, error))
        return false;
    return on ? option_bad(error, "%s=on: not yet supported", what) : true;
}

static bool not_yet(Parse *p, const char *what, const char *value, GError **error)
{
    return option_bad(error, "%s=%s: not yet supported", what, value);
}

/* --- -machine */

static bool machine_board(Parse *p, const char *what, const char *value, GError **error)
{
    if (!strcmp(value, "help")) {
        printf("ppce500    paravirtual e500 board (default)\n");
        p->done = true;
        return true;
    }
    if (strcmp(value, "ppce500"))
        return option_bad(error, "-M %s: unknown board; the closest known is ppce500", value);
    return set_string(&p->config->board, what, value, error);
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
    return set_string(&p->config->fault, what, value, error);
}
STRING_PROPERTY(machine_dumpdtb, dumpdtb)
STRING_PROPERTY(machine_dt_compatible, dt_compatible)
STRING_PROPERTY(machine_kernel, kernel)
STRING_PROPERTY(machine_initrd, initrd)
STRING_PROPERTY(machine_dtb, dtb)
WORD_PROPERTY(machine_reset, ResetMode, reset_mode, "plain", "rebuild")
WORD_PROPERTY(machine_reset_ram, bool, reset_ram_clear, "keep", "clear")
BOOL_PROPERTY(machine_has_reset, has_reset)
BOOL_PROPERTY(machine_has_shutdown, has_shutdown)
BOOL_PROPERTY(machine_has_idle, has_idle)

static bool machine_append(Parse *p, const char *what, const char *value, GError **error)
{
    g_free(p->config->append);
    p->config->append = g_strdup(value);
    return true;
}

bool option_set_machine(Parse *p, const char *arg, GError **error)
{
    static const Property rows[] = {
        { "", machine_board },
        { "type", machine_board },
        { "accel", machine_accel },
        { "dumpdtb", machine_dumpdtb },
        { "dt_compatible", machine_dt_compatible },
        { "reset", machine_reset },
        { "reset-ram", machine_reset_ram },
        { "has-reset", machine_has_reset },
        { "has-shutdown", machine_has_shutdown },
        { "has-idle", machine_has_idle },
        { "inject-fault", machine_fault },
        { "kernel", machine_kernel },
        { "initrd", machine_initrd },
        { "append", machine_append },
        { "dtb", machine_dtb },
        { "usb", must_be_off },
        { "graphics", must_be_off },
        { "firmware", not_yet },
        { "memory-backend", not_yet },
    };
    return PROPERTIES_SET(p, "-M", rows, arg, error);
}

/* --- -accel, -cpu, -smp, -m */

static bool accel_help(Parse *p)
{
    static const char *const names[] = { "soft", "kvm" };
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        const AccelOps *ops = accel_find(names[i]);
        g_autofree char *why = NULL;
        const char *state = !ops ? "not in this build" : ops->available(&why) ? "available" : why;
        printf("%-8s %s (%s)\n", names[i], ops ? ops->doc : "the host's hypervisor", state);
    }
    printf("tcg      the same as soft\n");
    p->done = true;
    return true;
}

static bool accel_name(Parse *p, const char *what, const char *value, GError **error)
{
    static const char *const names[] = { "soft", "tcg", "kvm" };
    unsigned i;
    if (!strcmp(value, "help"))
        return accel_help(p);
    if (!value_word(what, value, names, G_N_ELEMENTS(names), &i, error))
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
    static const char *const words[] = { "multi", "single" };
    unsigned i;
    if (!value_word(what, value, words, G_N_ELEMENTS(words), &i, error))
        return false;
    return i == 0 ? true : option_bad(error, "%s=single: not yet supported", what);
}

bool option_set_accel(Parse *p, const char *arg, GError **error)
{
    static const Property rows[] = {
        { "", accel_name },
        { "accel", accel_name },
        { "protected", accel_protected },
        { "rebuild", accel_rebuild },
        { "thread", accel_thread },
        { "tb-size", not_yet },
        { "one-insn-per-tb", not_yet },
    };
    return PROPERTIES_SET(p, "-accel", rows, arg, error);
}

bool option_set_enable_kvm(Parse *p, const char *arg, GError **error)
{
    return accel_name(p, "-enable-kvm", "kvm", error);
}

bool option_set_cpu(Parse *p, const char *arg, GError **error)
{
    static const char *const planned[] = { "e500", "e500v1", "e500v2", "e500_v10", "e500_v20", "e500v2_v10",
                                           "e500v2_v20", "e500v2_v21", "e500v2_v22", "e500v2_v30", "e5500", "e6500", NULL };
    size_t n;
    const E500Model *models = e500_models(&n);
    if (!strcmp(arg, "help")) {
        for (size_t i = 0; i < n; i++)
            printf("%-10s PVR 0x%08x  %s%s\n", models[i].name, models[i].pvr, models[i].doc,
                   strcmp(models[i].name, "e500mc") ? "" : " (default)");
        p->done = true;
        return true;
    }
    if (e500_model_find(arg))
        return set_string(&p->config->cpu, "-cpu", arg, error);
    if (g_strv_contains(planned, arg))
        return option_bad(error, "-cpu %s: not yet supported", arg);
    const char *comma = strchr(arg, ',');
    g_autofree char *base = comma ? g_strndup(arg, (gsize)(comma - arg)) : NULL;
    if (base && e500_model_find(base))
        return option_bad(error, "-cpu %s: the model has no property '%s'", base, comma + 1);
    g_autofree const char **names = g_new(const char *, n);
    for (size_t i = 0; i < n; i++)
        names[i] = models[i].name;
    const char *closest = suggest_closest(arg, names, n);
    return option_bad(error, "-cpu %s: unknown model; the closest known is %s", arg, closest ? closest : "e500mc");
}

/* cpus = sockets × cores × threads, whichever of them are given. */
bool option_set_smp(Parse *p, const char *arg, GError **error)
{
    static const char *const keys[] = { "cpus", "maxcpus", "sockets", "cores", "threads" };
    unsigned value[G_N_ELEMENTS(keys)] = { 0 };
    g_autoptr(GPtrArray) pairs = keyval_split(arg);
    for (guint i = 0; i < pairs->len; i++) {
        const KeyVal *pair = pairs->pdata[i];
        unsigned k;
        if (!value_word("-smp", *pair->key ? pair->key : "cpus", keys, G_N_ELEMENTS(keys), &k, error))
            return false;
        g_autofree char *what = k ? g_strconcat("-smp ", keys[k], NULL) : g_strdup("-smp");
        if (!value_uint(what, pair->value, 1, k == 4 ? 1 : VCPUS_MAX, &value[k], error))
            return false;
    }
    unsigned product = MAX(value[2], 1) * MAX(value[3], 1) * MAX(value[4], 1);
    unsigned cpus = value[0] ? value[0] : value[1] ? value[1] : product;
    bool topology = value[2] && value[3];
    if (cpus > VCPUS_MAX || (value[1] && value[1] != cpus) || (topology ? product != cpus : cpus % product))
        return option_bad(error, "-smp %s: the numbers disagree, or are more than %d cores", arg, VCPUS_MAX);
    p->config->n_vcpus = cpus;
    return true;
}

static bool memory_size_set(Parse *p, const char *what, const char *value, GError **error)
{
    /* RAM ends before the PCI memory window at 0xC_0000_0000. */
    const uint64_t min = UINT64_C(64) << 20, max = UINT64_C(0xC00000000);
    uint64_t size;
    if (!value_size("-m", value, 20, &size, error))
        return false;
    if (size < min || size > max || size % (1 << 20) || size > SIZE_MAX / 2)
        return option_bad(error, "-m %s: guest RAM is a multiple of 1 MiB from 64M to %s", value,
                          max > SIZE_MAX / 2 ? "2047M on this host" : "48G");
    p->config->ram_size = size;
    return true;
}

bool option_set_memory(Parse *p, const char *arg, GError **error)
{
    static const Property rows[] = {
        { "", memory_size_set }, { "size", memory_size_set }, { "slots", not_yet }, { "maxmem", not_yet },
    };
    return PROPERTIES_SET(p, "-m", rows, arg, error);
}

bool option_set_nodefaults(Parse *p, const char *arg, GError **error)
{
    p->nodefaults = true;
    return true;
}

bool option_set_no_user_config(Parse *p, const char *arg, GError **error)
{
    return true; /* there is no such file */
}

static bool name_guest(Parse *p, const char *what, const char *value, GError **error)
{
    if (!g_utf8_validate(value, -1, NULL))
        return option_bad(error, "%s: must be UTF-8", what);
    return set_string(&p->config->name, what, value, error);
}

bool option_set_name(Parse *p, const char *arg, GError **error)
{
    static const Property rows[] = {
        { "", name_guest }, { "guest", name_guest }, { "process", not_yet }, { "debug-threads", must_be_off },
    };
    return PROPERTIES_SET(p, "-name", rows, arg, error);
}

/* --- images */

bool option_set_kernel(Parse *p, const char *arg, GError **error)
{
    return set_string(&p->config->kernel, "-kernel", arg, error);
}

bool option_set_initrd(Parse *p, const char *arg, GError **error)
{
    return set_string(&p->config->initrd, "-initrd", arg, error);
}

bool option_set_append(Parse *p, const char *arg, GError **error)
{
    return machine_append(p, "-append", arg, error);
}

bool option_set_dtb(Parse *p, const char *arg, GError **error)
{
    return set_string(&p->config->dtb, "-dtb", arg, error);
}

/* --- console */

bool option_set_nographic(Parse *p, const char *arg, GError **error)
{
    return true; /* what is the default */
}

bool option_set_serial(Parse *p, const char *arg, GError **error)
{
    if (p->n_serials == SERIALS_MAX)
        return option_bad(error, "-serial %s: the board has only %d serial ports", arg, SERIALS_MAX);
    g_autoptr(GError) why = NULL;
    if (!chardev_check(arg, &why))
        return option_bad(error, "-serial %s", why->message);
    return set_string(&p->config->serial[p->n_serials++], "-serial", arg, error);
}

static bool none_only(const char *option, const char *arg, const char *unsupported, GError **error)
{
    return strcmp(arg, "none") ? option_bad(error, "%s %s: %s", option, arg, unsupported) : true;
}

bool option_set_monitor(Parse *p, const char *arg, GError **error)
{
    p->no_monitor = true;
    if (!strcmp(arg, "null"))
        return true;
    return none_only("-monitor", arg, "not yet supported; -qmp is", error);
}

bool option_set_display(Parse *p, const char *arg, GError **error)
{
    return none_only("-display", arg, "not yet supported, there is no display", error);
}

bool option_set_vga(Parse *p, const char *arg, GError **error)
{
    return none_only("-vga", arg, "not yet supported", error);
}

bool option_set_parallel(Parse *p, const char *arg, GError **error)
{
    return none_only("-parallel", arg, "not yet supported", error);
}

bool option_set_net(Parse *p, const char *arg, GError **error)
{
    return none_only("-net", arg, "not yet supported", error);
}

bool option_set_nic(Parse *p, const char *arg, GError **error)
{
    return none_only("-nic", arg, "not yet supported", error);
}

/* --- running */

WORD_PROPERTY(action_reboot, ActionReboot, action_reboot, "reset", "shutdown")
WORD_PROPERTY(action_shutdown, ActionShutdown, action_shutdown, "poweroff", "pause")
WORD_PROPERTY(action_panic, ActionPanic, action_panic, "pause", "shutdown", "exit-failure", "none")
WORD_PROPERTY(action_watchdog, ActionWatchdog, action_watchdog, "reset", "shutdown", "poweroff", "pause", "debug",
              "none", "inject-nmi")

bool option_set_action(Parse *p, const char *arg, GError **error)
{
    static const Property rows[] = {
        { "reboot", action_reboot },
        { "shutdown", action_shutdown },
        { "panic", action_panic },
        { "watchdog", action_watchdog },
    };
    return PROPERTIES_SET(p, "-action", rows, arg, error);
}

bool option_set_watchdog_action(Parse *p, const char *arg, GError **error)
{
    return action_watchdog(p, "-watchdog-action", arg, error);
}

bool option_set_paused(Parse *p, const char *arg, GError **error)
{
    p->config->start_paused = true;
    return true;
}

bool option_set_no_reboot(Parse *p, const char *arg, GError **error)
{
    p->config->action_reboot = REBOOT_SHUTDOWN;
    return true;
}

bool option_set_no_shutdown(Parse *p, const char *arg, GError **error)
{
    p->config->action_shutdown = SHUTDOWN_PAUSE;
    return true;
}

bool option_set_pidfile(Parse *p, const char *arg, GError **error)
{
    return set_string(&p->config->pidfile, "-pidfile", arg, error);
}

/* --- time */

static bool is_date(const char *text)
{
    static const char *const shapes[] = { "dddd-dd-dd", "dddd-dd-ddTdd:dd:dd" };
    bool fits = false;
    for (size_t i = 0; i < G_N_ELEMENTS(shapes) && !fits; i++) {
        const char *s = shapes[i], *t = text;
        while (*s && (*s == 'd' ? g_ascii_isdigit(*t) : *s == *t)) {
            s++;
            t++;
        }
        fits = !*s && !*t;
    }
    if (!fits)
        return false;
    g_autofree char *full = strchr(text, 'T') ? g_strdup(text) : g_strconcat(text, "T00:00:00", NULL);
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autoptr(GDateTime) date = g_date_time_new_from_iso8601(full, utc);
    return date != NULL;
}

static bool rtc_base(Parse *p, const char *what, const char *value, GError **error)
{
    if (strcmp(value, "utc") && strcmp(value, "localtime") && !is_date(value))
        return option_bad(error, "%s: '%s' is not utc, localtime, or a date like 2006-06-17T16:01:21", what, value);
    return set_string(&p->config->rtc_base, what, value, error);
}

static bool rtc_clock(Parse *p, const char *what, const char *value, GError **error)
{
    static const char *const words[] = { "host", "rt", "vm" };
    unsigned i;
    if (!value_word(what, value, words, G_N_ELEMENTS(words), &i, error))
        return false;
    p->config->rtc_clock_vm = i == 2;
    return true;
}

static bool rtc_driftfix(Parse *p, const char *what, const char *value, GError **error)
{
    return strcmp(value, "none") ? not_yet(p, what, value, error) : true;
}

bool option_set_rtc(Parse *p, const char *arg, GError **error)
{
    static const Property rows[] = { { "base", rtc_base }, { "clock", rtc_clock }, { "driftfix", rtc_driftfix } };
    return PROPERTIES_SET(p, "-rtc", rows, arg, error);
}

static bool icount_shift(Parse *p, const char *what, const char *value, GError **error)
{
    if (!strcmp(value, "auto"))
        return not_yet(p, "-icount shift", value, error);
    p->config->icount = true;
    return value_uint("-icount shift", value, 0, 10, &p->config->icount_shift, error);
}

/* Idle virtual time is skipped, never slept through: QEMU's sleep=off, align=off. */
bool option_set_icount(Parse *p, const char *arg, GError **error)
{
    static const Property rows[] = {
        { "", icount_shift }, { "shift", icount_shift }, { "sleep", must_be_off }, { "align", must_be_off },
        { "rr", not_yet },    { "rrfile", not_yet },     { "rrsnapshot", not_yet },
    };
    if (!PROPERTIES_SET(p, "-icount", rows, arg, error))
        return false;
    return p->config->icount ? true : option_bad(error, "-icount %s: shift=N is missing", arg);
}

/* --- debugging and control */

static bool set_socket(char **where, const char *option, const char *arg, GError **error)
{
    if (!strcmp(arg, "none")) {
        g_clear_pointer(where, g_free);
        return true;
    }
    bool ok = (g_str_has_prefix(arg, "unix:") && arg[5]) || (g_str_has_prefix(arg, "tcp:") && strchr(arg + 4, ':'));
    if (!ok)
        return option_bad(error, "%s %s: neither tcp:[HOST]:PORT nor unix:PATH", option, arg);
    return set_string(where, option, arg, error);
}

bool option_set_gdb(Parse *p, const char *arg, GError **error)
{
    return set_socket(&p->config->gdb, "-gdb", arg, error);
}

bool option_set_gdb_default(Parse *p, const char *arg, GError **error)
{
    return set_socket(&p->config->gdb, "-s", "tcp::1234", error);
}

bool option_set_qmp(Parse *p, const char *arg, GError **error)
{
    return set_socket(&p->config->qmp, "-qmp", arg, error);
}

static const char *const trace_words[] = {
#define X(id, word, doc) word,
    LOG_LIST(X)
#undef X
};

static bool trace_help(Parse *p)
{
    printf("Words of -d:\n");
#define X(id, word, doc) printf("%-14s %s\n", word, doc);
    LOG_LIST(X)
#undef X
    p->done = true;
    return true;
}

bool option_set_trace(Parse *p, const char *arg, GError **error)
{
    static const char *const planned[] = { "all", "cpu", "cpu_reset", "exec", "fpu", "nochain", "op", "op_ind",
                                           "op_opt", "out_asm", "page", "pcall", "plugin", "strace", "tid",
                                           "vpu", NULL };
    g_auto(GStrv) words = g_strsplit(arg, ",", -1);
    for (char **word = words; *word; word++) {
        unsigned bit;
        if (!strcmp(*word, "help") || !strcmp(*word, "?"))
            return trace_help(p);
        if (g_strv_contains(planned, *word) || g_str_has_prefix(*word, "trace:"))
            return option_bad(error, "-d %s: not yet supported", *word);
        if (!value_word("-d", *word, trace_words, G_N_ELEMENTS(trace_words), &bit, error))
            return false;
        p->config->log_mask |= 1u << bit;
    }
    return true;
}

bool option_set_trace_file(Parse *p, const char *arg, GError **error)
{
    return set_string(&p->config->log_file, "-D", arg, error);
}

bool option_set_help(Parse *p, const char *arg, GError **error)
{
    options_print_help(stdout);
    p->done = true;
    return true;
}

bool option_set_version(Parse *p, const char *arg, GError **error)
{
    options_print_version(stdout);
    p->done = true;
    return true;
}
