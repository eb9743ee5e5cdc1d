/* SPDX-License-Identifier: MIT */
#include "platform/net/checksum.h"
#include "platform/net/priv.h"
#include "tests/unit/unit.h"

#include <string.h>
#include <unistd.h>

#include "platform/base/lock.h"
#include "tests/unit/net_cable.h"

/* A card that has room for some frames, and remembers them. */
typedef struct Card {
    unsigned room;
    GPtrArray *got; /* of GBytes* */
    bool up;
    unsigned n_links;
} Card;

static bool card_receive(void *opaque, const uint8_t *frame, size_t length)
{
    Card *c = opaque;
    g_assert_true(device_lock_held());
    if (!c->room)
        return false;
    c->room--;
    g_ptr_array_add(c->got, g_bytes_new(frame, length));
    return true;
}

static void card_link(void *opaque, bool up)
{
    Card *c = opaque;
    c->up = up;
    c->n_links++;
}

static const NetPort card_port = {.receive = card_receive, .link = card_link};

/* A card at a socket, whose other end is the test's. */
typedef struct Fixture {
    Net *net;
    Card card;
    int other;
} Fixture;

static Fixture begin(void)
{
    Fixture f = {.card = {.room = 1000, .got = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref)}};
    f.net = cable_new(&f.other);
    g_assert_cmpstr(net_id(f.net), ==, "n0");
    return f;
}

static void end(Fixture *f)
{
    net_free(f->net);
    close(f->other);
    g_ptr_array_unref(f->card.got);
}

static void come(const Fixture *f, const char *text, size_t length)
{
    g_autofree char *frame = g_malloc0(length);
    memcpy(frame, text, strlen(text));
    g_assert_cmpint(write(f->other, frame, length), ==, (gssize)length);
}

static const char *got(const Fixture *f, guint i)
{
    return i < f->card.got->len ? g_bytes_get_data(f->card.got->pdata[i], NULL) : NULL;
}

static void test_frames_go_both_ways(void)
{
    Fixture f = begin();
    char seen[64] = "";
    struct iovec piece[] = {{"hello, w", 8}, {"", 0}, {"orld, it is me", 15}};
    device_lock();
    net_attach(f.net, &card_port, &f.card);
    g_assert_true(net_send(f.net, piece, G_N_ELEMENTS(piece)));
    device_unlock();
    g_assert_cmpint(read(f.other, seen, sizeof(seen)), ==, 23);
    g_assert_cmpstr(seen, ==, "hello, world, it is me");
    come(&f, "first", 60);
    come(&f, "second", 1514);
    cable_settle();
    g_assert_cmpuint(f.card.got->len, ==, 2);
    g_assert_cmpstr(got(&f, 1), ==, "second");
    g_assert_cmpuint(g_bytes_get_size(f.card.got->pdata[1]), ==, 1514);
    end(&f);
}

/* IEEE 802.3 has none shorter than its header. */
static void test_lengths_are_checked(void)
{
    static const size_t lengths[] = {0, NET_HEADER - 1, NET_FRAME_MAX + 1, (size_t)-1};
    Fixture f = begin();
    char seen[64];
    device_lock();
    net_attach(f.net, &card_port, &f.card);
    FOR_ROWS (i, lengths) {
        struct iovec piece[] = {{seen, lengths[i]}, {seen, 0}};
        g_assert_true(net_send(f.net, piece, 2));
    }
    device_unlock();
    g_assert_cmpint(read(f.other, seen, sizeof(seen)), ==, -1);
    come(&f, "", NET_HEADER - 1);
    come(&f, "", NET_FRAME_MAX + 1);
    come(&f, "", NET_HEADER);
    cable_settle();
    g_assert_cmpuint(f.card.got->len, ==, 1);
    g_assert_cmpuint(f.net->n_dropped, ==, 6);
    end(&f);
}

/* Nothing is lost when a card has no room: the socket is not read meanwhile. */
static void test_frames_wait_for_room(void)
{
    Fixture f = begin();
    device_lock();
    net_attach(f.net, &card_port, &f.card);
    device_unlock();
    f.card.room = 1;
    come(&f, "a", 60);
    come(&f, "b", 60);
    come(&f, "c", 60);
    cable_settle();
    g_assert_cmpuint(f.card.got->len, ==, 1);
    g_assert_cmpuint(f.net->held.n, ==, 1);
    f.card.room = 10;
    cable_settle();
    g_assert_cmpuint(f.card.got->len, ==, 1); /* it was not said that there is room */
    device_lock();
    net_flush(f.net);
    g_assert_cmpuint(f.card.got->len, ==, 1); /* in the main loop only */
    device_unlock();
    cable_settle();
    g_assert_cmpuint(f.card.got->len, ==, 3);
    g_assert_cmpstr(got(&f, 1), ==, "b");
    g_assert_cmpstr(got(&f, 2), ==, "c");
    end(&f);
}

static void test_a_pulled_cable_carries_nothing(void)
{
    Fixture f = begin();
    char frame[60] = "x";
    struct iovec piece = {frame, sizeof(frame)};
    device_lock();
    net_attach(f.net, &card_port, &f.card);
    g_assert_true(net_link_is_up(f.net));
    net_set_link(f.net, false);
    net_set_link(f.net, false);
    g_assert_cmpuint(f.card.n_links, ==, 1);
    g_assert_false(f.card.up || net_link_is_up(f.net));
    g_assert_true(net_send(f.net, &piece, 1));
    device_unlock();
    g_assert_cmpint(read(f.other, frame, sizeof(frame)), ==, -1);
    come(&f, "lost", 60);
    cable_settle();
    device_lock();
    net_set_link(f.net, true);
    device_unlock();
    come(&f, "found", 60);
    cable_settle();
    g_assert_true(f.card.up);
    g_assert_cmpstr(got(&f, 0), ==, "found");
    end(&f);
}

static void test_no_card_and_no_cable(void)
{
    Fixture f = begin();
    char frame[60] = "x";
    struct iovec piece = {frame, sizeof(frame)};
    come(&f, "nobody", 60);
    cable_settle();
    device_lock();
    g_assert_true(net_send(NULL, &piece, 1));
    net_flush(NULL);
    g_assert_false(net_link_is_up(NULL));
    net_attach(f.net, &card_port, &f.card);
    net_detach(f.net);
    device_unlock();
    end(&f);
}

static void test_a_queue_has_bounds(void)
{
    static uint8_t frame[NET_FRAME_MAX];
    NetQueue q = {0};
    struct iovec piece = {frame, 60};
    for (unsigned i = 0; i < NET_QUEUE_FRAMES; i++)
        g_assert_true(net_queue_add(&q, &piece, 1, 60));
    g_assert_false(net_queue_add(&q, &piece, 1, 60));
    net_queue_empty(&q);
    g_assert_cmpuint(q.bytes, ==, 0);
    piece.iov_len = NET_FRAME_MAX;
    unsigned n = 0;
    while (net_queue_add(&q, &piece, 1, NET_FRAME_MAX))
        n++;
    g_assert_cmpuint(n, ==, NET_QUEUE_BYTES / (NET_FRAME_MAX + 4));
    net_queue_clear(&q);
}

/* However long it is in use, for it never becomes empty. */
static void test_a_queue_in_use_stays_small(void)
{
    static uint8_t frame[1500];
    NetQueue q = {0};
    struct iovec piece = {frame, sizeof(frame)};
    for (unsigned i = 0; i < 20000; i++) {
        size_t length;
        frame[0] = (uint8_t)i;
        g_assert_true(net_queue_add(&q, &piece, 1, sizeof(frame)));
        if (i < 3)
            continue;
        g_assert_cmpuint(net_queue_peek(&q, &length)[0], ==, (uint8_t)(i - 3));
        g_assert_cmpuint(length, ==, sizeof(frame));
        net_queue_drop(&q);
    }
    g_assert_cmpuint(q.n, ==, 3);
    g_assert_cmpuint(q.data->len, <, 2 * NET_QUEUE_BYTES);
    net_queue_clear(&q);
}

static GByteArray *saved(Net *net)
{
    GByteArray *out = g_byte_array_new();
    SectionWriter w = section_begin(out, "net0", 0);
    device_lock();
    net_save(net, &w);
    device_unlock();
    section_end(&w);
    return out;
}

static void test_what_waits_is_saved(void)
{
    Fixture f = begin(), g = begin();
    g_autoptr(GError) error = NULL;
    device_lock();
    net_attach(f.net, &card_port, &f.card);
    net_attach(g.net, &card_port, &g.card);
    device_unlock();
    f.card.room = g.card.room = 0;
    come(&f, "waits", 77);
    cable_settle();
    g_autoptr(GByteArray) state = saved(f.net);
    Sections *all = sections_read(state->data, state->len, &error);
    device_lock();
    net_load(g.net, sections_find(all, "net0", 0));
    device_unlock();
    g_assert_true(sections_end(all, &error));
    sections_free(all);
    g.card.room = 1;
    cable_settle();
    g_assert_cmpstr(got(&g, 0), ==, "waits");
    g_assert_cmpuint(g_bytes_get_size(g.card.got->pdata[0]), ==, 77);
    end(&f);
    end(&g);
}

/* A driver may have a frame in as many pieces as it likes. */
static void test_a_frame_in_many_pieces(void)
{
    static char bytes[1000], seen[2048];
    struct iovec piece[1000];
    for (unsigned i = 0; i < G_N_ELEMENTS(piece); i++) {
        bytes[i] = (char)i;
        piece[i] = (struct iovec){&bytes[i], 1};
    }
    for (unsigned stream = 0; stream <= 1; stream++) {
        int fd[2];
        const int type = stream ? SOCK_STREAM : SOCK_DGRAM;
        g_assert_cmpint(socketpair(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd), ==, 0);
        g_autofree char *text =
            g_strdup_printf("%s,id=n,%s=%d", stream ? "socket" : "dgram,local.type=fd", stream ? "fd" : "local.str", fd[0]);
        Net *net = net_new(text, NULL);
        device_lock();
        g_assert_true(net_send(net, piece, G_N_ELEMENTS(piece)));
        device_unlock();
        g_assert_cmpint(read(fd[1], seen, sizeof(seen)), ==, (gssize)sizeof(bytes) + (stream ? 4 : 0));
        g_assert_cmpmem(seen + (stream ? 4 : 0), sizeof(bytes), bytes, sizeof(bytes));
        net_free(net);
        close(fd[1]);
    }
}

/* What a card leaves to us is done for back ends that take frames alone, and a packet that did not go out as a whole goes out later. */
static void test_a_packet_is_cut(void)
{
    enum { MSS = 1000, SIZE = 54 + 60000, N = 60, TIMES = 40 };
    static uint8_t packet[SIZE], seen[4 + 54 + MSS];
    static const NetOffload offload = {.sum_start = 34, .sum_at = 50, .version = 4, .mss = MSS};
    int fd[2], room = 4096;
    unsigned sent = 0, came = 0;
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd), ==, 0);
    g_assert_cmpint(setsockopt(fd[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)), ==, 0);
    g_autofree char *text = g_strdup_printf("socket,id=n,fd=%d", fd[0]);
    Net *net = net_new(text, NULL);
    memcpy(packet, "\2\0\0\0\0\1\2\0\0\0\0\2\x08\0\x45\0\xea\x88\0\0\0\0\x40\x06\0\0\x0a\0\2\x0f\x0a\0\2\2", 34);
    memcpy(packet + 34, "\x30\x39\0\x50\0\0\0\0\0\0\0\1\x50\x10\x10\0", 16);
    device_lock();
    while (sent < TIMES && net_send_offload(net, &(struct iovec){packet, SIZE}, 1, &offload))
        sent++;
    device_unlock();
    g_assert_cmpuint(sent, <, TIMES); /* the reader is slow, so the card is to wait */
    g_assert_cmpuint(sent, >, 2);
    for (ssize_t got = 0, n; came < sent * N;) {
        cable_settle();
        if ((n = read(fd[1], seen + got, sizeof(seen) - (size_t)got)) <= 0)
            break;
        got += n;
        if (got < (ssize_t)sizeof(seen))
            continue;
        NetHeaders h = net_headers(seen + 4, 54 + MSS);
        g_assert_true(h.l4 && net_ip_is_right(seen + 4, &h) && net_l4_is_right(seen + 4, &h));
        g_assert_cmpuint((uint32_t)(seen[4 + 40] << 8 | seen[4 + 41]), ==, came++ % N * MSS & 0xffff);
        got = 0;
    }
    g_assert_cmpuint(came, ==, sent * N);
    net_free(net);
    close(fd[1]);
}

/* Offsets of a checksum are the guest's; so is what it calls a packet. */
static void test_offloads_of_any_kind(void)
{
    static const NetOffload offloads[] = {
        {.sum_start = 0, .sum_at = 59},  {.sum_start = 60, .sum_at = 20},
        {.sum_start = 59, .sum_at = 58}, {.sum_start = 65535, .sum_at = 131070},
        {.version = 4, .mss = 1},        {.version = 6, .mss = 65535},
        {.version = 4, .mss = 65535},    {.sum_start = 14, .sum_at = 16, .mss = 0},
        {.version = 7, .mss = 500},
    };
    Fixture f = begin();
    uint8_t *packet = g_malloc0(60); /* a sanitizer sees what is outside of it */
    struct iovec piece[] = {{packet, 30}, {packet + 30, 30}};
    FOR_ROWS (i, offloads) {
        device_lock();
        g_assert_true(net_send_offload(f.net, piece, 2, &offloads[i]));
        g_assert_true(net_send_offload(f.net, piece, 0, &offloads[i]));
        device_unlock();
    }
    g_free(packet);
    end(&f);
}

/* --- between files */

static void test_two_sockets(void)
{
    g_autofree char *dir = g_dir_make_tmp("net-XXXXXX", NULL);
    g_autofree char *a = g_build_filename(dir, "a", NULL), *b = g_build_filename(dir, "b", NULL);
    g_autoptr(GError) error = NULL;
    const char *form = "dgram,id=n,local.type=unix,local.path=%s,remote.type=unix,remote.path=%s";
    g_autofree char *ab = g_strdup_printf(form, a, b), *ba = g_strdup_printf(form, b, a);
    Card card = {.room = 10, .got = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref)};
    char frame[60] = "ahoy";
    struct iovec piece = {frame, sizeof(frame)};
    Net *one = net_new(ab, &error);
    g_assert_no_error(error);
    device_lock();
    g_assert_true(net_send(one, &piece, 1)); /* nobody is there yet */
    device_unlock();
    Net *two = net_new(ba, &error);
    g_assert_no_error(error);
    g_assert_null(net_new(ab, &error)); /* its file is in use */
    g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED);
    device_lock();
    net_attach(two, &card_port, &card);
    g_assert_true(net_send(one, &piece, 1));
    device_unlock();
    cable_settle();
    g_assert_cmpuint(card.got->len, ==, 1);
    net_free(one);
    net_free(two);
    g_assert_false(g_file_test(a, G_FILE_TEST_EXISTS) || g_file_test(b, G_FILE_TEST_EXISTS));
    g_assert_cmpint(rmdir(dir), ==, 0);
    g_ptr_array_unref(card.got);
}

/* Frames one after the other in a connection, and what is no frame. */
static void test_a_stream(void)
{
    int fd[2];
    char seen[64] = "";
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd), ==, 0);
    g_autofree char *text = g_strdup_printf("socket,id=n,fd=%d", fd[0]);
    Fixture f = {.net = net_new(text, &error),
                 .card = {.room = 1, .got = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref)},
                 .other = fd[1]};
    g_assert_no_error(error);
    struct iovec piece[] = {{"hello, w", 8}, {"orld, it is me", 15}};
    device_lock();
    net_attach(f.net, &card_port, &f.card);
    g_assert_true(net_send(f.net, piece, G_N_ELEMENTS(piece)));
    device_unlock();
    g_assert_cmpint(read(f.other, seen, sizeof(seen)), ==, 27);
    g_assert_cmpmem(seen, 8, "\0\0\0\x17hell", 8);
    come(&f, "", 2); /* half of a length */
    cable_settle();
    g_assert_cmpint(write(f.other,
                          "\0\x0f"
                          "the first frame"
                          "\0\0\0\x10"
                          "the second frame"
                          "\0\0\0\x0ethird",
                          46),
                    ==, 46);
    cable_settle();
    g_assert_cmpuint(f.card.got->len, ==, 1);
    g_assert_cmpmem(got(&f, 0), 15, "the first frame", 15);
    f.card.room = 10;
    device_lock();
    net_flush(f.net);
    device_unlock();
    cable_settle();
    g_assert_cmpuint(f.card.got->len, ==, 2);
    g_assert_cmpint(write(f.other,
                          " frame, "
                          "\0",
                          9),
                    ==, 9);
    cable_settle();
    g_assert_cmpuint(f.card.got->len, ==, 3);
    g_assert_cmpint(write(f.other, "\xff\0\0\0", 4), ==, 4); /* longer than any frame */
    cable_settle();
    g_assert_cmpint(read(f.other, seen, sizeof(seen)), ==, 0);
    device_lock();
    g_assert_true(net_send(f.net, piece, 1)); /* too short, and nobody is there */
    g_assert_true(net_send(f.net, piece, 2));
    device_unlock();
    end(&f);
}

/* A reader that is slow has the card wait, and nothing is lost. */
static void test_a_slow_reader(void)
{
    enum { LENGTH = 60000 };
    int fd[2];
    g_autoptr(GError) error = NULL;
    g_autofree char *bytes = g_malloc0(LENGTH + 4);
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd), ==, 0);
    g_autofree char *text = g_strdup_printf("stream,id=n,addr.type=fd,addr.str=%d", fd[0]);
    Net *net = net_new(text, &error);
    g_assert_no_error(error);
    struct iovec piece = {bytes, LENGTH};
    size_t sent = 0, seen = 0;
    device_lock();
    while (net_send(net, &piece, 1))
        sent += LENGTH + 4;
    device_unlock();
    g_assert_true(net->starved);
    g_assert_cmpuint(sent, <, 8 << 20);
    for (ssize_t n; seen<sent; seen += n> 0 ? (size_t)n : 0) {
        n = read(fd[1], bytes, LENGTH);
        cable_settle();
    }
    g_assert_false(net->starved);
    g_assert_cmpuint(seen, ==, sent);
    net_free(net);
    close(fd[1]);
}

static void test_a_server_and_its_client(void)
{
    g_autofree char *dir = g_dir_make_tmp("net-XXXXXX", NULL), *path = g_build_filename(dir, "s", NULL);
    g_autofree char *server = g_strdup_printf("stream,id=s,server=on,addr.type=unix,addr.path=%s", path);
    g_autofree char *client = g_strdup_printf("stream,id=c,addr.type=unix,addr.path=%s", path);
    g_autoptr(GError) error = NULL;
    Card card = {.room = 10, .got = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref)};
    char frame[60] = "ahoy";
    struct iovec piece = {frame, sizeof(frame)};
    g_assert_null(net_new(client, &error)); /* nobody listens */
    g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
    g_clear_error(&error);
    Net *one = net_new(server, &error);
    for (unsigned again = 0; again < 2; again++) { /* when the first one goes there may be another */
        Net *two = net_new(client, &error);
        g_assert_no_error(error);
        cable_settle();
        device_lock();
        net_attach(two, &card_port, &card);
        g_assert_true(net_send(one, &piece, 1));
        device_unlock();
        cable_settle();
        g_assert_cmpuint(card.got->len, ==, 1 + again);
        device_lock();
        net_detach(two);
        device_unlock();
        net_free(two);
        cable_settle();
    }
    net_free(one);
    g_assert_cmpint(rmdir(dir), ==, 0);
    g_ptr_array_unref(card.got);
}

/* A client with reconnect= is there before its server, and after it. */
static void test_a_client_comes_again(void)
{
    g_autofree char *dir = g_dir_make_tmp("net-XXXXXX", NULL), *path = g_build_filename(dir, "s", NULL);
    g_autofree char *server = g_strdup_printf("stream,id=s,server=on,addr.type=unix,addr.path=%s", path);
    g_autofree char *client = g_strdup_printf("stream,id=c,addr.type=unix,addr.path=%s,reconnect=1", path);
    Card card = {.room = 100, .got = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref)};
    char frame[60] = "ahoy";
    struct iovec piece = {frame, sizeof(frame)};
    Net *two = net_new(client, NULL);
    g_assert_nonnull(two);
    for (unsigned again = 0; again < 2; again++) {
        Net *one = net_new(server, NULL);
        device_lock();
        net_attach(one, &card_port, &card);
        device_unlock();
        for (guint before = card.got->len; card.got->len == before;) {
            device_lock();
            g_assert_true(net_send(two, &piece, 1)); /* nobody is there, or it goes out */
            device_unlock();
            g_main_context_iteration(NULL, FALSE);
        }
        net_free(one);
        cable_settle();
    }
    net_free(two);
    g_assert_cmpint(rmdir(dir), ==, 0);
    g_ptr_array_unref(card.got);
}

/* -netdev socket with udp= is dgram by older names. */
static void test_older_names(void)
{
    g_autoptr(GError) error = NULL;
    Card card = {.room = 10, .got = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref)};
    char frame[60] = "ahoy";
    struct iovec piece = {frame, sizeof(frame)};
    Net *one = NULL, *two = NULL;
    for (unsigned port = 20000 + (unsigned)getpid() % 20000; !two && port < 65000; port += 2) { /* two that are free */
        g_autofree char *a = g_strdup_printf("socket,id=n,udp=127.0.0.1:%u,localaddr=127.0.0.1:%u", port, port + 1);
        g_autofree char *b = g_strdup_printf("socket,id=n,udp=127.0.0.1:%u,localaddr=127.0.0.1:%u", port + 1, port);
        one = net_new(a, NULL);
        two = one ? net_new(b, NULL) : NULL;
        if (!two)
            g_clear_pointer(&one, net_free);
    }
    device_lock();
    net_attach(two, &card_port, &card);
    g_assert_true(net_send(one, &piece, 1));
    device_unlock();
    while (!card.got->len)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpstr(g_bytes_get_data(card.got->pdata[0], NULL), ==, "ahoy");
    net_free(one);
    net_free(two);
    g_assert_null(net_new("socket,id=n,mcast=127.0.0.1:1234", &error));
    g_assert_nonnull(strstr(error->message, "is no address of an IPv4 multicast group"));
    g_ptr_array_unref(card.got);
}

/* --- arguments */

static void test_arguments(void)
{
    static const struct {
        const char *text, *message; /* NULL: it is good */
    } rows[] = {
        {"dgram,id=n,local.type=fd,local.str=7", NULL},
        {"dgram,id=n,remote.type=inet,remote.host=230.0.0.1,remote.port=1234", NULL},
        {"dgram,id=n,local.type=inet,local.port=1,remote.type=inet,remote.host=localhost,remote.port=2", NULL},
        {"socket,id=n,listen=:1234", NULL},
        {"socket,id=n,connect=localhost:1234", NULL},
        {"stream,id=n,server=on,addr.type=inet,addr.port=7", NULL},
        {"tap,id=n,ifname=tap0,script=no,downscript=no", NULL},
        {"tap,id=n,script=/etc/up",
         "-netdev tap,id=n,script=/etc/up: script=/etc/up: scripts are not called here; configure the interface first, and say no"},
        {"tap,id=n,fd=1", "-netdev tap,id=n,fd=1: '1' is not the number of a descriptor"},
        {"tap,id=n,fd=7,ifname=a", "-netdev tap,id=n,fd=7,ifname=a: fd= and ifname= exclude each other"},
        {"socket,id=n,listen=1234", "-netdev socket,id=n,listen=1234: listen=1234 is not HOST:PORT"},
        {"socket,id=n", "-netdev socket,id=n: one of listen=, connect=, fd=, mcast= and udp= is needed"},
        {"socket,id=n,mcast=230.0.0.1:1234", NULL},
        {"socket,id=n,mcast=230.0.0.1:1234,localaddr=127.0.0.1", NULL},
        {"socket,id=n,udp=127.0.0.1:1,localaddr=127.0.0.1:2", NULL},
        {"socket,id=n,udp=127.0.0.1:1", "-netdev socket,id=n,udp=127.0.0.1:1: udp= needs localaddr="},
        {"socket,id=n,listen=:1,localaddr=:2", "-netdev socket,id=n,listen=:1,localaddr=:2: localaddr= needs mcast= or udp="},
        {"socket,id=n,udp=:1,mcast=:2",
         "-netdev socket,id=n,udp=:1,mcast=:2: one of listen=, connect=, fd=, mcast= and udp= is needed"},
        {"stream,id=n,addr.type=inet,addr.port=7,reconnect=3", NULL},
        {"stream,id=n,server=y,addr.type=inet,addr.port=7,reconnect=3",
         "-netdev stream,id=n,server=y,addr.type=inet,addr.port=7,reconnect=3: reconnect= is a client's"},
        {"tap,id=n,ifname=t,vhost=off,queues=1,vnet_hdr=on,sndbuf=0", NULL},
        {"tap,id=n,vhost=on", "-netdev tap,id=n,vhost=on: vhost=on: frames are moved by this program alone"},
        {"tap,id=n,queues=2", "-netdev tap,id=n,queues=2: queues=: a card has one"},
        {"tap,id=n,br=br0",
         "-netdev tap,id=n,br=br0: br=: no program is called to join a bridge; join the interface first, and name it by ifname="},
        {"hubport,id=n,hubid=0", "-netdev hubport: there is no hub: a card has one back end"},
        {"vhost-user,id=n", "-netdev vhost-user: frames are moved by this program alone"},
        {"stream,id=n", "-netdev stream,id=n: addr.type=inet, unix or fd is missing"},
        {"stream,id=n,addr.type=unix", "-netdev stream,id=n,addr.type=unix: addr.path= is missing"},
        {"dgram", "-netdev dgram: id= is missing"},
        {"id=n,dgram", "-netdev id=n,dgram: the kind of back end comes first"},
        {"dgrem,id=n", "-netdev dgrem: unknown or not yet supported (did you mean 'dgram'?); -netdev help lists what there is"},
        {"dgram,id=n", "-netdev dgram,id=n: remote.type=inet or remote.type=unix is missing"},
        {"dgram,id=", "-netdev dgram,id=: id= must not be empty"},
        {"dgram,id=n,local.typ=fd", "-netdev dgram,id=n,local.typ=fd: unknown key 'local.typ' (did you mean 'local.type'?)"},
        {"dgram,id=n,local.type=fd", "-netdev dgram,id=n,local.type=fd: local.str= is missing"},
        {"dgram,id=n,local.type=tcp", "-netdev dgram,id=n,local.type=tcp: local.type=tcp is not inet, unix or fd"},
        {"dgram,id=n,local.type=fd,local.type=fd", "-netdev dgram,id=n,local.type=fd,local.type=fd: local.type= is there twice"},
        {"dgram,id=n,local.type=unix,local.path=", "-netdev dgram,id=n,local.type=unix,local.path=: local.path= must not be empty"},
        {"dgram,id=n,local.type=inet,local.port=70000",
         "-netdev dgram,id=n,local.type=inet,local.port=70000 local.port: '70000' is not a number from 0 to 65535"},
        {"dgram,id=n,local.type=unix,local.path=a,local.host=b",
         "-netdev dgram,id=n,local.type=unix,local.path=a,local.host=b: local.host= and local.type=unix exclude each other"},
    };
    FOR_ROWS (i, rows) {
        g_autofree char *id = NULL;
        g_autoptr(GError) error = NULL;
        bool ok = net_option_check(rows[i].text, &id, &error);
        g_assert_cmpstr(error ? error->message : NULL, ==, rows[i].message);
        g_assert_true(ok == !rows[i].message);
        if (ok)
            g_assert_cmpstr(id, ==, "n");
    }
}

static void test_addresses_of_cards(void)
{
    uint8_t mac[NET_MAC_SIZE];
    g_assert_true(net_mac_parse("x", "52:54:00:12:34:Fe", mac, NULL));
    g_assert_cmpmem(mac, NET_MAC_SIZE, "\x52\x54\0\x12\x34\xfe", NET_MAC_SIZE);
    g_assert_true(net_mac_parse("x", "52-54-00-12-34-56", mac, NULL));
    static const char *const wrong[] = {
        "", "52:54:00:12:34", "52:54:00:12:34:5", "52:54:00:12:34:567", "52:54:00:12:34:5g", "53:54:00:12:34:56", "525400123456"};
    FOR_ROWS (i, wrong) {
        g_autoptr(GError) error = NULL;
        g_assert_false(net_mac_parse("x", wrong[i], mac, &error));
        g_assert_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE);
    }
}

UNIT_TESTS(net)
{
    g_test_add_func("/net/frames-go-both-ways", test_frames_go_both_ways);
    g_test_add_func("/net/lengths-are-checked", test_lengths_are_checked);
    g_test_add_func("/net/frames-wait-for-room", test_frames_wait_for_room);
    g_test_add_func("/net/a-pulled-cable-carries-nothing", test_a_pulled_cable_carries_nothing);
    g_test_add_func("/net/no-card-and-no-cable", test_no_card_and_no_cable);
    g_test_add_func("/net/a-queue-has-bounds", test_a_queue_has_bounds);
    g_test_add_func("/net/a-queue-in-use-stays-small", test_a_queue_in_use_stays_small);
    g_test_add_func("/net/what-waits-is-saved", test_what_waits_is_saved);
    g_test_add_func("/net/a-frame-in-many-pieces", test_a_frame_in_many_pieces);
    g_test_add_func("/net/a-packet-is-cut", test_a_packet_is_cut);
    g_test_add_func("/net/offloads-of-any-kind", test_offloads_of_any_kind);
    g_test_add_func("/net/two-sockets", test_two_sockets);
    g_test_add_func("/net/a-stream", test_a_stream);
    g_test_add_func("/net/a-slow-reader-makes-the-card-wait", test_a_slow_reader);
    g_test_add_func("/net/a-server-and-its-client", test_a_server_and_its_client);
    g_test_add_func("/net/a-client-comes-again", test_a_client_comes_again);
    g_test_add_func("/net/older-names", test_older_names);
    g_test_add_func("/net/arguments", test_arguments);
    g_test_add_func("/net/addresses-of-cards", test_addresses_of_cards);
}
