/* SPDX-License-Identifier: MIT
 *
 * A guest that speaks to libslirp, frame by frame.
 */
#include "platform/net/priv.h"
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "platform/base/lock.h"
#include "tests/unit/net_cable.h"

static const uint8_t guest_mac[NET_MAC_SIZE] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
static bool other_mac;                            /* DHCP asks for another card, which wants the same address */
enum { GUEST = 0x0a00020f, ROUTER = 0x0a000202 }; /* 10.0.2.15, 10.0.2.2 */

typedef struct Guest {
    Net *net;
    GByteArray *datagram; /* the newest UDP datagram's payload; NULL: none since it was taken */
    uint8_t router[NET_MAC_SIZE];
    unsigned port;             /* that it came to */
    bool full;                 /* no room for frames */
    unsigned n_frames, n_syns; /* TCP segments that begin a connection */
} Guest;

static void put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
    put16(at, value >> 16);
    put16(at + 2, value & 0xffff);
}

static unsigned get16(const uint8_t *at)
{
    return (unsigned)(at[0] << 8 | at[1]);
}

static void transmit(Guest *g, const uint8_t *frame, size_t length)
{
    struct iovec piece = {(void *)frame, length};
    bool held = device_lock_held(); /* it is in guest_receive() */
    if (!held)
        device_lock();
    net_send(g->net, &piece, 1);
    if (!held)
        device_unlock();
}

/* Who has the guest's address?  libslirp asks before it sends there. */
static void answer_arp(Guest *g, const uint8_t *question)
{
    uint8_t frame[60] = {0};
    memcpy(frame, question + 22, 6);
    memcpy(frame + 6, guest_mac, 6);
    memcpy(frame + 12, "\x08\x06\0\x01\x08\0\x06\x04\0\x02", 10);
    memcpy(frame + 22, guest_mac, 6);
    memcpy(frame + 28, question + 38, 4);
    memcpy(frame + 32, question + 22, 10);
    transmit(g, frame, sizeof(frame));
}

static bool guest_receive(void *opaque, const uint8_t *frame, size_t length)
{
    Guest *g = opaque;
    if (g->full)
        return false;
    g->n_frames++;
    if (length >= 42 && get16(frame + 12) == 0x0806 && get16(frame + 20) == 1)
        answer_arp(g, frame);
    if (length >= 54 && get16(frame + 12) == 0x0800 && frame[23] == 6)
        g->n_syns += (frame[47] & 0x12) == 0x02;
    if (length < 42 || get16(frame + 12) != 0x0800 || frame[23] != 17)
        return true;
    memcpy(g->router, frame + 6, NET_MAC_SIZE);
    g->port = get16(frame + 36);
    g_clear_pointer(&g->datagram, g_byte_array_unref);
    g->datagram = g_byte_array_append(g_byte_array_new(), frame + 42, get16(frame + 38) - 8);
    return true;
}

static const NetPort guest_port = {.receive = guest_receive};

static Guest begin(const char *text)
{
    g_autoptr(GError) error = NULL;
    Guest g = {.net = net_new(text, &error)};
    g_assert_no_error(error);
    memset(g.router, 0xff, sizeof(g.router));
    return g;
}

static void plug_in(Guest *g)
{
    device_lock();
    net_attach(g->net, &guest_port, g);
    device_unlock();
}

static void end(Guest *g)
{
    device_lock();
    net_detach(g->net);
    device_unlock();
    net_free(g->net);
    g_clear_pointer(&g->datagram, g_byte_array_unref);
}

/* RFC 791, RFC 768: the datagram has no checksum. */
static void send_udp(Guest *g, uint32_t from, unsigned from_port, uint32_t to, unsigned to_port, const void *data, size_t size)
{
    g_autofree uint8_t *frame = g_malloc0(42 + size);
    uint32_t sum = 0;
    memcpy(frame, g->router, 6);
    memcpy(frame + 6, guest_mac, 6);
    put16(frame + 12, 0x0800);
    frame[14] = 0x45;
    put16(frame + 16, (unsigned)(28 + size));
    frame[22] = 64;
    frame[23] = 17;
    put32(frame + 26, from);
    put32(frame + 30, to);
    for (unsigned i = 14; i < 34; i += 2)
        sum += get16(frame + i);
    sum = (sum & 0xffff) + (sum >> 16);
    put16(frame + 24, ~(sum + (sum >> 16)) & 0xffff);
    put16(frame + 34, from_port);
    put16(frame + 36, to_port);
    put16(frame + 38, (unsigned)(8 + size));
    memcpy(frame + 42, data, size);
    transmit(g, frame, 42 + size);
}

/* RFC 2131: a message of this type; what comes back, 0 bytes long where nothing does. */
static GByteArray *dhcp(Guest *g, unsigned type)
{
    uint8_t message[300] = {1, 1, 6, 0, 'q', 'u', 'i', 'n'};
    memcpy(message + 28, guest_mac, 6);
    message[33] ^= other_mac;
    memcpy(message + 236, "\x63\x82\x53\x63\x35\x01", 6);
    message[242] = (uint8_t)type;
    memcpy(message + 243, "\x32\x04\x0a\x00\x02\x0f", 6);
    message[249] = 0xff;
    send_udp(g, 0, 68, 0xffffffff, 67, message, sizeof(message));
    cable_settle();
    return g->datagram ? g_steal_pointer(&g->datagram) : g_byte_array_new();
}

/* The value of a DHCP option; NULL: it is not there. */
static char *option(const GByteArray *message, unsigned code)
{
    for (guint at = 240; at + 2 <= message->len && message->data[at] != 0xff; at += 2 + message->data[at + 1])
        if (message->data[at] == code && at + 2 + message->data[at + 1] <= message->len) {
            char *value = g_malloc0(message->data[at + 1] + 1u);
            return memcpy(value, message->data + at + 2, message->data[at + 1]);
        }
    return NULL;
}

static void test_a_lease(void)
{
    Guest g = begin("user,id=n,hostname=bobolink,domainname=example.org,bootfile=uImage");
    plug_in(&g);
    g_autoptr(GByteArray) offer = dhcp(&g, 1);
    g_assert_cmpuint(offer->len, >=, 240);
    g_assert_cmpuint(offer->data[0], ==, 2);
    g_assert_cmpmem(offer->data + 16, 4, "\x0a\x00\x02\x0f", 4);
    g_autoptr(GByteArray) ack = dhcp(&g, 3);
    g_assert_cmpmem(ack->data + 16, 4, "\x0a\x00\x02\x0f", 4);
    g_autofree char *type = option(ack, 53), *router = option(ack, 3), *dns = option(ack, 6), *name = option(ack, 12),
                    *domain = option(ack, 15);
    g_assert_cmpint(type[0], ==, 5);
    g_assert_cmpmem(router, 4, "\x0a\x00\x02\x02", 4);
    g_assert_cmpmem(dns, 4, "\x0a\x00\x02\x03", 4);
    g_assert_cmpstr(name, ==, "bobolink");
    g_assert_cmpstr(domain, ==, "example.org");
    g_assert_cmpstr((const char *)ack->data + 108, ==, "uImage");
    end(&g);
}

static void test_another_network(void)
{
    Guest g = begin("user,id=n,net=192.168.76.0/24,dhcpstart=192.168.76.9,host=192.168.76.4,dns=0.0.0.7");
    plug_in(&g);
    g_autoptr(GByteArray) offer = dhcp(&g, 1);
    g_assert_cmpmem(offer->data + 16, 4, "\xc0\xa8\x4c\x09", 4);
    g_autofree char *router = option(offer, 3), *dns = option(offer, 6);
    g_assert_cmpmem(router, 4, "\xc0\xa8\x4c\x04", 4);
    g_assert_cmpmem(dns, 4, "\xc0\xa8\x4c\x07", 4);
    end(&g);
}

/* RFC 1350, with a file of two blocks. */
static void test_a_file(void)
{
    g_autofree char *dir = g_dir_make_tmp("net-XXXXXX", NULL), *file = g_build_filename(dir, "kernel", NULL);
    g_autofree char *text = g_strdup_printf("user,id=n,tftp=%s", dir), *content = g_strnfill(700, 'k');
    g_assert_true(g_file_set_contents(file, content, 700, NULL));
    Guest g = begin(text);
    plug_in(&g);
    g_byte_array_unref(dhcp(&g, 3));
    send_udp(&g, GUEST, 1069, ROUTER, 69, "\0\x01kernel\0octet", 15);
    cable_settle();
    g_assert_nonnull(g.datagram);
    g_assert_cmpuint(g.port, ==, 1069);
    g_assert_cmpmem(g.datagram->data, 4, "\0\x03\0\x01", 4);
    g_assert_cmpuint(g.datagram->len, ==, 4 + 512);
    send_udp(&g, GUEST, 1069, ROUTER, 69, "\0\x04\0\x01", 4);
    cable_settle();
    g_assert_cmpmem(g.datagram->data, 4, "\0\x03\0\x02", 4);
    g_assert_cmpuint(g.datagram->len, ==, 4 + 700 - 512);
    end(&g);
    unlink(file);
    rmdir(dir);
}

/*
 * After a snapshot libslirp is new and does not know the guest's MAC address: it asks by ARP, and holds the answer
 * back.  The ARP reply brings that answer, with no other frame and no time that must pass.
 */
static void test_an_answer_that_waited_for_arp(void)
{
    Guest g = begin("user,id=n");
    plug_in(&g);
    send_udp(&g, GUEST, 1069, ROUTER, 69, "\0\x01kernel\0octet", 15); /* no tftp= was given: an error comes back */
    cable_settle();
    g_assert_nonnull(g.datagram);
    g_assert_cmpmem(g.datagram->data, 2, "\0\x05", 2);
    end(&g);
}

/* A socket of the host, bound to a free port of the loopback address. */
static int host_socket(unsigned *port)
{
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(sin);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&sin, sizeof(sin)), ==, 0);
    g_assert_cmpint(getsockname(fd, (struct sockaddr *)&sin, &size), ==, 0);
    *port = ntohs(sin.sin_port);
    return fd;
}

static void test_the_host_is_reached_unless_restricted(void)
{
    for (unsigned restricted = 0; restricted < 2; restricted++) {
        unsigned port;
        char seen[16] = "";
        int fd = host_socket(&port);
        Guest g = begin(restricted ? "user,id=n,restrict=on" : "user,id=n");
        plug_in(&g);
        g_byte_array_unref(dhcp(&g, 3));
        send_udp(&g, GUEST, 5000, ROUTER, port, "ping", 5);
        cable_settle();
        struct sockaddr_in from;
        socklen_t size = sizeof(from);
        ssize_t n = recvfrom(fd, seen, sizeof(seen), MSG_DONTWAIT, (struct sockaddr *)&from, &size);
        g_assert_cmpint(n, ==, restricted ? -1 : 5);
        if (!restricted) {
            g_assert_cmpint(sendto(fd, "pong", 5, 0, (struct sockaddr *)&from, size), ==, 5);
            while (!g.datagram)
                g_main_context_iteration(NULL, TRUE);
            g_assert_cmpstr((const char *)g.datagram->data, ==, "pong");
            g_assert_cmpuint(g.port, ==, 5000);
        }
        end(&g);
        close(fd);
    }
}

static void test_a_forwarded_port(void)
{
    unsigned port;
    close(host_socket(&port));
    g_autofree char *text = g_strdup_printf("user,id=n,hostfwd=udp::%u-:7", port);
    Guest g = begin(text);
    g_autoptr(GError) error = NULL;
    g_assert_null(net_new(text, &error)); /* the port is in use */
    g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED);
    plug_in(&g);
    g_byte_array_unref(dhcp(&g, 3));
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(sendto(fd, "knock", 6, 0, (struct sockaddr *)&to, sizeof(to)), ==, 6);
    while (!g.datagram)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpstr((const char *)g.datagram->data, ==, "knock");
    g_assert_cmpuint(g.port, ==, 7);
    close(fd);
    end(&g);
}

static gboolean go_round(gpointer opaque)
{
    return G_SOURCE_CONTINUE;
}

/* A segment that the guest has lost is sent again, although something else wakes the main loop a hundred times a second. */
static void test_a_lost_segment_comes_again(void)
{
    unsigned port;
    close(host_socket(&port));
    g_autofree char *text = g_strdup_printf("user,id=n,hostfwd=tcp::%u-:7", port);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    Guest g = begin(text);
    plug_in(&g);
    g_byte_array_unref(dhcp(&g, 3));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(connect(fd, (struct sockaddr *)&to, sizeof(to)), ==, 0);
    guint source = g_timeout_add(10, go_round, NULL);
    while (g.n_syns < 2)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(source);
    close(fd);
    end(&g);
}

/* What the card has no room for is not read from the host, and is not lost. */
static void test_a_card_without_room_stops_the_host(void)
{
    Guest g = begin("user,id=n");
    plug_in(&g);
    g_byte_array_unref(dhcp(&g, 3));
    g.full = true;
    unsigned before = g.n_frames;
    g_autoptr(GByteArray) nothing = dhcp(&g, 1);
    g_assert_cmpuint(nothing->len, ==, 0);
    g_assert_cmpuint(g.net->held.n, ==, 1);
    g.full = false;
    device_lock();
    net_flush(g.net);
    device_unlock();
    cable_settle();
    g_assert_cmpuint(g.n_frames, >, before);
    g_assert_nonnull(g.datagram);
    end(&g);
}

/* A lease outlives a load: nobody else is given the address by a program that never saw it. */
static void test_leases_are_saved(void)
{
    Guest f = begin("user,id=n"), g = begin("user,id=n");
    g_autoptr(GError) error = NULL;
    g_autoptr(GByteArray) state = g_byte_array_new();
    plug_in(&f);
    plug_in(&g);
    g_byte_array_unref(dhcp(&f, 3));
    SectionWriter w = section_begin(state, "net0", 0);
    device_lock();
    net_save(f.net, &w);
    section_end(&w);
    Sections *all = sections_read(state->data, state->len, &error);
    net_load(g.net, sections_find(all, "net0", 0));
    device_unlock();
    g_assert_true(sections_end(all, &error));
    sections_free(all);
    cable_settle();
    other_mac = true;
    g_autoptr(GByteArray) offer = dhcp(&g, 1);
    other_mac = false;
    g_assert_cmpmem(offer->data + 16, 4, "\x0a\x00\x02\x10", 4);
    end(&f);
    end(&g);
}

/* --- arguments */

static void test_arguments(void)
{
    static const struct {
        const char *text, *message; /* NULL: it is good */
    } rows[] = {
        {"user,id=n", NULL},
        {"user,id=n,net=10.1.0.0/255.255.0.0,restrict=on,ipv6=off,hostfwd=tcp::2222-:22,hostfwd=udp:127.0.0.1:53-10.1.0.15:53",
         NULL},
        {"user,id=n,guestfwd=tcp:10.0.2.100:80-cmd:cat -n,guestfwd=:10.0.2.101:80-unix:/run/x", NULL},
        {"user,id=n,net=10.0.2.0/33", "net=10.0.2.0/33: the mask is not 4 to 32 bits"},
        {"user,id=n,net=10.0.2.0/30", "net=10.0.2.0/30 is too small for the addresses that it needs"},
        {"user,id=n,net=10.0.2.0/255.0.255.0", "net=10.0.2.0/255.0.255.0: the mask has holes"},
        {"user,id=n,net=ten", "net=ten is not an IPv4 address"},
        {"user,id=n,host=10.0.3.2", "host=10.0.3.2 is no host of the network"},
        {"user,id=n,host=10.0.2.255", "host=10.0.2.255 is no host of the network"},
        {"user,id=n,host=10.0.2.3", "host= and dns= must differ"},
        {"user,id=n,dhcpstart=10.0.2.2", "dhcpstart= must not be the host's or the name server's"},
        {"user,id=n,ipv4=off,ipv6=off", "with ipv4=off and ipv6=off nothing is left"},
        {"user,id=n,ipv6-net=fec0::/127", "ipv6-net=fec0::/127: the prefix is not 1 to 126 bits"},
        {"user,id=n,ipv6-host=fe80::1", "ipv6-host=fe80::1 is not in the network"},
        {"user,id=n,smb=/tmp", "smb= is not supported; tftp= hands files to a guest"},
        {"user,id=n,hostfwd=2222-22", "hostfwd=2222-22 is not [tcp|udp]:[HOST]:PORT-[GUEST]:PORT"},
        {"user,id=n,hostfwd=icmp::1-:1", "hostfwd=icmp::1-:1: 'icmp' is neither tcp nor udp"},
        {"user,id=n,hostfwd=tcp::1-:70000", "hostfwd=tcp::1-:70000: a port is missing, or no number up to 65535"},
        {"user,id=n,hostfwd=tcp:host:1-:1", "hostfwd=host is not an IPv4 address"},
        {"user,id=n,guestfwd=tcp:10.0.2.100:80", "guestfwd=tcp:10.0.2.100:80 is not [tcp]:SERVER:PORT-cmd:COMMAND or -unix:PATH"},
        {"user,id=n,guestfwd=tcp:10.0.2.100:80-tcp:x:1",
         "guestfwd=tcp:10.0.2.100:80-tcp:x:1: to 'tcp:x:1' is not yet supported; to cmd:COMMAND and unix:PATH is"},
        {"user,id=n,guestfwd=tcp:10.0.2.2:80-cmd:x",
         "guestfwd=tcp:10.0.2.2:80-cmd:x: the server must be of the network, and not its host"},
    };
    FOR_ROWS (i, rows) {
        g_autofree char *id = NULL, *message = g_strdup_printf("-netdev %s: %s", rows[i].text, rows[i].message);
        g_autoptr(GError) error = NULL;
        bool ok = net_option_check(rows[i].text, &id, &error);
        g_assert_cmpstr(error ? error->message : NULL, ==, rows[i].message ? message : NULL);
        g_assert_true(ok == !rows[i].message);
    }
}

static void test_a_directory_that_is_not_there(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(net_new("user,id=n,tftp=/nonexistent/dir", &error));
    g_assert_cmpstr(error->message, ==,
                    "-netdev user,id=n,tftp=/nonexistent/dir: cannot use tftp=/nonexistent/dir: No such file or directory");
}

static void test_absent(void)
{
    g_test_skip("built without libslirp");
}

UNIT_TESTS(net_user)
{
    if (net_user.absent) {
        g_test_add_func("/net-user/absent", test_absent);
        return;
    }
    g_test_add_func("/net-user/a-lease", test_a_lease);
    g_test_add_func("/net-user/another-network", test_another_network);
    g_test_add_func("/net-user/a-file", test_a_file);
    g_test_add_func("/net-user/an-answer-that-waited-for-arp", test_an_answer_that_waited_for_arp);
    g_test_add_func("/net-user/the-host-is-reached-unless-restricted", test_the_host_is_reached_unless_restricted);
    g_test_add_func("/net-user/a-forwarded-port", test_a_forwarded_port);
    g_test_add_func("/net-user/a-lost-segment-comes-again", test_a_lost_segment_comes_again);
    g_test_add_func("/net-user/a-card-without-room-stops-the-host", test_a_card_without_room_stops_the_host);
    g_test_add_func("/net-user/leases-are-saved", test_leases_are_saved);
    g_test_add_func("/net-user/arguments", test_arguments);
    g_test_add_func("/net-user/a-directory-that-is-not-there", test_a_directory_that_is_not_there);
}
