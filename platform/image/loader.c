/* SPDX-License-Identifier: MIT */
#include "platform/image/layout.h"
#include "platform/image/priv.h"

#include <errno.h>
#include <fcntl.h>
#include <libfdt.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    KERNEL_FILE_MAX = 1 << 30, /* debug information included */
    DTB_FILE_MAX = 16 << 20,
    DTB_VERSION = 17,   /* ePAPR 1.1 §8; libfdt 1.6's full check falls over versions before 16 */
    DTB_NAME_MAX = 255, /* bytes of a property's name; DTSpec 2.2.4 allows 31, and real trees have some more */
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
    static const gsize chunk = 1 << 20;
    struct stat st;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 && (uint64_t)st.st_size > limit)
        return file_too_large(path, limit, error);
    for (;;) {
        errno = ENOMEM;
        ssize_t n = image_buffer_reserve(to, chunk) ? read(fd, to->data + to->len, chunk) : -1;
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
    if (size >= 4 && image_be32(data) == 0xd00dfeed)
        return "it is a device tree or FIT image; use an ELF file or a uImage";
    return "neither ELF nor uImage";
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

Image *image_load_raw(const char *path, const char *what, uint64_t ram_size, GError **error)
{
    ImageFile file = {.name = path, .format = what, .ram_size = ram_size};
    g_autoptr(GBytes) bytes = file_read(path, ram_size, error);
    if (!bytes)
        return NULL;
    gsize size = g_bytes_get_size(bytes);
    if (size == 0)
        return image_bad(&file, error, "the file is empty");
    if (size > ram_size)
        return image_too_big(&file, size, error);
    Image *image = image_new(what);
    image_add(image, 0, size, g_steal_pointer(&bytes));
    return image;
}

/* What of the file is left when its gaps are closed; libfdt has not checked it yet. */
static uint64_t dtb_used(const void *fdt)
{
    uint64_t reserved = fdt_off_dt_struct(fdt) > fdt_off_mem_rsvmap(fdt) ? fdt_off_dt_struct(fdt) - fdt_off_mem_rsvmap(fdt) : 0;
    return sizeof(struct fdt_header) + reserved + fdt_size_dt_struct(fdt) + fdt_size_dt_strings(fdt);
}

/*
 * libfdt measures the name of each property anew.  Were names without bound, a tree whose properties share one long name would
 * take time as the square of its size.
 */
static bool dtb_check_names(const ImageFile *file, GError **error)
{
    uint64_t at = fdt_off_dt_strings(file->data), end = at + fdt_size_dt_strings(file->data), name = at;
    if (end > file->size)
        return image_bad(file, error, "damaged: its strings end at byte %" PRIu64 ", the file at %" PRIu64, end, file->size);
    for (; at < end; at++) {
        if (!file->data[at])
            name = at + 1;
        else if (at - name >= DTB_NAME_MAX)
            return image_bad(file, error, "damaged: the name of a property, at byte %" PRIu64 ", has more than %d bytes", name,
                             DTB_NAME_MAX);
    }
    return true;
}

/* What must hold before libfdt looks at the blocks: it loads their words where they lie, and in time as they are long. */
static bool dtb_check_blocks(const ImageFile *file, GError **error)
{
    const void *fdt = file->data;
    if (fdt_off_mem_rsvmap(fdt) % 8)
        return image_bad(file, error, "damaged: its memory reservations begin at byte %u, not at a multiple of 8",
                         fdt_off_mem_rsvmap(fdt));
    if (fdt_off_dt_struct(fdt) % 4)
        return image_bad(file, error, "damaged: its structure begins at byte %u, not at a multiple of 4", fdt_off_dt_struct(fdt));
    if (dtb_used(fdt) > LAYOUT_DTB_SIZE)
        return image_bad(file, error, "too large: %" PRIu64 " bytes, and a guest's tree has %d", dtb_used(fdt), LAYOUT_DTB_SIZE);
    return dtb_check_names(file, error);
}

static bool dtb_check(const ImageFile *file, GError **error)
{
    if (file->size < sizeof(struct fdt_header) || fdt_magic(file->data) != FDT_MAGIC)
        return image_bad(file, error, "not a device tree blob (no 0xd00dfeed at its start)");
    uint64_t total = fdt_totalsize(file->data);
    if (total > file->size)
        return image_bad(file, error, "totalsize says %" PRIu64 " bytes, the file has %" PRIu64 " (truncated?)", total, file->size);
    for (uint64_t i = total; i < file->size; i++) {
        if (file->data[i]) /* zeros are padding, of a file that was rounded up */
            return image_bad(file, error, "totalsize says %" PRIu64 " bytes, but data goes on to %" PRIu64, total, file->size);
    }
    if (fdt_version(file->data) < DTB_VERSION || fdt_last_comp_version(file->data) > DTB_VERSION)
        return image_bad(file, error, "version %u, compatible with %u; only %d will do", fdt_version(file->data),
                         fdt_last_comp_version(file->data), DTB_VERSION);
    int bad = fdt_check_header(file->data);
    if (!bad && !dtb_check_blocks(file, error))
        return false;
    if (!bad)
        bad = fdt_check_full(file->data, (size_t)file->size);
    if (bad)
        return image_bad(file, error, "damaged: %s", fdt_strerror(bad));
    return true;
}

GBytes *image_check_dtb_bytes(const char *name, GBytes *bytes, GError **error)
{
    gsize size;
    const uint8_t *data = g_bytes_get_data(bytes, &size);
    ImageFile file = {.name = name, .format = "device tree", .data = data, .size = size};
    return dtb_check(&file, error) ? g_bytes_new_from_bytes(bytes, 0, fdt_totalsize(data)) : NULL;
}

GBytes *image_load_dtb(const char *path, GError **error)
{
    g_autoptr(GBytes) bytes = file_read(path, DTB_FILE_MAX, error);
    return bytes ? image_check_dtb_bytes(path, bytes, error) : NULL;
}
