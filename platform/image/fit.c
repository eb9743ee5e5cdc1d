/* SPDX-License-Identifier: MIT
 *
 * FIT images: a device tree whose /images are files and whose /configurations say which of them belong together.  A file lies in the
 * tree, property data, or behind it: data-offset counts from its end, data-position from the beginning.
 */
#include "platform/image/priv.h"

#include <libfdt.h>
#include <string.h>

typedef struct FitPart {
    const char *name; /* of the node */
    int node;
    const uint8_t *data;
    uint64_t size;
} FitPart;

bool fit_recognise(const uint8_t *data, uint64_t size)
{
    return size >= 4 && image_be32(data) == FDT_MAGIC;
}

/* A property that is a whole string; NULL: there is none. */
static const char *fit_string(const void *fit, int node, const char *name)
{
    int size;
    const char *text = fdt_getprop(fit, node, name, &size);
    return text && size > 0 && strnlen(text, (size_t)size) < (size_t)size ? text : NULL;
}

/* One or two cells.  False: there is no such property. */
static bool fit_number(const void *fit, int node, const char *name, uint64_t *value)
{
    int size;
    const uint8_t *cells = fdt_getprop(fit, node, name, &size);
    if (!cells || (size != 4 && size != 8))
        return false;
    *value = size == 4 ? image_be32(cells) : (uint64_t)image_be32(cells) << 32 | image_be32(cells + 4);
    return true;
}

/* --- where a file's bytes are, and whether they are what they were */

static bool fit_data(const ImageFile *file, FitPart *part, GError **error)
{
    const void *fit = file->data;
    int length;
    uint64_t at;
    const void *inside = fdt_getprop(fit, part->node, "data", &length);
    if (inside) {
        part->data = inside;
        part->size = (uint64_t)length;
        return true;
    }
    if (fit_number(fit, part->node, "data-offset", &at)) {
        uint64_t behind = ((uint64_t)fdt_totalsize(fit) + 3) & ~UINT64_C(3);
        at = at > file->size ? at : at + behind; /* one that is too large stays so */
    } else if (!fit_number(fit, part->node, "data-position", &at)) {
        return image_bad(file, error, "image %s: no data", part->name);
    }
    if (!fit_number(fit, part->node, "data-size", &part->size))
        return image_bad(file, error, "image %s: no data-size", part->name);
    if (at > file->size || part->size > file->size - at)
        return image_bad(file, error, "image %s: truncated: its data goes to byte %" PRIu64 " and more, the file to %" PRIu64,
                         part->name, at, file->size);
    part->data = file->data + at;
    return true;
}

static bool fit_digest_fits(const char *algorithm, const FitPart *part, const uint8_t *value, int length)
{
    static const struct {
        const char *name;
        GChecksumType type;
    } known[] = {{"md5", G_CHECKSUM_MD5},
                 {"sha1", G_CHECKSUM_SHA1},
                 {"sha256", G_CHECKSUM_SHA256},
                 {"sha384", G_CHECKSUM_SHA384},
                 {"sha512", G_CHECKSUM_SHA512}};
    if (!strcmp(algorithm, "crc32"))
        return length == 4 && image_crc32(part->data, part->size) == image_be32(value);
    for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
        if (strcmp(algorithm, known[i].name))
            continue;
        uint8_t digest[64];
        gsize size = sizeof(digest);
        g_autoptr(GChecksum) sum = g_checksum_new(known[i].type);
        g_checksum_update(sum, part->data, (gssize)part->size);
        g_checksum_get_digest(sum, digest, &size);
        return (gsize)length == size && !memcmp(digest, value, size);
    }
    return true; /* of a kind that nobody here can check */
}

static bool fit_check_hashes(const ImageFile *file, const FitPart *part, GError **error)
{
    enum { HASHES_MAX = 16 }; /* each takes as long as the file is */
    int node, n = 0;
    fdt_for_each_subnode(node, file->data, part->node)
    {
        int length = 0;
        const char *name = fdt_get_name(file->data, node, NULL);
        const char *algorithm = fit_string(file->data, node, "algo");
        const uint8_t *value = fdt_getprop(file->data, node, "value", &length);
        if (!name || !g_str_has_prefix(name, "hash") || !algorithm || !value)
            continue;
        if (++n > HASHES_MAX)
            return image_bad(file, error, "image %s: more than %d hashes", part->name, HASHES_MAX);
        if (!fit_digest_fits(algorithm, part, value, length))
            return image_bad(file, error, "corrupt: image %s has another %s than it says", part->name, algorithm);
    }
    return true;
}

/* --- files by what a configuration calls them: "kernel", "ramdisk", "fdt" */

/* The node of the configuration's image of that role.  False: *error; part->node is negative where it names none. */
static bool fit_part(const ImageFile *file, int configuration, const char *role, FitPart *part, GError **error)
{
    const void *fit = file->data;
    int length;
    part->node = -1;
    part->name = fit_string(fit, configuration, role);
    if (!part->name)
        return true;
    fdt_getprop(fit, configuration, role, &length);
    if ((size_t)length != strlen(part->name) + 1)
        return image_bad(file, error, "several images as %s of one configuration, as overlays are, are not yet supported", role);
    int images = fdt_path_offset(fit, "/images");
    part->node = fdt_subnode_offset(fit, images, part->name);
    if (part->node < 0)
        return image_bad(file, error, "its configuration names an image %s that is not there", part->name);
    return fit_data(file, part, error) && fit_check_hashes(file, part, error);
}

/* What it is, unpacked; for RAM from gpa on. */
static GBytes *fit_unpack(const ImageFile *file, const FitPart *part, uint64_t gpa, uint64_t *steps, GError **error)
{
    const char *compression = fit_string(file->data, part->node, "compression");
    if (!compression || !strcmp(compression, "none"))
        return image_copy(file, (uint64_t)(part->data - file->data), part->size, error);
    if (!strcmp(compression, "gzip"))
        return image_inflate(file, part->data, part->size, gpa, steps, error);
    return image_bad(file, error, "image %s: compression %s is not supported, only none and gzip", part->name, compression);
}

static Image *fit_kernel(const ImageFile *file, const FitPart *part, GError **error)
{
    const void *fit = file->data;
    const char *type = fit_string(fit, part->node, "type"), *arch = fit_string(fit, part->node, "arch");
    uint64_t load = 0, entry = 0, steps = 1;
    bool anywhere = !g_strcmp0(type, "kernel_noload");
    if (!anywhere && g_strcmp0(type, "kernel"))
        return image_bad(file, error, "image %s: type %s is not a kernel", part->name, type ? type : "(none)");
    if (g_strcmp0(arch, "ppc") && g_strcmp0(arch, "powerpc"))
        return image_bad(file, error, "image %s: for another processor (%s), not PowerPC", part->name, arch ? arch : "no arch");
    if (!fit_number(fit, part->node, "entry", &entry) || (!fit_number(fit, part->node, "load", &load) && !anywhere))
        return image_bad(file, error, "image %s: no load or entry address", part->name);
    if (anywhere)
        load = 0; /* as of such a uImage */
    g_autoptr(GBytes) payload = fit_unpack(file, part, load, &steps, error);
    Image *image = payload ? image_of_payload(file, load, entry, payload, error) : NULL;
    if (image)
        image->steps = steps;
    return image;
}

/* The default configuration, or the first where none is called so; negative: there is none. */
static int fit_configuration(const void *fit)
{
    int all = fdt_path_offset(fit, "/configurations");
    if (all < 0)
        return all;
    const char *name = fit_string(fit, all, "default");
    return name ? fdt_subnode_offset(fit, all, name) : fdt_first_subnode(fit, all);
}

static bool fit_others(const ImageFile *file, int configuration, Image *image, GError **error)
{
    FitPart ramdisk, dtb;
    if (!fit_part(file, configuration, "ramdisk", &ramdisk, error) || !fit_part(file, configuration, "fdt", &dtb, error))
        return false;
    /* It is handed over as it is, whatever compression the image names, as U-Boot's bootm does: Linux unpacks it. */
    if (ramdisk.node >= 0 && ramdisk.size &&
        !(image->initrd = image_copy(file, (uint64_t)(ramdisk.data - file->data), ramdisk.size, error)))
        return false;
    if (dtb.node < 0)
        return true;
    g_autoptr(GBytes) tree = fit_unpack(file, &dtb, 0, &image->steps, error);
    image->dtb = tree ? image_check_dtb_bytes(file->name, tree, error) : NULL;
    return image->dtb;
}

Image *fit_load(ImageFile *file, GError **error)
{
    FitPart kernel;
    file->format = "FIT image";
    if (!image_check_fdt(file, file->size, error))
        return NULL;
    if (fdt_path_offset(file->data, "/images") < 0)
        return image_bad(file, error, "it is a device tree without /images: for -dtb, perhaps");
    int configuration = fit_configuration(file->data);
    if (configuration < 0)
        return image_bad(file, error, "it has no default configuration");
    if (!fit_part(file, configuration, "kernel", &kernel, error))
        return NULL;
    if (kernel.node < 0)
        return image_bad(file, error, "its default configuration names no kernel");
    Image *image = fit_kernel(file, &kernel, error);
    if (image && !fit_others(file, configuration, image, error))
        g_clear_pointer(&image, image_free);
    return image;
}
