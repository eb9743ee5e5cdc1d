/* SPDX-License-Identifier: MIT */
#include "platform/base/device.h"

#include <string.h>

#include "platform/base/device_bus.h"

void device_init(Device *dev, const DeviceOps *ops, const char *id)
{
    dev->ops = ops;
    dev->id = g_strdup(id);
}

static void field_put(void *at, size_t size, uint64_t value)
{
    switch (size) {
    case 1:
        *(uint8_t *)at = (uint8_t)value;
        break;
    case 2:
        *(uint16_t *)at = (uint16_t)value;
        break;
    case 4:
        *(uint32_t *)at = (uint32_t)value;
        break;
    case 8:
        *(uint64_t *)at = value;
        break;
    default:
        g_assert_not_reached();
    }
}

static uint64_t field_get(const void *at, size_t size)
{
    switch (size) {
    case 1:
        return *(const uint8_t *)at;
    case 2:
        return *(const uint16_t *)at;
    case 4:
        return *(const uint32_t *)at;
    case 8:
        return *(const uint64_t *)at;
    default:
        g_assert_not_reached();
    }
}

void device_reset(Device *dev)
{
    for (size_t i = 0; i < dev->ops->n_fields; i++) {
        const DeviceField *f = &dev->ops->fields[i];
        for (size_t n = 0; n < f->count; n++)
            field_put((char *)dev + f->offset + n * f->size, f->size, f->reset);
    }
    if (dev->ops->reset)
        dev->ops->reset(dev);
}

void device_free(Device *dev)
{
    if (!dev)
        return;
    g_free(dev->id);
    if (dev->ops->free)
        dev->ops->free(dev);
    else
        g_free(dev);
}

void device_describe(Device *dev, Dts *dts)
{
    if (dev->ops->describe)
        dev->ops->describe(dev, dts);
}

uint64_t device_address(const Device *dev, unsigned region)
{
    return dev->region[region].gpa - (dev->bus ? dev->bus->base : 0);
}

void device_describe_reg(const Device *dev, Dts *dts)
{
    DTS_CELLS(dts, "reg", (uint32_t)device_address(dev, 0), (uint32_t)dev->region[0].size);
}

void device_save(const Device *dev, GByteArray *out)
{
    for (size_t i = 0; i < dev->ops->n_fields; i++) {
        const DeviceField *f = &dev->ops->fields[i];
        for (size_t n = 0; n < f->count; n++) {
            uint64_t be = GUINT64_TO_BE(field_get((const char *)dev + f->offset + n * f->size, f->size));
            g_byte_array_append(out, (const uint8_t *)&be + 8 - f->size, (guint)f->size);
        }
    }
}

bool device_load(Device *dev, const uint8_t *data, size_t size, GError **error)
{
    size_t want = 0;
    for (size_t i = 0; i < dev->ops->n_fields; i++)
        want += dev->ops->fields[i].size * dev->ops->fields[i].count;
    if (size != want) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "state of %s '%s' is %zu bytes, expected %zu", dev->ops->name, dev->id,
                    size, want);
        return false;
    }
    for (size_t i = 0; i < dev->ops->n_fields; i++) {
        const DeviceField *f = &dev->ops->fields[i];
        for (size_t n = 0; n < f->count; n++, data += f->size) {
            uint64_t be = 0;
            memcpy((uint8_t *)&be + 8 - f->size, data, f->size);
            field_put((char *)dev + f->offset + n * f->size, f->size, GUINT64_FROM_BE(be));
        }
    }
    if (dev->ops->post_load)
        dev->ops->post_load(dev);
    return true;
}
