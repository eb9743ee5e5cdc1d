/* SPDX-License-Identifier: MIT */
#include "platform/control/monitor.h"

#include <errno.h>
#include <string.h>

#include "cpu/log.h"
#include "platform/chardev/chardev.h"
#include "platform/control/hmp.h"
#include "platform/control/qmp.h"

/* One of the two, and what its link is made of. */
typedef struct Monitor {
    LinkSocket socket;
    LinkChardev chardev;
    Qmp *qmp;
    Hmp *hmp;
} Monitor;

struct Monitors {
    const ControlView *view;
    GPtrArray *all; /* of Monitor* */
};

static void monitor_free(void *pointer)
{
    Monitor *m = pointer;
    qmp_free(m->qmp);
    hmp_free(m->hmp);
    g_free(m);
}

static void output_lost(void *opaque, const char *output, const char *why)
{
    Monitors *monitors = opaque;
    notices_post(monitors->view->notices, "X_OUTPUT_LOST", output,
                 g_variant_new_parsed("{'output': %s, 'reason': %s}", output, why));
}

/* Errors of drives, of each the last one.  In the main thread, perhaps under the device lock. */
static void post_drive_errors(void *opaque)
{
    static const char *const actions[] = {"report", "ignore", "stop", "report"};
    const ControlView *view = ((Monitors *)opaque)->view;
    DriveError e;
    for (guint i = 0; view->drives && i < view->drives->len; i++) {
        Block *block = view->drives->pdata[i];
        if (block_take_error(block, &e))
            notices_post(
                view->notices, "BLOCK_IO_ERROR", block_id(block),
                g_variant_new_parsed("{'device': <%s>, 'node-name': <%s>, 'operation': <%s>, 'action': <%s>, 'nospace': <%b>, "
                                     "'reason': <%s>}",
                                     block_id(block), block_id(block), e.read ? "read" : "write", actions[e.action],
                                     e.error == ENOSPC, g_strerror(e.error)));
    }
}

/* Before the monitors hear of the same: an error comes before the STOP that it is the reason of. */
static void told(void *opaque, RunEvent event, RunCause cause)
{
    post_drive_errors(opaque);
    notices_settle(((Monitors *)opaque)->view->notices);
}

static bool start(Monitor *m, bool control, LinkOpen *open, const void *how, const ControlView *view, GError **error)
{
    if (control)
        return (m->qmp = qmp_new(open, how, view, error));
    return (m->hmp = hmp_new(open, how, view, error));
}

/* A back end of the monitor's own has a label as QEMU's, by its number. */
static bool start_on_chardev(Monitors *monitors, Monitor *m, const MonitorConfig *config, GError **error)
{
    static const char prefix[] = "chardev:";
    g_autofree char *label = g_strdup_printf("compat_monitor%u", monitors->all->len - 1);
    if (g_str_has_prefix(config->spec, prefix))
        m->chardev.chr = link_find_chardev(monitors->view->chardevs, config->spec + strlen(prefix));
    else if ((m->chardev.chr = chardev_new(config->option, label, config->spec, error)))
        m->chardev.owned = true;
    if (!m->chardev.chr)
        return false;
    m->chardev.mux = chardev_is_mux(m->chardev.chr);
    return start(m, config->control, link_open_chardev, &m->chardev, monitors->view, error);
}

static bool add(Monitors *monitors, const MonitorConfig *config, GError **error)
{
    if (config->control && !qmp_is_there(error)) {
        g_prefix_error(error, "%s %s: ", config->option, config->spec);
        return false;
    }
    Monitor *m = g_new0(Monitor, 1);
    g_ptr_array_add(monitors->all, m);
    if (!chardev_serves(config->spec))
        return start_on_chardev(monitors, m, config, error);
    m->socket = (LinkSocket){config->option, config->spec, "server=off,wait=on"};
    return start(m, config->control, link_open_socket, &m->socket, monitors->view, error);
}

Monitors *monitors_new(const Config *config, const ControlView *view, GError **error)
{
    Monitors *monitors = g_new0(Monitors, 1);
    monitors->view = view;
    monitors->all = g_ptr_array_new_with_free_func(monitor_free);
    message_on_output_lost(output_lost, monitors);
    run_listen(view->run, told, monitors);
    if (view->drive_errors)
        event_listen(view->drive_errors, post_drive_errors, monitors);
    for (guint i = 0; i < config->monitors->len; i++) {
        if (!add(monitors, config->monitors->pdata[i], error)) {
            monitors_free(monitors);
            return NULL;
        }
    }
    return monitors;
}

void monitors_free(Monitors *monitors)
{
    if (!monitors)
        return;
    message_on_output_lost(NULL, NULL);
    g_ptr_array_unref(monitors->all);
    g_free(monitors);
}
