/* SPDX-License-Identifier: MIT
 *
 * From a drive's description to an opened image.
 */
#include "platform/block/image.h"

Image *image_open(const DriveSpec *spec, GError **error)
{
    FileMode mode = {
        .write = !spec->read_only,
        .direct = spec->direct,
        .unmap = spec->unmap,
        .share_rw = spec->share_rw,
        .unlocked = spec->unlocked,
    };
    File *file = file_open(spec->file, &mode, error);
    return file ? raw_open(file, spec->read_only, error) : NULL;
}

void image_close(Image *image)
{
    File *file = image->file;
    image->ops->close(image);
    file_close(file);
}
