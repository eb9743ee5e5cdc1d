/* SPDX-License-Identifier: MIT
 *
 * What each option does to the Config: a function for each row of table.def that has none elsewhere in this folder.
 */
#include "platform/options/property.h"

#include <string.h>

#include "cpu/log.h"
#include "cpu/timeline.h"
#include "platform/chardev/chardev.h"

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
    return property_string(p, &p->config->name, what, value, error);
}

bool option_set_name(Parse *p, const char *arg, GError **error)
{
    static const Property rows[] = {
        {"", name_guest},
        {"guest", name_guest},
        {"process", property_not_yet},
        {"debug-threads", property_no_switch},
    };
    return PROPERTIES_SET(p, "-name", rows, arg, error);
}

BOOL_PROPERTY(lock_memory, lock_memory)

bool option_set_overcommit(Parse *p, const char *arg, GError **error)
{
    static const Property rows[] = {{"mem-lock", lock_memory}, {"cpu-pm", property_must_be_off}};
    return PROPERTIES_SET(p, "-overcommit", rows, arg, error);
}

bool option_set_uuid(Parse *p, const char *arg, GError **error)
{
    if (!g_uuid_string_is_valid(arg))
        return option_bad(error, "-uuid %s: not of the form 12345678-90ab-cdef-1234-567890abcdef", arg);
    g_autofree char *lower = g_ascii_strdown(arg, -1);
    p->config->uuid = config_text(p->config, lower);
    return true;
}

/* --- images */

bool option_set_kernel(Parse *p, const char *arg, GError **error)
{
    return property_string(p, &p->config->kernel, "-kernel", arg, error);
}

bool option_set_bios(Parse *p, const char *arg, GError **error)
{
    return property_string(p, &p->config->bios, "-bios", arg, error);
}

bool option_set_initrd(Parse *p, const char *arg, GError **error)
{
    return property_string(p, &p->config->initrd, "-initrd", arg, error);
}

bool option_set_append(Parse *p, const char *arg, GError **error)
{
    p->config->append = config_text(p->config, arg); /* unlike others it may be empty */
    return true;
}

bool option_set_dtb(Parse *p, const char *arg, GError **error)
{
    return property_string(p, &p->config->dtb, "-dtb", arg, error);
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
    if (!g_str_has_prefix(arg, "chardev:") && !chardev_check(arg, &why))
        return option_bad(error, "-serial %s", why->message);
    return property_string(p, &p->config->serial[p->n_serials++], "-serial", arg, error);
}

static bool none_only(const char *option, const char *arg, const char *unsupported, GError **error)
{
    return strcmp(arg, "none") ? option_bad(error, "%s %s: %s", option, arg, unsupported) : true;
}

bool option_set_display(Parse *p, const char *arg, GError **error)
{
    return none_only("-display", arg, "not yet supported, there is no display", error);
}

bool option_set_vga(Parse *p, const char *arg, GError **error)
{
    return none_only("-vga", arg, "not yet supported", error);
}

bool option_set_vnc(Parse *p, const char *arg, GError **error)
{
    return none_only("-vnc", arg, "not supported, there is no display", error);
}

bool option_set_echr(Parse *p, const char *arg, GError **error)
{
    uint64_t key;
    if (!value_number("-echr", arg, &key, error))
        return false;
    if (key < 1 || key > 31)
        return option_bad(error, "-echr %s: not the code of a key with Ctrl, from 1 to 31", arg);
    p->config->escape_key = (uint8_t)key;
    return true;
}

bool option_set_parallel(Parse *p, const char *arg, GError **error)
{
    return none_only("-parallel", arg, "not yet supported", error);
}

/* --- running */

WORD_PROPERTY(action_reboot, ActionReboot, action_reboot, "reset", "shutdown")
WORD_PROPERTY(action_shutdown, ActionShutdown, action_shutdown, "poweroff", "pause")
WORD_PROPERTY(action_panic, ActionPanic, action_panic, "pause", "shutdown", "exit-failure", "none")
WORD_PROPERTY(action_watchdog, ActionWatchdog, action_watchdog, ACTION_WATCHDOG_WORDS)

bool option_set_action(Parse *p, const char *arg, GError **error)
{
    static const Property rows[] = {
        {"reboot", action_reboot},
        {"shutdown", action_shutdown},
        {"panic", action_panic},
        {"watchdog", action_watchdog},
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
    return property_string(p, &p->config->pidfile, "-pidfile", arg, error);
}

bool option_set_snapshot_file(Parse *p, const char *arg, GError **error)
{
    return property_string(p, &p->config->snapshot_file, "-snapshot-file", arg, error);
}

bool option_set_loadvm(Parse *p, const char *arg, GError **error)
{
    return property_string(p, &p->config->loadvm, "-loadvm", arg, error);
}

bool option_set_incoming(Parse *p, const char *arg, GError **error)
{
    return property_string(p, &p->config->incoming, "-incoming", arg, error);
}

bool option_set_only_migratable(Parse *p, const char *arg, GError **error)
{
    p->config->only_migratable = true;
    return true;
}

bool option_set_daemonize(Parse *p, const char *arg, GError **error)
{
    p->config->daemonize = true;
    return true;
}

bool option_set_chroot(Parse *p, const char *arg, GError **error)
{
    return property_string(p, &p->config->chroot, "-chroot", arg, error);
}

bool option_set_runas(Parse *p, const char *arg, GError **error)
{
    return property_string(p, &p->config->runas, "-runas", arg, error);
}

/* --- time */

static bool is_date(const char *text)
{
    static const char *const shapes[] = {"dddd-dd-dd", "dddd-dd-ddTdd:dd:dd"};
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
    return property_string(p, &p->config->rtc_base, what, value, error);
}

static bool rtc_clock(Parse *p, const char *what, const char *value, GError **error)
{
    static const char *const words[] = {"host", "rt", "vm"};
    unsigned i;
    if (!value_word(what, value, words, G_N_ELEMENTS(words), &i, error))
        return false;
    p->config->rtc_clock_vm = i == 2;
    return true;
}

static bool rtc_driftfix(Parse *p, const char *what, const char *value, GError **error)
{
    return strcmp(value, "none") ? property_not_yet(p, what, value, error) : true;
}

bool option_set_rtc(Parse *p, const char *arg, GError **error)
{
    static const Property rows[] = {{"base", rtc_base}, {"clock", rtc_clock}, {"driftfix", rtc_driftfix}};
    return PROPERTIES_SET(p, "-rtc", rows, arg, error);
}

/* QEMU's auto changes the shift so that the guest's clock follows the host's; here runs are repeatable, so it stays. */
static bool icount_shift(Parse *p, const char *what, const char *value, GError **error)
{
    if (!strcmp(value, "auto")) {
        message_warning("-icount shift=auto: stays at %u: virtual time does not follow the host's", ICOUNT_SHIFT_USUAL);
        p->config->icount = true;
        p->config->icount_shift = ICOUNT_SHIFT_USUAL;
        return true;
    }
    p->config->icount = true;
    return value_uint("-icount shift", value, 0, 10, &p->config->icount_shift, error);
}

/* Idle virtual time is skipped, never slept through: QEMU's sleep=off, align=off. */
bool option_set_icount(Parse *p, const char *arg, GError **error)
{
    static const Property rows[] = {
        {"", icount_shift},       {"shift", icount_shift},      {"sleep", property_must_be_off},  {"align", property_must_be_off},
        {"rr", property_not_yet}, {"rrfile", property_not_yet}, {"rrsnapshot", property_not_yet},
    };
    if (!PROPERTIES_SET(p, "-icount", rows, arg, error))
        return false;
    return p->config->icount ? true : option_bad(error, "-icount %s: shift=N is missing", arg);
}

/* --- debugging and control */

bool option_set_gdb(Parse *p, const char *arg, GError **error)
{
    g_autoptr(GError) why = NULL;
    p->config->gdb = NULL;
    if (!strcmp(arg, "none"))
        return true;
    if (g_str_has_prefix(arg, "mon:"))
        return option_bad(error, "-gdb %s: nothing is shared with gdb's bytes", arg);
    if (!g_str_has_prefix(arg, "chardev:") && !chardev_check(arg, &why))
        return option_bad(error, "-gdb %s", why->message);
    p->monitor_on_stdio |= !strcmp(arg, "stdio");
    return property_string(p, &p->config->gdb, "-gdb", arg, error);
}

bool option_set_gdb_default(Parse *p, const char *arg, GError **error)
{
    return option_set_gdb(p, "tcp::1234", error);
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
    static const char *const planned[] = {"all",  "cpu",   "cpu_reset", "exec",   "fpu", "op_ind", "op_opt",
                                          "page", "pcall", "plugin",    "strace", "tid", "vpu",    NULL};
    g_auto(GStrv) words = g_strsplit(arg, ",", -1);
    for (char **word = words; *word; word++) {
        unsigned bit;
        if (!strcmp(*word, "help") || !strcmp(*word, "?"))
            return trace_help(p);
        if (!strcmp(*word, "nochain")) /* blocks may be chained: no trace here depends on it */
            continue;
        if (g_strv_contains(planned, *word) || g_str_has_prefix(*word, "trace:"))
            return option_bad(error, "-d %s: not yet supported", *word);
        if (!value_word("-d", *word, trace_words, G_N_ELEMENTS(trace_words), &bit, error))
            return false;
        p->config->log_mask |= 1u << bit;
    }
    return true;
}

bool option_set_singlestep(Parse *p, const char *arg, GError **error)
{
    p->config->jit = JIT_OFF;
    return true;
}

BOOL_PROPERTY(message_timestamp, message_time)
BOOL_PROPERTY(message_guest_name, message_name)

bool option_set_message(Parse *p, const char *arg, GError **error)
{
    static const Property rows[] = {{"timestamp", message_timestamp}, {"guest-name", message_guest_name}};
    g_autofree char *keyed =
        !strcmp(arg, "timestamp") || !strcmp(arg, "guest-name") ? g_strconcat(arg, "=on", NULL) : g_strdup(arg);
    return PROPERTIES_SET(p, "-msg", rows, keyed, error);
}

static bool profile_file(Parse *p, const char *what, const char *value, GError **error)
{
    return property_string(p, &p->config->profile, what, value, error);
}

static bool profile_symbols(Parse *p, const char *what, const char *value, GError **error)
{
    return property_string(p, &p->config->profile_symbols, what, value, error);
}

static bool profile_interval(Parse *p, const char *what, const char *value, GError **error)
{
    return value_uint(what, value, 1000, UINT32_MAX, &p->config->profile_interval, error);
}

bool option_set_profile(Parse *p, const char *arg, GError **error)
{
    static const Property rows[] = {
        {"", profile_file},
        {"file", profile_file},
        {"symbols", profile_symbols},
        {"interval", profile_interval},
    };
    if (!PROPERTIES_SET(p, "-profile", rows, arg, error))
        return false;
    return p->config->profile || option_bad(error, "-profile: file= is missing");
}

static bool timeline_file(Parse *p, const char *what, const char *value, GError **error)
{
    return property_string(p, &p->config->timeline, what, value, error);
}

static bool timeline_help(Parse *p)
{
    printf("Words of -trace what=:\n");
#define X(id, word, usual, doc) printf("%-8s %s%s\n", word, doc, (usual) ? "" : " (not unless it is named)");
    TIMELINE_LIST(X)
#undef X
    p->done = true;
    return true;
}

static bool timeline_what(Parse *p, const char *what, const char *value, GError **error)
{
    static const char *const kinds[] = {
#define X(id, word, usual, doc) word,
        TIMELINE_LIST(X)
#undef X
    };
    g_auto(GStrv) words = g_strsplit(value, "+", -1);
    if (!strcmp(value, "help") || !strcmp(value, "?"))
        return timeline_help(p);
    for (char **word = words; *word; word++) {
        unsigned kind;
        if (!value_word(what, *word, kinds, G_N_ELEMENTS(kinds), &kind, error))
            return false;
        p->config->timeline_mask |= 1u << kind;
    }
    return true;
}

bool option_set_timeline(Parse *p, const char *arg, GError **error)
{
    static const Property rows[] = {{"", timeline_file}, {"file", timeline_file}, {"what", timeline_what}};
    if (!PROPERTIES_SET(p, "-trace", rows, arg, error))
        return false;
    return p->done || p->config->timeline || option_bad(error, "-trace: file= is missing");
}

bool option_set_trace_file(Parse *p, const char *arg, GError **error)
{
    return property_string(p, &p->config->log_file, "-D", arg, error);
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
