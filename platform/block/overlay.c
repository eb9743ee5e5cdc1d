/* SPDX-License-Identifier: MIT
 *
 * snapshot=on: the guest writes into a qcow2 image in a file without a name, with the drive's own image behind it.
 */
#include "platform/block/qcow2.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int temporary(const char *directory)
{
    int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0)
        return fd;
    g_autofree char *path = g_build_filename(directory, "quoin-XXXXXX", NULL); /* a file system without O_TMPFILE */
    fd = g_mkstemp_full(path, O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0)
        unlink(path);
    return fd;
}

Image *overlay_new(Image *image, GError **error)
{
    const char *directory = g_getenv("TMPDIR") ? g_getenv("TMPDIR") : "/var/tmp";
    g_autofree char *name = g_strdup_printf("%s: what is written over '%s'", directory, file_name(image->file));
    g_autofree char *backing = NULL;
    BlockFormat format;
    int fd = temporary(directory), why = fd < 0 ? errno : 0;
    File *file = why ? NULL : file_new(fd, name, true);
    if (!why && (why = qcow2_create(file, image->size, 3)))
        file_close(file);
    if (why) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(why), "cannot make a temporary file in %s: %s", directory,
                    g_strerror(why));
        image_close(image);
        return NULL;
    }
    Image *overlay = qcow2_open(file, false, true, &backing, &format, error);
    if (overlay)
        overlay->backing = image;
    else
        image_close(image);
    return overlay;
}
