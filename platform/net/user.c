/* SPDX-License-Identifier: MIT
 *
 * -netdev user: a network of private addresses, whose router is libslirp: it speaks to the world by the host's sockets, as a program of its
 * user.
 *
 * libslirp is no library for threads, and here the main thread alone calls it, without the device lock, for it reads files and makes
 * connections.  A card's frames wait in `tx` for it.  A thread of its own would be one more to switch to for each frame, since cards get
 * theirs in the main thread, and one more to stop before state is saved.
 */
#include "platform/net/user.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#include "cpu/log.h"
#include "platform/base/lock.h"

enum {
    SOCKETS_MAX = 512,        /* that a guest may have open: each has buffers of 256 KiB, and the process needs descriptors, too */
    FRAGMENTS_MAX = 32 << 20, /* bytes of IPv4 fragments, which libslirp keeps for … */
    FRAGMENTS_US = 30 * 1000000, /* … so long */
};

typedef struct User {
    Net net;
    Slirp *slirp;
    GSource *source;
    NetQueue tx;       /* from the card; under the device lock, the rest is the main thread's */
    NetQueue rx;       /* to the card, of one dispatch */
    bool stalled;      /* the card has no room: the host's sockets are not read */
    bool filled;       /* polled as libslirp wants */
    int64_t deadline;  /* µs: when it wants to be called although nothing happened */
    GPtrArray *polled; /* of GPollFD*: n_polled in use, the rest is spare */
    unsigned n_polled;
    unsigned n_sockets, max_sockets;
    size_t fragments[2]; /* bytes in this period of FRAGMENTS_US, and in the one before */
    int64_t period;
} User;

/* --- frames to the card */

static void deliver(User *u)
{
    if (!u->rx.n)
        return;
    device_lock();
    u->stalled = !net_deliver_all(&u->net, &u->rx);
    device_unlock();
}

static ssize_t send_packet(const void *frame, size_t length, void *opaque)
{
    User *u = opaque;
    const struct iovec piece = {(void *)frame, length};
    if (length < NET_HEADER || length > NET_FRAME_MAX)
        return (ssize_t)length;
    if (!net_queue_add(&u->rx, &piece, 1, length)) {
        deliver(u);
        net_queue_add(&u->rx, &piece, 1, length);
    }
    return (ssize_t)length;
}

/* --- frames from the card */

static bool user_send(Net *net, const struct iovec *piece, unsigned n, size_t length)
{
    User *u = (User *)net;
    if (!net_queue_add(&u->tx, piece, n, length))
        return false;
    if (u->tx.n == 1)
        g_source_set_ready_time(u->source, 0);
    return true;
}

/*
 * A guest could have libslirp keep fragments and open sockets without end: it has bounds for neither.  So a frame that would take it past
 * one is lost, as in a router that has no memory left.
 */
static bool is_too_much(User *u, const uint8_t *frame, size_t length)
{
    enum { IP = NET_HEADER, IP_MIN = 20, PROTOCOL_TCP = 6, PROTOCOL_UDP = 17, TCP_FLAGS = 13, TCP_SYN = 2, TCP_ACK = 16 };
    bool is_ipv4 = length >= IP + IP_MIN && frame[12] == 0x08 && frame[13] == 0x00;
    bool is_ipv6 = length >= IP + 40 + IP_MIN && frame[12] == 0x86 && frame[13] == 0xdd;
    if (!is_ipv4 && !is_ipv6)
        return false;
    if (is_ipv4 && ((frame[IP + 6] & 0x3f) || frame[IP + 7])) { /* more fragments, or an offset */
        int64_t period = g_get_monotonic_time() / FRAGMENTS_US;
        if (period != u->period) {
            u->fragments[1] = period == u->period + 1 ? u->fragments[0] : 0;
            u->fragments[0] = 0;
            u->period = period;
        }
        u->fragments[0] += length;
        return u->fragments[0] + u->fragments[1] > FRAGMENTS_MAX;
    }
    if (u->n_sockets < u->max_sockets)
        return false;
    size_t payload = IP + (is_ipv6 ? 40 : 4 * (frame[IP] & 0x0f));
    unsigned protocol = is_ipv6 ? frame[IP + 6] : frame[IP + 9];
    return protocol != PROTOCOL_TCP || payload + TCP_FLAGS >= length ||
           (frame[payload + TCP_FLAGS] & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

static void take(User *u)
{
    size_t length;
    device_lock();
    NetQueue tx = u->tx;
    u->tx = (NetQueue){0};
    net_sendable(&u->net);
    device_unlock();
    for (const uint8_t *frame; (frame = net_queue_peek(&tx, &length)); net_queue_drop(&tx)) {
        if (is_too_much(u, frame, length))
            u->net.n_dropped++;
        else
            slirp_input(u->slirp, frame, (int)length);
    }
    net_queue_clear(&tx);
}

/* --- the main loop */

static int add_poll(int fd, int events, void *opaque)
{
    User *u = opaque;
    if (u->n_polled == u->polled->len) {
        GPollFD *spare = g_new0(GPollFD, 1);
        spare->fd = -1;
        g_ptr_array_add(u->polled, spare);
    }
    GPollFD *p = u->polled->pdata[u->n_polled];
    if (p->fd != fd) {
        if (p->fd >= 0)
            g_source_remove_poll(u->source, p);
        p->fd = fd;
        g_source_add_poll(u->source, p);
    }
    p->events = (gushort)((events & SLIRP_POLL_IN ? G_IO_IN : 0) | (events & SLIRP_POLL_OUT ? G_IO_OUT : 0) |
                          (events & SLIRP_POLL_PRI ? G_IO_PRI : 0) | (events & SLIRP_POLL_ERR ? G_IO_ERR : 0) |
                          (events & SLIRP_POLL_HUP ? G_IO_HUP : 0));
    p->revents = 0;
    return (int)u->n_polled++;
}

static int get_revents(int i, void *opaque)
{
    const User *u = opaque;
    const GPollFD *p = u->polled->pdata[i];
    return (p->revents & G_IO_IN ? SLIRP_POLL_IN : 0) | (p->revents & G_IO_OUT ? SLIRP_POLL_OUT : 0) |
           (p->revents & G_IO_PRI ? SLIRP_POLL_PRI : 0) | (p->revents & G_IO_ERR ? SLIRP_POLL_ERR : 0) |
           (p->revents & G_IO_HUP ? SLIRP_POLL_HUP : 0);
}

typedef struct UserSource {
    GSource source;
    User *user;
} UserSource;

static gboolean prepare(GSource *source, gint *timeout)
{
    User *u = ((UserSource *)source)->user;
    uint32_t wait = UINT32_MAX;
    u->n_polled = 0;
    u->filled = !u->stalled;
    if (u->filled)
        slirp_pollfds_fill(u->slirp, &wait, add_poll, u);
    for (unsigned i = u->n_polled; i < u->polled->len; i++) {
        GPollFD *p = u->polled->pdata[i];
        if (p->fd >= 0)
            g_source_remove_poll(source, p);
        p->fd = -1;
    }
    /* How long it may wait is counted from the last time it was called, not from the last turn of a main loop that others wake, too. */
    int64_t now = g_get_monotonic_time();
    if (wait != UINT32_MAX)
        u->deadline = MIN(u->deadline, now + INT64_C(1000) * wait);
    *timeout = !u->filled || u->deadline == G_MAXINT64 ? -1 : (gint)CLAMP((u->deadline - now + 999) / 1000, 0, G_MAXINT);
    return FALSE;
}

static gboolean check(GSource *source)
{
    const User *u = ((UserSource *)source)->user;
    for (unsigned i = 0; i < u->n_polled; i++)
        if (((const GPollFD *)u->polled->pdata[i])->revents)
            return TRUE;
    return u->filled && g_get_monotonic_time() >= u->deadline;
}

static gboolean dispatch(GSource *source, GSourceFunc callback, gpointer opaque)
{
    User *u = ((UserSource *)source)->user;
    g_source_set_ready_time(source, -1);
    take(u); /* first: a frame may free what libslirp holds back (an ARP reply does), and only slirp_pollfds_poll() sends that */
    if (u->filled) {
        slirp_pollfds_poll(u->slirp, 0, get_revents, u);
        u->deadline = G_MAXINT64;
    }
    u->filled = false;
    deliver(u);
    return G_SOURCE_CONTINUE;
}

static void user_resume(Net *net)
{
    User *u = (User *)net;
    u->stalled = false;
    g_source_set_ready_time(u->source, 0);
}

/* --- what else libslirp asks for */

static void guest_error(const char *message, void *opaque)
{
    LOG(LOG_GUEST_ERRORS, "%s: %s", ((const User *)opaque)->net.id, message);
}

static int64_t clock_get_ns(void *opaque)
{
    return g_get_monotonic_time() * 1000;
}

typedef struct UserTimer {
    GSource source;
    User *user;
    SlirpTimerCb fn;
    void *opaque;
} UserTimer;

static gboolean timer_dispatch(GSource *source, GSourceFunc callback, gpointer opaque)
{
    UserTimer *timer = (UserTimer *)source;
    User *u = timer->user;
    g_source_set_ready_time(source, -1);
    timer->fn(timer->opaque);
    deliver(u);
    return G_SOURCE_CONTINUE;
}

static void *timer_new(SlirpTimerCb fn, void *fn_opaque, void *opaque)
{
    static GSourceFuncs funcs = {.dispatch = timer_dispatch};
    UserTimer *timer = (UserTimer *)g_source_new(&funcs, sizeof(UserTimer));
    timer->user = opaque;
    timer->fn = fn;
    timer->opaque = fn_opaque;
    g_source_attach(&timer->source, NULL);
    return timer;
}

static void timer_free(void *timer, void *opaque)
{
    g_source_destroy(timer);
    g_source_unref(timer);
}

static void timer_mod(void *timer, int64_t at_ms, void *opaque)
{
    g_source_set_ready_time(timer, at_ms * 1000);
}

static void register_poll_fd(int fd, void *opaque)
{
    ((User *)opaque)->n_sockets++;
}

static void unregister_poll_fd(int fd, void *opaque)
{
    User *u = opaque;
    u->n_sockets -= u->n_sockets > 0;
}

static void notify(void *opaque) {}

static const SlirpCb callbacks = {
    .send_packet = send_packet,
    .guest_error = guest_error,
    .clock_get_ns = clock_get_ns,
    .timer_new = timer_new,
    .timer_free = timer_free,
    .timer_mod = timer_mod,
    .register_poll_fd = register_poll_fd,
    .unregister_poll_fd = unregister_poll_fd,
    .notify = notify,
};

/* --- opening */

static bool add_forward(User *u, const NetSpec *spec, const UserForward *f, GError **error)
{
    char host[INET_ADDRSTRLEN];
    inet_ntop(AF_INET, &f->host, host, sizeof(host));
    if (slirp_add_hostfwd(u->slirp, f->udp, f->host, (int)f->host_port, f->guest, (int)f->guest_port))
        return net_failed(spec, error, "forward %s port %u of %s", f->udp ? "UDP" : "TCP", f->host_port, host);
    if (ntohl(f->host.s_addr) >> 24 != 127)
        message_warning("%s: whoever can reach %s port %u reaches the guest", spec->what, host, f->host_port);
    return true;
}

static bool add_service(User *u, const NetSpec *spec, UserService s, GError **error)
{
    int failed = s.command ? slirp_add_exec(u->slirp, s.command, &s.server, (int)s.port)
                           : slirp_add_unix(u->slirp, s.path, &s.server, (int)s.port);
    return failed ? net_spec_bad(spec, error, "guestfwd=: port %u of this server is in use", s.port) : true;
}

static bool begin(User *u, const NetSpec *spec, const UserConfig *c, GError **error)
{
    static GSourceFuncs funcs = {.prepare = prepare, .check = check, .dispatch = dispatch};
    struct rlimit limit;
    u->max_sockets = SOCKETS_MAX;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur / 2 < u->max_sockets)
        u->max_sockets = (unsigned)(limit.rlim_cur / 2);
    if (!(u->slirp = slirp_new(&c->slirp, &callbacks, u)))
        return net_spec_bad(spec, error, "libslirp refuses this network");
    for (guint i = 0; i < c->forwards->len; i++)
        if (!add_forward(u, spec, &g_array_index(c->forwards, UserForward, i), error))
            return false;
    for (guint i = 0; i < c->services->len; i++)
        if (!add_service(u, spec, g_array_index(c->services, UserService, i), error))
            return false;
    u->source = g_source_new(&funcs, sizeof(UserSource));
    ((UserSource *)u->source)->user = u;
    g_source_attach(u->source, NULL);
    return true;
}

static bool user_check(const NetSpec *spec, GError **error)
{
    UserConfig c;
    bool ok = user_config_parse(spec, &c, error);
    user_config_clear(&c);
    return ok;
}

static bool user_open(Net *net, const NetSpec *spec, GError **error)
{
    User *u = (User *)net;
    UserConfig c;
    u->polled = g_ptr_array_new_with_free_func(g_free);
    bool ok = user_config_parse(spec, &c, error);
    /* libslirp checks this when a guest asks for a file, but a wrong directory is the user's to know of. */
    if (ok && c.slirp.tftp_path && !g_file_test(c.slirp.tftp_path, G_FILE_TEST_IS_DIR)) {
        errno = g_file_test(c.slirp.tftp_path, G_FILE_TEST_EXISTS) ? ENOTDIR : ENOENT;
        ok = net_failed(spec, error, "use tftp=%s", c.slirp.tftp_path);
    }
    ok = ok && begin(u, spec, &c, error);
    user_config_clear(&c);
    return ok;
}

static void user_close(Net *net)
{
    User *u = (User *)net;
    if (u->source) {
        g_source_destroy(u->source);
        g_source_unref(u->source);
    }
    if (u->slirp)
        slirp_cleanup(u->slirp);
    net_queue_clear(&u->tx);
    net_queue_clear(&u->rx);
    g_clear_pointer(&u->polled, g_ptr_array_unref);
}

/* --- saved state: libslirp's has the guests' leases.  Connections are the host's, and end. */

static ssize_t write_state(const void *data, size_t size, void *opaque)
{
    g_byte_array_append(opaque, data, (guint)size);
    return (ssize_t)size;
}

typedef struct SavedState {
    const uint8_t *at;
    size_t left;
} SavedState;

static ssize_t read_state(void *data, size_t size, void *opaque)
{
    SavedState *s = opaque;
    size_t n = MIN(size, s->left);
    memset(data, 0, size); /* libslirp does not look how much it got */
    memcpy(data, s->at, n);
    s->at += n;
    s->left -= n;
    return (ssize_t)n;
}

static void user_save(const Net *net, SectionWriter *to)
{
    const User *u = (const User *)net;
    g_autoptr(GByteArray) state = g_byte_array_new();
    slirp_state_save(u->slirp, write_state, state);
    section_put_u64(to, "slirp.version", (uint64_t)slirp_state_version());
    section_put_bytes(to, "slirp", state->data, state->len);
    net_queue_save(&u->tx, to, "tx");
}

static void user_load(Net *net, Section *from)
{
    enum { STATE_MAX = 16 << 20 };
    User *u = (User *)net;
    SavedState state;
    uint64_t version = section_get_u64(from, "slirp.version", 0);
    state.at = section_get_bytes(from, "slirp", STATE_MAX, &state.left);
    if (!state.at || version > (uint64_t)slirp_state_version() ||
        slirp_state_load(u->slirp, (int)version, read_state, &state) < 0 || state.left)
        section_refuse(from, "slirp: state that this libslirp cannot load");
    net_queue_load(&u->tx, from, "tx");
    g_source_set_ready_time(u->source, 0);
}

const NetKind net_user = {
    .name = "user",
    .doc = "a network of private addresses behind the host's own, with DHCP, DNS and TFTP; forwarded ports",
    .keys = user_keys,
    .size = sizeof(User),
    .check = user_check,
    .open = user_open,
    .close = user_close,
    .whole = true,
    .send = user_send,
    .resume = user_resume,
    .save = user_save,
    .load = user_load,
};
