/* SPDX-License-Identifier: MIT
 *
 * A machine moves into another one of the same process, over a pair of sockets or through a file; and whatever is wrong with the way, it stays.
 */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "platform/base/xxh64.h"
#include "platform/machine/machine.h"
#include "platform/migrate/migrate.h"
#include "platform/snapshot/snapshot.h"
#include "tests/unit/unit.h"

typedef struct Bench {
    Config config;
    Boot boot;
    Machine *machine;
    Migration *migration;
} Bench;

enum { RAM = 64 << 20 };

static void open_bench(Bench *b, const char *options)
{
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) argv = NULL;
    int argc;
    *b = (Bench){0};
    g_autofree char *line = g_strdup_printf("quoin -m 64 -display none -serial null -kernel build/guests/hello.elf %s", options);
    g_assert_true(g_shell_parse_argv(line, &argc, &argv, NULL));
    g_assert_cmpint(options_parse(argc, argv, &b->config, &error), ==, OPTIONS_RUN);
    g_assert_true(boot_load(&b->boot, &b->config, &error));
    b->machine = machine_new(&b->config, &b->boot, &error);
    g_assert_no_error(error);
    b->migration = migration_new(b->machine);
}

static void close_bench(Bench *b)
{
    migration_free(b->migration);
    machine_free(b->machine);
    boot_clear(&b->boot);
    config_clear(&b->config);
}

/* URIs of both ends of a way. */
static void way(char *uri[2])
{
    int fd[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), ==, 0);
    for (unsigned i = 0; i < 2; i++)
        uri[i] = g_strdup_printf("fd:%d", fd[i]);
}

static void scribble(Bench *b, uint32_t seed)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
    for (unsigned i = 0; i < 300; i++) {
        uint8_t bytes[5000];
        for (unsigned n = 0; n < sizeof(bytes); n++)
            bytes[n] = (uint8_t)g_rand_int(rand);
        memory_write(b->machine->memory, g_rand_int(rand) % (RAM - sizeof(bytes)), bytes, 1 + g_rand_int(rand) % sizeof(bytes));
    }
}

static void same_ram(const Bench *a, const Bench *b)
{
    uint64_t first = xxh64(memory_hva(a->machine->memory), RAM, 0), second = xxh64(memory_hva(b->machine->memory), RAM, 0);
    g_assert_cmphex(first, ==, second);
}

static MigrationStatus status_of(const Bench *b)
{
    MigrationInfo info;
    migration_get(b->migration, &info);
    return info.status;
}

static void until_it_ended(const Bench *b)
{
    while (migration_is_active(b->migration))
        g_main_context_iteration(NULL, TRUE);
}

static void start(Bench *b, const char *uri)
{
    g_autoptr(GError) error = NULL;
    migration_start(b->migration, uri, &error);
    g_assert_no_error(error);
}

static void expect(Bench *b, const char *uri)
{
    g_autoptr(GError) error = NULL;
    migration_expect(b->migration, uri, &error);
    g_assert_no_error(error);
    g_assert_cmpint(run_state(b->machine->run), ==, RUN_STATE_INMIGRATE);
}

static void refused(bool ok, GError **error, const char *why)
{
    g_assert_false(ok);
    g_assert_nonnull(*error);
    if (!g_pattern_match_simple(why, (*error)->message))
        g_error("'%s' is not '%s'", (*error)->message, why);
    g_clear_error(error);
}

static void quiet(void)
{
    g_assert_nonnull(freopen("/dev/null", "w", stderr)); /* warnings would be among the results */
}

/* ---- what arrives ---- */

/* The guest (here: whoever scribbles) goes on while RAM is sent, with the translator's machine or the interpreter's on the other side. */
static void a_machine_arrives(void)
{
    Bench a, b;
    char *uri[2];
    way(uri);
    open_bench(&a, "");
    open_bench(&b, "-accel soft,jit=off");
    scribble(&a, 1);
    scribble(&b, 2); /* what was there before is gone */
    MigrationParameters slow = {4 << 20, 20};
    g_assert_true(migration_set_parameters(a.migration, &slow, NULL));
    expect(&b, uri[1]);
    start(&a, uri[0]);
    MigrationInfo info;
    do {
        g_main_context_iteration(NULL, TRUE);
        migration_get(a.migration, &info);
        if (info.rounds < 4 && info.status == MIGRATION_ACTIVE)
            scribble(&a, 3 + (uint32_t)info.rounds);
    } while (migration_is_active(a.migration) || migration_is_active(b.migration));
    migration_get(a.migration, &info);
    g_assert_cmpint(info.status, ==, MIGRATION_COMPLETED);
    g_assert_cmpint(status_of(&b), ==, MIGRATION_COMPLETED);
    g_assert_cmpuint(info.rounds, >, 2);
    g_assert_cmpuint(info.remaining, ==, 0);
    same_ram(&a, &b);
    g_assert_cmpint(run_state(a.machine->run), ==, RUN_STATE_POSTMIGRATE);
    g_assert_cmpint(run_state(b.machine->run), ==, RUN_STATE_PRELAUNCH); /* as it was where it came from */
    close_bench(&a);
    close_bench(&b);
    g_free(uri[0]);
    g_free(uri[1]);
}

/* One that ran runs where it arrives, unless -S keeps it; and one that stood still does not. */
static void one_that_ran_goes_on(void)
{
    for (unsigned kept = 0; kept < 2; kept++) {
        Bench a, b;
        char *uri[2];
        way(uri);
        open_bench(&a, "");
        open_bench(&b, kept ? "-S" : "");
        memory_store32(a.machine->memory, vcpus_get(a.machine->vcpus, 0)->state.pc, 0x48000000); /* b . */
        run_request(a.machine->run, RUN_CAUSE_HOST_CONT);
        run_apply(a.machine->run);
        g_assert_cmpint(run_state(a.machine->run), ==, RUN_STATE_RUNNING);
        expect(&b, uri[1]);
        start(&a, uri[0]);
        until_it_ended(&a);
        until_it_ended(&b);
        g_assert_cmpint(status_of(&b), ==, MIGRATION_COMPLETED);
        g_assert_cmpint(run_state(a.machine->run), ==, RUN_STATE_POSTMIGRATE);
        g_assert_cmpint(run_state(b.machine->run), ==, kept ? RUN_STATE_PAUSED : RUN_STATE_RUNNING);
        for (unsigned i = 0; i < 2; i++) {
            run_request(i ? b.machine->run : a.machine->run, RUN_CAUSE_HOST_QUIT);
            run_apply(i ? b.machine->run : a.machine->run);
            g_free(uri[i]);
        }
        close_bench(&a);
        close_bench(&b);
    }
}

/* A file is a snapshot, and a snapshot's file is one that -incoming takes. */
static void through_a_file(void)
{
    Bench a, b, c;
    g_autoptr(GError) error = NULL;
    g_autofree char *directory = g_dir_make_tmp("migrate-XXXXXX", NULL), *path = g_build_filename(directory, "file", NULL);
    g_autofree char *uri = g_strdup_printf("file:%s", path), *options = g_strdup_printf("-snapshot-file %s", path);
    open_bench(&a, "");
    open_bench(&b, "");
    open_bench(&c, options);
    scribble(&a, 1);
    start(&a, uri);
    until_it_ended(&a);
    g_assert_cmpint(status_of(&a), ==, MIGRATION_COMPLETED);
    expect(&b, uri);
    until_it_ended(&b);
    g_assert_cmpint(status_of(&b), ==, MIGRATION_COMPLETED);
    same_ram(&a, &b);
    Snapshots *snapshots = snapshots_new(c.machine);
    g_assert_true(snapshots_load_first(snapshots, "migration", &error));
    same_ram(&a, &c);
    snapshots_free(snapshots);
    close_bench(&a);
    close_bench(&b);
    close_bench(&c);
    g_unlink(path);
    g_rmdir(directory);
}

/* ---- what does not ---- */

/* It is what it was, and may try again. */
static void stayed(Bench *a, MigrationStatus status)
{
    until_it_ended(a);
    g_assert_cmpint(status_of(a), ==, status);
    g_assert_cmpint(run_state(a->machine->run), ==, RUN_STATE_PRELAUNCH);
    Bench b;
    char *uri[2];
    way(uri);
    open_bench(&b, "");
    expect(&b, uri[1]);
    start(a, uri[0]);
    until_it_ended(a);
    until_it_ended(&b);
    g_assert_cmpint(status_of(&b), ==, MIGRATION_COMPLETED);
    same_ram(a, &b);
    close_bench(&b);
    g_free(uri[0]);
    g_free(uri[1]);
}

/* The connection breaks when this many bytes have come through; −1: the whole stream, but no answer. */
static void broken(gssize after)
{
    Bench a;
    int fd[2];
    uint8_t bytes[4096];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), ==, 0);
    g_autofree char *uri = g_strdup_printf("fd:%d", fd[0]);
    open_bench(&a, "");
    scribble(&a, 1);
    start(&a, uri);
    while (after && recv(fd[1], bytes, sizeof(bytes), after < 0 ? MSG_DONTWAIT : 0) != 0) {
        if (after > 0)
            after = MAX(after - (gssize)sizeof(bytes), 0);
        else {
            g_main_context_iteration(NULL, FALSE);
            if (status_of(&a) == MIGRATION_DEVICE && recv(fd[1], bytes, sizeof(bytes), MSG_DONTWAIT | MSG_PEEK) < 0)
                shutdown(fd[1], SHUT_WR);
            if (!migration_is_active(a.migration))
                break;
        }
    }
    close(fd[1]);
    stayed(&a, MIGRATION_FAILED);
    close_bench(&a);
}

static void a_broken_connection(void)
{
    quiet();
    broken(0);
    broken(4096);
    broken(100000);
    broken(-1);
}

static void cancelled(void)
{
    Bench a;
    int fd[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), ==, 0);
    g_autofree char *uri = g_strdup_printf("fd:%d", fd[0]);
    open_bench(&a, "");
    scribble(&a, 1);
    start(&a, uri); /* nobody reads, so it would last for ever */
    for (unsigned i = 0; i < 3; i++)
        g_main_context_iteration(NULL, FALSE);
    migration_cancel(a.migration);
    stayed(&a, MIGRATION_CANCELLED);
    close(fd[1]);
    close_bench(&a);
}

static void another_machine_does_not_take_it(void)
{
    quiet();
    Bench a, b;
    char *uri[2];
    way(uri);
    open_bench(&a, "");
    open_bench(&b, "-smp 2");
    expect(&b, uri[1]);
    start(&a, uri[0]);
    until_it_ended(&b);
    MigrationInfo info;
    migration_get(b.migration, &info);
    g_assert_cmpstr(info.error, ==, "-incoming: saved state: machine: cpus is 1, here 2");
    g_assert_cmpint(run_state(b.machine->run), ==, RUN_STATE_FINISHED);
    stayed(&a, MIGRATION_FAILED);
    close_bench(&a);
    close_bench(&b);
    g_free(uri[0]);
    g_free(uri[1]);
}

/* What arrives is cut off, or has a bit that is another. */
static void damaged_on_its_way(void)
{
    Bench a;
    g_autofree char *directory = g_dir_make_tmp("migrate-XXXXXX", NULL), *path = g_build_filename(directory, "file", NULL);
    g_autofree char *uri = g_strdup_printf("file:%s", path), *whole = NULL;
    gsize size;
    quiet();
    open_bench(&a, "");
    memory_write(a.machine->memory, 0x10000, "some bytes", 10);
    start(&a, uri);
    until_it_ended(&a);
    g_assert_true(g_file_get_contents(path, &whole, &size, NULL));
    g_autoptr(GRand) rand = g_rand_new_with_seed(5);
    for (unsigned i = 0; i < 24; i++) {
        Bench b;
        gsize at = i < 8 ? g_rand_int(rand) % 200 : g_rand_int(rand) % size;
        open_bench(&b, "");
        if (i % 3)
            whole[at] ^= 1 << i % 8;
        g_assert_true(g_file_set_contents(path, whole, (gssize)(i % 3 ? size : at), NULL));
        if (i % 3)
            whole[at] ^= 1 << i % 8;
        expect(&b, uri);
        until_it_ended(&b);
        g_assert_cmpint(status_of(&b), ==, MIGRATION_FAILED);
        g_assert_nonnull(b.machine->host_error);
        close_bench(&b);
    }
    close_bench(&a);
    g_unlink(path);
    g_rmdir(directory);
}

static void what_a_uri_may_be(void)
{
    static const struct {
        const char *uri, *why;
    } rows[] = {
        {"", "*: not one of tcp:HOST:PORT, *"},
        {"unix:", "unix:: not one of *"},
        {"rdma:a:1", "rdma:a:1: not one of *"},
        {"exec:cat", "exec:cat: programs are not executed: *"},
        {"fd:x", "fd:x: not the number of a descriptor *"},
        {"fd:1", "fd:1: not the number of *"},
        {"fd:999999", "fd:999999: not the number of *"},
        {"fd:99999999999999999999", "*: not the number of *"},
        {"tcp:1", "tcp:1: an address is HOST:PORT"},
        {"tcp:a:b:1", "*: an address is HOST:PORT"},
    };
    Bench a;
    g_autoptr(GError) error = NULL;
    open_bench(&a, "");
    FOR_ROWS (i, rows)
        refused(migration_start(a.migration, rows[i].uri, &error), &error, rows[i].why);
    refused(migration_listen(a.migration, "unix:x", &error), &error, "'-incoming' was not specified on the command line");
    MigrationParameters slow = {0, MIGRATION_DOWNTIME_MAX_MS + 1};
    refused(migration_set_parameters(a.migration, &slow, &error), &error, "downtime-limit *");
    g_assert_cmpint(status_of(&a), ==, MIGRATION_NONE);
    close_bench(&a);
}

static void what_cannot_move(void)
{
    Bench a;
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_strdup("migrate-XXXXXX");
    int fd = g_mkstemp(path);
    g_assert_cmpint(ftruncate(fd, 65536), ==, 0);
    close(fd);
    g_autofree char *options = g_strdup_printf("-drive file=%s,format=raw,if=virtio,id=d", path);
    open_bench(&a, options);
    refused(migration_start(a.migration, "tcp:127.0.0.1:1", &error), &error, "drive 'd' can be written by the guest: *");
    close_bench(&a);
    g_unlink(path);
    open_bench(&a, "");
    refused(migration_expect(a.migration, "unix:/no/such/place", &error), &error, "-incoming: *");
    close_bench(&a);
}

UNIT_TESTS(migrate)
{
    if (!g_file_test("build/guests/hello.elf", G_FILE_TEST_EXISTS))
        return; /* make guests */
    g_test_add_func("/migrate/a-machine-arrives", a_machine_arrives);
    g_test_add_func("/migrate/one-that-ran-goes-on", one_that_ran_goes_on);
    g_test_add_func("/migrate/through-a-file", through_a_file);
    g_test_add_func("/migrate/a-broken-connection", a_broken_connection);
    g_test_add_func("/migrate/cancelled", cancelled);
    g_test_add_func("/migrate/another-machine-does-not-take-it", another_machine_does_not_take_it);
    g_test_add_func("/migrate/damaged-on-its-way", damaged_on_its_way);
    g_test_add_func("/migrate/what-a-uri-may-be", what_a_uri_may_be);
    g_test_add_func("/migrate/what-cannot-move", what_cannot_move);
}
