/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/base/entropy.h"
#include "platform/base/lock.h"
#include "tests/unit/unit.h"

static void count(void *opaque)
{
    ++*(unsigned *)opaque;
}

static void test_host(void)
{
    uint8_t a[64], b[64];
    Entropy *e = entropy_new_host();
    g_assert_cmpuint(entropy_get(e, a, sizeof(a), NULL, NULL), ==, sizeof(a));
    g_assert_cmpuint(entropy_get(e, b, sizeof(b), NULL, NULL), ==, sizeof(b));
    g_assert_true(memcmp(a, b, sizeof(a)));
    entropy_free(e);
}

static void test_repeated(void)
{
    uint8_t a[64], b[64], c[64];
    Entropy *e = entropy_new_repeated(), *f = entropy_new_repeated();
    entropy_get(e, a, sizeof(a), NULL, NULL);
    entropy_get(f, b, sizeof(b), NULL, NULL);
    entropy_get(f, c, sizeof(c), NULL, NULL);
    g_assert_cmpmem(a, sizeof(a), b, sizeof(b));
    g_assert_true(memcmp(a, c, sizeof(a)));
    entropy_free(e);
    entropy_free(f);
}

/* A file that has nothing yet says when it has, once; whoever was forgotten is not told. */
static void test_file(void)
{
    char bytes[8] = "";
    unsigned told = 0, other = 0;
    g_autofree char *dir = g_dir_make_tmp("quoin-entropy-XXXXXX", NULL), *path = g_build_filename(dir, "fifo", NULL);
    g_autofree char *text = g_strdup_printf("rng-random,id=r,filename=%s", path);
    g_assert_cmpint(mkfifo(path, 0600), ==, 0);
    Entropy *e = entropy_new(text, NULL);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    device_lock();
    g_assert_cmpuint(entropy_get(e, bytes, 4, count, &told), ==, 0);
    g_assert_cmpuint(entropy_get(e, bytes, 4, count, &other), ==, 0);
    entropy_forget(e, &other);
    device_unlock();
    g_assert_cmpint(write(fd, "abc", 3), ==, 3);
    while (!told)
        g_main_context_iteration(NULL, TRUE);
    device_lock();
    g_assert_cmpuint(entropy_get(e, bytes, 4, count, &told), ==, 3);
    device_unlock();
    g_assert_cmpstr(bytes, ==, "abc");
    g_assert_cmpuint(told, ==, 1);
    g_assert_cmpuint(other, ==, 0);
    close(fd);
    device_lock();
    g_assert_cmpuint(entropy_get(e, bytes, 4, count, &told), ==, 0); /* it ended, and does not say that it has more */
    device_unlock();
    entropy_free(e);
    g_assert_null(entropy_new("rng-random,id=r,filename=/nonexistent", NULL));
    g_unlink(path);
    g_rmdir(dir);
}

UNIT_TESTS(entropy)
{
    g_test_add_func("/entropy/the-host-always-has-some", test_host);
    g_test_add_func("/entropy/with-virtual-time-a-run-repeats-itself", test_repeated);
    g_test_add_func("/entropy/a-file-says-when-it-has-more", test_file);
}
