/* SPDX-License-Identifier: MIT
 *
 * From a drive's description to an opened image, and those behind it.
 */
#include "platform/block/qcow2.h"

#include <string.h>

#include "cpu/log.h"

enum { CHAIN_MAX = 64 }; /* images, one behind the other: a file may name itself */

/* How a file of a chain is opened. */
typedef struct Opening {
    const char *option; /* for messages */
    FileMode mode;
    bool no_flush;
    bool backing_given; /* what is behind it is said elsewhere */
    unsigned depth;     /* 0: the one that the drive names */
} Opening;

static Image *open_chain(const char *path, BlockFormat format, const Opening *how, GError **error);

static bool begins_as_qcow2(File *file)
{
    uint32_t magic = 0;
    return !file_get(file, 0, &magic, sizeof(magic)) && GUINT32_FROM_BE(magic) == QCOW2_MAGIC;
}

/* The path of a backing file: relative to the image that names it. */
static char *backing_path(const char *image, const char *name, GError **error)
{
    const char *colon = strchr(name, ':'), *slash = strchr(name, '/');
    if (g_str_has_prefix(name, "file:"))
        name += strlen("file:");
    else if (colon && (!slash || colon < slash)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "'%s': its backing file '%s' is none of the host's files", image,
                    name);
        return NULL;
    }
    g_autofree char *directory = g_path_get_dirname(image);
    return g_path_is_absolute(name) ? g_strdup(name) : g_build_filename(directory, name, NULL);
}

/* Takes the image and gives it back with its backing file.  NULL: that cannot be opened, and the image is closed. */
static Image *open_backing(Image *image, const char *name, BlockFormat format, const Opening *how, GError **error)
{
    Opening behind = {
        .option = how->option, .mode = {.unlocked = how->mode.unlocked}, .no_flush = how->no_flush, .depth = how->depth + 1};
    g_autofree char *path = backing_path(file_name(image->file), name, error);
    Image *backing = path ? open_chain(path, format, &behind, error) : NULL;
    if (!backing) {
        image_close(image);
        return NULL;
    }
    image->backing = backing;
    return image;
}

static Image *open_chain(const char *path, BlockFormat format, const Opening *how, GError **error)
{
    if (how->depth == CHAIN_MAX) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_LOOP, "'%s': %d backing files, one behind the other", path, CHAIN_MAX);
        return NULL;
    }
    File *file = file_open(path, &how->mode, error);
    if (!file)
        return NULL;
    bool guess = format == BLOCK_FORMAT_PROBE;
    if (format == BLOCK_FORMAT_RAW || (guess && !begins_as_qcow2(file))) {
        if (guess && how->mode.write)
            message_warning(
                "%s: '%s' is taken for a raw image, and writes to it that would make it look like one of another format are "
                "refused; format=raw permits them",
                how->option, path);
        return raw_open(file, !how->mode.write, guess);
    }
    g_autofree char *name = NULL;
    BlockFormat backing_format;
    Image *image = qcow2_open(file, !how->mode.write, how->no_flush, &name, &backing_format, error);
    return image && name && !how->backing_given ? open_backing(image, name, backing_format, how, error) : image;
}

/* backing=NODE: takes the image as open_backing() does. */
static Image *put_behind(Image *image, const DriveSpec *behind, GError **error)
{
    image->backing = image_open(behind, error);
    if (image->backing)
        return image;
    image_close(image);
    return NULL;
}

Image *image_open(const DriveSpec *spec, GError **error)
{
    if (spec->format == BLOCK_FORMAT_NULL)
        return null_open(spec->size, spec->read_only, error);
    const Opening how = {
        .option = spec->option,
        .mode =
            {
                .write = !spec->read_only && !spec->snapshot,
                .direct = spec->direct,
                .unmap = spec->unmap,
                .share_rw = spec->share_rw,
                .unlocked = spec->unlocked,
            },
        .no_flush = spec->no_flush,
        .backing_given = spec->behind_node,
    };
    Image *image = open_chain(spec->file, spec->format, &how, error);
    if (image && spec->behind)
        image = put_behind(image, spec->behind, error);
    return image && spec->snapshot && !spec->read_only ? overlay_new(image, error) : image;
}

void image_close(Image *image)
{
    File *file = image->file;
    Image *backing = image->backing;
    g_clear_pointer(&image->snapshots, g_ptr_array_unref);
    image->ops->close(image);
    file_close(file);
    if (backing)
        image_close(backing);
}

int image_read(Image *image, uint64_t offset, Span *to, uint64_t length)
{
    uint64_t there = offset < image->size ? MIN(length, image->size - offset) : 0;
    int error = there ? image->ops->read(image, offset, to, there) : 0;
    if (!error)
        span_zero(to, length - there);
    return error;
}
