/* SPDX-License-Identifier: MIT */
#include "tests/unit/chardev_front.h"
#include "tests/unit/unit.h"

#include <glib/gstdio.h>
#include <netinet/in.h>

static void close_both(int ours[2])
{
    close(ours[0]);
    close(ours[1]);
}

static void test_output(void)
{
    int ours[2];
    Front *f = front_new(piped(ours, false), 0);
    g_assert_cmpuint(f->opened, ==, 1);
    g_assert_cmpuint(locked_write(f->chr, "hello\n", 6), ==, 6);
    expect_output(ours[0], "hello\n");
    front_free(f);
    close_both(ours);
}

static uint8_t pattern(size_t i)
{
    return (uint8_t)(i ^ i >> 8 ^ i >> 16);
}

/* The reader takes nothing until the queue is full, then one byte less than a page at a time. */
static void test_slow_reader(void)
{
    enum { TOTAL = 1 << 20 };
    int ours[2];
    Front *f = front_new(piped(ours, false), 0);
    g_autofree uint8_t *sent = g_malloc(TOTAL), *got = g_malloc(TOTAL);
    for (size_t i = 0; i < TOTAL; i++)
        sent[i] = pattern(i);
    size_t written = locked_write(f->chr, sent, TOTAL), n_got = 0;
    g_assert_cmpuint(written, >=, CHARDEV_QUEUE);
    g_assert_cmpuint(written, <, TOTAL);
    g_assert_cmpuint(locked_write(f->chr, sent + written, 1), ==, 0); /* full; and it returns */
    while (n_got < TOTAL) {
        unsigned told = f->writable;
        ssize_t r = read(ours[0], got + n_got, MIN(4095, TOTAL - n_got));
        g_assert_cmpint(r, >, 0);
        n_got += (size_t)r;
        run_pending();
        if (f->writable > told)
            written += locked_write(f->chr, sent + written, TOTAL - written);
    }
    g_assert_cmpmem(sent, TOTAL, got, TOTAL);
    g_assert_cmpuint(f->writable, >, 1);
    front_free(f);
    close_both(ours);
}

static gpointer writer_thread(gpointer opaque)
{
    Chardev *chr = opaque;
    uint8_t byte;
    for (size_t i = 0; i < 300000;) {
        byte = pattern(i);
        i += locked_write(chr, &byte, 1);
    }
    return NULL;
}

/* A vCPU writes while the main thread drains: order is kept. */
static void test_writer_in_another_thread(void)
{
    int ours[2];
    Front *f = front_new(piped(ours, false), 0);
    g_unix_set_fd_nonblocking(ours[0], TRUE, NULL);
    GThread *thread = g_thread_new("vcpu", writer_thread, f->chr);
    uint8_t data[1000];
    for (size_t n = 0; n < 300000;) {
        ssize_t r = read(ours[0], data, sizeof(data));
        for (ssize_t i = 0; i < r; i++)
            g_assert_cmpuint(data[i], ==, pattern(n++));
        run_pending();
    }
    g_thread_join(thread);
    front_free(f);
    close_both(ours);
}

static void test_reader_gone(void)
{
    int ours[2];
    Front *f = front_new(piped(ours, false), 8);
    close(ours[0]);
    g_assert_cmpuint(locked_write(f->chr, "x", 1), ==, 1); /* warns, once */
    g_assert_cmpuint(locked_write(f->chr, "y", 1), ==, 1);
    type(ours[1], "in"); /* input still works */
    RUN_UNTIL(f->got->len == 2);
    front_free(f);
    close(ours[1]);
}

static void test_reader_gone_with_full_queue(void)
{
    int ours[2];
    Front *f = front_new(piped(ours, false), 0);
    g_autofree uint8_t *data = g_malloc0(1 << 20);
    g_assert_cmpuint(locked_write(f->chr, data, 1 << 20), <, 1 << 20);
    close(ours[0]);
    RUN_UNTIL(f->writable); /* whoever waits for room hears of it */
    g_assert_cmpuint(locked_write(f->chr, data, 1 << 20), ==, 1 << 20);
    front_free(f);
    close(ours[1]);
}

static void test_input_waits(void)
{
    int ours[2];
    Front *f = front_new(piped(ours, false), 2);
    type(ours[1], "abcdef");
    RUN_UNTIL(f->got->len == 2);
    run_pending();
    g_assert_cmpstr(f->got->str, ==, "ab");
    give_room(f, 3);
    RUN_UNTIL(f->got->len == 5);
    give_room(f, 3);
    RUN_UNTIL(f->got->len == 6);
    g_assert_cmpstr(f->got->str, ==, "abcdef");
    front_free(f);
    close_both(ours);
}

static void test_end_of_input(void)
{
    int ours[2];
    Front *f = front_new(piped(ours, false), 8);
    type(ours[1], "last");
    close(ours[1]);
    RUN_UNTIL(f->chr->in_fd < 0);
    g_assert_cmpstr(f->got->str, ==, "last");
    g_assert_cmpuint(f->closed, ==, 0);
    g_assert_cmpuint(locked_write(f->chr, "still here", 10), ==, 10);
    expect_output(ours[0], "still here");
    front_free(f);
    close(ours[0]);
}

static void test_flush(void)
{
    int ours[2];
    Front *f = front_new(piped(ours, false), 0);
    g_autofree uint8_t *data = g_malloc0(1 << 20);
    size_t n = locked_write(f->chr, data, 1 << 20);
    size_t in_pipe = n - f->chr->out->len;
    g_autofree uint8_t *drop = g_malloc(in_pipe);
    g_assert_cmpint(read(ours[0], drop, in_pipe), ==, in_pipe);
    device_lock();
    chardev_flush(f->chr); /* the queue fits into the pipe now */
    device_unlock();
    g_assert_cmpuint(f->chr->out->len, ==, 0);
    front_free(f);
    close_both(ours);
}

/* --- mon:stdio */

static void test_mux_keys(void)
{
    int ours[2];
    Front *f = front_new(piped(ours, true), 100);
    type(ours[1], "a\001\001b\001bc\001zd\001xe");
    RUN_UNTIL(f->got->len >= 6);
    g_assert_cmpstr(f->got->str, ==, "a\001bcde");
    g_assert_cmpuint(f->breaks, ==, 1);
    g_assert_cmpuint(f->quits, ==, 1);
    front_free(f);
    close_both(ours);
}

static void test_mux_help(void)
{
    int ours[2];
    char text[1024] = "";
    Front *f = front_new(piped(ours, true), 100);
    type(ours[1], "\001");
    run_pending(); /* the two keys need not come together */
    type(ours[1], "h\001c.");
    RUN_UNTIL(f->got->len);
    g_assert_cmpstr(f->got->str, ==, ".");
    g_assert_cmpint(read(ours[0], text, sizeof(text) - 1), >, 0);
    g_assert_nonnull(strstr(text, "Ctrl-a x        quit\n"));
    g_assert_nonnull(strstr(text, "There is no monitor"));
    front_free(f);
    close_both(ours);
}

static size_t monitor_room(void *opaque)
{
    return 100;
}

static void monitor_got(void *opaque, const uint8_t *data, size_t size)
{
    g_string_append_len(opaque, (const char *)data, (gssize)size);
}

static void monitor_event(void *opaque, ChardevEvent event)
{
    g_string_append_c(opaque, event == CHARDEV_OPENED ? '>' : '?');
}

/* Ctrl-a c gives the input to the monitor and back; the other keys are the same in both. */
static void test_mux_switches(void)
{
    static const ChardevHandlers monitor = {monitor_room, monitor_got, NULL, monitor_event};
    g_autoptr(GString) got = g_string_new(NULL);
    int ours[2];
    Front *f = front_new(piped(ours, true), 100);
    device_lock();
    chardev_set_monitor(f->chr, &monitor, got);
    device_unlock();
    type(ours[1], "a\001cinfo\001\001\001b\001cb\001c\001x!");
    RUN_UNTIL(g_str_has_suffix(got->str, "!"));
    g_assert_cmpstr(got->str, ==, ">info\001>!");
    g_assert_cmpstr(f->got->str, ==, "ab");
    g_assert_cmpuint(f->breaks, ==, 1);
    g_assert_cmpuint(f->quits, ==, 1);
    device_lock();
    chardev_set_monitor(f->chr, NULL, NULL);
    device_unlock();
    type(ours[1], "c");
    RUN_UNTIL(f->got->len == 3);
    g_assert_cmpstr(f->got->str, ==, "abc");
    front_free(f);
    close_both(ours);
}

static void test_mux_quit_though_guest_reads_nothing(void)
{
    int ours[2];
    Front *f = front_new(piped(ours, true), 0);
    type(ours[1], "ignored\001x");
    RUN_UNTIL(f->quits);
    g_assert_cmpuint(f->got->len, ==, 0);
    give_room(f, 100); /* what was typed before is kept */
    g_assert_cmpstr(f->got->str, ==, "ignored");
    front_free(f);
    close_both(ours);
}

static void test_mux_paste(void)
{
    enum { TOTAL = 3 * CHARDEV_MUX_QUEUE };
    int ours[2];
    Front *f = front_new(piped(ours, true), 0);
    g_autofree char *paste = g_malloc0(TOTAL + 1);
    for (size_t i = 0; i < TOTAL; i++)
        paste[i] = (char)('a' + i % 26);
    type(ours[1], paste);
    run_pending();
    g_assert_cmpuint(f->chr->in->len, ==, CHARDEV_MUX_QUEUE);
    while (f->got->len < TOTAL) {
        give_room(f, 16);
        run_pending();
    }
    g_assert_cmpstr(f->got->str, ==, paste);
    front_free(f);
    close_both(ours);
}

static void test_plain_stdio_has_no_keys(void)
{
    int ours[2];
    Front *f = front_new(piped(ours, false), 100);
    type(ours[1], "\001x");
    RUN_UNTIL(f->got->len == 2);
    g_assert_cmpuint(f->quits, ==, 0);
    front_free(f);
    close_both(ours);
}

/* --- back ends by their specification */

static void test_null(void)
{
    Front *f = front_new(open_spec("null"), 10);
    g_assert_cmpuint(locked_write(f->chr, "dropped", 7), ==, 7);
    g_assert_cmpstr(chardev_describe(f->chr), ==, "null");
    front_free(f);
}

static void test_file(void)
{
    g_autofree char *dir = temp_dir(), *path = g_build_filename(dir, "out", NULL), *text = NULL;
    g_autofree char *spec = g_strconcat("file:", path, NULL);
    Front *f = front_new(open_spec(spec), 10);
    g_assert_cmpuint(locked_write(f->chr, "logged\n", 7), ==, 7);
    front_free(f);
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "logged\n");
    g_unlink(path);

    g_autofree char *nowhere = g_strconcat("file:", dir, "/none/out", NULL);
    g_autofree char *expected = g_strconcat("-serial ", nowhere, ": cannot open the file: No such file or directory", NULL);
    g_autoptr(GError) error = NULL;
    g_assert_null(chardev_new("-serial", "serial0", nowhere, &error));
    g_assert_cmpstr(error->message, ==, expected);
    g_rmdir(dir);
}

/* --- -chardev */

static void test_option_file(void)
{
    g_autofree char *dir = temp_dir(), *out = g_build_filename(dir, "out", NULL), *text = NULL;
    g_autofree char *in = g_build_filename(dir, "in", NULL);
    g_autofree char *option = g_strdup_printf("file,id=log,path=%s,append=on,input-path=%s", out, in);
    g_assert_true(g_file_set_contents(out, "old\n", -1, NULL));
    g_assert_true(g_file_set_contents(in, "typed", -1, NULL));
    Front *f = open_option(option, 100);
    g_assert_cmpstr(chardev_label(f->chr), ==, "log");
    g_assert_cmpuint(locked_write(f->chr, "new\n", 4), ==, 4);
    RUN_UNTIL(f->chr->in_fd < 0);
    g_assert_cmpstr(f->got->str, ==, "typed");
    front_free(f);
    g_assert_true(g_file_get_contents(out, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "old\nnew\n");
    g_unlink(out);
    g_unlink(in);
    g_rmdir(dir);
}

static void expect_ring(Front *f, size_t size, const char *text)
{
    g_autoptr(GByteArray) got = g_byte_array_new();
    g_assert_true(chardev_ring_read(f->chr, got, size));
    g_assert_cmpmem(got->data, got->len, text, strlen(text));
}

/* A full ring takes a byte by writing one: it moves none of the others, however large it is. */
static void test_ring_moves_nothing(void)
{
    enum { SIZE = 4096 };
    uint8_t all[SIZE], before[SIZE];
    Front *f = open_option("ringbuf,id=ring,size=4096", 0);
    for (unsigned i = 0; i < SIZE; i++)
        all[i] = (uint8_t)(i % 251);
    locked_write(f->chr, all, SIZE);
    for (unsigned i = 0; i < 2 * SIZE; i++) {
        unsigned changed = 0;
        memcpy(before, f->chr->ring.data, SIZE);
        locked_write(f->chr, "!", 1);
        for (unsigned k = 0; k < SIZE; k++)
            changed += before[k] != f->chr->ring.data[k];
        g_assert_cmpuint(changed, <=, 1);
    }
    front_free(f);
}

static void test_option_ringbuf(void)
{
    Front *f = open_option("ringbuf,id=ring,size=8", 0);
    g_assert_true(chardev_is_open(f->chr));
    expect_ring(f, 100, "");
    g_assert_cmpuint(locked_write(f->chr, "abcdef", 6), ==, 6);
    expect_ring(f, 2, "ab");
    g_assert_cmpuint(locked_write(f->chr, "ghijkl", 6), ==, 6); /* the oldest go */
    expect_ring(f, 3, "efg");
    expect_ring(f, 100, "hijkl");
    g_assert_cmpuint(locked_write(f->chr, "0123456789abcdefghij", 20), ==, 20);
    expect_ring(f, 100, "cdefghij");
    front_free(f);
    f = open_option("null,id=n", 0);
    g_autoptr(GByteArray) none = g_byte_array_new();
    g_assert_false(chardev_ring_read(f->chr, none, 1));
    g_assert_true(chardev_is_open(f->chr));
    front_free(f);
}

/* A server on a port that the host chose, then a client of it. */
static void test_option_tcp(void)
{
    Front *server = open_option("socket,id=s,host=127.0.0.1,port=0,server=on,wait=off", 100);
    struct sockaddr_in sin;
    socklen_t size = sizeof(sin);
    g_assert_cmpint(getsockname(listener_fd(server->chr->listener), (struct sockaddr *)&sin, &size), ==, 0);
    g_assert_false(chardev_is_open(server->chr));
    g_autofree char *option = g_strdup_printf("socket,id=c,host=127.0.0.1,port=%u", ntohs(sin.sin_port));
    Front *client = open_option(option, 100);
    RUN_UNTIL(server->opened);
    g_assert_true(chardev_is_open(server->chr));
    g_assert_cmpuint(locked_write(client->chr, "ping", 4), ==, 4);
    RUN_UNTIL(server->got->len == 4);
    g_assert_cmpuint(locked_write(server->chr, "pong!", 5), ==, 5);
    RUN_UNTIL(client->got->len == 5);
    g_assert_cmpstr(server->got->str, ==, "ping");
    g_assert_cmpstr(client->got->str, ==, "pong!");
    front_free(client);
    RUN_UNTIL(server->closed);
    front_free(server);
}

static void test_pty(void)
{
    Front *f = front_new(open_spec("pty"), 10);
    g_assert_true(g_str_has_prefix(chardev_describe(f->chr), "pty:/dev/pts/"));
    g_assert_cmpuint(locked_write(f->chr, "nobody", 6), ==, 6); /* dropped: nobody is there */
    for (unsigned i = 1; i <= 2; i++) {
        int fd = open(chardev_describe(f->chr) + 4, O_RDWR | O_NOCTTY);
        g_assert_cmpuint(locked_write(f->chr, "login: \n", 8), ==, 8);
        g_assert_cmpuint(f->opened, ==, i);
        expect_output(fd, "login: \n");
        f->room = 10;
        type(fd, "r\r\003"); /* raw: no line editing, no signal */
        RUN_UNTIL(f->got->len == 3 * i);
        close(fd);
        RUN_UNTIL(f->closed == i);
    }
    g_assert_cmpstr(f->got->str, ==, "r\r\003r\r\003");
    front_free(f);
}

static void test_unix_server(void)
{
    g_autofree char *dir = temp_dir(), *path = g_build_filename(dir, "s", NULL);
    g_autofree char *spec = g_strconcat("unix:", path, ",server=on,wait=off", NULL);
    Front *f = front_new(open_spec(spec), 100);
    g_assert_cmpuint(locked_write(f->chr, "nobody", 6), ==, 6);
    for (unsigned i = 1; i <= 2; i++) { /* one client after the other */
        int fd = client(path);
        RUN_UNTIL(f->opened == i);
        g_assert_cmpuint(locked_write(f->chr, "hello", 5), ==, 5);
        expect_output(fd, "hello");
        type(fd, "back");
        RUN_UNTIL(f->got->len == 4 * i);
        close(fd);
        RUN_UNTIL(f->closed == i);
    }
    front_free(f);
    g_assert_cmpint(g_access(path, F_OK), <, 0); /* tidied up */
    g_rmdir(dir);
}

static void test_unix_client_gone_with_full_queue(void)
{
    g_autofree char *dir = temp_dir(), *path = g_build_filename(dir, "s", NULL);
    g_autofree char *spec = g_strconcat("unix:", path, ",server,nowait", NULL);
    g_autofree uint8_t *data = g_malloc0(4 << 20);
    Front *f = front_new(open_spec(spec), 100);
    int fd = client(path);
    RUN_UNTIL(f->opened);
    g_assert_cmpuint(locked_write(f->chr, data, 4 << 20), <, 4 << 20);
    close(fd);
    RUN_UNTIL(f->closed);
    g_assert_cmpuint(f->writable, ==, 1);
    front_free(f);
    g_rmdir(dir);
}

static void test_unix_stale_and_busy(void)
{
    g_autofree char *dir = temp_dir(), *path = g_build_filename(dir, "s", NULL);
    g_autofree char *spec = g_strconcat("unix:", path, ",server=on,wait=off", NULL);
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    int stale = socket(AF_UNIX, SOCK_STREAM, 0);
    g_strlcpy(sun.sun_path, path, sizeof(sun.sun_path));
    g_assert_cmpint(bind(stale, (struct sockaddr *)&sun, sizeof(sun)), ==, 0);
    close(stale); /* as a killed program leaves it */
    Chardev *chr = open_spec(spec);
    g_autoptr(GError) error = NULL;
    g_assert_null(chardev_new("-serial", "serial1", spec, &error));
    g_autofree char *expected = g_strconcat("-serial ", spec, ": cannot listen on ", path, ": Address already in use", NULL);
    g_assert_cmpstr(error->message, ==, expected);
    g_assert_cmpint(g_access(path, F_OK), ==, 0); /* the other's */
    chardev_free(chr);
    g_rmdir(dir);
}

static void test_unix_client_side(void)
{
    g_autofree char *dir = temp_dir(), *path = g_build_filename(dir, "s", NULL);
    g_autofree char *spec = g_strconcat("unix:", path, NULL), *serve = g_strconcat(spec, ",server=on,wait=off", NULL);
    g_autoptr(GError) error = NULL;
    g_assert_null(chardev_new("-serial", "serial0", spec, &error));
    g_autofree char *expected = g_strconcat("-serial ", spec, ": cannot connect: No such file or directory", NULL);
    g_assert_cmpstr(error->message, ==, expected);

    Front *server = front_new(open_spec(serve), 100);
    Front *f = front_new(open_spec(spec), 100);
    RUN_UNTIL(server->opened);
    locked_write(f->chr, "ping", 4);
    RUN_UNTIL(server->got->len == 4);
    locked_write(server->chr, "pong", 4);
    RUN_UNTIL(f->got->len == 4);
    front_free(server);
    RUN_UNTIL(f->closed);
    g_assert_cmpuint(locked_write(f->chr, "x", 1), ==, 1); /* dropped */
    front_free(f);
    g_rmdir(dir);
}

static void test_one_owner_of_stdio(void)
{
    g_autoptr(GError) error = NULL;
    Chardev *chr = open_spec("stdio");
    g_assert_null(chardev_new("-serial", "serial1", "mon:stdio", &error));
    g_assert_cmpstr(error->message, ==, "-serial mon:stdio: standard input and output are already serial0's");
    chardev_free(chr);
    chardev_free(open_spec("stdio")); /* free again */
}

UNIT_TESTS(chardev)
{
    g_test_add_func("/chardev/output-reaches-a-pipe", test_output);
    g_test_add_func("/chardev/a-slow-reader-loses-no-byte", test_slow_reader);
    g_test_add_func("/chardev/a-writer-in-another-thread-keeps-order", test_writer_in_another_thread);
    g_test_add_func("/chardev/a-vanished-reader-drops-output-only", test_reader_gone);
    g_test_add_func("/chardev/a-vanished-reader-frees-a-waiting-writer", test_reader_gone_with_full_queue);
    g_test_add_func("/chardev/input-waits-for-room", test_input_waits);
    g_test_add_func("/chardev/end-of-input-leaves-output", test_end_of_input);
    g_test_add_func("/chardev/flush-writes-the-queue", test_flush);
    g_test_add_func("/chardev/mux/keys", test_mux_keys);
    g_test_add_func("/chardev/mux/help", test_mux_help);
    g_test_add_func("/chardev/mux/switches-to-the-monitor-and-back", test_mux_switches);
    g_test_add_func("/chardev/mux/quit-works-though-the-guest-reads-nothing", test_mux_quit_though_guest_reads_nothing);
    g_test_add_func("/chardev/mux/a-long-paste-is-kept", test_mux_paste);
    g_test_add_func("/chardev/mux/plain-stdio-has-no-keys", test_plain_stdio_has_no_keys);
    g_test_add_func("/chardev/null-takes-all", test_null);
    g_test_add_func("/chardev/file-takes-output", test_file);
    g_test_add_func("/chardev/a-file-is-appended-to-and-read-from", test_option_file);
    g_test_add_func("/chardev/a-ring-keeps-the-newest", test_option_ringbuf);
    g_test_add_func("/chardev/a-full-ring-moves-nothing", test_ring_moves_nothing);
    g_test_add_func("/chardev/a-port-serves-one-client", test_option_tcp);
    g_test_add_func("/chardev/pty-comes-and-goes", test_pty);
    g_test_add_func("/chardev/unix/one-client-after-the-other", test_unix_server);
    g_test_add_func("/chardev/unix/a-lost-client-frees-a-waiting-writer", test_unix_client_gone_with_full_queue);
    g_test_add_func("/chardev/unix/a-stale-socket-is-replaced-a-busy-one-is-not", test_unix_stale_and_busy);
    g_test_add_func("/chardev/unix/connects-as-a-client", test_unix_client_side);
    g_test_add_func("/chardev/stdio-has-one-owner", test_one_owner_of_stdio);
}
