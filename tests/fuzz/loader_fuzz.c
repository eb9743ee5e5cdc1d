/* SPDX-License-Identifier: MIT
 *
 * Kernel images: whatever the file, an image lies inside of RAM and is put there, or one line says
 * why not.
 */
#include <string.h>

#include "platform/image/loader.h"

#define RAM (UINT64_C(8) << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_image(const Image *image)
{
    static Memory *memory;
    uint64_t from = image->low;
    if (!memory)
        memory = memory_new(RAM, NULL);
    g_assert_cmpuint(image->low, <=, image->entry);
    g_assert_cmpuint(image->entry, <, image->high);
    g_assert_cmpuint(image->high, <=, RAM);
    for (guint i = 0; i < image->segments->len; i++) {
        const ImageSegment *s = &g_array_index(image->segments, ImageSegment, i);
        g_assert_cmpuint(s->gpa, >=, from);
        g_assert_cmpuint(g_bytes_get_size(s->data), <=, s->size);
        from = s->gpa + s->size;
    }
    g_assert_cmpuint(from, ==, image->high);
    g_assert_true(image_put(image, memory));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    Image *image = image_load_kernel_bytes("fuzz", bytes, RAM, &error);
    g_assert_true(!image == !!error);
    if (image)
        check_image(image);
    else
        g_assert_null(strchr(error->message, '\n'));
    image_free(image);
    return 0;
}
