/* SPDX-License-Identifier: MIT
 *
 * Requests to a drive, over raw images.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#if HAVE_LIBURING
#include <liburing.h>
#endif

#include "cpu/fault.h"
#include "cpu/log.h"
#include "platform/base/lock.h"
#include "platform/block/aio.h"
#include "platform/block/image.h"
#include "tests/unit/block_helper.h"

enum { KIB = 1024, MIB = KIB * KIB };

static void test_reads_what_it_wrote(void)
{
    g_autofree char *path = disk_new(MIB);
    Block *b = disk_open(path, "");
    uint8_t in[3][1000], out[3][1000];
    for (unsigned i = 0; i < sizeof(out); i++)
        ((uint8_t *)out)[i] = (uint8_t)(i * 7 + 1);
    struct iovec from[] = {{out[0], 1000}, {out[1], 0}, {out[1], 1000}, {out[2], 1000}};
    struct iovec to[] = {{in[0], 500}, {in[0] + 500, 1500}, {in[2], 1000}};
    g_assert_cmpint(disk_do(b, &(BlockRequest){.op = BLOCK_WRITE, .offset = 777, .length = 3000, .iov = from, .n_iov = 4}), ==, 0);
    g_assert_cmpint(disk_do(b, &(BlockRequest){.op = BLOCK_FLUSH}), ==, 0);
    g_assert_cmpint(disk_do(b, &(BlockRequest){.op = BLOCK_READ, .offset = 777, .length = 3000, .iov = to, .n_iov = 3}), ==, 0);
    g_assert_true(!memcmp(in, out, sizeof(in)));
    disk_close(b, path);
}

static void test_a_range_is_checked(void)
{
    static const struct {
        BlockOp op;
        uint64_t offset, length, memory;
        int error;
    } rows[] = {
        {BLOCK_READ, MIB - 512, 512, 512, 0},
        {BLOCK_READ, MIB - 512, 513, 513, EINVAL},
        {BLOCK_READ, MIB, 0, 0, 0},
        {BLOCK_READ, MIB + 1, 0, 0, EINVAL},
        {BLOCK_WRITE, UINT64_MAX - 511, 512, 512, EINVAL},
        {BLOCK_WRITE, 512, UINT64_MAX, 512, EINVAL},
        {BLOCK_WRITE, 0, 512, 511, EINVAL},
        {BLOCK_READ, 0, 512, 511, EINVAL},
        {BLOCK_DISCARD, MIB - 1, 2, 0, EINVAL},
        {BLOCK_WRITE_ZEROES, MIB, 1, 0, EINVAL},
        {BLOCK_WRITE_ZEROES, MIB - 1, 1, 0, 0},
    };
    g_autofree char *path = disk_new(MIB);
    Block *b = disk_open(path, "");
    uint8_t memory[1024] = {0};
    FOR_ROWS (i, rows) {
        struct iovec iov = {memory, rows[i].memory};
        BlockRequest r = {.op = rows[i].op, .offset = rows[i].offset, .length = rows[i].length, .iov = &iov, .n_iov = 1};
        g_assert_cmpint(disk_do(b, &r), ==, rows[i].error);
    }
    disk_close(b, path);
}

static void test_a_read_only_drive_is_not_written(void)
{
    static const BlockOp ops[] = {BLOCK_WRITE, BLOCK_DISCARD, BLOCK_WRITE_ZEROES};
    g_autofree char *path = disk_new(MIB);
    g_assert_cmpint(chmod(path, 0444), ==, 0);
    Block *b = disk_open(path, ",readonly=on,discard=unmap,snapshot=on");
    char memory[512];
    struct iovec iov = {memory, 512};
    g_assert_true(block_read_only(b) && !block_discards(b));
    FOR_ROWS (i, ops)
        g_assert_cmpint(disk_do(b, &(BlockRequest){.op = ops[i], .length = 512, .iov = &iov, .n_iov = 1}), ==, EROFS);
    g_assert_cmpint(disk_do(b, &(BlockRequest){.op = BLOCK_FLUSH}), ==, 0);
    disk_close(b, path);
}

/* A file that does not end at a sector is read with zeros up to there, and grows when they are written. */
static void test_the_last_sector_is_whole(void)
{
    g_autofree char *path = disk_new(700);
    uint8_t sector[512], want[512] = {0};
    struct iovec iov = {sector, 512};
    Block *b = disk_open(path, "");
    g_assert_cmpuint(block_size(b), ==, 1024);
    memset(sector, 0xaa, 512);
    g_assert_cmpint(disk_do(b, &(BlockRequest){.op = BLOCK_READ, .offset = 512, .length = 512, .iov = &iov, .n_iov = 1}), ==, 0);
    g_assert_true(!memcmp(sector, want, 512));
    memset(sector, 0xbb, 512);
    g_assert_cmpint(disk_do(b, &(BlockRequest){.op = BLOCK_WRITE, .offset = 512, .length = 512, .iov = &iov, .n_iov = 1}), ==, 0);
    g_assert_cmpint(disk_at(path, 1023), ==, 0xbb);
    g_assert_cmpint(disk_at(path, 1024), ==, -1);
    disk_close(b, path);
}

static void test_zeros_and_discards(void)
{
    static const struct {
        const char *more;
        bool may_unmap, holes;
    } rows[] = {{"", false, false}, {"", true, false}, {",discard=unmap", true, true}, {",discard=unmap", false, false}};
    FOR_ROWS (i, rows) {
        g_autofree char *path = disk_new(MIB);
        disk_fill(path, MIB, 0x55);
        Block *b = disk_open(path, rows[i].more);
        g_assert_cmpint(disk_do(b, &(BlockRequest){.op = BLOCK_WRITE_ZEROES,
                                                   .offset = 64 * KIB + 1,
                                                   .length = 128 * KIB,
                                                   .may_unmap = rows[i].may_unmap}),
                        ==, 0);
        for (unsigned at = 0; at < MIB; at += 999)
            g_assert_cmphex((unsigned)disk_at(path, at), ==, at > 64 * KIB && at <= 192 * KIB ? 0 : 0x55);
        if (disk_has_holes(path) != rows[i].holes)
            g_test_message("the file system of %s knows no holes", path);
        g_assert_cmpint(disk_do(b, &(BlockRequest){.op = BLOCK_DISCARD, .offset = 512 * KIB, .length = 64 * KIB}), ==, 0);
        g_assert_cmpint(disk_at(path, 512 * KIB + 5) == 0x55, ==, !block_discards(b));
        disk_close(b, path);
    }
}

static void count(void *opaque, int error)
{
    g_assert_true(device_lock_held());
    g_assert_cmpint(error, ==, 0);
    ++*(unsigned *)opaque;
}

static void test_drain_waits_for_all(void)
{
    enum { N = 200 };
    static uint8_t memory[N][4096];
    g_autofree char *path = disk_new(MIB);
    Block *b = disk_open(path, ",cache=writethrough");
    g_autofree BlockRequest *r = g_new0(BlockRequest, N);
    struct iovec iov[N];
    unsigned done = 0;
    device_lock();
    for (unsigned i = 0; i < N; i++) {
        memset(memory[i], (int)i, 4096);
        iov[i] = (struct iovec){memory[i], 4096};
        r[i] = (BlockRequest){
            .op = BLOCK_WRITE, .offset = i * 4096, .length = 4096, .iov = &iov[i], .n_iov = 1, .done = count, .opaque = &done};
        block_submit(b, &r[i]);
        g_assert_cmpuint(done, ==, 0); /* the lock is ours */
    }
    block_drain(b);
    g_assert_cmpuint(done, ==, N);
    device_unlock();
    for (unsigned i = 0; i < N; i++)
        g_assert_cmpint(disk_at(path, i * 4096 + 9), ==, (int)(i & 0xff));
    disk_close(b, path);
}

static void test_what_the_host_fails_at_is_told(void)
{
    static const struct {
        const char *fault, *more;
        BlockOp op;
        int error;
    } rows[] = {
        {"block-read:1:EIO", "", BLOCK_READ, EIO},
        {"block-write:1:ENOSPC", ",werror=report", BLOCK_WRITE, ENOSPC},
        {"block-write:1:EIO", "", BLOCK_WRITE_ZEROES, EIO},
        {"block-flush:1:EIO", "", BLOCK_FLUSH, EIO},
        {"block-flush:1:EIO", ",cache=writethrough", BLOCK_WRITE, EIO},
        {"block-flush:1:EIO", ",cache=directsync", BLOCK_WRITE, EIO},
        {"block-flush:1:EIO", ",cache=unsafe", BLOCK_FLUSH, 0},
    };
    char memory[512] = {0};
    struct iovec iov = {memory, 512};
    FOR_ROWS (i, rows) {
        g_autofree char *path = disk_new(MIB);
        Block *b = disk_open(path, rows[i].more);
        g_assert_true(fault_arm(rows[i].fault, NULL));
        BlockRequest r = {.op = rows[i].op, .length = 512, .iov = &iov, .n_iov = 1};
        g_assert_cmpint(disk_do(b, &r), ==, rows[i].error);
        g_assert_true(fault_arm("block-read:1000000", NULL));
        g_assert_cmpint(disk_do(b, &r), ==, 0); /* it is not lost for good */
        disk_close(b, path);
    }
}

/* A drive with snapshot=on reads what it wrote, and its file stays as it was. */
static void test_a_snapshot_leaves_the_file(void)
{
    static const char *const more[] = {",snapshot=on", ",snapshot=on,cache=none", ",snapshot=on,cache=writethrough"};
    FOR_ROWS (i, more) {
        g_autofree char *path = disk_new(2 * MIB);
        uint8_t memory[1000], want[1000];
        struct iovec iov = {memory, sizeof(memory)};
        disk_fill(path, 2 * MIB, 0x11);
        Block *b = disk_open(path, more[i]);
        memset(memory, 0x22, sizeof(memory));
        memset(want, 0x22, sizeof(want));
        memset(want, 0x11, 500);
        BlockRequest r = {.op = BLOCK_WRITE, .offset = MIB - 500, .length = 1000, .iov = &iov, .n_iov = 1};
        g_assert_cmpint(disk_do(b, &r), ==, 0);
        g_assert_cmpint(disk_do(b, &(BlockRequest){.op = BLOCK_FLUSH}), ==, 0);
        r = (BlockRequest){.op = BLOCK_READ, .offset = MIB - 1000, .length = 1000, .iov = &iov, .n_iov = 1};
        g_assert_cmpint(disk_do(b, &r), ==, 0);
        g_assert_true(!memcmp(memory, want, sizeof(want)));
        for (unsigned at = 0; at < 2 * MIB; at += 499)
            g_assert_cmpint(disk_at(path, at), ==, 0x11);
        disk_close(b, path);
    }
}

static void test_a_file_that_is_too_large_for_a_snapshot(void)
{
    g_autoptr(GError) error = NULL;
    int fd = memfd_create("large", 0);
    g_autofree char *text = g_strdup_printf("file=/proc/self/fd/%d,format=raw,snapshot=on", fd);
    g_assert_cmpint(ftruncate(fd, INT64_C(1) << 52), ==, 0);
    DriveSpec *spec = drive_spec_parse("-drive", text, NULL);
    spec->option = g_strdup("-drive");
    g_assert_null(block_open(spec, &error));
    g_assert_nonnull(strstr(error->message, "File too large"));
    drive_spec_free(spec);
    close(fd);
}

/* A guest does not make a raw image whose format is guessed into one with a backing file. */
static void test_a_guessed_image_stays_raw(void)
{
    static const struct {
        bool said;
        uint64_t offset;
        const char *bytes;
        int error;
    } rows[] = {
        {false, 0, "QFI\xfb\0\0\0\3", EPERM}, {true, 0, "QFI\xfb\0\0\0\3", 0},     {false, 512, "QFI\xfb\0\0\0\3", 0},
        {false, 0, "conectix", EPERM},        {false, 0, "\xeb\x63\x90GRUB\0", 0},
    };
    FOR_ROWS (i, rows) {
        g_autofree char *path = disk_new(MIB);
        char memory[512] = {0};
        struct iovec iov = {memory, 512}, half = {memory, 2}, rest = {memory + 2, 510};
        log_silence(true); /* the warning */
        Block *b = disk_open_as(path, rows[i].said ? ",format=raw" : "");
        log_silence(false);
        memcpy(memory, rows[i].bytes, 8);
        g_assert_cmpint(
            disk_do(b, &(BlockRequest){.op = BLOCK_WRITE, .offset = rows[i].offset, .length = 512, .iov = &iov, .n_iov = 1}), ==,
            rows[i].error);
        g_assert_cmpint(
            disk_do(b, &(BlockRequest){.op = BLOCK_WRITE, .offset = rows[i].offset, .length = 2, .iov = &half, .n_iov = 1}), ==, 0);
        g_assert_cmpint(
            disk_do(b, &(BlockRequest){.op = BLOCK_WRITE, .offset = rows[i].offset + 2, .length = 510, .iov = &rest, .n_iov = 1}),
            ==, rows[i].error);
        disk_close(b, path);
    }
}

/* --- werror=, rerror= */

typedef struct Told {
    unsigned n;
    DriveOnError last;
} Told;

static void tell(void *opaque, DriveOnError action)
{
    Told *told = opaque;
    told->n++;
    told->last = action;
}

static void test_what_an_error_does_is_the_users_choice(void)
{
    static const struct {
        const char *more, *fault;
        BlockOp op;
        int error; /* −1: it waits */
        DriveOnError action;
    } rows[] = {
        {"", "block-write:1:EIO", BLOCK_WRITE, EIO, DRIVE_ON_ERROR_REPORT},
        {"", "block-write:1:ENOSPC", BLOCK_WRITE, -1, DRIVE_ON_ERROR_STOP},
        {",werror=report", "block-write:1:ENOSPC", BLOCK_WRITE, ENOSPC, DRIVE_ON_ERROR_REPORT},
        {",werror=ignore", "block-write:1:EIO", BLOCK_WRITE, 0, DRIVE_ON_ERROR_IGNORE},
        {",werror=stop", "block-flush:1:EIO", BLOCK_FLUSH, -1, DRIVE_ON_ERROR_STOP},
        {",werror=stop", "block-read:1:EIO", BLOCK_READ, EIO, DRIVE_ON_ERROR_REPORT},
        {",rerror=stop", "block-read:1:EIO", BLOCK_READ, -1, DRIVE_ON_ERROR_STOP},
        {",rerror=ignore", "block-read:1:EIO", BLOCK_READ, 0, DRIVE_ON_ERROR_IGNORE},
    };
    FOR_ROWS (i, rows) {
        g_autofree char *path = disk_new(MIB);
        Block *b = disk_open(path, rows[i].more);
        char memory[512] = {0};
        struct iovec iov = {memory, 512};
        int error = -1;
        DriveError e;
        Told told = {0};
        BlockRequest r = {.op = rows[i].op, .length = 512, .iov = &iov, .n_iov = 1, .done = disk_done, .opaque = &error};
        block_on_error(b, tell, &told);
        g_assert_false(block_take_error(b, &e));
        g_assert_true(fault_arm(rows[i].fault, NULL));
        device_lock();
        block_submit(b, &r);
        block_settle(b);
        g_assert_cmpint(error, ==, rows[i].error);
        g_assert_cmpuint(told.n, ==, 1);
        g_assert_cmpint(told.last, ==, rows[i].action);
        g_assert_true(block_take_error(b, &e) && e.action == rows[i].action && e.read == (rows[i].op == BLOCK_READ));
        g_assert_false(block_take_error(b, &e));
        g_assert_true(fault_arm("block-read:1000000", NULL));
        block_retry(b);
        block_settle(b);
        g_assert_cmpint(error, ==, MAX(rows[i].error, 0)); /* it was tried again, if it waited */
        device_unlock();
        disk_close(b, path);
    }
}

/* A device that is reset while its requests wait gets them back. */
static void test_drain_ends_what_waits(void)
{
    g_autofree char *path = disk_new(MIB);
    Block *b = disk_open(path, ",werror=stop");
    g_assert_true(fault_arm("block-write:1:ENOSPC", NULL));
    char memory[512] = {0};
    struct iovec iov = {memory, 512};
    g_assert_cmpint(disk_do(b, &(BlockRequest){.op = BLOCK_WRITE, .length = 512, .iov = &iov, .n_iov = 1}), ==, ENOSPC);
    disk_close(b, path);
}

static void test_a_file_that_cannot_be_a_drive(void)
{
    static const struct {
        const char *text, *error;
    } rows[] = {
        {"file=/nowhere/disk", "-drive: cannot open '/nowhere/disk': No such file or directory"},
        {"file=/", "-drive: cannot open '/': Is a directory"},
        {"file=/,readonly=on", "-drive: cannot open '/': Is a directory"},
        {"file=/dev/null", "-drive: cannot open '/dev/null': No such device"},
    };
    FOR_ROWS (i, rows) {
        g_autoptr(GError) error = NULL;
        DriveSpec *spec = drive_spec_parse("-drive", rows[i].text, NULL);
        spec->option = g_strdup("-drive");
        g_assert_null(block_open(spec, &error));
        g_assert_cmpstr(error->message, ==, rows[i].error);
        drive_spec_free(spec);
    }
}

/* --- who carries requests out */

/* More pieces than go to the host at once, and a length that ends within one. */
static void test_many_small_pieces(void)
{
    enum { N = 300, PIECE = 96, LENGTH = N * PIECE - 5 };
    static uint8_t out[N][PIECE], in[N][PIECE];
    static const char *const more[] = {"", ",cache=none", ",cache=writethrough"};
    struct iovec from[N], to[N];
    for (unsigned i = 0; i < N; i++) {
        from[i] = (struct iovec){out[i], PIECE};
        to[i] = (struct iovec){in[N - 1 - i], PIECE};
        for (unsigned at = 0; at < PIECE; at++)
            out[i][at] = (uint8_t)(i * 13 + at + 1);
    }
    FOR_ROWS (row, more) {
        g_autofree char *path = disk_new(MIB);
        Block *b = disk_open(path, more[row]);
        memset(in, 0, sizeof(in));
        BlockRequest r = {.op = BLOCK_WRITE, .offset = 1000, .length = LENGTH, .iov = from, .n_iov = N};
        g_assert_cmpint(disk_do(b, &r), ==, 0);
        r = (BlockRequest){.op = BLOCK_READ, .offset = 1000, .length = LENGTH, .iov = to, .n_iov = N};
        g_assert_cmpint(disk_do(b, &r), ==, 0);
        for (unsigned i = 0; i < N; i++)
            g_assert_true(!memcmp(in[N - 1 - i], out[i], i == N - 1 ? PIECE - 5 : PIECE));
        g_assert_cmpint(in[0][PIECE - 1], ==, 0);
        disk_close(b, path);
    }
}

/* All kinds of requests are under way together; those of one place follow each other. */
static void test_random_requests_beside_a_model(void)
{
    enum { PLACES = 150, SIZE = 1536, ROUNDS = 20 };
    static const BlockOp ops[] = {BLOCK_READ, BLOCK_WRITE, BLOCK_WRITE, BLOCK_WRITE_ZEROES, BLOCK_FLUSH};
    static uint8_t memory[PLACES][SIZE], model[PLACES][SIZE];
    g_autofree char *path = disk_new(PLACES * SIZE);
    g_autoptr(GRand) rand = g_rand_new_with_seed(11);
    g_autofree BlockRequest *r = g_new0(BlockRequest, PLACES);
    struct iovec iov[PLACES];
    Block *b = disk_open(path, "");
    memset(model, 0, sizeof(model));
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned done = 0;
        device_lock();
        for (unsigned i = 0; i < PLACES; i++) {
            BlockOp op = ops[g_rand_int_range(rand, 0, G_N_ELEMENTS(ops))];
            memset(memory[i], op == BLOCK_WRITE ? g_rand_int_range(rand, 0, 256) : 0, SIZE);
            if (op == BLOCK_WRITE || op == BLOCK_WRITE_ZEROES)
                memcpy(model[i], memory[i], SIZE);
            iov[i] = (struct iovec){memory[i], SIZE};
            r[i] = (BlockRequest){
                .op = op, .offset = i * SIZE, .length = SIZE, .iov = &iov[i], .n_iov = 1, .done = count, .opaque = &done};
            block_submit(b, &r[i]);
        }
        block_drain(b);
        device_unlock();
        g_assert_cmpuint(done, ==, PLACES);
        for (unsigned i = 0; i < PLACES; i++)
            g_assert_true(r[i].op != BLOCK_READ || !memcmp(memory[i], model[i], SIZE));
    }
    disk_close(b, path);
}

static void test_a_drive_without_a_file(void)
{
    g_autoptr(GError) error = NULL;
    DriveSpec *spec = drive_node_parse("-blockdev", "driver=null-co,node-name=n,size=1M,read-zeroes=on", &error);
    g_assert_no_error(error);
    Block *b = block_open(spec, &error);
    g_assert_no_error(error);
    drive_spec_free(spec);
    char memory[512];
    struct iovec iov = {memory, 512};
    BlockRequest r = {.op = BLOCK_WRITE, .offset = MIB - 512, .length = 512, .iov = &iov, .n_iov = 1};
    memset(memory, 1, 512);
    g_assert_cmpuint(block_size(b), ==, MIB);
    g_assert_cmpint(disk_do(b, &r), ==, 0);
    r.op = BLOCK_READ;
    g_assert_cmpint(disk_do(b, &r), ==, 0);
    g_assert_true(!memory[0] && !memory[511]);
    g_assert_cmpint(disk_do(b, &(BlockRequest){.op = BLOCK_FLUSH}), ==, 0);
    block_close(b);
}

/* What is written as zeros takes no room, or gives it back. */
static void test_zeros_are_detected(void)
{
    static const struct {
        const char *more;
        bool holes;
    } rows[] = {{"", false}, {",detect-zeroes=on", false}, {",detect-zeroes=unmap,discard=unmap", true}};
    static uint8_t memory[MIB / 2];
    FOR_ROWS (i, rows) {
        g_autofree char *path = disk_new(MIB);
        disk_fill(path, MIB, 0x55);
        Block *b = disk_open(path, rows[i].more);
        struct iovec iov[] = {{memory, 100}, {memory + 100, sizeof(memory) - 100}};
        BlockRequest r = {.op = BLOCK_WRITE, .offset = 0, .length = sizeof(memory), .iov = iov, .n_iov = 2};
        memory[sizeof(memory) - 1] = 0;
        g_assert_cmpint(disk_do(b, &r), ==, 0);
        if (disk_has_holes(path) != rows[i].holes)
            g_test_message("the file system of %s knows no holes", path);
        memory[sizeof(memory) - 1] = 7;
        r.offset = MIB / 2;
        g_assert_cmpint(disk_do(b, &r), ==, 0);
        for (unsigned at = 0; at < MIB; at += 4095)
            g_assert_cmpint(disk_at(path, at), ==, 0);
        g_assert_cmpint(disk_at(path, MIB - 1), ==, 7);
        disk_close(b, path);
    }
}

static bool by_io_uring(const char *aio)
{
    g_autofree char *path = disk_new(MIB);
    disk_aio = aio;
    Block *b = disk_open(path, "");
    DriveInfo info;
    block_describe(b, &info);
    disk_close(b, path);
    return info.io_uring;
}

/* A host that refuses io_uring, as containers do: threads carry out the requests. */
static void test_a_host_without_io_uring(void)
{
    static const char *const rows[] = {NULL, "native", "threads", "io_uring"};
    log_silence(true); /* the warning */
    FOR_ROWS (i, rows) {
        g_assert_true(fault_arm("io-uring:1:ENOMEM", NULL));
        g_assert_false(by_io_uring(rows[i]));
    }
    g_assert_true(fault_arm("block-read:1000000", NULL));
    g_assert_false(by_io_uring("threads"));
    log_silence(false);
}

typedef struct Case {
    const char *name;
    void (*run)(void);
} Case;

static void by_threads(gconstpointer data)
{
    disk_aio = "threads";
    ((const Case *)data)->run();
}

static void by_uring(gconstpointer data)
{
    log_silence(true);
    bool have = by_io_uring(NULL);
    log_silence(false);
    disk_aio = NULL;
    if (have)
        ((const Case *)data)->run();
    else
        g_test_skip("no io_uring here");
}

#if HAVE_LIBURING
static int ring_answers(struct io_uring *ring)
{
    struct io_uring_cqe *cqe;
    g_assert_cmpint(io_uring_submit_and_wait(ring, 1), >=, 0);
    g_assert_cmpint(io_uring_peek_cqe(ring, &cqe), ==, 0);
    int result = cqe->res;
    io_uring_cqe_seen(ring, cqe);
    return result;
}

/* What somebody who has taken over the program would ask of it. */
static void test_a_ring_neither_opens_nor_connects(void)
{
    struct io_uring ring;
    int error = uring_ring_open(&ring, 4);
    if (error) {
        g_test_skip("no io_uring here");
        return;
    }
    io_uring_prep_openat(io_uring_get_sqe(&ring), AT_FDCWD, "/dev/null", O_RDONLY, 0);
    g_assert_cmpint(ring_answers(&ring), ==, -EACCES);
    io_uring_prep_rw(IORING_OP_SOCKET, io_uring_get_sqe(&ring), AF_UNIX, NULL, 0, SOCK_STREAM);
    g_assert_cmpint(ring_answers(&ring), ==, -EACCES);
    io_uring_prep_unlink(io_uring_get_sqe(&ring), "/nowhere/at/all", 0);
    g_assert_cmpint(ring_answers(&ring), ==, -EACCES);
    g_assert_cmpint(io_uring_register_eventfd(&ring, 0), ==, -EACCES);

    g_autofree char *path = disk_new(MIB);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    char byte = 'q', back = 0;
    struct iovec from = {&byte, 1}, to = {&back, 1};
    io_uring_prep_writev(io_uring_get_sqe(&ring), fd, &from, 1, 5);
    g_assert_cmpint(ring_answers(&ring), ==, 1);
    io_uring_prep_fsync(io_uring_get_sqe(&ring), fd, IORING_FSYNC_DATASYNC);
    g_assert_cmpint(ring_answers(&ring), ==, 0);
    io_uring_prep_readv(io_uring_get_sqe(&ring), fd, &to, 1, 5);
    g_assert_cmpint(ring_answers(&ring), ==, 1);
    g_assert_cmpint(back, ==, 'q');
    close(fd);
    unlink(path);
    io_uring_queue_exit(&ring);
}
#endif

UNIT_TESTS(block)
{
#if HAVE_LIBURING
    g_test_add_func("/block/a-ring-neither-opens-nor-connects", test_a_ring_neither_opens_nor_connects);
#endif
    static const Case cases[] = {
        {"reads-what-it-wrote", test_reads_what_it_wrote},
        {"a-range-is-checked", test_a_range_is_checked},
        {"a-read-only-drive-is-not-written", test_a_read_only_drive_is_not_written},
        {"the-last-sector-is-whole", test_the_last_sector_is_whole},
        {"zeros-and-discards", test_zeros_and_discards},
        {"drain-waits-for-all", test_drain_waits_for_all},
        {"what-the-host-fails-at-is-told", test_what_the_host_fails_at_is_told},
        {"a-snapshot-leaves-the-file", test_a_snapshot_leaves_the_file},
        {"a-guessed-image-stays-raw", test_a_guessed_image_stays_raw},
        {"what-an-error-does-is-the-users-choice", test_what_an_error_does_is_the_users_choice},
        {"drain-ends-what-waits", test_drain_ends_what_waits},
        {"many-small-pieces", test_many_small_pieces},
        {"zeros-are-detected", test_zeros_are_detected},
        {"a-drive-without-a-file", test_a_drive_without_a_file},
        {"random-requests-beside-a-model", test_random_requests_beside_a_model},
    };
    FOR_ROWS (i, cases) {
        g_autofree char *threads = g_strconcat("/block/by-threads/", cases[i].name, NULL);
        g_autofree char *uring = g_strconcat("/block/by-io-uring/", cases[i].name, NULL);
        g_test_add_data_func(threads, &cases[i], by_threads);
        g_test_add_data_func(uring, &cases[i], by_uring);
    }
    g_test_add_func("/block/a-host-without-io-uring", test_a_host_without_io_uring);
    g_test_add_func("/block/a-file-that-is-too-large-for-a-snapshot", test_a_file_that_is_too_large_for_a_snapshot);
    g_test_add_func("/block/a-file-that-cannot-be-a-drive", test_a_file_that_cannot_be_a_drive);
}
