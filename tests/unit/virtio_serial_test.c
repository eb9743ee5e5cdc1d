/* SPDX-License-Identifier: MIT */
#include "platform/devices/virtio/serial.h"

#include "platform/base/lock.h"
#include "tests/unit/chardev_pipes.h"
#include "tests/unit/unit.h"
#include "tests/unit/virtio_fixture.h"

enum { RX0 = 0, TX0 = 1, CONTROL_RX = 2, CONTROL_TX = 3, RX1 = 4, TX1 = 5, MULTIPORT = 2 };
enum { BUFFER = 64, MESSAGES = DRIVER_DATA + 0x100000 /* as the driver offers buffers for them */, SPACE = DRIVER_DATA + 0x110000 };

typedef struct Fixture {
    Driver d;
    ChardevPipes console, port;
    Notices *notices;
    Event *again;
    unsigned read; /* messages that the driver has looked at */
    GString *heard;
} Fixture;

static void hear(void *opaque, const char *event, const char *subject, GVariant *data)
{
    Fixture *f = opaque;
    gboolean open = FALSE;
    const char *id = NULL;
    g_variant_lookup(data, "open", "b", &open);
    g_variant_lookup(data, "id", "&s", &id);
    g_string_append_printf(f->heard, "%s %s %d;", event, id, open);
}

static void offer_messages(Fixture *f, unsigned n, uint32_t size)
{
    for (unsigned i = 0; i < n; i++) {
        driver_desc(&f->d, CONTROL_RX, i, MESSAGES + BUFFER * (uint64_t)i, size, DRIVER_WRITE, 0);
        driver_offer(&f->d, CONTROL_RX, (uint16_t)i);
    }
    virtio_kick(f->d.v, CONTROL_RX);
}

static Virtio *new_serial(Fixture *f)
{
    const VirtioSerialConfig config = {.max_ports = 3, .notices = f->notices};
    Virtio *v = virtio_serial_new(&config);
    const VirtioSerialPortConfig console = {.chr = f->console.chr, .console = true, .number = -1, .id = "c"},
                                 port = {.chr = f->port.chr, .name = "agent", .number = -1, .id = "p"};
    g_assert_true(virtio_serial_add_port(v, &console, NULL));
    g_assert_true(virtio_serial_add_port(v, &port, NULL));
    return v;
}

static void open_serial(Fixture *f, bool legacy, uint64_t features)
{
    *f = (Fixture){.notices = notices_new(), .heard = g_string_new(NULL), .again = event_new(NULL)};
    notices_listen(f->notices, hear, f);
    chardev_pipes_open(&f->console, "console");
    chardev_pipes_open(&f->port, "port");
    device_lock();
    driver_open(&f->d, new_serial(f));
    f->d.v->transport.again = f->again;
    virtio_listen(f->d.v);
    driver_start(&f->d, legacy, features);
}

static void close_serial(Fixture *f)
{
    driver_close(&f->d);
    device_unlock();
    chardev_pipes_close(&f->console);
    chardev_pipes_close(&f->port);
    notices_free(f->notices);
    event_free(f->again);
    g_string_free(f->heard, TRUE);
}

/* The main thread does what it has to, not under the device lock. */
static void settle(Fixture *f)
{
    device_unlock();
    while (g_main_context_iteration(NULL, FALSE))
        ;
    notices_settle(f->notices);
    device_lock();
}

static void say(Fixture *f, uint32_t number, uint16_t event, uint16_t value)
{
    memory_store32(f->d.memory, SPACE, f->d.big ? number : GUINT32_SWAP_LE_BE(number));
    driver_put16(&f->d, SPACE + 4, event);
    driver_put16(&f->d, SPACE + 6, value);
    driver_desc(&f->d, CONTROL_TX, 0, SPACE, 8, 0, 0);
    driver_offer(&f->d, CONTROL_TX, 0);
    virtio_kick(f->d.v, CONTROL_TX);
}

/* The next message: port, event and value are these; what follows them is text. */
static void expect_message(Fixture *f, uint32_t number, uint16_t event, uint16_t value, const char *text)
{
    char got[BUFFER] = "";
    g_assert_cmpuint(driver_used(&f->d, CONTROL_RX), >, f->read);
    const uint64_t at = MESSAGES + BUFFER * (uint64_t)driver_used_head(&f->d, CONTROL_RX, f->read);
    const uint32_t length = driver_used_length(&f->d, CONTROL_RX, f->read++);
    g_assert_cmpuint(length, ==, 8 + strlen(text));
    g_assert_cmpuint(driver_get32(&f->d, at), ==, number);
    g_assert_cmpuint(driver_get16(&f->d, at + 4), ==, event);
    g_assert_cmpuint(driver_get16(&f->d, at + 6), ==, value);
    g_assert_true(memory_read(f->d.memory, at + 8, got, strlen(text)));
    g_assert_cmpstr(got, ==, text);
}

static void expect_no_message(const Fixture *f)
{
    g_assert_cmpuint(driver_used((Driver *)&f->d, CONTROL_RX), ==, f->read);
}

static void send_text(Fixture *f, unsigned queue, const char *text)
{
    g_assert_true(memory_write(f->d.memory, DRIVER_DATA, text, strlen(text)));
    driver_desc(&f->d, queue, 0, DRIVER_DATA, (uint32_t)strlen(text), 0, 0);
    driver_offer(&f->d, queue, 0);
    virtio_kick(f->d.v, queue);
}

static void expect_out(const ChardevPipes *pipes, const char *text)
{
    char got[256] = "";
    ssize_t n = read(pipes->out, got, sizeof(got) - 1);
    g_assert_cmpint(n, ==, *text ? (ssize_t)strlen(text) : -1);
    g_assert_cmpstr(got, ==, text);
}

static void offer_input(Fixture *f, unsigned queue, uint16_t i, uint32_t size)
{
    driver_desc(&f->d, queue, i, DRIVER_DATA + 0x1000 + 0x100 * (uint64_t)i, size, DRIVER_WRITE, 0);
    driver_offer(&f->d, queue, i);
    virtio_kick(f->d.v, queue);
}

static void expect_in(Fixture *f, unsigned queue, unsigned n, const char *text)
{
    char got[256] = "";
    const uint32_t head = driver_used_head(&f->d, queue, n);
    g_assert_cmpuint(driver_used(&f->d, queue), >, n);
    g_assert_cmpuint(driver_used_length(&f->d, queue, n), ==, strlen(text));
    g_assert_true(memory_read(f->d.memory, DRIVER_DATA + 0x1000 + 0x100 * (uint64_t)head, got, strlen(text)));
    g_assert_cmpstr(got, ==, text);
}

static void test_ports_are_added(void)
{
    for (unsigned legacy = 0; legacy < 2; legacy++) {
        Fixture f;
        open_serial(&f, legacy, MULTIPORT);
        offer_messages(&f, 8, BUFFER);
        expect_no_message(&f);
        say(&f, 0, 0, 1);
        expect_message(&f, 0, 1, 1, "");
        expect_message(&f, 1, 1, 1, "");
        say(&f, 1, 3, 1);
        expect_message(&f, 1, 7, 1, "agent");
        expect_message(&f, 1, 6, 1, "");
        say(&f, 0, 3, 1);
        expect_message(&f, 0, 4, 1, "");
        expect_message(&f, 0, 6, 1, "");
        say(&f, 2, 3, 1); /* these are not there */
        say(&f, UINT32_MAX, 6, 1);
        say(&f, 1, 3, 0); /* a driver that has failed */
        expect_no_message(&f);
        close_serial(&f);
    }
}

static void test_messages_wait(void)
{
    Fixture f;
    open_serial(&f, false, MULTIPORT);
    for (unsigned i = 0; i < 300; i++) /* more than any queue holds */
        say(&f, 0, 0, 1);
    say(&f, 1, 3, 1);
    offer_messages(&f, 1, BUFFER);
    expect_message(&f, 0, 1, 1, "");
    expect_no_message(&f);
    offer_messages(&f, 8, BUFFER);
    expect_message(&f, 1, 1, 1, "");
    expect_message(&f, 1, 7, 1, "agent");
    expect_message(&f, 1, 6, 1, "");
    expect_no_message(&f);
    close_serial(&f);
}

static void test_short_buffers(void)
{
    Fixture f;
    open_serial(&f, false, MULTIPORT);
    offer_messages(&f, 2, 3);
    say(&f, 0, 0, 1);
    g_assert_cmpuint(driver_used(&f.d, CONTROL_RX), ==, 2);
    g_assert_cmpuint(driver_used_length(&f.d, CONTROL_RX, 0), ==, 3);
    driver_desc(&f.d, CONTROL_TX, 0, SPACE, 7, 0, 0); /* no message */
    driver_offer(&f.d, CONTROL_TX, 0);
    virtio_kick(f.d.v, CONTROL_TX);
    g_assert_cmpuint(driver_used(&f.d, CONTROL_TX), ==, 2);
    close_serial(&f);
}

static void test_output(void)
{
    Fixture f;
    open_serial(&f, false, MULTIPORT);
    send_text(&f, TX1, "port");
    send_text(&f, TX0, "console");
    expect_out(&f.port, "port");
    expect_out(&f.console, "console");
    send_text(&f, 7, "nobody"); /* a queue of a port that is not there takes all */
    g_assert_cmpuint(driver_used(&f.d, 7), ==, 1);
    close_serial(&f);
}

/* A request that is larger than what the back end takes stays until it has taken all, once. */
static void test_slow_reader(void)
{
    Fixture f;
    enum { SIZE = 1 << 20 };
    g_autofree uint8_t *data = g_malloc(SIZE), *got = g_malloc(SIZE);
    size_t n = 0;
    open_serial(&f, false, MULTIPORT);
    for (unsigned i = 0; i < SIZE; i++)
        data[i] = (uint8_t)(i * 7 + (i >> 8));
    memory_write(f.d.memory, DRIVER_DATA, data, SIZE);
    driver_desc(&f.d, TX1, 0, DRIVER_DATA, SIZE, 0, 0);
    driver_offer(&f.d, TX1, 0);
    virtio_kick(f.d.v, TX1);
    g_assert_cmpuint(driver_used(&f.d, TX1), ==, 0);
    while (n < SIZE) {
        ssize_t some = read(f.port.out, got + n, SIZE - n);
        n += some > 0 ? (size_t)some : 0;
        settle(&f);
    }
    g_assert_cmpmem(got, SIZE, data, SIZE);
    g_assert_cmpuint(driver_used(&f.d, TX1), ==, 1);
    expect_out(&f.port, "");
    close_serial(&f);
}

/* Two requests of more than a turn: the second one in the main thread. */
static void test_turns(void)
{
    Fixture f;
    open_serial(&f, false, MULTIPORT);
    for (uint16_t i = 0; i < 2; i++) {
        driver_desc(&f.d, 7, i, 0, 3 << 20, 0, 0); /* of a port without a back end */
        driver_offer(&f.d, 7, i);
    }
    for (unsigned turn = 1; turn <= 6; turn++) {
        turn == 1 ? virtio_kick(f.d.v, 7) : event_settle(f.again);
        g_assert_cmpuint(driver_used(&f.d, 7), ==, turn / 3);
    }
    close_serial(&f);
}

static void test_input(void)
{
    Fixture f;
    open_serial(&f, false, MULTIPORT);
    g_assert_cmpint(write(f.port.in, "hello, world", 12), ==, 12);
    offer_input(&f, RX1, 0, 0); /* gives no room */
    offer_input(&f, RX1, 1, 5);
    settle(&f);
    g_assert_cmpuint(driver_used(&f.d, RX1), ==, 0); /* nobody has opened it */
    say(&f, 1, 6, 1);
    settle(&f);
    expect_in(&f, RX1, 0, "");
    expect_in(&f, RX1, 1, "hello");
    g_assert_cmpuint(driver_used(&f.d, RX1), ==, 2);
    offer_input(&f, RX1, 2, 100);
    settle(&f);
    expect_in(&f, RX1, 2, ", world");
    g_assert_cmpstr(f.heard->str, ==, "VSERPORT_CHANGE p 1;");
    close_serial(&f);
}

static void test_one_port(void)
{
    Fixture f;
    open_serial(&f, true, 0); /* a driver that knows of no ports */
    g_assert_cmpint(write(f.console.in, "x", 1), ==, 1);
    offer_input(&f, RX0, 0, 16);
    settle(&f);
    expect_in(&f, RX0, 0, "x");
    send_text(&f, TX0, "y");
    expect_out(&f.console, "y");
    close_serial(&f);
}

static void test_open_is_told(void)
{
    Fixture f;
    open_serial(&f, false, MULTIPORT);
    say(&f, 1, 6, 1);
    settle(&f);
    say(&f, 1, 6, 1); /* no change */
    settle(&f);
    say(&f, 1, 6, 0);
    settle(&f);
    say(&f, 0, 6, 1);
    settle(&f);
    virtio_set_status(f.d.v, 0); /* which closes them all */
    settle(&f);
    g_assert_cmpstr(f.heard->str, ==, "VSERPORT_CHANGE p 1;VSERPORT_CHANGE p 0;VSERPORT_CHANGE c 1;VSERPORT_CHANGE c 0;");
    close_serial(&f);
}

static void test_emergency(void)
{
    Fixture f;
    uint8_t bytes[4] = {'!', 0, 0, 0}, legacy[4] = {0, 0, 0, '?'}, config[12];
    open_serial(&f, false, MULTIPORT);
    virtio_set_status(f.d.v, 0);
    virtio_config_write(f.d.v, 8, bytes, 4, false);
    expect_out(&f.console, "!");
    virtio_config_write(f.d.v, 8, legacy, 4, true);
    expect_out(&f.console, "?");
    virtio_config_write(f.d.v, 4, bytes, 4, false);
    expect_out(&f.console, "");
    virtio_config_read(f.d.v, 0, config, 12, false);
    g_assert_cmpuint(config[4], ==, 3);
    close_serial(&f);
}

static void test_numbers(void)
{
    Fixture f;
    static const struct {
        bool console;
        int number;
        const char *wrong;
    } rows[] = {
        {false, 0, "nr: its virtio-serial has another port of this number"},
        {true, 3, "nr: its virtio-serial has not so many ports"},
        {true, INT_MAX, "nr: its virtio-serial has not so many ports"},
        {false, 2, NULL},
        {false, -1, "all ports of its virtio-serial are taken"},
        {true, -1, "all ports of its virtio-serial are taken"},
    };
    Chardev *chr = chardev_new("-chardev", "x", "null", NULL);
    open_serial(&f, false, 0);
    FOR_ROWS (i, rows) {
        g_autoptr(GError) error = NULL;
        const VirtioSerialPortConfig config = {.chr = chr, .console = rows[i].console, .number = rows[i].number};
        g_assert_true(virtio_serial_add_port(f.d.v, &config, &error) == !rows[i].wrong);
        g_assert_cmpstr(error ? error->message : NULL, ==, rows[i].wrong);
    }
    close_serial(&f);
    const VirtioSerialConfig config = {.max_ports = 31};
    Virtio *v = virtio_serial_new(&config);
    g_autofree char *name = g_strnfill(256, 'n');
    device_lock();
    g_assert_false(virtio_serial_add_port(v, &(VirtioSerialPortConfig){.chr = chr, .number = 0}, NULL));
    g_assert_false(virtio_serial_add_port(v, &(VirtioSerialPortConfig){.chr = chr, .number = 1, .name = name}, NULL));
    virtio_free(v);
    device_unlock();
    chardev_free(chr);
}

/* What was under way goes on in another one: half a request, a message that waits, a port that is open. */
static void test_save(void)
{
    Fixture f, g;
    open_serial(&f, false, MULTIPORT);
    say(&f, 0, 0, 1);
    say(&f, 1, 6, 1);
    device_unlock();
    open_serial(&g, false, MULTIPORT);
    for (uint64_t at = 0; at < DRIVER_RAM; at += 8)
        memory_store64(g.d.memory, at, memory_load64(f.d.memory, at));
    memcpy(g.d.avail, f.d.avail, sizeof(f.d.avail));
    g_autoptr(GByteArray) state = g_byte_array_new();
    SectionWriter to = section_begin(state, "serial", 1);
    virtio_save(f.d.v, &to);
    section_end(&to);
    Sections *sections = sections_read(state->data, state->len, NULL);
    virtio_load(g.d.v, sections_find(sections, "serial", 1));
    g_assert_true(sections_end(sections, NULL));
    sections_free(sections);
    offer_messages(&g, 4, BUFFER);
    expect_message(&g, 0, 1, 1, "");
    expect_message(&g, 1, 1, 1, "");
    expect_no_message(&g);
    g_assert_cmpint(write(g.port.in, "in", 2), ==, 2);
    offer_input(&g, RX1, 0, 16);
    settle(&g);
    expect_in(&g, RX1, 0, "in");
    g_assert_cmpstr(g.heard->str, ==, "VSERPORT_CHANGE p 1;");
    close_serial(&g);
    device_lock();
    close_serial(&f);
}

UNIT_TESTS(virtio_serial)
{
    g_test_add_func("/virtio-serial/ports-are-added-named-and-opened", test_ports_are_added);
    g_test_add_func("/virtio-serial/messages-wait-for-buffers-and-do-not-pile-up", test_messages_wait);
    g_test_add_func("/virtio-serial/short-messages-and-buffers", test_short_buffers);
    g_test_add_func("/virtio-serial/output-goes-to-the-back-end", test_output);
    g_test_add_func("/virtio-serial/a-slow-reader-gets-all-once", test_slow_reader);
    g_test_add_func("/virtio-serial/a-large-request-has-its-turn", test_turns);
    g_test_add_func("/virtio-serial/input-waits-until-a-port-is-open", test_input);
    g_test_add_func("/virtio-serial/a-driver-without-ports-has-a-console", test_one_port);
    g_test_add_func("/virtio-serial/who-opens-a-port-is-told-outside", test_open_is_told);
    g_test_add_func("/virtio-serial/an-emergency-character-needs-no-driver", test_emergency);
    g_test_add_func("/virtio-serial/numbers-of-ports", test_numbers);
    g_test_add_func("/virtio-serial/saved-state-goes-on-elsewhere", test_save);
}
