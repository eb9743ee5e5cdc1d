/* SPDX-License-Identifier: MIT */
#include "tests/unit/chardev_front.h"
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <sys/stat.h>

static unsigned port_of(int fd)
{
    struct sockaddr_in sin;
    socklen_t size = sizeof(sin);
    g_assert_cmpint(getsockname(fd, (struct sockaddr *)&sin, &size), ==, 0);
    return ntohs(sin.sin_port);
}

static int inet_socket(int type)
{
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&sin, sizeof(sin)), ==, 0);
    return fd;
}

static int inet_client(unsigned port)
{
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(connect(fd, (struct sockaddr *)&sin, sizeof(sin)), ==, 0);
    return fd;
}

static void expect_bytes(int fd, const char *bytes, size_t size)
{
    g_autofree char *got = g_malloc0(size);
    for (size_t n = 0; n < size;) {
        ssize_t r = read(fd, got + n, size - n);
        g_assert_cmpint(r, >, 0);
        n += (size_t)r;
    }
    g_assert_cmpmem(got, size, bytes, size);
}

static void send_bytes(int fd, const char *bytes, size_t size)
{
    g_assert_cmpint(write(fd, bytes, size), ==, (ssize_t)size);
}
#define SEND(fd, text)   send_bytes(fd, text, sizeof(text) - 1)
#define EXPECT(fd, text) expect_bytes(fd, text, sizeof(text) - 1)

/* --- Telnet: RFC 854, and the options of RFC 856 to 858 */

/* WILL ECHO, WILL SUPPRESS-GO-AHEAD, WILL BINARY, DO BINARY */
#define GREETING "\377\373\001\377\373\003\377\373\000\377\375\000"

static Front *telnet_server(int *fd)
{
    Front *f = front_new(open_spec("telnet:127.0.0.1:0,server=on,wait=off"), 1000);
    *fd = inet_client(port_of(listener_fd(f->chr->listener)));
    RUN_UNTIL(f->opened);
    EXPECT(*fd, GREETING);
    return f;
}

static void test_telnet_data(void)
{
    int fd;
    Front *f = telnet_server(&fd);
    SEND(fd, "a\377\377b\r\nc\r\000d\re"); /* IAC IAC is a byte; a carriage return is one key, whatever stands behind it */
    RUN_UNTIL(f->got->len == 9);
    g_assert_cmpmem(f->got->str, f->got->len, "a\377b\rc\rd\re", 9);
    g_assert_cmpuint(locked_write(f->chr, (const uint8_t *)"x\377\377y", 4), ==, 4);
    EXPECT(fd, "x\377\377\377\377y");
    SEND(fd, "\377\373\000\r\n"); /* WILL BINARY: now both are bytes */
    RUN_UNTIL(f->got->len == 11);
    g_assert_cmpmem(f->got->str + 9, 2, "\r\n", 2);
    front_free(f);
    close(fd);
}

static void test_telnet_commands(void)
{
    int fd;
    Front *f = telnet_server(&fd);
    SEND(fd, "\377\363");                                          /* BREAK */
    SEND(fd, "\377\375\001\377\375\003\377\375\000");              /* DO of what was offered: no answer */
    SEND(fd, "\377\375\005\377\373\037");                          /* DO STATUS, WILL NAWS */
    SEND(fd, "\377\374\037\377\376\005");                          /* refusals are not answered */
    SEND(fd, "\377\372\037\000\120\377\377\000\377\360\377\361z"); /* a subnegotiation with IAC IAC in it, NOP */
    RUN_UNTIL(f->got->len == 1);
    g_assert_cmpstr(f->got->str, ==, "z");
    g_assert_cmpuint(f->breaks, ==, 1);
    locked_write(f->chr, (const uint8_t *)"end", 3);
    EXPECT(fd, "\377\374\005\377\376\037end"); /* WONT STATUS, DONT NAWS */
    close(fd);
    RUN_UNTIL(f->closed); /* the next client begins anew */
    fd = inet_client(port_of(listener_fd(f->chr->listener)));
    RUN_UNTIL(f->opened == 2);
    EXPECT(fd, GREETING);
    front_free(f);
    close(fd);
}

/* A client that asks without end and reads nothing gets no queue without end. */
static void test_telnet_flood(void)
{
    enum { TOTAL = 1 << 17 }; /* more than the queue has room for */
    int little = 4096;
    int fd;
    Front *f = telnet_server(&fd);
    g_unix_set_fd_nonblocking(fd, TRUE, NULL);
    g_assert_cmpint(setsockopt(f->chr->out_fd, SOL_SOCKET, SO_SNDBUF, &little, sizeof(little)), ==, 0);
    g_assert_cmpint(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof(little)), ==, 0);
    g_autofree char *asks = g_malloc(3 * TOTAL);
    for (size_t i = 0; i < TOTAL; i++)
        memcpy(asks + 3 * i, "\377\375\005", 3);
    for (size_t sent = 0; sent < 3 * TOTAL;) {
        ssize_t n = write(fd, asks + sent, 3 * TOTAL - sent);
        sent += n > 0 ? (size_t)n : 0;
        while (g_main_context_iteration(NULL, FALSE))
            ;
        g_assert_cmpuint(f->chr->out->len, <=, CHARDEV_QUEUE);
    }
    front_free(f);
    close(fd);
}

/* What a full queue has no room for is taken later, and no byte is doubled or lost. */
static void test_telnet_slow(void)
{
    enum { TOTAL = 1 << 20 };
    int fd;
    Front *f = telnet_server(&fd);
    g_autofree uint8_t *data = g_malloc(TOTAL), *piece = g_malloc(1 << 16);
    memset(data, 0xff, TOTAL);
    size_t written = 0, got = 0;
    g_unix_set_fd_nonblocking(fd, TRUE, NULL);
    while (got < 2 * TOTAL) {
        if (written < TOTAL)
            written += locked_write(f->chr, data + written, TOTAL - written);
        ssize_t n = read(fd, piece, 1 << 16);
        for (ssize_t i = 0; i < n; i++)
            g_assert_cmpuint(piece[i], ==, 0xff);
        got += n > 0 ? (size_t)n : 0;
        while (g_main_context_iteration(NULL, FALSE))
            ;
    }
    g_assert_cmpuint(written, ==, TOTAL);
    front_free(f);
    close(fd);
}

/* --- others */

static void test_udp(void)
{
    int peer = inet_socket(SOCK_DGRAM), probe = inet_socket(SOCK_DGRAM);
    unsigned local = port_of(probe);
    close(probe);
    g_autofree char *spec = g_strdup_printf("udp:127.0.0.1:%u@127.0.0.1:%u", port_of(peer), local);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)local)};
    Front *f = front_new(open_spec(spec), 3);
    g_assert_cmpuint(locked_write(f->chr, (const uint8_t *)"out", 3), ==, 3);
    EXPECT(peer, "out");
    g_assert_cmpint(sendto(peer, "datagram", 8, 0, (struct sockaddr *)&to, sizeof(to)), ==, 8);
    g_assert_cmpint(sendto(peer, "", 0, 0, (struct sockaddr *)&to, sizeof(to)), ==, 0); /* no end */
    g_assert_cmpint(sendto(peer, "-2", 2, 0, (struct sockaddr *)&to, sizeof(to)), ==, 2);
    RUN_UNTIL(f->got->len == 3);
    give_room(f, 2); /* the rest of a datagram is kept until it is wanted */
    g_assert_cmpstr(f->got->str, ==, "datag");
    give_room(f, 100);
    RUN_UNTIL(f->got->len == 10);
    g_assert_cmpstr(f->got->str, ==, "datagram-2");
    close(peer); /* nobody takes datagrams now: they are lost, and nothing else happens */
    for (unsigned i = 0; i < 10; i++)
        g_assert_cmpuint(locked_write(f->chr, (const uint8_t *)"lost", 4), ==, 4);
    g_assert_true(chardev_is_open(f->chr));
    front_free(f);
}

static void test_pipe(void)
{
    g_autofree char *dir = temp_dir(), *path = g_build_filename(dir, "p", NULL);
    g_autofree char *in = g_strconcat(path, ".in", NULL), *out = g_strconcat(path, ".out", NULL);
    g_autofree char *spec = g_strconcat("pipe:", path, NULL), *option = g_strconcat("pipe,id=p,path=", path, NULL);
    g_assert_cmpint(mkfifo(in, 0600), ==, 0);
    g_assert_cmpint(mkfifo(out, 0600), ==, 0);
    const char *const spellings[] = {spec, option};
    FOR_ROWS (i, spellings) {
        Front *f = i ? open_option(option, 100) : front_new(open_spec(spec), 100);
        for (unsigned n = 1; n <= 2; n++) { /* who reads and writes it comes and goes */
            int w = open(in, O_WRONLY | O_CLOEXEC), r = open(out, O_RDONLY | O_CLOEXEC);
            type(w, "key");
            RUN_UNTIL(f->got->len == 3 * n);
            locked_write(f->chr, (const uint8_t *)"line", 4);
            EXPECT(r, "line");
            close(w);
            close(r);
        }
        front_free(f);
    }
    g_unlink(in);
    g_unlink(out);
    g_autoptr(GError) error = NULL;
    g_assert_null(chardev_new("-serial", "serial0", spec, &error));
    g_assert_true(g_str_has_suffix(error->message, "cannot open the pipe: No such file or directory"));
    g_rmdir(dir);
}

static void test_device(void)
{
    Front *f = front_new(open_spec("/dev/null"), 10);
    g_assert_cmpuint(locked_write(f->chr, (const uint8_t *)"gone", 4), ==, 4);
    front_free(f);
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    char name[64];
    g_assert_cmpint(grantpt(master) | unlockpt(master) | ptsname_r(master, name, sizeof(name)), ==, 0);
    g_assert_true(g_str_has_prefix(name, "/dev/"));
    f = front_new(open_spec(name), 10);
    locked_write(f->chr, (const uint8_t *)"a\n", 2);
    EXPECT(master, "a\n"); /* as it is: the line is raw */
    type(master, "b\003");
    RUN_UNTIL(f->got->len == 2);
    front_free(f);
    close(master);
}

/* A client whose server comes later, goes, and comes again. */
static void test_reconnect(void)
{
    g_autofree char *dir = temp_dir(), *path = g_build_filename(dir, "s", NULL);
    g_autofree char *client_spec = g_strconcat("unix:", path, ",reconnect=1", NULL);
    g_autofree char *server_spec = g_strconcat("unix:", path, ",server=on,wait=off", NULL);
    Front *f = front_new(open_spec(client_spec), 100);
    g_assert_false(chardev_is_open(f->chr));
    g_assert_cmpuint(locked_write(f->chr, (const uint8_t *)"dropped", 7), ==, 7);
    for (unsigned i = 1; i <= 2; i++) {
        Front *server = front_new(open_spec(server_spec), 100);
        RUN_UNTIL(server->opened && f->opened == i);
        locked_write(f->chr, (const uint8_t *)"hello", 5);
        RUN_UNTIL(server->got->len == 5);
        front_free(server);
        RUN_UNTIL(f->closed == i);
    }
    front_free(f); /* while its timer runs */
    g_rmdir(dir);
}

static void test_inherited(void)
{
    int listener = inet_socket(SOCK_STREAM), pair[2];
    unsigned port = port_of(listener);
    g_autofree char *plain = g_strdup_printf("socket,id=c,fd=%d", listener);
    g_assert_cmpint(listen(listener, 1), ==, 0);
    g_autoptr(GError) error = NULL;
    g_assert_null(chardev_option_new(plain, &error));
    g_assert_true(g_str_has_suffix(error->message, "listens: server=on is missing"));
    g_autofree char *serves = g_strconcat(plain, ",server=on,wait=off", NULL);
    Front *f = open_option(serves, 100);
    int fd = inet_client(port);
    RUN_UNTIL(f->opened);
    type(fd, "in");
    RUN_UNTIL(f->got->len == 2);
    close(fd);
    front_free(f);

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
    g_autofree char *joined = g_strdup_printf("socket,id=c,fd=%d", pair[1]);
    f = open_option(joined, 100);
    locked_write(f->chr, (const uint8_t *)"out", 3);
    EXPECT(pair[0], "out");
    front_free(f);
    close(pair[0]);
}

static void test_log(void)
{
    g_autofree char *dir = temp_dir(), *log = g_build_filename(dir, "log", NULL), *text = NULL;
    g_autofree char *option = g_strdup_printf("null,id=n,logfile=%s", log);
    g_autofree char *more = g_strconcat(option, ",logappend=on", NULL);
    const char *const options[] = {option, more};
    FOR_ROWS (i, options) {
        Front *f = open_option(options[i], 0);
        locked_write(f->chr, (const uint8_t *)"line\n", 5);
        front_free(f);
    }
    g_assert_true(g_file_get_contents(log, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "line\nline\n");
    g_unlink(log);
    g_rmdir(dir);
}

static void test_mux_anywhere(void)
{
    int pair[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
    g_autofree char *option = g_strdup_printf("socket,id=c,fd=%d,mux=on", pair[1]);
    Front *f = open_option(option, 100);
    g_assert_true(chardev_is_mux(f->chr));
    type(pair[0], "a\001bc\001x");
    RUN_UNTIL(f->quits);
    g_assert_cmpuint(f->breaks, ==, 1);
    g_assert_cmpstr(f->got->str, ==, "ac");
    front_free(f);
    close(pair[0]);
}

/* --- spellings */

static void test_spellings(void)
{
    static const struct {
        const char *spec, *about;
    } good[] = {
        {"tcp::4444", "tcp:127.0.0.1:4444"},
        {"tcp:host:4444,server,nowait", "tcp:host:4444,server=on"},
        {"tcp:[::1]:4444,server=on,wait=off,nodelay", "tcp:::1:4444,server=on"},
        {"tcp:host:1,reconnect=10", "tcp:host:1"},
        {"telnet::4444,server=on,wait=off", "telnet:127.0.0.1:4444,server=on"},
        {"tcp::4444,server,telnet", "telnet:127.0.0.1:4444,server=on"},
        {"mon:telnet::4444,server,nowait", "telnet:127.0.0.1:4444,server=on"},
        {"unix:/a=b,,c,server", "unix:/a=b,c,server=on"},
        {"udp::4555", "udp"},
        {"udp:h:4555@:4556,ipv4", "udp"},
        {"pipe:/tmp/x", "pipe"},
        {"/dev/ttyS0", "serial"},
        {"mon:pty", "pty"},
    };
    FOR_ROWS (i, good) {
        ChardevSpec spec;
        g_autoptr(GError) error = NULL;
        g_assert_true(chardev_spec_parse(good[i].spec, &spec, &error));
        g_autofree char *about = chardev_spec_describe(&spec);
        g_assert_cmpstr(about, ==, good[i].about);
        g_assert_true(spec.mux == g_str_has_prefix(good[i].spec, "mon:"));
        chardev_spec_clear(&spec);
    }
    static const char *const bad[] = {
        "tcp:",
        "tcp:4444",
        "tcp:h:port",
        "tcp:h:70000",
        "tcp::1,path=/a",
        "unix:/a,reconnect=1,server",
        "udp:4555",
        "udp::1@2",
        "pipe:",
        "mon:",
        "mon:mon:stdio",
        "telnet:h",
        "websocket::1",
        "tcp::1,websocket=on",
        "tcp::1,servr",
        "tcp::1,server=maybe",
        "tcp::1,reconnect=soon",
        "unix:",
    };
    FOR_ROWS (i, bad) {
        g_autoptr(GError) error = NULL;
        g_assert_false(chardev_check(bad[i], &error));
        g_assert_true(g_str_has_prefix(error->message, bad[i]));
    }
    static const char *const bad_options[] = {
        "udp,id=u",
        "pipe,id=p",
        "serial,id=s",
        "socket,id=s",
        "socket,id=s,path=/a,port=1",
        "socket,id=s,fd=2",
        "socket,id=s,host=h",
        "socket,id=s,fd=9,reconnect=1",
        "null,id=n,path=/a",
        "vc,id=v",
        "socket,path=/a",
    };
    FOR_ROWS (i, bad_options) {
        g_autoptr(GError) error = NULL;
        g_assert_false(chardev_option_check(bad_options[i], NULL, &error));
        g_assert_true(g_str_has_prefix(error->message, "-chardev "));
    }
}

UNIT_TESTS(chardev_kinds)
{
    g_test_add_func("/chardev/telnet/data-goes-both-ways", test_telnet_data);
    g_test_add_func("/chardev/telnet/commands-are-no-data", test_telnet_commands);
    g_test_add_func("/chardev/telnet/a-flood-of-questions-fills-no-queue", test_telnet_flood);
    g_test_add_func("/chardev/telnet/a-slow-reader-gets-each-byte-once", test_telnet_slow);
    g_test_add_func("/chardev/udp/datagrams-are-kept-whole", test_udp);
    g_test_add_func("/chardev/a-pipe-outlives-its-other-end", test_pipe);
    g_test_add_func("/chardev/a-device-of-the-host-is-raw", test_device);
    g_test_add_func("/chardev/a-client-connects-again", test_reconnect);
    g_test_add_func("/chardev/an-inherited-socket-is-used", test_inherited);
    g_test_add_func("/chardev/a-log-has-the-output", test_log);
    g_test_add_func("/chardev/mux/on-any-back-end", test_mux_anywhere);
    g_test_add_func("/chardev/spellings-of-qemu", test_spellings);
}
