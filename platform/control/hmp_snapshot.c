/* SPDX-License-Identifier: MIT
 *
 * Snapshots.
 */
#include "platform/control/hmp_priv.h"

/* Nobody takes snapshots of a machine that a unit test has made. */
static bool has_snapshots(HmpCall *call)
{
    if (!call->session->view->snapshots)
        hmp_print(call, "Error: there are no snapshots\n");
    return call->session->view->snapshots != NULL;
}

void hmp_cmd_savevm(HmpCall *call)
{
    GError *error = NULL;
    g_autoptr(GDateTime) now = g_date_time_new_now_local();
    g_autofree char *made = now ? g_date_time_format(now, "vm-%Y%m%d%H%M%S") : g_strdup("vm");
    const char *name = call->n ? call->argument[0].word : made;
    if (has_snapshots(call) && !snapshots_save(call->session->view->snapshots, name, true, &error))
        hmp_complain(call, error);
}

void hmp_cmd_loadvm(HmpCall *call)
{
    GError *error = NULL;
    if (has_snapshots(call) && !snapshots_load(call->session->view->snapshots, call->argument[0].word, &error))
        hmp_complain(call, error);
}

void hmp_cmd_delvm(HmpCall *call)
{
    GError *error = NULL;
    if (has_snapshots(call) && !snapshots_delete(call->session->view->snapshots, call->argument[0].word, &error))
        hmp_complain(call, error);
}

static char *size_text(uint64_t size)
{
    static const char *const units[] = {"", "Ki", "Mi", "Gi", "Ti"};
    unsigned unit = 0;
    double value = (double)size;
    for (; value >= 1000 && unit < G_N_ELEMENTS(units) - 1; unit++)
        value /= 1024;
    return g_strdup_printf("%.3g %sB", value, units[unit]);
}

static void show(HmpCall *call, const SnapshotInfo *info)
{
    g_autoptr(GDateTime) when = g_date_time_new_from_unix_local(info->date_s);
    g_autofree char *date = when ? g_date_time_format(when, "%Y-%m-%d %H:%M:%S") : g_strdup("-"), *size = size_text(info->size);
    uint64_t ms = info->clock_ns / 1000000;
    g_autofree char *clock = g_strdup_printf("%02u:%02u:%02u.%03u", (unsigned)(ms / 3600000), (unsigned)(ms / 60000 % 60),
                                             (unsigned)(ms / 1000 % 60), (unsigned)(ms % 1000));
    hmp_print(call, "%-9s %-16s %8s%20s%13s%11s\n", "--", info->name, size, date, clock, "");
}

/* The columns are QEMU's. */
void hmp_info_snapshots(HmpCall *call)
{
    GError *error = NULL;
    if (!has_snapshots(call))
        return;
    g_autoptr(GPtrArray) list = snapshots_list(call->session->view->snapshots, &error);
    if (!list) {
        hmp_complain(call, error);
        return;
    }
    if (!list->len) {
        hmp_print(call, "There is no snapshot available.\n");
        return;
    }
    hmp_print(call, "List of snapshots present on all disks:\n%-10s%-17s%8s%20s%13s%11s\n", "ID", "TAG", "VM SIZE", "DATE",
              "VM CLOCK", "ICOUNT");
    for (guint i = 0; i < list->len; i++)
        show(call, list->pdata[i]);
}
