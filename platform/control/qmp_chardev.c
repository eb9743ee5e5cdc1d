/* SPDX-License-Identifier: MIT
 *
 * QMP: back ends.
 */
#include "platform/control/qmp_priv.h"

#include <string.h>

#include "platform/base/lock.h"
#include "platform/chardev/chardev.h"

enum { RING_READ_MAX = 1024 * 1024 }; /* bytes of one ringbuf-read */

static Chardev *find(Qmp *qmp, const char *id, GError **error)
{
    for (guint i = 0; qmp->view.chardevs && i < qmp->view.chardevs->len; i++) {
        Chardev *chr = qmp->view.chardevs->pdata[i];
        if (!strcmp(chardev_label(chr), id))
            return chr;
    }
    qmp_fail(error, "Device '%s' not found", id);
    return NULL;
}

static Chardev *ring(Qmp *qmp, GError **error)
{
    Chardev *chr = find(qmp, qmp_string_argument(qmp, "device"), error);
    if (chr && !chardev_ring_read(chr, NULL, 0)) {
        qmp_fail(error, "The device is not a ringbuf");
        return NULL;
    }
    return chr;
}

/* Which of the two formats is asked for; without the argument it is utf8. */
static bool is_base64(const Qmp *qmp)
{
    return !g_strcmp0(qmp_string_argument(qmp, "format"), "base64");
}

GVariant *qmp_cmd_ringbuf_read(Qmp *qmp, GError **error)
{
    g_autoptr(GByteArray) data = g_byte_array_new();
    Chardev *chr = ring(qmp, error);
    gint64 size = qmp_int_argument(qmp, "size", 0);

    if (!chr)
        return NULL;
    if (size <= 0)
        return qmp_fail(error, "Parameter 'size' must be greater than 0");
    device_lock();
    chardev_ring_read(chr, data, (size_t)MIN(size, RING_READ_MAX)); /* fewer bytes than asked for are an answer, too */
    device_unlock();
    if (!data->len)
        return g_variant_new_string("");
    g_autofree char *text =
        is_base64(qmp) ? g_base64_encode(data->data, data->len) : g_utf8_make_valid((const char *)data->data, (gssize)data->len);
    return g_variant_new_string(text);
}

GVariant *qmp_cmd_ringbuf_write(Qmp *qmp, GError **error)
{
    Chardev *chr = ring(qmp, error);
    const char *text = qmp_string_argument(qmp, "data");
    gsize size = strlen(text);
    g_autofree guchar *data = is_base64(qmp) ? g_base64_decode(text, &size) : NULL;

    if (!chr)
        return NULL;
    device_lock();
    chardev_write(chr, data ? data : (const uint8_t *)text, size);
    device_unlock();
    return NULL;
}

GVariant *qmp_cmd_query_chardev(Qmp *qmp, GError **error)
{
    GVariantBuilder list;

    g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
    device_lock();
    for (guint i = 0; qmp->view.chardevs && i < qmp->view.chardevs->len; i++) {
        const Chardev *chr = qmp->view.chardevs->pdata[i];
        g_autofree char *name = chardev_filename(chr);
        g_autofree char *valid = g_utf8_make_valid(name, -1);
        g_variant_builder_add_parsed(&list, "{'label': <%s>, 'filename': <%s>, 'frontend-open': <%b>}", chardev_label(chr), valid,
                                     chardev_is_used(chr));
    }
    device_unlock();
    return g_variant_builder_end(&list);
}

GVariant *qmp_cmd_query_chardev_backends(Qmp *qmp, GError **error)
{
    GVariantBuilder list;
    const char *name;

    g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
    for (unsigned i = 0; (name = chardev_kind_name(i)); i++)
        g_variant_builder_add_parsed(&list, "{'name': <%s>}", name);
    return g_variant_builder_end(&list);
}

GVariant *qmp_cmd_chardev_send_break(Qmp *qmp, GError **error)
{
    const char *id = qmp_string_argument(qmp, "id");
    Chardev *chr = NULL;

    for (guint i = 0; qmp->view.chardevs && i < qmp->view.chardevs->len && !chr; i++) {
        if (!strcmp(chardev_label(qmp->view.chardevs->pdata[i]), id))
            chr = qmp->view.chardevs->pdata[i];
    }
    if (!chr)
        return qmp_fail(error, "Chardev '%s' not found", id);
    device_lock();
    chardev_send_break(chr);
    device_unlock();
    return NULL;
}
