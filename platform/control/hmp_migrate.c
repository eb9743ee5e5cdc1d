/* SPDX-License-Identifier: MIT
 *
 * Machines that move.
 */
#include "platform/control/hmp_priv.h"

#include <inttypes.h>
#include <string.h>

static bool can_move(HmpCall *call)
{
    if (!call->session->view->migration)
        hmp_print(call, "Error: this machine cannot move\n");
    return call->session->view->migration != NULL;
}

/* It goes on while the monitor takes other commands, with -d or without. */
void hmp_cmd_migrate(HmpCall *call)
{
    GError *error = NULL;
    const char *uri = call->argument[0].word;
    if (!strcmp(uri, "-d"))
        uri = call->n > 1 ? call->argument[1].word : "";
    if (can_move(call) && !migration_start(call->session->view->migration, uri, &error))
        hmp_complain(call, error);
}

void hmp_cmd_migrate_cancel(HmpCall *call)
{
    if (can_move(call))
        migration_cancel(call->session->view->migration);
}

void hmp_cmd_migrate_incoming(HmpCall *call)
{
    GError *error = NULL;
    if (can_move(call) && !migration_listen(call->session->view->migration, call->argument[0].word, &error))
        hmp_complain(call, error);
}

void hmp_cmd_migrate_set_parameter(HmpCall *call)
{
    GError *error = NULL;
    const char *name = call->argument[0].word;
    if (!can_move(call))
        return;
    MigrationParameters p = migration_parameters(call->session->view->migration);
    if (!strcmp(name, "max-bandwidth"))
        p.max_bandwidth = call->argument[1].number;
    else if (!strcmp(name, "downtime-limit"))
        p.downtime_ms = call->argument[1].number;
    else
        hmp_print(call, "Error: there are max-bandwidth (bytes per second) and downtime-limit (milliseconds)\n");
    if (!migration_set_parameters(call->session->view->migration, &p, &error))
        hmp_complain(call, error);
}

void hmp_info_migrate_parameters(HmpCall *call)
{
    if (!can_move(call))
        return;
    MigrationParameters p = migration_parameters(call->session->view->migration);
    hmp_print(call, "max-bandwidth: %" PRIu64 " bytes/second\ndowntime-limit: %" PRIu64 " ms\n", p.max_bandwidth, p.downtime_ms);
}

/* The lines are QEMU's. */
void hmp_info_migrate(HmpCall *call)
{
    MigrationInfo info = {0};
    if (!can_move(call))
        return;
    migration_get(call->session->view->migration, &info);
    if (info.status == MIGRATION_NONE)
        return;
    g_autofree char *why = info.error ? g_strdup_printf(" (%s)", info.error) : g_strdup("");
    hmp_print(call, "Migration status: %s%s\n", migration_status_name(info.status), why);
    if (info.incoming)
        return;
    hmp_print(call, "total time: %" PRIu64 " ms\n", info.total_ms);
    if (info.status == MIGRATION_COMPLETED)
        hmp_print(call, "downtime: %" PRIu64 " ms\n", info.downtime_ms);
    hmp_print(call, "setup: %" PRIu64 " ms\ntransferred ram: %" PRIu64 " kbytes\nthroughput: %.2f mbps\n", info.setup_ms,
              info.transferred >> 10, (double)info.bytes_per_second * 8 / 1e6);
    hmp_print(call, "remaining ram: %" PRIu64 " kbytes\ntotal ram: %" PRIu64 " kbytes\nduplicate: %" PRIu64 " pages\n",
              info.remaining >> 10, info.total >> 10, info.duplicate);
    hmp_print(call,
              "skipped: 0 pages\nnormal: %" PRIu64 " pages\nnormal bytes: %" PRIu64 " kbytes\ndirty sync count: %" PRIu64 "\n",
              info.normal, info.normal * 4, info.rounds);
    hmp_print(call, "page size: 4 kbytes\n");
}
