/* SPDX-License-Identifier: MIT
 *
 * qcow2 images of both makers, this program's and qemu-img's: each sees in them what the other wrote.  Without qemu-img some of it is skipped.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>

#include "cpu/fault.h"
#include "cpu/log.h"
#include "platform/block/qcow2.h"
#include "tests/unit/block_helper.h"

enum { KIB = 1024, MIB = KIB * KIB };

/* --- an image beside what it should hold */

typedef struct Pair {
    char *directory, *path, *raw; /* raw: a file of what it should hold */
    Image *image;
    uint8_t *model;
    uint64_t size;
} Pair;

static bool G_GNUC_PRINTF(1, 2) run(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *line = g_strdup_vprintf(format, ap);
    va_end(ap);
    g_autofree char *out = NULL, *err = NULL;
    const char *const argv[] = {"/bin/sh", "-c", line, NULL};
    int status = -1;
    g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &out, &err, &status, NULL));
    if (status)
        g_test_message("%s: %s%s", line, out, err);
    return status == 0;
}

/* g_file_set_contents() would bring it to the disk each time, which nobody waits for here. */
static void put_file(const char *path, const char *data, gssize size)
{
    g_assert_true(g_file_set_contents_full(path, data, size, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
}

static bool have_qemu_img(void)
{
    g_autofree char *path = g_find_program_in_path("qemu-img");
    if (!path)
        g_test_skip("there is no qemu-img");
    return path;
}

static bool flushes; /* tests that are not about flushes go without: they are slow */

static Image *open_image(const char *path, bool read_only, GError **error)
{
    DriveSpec spec = {.option = (char *)"-drive",
                      .file = (char *)path,
                      .format = BLOCK_FORMAT_QCOW2,
                      .read_only = read_only,
                      .unmap = true,
                      .no_flush = !flushes};
    return image_open(&spec, error);
}

static Image *reopen(Image *image, const char *path)
{
    GError *error = NULL;
    if (image)
        image_close(image);
    image = open_image(path, false, &error);
    g_assert_no_error(error);
    return image;
}

static void pair_begin(Pair *p, uint64_t size)
{
    *p = (Pair){.size = size};
    p->directory = g_dir_make_tmp("quoin-qcow2-XXXXXX", NULL);
    p->path = g_build_filename(p->directory, "image", NULL);
    p->raw = g_build_filename(p->directory, "raw", NULL);
    p->model = g_malloc0(size);
}

static void pair_end(Pair *p)
{
    g_clear_pointer(&p->image, image_close);
    g_assert_true(run("rm -rf %s", p->directory));
    g_free(p->directory);
    g_free(p->path);
    g_free(p->raw);
    g_free(p->model);
}

/* What qemu-img says of the image: that it is sound, without a leak, and holds what it should. */
static void pair_check(Pair *p, const char *how)
{
    image_close(p->image);
    p->image = NULL;
    put_file(p->raw, (const char *)p->model, (gssize)p->size);
    g_assert_true(run("qemu-img check -q %s %s", how, p->path));
    g_assert_true(run("qemu-img compare -q -f qcow2 -F raw %s %s", p->path, p->raw));
    p->image = reopen(NULL, p->path);
}

static int do_write(Pair *p, uint64_t offset, uint64_t length, uint8_t byte)
{
    g_autofree uint8_t *data = g_malloc(length);
    struct iovec iov;
    Span span = span_of(&iov, data, length);
    for (uint64_t i = 0; i < length; i++)
        data[i] = (uint8_t)(byte + i * 3);
    int error = p->image->ops->write(p->image, offset, &span, length);
    if (!error)
        memcpy(p->model + offset, data, length);
    return error;
}

static int do_zero(Pair *p, uint64_t offset, uint64_t length, bool may_unmap)
{
    int error = p->image->ops->zero(p->image, offset, length, may_unmap);
    if (!error)
        memset(p->model + offset, 0, length);
    return error;
}

static void check_all(Pair *p)
{
    g_autofree uint8_t *data = g_malloc(p->size);
    struct iovec iov;
    Span span = span_of(&iov, data, p->size);
    g_assert_cmpint(image_read(p->image, 0, &span, p->size), ==, 0);
    for (uint64_t i = 0; i < p->size; i++) {
        if (data[i] != p->model[i])
            g_error("%s: byte %#" G_GINT64_MODIFIER "x is %#x and should be %#x", p->path, i, data[i], p->model[i]);
    }
}

/* After a discard either is right; what it is stays. */
static void do_discard(Pair *p, uint64_t offset, uint64_t length)
{
    struct iovec iov;
    Span span = span_of(&iov, p->model + offset, length);
    g_assert_cmpint(p->image->ops->discard(p->image, offset, length), ==, 0);
    g_assert_cmpint(image_read(p->image, offset, &span, length), ==, 0);
}

static void random_range(Pair *p, uint64_t *offset, uint64_t *length)
{
    uint64_t wanted = g_test_rand_bit() ? 6 * KIB : 300 * KIB, most = MIN(p->size, wanted);
    *length = (uint64_t)g_test_rand_int_range(1, (gint32)most);
    *offset = (uint64_t)g_test_rand_int_range(0, (gint32)(p->size - *length));
    if (g_test_rand_bit()) {
        *offset &= ~UINT64_C(511);
        *length = MIN((*length + 511) & ~UINT64_C(511), p->size - *offset);
    }
}

static void random_operations(Pair *p, unsigned n)
{
    uint64_t offset, length;
    for (unsigned i = 0; i < n; i++) {
        random_range(p, &offset, &length);
        switch (g_test_rand_int_range(0, 10)) {
        case 0:
            g_assert_cmpint(do_zero(p, offset, length, true), ==, 0);
            break;
        case 1:
            g_assert_cmpint(do_zero(p, offset, length, false), ==, 0);
            break;
        case 2:
            do_discard(p, offset, length);
            break;
        case 3:
            g_assert_cmpint(p->image->ops->flush(p->image), ==, 0);
            break;
        case 4:
            if (g_test_rand_int_range(0, 10) == 0)
                p->image = reopen(p->image, p->path);
            break;
        default:
            g_assert_cmpint(do_write(p, offset, length, (uint8_t)i), ==, 0);
        }
    }
    check_all(p);
}

/* --- */

static void test_an_image_of_its_own(void)
{
    static const unsigned versions[] = {2, 3};
    FOR_ROWS (i, versions) {
        Pair p;
        pair_begin(&p, 3 * MIB + 512);
        File *file = file_new(open(p.path, O_RDWR | O_CREAT, 0600), p.path, true);
        g_assert_cmpint(qcow2_create(file, p.size, versions[i]), ==, 0);
        file_close(file);
        p.image = reopen(NULL, p.path);
        check_all(&p);
        random_operations(&p, 100);
        p.image = reopen(p.image, p.path);
        check_all(&p);
        pair_end(&p);
    }
}

/* Images as qemu-img makes them; it checks them after random changes, and they are changed by it in between. */
static void test_images_of_qemu(void)
{
    static const struct {
        const char *options, *check;
    } rows[] = {
        {"compat=1.1", ""},
        {"compat=0.10", ""},
        {"compat=1.1,cluster_size=512", ""},
        {"compat=1.1,cluster_size=2M", ""},
        {"compat=1.1,cluster_size=4k,refcount_bits=1", ""},
        {"compat=1.1,cluster_size=1k,refcount_bits=2", ""},
        {"compat=1.1,cluster_size=64k,refcount_bits=64", ""},
        {"compat=1.1,cluster_size=8k,refcount_bits=8,lazy_refcounts=on", ""},
        {"compat=1.1,preallocation=metadata", ""},
    };
    if (!have_qemu_img())
        return;
    FOR_ROWS (i, rows) {
        Pair p;
        pair_begin(&p, 5 * MIB + 1536);
        g_assert_true(run("qemu-img create -q -f qcow2 -o %s %s %u", rows[i].options, p.path, (unsigned)p.size));
        p.image = reopen(NULL, p.path);
        for (unsigned round = 0; round < 1; round++) {
            random_operations(&p, 60);
            pair_check(&p, rows[i].check);
            image_close(p.image);
            g_assert_true(run("qemu-io -f qcow2 -c 'write -q -P %u %uk 100k' %s", round + 1, round * 777, p.path));
            memset(p.model + round * 777 * KIB, (int)round + 1, 100 * KIB);
            p.image = reopen(NULL, p.path);
            check_all(&p);
        }
        pair_end(&p);
    }
}

/* What is not supported has its name in the message. */
static void test_what_is_refused_is_named(void)
{
    static const struct {
        const char *options, *said;
    } rows[] = {
        {"extended_l2=on", "qcow2: extended L2 entries are not supported"},
        {"data_file=%s.data", "qcow2: a data file apart is not supported"},
        {"encrypt.format=aes,encrypt.key-secret=s", "qcow2: encryption is not supported"},
    };
    if (!have_qemu_img())
        return;
    FOR_ROWS (i, rows) {
        Pair p;
        g_autoptr(GError) error = NULL;
        pair_begin(&p, MIB);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        g_autofree char *options = g_strdup_printf(rows[i].options, p.path);
#pragma GCC diagnostic pop
        g_assert_true(run("qemu-img create -q -f qcow2 --object secret,id=s,data=x -o %s %s 1M", options, p.path));
        g_assert_null(open_image(p.path, true, &error));
        g_assert_nonnull(strstr(error->message, rows[i].said));
        pair_end(&p);
    }
}

/* Bytes 72 to 79: features; 104: how clusters are packed. */
static void test_compression_agrees_with_its_feature_bit(void)
{
    static const struct {
        uint8_t bit, type;
        const char *said;
    } rows[] = {
        {8, 0, "compression of type 0, and a feature bit that contradicts it"},
        {0, 1, "compression of type 1, and a feature bit that contradicts it"},
        {8, 2, "compression of type 2 is not supported; deflate and zstd are"},
    };
    if (!have_qemu_img())
        return;
    FOR_ROWS (i, rows) {
        Pair p;
        g_autoptr(GError) error = NULL;
        pair_begin(&p, MIB);
        g_assert_true(run("qemu-img create -q -f qcow2 %s 1M", p.path));
        int fd = open(p.path, O_WRONLY);
        g_assert_true(pwrite(fd, &rows[i].bit, 1, 79) == 1 && pwrite(fd, &rows[i].type, 1, 104) == 1);
        close(fd);
        g_assert_null(open_image(p.path, true, &error));
        g_assert_nonnull(strstr(error->message, rows[i].said));
        pair_end(&p);
    }
}

/* Backing files of each kind, some shorter than the image. */
static void test_backing_files(void)
{
    static const struct {
        const char *make, *options;
    } rows[] = {
        {"qemu-img convert -O raw %2$s %1$s", "-F raw"},
        {"qemu-img convert -O qcow2 %2$s %1$s", "-F qcow2"},
        {"qemu-img convert -c -O qcow2 %2$s %1$s", "-F qcow2"},
        {"qemu-img convert -c -O qcow2 -o cluster_size=4k %2$s %1$s", "-F qcow2 -o compat=0.10"},
        {"qemu-img convert -O qcow2 -o compat=0.10,cluster_size=2M %2$s %1$s", "-F qcow2 -o cluster_size=1k"},
#if HAVE_LIBZSTD
        {"qemu-img convert -c -O qcow2 -o compression_type=zstd %2$s %1$s", "-F qcow2"},
        {"qemu-img convert -c -O qcow2 -o compression_type=zstd,cluster_size=4k %2$s %1$s", "-F qcow2 -o lazy_refcounts=on"},
#endif
    };
    if (!have_qemu_img())
        return;
    FOR_ROWS (i, rows) {
        Pair p;
        pair_begin(&p, 4 * MIB);
        g_autofree char *base = g_build_filename(p.directory, "base", NULL);
        for (unsigned at = 0; at < 3 * MIB; at++)
            p.model[at] = at & 0x30000 ? 0 : (uint8_t)(at >> 10);
        put_file(p.raw, (const char *)p.model, 3 * MIB);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        g_autofree char *make = g_strdup_printf(rows[i].make, base, p.raw);
#pragma GCC diagnostic pop
        g_assert_true(run("%s && cd %s && qemu-img create -q -f qcow2 %s -b base image 4M", make, p.directory, rows[i].options));
        p.image = reopen(NULL, p.path);
        check_all(&p);
        random_operations(&p, 100);
        pair_check(&p, "");
        pair_end(&p);
    }
}

/* What a snapshot holds stays, whatever is written afterwards. */
static void test_snapshots_keep_what_they_have(void)
{
    if (!have_qemu_img())
        return;
    Pair p;
    pair_begin(&p, 4 * MIB);
    g_autofree uint8_t *then = g_malloc(p.size);
    g_assert_true(run("qemu-img create -q -f qcow2 -o cluster_size=4k %s 4M", p.path));
    p.image = reopen(NULL, p.path);
    random_operations(&p, 100);
    memcpy(then, p.model, p.size);
    image_close(p.image);
    g_assert_true(run("qemu-img snapshot -c then %s", p.path));
    p.image = reopen(NULL, p.path);
    g_assert_cmpuint(p.image->snapshots->len, ==, 1);
    const DriveSnapshot *taken = p.image->snapshots->pdata[0];
    g_assert_cmpstr(taken->id, ==, "1");
    g_assert_cmpstr(taken->name, ==, "then");
    g_assert_cmpuint(taken->vm_state_size, ==, 0);
    g_assert_cmpuint(taken->date_sec, >, 0);
    random_operations(&p, 200);
    pair_check(&p, "");
    image_close(p.image);
    g_assert_true(run("qemu-img snapshot -a then %s", p.path));
    memcpy(p.model, then, p.size);
    p.image = reopen(NULL, p.path);
    check_all(&p);
    random_operations(&p, 50);
    pair_check(&p, "");
    pair_end(&p);
}

/* Wherever the host fails, the image is sound afterwards, and again when it is opened and written anew: but for clusters that nobody uses. */
static void test_a_fault_anywhere(void)
{
    static const char *const faults[] = {"block-write:%u:ENOSPC", "block-flush:%u:EIO", "block-read:%u:EIO"};
    if (!have_qemu_img())
        return;
    g_autofree char *begin = NULL;
    gsize size;
    Pair first;
    pair_begin(&first, MIB);
    g_assert_true(run("qemu-img create -q -f qcow2 -o cluster_size=512 %s 1M", first.path));
    first.image = reopen(NULL, first.path);
    do_write(&first, 0, 50 * KIB, 7);
    g_clear_pointer(&first.image, image_close);
    g_assert_true(run("qemu-img snapshot -c s %s", first.path));
    g_assert_true(g_file_get_contents(first.path, &begin, &size, NULL));
    flushes = true;
    FOR_ROWS (i, faults) {
        for (unsigned n = 1; n < 60; n += 1 + n / (g_test_slow() ? 2 : 1)) {
            Pair p;
            pair_begin(&p, MIB);
            memcpy(p.model, first.model, MIB);
            put_file(p.path, begin, (gssize)size);
            p.image = reopen(NULL, p.path);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            g_autofree char *fault = g_strdup_printf(faults[i], n);
#pragma GCC diagnostic pop
            g_assert_true(fault_arm(fault, NULL));
            for (unsigned k = 0; k < 24; k++) {
                do_write(&p, (k * 37 % 24) * 40 * KIB, 5000 + k, (uint8_t)k);
                if (k % 3 == 2)
                    p.image->ops->flush(p.image);
                if (k % 5 == 4)
                    do_zero(&p, k * 30 * KIB, 9000, true);
            }
            image_close(p.image);
            p.image = NULL;
            g_assert_true(fault_arm("block-read:1000000", NULL));
            /* 3: there are leaks */
            g_assert_true(run("qemu-img check -q %s; test $? = 0 -o $? = 3", p.path));
            p.image = reopen(NULL, p.path);
            g_assert_cmpint(do_write(&p, 0, MIB, 1), ==, 0);
            check_all(&p);
            pair_end(&p);
        }
    }
    flushes = false;
    pair_end(&first);
}

/* --- a host that stops at any time */

typedef struct LogEntry {
    uint64_t offset;
    size_t size;
    uint8_t *data; /* NULL: zeros */
} LogEntry;

/* What reached the file, and when it was told that all of it is on the disk. */
typedef struct Log {
    GArray *entries;     /* of LogEntry */
    GArray *flushes;     /* of guint: entries that there were at each */
    GArray *told;        /* of guint: the same at the end of each flush of the guest's */
    GPtrArray *contents; /* what the drive held then */
    GArray *touched;     /* of Touch */
} Log;

typedef struct Touch {
    guint at; /* entries that there were */
    uint64_t offset, length;
} Touch;

static void log_wrote(void *opaque, uint64_t offset, const void *data, size_t size)
{
    LogEntry e = {offset, size, data ? g_memdup2(data, size) : NULL};
    g_array_append_val(((Log *)opaque)->entries, e);
}

static void log_flushed(void *opaque)
{
    Log *log = opaque;
    g_array_append_val(log->flushes, log->entries->len);
}

static guint last_before(const GArray *marks, guint cut, guint *index)
{
    guint last = 0;
    *index = G_MAXUINT;
    for (guint i = 0; i < marks->len && g_array_index(marks, guint, i) <= cut; i++) {
        last = g_array_index(marks, guint, i);
        *index = i;
    }
    return last;
}

/* Some of what was written since the last flush is on the disk, by sectors; all of what was before it is. */
static void put_some(GByteArray *disk, const LogEntry *e, bool all)
{
    if (disk->len < e->offset + e->size) {
        guint was = disk->len;
        g_byte_array_set_size(disk, (guint)(e->offset + e->size));
        memset(disk->data + was, 0, disk->len - was);
    }
    for (size_t at = 0, n; at < e->size; at += n) {
        n = MIN(512 - (e->offset + at) % 512, e->size - at);
        if (!all && g_test_rand_bit())
            continue;
        if (e->data)
            memcpy(disk->data + e->offset + at, e->data + at, n);
        else
            memset(disk->data + e->offset + at, 0, n);
    }
}

/* The bytes that nobody changed since the guest's last flush are there. */
static void check_kept(Pair *p, const Log *log, guint cut)
{
    guint index, mark = last_before(log->told, cut, &index);
    g_autofree uint8_t *now = g_malloc(p->size);
    struct iovec iov;
    Span span = span_of(&iov, now, p->size);
    GError *error = NULL;
    Image *image = open_image(p->path, true, &error);
    g_assert_no_error(error);
    g_assert_cmpint(image_read(image, 0, &span, p->size), ==, 0);
    image_close(image);
    if (index == G_MAXUINT)
        return;
    uint8_t *then = log->contents->pdata[index];
    for (guint i = 0; i < log->touched->len; i++) {
        const Touch *t = &g_array_index(log->touched, Touch, i);
        if (t->at >= mark)
            memcpy(now + t->offset, then + t->offset, t->length);
    }
    g_assert_true(!memcmp(now, then, p->size));
}

static void check_cut(Pair *p, const Log *log, const uint8_t *begin, gsize size, guint cut)
{
    guint index, safe = last_before(log->flushes, cut, &index);
    g_autoptr(GByteArray) disk = g_byte_array_new();
    g_byte_array_append(disk, begin, (guint)size);
    for (guint i = 0; i < cut; i++)
        put_some(disk, &g_array_index(log->entries, LogEntry, i), i < safe);
    put_file(p->path, (const char *)disk->data, disk->len);
    g_assert_true(run("qemu-img check -q %s; test $? = 0 -o $? = 3", p->path)); /* 3: there are leaks */
    check_kept(p, log, cut);
}

static void log_operations(Pair *p, Log *log)
{
    for (unsigned i = 0; i < 120; i++) {
        Touch t = {log->entries->len, 0, 0};
        random_range(p, &t.offset, &t.length);
        t.length = MIN(t.length, 8 * KIB);
        g_array_append_val(log->touched, t);
        switch (g_test_rand_int_range(0, 8)) {
        case 0:
            do_zero(p, t.offset, t.length, true);
            break;
        case 1:
            do_discard(p, t.offset, t.length);
            break;
        case 2:
        case 3:
            g_assert_cmpint(p->image->ops->flush(p->image), ==, 0);
            g_array_append_val(log->told, log->entries->len);
            g_ptr_array_add(log->contents, g_memdup2(p->model, p->size));
            break;
        default:
            g_assert_cmpint(do_write(p, t.offset, t.length, (uint8_t)i), ==, 0);
        }
    }
}

/* Shortly after a flush: there it shows whether the order of what is before and behind it matters. */
static guint random_cut(const Log *log)
{
    guint flush = g_array_index(log->flushes, guint, g_test_rand_int_range(0, (gint32)log->flushes->len));
    guint cut = flush + (guint)g_test_rand_int_range(0, 4); /* not inside of MIN(), which evaluates its arguments twice */
    return MIN(cut, log->entries->len);
}

static void test_the_host_stops_at_any_time(void)
{
    static const char *const options[] = {"cluster_size=512", "cluster_size=4k,compat=0.10", "cluster_size=512,refcount_bits=64"};
    if (!have_qemu_img())
        return;
    FOR_ROWS (i, options) {
        Pair p;
        gsize size;
        g_autofree char *begin = NULL;
        Log log = {g_array_new(FALSE, FALSE, sizeof(LogEntry)), g_array_new(FALSE, FALSE, sizeof(guint)),
                   g_array_new(FALSE, FALSE, sizeof(guint)), g_ptr_array_new_with_free_func(g_free),
                   g_array_new(FALSE, FALSE, sizeof(Touch))};
        const FileTap tap = {log_wrote, log_flushed, &log};
        pair_begin(&p, 400 * KIB);
        g_assert_true(run("qemu-img create -q -f qcow2 -o %s %s 400k && qemu-img snapshot -c s %s", options[i], p.path, p.path));
        g_assert_true(g_file_get_contents(p.path, &begin, &size, NULL));
        p.image = reopen(NULL, p.path);
        flushes = true;
        g_clear_pointer(&p.image, image_close);
        p.image = reopen(NULL, p.path);
        file_set_tap(p.image->file, &tap);
        log_operations(&p, &log);
        file_set_tap(p.image->file, NULL);
        g_clear_pointer(&p.image, image_close);
        for (unsigned k = 0; k < (g_test_slow() ? 8 : 3); k++)
            check_cut(&p, &log, (const uint8_t *)begin, size, random_cut(&log));
        flushes = false;
        for (guint k = 0; k < log.entries->len; k++)
            g_free(g_array_index(log.entries, LogEntry, k).data);
        g_array_unref(log.entries);
        g_array_unref(log.flushes);
        g_array_unref(log.told);
        g_ptr_array_unref(log.contents);
        g_array_unref(log.touched);
        pair_end(&p);
    }
}

/* qemu-io has the image open on return, until *in is closed. */
static GPid hold(const char *path, bool read_only, int *in)
{
    const char *const argv[] = {"qemu-io", "-f", "qcow2", path, read_only ? "-r" : NULL, NULL};
    GPid pid;
    char byte;
    int out;
    g_assert_true(g_spawn_async_with_pipes(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL,
                                           &pid, in, &out, NULL, NULL));
    g_assert_cmpint(write(*in, "read -v 0 512\n", 14), ==, 14);
    while (read(out, &byte, 1) == 1 && byte != '0') /* of what it has read */
        ;
    g_assert_cmpint(byte, ==, '0');
    close(out);
    return pid;
}

/* QEMU's tools and this program exclude each other where one of both writes. */
static void test_two_programs_exclude_each_other(void)
{
    static const struct {
        bool ours_read_only, theirs_read_only, both;
    } rows[] = {{false, false, false}, {false, true, false}, {true, false, false}, {true, true, true}};
    if (!have_qemu_img())
        return;
    FOR_ROWS (i, rows) {
        Pair p;
        g_autoptr(GError) error = NULL;
        pair_begin(&p, MIB);
        g_assert_true(run("qemu-img create -q -f qcow2 %s 1M", p.path));
        p.image = open_image(p.path, rows[i].ours_read_only, &error);
        g_assert_no_error(error);
        bool got = run("qemu-io -f qcow2 %s -c 'read -q 0 1k' %s", rows[i].theirs_read_only ? "-r" : "", p.path);
        g_assert_cmpint(got, ==, rows[i].both);
        image_close(p.image);
        p.image = NULL;
        int in;
        GPid pid = hold(p.path, rows[i].theirs_read_only, &in);
        p.image = open_image(p.path, rows[i].ours_read_only, &error);
        close(in); /* it ends */
        waitpid(pid, NULL, 0);
        g_assert_cmpint(p.image != NULL, ==, rows[i].both);
        pair_end(&p);
    }
}

UNIT_TESTS(qcow2)
{
    g_test_add_func("/qcow2/two-programs-exclude-each-other", test_two_programs_exclude_each_other);
    g_test_add_func("/qcow2/an-image-of-its-own", test_an_image_of_its_own);
    g_test_add_func("/qcow2/images-of-qemu", test_images_of_qemu);
    g_test_add_func("/qcow2/backing-files", test_backing_files);
    g_test_add_func("/qcow2/what-is-refused-is-named", test_what_is_refused_is_named);
    g_test_add_func("/qcow2/compression-agrees-with-its-feature-bit", test_compression_agrees_with_its_feature_bit);
    g_test_add_func("/qcow2/snapshots-keep-what-they-have", test_snapshots_keep_what_they_have);
    g_test_add_func("/qcow2/a-fault-anywhere", test_a_fault_anywhere);
    g_test_add_func("/qcow2/the-host-stops-at-any-time", test_the_host_stops_at_any_time);
}
