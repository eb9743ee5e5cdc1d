/* SPDX-License-Identifier: MIT
 *
 * Snapshots in a file: a machine comes back with all of its RAM, and a file in which anything is wrong is refused with nothing changed.
 */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "platform/base/xxh64.h"
#include "platform/machine/machine.h"
#include "platform/snapshot/file.h"
#include "platform/snapshot/ram.h"
#include "platform/snapshot/snapshot.h"
#include "tests/unit/unit.h"

typedef struct Bench {
    char *path;
    Config config;
    Boot boot;
    Machine *machine;
    Snapshots *snapshots;
} Bench;

static void open_bench(Bench *b, const char *path, const char *options)
{
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) argv = NULL;
    int argc;
    *b = (Bench){.path = g_strdup(path)};
    g_autofree char *line = g_strdup_printf(
        "quoin -m 64 -display none -serial null -kernel build/guests/hello.elf -snapshot-file %s %s", path, options);
    g_assert_true(g_shell_parse_argv(line, &argc, &argv, NULL));
    g_assert_cmpint(options_parse(argc, argv, &b->config, &error), ==, OPTIONS_RUN);
    g_assert_true(boot_load(&b->boot, &b->config, &error));
    b->machine = machine_new(&b->config, &b->boot, &error);
    g_assert_no_error(error);
    b->snapshots = snapshots_new(b->machine);
}

static void close_bench(Bench *b)
{
    snapshots_free(b->snapshots);
    machine_free(b->machine);
    boot_clear(&b->boot);
    config_clear(&b->config);
    g_free(b->path);
}

static char *new_path(void)
{
    g_autofree char *directory = g_dir_make_tmp("snapshot-XXXXXX", NULL);
    return g_build_filename(directory, "file", NULL);
}

static void remove_path(char *path /* take */)
{
    g_autofree char *directory = g_path_get_dirname(path);
    g_unlink(path);
    g_assert_cmpint(g_rmdir(directory), ==, 0); /* nothing temporary is left */
    g_free(path);
}

static void must_save(Bench *b, const char *name)
{
    g_autoptr(GError) error = NULL;
    snapshots_save(b->snapshots, name, true, &error);
    g_assert_no_error(error);
}

static void refused(bool ok, GError **error, const char *why)
{
    g_assert_false(ok);
    g_assert_nonnull(*error);
    g_assert_null(strchr((*error)->message, '\n'));
    if (!g_pattern_match_simple(why, (*error)->message))
        g_error("'%s' is not '%s'", (*error)->message, why);
    g_clear_error(error);
}

/* Bytes here and there, those of page borders among them. */
static void scribble(Bench *b, uint32_t seed)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
    for (unsigned i = 0; i < 300; i++) {
        uint8_t bytes[5000];
        for (unsigned n = 0; n < sizeof(bytes); n++)
            bytes[n] = (uint8_t)g_rand_int(rand);
        memory_write(b->machine->memory, g_rand_int(rand) % ((64 << 20) - sizeof(bytes)), bytes,
                     1 + g_rand_int(rand) % sizeof(bytes));
    }
}

static uint64_t ram_sum(Bench *b)
{
    return xxh64(memory_hva(b->machine->memory), 64 << 20, 0);
}

static void comes_back(void)
{
    Bench first, second;
    g_autoptr(GError) error = NULL;
    char *path = new_path();
    open_bench(&first, path, "");
    scribble(&first, 1);
    uint64_t was = ram_sum(&first);
    must_save(&first, "a");
    scribble(&first, 2);
    uint64_t later = ram_sum(&first);
    must_save(&first, "b");
    open_bench(&second, path, "-accel soft,jit=off");
    g_assert_true(snapshots_load_first(second.snapshots, "a", &error));
    uint64_t there = ram_sum(&second);
    g_assert_cmphex(there, ==, was);
    snapshots_load(second.snapshots, "b", &error);
    g_assert_no_error(error);
    uint64_t again = ram_sum(&second);
    g_assert_cmphex(again, ==, later);
    close_bench(&first);
    close_bench(&second);
    remove_path(path);
}

static void list_is(Bench *b, const char *names)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) list = snapshots_list(b->snapshots, &error);
    g_autoptr(GString) text = g_string_new(NULL);
    g_assert_no_error(error);
    for (guint i = 0; i < list->len; i++)
        g_string_append_printf(text, "%s ", ((SnapshotInfo *)list->pdata[i])->name);
    g_assert_cmpstr(text->str, ==, names);
}

static void have_names(void)
{
    Bench b;
    g_autoptr(GError) error = NULL;
    char *path = new_path();
    open_bench(&b, path, "");
    list_is(&b, "");
    refused(snapshots_load(b.snapshots, "a", &error), &error, "Snapshot 'a' does not exist in *");
    must_save(&b, "a");
    must_save(&b, "b c");
    must_save(&b, "a");
    list_is(&b, "b c a ");
    refused(snapshots_save(b.snapshots, "a", false, &error), &error, "Snapshot 'a' already exists in *");
    refused(snapshots_save(b.snapshots, "", true, &error), &error, "a snapshot's name is *");
    refused(snapshots_save(b.snapshots, "a\nb", true, &error), &error, "a snapshot's name is *");
    refused(snapshots_delete(b.snapshots, "c", &error), &error, "Snapshot 'c' does not exist in *");
    g_assert_true(snapshots_delete(b.snapshots, "b c", &error));
    list_is(&b, "a ");
    g_assert_true(snapshots_load(b.snapshots, "a", &error));
    g_assert_true(snapshots_delete(b.snapshots, "a", &error));
    list_is(&b, "");
    close_bench(&b);
    remove_path(path);
}

/* Both ways of loading refuse it, and a machine that is there stays as it is. */
static void refused_as_it_is(Bench *b, const char *why)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GByteArray) before = g_byte_array_new();
    g_autoptr(GByteArray) after = g_byte_array_new();
    g_assert_true(machine_save(b->machine, before, NULL));
    uint64_t was = ram_sum(b);
    refused(snapshots_load(b->snapshots, "a", &error), &error, why);
    uint64_t is = ram_sum(b);
    g_assert_true(machine_save(b->machine, after, NULL));
    g_assert_cmpmem(before->data, before->len, after->data, after->len);
    g_assert_cmphex(was, ==, is);
    g_assert_cmpint(run_state(b->machine->run), ==, RUN_STATE_PRELAUNCH);
}

/* What g_file_set_contents() would bring to the disk each time. */
static void put_file(Bench *b, const void *data, size_t size)
{
    int fd = g_open(b->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    g_assert_cmpint(write(fd, data, size), ==, (gssize)size);
    close(fd);
}

static void wrong_files_are_refused(void)
{
    Bench b;
    g_autofree char *whole = NULL;
    gsize size;
    char *path = new_path();
    open_bench(&b, path, "");
    scribble(&b, 3);
    must_save(&b, "a");
    scribble(&b, 4);
    g_assert_true(g_file_get_contents(path, &whole, &size, NULL));
    for (unsigned part = 0; part <= 16; part++) { /* one that is cut off */
        put_file(&b, whole, part == 16 ? size - 1 : size / 16 * part);
        refused_as_it_is(&b, part ? "*file: it *" : "*file: it is cut off");
    }
    g_autoptr(GRand) rand = g_rand_new_with_seed(5);
    for (unsigned i = 0; i < 80; i++) { /* one bit is another; the first ones are where the heads are */
        g_autofree char *altered = g_memdup2(whole, size);
        gsize at = i < 40 ? i * 3 : (gsize)g_rand_int(rand) % size;
        altered[at] ^= (char)(1 << i % 8);
        put_file(&b, altered, size);
        refused_as_it_is(&b, "*");
    }
    put_file(&b, "#!/bin/sh\n: a file of somebody's", 32);
    refused_as_it_is(&b, "*file: it has no snapshots of a machine");
    close_bench(&b);
    remove_path(path);
}

/* A file whose checksums are right. */
static void write_file(Bench *b, GPtrArray *parts)
{
    g_autoptr(GError) error = NULL;
    g_unlink(b->path);
    SnapshotFile *file = snapshot_file_open(b->path, &error);
    g_assert_true(snapshot_file_write(file, NULL, parts, &error));
    snapshot_file_close(file);
}

typedef struct Forgery {
    const char *why;
    const char *ram; /* its bytes: "gpa" out of RAM, "short", "both" maps; NULL: as it should be */
    bool no_machine, two_machines, other_machine;
} Forgery;

static size_t forge_ram(const Forgery *forgery, uint8_t *data)
{
    memset(data, 0, RAM_PART);
    if (!forgery->ram)
        return RAM_HEAD;
    if (!strcmp(forgery->ram, "gpa"))
        data[4] = 0x10;
    if (!strcmp(forgery->ram, "both"))
        data[8 + RAM_MAP] = data[8] = 0x80;
    return strcmp(forgery->ram, "short") ? RAM_HEAD + (data[8] ? RAM_PAGE : 0) : 3;
}

static void forge(Bench *b, const Forgery *forgery)
{
    g_autoptr(GPtrArray) parts = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    g_autoptr(GByteArray) state = g_byte_array_new();
    g_autofree uint8_t *ram = g_malloc(RAM_PART);
    Packer *packer = packer_new();
    g_assert_true(machine_save(b->machine, state, NULL));
    if (forgery->other_machine)
        state->data[state->len - 1] ^= 1, g_byte_array_append(state, (const uint8_t *)"\1x\0\0\0\0\0\0\0\0", 10);
    g_ptr_array_add(parts, snapshot_info_pack(packer, &(SnapshotInfo){"a", 0, 0, 0}));
    for (unsigned n = forgery->no_machine ? 0 : 1 + forgery->two_machines; n; n--)
        g_ptr_array_add(parts, packer_pack(packer, PART_MACHINE, parts->len, state->data, state->len));
    g_ptr_array_add(parts, packer_pack(packer, PART_RAM, parts->len, ram, forge_ram(forgery, ram)));
    g_ptr_array_add(parts, packer_pack(packer, PART_END, parts->len, NULL, 0));
    packer_free(packer);
    write_file(b, parts);
}

static void forged_files_are_refused(void)
{
    static const Forgery rows[] = {
        {.ram = "gpa", .why = "*file: a part of RAM is damaged, or of a machine with more RAM"},
        {.ram = "short", .why = "*file: a part of RAM is damaged*"},
        {.ram = "both", .why = "*file: a part of RAM is damaged*"},
        {.no_machine = true, .why = "*file: a snapshot without a machine"},
        {.two_machines = true, .why = "*file: two machines in one snapshot"},
        {.other_machine = true, .why = "*file: saved state: section 'x' is of nobody here"},
    };
    Bench b;
    g_autoptr(GError) error = NULL;
    char *path = new_path();
    open_bench(&b, path, "");
    FOR_ROWS (i, rows) {
        forge(&b, &rows[i]);
        refused_as_it_is(&b, rows[i].why);
    }
    forge(&b, &(Forgery){.why = NULL});
    g_assert_true(snapshots_load(b.snapshots, "a", &error));
    close_bench(&b);
    remove_path(path);
}

static void newer_files_are_refused(void)
{
    uint8_t head[STREAM_HEAD];
    g_autoptr(GError) error = NULL;
    stream_head_put(head);
    g_assert_true(stream_head_check(head, "f", &error));
    head[11]++;
    refused(stream_head_check(head, "f", &error), &error, "f: its head is damaged");
    uint64_t sum = GUINT64_TO_BE(xxh64(head, 16, 0));
    memcpy(head + 16, &sum, 8);
    refused(stream_head_check(head, "f", &error), &error, "f: version 2 of the format; this program knows it up to 1");
}

static void disks_that_stay_behind(void)
{
    Bench b;
    g_autoptr(GError) error = NULL;
    g_autofree char *disk = NULL;
    int fd = g_file_open_tmp("snapshot-disk-XXXXXX", &disk, NULL);
    g_assert_cmpint(ftruncate(fd, 1 << 20), ==, 0);
    close(fd);
    g_autofree char *options = g_strdup_printf("-drive file=%s,format=raw,if=virtio,id=d", disk);
    g_autofree char *read_only = g_strconcat(options, ",readonly=on", NULL);
    char *path = new_path();
    open_bench(&b, path, options);
    refused(snapshots_save(b.snapshots, "a", true, &error), &error, "Device 'd' is writable but does not support snapshots");
    close_bench(&b);
    open_bench(&b, path, read_only);
    must_save(&b, "a");
    close_bench(&b);
    g_unlink(disk);
    remove_path(path);
}

UNIT_TESTS(snapshot)
{
    if (!g_file_test("build/guests/hello.elf", G_FILE_TEST_EXISTS))
        return; /* make guests */
    g_test_add_func("/snapshot/a-machine-comes-back", comes_back);
    g_test_add_func("/snapshot/have-names", have_names);
    g_test_add_func("/snapshot/wrong-files-are-refused", wrong_files_are_refused);
    g_test_add_func("/snapshot/forged-files-are-refused", forged_files_are_refused);
    g_test_add_func("/snapshot/newer-files-are-refused", newer_files_are_refused);
    g_test_add_func("/snapshot/a-disk-that-would-stay-behind", disks_that_stay_behind);
}
