/* SPDX-License-Identifier: MIT
 *
 * Nothing is kept between guest and back end: what the back end does not take stays in the guest's queue, and what the guest has no buffer
 * for stays with the host.  Messages to the driver about ports are bits until there is a buffer for one, so that there is an end to them.
 */
#include "platform/devices/virtio/serial.h"

#include <string.h>

#include "cpu/log.h"
#include "platform/devices/virtio/virtq.h"

enum { QUEUE_SIZE = 128, CONTROL_RX = 2, CONTROL_TX = 3 };
enum { PIECE = 4096, TURN_BYTES = 1 << 20 /* of what a port sends, before others come to their turn */ };
enum { CONFIG_MAX_PORTS = 4, CONFIG_EMERGENCY = 8, CONFIG_SIZE = 12 };

#define F_MULTIPORT   (UINT64_C(1) << 1)
#define F_EMERG_WRITE (UINT64_C(1) << 2)

/* §5.3.6.2: a message is the port's number (32 bits), an event and a value (16 each) */
enum {
    DEVICE_READY = 0,
    PORT_ADD = 1,
    PORT_READY = 3,
    CONSOLE_PORT = 4,
    PORT_OPEN = 6,
    PORT_NAME = 7,
    MESSAGE_SIZE = 8,
};

/* What the driver is to be told of a port, in this order. */
enum { TELL_ADD = 1, TELL_CONSOLE = 2, TELL_NAME = 4, TELL_OPEN = 8, TELL_ALL = 15 };

typedef struct Serial Serial;

typedef struct Port {
    uint64_t sent; /* bytes that the back end has taken of the request that its queue has next */
    Serial *serial;
    Chardev *chr; /* NULL: there is no such port */
    char *name, *id;
    uint8_t tell;
    bool ready;      /* the driver knows it */
    bool guest_open; /* somebody reads it in the guest */
    bool open_told;  /* guest_open as it was last told outside */
    bool console;
} Port;

struct Serial {
    Virtio virtio;
    VirtioSerialConfig config;
    Port port[VIRTIO_SERIAL_PORTS_MAX];
};

static const StateField serial_fields[] = {
    STATE_COLUMN(Serial, port, sent),
    STATE_COLUMN(Serial, port, tell),
    STATE_COLUMN(Serial, port, ready),
    STATE_COLUMN(Serial, port, guest_open),
};
static const StateField serial_derived[] = {
    STATE_DERIVED(Serial, virtio),       STATE_DERIVED(Serial, config),         STATE_COLUMN(Serial, port, serial),
    STATE_COLUMN(Serial, port, chr),     STATE_COLUMN(Serial, port, name),      STATE_COLUMN(Serial, port, id),
    STATE_COLUMN(Serial, port, console), STATE_COLUMN(Serial, port, open_told),
};
STATE_STRUCT(Serial, serial);

/* Port 0 has the first two queues, and behind those of control messages come the others'. */
static unsigned rx_queue(const Port *p)
{
    const unsigned n = (unsigned)(p - p->serial->port);
    return n ? 2 * n + 2 : 0;
}

static unsigned tx_queue(const Port *p)
{
    return rx_queue(p) + 1;
}

/* Whose queue it is; none of the control queues. */
static Port *port_of(Serial *s, unsigned queue)
{
    return &s->port[queue < CONTROL_RX ? 0 : queue / 2 - 1];
}

/* A console is there whether or not somebody looks at it. */
static bool host_open(const Port *p)
{
    return p->console || chardev_is_open(p->chr);
}

/* --- from the guest */

/* False: the back end has taken what it could, or no byte is left of the turn. */
static bool send(Port *p, const VirtqRequest *r, uint64_t *left)
{
    uint8_t piece[PIECE];
    while (p->sent < r->out_size) {
        size_t n = virtq_read(r, p->sent, piece, (size_t)MIN(PIECE, *left));
        size_t taken = p->chr ? chardev_write(p->chr, piece, n) : n;
        p->sent += taken;
        *left -= taken;
        if (taken < n || !*left)
            return p->sent >= r->out_size;
    }
    return true;
}

static void transmit(Port *p)
{
    Virtio *v = &p->serial->virtio;
    const unsigned queue = tx_queue(p);
    const bool has_turn = v->turn != VIRTIO_NO_TURN;
    uint64_t left = has_turn ? TURN_BYTES : UINT64_MAX;
    bool done = false;
    for (VirtqRequest *r; left && (r = virtq_pop(v, queue)); done = true) {
        if (!send(p, r, &left)) {
            virtq_unpop(v, r);
            break;
        }
        virtq_push(v, r, 0);
        p->sent = 0;
    }
    if (!left)
        v->turn = 0;
    if (done)
        virtq_tell(v, queue);
}

static void writable(void *opaque)
{
    const Port *p = opaque;
    virtio_kick(&p->serial->virtio, tx_queue(p));
}

/* --- to the guest */

/* A driver that does not know of ports opens none. */
static bool is_read(const Port *p)
{
    const Virtio *v = &p->serial->virtio;
    return v->status & VIRTIO_DRIVER_OK && (!virtio_has(v, F_MULTIPORT) || p->guest_open);
}

/* Buffers without room are given back, as many as a queue has: a driver may offer them faster than this takes them. */
static size_t can_receive(void *opaque)
{
    const Port *p = opaque;
    Virtio *v = &p->serial->virtio;
    VirtqRequest *r;
    for (unsigned i = 0; i < QUEUE_SIZE && is_read(p) && (r = virtq_pop(v, rx_queue(p))); i++) {
        const uint64_t room = r->in_size;
        if (room) {
            virtq_unpop(v, r);
            return (size_t)room;
        }
        virtq_push(v, r, 0);
    }
    return 0;
}

/* What there is no room for is lost: the driver changed a buffer after it was made available, or took it back. */
static void receive(void *opaque, const uint8_t *data, size_t size)
{
    const Port *p = opaque;
    Virtio *v = &p->serial->virtio;
    VirtqRequest *r;
    for (unsigned i = 0; i < QUEUE_SIZE && size && (r = virtq_pop(v, rx_queue(p))); i++) {
        size_t n = virtq_write(r, 0, data, (size_t)MIN(size, r->in_size));
        virtq_push(v, r, n);
        data += n;
        size -= n;
    }
    virtq_tell(v, rx_queue(p));
}

/* Input is as much as the host has and no guest's loop, so it does not count as requests of the notification in which it comes. */
static void accept_input(const Port *p)
{
    Virtio *v = &p->serial->virtio;
    const unsigned turn = v->turn;
    v->turn = VIRTIO_NO_TURN;
    if (p->chr)
        chardev_accept_input(p->chr);
    v->turn = turn;
}

/* --- messages about ports */

static bool put_message(Serial *s, const Port *p, uint16_t event, uint16_t value, const char *text)
{
    Virtio *v = &s->virtio;
    const size_t length = text ? strlen(text) : 0;
    const uint32_t number = virtio_u32(v, (uint32_t)(p - s->port));
    const uint16_t rest[2] = {virtio_u16(v, event), virtio_u16(v, value)};
    VirtqRequest *r = virtq_pop(v, CONTROL_RX);
    if (!r)
        return false;
    size_t n = virtq_write(r, 0, &number, sizeof(number));
    n += virtq_write(r, n, rest, sizeof(rest));
    n += virtq_write(r, n, text, length);
    if (n < MESSAGE_SIZE + length)
        LOG(LOG_GUEST_ERRORS, "%s: a message of %zu bytes about a port, and a buffer of %zu", v->id, MESSAGE_SIZE + length, n);
    virtq_push(v, r, n);
    return true;
}

static bool put_messages(Serial *s, Port *p)
{
    const struct {
        uint8_t tell;
        uint16_t event, value;
        const char *text;
    } messages[] = {
        {TELL_ADD, PORT_ADD, 1, NULL},
        {TELL_CONSOLE, CONSOLE_PORT, 1, NULL},
        {TELL_NAME, PORT_NAME, 1, p->name},
        {TELL_OPEN, PORT_OPEN, host_open(p), NULL},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(messages); i++) {
        if (!(p->tell & messages[i].tell))
            continue;
        if (!put_message(s, p, messages[i].event, messages[i].value, messages[i].text))
            return false;
        p->tell &= (uint8_t)~messages[i].tell;
    }
    return true;
}

static void tell_driver(Serial *s)
{
    const uint16_t before = s->virtio.queue[CONTROL_RX].used_idx;
    for (unsigned i = 0; i < VIRTIO_SERIAL_PORTS_MAX; i++)
        if (s->port[i].tell && !put_messages(s, &s->port[i]))
            break;
    if (s->virtio.queue[CONTROL_RX].used_idx != before)
        virtq_tell(&s->virtio, CONTROL_RX);
}

static void tell_outside(Port *p)
{
    if (p->guest_open == p->open_told)
        return;
    p->open_told = p->guest_open;
    if (p->id && p->serial->config.notices)
        notices_post(p->serial->config.notices, "VSERPORT_CHANGE", p->id,
                     g_variant_new_parsed("{'id': <%s>, 'open': <%b>}", p->id, (gboolean)p->guest_open));
}

static void take_message(Serial *s, const VirtqRequest *r)
{
    uint32_t number;
    uint16_t rest[2];
    if (virtq_read(r, 0, &number, sizeof(number)) + virtq_read(r, sizeof(number), rest, sizeof(rest)) < MESSAGE_SIZE)
        return;
    number = virtio_u32(&s->virtio, number);
    const uint16_t event = virtio_u16(&s->virtio, rest[0]), value = virtio_u16(&s->virtio, rest[1]);
    if (event == DEVICE_READY) {
        for (unsigned i = 0; i < VIRTIO_SERIAL_PORTS_MAX; i++)
            s->port[i].tell = s->port[i].chr && value ? TELL_ADD : 0;
        return;
    }
    if (number >= VIRTIO_SERIAL_PORTS_MAX || !s->port[number].chr) {
        LOG(LOG_GUEST_ERRORS, "%s: a message (event %u) about port %u, which is not there", s->virtio.id, event, number);
        return;
    }
    Port *p = &s->port[number];
    if (event == PORT_READY && value) {
        p->ready = true;
        p->tell |= (uint8_t)((p->console ? TELL_CONSOLE : 0) | (p->name ? TELL_NAME : 0) | (host_open(p) ? TELL_OPEN : 0));
    } else if (event == PORT_OPEN) {
        p->guest_open = value;
        tell_outside(p);
        accept_input(p);
    }
}

static void take_messages(Serial *s)
{
    Virtio *v = &s->virtio;
    bool done = false;
    for (VirtqRequest *r; (r = virtq_pop(v, CONTROL_TX)); done = true) {
        take_message(s, r);
        virtq_push(v, r, 0);
    }
    if (done)
        virtq_tell(v, CONTROL_TX);
}

static void chardev_event(void *opaque, ChardevEvent event)
{
    Port *p = opaque;
    if (p->console || !p->ready || event == CHARDEV_BREAK)
        return;
    p->tell |= TELL_OPEN;
    tell_driver(p->serial);
}

/* --- the device */

static void serial_notify(Virtio *v, unsigned queue)
{
    Serial *s = (Serial *)v;
    if (queue == CONTROL_TX)
        take_messages(s);
    if (queue == CONTROL_TX || queue == CONTROL_RX)
        tell_driver(s);
    else if (queue == tx_queue(port_of(s, queue)))
        transmit(port_of(s, queue));
    else
        accept_input(port_of(s, queue));
}

static void serial_config_read(Virtio *v, uint8_t *config, bool big)
{
    virtio_put32(config + CONFIG_MAX_PORTS, ((const Serial *)v)->config.max_ports, big);
}

/* §5.3.6.1: a character at any time, before the device is set up as well. */
static void serial_config_write(Virtio *v, unsigned at, const uint8_t *bytes, unsigned size, bool big)
{
    const Serial *s = (Serial *)v;
    for (unsigned i = 0; i < VIRTIO_SERIAL_PORTS_MAX && at == CONFIG_EMERGENCY; i++)
        if (s->port[i].console) {
            chardev_write(s->port[i].chr, &bytes[big ? size - 1 : 0], 1);
            break;
        }
}

static void serial_reset(Virtio *v)
{
    Serial *s = (Serial *)v;
    for (unsigned i = 0; i < VIRTIO_SERIAL_PORTS_MAX; i++)
        tell_outside(&s->port[i]);
}

static void serial_post_load(Virtio *v)
{
    Serial *s = (Serial *)v;
    for (unsigned i = 0; i < VIRTIO_SERIAL_PORTS_MAX; i++) {
        Port *p = &s->port[i];
        p->ready &= p->chr != NULL;
        p->guest_open &= p->chr != NULL;
        p->tell &= (uint8_t)(!p->chr ? 0 : TELL_ALL & ~(p->name ? 0 : TELL_NAME));
        tell_outside(p);
    }
    virtio_kick_later(v, UINT64_MAX);
}

static void serial_free(Virtio *v)
{
    Serial *s = (Serial *)v;
    for (unsigned i = 0; i < VIRTIO_SERIAL_PORTS_MAX; i++) {
        Port *p = &s->port[i];
        if (p->chr)
            chardev_set_handlers(p->chr, NULL, NULL);
        g_free(p->name);
        g_free(p->id);
    }
    g_free(s);
}

Virtio *virtio_serial_new(const VirtioSerialConfig *config)
{
    static const VirtioOps ops = {
        .name = "virtio-serial",
        .device = VIRTIO_CONSOLE,
        .class_code = 0x078000,
        .state = &serial_state,
        .config_size = CONFIG_SIZE,
        .config_read = serial_config_read,
        .config_write = serial_config_write,
        .notify = serial_notify,
        .reset = serial_reset,
        .post_load = serial_post_load,
        .free = serial_free,
    };
    Serial *s = g_new0(Serial, 1);
    g_assert(config->max_ports >= 1 && config->max_ports <= VIRTIO_SERIAL_PORTS_MAX);
    s->config = *config;
    virtio_init(&s->virtio, &ops, F_MULTIPORT | F_EMERG_WRITE);
    for (unsigned i = 0; i < VIRTIO_SERIAL_PORTS_MAX; i++)
        s->port[i].serial = s;
    for (unsigned i = 0; i < 2 * (config->max_ports + 1); i++)
        virtio_add_queue(&s->virtio, i, QUEUE_SIZE);
    return &s->virtio;
}

bool virtio_serial_add_port(Virtio *v, const VirtioSerialPortConfig *config, GError **error)
{
    static const ChardevHandlers handlers = {can_receive, receive, writable, chardev_event};
    Serial *s = (Serial *)v;
    unsigned n = config->number >= 0 ? (unsigned)config->number : !config->console;
    while (config->number < 0 && n < s->config.max_ports && s->port[n].chr)
        n++;
    const char *wrong = NULL;
    if (n >= s->config.max_ports)
        wrong = config->number < 0 ? "all ports of its virtio-serial are taken" : "nr: its virtio-serial has not so many ports";
    else if (s->port[n].chr)
        wrong = "nr: its virtio-serial has another port of this number";
    else if (!n && !config->console)
        wrong = "nr: port 0 is for a virtconsole";
    else if (config->name && strlen(config->name) > VIRTIO_SERIAL_NAME_MAX)
        wrong = "name: 255 bytes at most";
    if (wrong) {
        g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, wrong);
        return false;
    }
    Port *p = &s->port[n];
    p->chr = config->chr;
    p->name = g_strdup(config->name);
    p->id = g_strdup(config->id);
    p->console = config->console;
    chardev_set_handlers(p->chr, &handlers, p);
    return true;
}
