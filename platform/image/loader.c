/* SPDX-License-Identifier: MIT */
#include "platform/image/priv.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    KERNEL_FILE_MAX = 1 << 30, /* debug information included */
    DTB_FILE_MAX = 16 << 20,
};

void image_set_error(const ImageFile *file, GError **error, const char *why, ...)
{
    va_list ap;
    va_start(ap, why);
    g_autofree char *text = g_strdup_vprintf(why, ap);
    va_end(ap);
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: %s: %s", file->name, file->format, text);
}

/* --- images */

static void segment_clear(gpointer segment)
{
    g_bytes_unref(((ImageSegment *)segment)->data);
}

Image *image_new(const char *format)
{
    Image *image = g_new0(Image, 1);
    image->format = g_strdup(format);
    image->low = UINT64_MAX;
    image->segments = g_array_new(FALSE, FALSE, sizeof(ImageSegment));
    g_array_set_clear_func(image->segments, segment_clear);
    return image;
}

void image_add(Image *image, uint64_t gpa, uint64_t size, GBytes *data)
{
    ImageSegment segment = {.gpa = gpa, .size = size, .data = data};
    g_assert(g_bytes_get_size(data) <= size && gpa >= image->high);
    g_array_append_val(image->segments, segment);
    image->low = MIN(image->low, gpa);
    image->high = gpa + size;
}

void image_move(Image *image, uint64_t gpa)
{
    uint64_t by = gpa - image->low; /* modulo 2^64, as the sums below */
    for (guint i = 0; i < image->segments->len; i++)
        g_array_index(image->segments, ImageSegment, i).gpa += by;
    image->entry += by;
    image->low += by;
    image->high += by;
}

void image_free(Image *image)
{
    if (!image)
        return;
    g_free(image->format);
    g_clear_pointer(&image->initrd, g_bytes_unref);
    g_clear_pointer(&image->dtb, g_bytes_unref);
    g_array_unref(image->segments);
    g_free(image);
}

bool image_put(const Image *image, Memory *memory)
{
    bool ok = true;
    for (guint i = 0; i < image->segments->len; i++) {
        const ImageSegment *s = &g_array_index(image->segments, ImageSegment, i);
        gsize size;
        const void *data = g_bytes_get_data(s->data, &size);
        ok = ok && memory_write(memory, s->gpa, data, size);
        ok = ok && memory_zero(memory, s->gpa + size, s->size - size);
    }
    return ok;
}

/* --- files */

static bool file_failed(const char *path, const char *doing, GError **error)
{
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: cannot %s: %s", path, doing, g_strerror(errno));
    return false;
}

bool image_buffer_reserve(ImageBuffer *buffer, gsize more)
{
    if (more <= buffer->room - buffer->len)
        return true;
    if (more > G_MAXSIZE / 2 - buffer->len)
        return false;
    gsize least = buffer->len + more;
    gsize want = buffer->room < G_MAXSIZE / 4 ? MAX(2 * buffer->room, least) : least;
    uint8_t *data = g_try_realloc(buffer->data, want);
    if (!data)
        data = g_try_realloc(buffer->data, want = least);
    if (!data)
        return false;
    buffer->data = data;
    buffer->room = want;
    return true;
}

void image_buffer_clear(ImageBuffer *buffer)
{
    g_free(buffer->data);
    *buffer = (ImageBuffer){0};
}

GBytes *image_buffer_take(ImageBuffer *buffer)
{
    GBytes *bytes = g_bytes_new_take(buffer->data, buffer->len);
    *buffer = (ImageBuffer){0};
    return bytes;
}

GBytes *image_copy(const ImageFile *file, uint64_t offset, uint64_t size, GError **error)
{
    void *copy = g_try_malloc((gsize)size);
    if (size && !copy)
        return image_bad(file, error, "this host has no memory for another %" PRIu64 " MiB of it", size >> 20);
    if (size)
        memcpy(copy, file->data + offset, (size_t)size);
    return g_bytes_new_take(copy, (gsize)size);
}

static bool file_too_large(const char *path, uint64_t limit, GError **error)
{
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: larger than %" PRIu64 " MiB, the most that can be used of it", path,
                limit >> 20);
    return false;
}

static bool fd_read_all(int fd, const char *path, uint64_t limit, ImageBuffer *to, GError **error)
{
    gsize expected = 1 << 20;
    struct stat st;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
        if ((uint64_t)st.st_size > limit)
            return file_too_large(path, limit, error);
        expected = (gsize)st.st_size + 1; /* with room to see that it ends there */
    }
    for (;;) {
        errno = ENOMEM;
        bool room = image_buffer_reserve(to, to->len ? 1 : expected);
        ssize_t n = room ? read(fd, to->data + to->len, to->room - to->len) : -1;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return file_failed(path, "read", error);
        if (n == 0)
            return true;
        to->len += (gsize)n;
        if (to->len > limit)
            return file_too_large(path, limit, error);
    }
}

/*
 * The whole file.  It is read rather than mapped, because it is put into RAM again at every reset, whatever has become of the file
 * by then; and so it may be a pipe.
 */
static GBytes *file_read(const char *path, uint64_t limit, GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        file_failed(path, "open", error);
        return NULL;
    }
    ImageBuffer buffer = {0};
    GBytes *bytes = NULL;
    if (fd_read_all(fd, path, MIN(limit, KERNEL_FILE_MAX), &buffer, error))
        bytes = image_buffer_take(&buffer);
    image_buffer_clear(&buffer);
    close(fd);
    return bytes;
}

/* --- programs: kernels and firmware */

/* For the user: what a file that is not a program looks like. */
static const char *guess_format(const uint8_t *data, uint64_t size)
{
    if (size == 0)
        return "the file is empty";
    if (size >= 2 && data[0] == 0x1f && data[1] == 0x8b)
        return "it is gzip data; unpack it, or wrap it into a uImage";
    return "neither ELF nor uImage nor FIT image";
}

static Image *program_load(const char *name, const char *what, GBytes *bytes, uint64_t ram_size, GError **error)
{
    gsize size;
    const uint8_t *data = g_bytes_get_data(bytes, &size);
    ImageFile file = {.name = name, .format = what, .data = data, .size = size, .ram_size = ram_size};
    if (elf_recognise(data, size))
        return elf_load(&file, error);
    if (uimage_recognise(data, size))
        return uimage_load(&file, error);
    if (fit_recognise(data, size))
        return fit_load(&file, error);
    return image_bad(&file, error, "not a %s image: %s", what, guess_format(data, size));
}

Image *image_load_kernel_bytes(const char *name, GBytes *bytes, uint64_t ram_size, GError **error)
{
    return program_load(name, "kernel", bytes, ram_size, error);
}

Image *image_load_kernel(const char *path, uint64_t ram_size, GError **error)
{
    g_autoptr(GBytes) bytes = file_read(path, KERNEL_FILE_MAX, error);
    return bytes ? image_load_kernel_bytes(path, bytes, ram_size, error) : NULL;
}

Image *image_load_firmware(const char *path, uint64_t ram_size, GError **error)
{
    g_autoptr(GBytes) bytes = file_read(path, KERNEL_FILE_MAX, error);
    return bytes ? program_load(path, "firmware", bytes, ram_size, error) : NULL;
}

/* --- raw images and device trees */

Image *image_of_bytes(GBytes *bytes, const char *what)
{
    Image *image = image_new(what);
    image_add(image, 0, g_bytes_get_size(bytes), g_bytes_ref(bytes));
    return image;
}

static Image *raw_load(const char *name, const char *what, GBytes *bytes, uint64_t gpa, uint64_t ram_size, GError **error)
{
    ImageFile file = {.name = name, .format = what, .ram_size = ram_size};
    gsize size = g_bytes_get_size(bytes);
    if (size == 0)
        return image_bad(&file, error, "the file is empty");
    if (gpa > ram_size || size > ram_size - gpa)
        return image_too_big(&file, gpa + size, error);
    Image *image = image_of_bytes(bytes, what);
    image_move(image, gpa);
    return image;
}

Image *image_load_raw(const char *path, const char *what, uint64_t ram_size, GError **error)
{
    g_autoptr(GBytes) bytes = file_read(path, ram_size, error);
    return bytes ? raw_load(path, what, bytes, 0, ram_size, error) : NULL;
}

Image *image_load_any(const char *path, uint64_t gpa, bool raw, uint64_t ram_size, GError **error)
{
    g_autoptr(GBytes) bytes = file_read(path, KERNEL_FILE_MAX, error);
    if (!bytes)
        return NULL;
    gsize size;
    const uint8_t *data = g_bytes_get_data(bytes, &size);
    if (!raw && (elf_recognise(data, size) || uimage_recognise(data, size)))
        return program_load(path, "image", bytes, ram_size, error);
    Image *image = raw_load(path, "image", bytes, gpa, ram_size, error);
    if (image)
        image->entry = gpa;
    return image;
}

GBytes *image_load_dtb(const char *path, GError **error)
{
    g_autoptr(GBytes) bytes = file_read(path, DTB_FILE_MAX, error);
    return bytes ? image_check_dtb_bytes(path, bytes, error) : NULL;
}
