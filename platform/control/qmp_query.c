/* SPDX-License-Identifier: MIT
 *
 * QMP: what a client asks of the machine and of this program, and changes nothing.
 */
#include "platform/control/qmp_priv.h"

#include <string.h>
#include <unistd.h>

#include "platform/base/board.h"
#include "platform/base/lock.h"

/* --- the machine */

GVariant *qmp_cmd_query_uuid(Qmp *qmp, GError **error)
{
    const char *uuid = qmp->view.config->uuid;
    return g_variant_new_parsed("{'UUID': %s}", uuid ? uuid : "00000000-0000-0000-0000-000000000000");
}

GVariant *qmp_cmd_query_kvm(Qmp *qmp, GError **error)
{
    return g_variant_new_parsed("{'enabled': %b, 'present': %b}", !strcmp(qmp->view.accel, "kvm"),
                                accel_find("kvm")->available(NULL));
}

GVariant *qmp_cmd_query_target(Qmp *qmp, GError **error)
{
    return g_variant_new_parsed("{'arch': 'ppc'}");
}

static void tell_thread(Vcpu *vcpu, void *id)
{
    *(gint64 *)id = gettid();
}

/* A vCPU's thread says itself which it is, so the vCPUs stand still for a moment. */
GVariant *qmp_cmd_query_cpus_fast(Qmp *qmp, GError **error)
{
    GVariantBuilder list;
    bool ran = run_hold(qmp->view.run);

    g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
    for (unsigned i = 0; i < vcpus_count(qmp->view.vcpus); i++) {
        g_autofree char *path = g_strdup_printf(QMP_CPU_PATH, i);
        gint64 thread = 0;
        vcpu_call(vcpus_get(qmp->view.vcpus, i), tell_thread, &thread);
        g_variant_builder_add_parsed(&list,
                                     "{'cpu-index': <%u>, 'qom-path': <%s>, 'thread-id': <%x>, 'props': <{'core-id': %u}>, "
                                     "'target': <'ppc'>}",
                                     i, path, thread, i);
    }
    if (ran)
        run_let_go(qmp->view.run);
    return g_variant_builder_end(&list);
}

GVariant *qmp_cmd_query_current_machine(Qmp *qmp, GError **error)
{
    return g_variant_new_parsed("{'wakeup-suspend-support': false}");
}

GVariant *qmp_cmd_query_memory_size_summary(Qmp *qmp, GError **error)
{
    return g_variant_new_parsed("{'base-memory': %t}", qmp->view.config->ram_size);
}

GVariant *qmp_cmd_query_iothreads(Qmp *qmp, GError **error)
{
    return g_variant_new("aa{sv}", NULL);
}

/* --- what there never is any of: clients ask when they begin, and go on */

GVariant *qmp_cmd_query_block_jobs(Qmp *qmp, GError **error)
{
    return g_variant_new("aa{sv}", NULL);
}

/* What a floor tells that may not be there. */
static GVariant *ask_floor(GVariant *(*query)(void *opaque), void *opaque)
{
    if (!query)
        return g_variant_new("aa{sv}", NULL);
    device_lock();
    GVariant *value = query(opaque);
    device_unlock();
    return value;
}

GVariant *qmp_cmd_query_pci(Qmp *qmp, GError **error)
{
    return ask_floor(qmp->view.query_pci, qmp->view.query_opaque);
}

static bool balloon(const Qmp *qmp, const uint64_t *target, uint64_t *left, GError **error)
{
    device_lock();
    bool ok = qmp->view.balloon && qmp->view.balloon(qmp->view.query_opaque, target, left);
    device_unlock();
    if (!ok)
        g_set_error(error, QMP_ERROR, QMP_DEVICE_NOT_ACTIVE, "No balloon device has been activated");
    return ok;
}

GVariant *qmp_cmd_query_balloon(Qmp *qmp, GError **error)
{
    uint64_t left;
    return balloon(qmp, NULL, &left, error) ? g_variant_new_parsed("{'actual': %t}", left) : NULL;
}

GVariant *qmp_cmd_balloon(Qmp *qmp, GError **error)
{
    gint64 value = qmp_int_argument(qmp, "value", 0);
    uint64_t target = (uint64_t)value, left;
    if (value <= 0)
        return qmp_fail(error, "Parameter 'value' expects a size");
    balloon(qmp, &target, &left, error);
    return NULL;
}

/* --- the program */

GVariant *qmp_cmd_query_machines(Qmp *qmp, GError **error)
{
    GVariantBuilder list;
    size_t n;
    const Board *board = boards(&n);

    g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
    for (size_t i = 0; i < n; i++) {
        g_autofree char *cpu = g_strconcat(board[i].cpu, QMP_CPU_SUFFIX, NULL);
        g_variant_builder_add_parsed(&list,
                                     "{'name': <%s>, 'is-default': <%b>, 'cpu-max': <%u>, 'hotpluggable-cpus': <false>, "
                                     "'numa-mem-supported': <false>, 'deprecated': <false>, 'default-cpu-type': <%s>}",
                                     board[i].name, i == 0, board[i].cpus_max, cpu);
    }
    return g_variant_builder_end(&list);
}

static void add_cpu(GVariantBuilder *list, const char *name, const char *stands_for /* NULL: itself */)
{
    const E500Model *model = e500_model_find(name);
    g_autofree char *type = g_strconcat(model->name, QMP_CPU_SUFFIX, NULL);
    GVariantDict dict;

    g_variant_dict_init(&dict, NULL);
    g_variant_dict_insert(&dict, "name", "s", name);
    g_variant_dict_insert(&dict, "typename", "s", type);
    g_variant_dict_insert(&dict, "static", "b", FALSE);
    g_variant_dict_insert(&dict, "deprecated", "b", FALSE);
    if (stands_for)
        g_variant_dict_insert(&dict, "alias-of", "s", stands_for);
    g_variant_builder_add_value(list, g_variant_dict_end(&dict));
}

GVariant *qmp_cmd_query_cpu_definitions(Qmp *qmp, GError **error)
{
    static const E500Model *(*const tables[])(size_t * n) = {e500_models, e500_chips};
    GVariantBuilder list;
    const char *alias, *name;

    g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
    for (size_t t = 0; t < G_N_ELEMENTS(tables); t++) {
        size_t n;
        const E500Model *models = tables[t](&n);
        for (size_t i = 0; i < n; i++)
            add_cpu(&list, models[i].name, NULL);
    }
    for (size_t i = 0; (alias = e500_alias(i, &name)); i++)
        add_cpu(&list, alias, name);
    return g_variant_builder_end(&list);
}

/* The keys of an option, as its text tells of them: lines that begin with "KEY=", or several keys of one line. */
static GVariant *option_parameters(const char *text)
{
    GVariantBuilder list;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
    for (char **line = lines; *line; line++) {
        const char *help = strstr(*line, ": ");
        const char *key = *line, *end = help ? help : *line;
        while (key < end) {
            size_t n = strspn(key, "abcdefghijklmnopqrstuvwxyz_-");
            if (!n || key[n] != '=')
                break;
            g_autofree char *name = g_strndup(key, n);
            g_variant_builder_add_parsed(&list, "{'name': <%s>, 'type': <'string'>, 'help': <%s>}", name, *line);
            const char *comma = g_strstr_len(key, end - key, ", ");
            key = comma ? comma + 2 : end;
        }
    }
    return g_variant_builder_end(&list);
}

GVariant *qmp_cmd_query_command_line_options(Qmp *qmp, GError **error)
{
    const char *wanted = qmp_string_argument(qmp, "option"), *name, *argument, *text;
    GVariantBuilder list;
    bool found = false;

    g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
    for (unsigned i = 0; (name = option_nth(i, &argument, &text)); i++) {
        if (wanted && strcmp(wanted, name))
            continue;
        found = true;
        g_variant_builder_add_parsed(&list, "{'option': <%s>, 'parameters': <%*>}", name, option_parameters(argument ? text : ""));
    }
    if (wanted && !found) {
        g_variant_builder_clear(&list);
        return qmp_fail(error, "invalid option name: %s", wanted);
    }
    return g_variant_builder_end(&list);
}

/* --- what only this program has */

GVariant *qmp_cmd_x_query_hypercalls(Qmp *qmp, GError **error)
{
    GVariantBuilder counts;

    g_variant_builder_init(&counts, G_VARIANT_TYPE("a{st}"));
    device_lock();
    for (unsigned i = 0; i < HCALL_COUNT; i++)
        g_variant_builder_add(&counts, "{st}", hcall_name(i), qmp->view.hcall->count[i]);
    g_variant_builder_add(&counts, "{st}", "unknown", qmp->view.hcall->unknown);
    device_unlock();
    return g_variant_builder_end(&counts);
}

/* One registered area: cpu-index only where the area belongs to a vCPU, and what the guest wrote where it is the guest that writes. */
static GVariant *area_dictionary(const Areas *areas, unsigned vcpu, AreaId id, const AreaView *view)
{
    GVariantDict dict;
    AreaTouch touch;

    g_variant_dict_init(&dict, NULL);
    g_variant_dict_insert(&dict, "type", "s", area_types[id].name);
    g_variant_dict_insert(&dict, "address", "t", view->gpa);
    g_variant_dict_insert(&dict, "size", "u", view->size);
    if (area_types[id].per == AREA_PER_VCPU)
        g_variant_dict_insert(&dict, "cpu-index", "u", vcpu);
    if (id == AREA_WATCHDOG_TOUCH && areas_touch(areas, vcpu, &touch)) {
        g_variant_dict_insert(&dict, "touches", "t", touch.touches);
        g_variant_dict_insert(&dict, "time-base", "t", touch.time_base);
    }
    return g_variant_dict_end(&dict);
}

GVariant *qmp_cmd_x_query_memory_areas(Qmp *qmp, GError **error)
{
    GVariantBuilder list;
    AreaView view;

    g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
    device_lock();
    for (unsigned vcpu = 0; qmp->view.areas && vcpu < areas_n_vcpus(qmp->view.areas); vcpu++)
        for (unsigned id = 0; id < AREA_COUNT; id++)
            if (areas_view(qmp->view.areas, vcpu, id, &view))
                g_variant_builder_add_value(&list, area_dictionary(qmp->view.areas, vcpu, id, &view));
    device_unlock();
    return g_variant_builder_end(&list);
}
