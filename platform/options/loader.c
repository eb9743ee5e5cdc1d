/* SPDX-License-Identifier: MIT
 *
 * What is put into RAM besides -kernel and its like, and what is booted where nothing is given.
 */
#include <string.h>

#include "platform/base/board.h"
#include "platform/options/property.h"

/* --- -device loader, whose properties are QEMU's */

static LoaderConfig *current(Parse *p)
{
    GArray *all = p->config->loaders;
    return &g_array_index(all, LoaderConfig, all->len - 1);
}

static bool loader_driver(Parse *p, const char *what, const char *value, GError **error)
{
    return true; /* "loader", as option_set_device() has seen */
}

static bool loader_file(Parse *p, const char *what, const char *value, GError **error)
{
    return property_string(p, &current(p)->file, what, value, error);
}

static bool loader_addr(Parse *p, const char *what, const char *value, GError **error)
{
    current(p)->has_addr = true;
    return value_number(what, value, &current(p)->addr, error);
}

static bool loader_cpu(Parse *p, const char *what, const char *value, GError **error)
{
    unsigned cpu;
    if (!value_uint(what, value, 0, VCPUS_MAX - 1, &cpu, error))
        return false;
    current(p)->cpu = (int)cpu;
    return true;
}

static bool loader_raw(Parse *p, const char *what, const char *value, GError **error)
{
    return value_bool(what, value, &current(p)->raw, error);
}

static bool loader_data(Parse *p, const char *what, const char *value, GError **error)
{
    current(p)->has_data = true;
    return value_number(what, value, &current(p)->data, error);
}

static bool loader_length(Parse *p, const char *what, const char *value, GError **error)
{
    return value_uint(what, value, 1, LOADER_DATA_MAX, &current(p)->data_len, error);
}

static bool loader_order(Parse *p, const char *what, const char *value, GError **error)
{
    return value_bool(what, value, &current(p)->data_be, error);
}

static bool loader_help(Parse *p, const char *what, const char *value, GError **error)
{
    options_print_loader();
    p->done = true;
    return true;
}

static const struct {
    Property property;
    const char *type, *doc;
} loader_rows[] = {
    {{"", loader_driver}, NULL, NULL},
    {{"driver", loader_driver}, NULL, NULL},
    {{"help", loader_help}, NULL, NULL},
    {{"file", loader_file}, "<str>", "an ELF file or uImage, put where it says, or any other, put at addr"},
    {{"addr", loader_addr}, "<uint64>", "where a file that does not say, or data, is put; alone: where a CPU begins"},
    {{"cpu-num", loader_cpu},
     "<uint32>",
     "this CPU begins at the file's entry, or at addr; others than 0 wait in the spin table first"},
    {{"force-raw", loader_raw}, "<bool>", "the file is put at addr as it is (default: off)"},
    {{"data", loader_data}, "<uint64>", "a number to store at addr"},
    {{"data-len", loader_length}, "<uint8>", "its length, 1 to 8 bytes"},
    {{"data-be", loader_order}, "<bool>", "it is stored big-endian, as the guest's words are (default: off)"},
};

void options_print_loader(void)
{
    printf("loader options:\n");
    for (size_t i = 0; i < G_N_ELEMENTS(loader_rows); i++) {
        if (!loader_rows[i].doc)
            continue;
        g_autofree char *assignment = g_strdup_printf("%s=%s", loader_rows[i].property.key, loader_rows[i].type);
        printf("  %-20s - %s\n", assignment, loader_rows[i].doc);
    }
}

static bool check_loader(const LoaderConfig *l, GError **error)
{
    if (l->file && (l->has_data || l->data_len))
        return option_bad(error, "-device %s: file= or data=, not both", l->text);
    if (l->has_data && (!l->data_len || !l->has_addr))
        return option_bad(error, "-device %s: data= needs %s", l->text, l->data_len ? "addr=" : "data-len=");
    if (l->has_data && l->data_len < 8 && l->data >> (8 * l->data_len))
        return option_bad(error, "-device %s: 0x%" G_GINT64_MODIFIER "x has more than %u bytes", l->text, l->data, l->data_len);
    if (!l->file && !l->has_data && (l->cpu == LOADER_NO_CPU || !l->has_addr))
        return option_bad(error, "-device %s: nothing to do: file=, data= or a cpu-num= that begins at addr= is missing", l->text);
    if (l->raw && !l->file)
        return option_bad(error, "-device %s: force-raw= needs file=", l->text);
    return true;
}

bool option_add_loader(Parse *p, const char *arg, GError **error)
{
    Property rows[G_N_ELEMENTS(loader_rows)];
    LoaderConfig loader = {.text = config_text(p->config, arg), .cpu = LOADER_NO_CPU};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        rows[i] = loader_rows[i].property;
    g_array_append_val(p->config->loaders, loader);
    return PROPERTIES_SET(p, "-device loader", rows, arg, error) && (p->done || check_loader(current(p), error));
}

/* --- firmware that nobody asked for */

/* U-Boot as distributions install it for this platform. */
static const struct {
    const char *path, *package;
} installed[] = {
    {"/usr/share/qemu/u-boot.e500", "qemu-system-data"},
    {"/usr/lib/u-boot/qemu-ppce500/uboot.elf", "u-boot-qemu"},
};

bool option_set_L(Parse *p, const char *arg, GError **error)
{
    if (!*arg)
        return option_bad(error, "-L: must not be empty");
    g_ptr_array_add(p->config->data_dirs, g_strdup(arg));
    return true;
}

/* The file `name` of the first directory of -L that has it; NULL: none. */
static const char *find_in_dirs(Config *c, const char *name)
{
    for (guint i = 0; i < c->data_dirs->len; i++) {
        g_autofree char *path = g_build_filename(c->data_dirs->pdata[i], name, NULL);
        if (g_file_test(path, G_FILE_TEST_EXISTS))
            return config_text(c, path);
    }
    return NULL;
}

static const char *default_firmware(Config *c)
{
    const char *path = find_in_dirs(c, "u-boot.e500");
    for (size_t i = 0; i < G_N_ELEMENTS(installed) && !path; i++)
        if (g_file_test(installed[i].path, G_FILE_TEST_EXISTS))
            path = installed[i].path;
    return path;
}

static bool loads_a_program(const Config *c)
{
    for (guint i = 0; i < c->loaders->len; i++)
        if (g_array_index(c->loaders, LoaderConfig, i).cpu == 0)
            return true;
    return false;
}

bool options_complete_images(Parse *p, GError **error)
{
    Config *c = p->config;
    for (guint i = 0; i < c->loaders->len; i++) {
        const LoaderConfig *l = &g_array_index(c->loaders, LoaderConfig, i);
        if (l->cpu >= (int)c->n_vcpus)
            return option_bad(error, "-device %s: cpu-num=%d: there are %u", l->text, l->cpu, c->n_vcpus);
    }
    if (c->bios && !g_file_test(c->bios, G_FILE_TEST_EXISTS)) {
        const char *path = strchr(c->bios, '/') ? NULL : find_in_dirs(c, c->bios);
        c->bios = path ? path : c->bios;
    }
    if (c->bios || c->kernel || c->dumpdtb || p->no_guest || loads_a_program(c))
        return true;
    if (!board_has_soc(board_find(c->board)))
        return option_bad(error, "nothing to boot: give -kernel FILE or -bios FILE");
    c->bios = default_firmware(c);
    if (!c->bios)
        return option_bad(error,
                          "nothing to boot: give -kernel FILE or -bios FILE, or install U-Boot, which starts without: "
                          "Debian's package %s or %s has it",
                          installed[1].package, installed[0].package);
    return true;
}
