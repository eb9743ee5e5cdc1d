/* SPDX-License-Identifier: MIT
 *
 * QMP: what is about the protocol itself, and what the machine does.  Errors have QEMU's wording where QEMU has one.
 */
#include "platform/control/qmp_priv.h"

/* --- the protocol */

/* Clients read from the number which commands they may send: it is that of the QEMU whose commands and answers these are. */
GVariant *qmp_version(void)
{
    return g_variant_new_parsed("{'qemu': <{'major': 7, 'minor': 2, 'micro': 0}>, 'package': <%s>}", "quoin-" QUOIN_VERSION);
}

GVariant *qmp_cmd_qmp_capabilities(Qmp *qmp, GError **error)
{
    JsonArray *enable = qmp_has(qmp, "enable") ? json_object_get_array_member(qmp->arguments, "enable") : NULL;

    if (enable && json_array_get_length(enable))
        return qmp_fail(error, "Parameter 'enable' names a capability that is not offered: there are none");
    qmp->negotiated = true;
    return NULL;
}

GVariant *qmp_cmd_query_version(Qmp *qmp, GError **error)
{
    return qmp_version();
}

static GVariant *names(const QmpRow *rows, size_t n)
{
    GVariantBuilder list;

    g_variant_builder_init(&list, G_VARIANT_TYPE("aa{ss}"));
    for (size_t i = 0; i < n; i++)
        g_variant_builder_add_parsed(&list, "{'name': %s}", rows[i].name);
    return g_variant_builder_end(&list);
}

GVariant *qmp_cmd_query_commands(Qmp *qmp, GError **error)
{
    return names(qmp_command_rows, QMP_COMMANDS);
}

GVariant *qmp_cmd_query_events(Qmp *qmp, GError **error)
{
    size_t n;
    const QmpRow *events = qmp_events(&n);
    return names(events, n);
}

GVariant *qmp_cmd_query_qmp_schema(Qmp *qmp, GError **error)
{
    return qmp_schema();
}

/* --- the run state */

GVariant *qmp_cmd_query_name(Qmp *qmp, GError **error)
{
    return qmp->view.name ? g_variant_new_parsed("{'name': %s}", qmp->view.name) : NULL;
}

GVariant *qmp_cmd_query_status(Qmp *qmp, GError **error)
{
    RunStateId state = run_state(qmp->view.run);

    return g_variant_new_parsed("{'status': <%s>, 'running': <%b>, 'singlestep': <false>}", run_state_name(state),
                                state == RUN_STATE_RUNNING);
}

/* The request is applied before its answer goes out, as a client expects of "stop" and then "query-status". */
static void ask(Qmp *qmp, RunCause cause)
{
    qmp->told = 0;
    run_request(qmp->view.run, cause);
    run_apply(qmp->view.run);
}

GVariant *qmp_cmd_stop(Qmp *qmp, GError **error)
{
    ask(qmp, RUN_CAUSE_HOST_STOP);
    return NULL;
}

GVariant *qmp_cmd_cont(Qmp *qmp, GError **error)
{
    ask(qmp, RUN_CAUSE_HOST_CONT);
    return run_state(qmp->view.run) == RUN_STATE_RUNNING ? NULL : qmp_fail(error, "Resetting the Virtual Machine is required");
}

GVariant *qmp_cmd_system_reset(Qmp *qmp, GError **error)
{
    ask(qmp, RUN_CAUSE_HOST_RESET);
    if (qmp->told & (1u << RUN_EVENT_RESET | 1u << RUN_EVENT_SHUTDOWN))
        return NULL;
    return qmp_fail(error, "The machine does not support reset, or could not be reset");
}

GVariant *qmp_cmd_system_powerdown(Qmp *qmp, GError **error)
{
    ask(qmp, RUN_CAUSE_HOST_POWERDOWN);
    return NULL;
}

GVariant *qmp_cmd_quit(Qmp *qmp, GError **error)
{
    ask(qmp, RUN_CAUSE_HOST_QUIT);
    return NULL;
}
