/* SPDX-License-Identifier: MIT
 *
 * info pci: what query-pci answers, as QEMU's monitor prints it.
 */
#include "platform/base/lock.h"
#include "platform/control/hmp_priv.h"

static gint64 number_of(GVariant *dict, const char *key)
{
    gint64 value = 0;
    g_variant_lookup(dict, key, "x", &value);
    return value;
}

static const char *class_name(gint64 class)
{
    static const struct {
        gint64 class;
        const char *name;
    } names[] = {
        {0x0100, "SCSI controller"}, {0x0108, "NVMe controller"}, {0x0200, "Ethernet controller"},
        {0x0600, "Host bridge"},     {0x0604, "PCI bridge"},      {0x0780, "Communication controller"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        if (names[i].class == class)
            return names[i].name;
    return NULL;
}

static void print_region(HmpCall *call, GVariant *region)
{
    gint64 bar = number_of(region, "bar"), first = number_of(region, "address"), last = first + number_of(region, "size") - 1;
    gboolean prefetch = FALSE, is_64 = FALSE;
    const char *type = "";
    g_variant_lookup(region, "type", "&s", &type);
    g_variant_lookup(region, "prefetch", "b", &prefetch);
    g_variant_lookup(region, "mem_type_64", "b", &is_64);
    hmp_print(call, "      BAR%" G_GINT64_FORMAT ": ", bar);
    if (*type == 'i')
        hmp_print(call, "I/O at 0x%04" PRIx64 " [0x%04" PRIx64 "].\n", (uint64_t)first, (uint64_t)last);
    else
        hmp_print(call, "%d bit%s memory at 0x%08" PRIx64 " [0x%08" PRIx64 "].\n", is_64 ? 64 : 32, prefetch ? " prefetchable" : "",
                  (uint64_t)first, (uint64_t)last);
}

static void print_function(HmpCall *call, GVariant *function)
{
    g_autoptr(GVariant) class = g_variant_lookup_value(function, "class_info", NULL);
    g_autoptr(GVariant) id = g_variant_lookup_value(function, "id", NULL);
    g_autoptr(GVariant) regions = g_variant_lookup_value(function, "regions", NULL);
    const gint64 pin = number_of(function, "irq_pin"), code = number_of(class, "class");
    const char *name = class_name(code), *qdev_id = "";
    hmp_print(call, "  Bus %2" G_GINT64_FORMAT ", device %3" G_GINT64_FORMAT ", function %" G_GINT64_FORMAT ":\n    ",
              number_of(function, "bus"), number_of(function, "slot"), number_of(function, "function"));
    if (name)
        hmp_print(call, "%s", name);
    else
        hmp_print(call, "Class %04" PRIx64, (uint64_t)code);
    hmp_print(call, ": PCI device %04" PRIx64 ":%04" PRIx64 "\n", (uint64_t)number_of(id, "vendor"),
              (uint64_t)number_of(id, "device"));
    if (number_of(id, "subsystem-vendor"))
        hmp_print(call, "      PCI subsystem %04" PRIx64 ":%04" PRIx64 "\n", (uint64_t)number_of(id, "subsystem-vendor"),
                  (uint64_t)number_of(id, "subsystem"));
    if (pin)
        hmp_print(call, "      IRQ %" G_GINT64_FORMAT ", pin %c\n", number_of(function, "irq"), (char)('A' + pin - 1));
    for (gsize i = 0; i < g_variant_n_children(regions); i++) {
        g_autoptr(GVariant) region = g_variant_get_child_value(regions, i);
        print_region(call, region);
    }
    g_variant_lookup(function, "qdev_id", "&s", &qdev_id);
    hmp_print(call, "      id \"%s\"\n", qdev_id);
}

void hmp_info_pci(HmpCall *call)
{
    const ControlView *view = call->session->view;
    g_autoptr(GVariant) buses = NULL;
    if (view->query_pci) {
        device_lock();
        buses = g_variant_ref_sink(view->query_pci(view->query_opaque));
        device_unlock();
    }
    const gsize n = buses ? g_variant_n_children(buses) : 0;
    if (!n)
        hmp_print(call, "PCI devices not supported\n");
    for (gsize i = 0; i < n; i++) {
        g_autoptr(GVariant) bus = g_variant_get_child_value(buses, i);
        g_autoptr(GVariant) devices = g_variant_lookup_value(bus, "devices", NULL);
        for (gsize k = 0; k < g_variant_n_children(devices); k++) {
            g_autoptr(GVariant) function = g_variant_get_child_value(devices, k);
            print_function(call, function);
        }
    }
}
