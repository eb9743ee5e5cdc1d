/* SPDX-License-Identifier: MIT
 *
 * QMP: snapshots, and the jobs that take them.
 */
#include "platform/control/qmp_priv.h"

#include <string.h>

#include "platform/base/lock.h"

/* The node that has the machine: of -snapshot-file, which is no drive. */
static const char file_node[] = "snapshot-file";

static bool drive_exists(const Qmp *qmp, const char *node)
{
    DriveInfo info = {0};
    bool found = false;
    device_lock();
    for (guint i = 0; qmp->view.drives && i < qmp->view.drives->len && !found; i++) {
        block_describe(qmp->view.drives->pdata[i], &info);
        found = !strcmp(info.id, node);
    }
    device_unlock();
    return found;
}

static GVariant *no_node(const char *node, GError **error)
{
    return qmp_fail(error, "No block device node '%s'", node);
}

/* Sets *error where nothing begins. */
static GVariant *begin(Qmp *qmp, SnapshotJobType type, GError **error)
{
    const char *vmstate = qmp_string_argument(qmp, "vmstate");
    JsonArray *devices = json_object_get_array_member(qmp->arguments, "devices");
    GError *why = NULL;
    if (vmstate && strcmp(vmstate, file_node))
        return drive_exists(qmp, vmstate)
                   ? qmp_fail(error, "vmstate: the machine goes into '%s', which -snapshot-file gives", file_node)
                   : no_node(vmstate, error);
    for (guint i = 0; i < json_array_get_length(devices); i++) {
        const char *node = json_array_get_string_element(devices, i);
        return drive_exists(qmp, node) ? qmp_fail(error, "Device '%s' does not support snapshots", node) : no_node(node, error);
    }
    if (!qmp->view.jobs)
        return qmp_fail(error, "there are no snapshots");
    if (!jobs_begin(qmp->view.jobs, type, qmp_string_argument(qmp, "job-id"), qmp_string_argument(qmp, "tag"), &why)) {
        qmp_fail(error, "%s", why->message);
        g_error_free(why);
    }
    return NULL;
}

GVariant *qmp_cmd_snapshot_save(Qmp *qmp, GError **error)
{
    return begin(qmp, SNAPSHOT_JOB_SAVE, error);
}

GVariant *qmp_cmd_snapshot_load(Qmp *qmp, GError **error)
{
    return begin(qmp, SNAPSHOT_JOB_LOAD, error);
}

GVariant *qmp_cmd_snapshot_delete(Qmp *qmp, GError **error)
{
    return begin(qmp, SNAPSHOT_JOB_DELETE, error);
}

GVariant *qmp_cmd_query_jobs(Qmp *qmp, GError **error)
{
    GVariantBuilder list;
    JobInfo info;
    g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
    for (unsigned i = 0; qmp->view.jobs && jobs_get(qmp->view.jobs, i, &info); i++) {
        GVariantDict dict;
        g_variant_dict_init(&dict, NULL);
        g_variant_dict_insert(&dict, "id", "s", info.id);
        g_variant_dict_insert(&dict, "type", "s", info.type);
        g_variant_dict_insert(&dict, "status", "s", info.status);
        g_variant_dict_insert(&dict, "current-progress", "u", info.done && !info.error);
        g_variant_dict_insert(&dict, "total-progress", "u", 1);
        if (info.error)
            g_variant_dict_insert(&dict, "error", "s", info.error);
        g_variant_builder_add_value(&list, g_variant_dict_end(&dict));
    }
    return g_variant_builder_end(&list);
}

GVariant *qmp_cmd_job_dismiss(Qmp *qmp, GError **error)
{
    GError *why = NULL;
    if (!qmp->view.jobs)
        return qmp_fail(error, "Job not found");
    if (!jobs_dismiss(qmp->view.jobs, qmp_string_argument(qmp, "id"), &why)) {
        qmp_fail(error, "%s", why->message);
        g_error_free(why);
    }
    return NULL;
}
