/* SPDX-License-Identifier: MIT
 *
 * Feeds every file of the directories (or the files) named to a fuzz target: what a corpus found once is checked without clang.
 */
#include <glib.h>
#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int by_name(gconstpointer a, gconstpointer b)
{
    return g_strcmp0(*(const char *const *)a, *(const char *const *)b);
}

static unsigned replay_file(const char *file)
{
    g_autofree char *data = NULL;
    gsize size;
    if (!g_file_get_contents(file, &data, &size, NULL)) {
        fprintf(stderr, "replay: cannot read %s\n", file);
        return 0;
    }
    LLVMFuzzerTestOneInput((const uint8_t *)data, size);
    return 1;
}

static unsigned replay(const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    if (!dir)
        return replay_file(path);
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
    for (const char *name; (name = g_dir_read_name(dir));)
        g_ptr_array_add(files, g_build_filename(path, name, NULL));
    g_ptr_array_sort(files, by_name);
    unsigned n = 0;
    for (guint i = 0; i < files->len; i++)
        n += replay_file(g_ptr_array_index(files, i));
    return n;
}

int main(int argc, char **argv)
{
    unsigned n = 0;
    for (int i = 1; i < argc; i++)
        n += replay(argv[i]);
    printf("%s: %u inputs replayed\n", argv[0], n);
    return n == 0; /* an empty corpus proves nothing */
}
