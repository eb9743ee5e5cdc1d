/* SPDX-License-Identifier: MIT
 *
 * Numbers are 64-bit ones, as all integers of QMP.
 */
#include "platform/devices/pci/query.h"

/* NULL: the BAR answers nowhere, as long as the guest has given it no address or switched its space off. */
static GVariant *describe_bar(const PciConfig *c, unsigned bar)
{
    enum { PREFETCHABLE = 8 };
    PciSpace space;
    uint64_t first;
    if (!pci_config_bar(c, bar, &space, &first))
        return NULL;
    const gint64 number = bar, address = (gint64)first, size = (gint64)c->bar[bar].size;
    if (space == PCI_SPACE_IO)
        return g_variant_new_parsed("{'bar': <%x>, 'type': <'io'>, 'address': <%x>, 'size': <%x>}", number, address, size);
    return g_variant_new_parsed(
        "{'bar': <%x>, 'type': <'memory'>, 'address': <%x>, 'size': <%x>, 'prefetch': <%b>, 'mem_type_64': <%b>}", number, address,
        size, (gboolean)((pci_config_read(c, PCI_BAR0 + 4 * bar, 1) & PREFETCHABLE) != 0),
        (gboolean)(c->bar[bar].kind == PCI_BAR_MEMORY64));
}

static void put_number(GVariantDict *to, const char *key, const PciConfig *c, unsigned at, unsigned size)
{
    g_variant_dict_insert(to, key, "x", (gint64)pci_config_read(c, at, size));
}

static GVariant *describe_identity(const PciConfig *c)
{
    GVariantDict id;
    g_variant_dict_init(&id, NULL);
    put_number(&id, "vendor", c, PCI_VENDOR, 2);
    put_number(&id, "device", c, PCI_DEVICE_ID, 2);
    put_number(&id, "subsystem-vendor", c, PCI_SUBSYSTEM_VENDOR, 2);
    put_number(&id, "subsystem", c, PCI_SUBSYSTEM, 2);
    return g_variant_dict_end(&id);
}

static GVariant *describe_function(const PciConfig *c, unsigned devfn, const char *name)
{
    GVariantDict device, class_info;
    GVariantBuilder regions;
    g_variant_dict_init(&device, NULL);
    g_variant_dict_init(&class_info, NULL);
    g_variant_builder_init(&regions, G_VARIANT_TYPE("aa{sv}"));
    put_number(&class_info, "class", c, PCI_CLASS + 1, 2);
    for (unsigned bar = 0; bar < PCI_BARS; bar++) {
        GVariant *region = describe_bar(c, bar);
        if (region)
            g_variant_builder_add_value(&regions, region);
    }
    g_variant_dict_insert(&device, "bus", "x", (gint64)0);
    g_variant_dict_insert(&device, "slot", "x", (gint64)(devfn >> 3));
    g_variant_dict_insert(&device, "function", "x", (gint64)(devfn & 7));
    g_variant_dict_insert_value(&device, "class_info", g_variant_dict_end(&class_info));
    g_variant_dict_insert_value(&device, "id", describe_identity(c));
    put_number(&device, "irq_pin", c, PCI_INTERRUPT_PIN, 1);
    if (pci_config_read(c, PCI_INTERRUPT_PIN, 1))
        put_number(&device, "irq", c, PCI_INTERRUPT_LINE, 1);
    g_variant_dict_insert(&device, "qdev_id", "s", name ? name : "");
    g_variant_dict_insert_value(&device, "regions", g_variant_builder_end(&regions));
    return g_variant_dict_end(&device);
}

GVariant *pci_host_query(Device *host)
{
    const PciBus *pci = pci_host_bus(host);
    GVariantBuilder buses, devices;
    GVariantDict bus;
    g_variant_builder_init(&buses, G_VARIANT_TYPE("aa{sv}"));
    g_variant_builder_init(&devices, G_VARIANT_TYPE("aa{sv}"));
    g_variant_builder_add_value(&devices, describe_function(pci_host_config(host), 0, NULL));
    for (unsigned devfn = 0; devfn < G_N_ELEMENTS(pci->function); devfn++) {
        const PciDevice *each = pci->function[devfn];
        if (each)
            g_variant_builder_add_value(&devices, describe_function(&each->config, devfn, each->name));
    }
    g_variant_dict_init(&bus, NULL);
    g_variant_dict_insert(&bus, "bus", "x", (gint64)0);
    g_variant_dict_insert_value(&bus, "devices", g_variant_builder_end(&devices));
    g_variant_builder_add_value(&buses, g_variant_dict_end(&bus));
    return g_variant_builder_end(&buses);
}
