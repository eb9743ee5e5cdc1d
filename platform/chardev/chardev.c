/* SPDX-License-Identifier: MIT
 *
 * Bytes between a front end (a UART) and descriptors of the host, without blocking either.  Sources
 * run in the main thread and take the device lock; a vCPU writes directly as long as the host takes
 * it, and queues after that.
 */
#include "platform/chardev/priv.h"

#include <errno.h>
#include <glib-unix.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cpu/log.h"
#include "platform/base/lock.h"

enum {
    FLUSH_PATIENCE_MS = 1000, /* how long the program's end waits for a reader that takes no byte */
    FLUSH_MAX_MS = 10000,     /* how long it waits for one that takes them slowly */
};

GSource *chardev_watch(int fd, GIOCondition condition, GSourceFunc fn, Chardev *chr)
{
    GSource *source = g_unix_fd_source_new(fd, condition);
    g_source_set_callback(source, fn, chr, NULL);
    g_source_attach(source, NULL);
    return source;
}

void chardev_unwatch(GSource **source)
{
    if (!*source)
        return;
    g_source_destroy(*source);
    g_source_unref(*source);
    *source = NULL;
}

static void tell(Chardev *chr, ChardevEvent event)
{
    if (chr->handlers && chr->handlers->event)
        chr->handlers->event(chr->opaque, event);
}

/* --- output */

/* Bytes written, 0 when the host takes none now; −1: the other end is gone or broken, errno says how. */
static ssize_t push(Chardev *chr, const uint8_t *data, size_t size)
{
    bool datagram = chr->kind == CHARDEV_UDP, socket = datagram || chr->kind == CHARDEV_SOCKET;
    ssize_t n;
    if (datagram)
        size = MIN(size, CHARDEV_DATAGRAM_OUT);
    do
        n = socket ? send(chr->out_fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL) : write(chr->out_fd, data, size);
    while (n < 0 && errno == EINTR);
    if (n < 0 && datagram && errno != EAGAIN) /* nobody takes datagrams just now, which who sends them need not know */
        return (ssize_t)size;
    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? 0 : n;
}

static void output_failed(Chardev *chr)
{
    int why = errno;
    bool cable = chr->kind == CHARDEV_PTY || chr->kind == CHARDEV_SOCKET;
    if (cable) { /* unplugged, which is no fault */
        chardev_lost(chr);
        return;
    }
    if (!chr->warned)
        message_output_lost(chr->label, why);
    chr->warned = true;
    g_byte_array_set_size(chr->out, 0);
    chardev_unwatch(&chr->out_watch);
    if (chr->out_fd != chr->in_fd)
        close(chr->out_fd);
    chr->out_fd = -1;
}

static void drain(Chardev *chr)
{
    while (chr->out->len) {
        ssize_t n = push(chr, chr->out->data, chr->out->len);
        if (n < 0)
            output_failed(chr);
        if (n <= 0)
            return;
        g_byte_array_remove_range(chr->out, 0, (guint)n);
    }
}

static void pay_writable(Chardev *chr)
{
    if (!chr->starved || chr->out->len > CHARDEV_QUEUE / 2)
        return;
    chr->starved = false;
    if (chr->handlers && chr->handlers->writable)
        chr->handlers->writable(chr->opaque);
    if (chr->monitor && chr->monitor->writable)
        chr->monitor->writable(chr->monitor_opaque);
}

static gboolean out_ready(gint fd, GIOCondition condition, gpointer opaque)
{
    Chardev *chr = opaque;
    device_lock();
    if (chr->out_watch) { /* otherwise the watch was removed while this thread waited for the lock */
        drain(chr);
        if (!chr->out->len)
            chardev_unwatch(&chr->out_watch);
        pay_writable(chr);
    }
    device_unlock();
    return G_SOURCE_CONTINUE; /* a destroyed source stays destroyed */
}

/* At most two pieces of the circle: from where it begins to its end, and from its start. */
static void ring_copy_in(ChardevRing *ring, size_t at, const uint8_t *data, size_t size)
{
    size_t first = MIN(size, ring->size - at);
    memcpy(ring->data + at, data, first);
    memcpy(ring->data, data + first, size - first);
}

/* The oldest bytes make room for the newest. */
static void ring_put(ChardevRing *ring, const uint8_t *data, size_t size)
{
    if (size > ring->size) {
        data += size - ring->size;
        size = ring->size;
    }
    ring_copy_in(ring, (ring->begin + ring->used) & (ring->size - 1), data, size);
    size_t lost = size - MIN(size, ring->size - ring->used);
    ring->begin = (ring->begin + lost) & (ring->size - 1);
    ring->used += size - lost;
}

bool chardev_ring_read(Chardev *chr, GByteArray *to, size_t size)
{
    ChardevRing *ring = &chr->ring;
    if (chr->kind != CHARDEV_RINGBUF)
        return false;
    for (size_t n; (n = MIN(MIN(size, ring->used), ring->size - ring->begin)) > 0; size -= n) {
        g_byte_array_append(to, ring->data + ring->begin, (guint)n);
        ring->begin = (ring->begin + n) & (ring->size - 1);
        ring->used -= n;
    }
    return true;
}

size_t chardev_room(const Chardev *chr)
{
    return chr->out_fd < 0 ? CHARDEV_QUEUE : CHARDEV_QUEUE - MIN(chr->out->len, CHARDEV_QUEUE);
}

bool chardev_is_open(const Chardev *chr)
{
    return chr->connected || chr->kind == CHARDEV_NULL || chr->kind == CHARDEV_RINGBUF;
}

size_t chardev_write_raw(Chardev *chr, const uint8_t *data, size_t size)
{
    size_t sent = 0;
    if (chr->out_fd < 0)
        return size;
    if (!chr->out->len) {
        ssize_t n = push(chr, data, size);
        if (n < 0) {
            output_failed(chr);
            return size;
        }
        sent = (size_t)n;
    }
    size_t queued = MIN(size - sent, CHARDEV_QUEUE - MIN(chr->out->len, CHARDEV_QUEUE));
    g_byte_array_append(chr->out, data + sent, (guint)queued);
    if (chr->out->len && !chr->out_watch)
        chr->out_watch = chardev_watch(chr->out_fd, G_IO_OUT | G_IO_HUP | G_IO_ERR, G_SOURCE_FUNC(out_ready), chr);
    chr->starved |= sent + queued < size;
    return sent + queued;
}

/* Telnet's IAC is doubled where it is data.  What is handed on always fits. */
static size_t write_telnet(Chardev *chr, const uint8_t *data, size_t size)
{
    enum { IAC = 0xff };
    uint8_t out[512];
    size_t done = 0;
    while (done < size) {
        size_t room = MIN(chardev_room(chr), sizeof(out)), n = 0;
        for (; done < size && n + 2 <= room; done++) {
            out[n++] = data[done];
            if (data[done] == IAC)
                out[n++] = IAC;
        }
        if (!n) {
            chr->starved = true;
            break;
        }
        chardev_write_raw(chr, out, n);
    }
    return done;
}

/* A log that takes no more is said once. */
static void copy_to_log(Chardev *chr, const uint8_t *data, size_t size)
{
    while (size && chr->log_fd >= 0) {
        ssize_t n = write(chr->log_fd, data, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            message_output_lost(chr->label, errno);
            close(chr->log_fd);
            chr->log_fd = -1;
            return;
        }
        data += n;
        size -= (size_t)n;
    }
}

size_t chardev_write(Chardev *chr, const uint8_t *data, size_t size)
{
    if (!chr->connected)
        chardev_poll_connection(chr);
    if (chr->kind == CHARDEV_RINGBUF)
        ring_put(&chr->ring, data, size);
    size_t n = chr->telnet ? write_telnet(chr, data, size) : chardev_write_raw(chr, data, size);
    copy_to_log(chr, data, n);
    return n;
}

void chardev_flush(Chardev *chr)
{
    gint64 end = g_get_monotonic_time() + FLUSH_MAX_MS * 1000;
    while (chr->out->len && chr->out_fd >= 0) {
        struct pollfd p = {.fd = chr->out_fd, .events = POLLOUT};
        int n = poll(&p, 1, FLUSH_PATIENCE_MS);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0 || g_get_monotonic_time() > end) {
            message_warning("%s: the last %u bytes of its output were not taken", chr->label, chr->out->len);
            return;
        }
        drain(chr);
    }
}

/* --- input */

static size_t front_room(const Chardev *chr)
{
    return chr->handlers && chr->handlers->can_receive ? chr->handlers->can_receive(chr->opaque) : 0;
}

static void deliver_queue(Chardev *chr)
{
    uint8_t piece[256];
    size_t n;
    while (chr->in->len && (n = MIN(MIN(front_room(chr), chr->in->len), sizeof(piece)))) {
        memcpy(piece, chr->in->data, n);
        g_byte_array_remove_range(chr->in, 0, (guint)n); /* before the handler is called, since it may call this function again */
        chr->handlers->receive(chr->opaque, piece, n);
    }
}

/* What is left of a datagram that is not read is lost: so one is read when there is room for a whole one, or none is kept of the last. */
static size_t input_room(const Chardev *chr)
{
    size_t room = chr->mux ? chardev_mux_room(chr) : front_room(chr);
    if (chr->kind != CHARDEV_UDP)
        return room;
    bool whole = chr->mux ? room >= CHARDEV_DATAGRAM_IN : room && !chr->in->len;
    return whole ? CHARDEV_DATAGRAM_IN : 0;
}

static void input_ended(Chardev *chr)
{
    chardev_unwatch(&chr->in_watch);
    if (chr->kind == CHARDEV_PTY || chr->kind == CHARDEV_SOCKET)
        chardev_lost(chr);
    else if (chr->in_fd >= 0) { /* the end of input is not the end of the machine */
        if (chr->in_fd != chr->out_fd)
            close(chr->in_fd);
        chr->in_fd = -1;
    }
}

static void take_input(Chardev *chr, const uint8_t *data, size_t size)
{
    if (chr->mux)
        chardev_mux_input(chr, data, size);
    else if (chr->kind == CHARDEV_UDP)
        g_byte_array_append(chr->in, data, (guint)size);
    else if (size)
        chr->handlers->receive(chr->opaque, data, size);
    deliver_queue(chr);
}

static void read_some(Chardev *chr)
{
    uint8_t data[4096];
    size_t room = MIN(input_room(chr), sizeof(data));
    if (!room) { /* chardev_accept_input() watches again */
        chardev_unwatch(&chr->in_watch);
        return;
    }
    ssize_t n = read(chr->in_fd, data, room);
    if (n > 0)
        take_input(chr, data, chr->telnet ? chardev_telnet_input(chr, data, (size_t)n) : (size_t)n);
    else if (chr->kind != CHARDEV_UDP && (n == 0 || (errno != EAGAIN && errno != EINTR)))
        input_ended(chr);
}

static gboolean in_ready(gint fd, GIOCondition condition, gpointer opaque)
{
    Chardev *chr = opaque;
    device_lock();
    if (chr->in_watch)
        read_some(chr);
    device_unlock();
    return G_SOURCE_CONTINUE;
}

void chardev_accept_input(Chardev *chr)
{
    deliver_queue(chr);
    if (chr->in_fd >= 0 && !chr->in_watch && input_room(chr))
        chr->in_watch = chardev_watch(chr->in_fd, G_IO_IN | G_IO_HUP | G_IO_ERR, G_SOURCE_FUNC(in_ready), chr);
}

/* --- life */

Chardev *chardev_alloc(const char *label, ChardevKind kind)
{
    Chardev *chr = g_new0(Chardev, 1);
    chr->label = g_strdup(label);
    chr->kind = kind;
    chr->in_fd = chr->out_fd = chr->pty_fd = chr->join_fd = chr->log_fd = -1;
    chr->escape_key = CHARDEV_ESCAPE;
    chr->out = g_byte_array_new();
    chr->in = g_byte_array_new();
    return chr;
}

void chardev_connect(Chardev *chr, int in_fd, int out_fd)
{
    chr->in_fd = in_fd;
    chr->out_fd = out_fd;
    chr->connected = true;
    if (chr->telnet)
        chardev_telnet_begin(chr);
    if (!chr->connected) /* the other end is gone already */
        return;
    tell(chr, CHARDEV_OPENED);
    chardev_accept_input(chr);
}

void chardev_disconnect(Chardev *chr)
{
    chardev_unwatch(&chr->in_watch);
    chardev_unwatch(&chr->out_watch);
    if (chr->in_fd >= 0)
        close(chr->in_fd);
    if (chr->out_fd >= 0 && chr->out_fd != chr->in_fd)
        close(chr->out_fd);
    chr->in_fd = chr->out_fd = -1;
    g_byte_array_set_size(chr->out, 0);
    if (!chr->connected)
        return;
    chr->connected = false;
    tell(chr, CHARDEV_CLOSED);
    pay_writable(chr);
}

static Chardev *chardev_from(const char *label, const char *option, const char *text, const ChardevSpec *spec, GError **error)
{
    Chardev *chr = chardev_alloc(label, spec->kind);
    chr->about = chardev_spec_describe(spec);
    chr->option = g_strconcat(option, " ", text, NULL);
    chr->mux = spec->mux;
    if (!chardev_open(chr, spec, error))
        g_clear_pointer(&chr, chardev_free);
    return chr;
}

Chardev *chardev_new(const char *option, const char *label, const char *text, GError **error)
{
    g_autoptr(GError) why = NULL;
    ChardevSpec spec = {0};
    if (!chardev_spec_parse(text, &spec, &why)) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s %s", option, why->message);
        return NULL;
    }
    Chardev *chr = chardev_from(label, option, text, &spec, error);
    chardev_spec_clear(&spec);
    return chr;
}

Chardev *chardev_option_new(const char *text, GError **error)
{
    ChardevSpec spec = {0};
    if (!chardev_option_parse(text, &spec, error))
        return NULL;
    Chardev *chr = chardev_from(spec.id, "-chardev", text, &spec, error);
    chardev_spec_clear(&spec);
    return chr;
}

void chardev_free(Chardev *chr)
{
    if (!chr)
        return;
    chr->handlers = NULL;
    chardev_disconnect(chr);
    chardev_unwatch(&chr->poll_timer);
    chardev_close_ends(chr);
    g_byte_array_unref(chr->out);
    g_byte_array_unref(chr->in);
    g_free(chr->ring.data);
    g_free(chr->label);
    g_free(chr->about);
    g_free(chr->option);
    g_free(chr);
}

void chardev_set_handlers(Chardev *chr, const ChardevHandlers *handlers, void *opaque)
{
    chr->handlers = handlers;
    chr->opaque = opaque;
    if (!handlers)
        chardev_unwatch(&chr->in_watch);
    if (handlers && chr->connected)
        tell(chr, CHARDEV_OPENED);
    chardev_accept_input(chr);
}

void chardev_set_quit(Chardev *chr, void (*quit)(void *opaque), void *opaque)
{
    chr->quit = quit;
    chr->quit_opaque = opaque;
}

const char *chardev_label(const Chardev *chr)
{
    return chr->label;
}

bool chardev_is_used(const Chardev *chr)
{
    return chr->handlers != NULL;
}

void chardev_send_break(Chardev *chr)
{
    tell(chr, CHARDEV_BREAK);
}

const char *chardev_describe(const Chardev *chr)
{
    return chr->about;
}

char *chardev_filename(const Chardev *chr)
{
    bool lacks_other_end = chr->kind == CHARDEV_SOCKET && !chr->connected;
    return g_strconcat(lacks_other_end ? "disconnected:" : "", chr->about, NULL);
}

/* --- saved */

void chardev_save(const Chardev *chr, SectionWriter *to)
{
    const ChardevRing *ring = &chr->ring;
    g_autofree uint8_t *kept = g_malloc(ring->used + 1);
    for (size_t i = 0; i < ring->used; i++)
        kept[i] = ring->data[(ring->begin + i) & (ring->size - 1)];
    section_put_bytes(to, "ring", kept, ring->used);
    section_put_bytes(to, "out", chr->out->data, chr->out->len);
    section_put_bytes(to, "in", chr->in->data, chr->in->len);
    section_put_u64(to, "escape", chr->escape);
    section_put_u64(to, "starved", chr->starved);
}

static void queue_load(GByteArray *queue, Section *from, const char *name, size_t max, bool wanted)
{
    size_t size;
    const uint8_t *data = section_get_bytes(from, name, max, &size);
    g_byte_array_set_size(queue, 0);
    if (data && wanted)
        g_byte_array_append(queue, data, (guint)size);
}

void chardev_load(Chardev *chr, Section *from)
{
    size_t size;
    const uint8_t *kept = section_get_bytes(from, "ring", chr->ring.size, &size);
    chr->ring.begin = chr->ring.used = 0;
    if (kept && size)
        ring_put(&chr->ring, kept, size);
    queue_load(chr->out, from, "out", CHARDEV_QUEUE, chr->out_fd >= 0);
    queue_load(chr->in, from, "in", CHARDEV_MUX_QUEUE, chr->mux || chr->kind == CHARDEV_UDP);
    chr->escape = section_get_u64(from, "escape", 0) && chr->mux;
    chr->starved = section_get_u64(from, "starved", 0);
    if (chr->out->len && !chr->out_watch)
        chr->out_watch = chardev_watch(chr->out_fd, G_IO_OUT | G_IO_HUP | G_IO_ERR, G_SOURCE_FUNC(out_ready), chr);
    if (!chr->out->len)
        pay_writable(chr);
    chardev_accept_input(chr);
}
