/* SPDX-License-Identifier: MIT */
#include "platform/image/extras.h"

#include "platform/image/priv.h"

/* The number as bytes of RAM. */
static Image *data_image(const LoaderConfig *l)
{
    uint8_t bytes[LOADER_DATA_MAX];
    for (unsigned i = 0; i < l->data_len; i++)
        bytes[l->data_be ? l->data_len - 1 - i : i] = (uint8_t)(l->data >> (8 * i));
    g_autoptr(GBytes) all = g_bytes_new(bytes, l->data_len);
    Image *image = image_of_bytes(all, "data");
    image_move(image, l->addr);
    return image;
}

/* The CPU's start, if it has one by this.  False: no CPU can begin there. */
static bool set_start(Boot *boot, const LoaderConfig *l, const Image *image, uint64_t ram, GError **error)
{
    const uint64_t end = MIN(ram, UINT64_C(1) << 32); /* a core begins in a page that maps it to itself */
    if (l->cpu == LOADER_NO_CPU || l->has_data)
        return true;
    uint64_t start = image ? image->entry : l->addr;
    if (start >= end || start % 4) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "-device %s: no CPU can begin at 0x%" PRIx64, l->text, start);
        return false;
    }
    boot->start[l->cpu] = start;
    boot->has_start |= 1u << l->cpu;
    return true;
}

static bool load_one(Boot *boot, const Config *config, const LoaderConfig *l, GError **error)
{
    Image *image = NULL;
    if (l->file && !(image = image_load_any(l->file, l->addr, l->raw, config->ram_size, error))) {
        g_prefix_error(error, "-device loader ");
        return false;
    }
    if (l->has_data)
        image = data_image(l);
    bool ok = set_start(boot, l, image, config->ram_size, error);
    if (l->file && l->cpu == 0 && !boot->program && !config->kernel && !config->bios)
        boot->program = image;
    else if (image)
        g_ptr_array_add(boot->extras, image);
    return ok;
}

bool extras_load(Boot *boot, const Config *config, GError **error)
{
    boot->extras = g_ptr_array_new_with_free_func((GDestroyNotify)image_free);
    for (guint i = 0; i < config->loaders->len; i++)
        if (!load_one(boot, config, &g_array_index(config->loaders, LoaderConfig, i), error))
            return false;
    return true;
}

static bool apart(uint64_t low, uint64_t high, const char *what, const Image *extra, GError **error)
{
    if (extra->high <= low || high <= extra->low)
        return true;
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                "-device loader: the %s from 0x%" PRIx64 " to 0x%" PRIx64 " covers the %s, 0x%" PRIx64 " to 0x%" PRIx64,
                extra->format, extra->low, extra->high, what, low, high);
    return false;
}

static bool apart_image(const Image *other, const char *what, const Image *extra, GError **error)
{
    return !other || apart(other->low, other->high, what, extra, error);
}

bool extras_check(const Boot *boot, const Config *config, GError **error)
{
    for (guint i = 0; i < boot->extras->len; i++) {
        const Image *extra = boot->extras->pdata[i];
        if (extra->high > config->ram_size || extra->high < extra->low) {
            g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                        "-device loader: the %s at 0x%" PRIx64 " is not in RAM (-m gives %" PRIu64 " MiB)", extra->format,
                        extra->low, config->ram_size >> 20);
            return false;
        }
        if (!apart_image(boot->program, "program", extra, error) || !apart_image(boot->kernel, "kernel", extra, error) ||
            !apart_image(boot->initrd, "initrd", extra, error) ||
            !apart(boot->dtb_gpa, boot->dtb_gpa + BOOT_DTB_MAX, "device tree", extra, error))
            return false;
        for (guint n = 0; n < i; n++)
            if (!apart_image(boot->extras->pdata[n], ((const Image *)boot->extras->pdata[n])->format, extra, error))
                return false;
    }
    return true;
}

bool extras_put(const Boot *boot, Memory *memory)
{
    bool ok = true;
    for (guint i = 0; i < boot->extras->len; i++)
        ok = image_put(boot->extras->pdata[i], memory) && ok;
    return ok;
}
