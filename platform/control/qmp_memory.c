/* SPDX-License-Identifier: MIT
 *
 * QMP: memory and vCPUs.
 */
#include "platform/control/qmp_priv.h"

#include <string.h>

#include "platform/control/dump.h"
#include "platform/control/inspect.h"

GVariant *qmp_cmd_inject_nmi(Qmp *qmp, GError **error)
{
    for (unsigned i = 0; i < vcpus_count(qmp->view.vcpus); i++)
        vcpu_send_nmi(vcpus_get(qmp->view.vcpus, i));
    return NULL;
}

GVariant *qmp_cmd_memsave(Qmp *qmp, GError **error)
{
    gint64 cpu = qmp_int_argument(qmp, "cpu-index", 0);
    uint64_t ea = (uint64_t)qmp_int_argument(qmp, "val", 0), size = (uint64_t)qmp_int_argument(qmp, "size", 0);

    if (cpu < 0 || cpu >= vcpus_count(qmp->view.vcpus))
        return qmp_fail(error, "Parameter 'cpu-index' expects a CPU number");
    bool ran = run_hold(qmp->view.run);
    inspect_save_virtual(&qmp->view, (unsigned)cpu, ea, size, qmp_string_argument(qmp, "filename"), error);
    if (ran)
        run_let_go(qmp->view.run);
    return NULL;
}

GVariant *qmp_cmd_pmemsave(Qmp *qmp, GError **error)
{
    uint64_t gpa = (uint64_t)qmp_int_argument(qmp, "val", 0), size = (uint64_t)qmp_int_argument(qmp, "size", 0);

    bool ran = run_hold(qmp->view.run);
    inspect_save_physical(&qmp->view, gpa, size, qmp_string_argument(qmp, "filename"), error);
    if (ran)
        run_let_go(qmp->view.run);
    return NULL;
}

GVariant *qmp_cmd_human_monitor_command(Qmp *qmp, GError **error)
{
    gint64 cpu = qmp_int_argument(qmp, "cpu-index", qmp->session.cpu);

    if (cpu < 0 || cpu >= vcpus_count(qmp->view.vcpus))
        return qmp_fail(error, "Parameter 'cpu-index' expects a CPU number");
    qmp->session.cpu = (unsigned)cpu;
    g_autofree char *text = hmp_execute(&qmp->session, qmp_string_argument(qmp, "command-line"));
    return g_variant_new_string(text);
}

/* --- dump-guest-memory */

GVariant *qmp_cmd_query_dump(Qmp *qmp, GError **error)
{
    return g_variant_new_parsed("{'status': <%s>, 'completed': <%t>, 'total': <%t>}", qmp->dump.status ? qmp->dump.status : "none",
                                qmp->dump.written, qmp->dump.total);
}

GVariant *qmp_cmd_query_dump_guest_memory_capability(Qmp *qmp, GError **error)
{
    return g_variant_new_parsed("{'formats': ['elf']}");
}

static void dump_completed(Qmp *qmp, const GError *why)
{
    GVariantDict dict;

    qmp->dump.status = why ? "failed" : "completed";
    g_variant_dict_init(&dict, NULL);
    g_variant_dict_insert_value(&dict, "result", qmp_cmd_query_dump(qmp, NULL));
    g_autofree char *text = why ? g_utf8_make_valid(why->message, -1) : NULL;
    if (text)
        g_variant_dict_insert(&dict, "error", "s", text);
    notices_post(qmp->view.notices, "DUMP_COMPLETED", "", g_variant_dict_end(&dict));
}

GVariant *qmp_cmd_dump_guest_memory(Qmp *qmp, GError **error)
{
    static const char file[] = "file:";
    const char *protocol = qmp_string_argument(qmp, "protocol"), *format = qmp_string_argument(qmp, "format");
    g_autoptr(GError) why = NULL;
    bool range = qmp_has(qmp, "begin") && qmp_has(qmp, "length");
    DumpPlan plan = {
        .paging = qmp_bool_argument(qmp, "paging"),
        .begin = (uint64_t)qmp_int_argument(qmp, "begin", 0),
        .length = (uint64_t)qmp_int_argument(qmp, "length", 0),
    };

    if (format && !g_str_equal(format, "elf"))
        return qmp_fail(error, "The format %s is not available: elf is", format);
    if (!g_str_has_prefix(protocol, file))
        return qmp_fail(error, "Parameter 'protocol' must be file:PATH");
    if (qmp_has(qmp, "begin") != qmp_has(qmp, "length") || (range && (!plan.length || plan.paging)))
        return qmp_fail(error, "Parameters 'begin' and 'length' come together, without paging, and length is not 0");
    bool ran = run_hold(qmp->view.run);
    qmp->dump.written = 0;
    qmp->dump.total = range ? plan.length : memory_size(qmp->view.memory);
    dump_write(&qmp->view, &plan, protocol + strlen(file), &qmp->dump.written, &why);
    if (ran)
        run_let_go(qmp->view.run);
    dump_completed(qmp, why);
    if (why)
        g_propagate_error(error, g_steal_pointer(&why));
    return NULL;
}
