/* SPDX-License-Identifier: MIT
 *
 * QMP: machines that move.
 */
#include "platform/control/qmp_priv.h"

#include <string.h>

static GVariant *outcome(GError *why /* take; NULL: none */, GError **error)
{
    if (why)
        qmp_fail(error, "%s", why->message);
    g_clear_error(&why);
    return NULL;
}

/* Nobody moves a machine that a unit test has made. */
static bool can_move(const Qmp *qmp, GError **error)
{
    if (!qmp->view.migration)
        qmp_fail(error, "this machine cannot move");
    return qmp->view.migration != NULL;
}

GVariant *qmp_cmd_migrate(Qmp *qmp, GError **error)
{
    static const char *const absent[] = {"blk", "inc", "resume"};
    GError *why = NULL;
    if (!can_move(qmp, error))
        return NULL;
    for (unsigned i = 0; i < G_N_ELEMENTS(absent); i++)
        if (qmp_bool_argument(qmp, absent[i]))
            return qmp_fail(error, "%s: not yet supported", absent[i]);
    migration_start(qmp->view.migration, qmp_string_argument(qmp, "uri"), &why);
    return outcome(why, error);
}

GVariant *qmp_cmd_migrate_cancel(Qmp *qmp, GError **error)
{
    if (can_move(qmp, error))
        migration_cancel(qmp->view.migration);
    return NULL;
}

GVariant *qmp_cmd_migrate_incoming(Qmp *qmp, GError **error)
{
    GError *why = NULL;
    if (!can_move(qmp, error))
        return NULL;
    migration_listen(qmp->view.migration, qmp_string_argument(qmp, "uri"), &why);
    return outcome(why, error);
}

/* ---- how it goes ---- */

static GVariant *ram(const MigrationInfo *info)
{
    GVariantDict dict;
    g_variant_dict_init(&dict, NULL);
    g_variant_dict_insert(&dict, "transferred", "t", info->transferred);
    g_variant_dict_insert(&dict, "remaining", "t", info->remaining);
    g_variant_dict_insert(&dict, "total", "t", info->total);
    g_variant_dict_insert(&dict, "duplicate", "t", info->duplicate);
    g_variant_dict_insert(&dict, "skipped", "t", UINT64_C(0));
    g_variant_dict_insert(&dict, "normal", "t", info->normal);
    g_variant_dict_insert(&dict, "normal-bytes", "t", info->normal * 4096);
    g_variant_dict_insert(&dict, "dirty-pages-rate", "t", UINT64_C(0));
    g_variant_dict_insert(&dict, "mbps", "d", (double)info->bytes_per_second * 8 / 1e6);
    g_variant_dict_insert(&dict, "dirty-sync-count", "t", info->rounds);
    g_variant_dict_insert(&dict, "page-size", "t", UINT64_C(4096));
    return g_variant_dict_end(&dict);
}

GVariant *qmp_cmd_query_migrate(Qmp *qmp, GError **error)
{
    MigrationInfo info = {0};
    GVariantDict dict;
    g_variant_dict_init(&dict, NULL);
    if (qmp->view.migration)
        migration_get(qmp->view.migration, &info);
    if (info.status == MIGRATION_NONE)
        return g_variant_dict_end(&dict);
    g_variant_dict_insert(&dict, "status", "s", migration_status_name(info.status));
    if (info.error)
        g_variant_dict_insert(&dict, "error-desc", "s", info.error);
    if (info.incoming)
        return g_variant_dict_end(&dict);
    g_variant_dict_insert(&dict, "total-time", "t", info.total_ms);
    g_variant_dict_insert(&dict, "setup-time", "t", info.setup_ms);
    if (info.status == MIGRATION_COMPLETED)
        g_variant_dict_insert(&dict, "downtime", "t", info.downtime_ms);
    else
        g_variant_dict_insert(&dict, "expected-downtime", "t", migration_parameters(qmp->view.migration).downtime_ms);
    g_variant_dict_insert_value(&dict, "ram", ram(&info));
    return g_variant_dict_end(&dict);
}

/* ---- parameters and capabilities ---- */

GVariant *qmp_cmd_query_migrate_parameters(Qmp *qmp, GError **error)
{
    if (!can_move(qmp, error))
        return NULL;
    MigrationParameters p = migration_parameters(qmp->view.migration);
    return g_variant_new_parsed("{'max-bandwidth': <%t>, 'downtime-limit': <%t>}", p.max_bandwidth, p.downtime_ms);
}

GVariant *qmp_cmd_migrate_set_parameters(Qmp *qmp, GError **error)
{
    GError *why = NULL;
    if (!can_move(qmp, error))
        return NULL;
    g_autoptr(GList) names = qmp->arguments ? json_object_get_members(qmp->arguments) : NULL;
    for (const GList *name = names; name; name = name->next)
        if (strcmp(name->data, "max-bandwidth") && strcmp(name->data, "downtime-limit"))
            return qmp_fail(error, "Parameter '%s' is not there: max-bandwidth and downtime-limit are", (const char *)name->data);
    MigrationParameters p = migration_parameters(qmp->view.migration);
    gint64 bandwidth = qmp_int_argument(qmp, "max-bandwidth", (gint64)MIN(p.max_bandwidth, (uint64_t)G_MAXINT64));
    gint64 downtime = qmp_int_argument(qmp, "downtime-limit", (gint64)p.downtime_ms);
    if (bandwidth < 0)
        return qmp_fail(error, "max-bandwidth is a number of bytes per second; 0: no limit");
    p.max_bandwidth = (uint64_t)bandwidth;
    p.downtime_ms = (uint64_t)downtime; /* a negative one is too large */
    migration_set_parameters(qmp->view.migration, &p, &why);
    return outcome(why, error);
}

GVariant *qmp_cmd_query_migrate_capabilities(Qmp *qmp, GError **error)
{
    bool on = qmp->view.migration && migration_events(qmp->view.migration);
    return g_variant_new_parsed("[{'capability': <'events'>, 'state': <%b>}]", on);
}

GVariant *qmp_cmd_migrate_set_capabilities(Qmp *qmp, GError **error)
{
    JsonArray *list = json_object_get_array_member(qmp->arguments, "capabilities");
    for (guint i = 0; i < json_array_get_length(list); i++) {
        JsonObject *one = json_array_get_object_element(list, i);
        const char *name = json_object_get_string_member(one, "capability");
        bool on = json_object_get_boolean_member(one, "state");
        if (!strcmp(name, "events") && qmp->view.migration) {
            migration_set_events(qmp->view.migration, on);
        } else if (on) {
            g_autofree char *valid = g_utf8_make_valid(name, -1);
            return qmp_fail(error, "Capability '%s' is not there", valid);
        }
    }
    return NULL;
}
