/* SPDX-License-Identifier: MIT
 *
 * Monitors: -monitor, -qmp, -mon, and the one that shares the back end of -serial mon:BACKEND.
 */
#include "platform/options/property.h"

#include <string.h>

#include "platform/chardev/chardev.h"

static void add(Parse *p, bool control, const char *option, const char *spec)
{
    MonitorConfig *m = g_new(MonitorConfig, 1);
    *m = (MonitorConfig){control, option, config_text(p->config, spec)};
    g_ptr_array_add(p->config->monitors, m);
}

static bool set_monitor(Parse *p, bool control, const char *option, const char *arg, GError **error)
{
    g_autoptr(GError) why = NULL;
    if (g_str_has_prefix(arg, "mon:"))
        return option_bad(error, "%s %s: %s is meant, or -serial %s", option, arg, arg + strlen("mon:"), arg);
    if (!g_str_has_prefix(arg, "chardev:") && !chardev_check(arg, &why))
        return option_bad(error, "%s %s", option, why->message);
    if (!strcmp(arg, "stdio") && p->monitor_on_stdio)
        return option_bad(error, "%s %s: standard input and output are already another monitor's", option, arg);
    p->monitor_on_stdio |= !strcmp(arg, "stdio");
    add(p, control, option, arg);
    return true;
}

bool option_set_monitor(Parse *p, const char *arg, GError **error)
{
    p->no_monitor = true; /* -serial mon:stdio is plain then, as in QEMU */
    if (!strcmp(arg, "none") || !strcmp(arg, "null"))
        return true;
    return set_monitor(p, false, "-monitor", arg, error);
}

bool option_set_qmp(Parse *p, const char *arg, GError **error)
{
    return !strcmp(arg, "none") || set_monitor(p, true, "-qmp", arg, error);
}

/* --- -mon */

static bool mon_chardev(Parse *p, const char *what, const char *value, GError **error)
{
    return property_string(p, &p->mon_chardev, what, value, error);
}

static bool mon_mode(Parse *p, const char *what, const char *value, GError **error)
{
    static const char *const words[] = {"readline", "control"};
    unsigned i;
    if (!value_word(what, value, words, G_N_ELEMENTS(words), &i, error))
        return false;
    p->mon_control = i == 1;
    return true;
}

/* Nothing refers to a monitor. */
static bool mon_id(Parse *p, const char *what, const char *value, GError **error)
{
    return *value || option_bad(error, "%s: must not be empty", what);
}

bool option_set_mon(Parse *p, const char *arg, GError **error)
{
    static const Property rows[] = {
        {"", mon_chardev}, {"chardev", mon_chardev}, {"mode", mon_mode}, {"id", mon_id}, {"pretty", property_must_be_off}};
    p->mon_chardev = NULL;
    p->mon_control = false;
    if (!PROPERTIES_SET(p, "-mon", rows, arg, error))
        return false;
    if (!p->mon_chardev)
        return option_bad(error, "-mon %s: chardev=ID is missing", arg);
    g_autofree char *spec = g_strconcat("chardev:", p->mon_chardev, NULL);
    p->no_monitor |= !p->mon_control;
    add(p, p->mon_control, "-mon", spec);
    return true;
}

/* --- what depends on the whole line */

bool options_complete_monitors(Parse *p, GError **error)
{
    const Config *c = p->config;
    for (guint i = 0; i < c->monitors->len; i++) {
        const MonitorConfig *m = c->monitors->pdata[i];
        const char *id = g_str_has_prefix(m->spec, "chardev:") ? m->spec + strlen("chardev:") : NULL;
        if (!strcmp(m->spec, "stdio") &&
            (!strcmp(c->serial[0], "stdio") || !strcmp(c->serial[0], "mon:stdio") || !strcmp(c->serial[1], "stdio") ||
             !strcmp(c->serial[1], "mon:stdio") || options_stdio_owner(c)))
            return option_bad(error, "%s stdio: standard input and output are somebody else's already", m->option);
        if (id && !options_chardev_is_mux(c, id) && !backend_claim(c->chardevs, "-chardev", m->option, id, error))
            return false;
    }
    if (c->gdb && g_str_has_prefix(c->gdb, "chardev:") &&
        !backend_claim(c->chardevs, "-chardev", "-gdb", c->gdb + strlen("chardev:"), error))
        return false;
    for (unsigned i = 0; i < SERIALS_MAX; i++) {
        g_autofree char *label = g_strdup_printf("chardev:serial%u", i);
        if (g_str_has_prefix(c->serial[i], "mon:") && !p->no_monitor)
            add(p, false, "-serial mon:", label);
    }
    return true;
}
