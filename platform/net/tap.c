/* SPDX-License-Identifier: MIT
 *
 * -netdev tap: a network interface of the host, which its administrator has made and configured.
 */
#include "platform/net/priv.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

typedef struct Tap {
    Net net;
    int fd;
    NetWatch *watch;
    bool want_out;
    uint8_t frame[NET_FRAME_MAX];
} Tap;

static void want(Tap *t)
{
    net_watch_want(t->watch, (t->net.stopped ? 0 : G_IO_IN) | (t->want_out ? G_IO_OUT : 0));
}

static bool tap_send(Net *net, const struct iovec *piece, unsigned n, size_t length)
{
    Tap *t = (Tap *)net;
    ssize_t sent;
    do
        sent = writev(t->fd, piece, (int)n);
    while (sent < 0 && errno == EINTR);
    if (sent < 0 && errno == EAGAIN) {
        t->want_out = true;
        want(t);
        return false;
    }
    net->n_dropped += sent < 0; /* the interface is down */
    return true;
}

static void tap_ready(void *opaque, GIOCondition condition)
{
    Tap *t = opaque;
    if (condition & G_IO_OUT) {
        t->want_out = false;
        net_sendable(&t->net);
    }
    for (unsigned i = 0; i < NET_BURST && !t->net.stopped; i++) {
        ssize_t n = read(t->fd, t->frame, sizeof(t->frame));
        if (n <= 0)
            break;
        net_deliver(&t->net, t->frame, (size_t)n);
    }
    want(t);
}

static void tap_resume(Net *net)
{
    want((Tap *)net);
}

static bool open_interface(Tap *t, const NetSpec *spec, GError **error)
{
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
    const char *name = net_spec_text(spec, "ifname");
    t->fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (t->fd < 0)
        return net_failed(spec, error, "open /dev/net/tun");
    g_strlcpy(request.ifr_name, name ? name : "tap%d", sizeof(request.ifr_name));
    return ioctl(t->fd, TUNSETIFF, &request) == 0 ? true : net_failed(spec, error, "use the interface %s", name ? name : "tap%d");
}

static bool inherit(Tap *t, const NetSpec *spec, const char *text, GError **error)
{
    struct ifreq request = {0};
    guint64 fd;
    g_ascii_string_to_unsigned(text, 10, 3, G_MAXINT, &fd, NULL); /* tap_check() has looked */
    if (ioctl((int)fd, TUNGETIFF, &request) || fcntl((int)fd, F_SETFL, O_NONBLOCK) || fcntl((int)fd, F_SETFD, FD_CLOEXEC))
        return net_failed(spec, error, "use descriptor %s as a tap", text);
    t->fd = (int)fd;
    return true;
}

static bool tap_open(Net *net, const NetSpec *spec, GError **error)
{
    Tap *t = (Tap *)net;
    const char *fd = net_spec_text(spec, "fd");
    t->fd = -1;
    if (fd ? !inherit(t, spec, fd, error) : !open_interface(t, spec, error))
        return false;
    t->watch = net_watch_new(t->fd, tap_ready, t);
    want(t);
    return true;
}

static void tap_close(Net *net)
{
    Tap *t = (Tap *)net;
    net_watch_free(t->watch);
    if (t->fd >= 0)
        close(t->fd);
}

/* Keys of QEMU's that mean work which is not done here. */
static const struct {
    const char *key, *why;
} absent[] = {
    {"helper", "no program is called to set the interface up; make it first, and name it by ifname="},
    {"br", "no program is called to join a bridge; join the interface first, and name it by ifname="},
    {"fds", "a card has one queue, so it is fd="},
    {"vhostfd", "frames are moved by this program alone"},
    {"vhostfds", "frames are moved by this program alone"},
};

static bool tap_check(const NetSpec *spec, GError **error)
{
    static const char *const scripts[] = {"script", "downscript"};
    const char *fd = net_spec_text(spec, "fd"), *name = net_spec_text(spec, "ifname");
    guint64 number;
    for (size_t i = 0; i < G_N_ELEMENTS(scripts); i++) {
        const char *script = net_spec_text(spec, scripts[i]);
        if (script && strcmp(script, "no"))
            return net_spec_bad(spec, error, "%s=%s: scripts are not called here; configure the interface first, and say no",
                                scripts[i], script);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(absent); i++)
        if (net_spec_text(spec, absent[i].key))
            return net_spec_bad(spec, error, "%s=: %s", absent[i].key, absent[i].why);
    if (net_spec_on(spec, "vhost", false) || net_spec_on(spec, "vhostforce", false))
        return net_spec_bad(spec, error, "vhost=on: frames are moved by this program alone");
    if (net_spec_number(spec, "queues", 1) != 1)
        return net_spec_bad(spec, error, "queues=: a card has one");
    if (fd && name)
        return net_spec_bad(spec, error, "fd= and ifname= exclude each other");
    if (fd && !g_ascii_string_to_unsigned(fd, 10, 3, G_MAXINT, &number, NULL))
        return net_spec_bad(spec, error, "'%s' is not the number of a descriptor", fd);
    if (name && strlen(name) >= IFNAMSIZ)
        return net_spec_bad(spec, error, "ifname=%s is longer than %d characters", name, IFNAMSIZ - 1);
    return true;
}

static const NetKey tap_keys[] = {
    {"ifname", NET_KEY_TEXT, false},     {"fd", NET_KEY_TEXT, false},       {"script", NET_KEY_TEXT, false},
    {"downscript", NET_KEY_TEXT, false}, {"helper", NET_KEY_TEXT, false},   {"br", NET_KEY_TEXT, false},
    {"fds", NET_KEY_TEXT, false},        {"vhost", NET_KEY_SWITCH, false},  {"vhostforce", NET_KEY_SWITCH, false},
    {"vhostfd", NET_KEY_TEXT, false},    {"vhostfds", NET_KEY_TEXT, false}, {"queues", NET_KEY_NUMBER, false},
    {"vnet_hdr", NET_KEY_SWITCH, false}, {"sndbuf", NET_KEY_TEXT, false}, /* how QEMU does it, and nothing that a guest sees */
    {NULL, NET_KEY_TEXT, false},
};

const NetKind net_tap = {
    .name = "tap",
    .doc = "a tap interface of the host",
    .keys = tap_keys,
    .size = sizeof(Tap),
    .check = tap_check,
    .open = tap_open,
    .close = tap_close,
    .send = tap_send,
    .resume = tap_resume,
};
