/* SPDX-License-Identifier: MIT
 *
 * Keys of a terminal that is shared with the program itself: the escape key, Ctrl-a by default, and one more.
 */
#include "platform/chardev/priv.h"

#include <string.h>

/* Tells the person at the terminal something, in between the guest's output.  Where that is blocked, the text is lost. */
static void say(Chardev *chr, const char *text)
{
    chardev_write(chr, (const uint8_t *)text, strlen(text));
}

/* A byte for whoever has the input.  The monitor takes all that chardev_mux_room() said. */
static void put(Chardev *chr, uint8_t byte)
{
    if (chr->monitor_has_input)
        chr->monitor->receive(chr->monitor_opaque, &byte, 1);
    else
        g_byte_array_append(chr->in, &byte, 1);
}

size_t chardev_mux_room(const Chardev *chr)
{
    size_t console = CHARDEV_MUX_QUEUE - MIN(chr->in->len, CHARDEV_MUX_QUEUE);
    return chr->monitor ? MIN(console, chr->monitor->can_receive(chr->monitor_opaque)) : console;
}

void chardev_set_escape(Chardev *chr, uint8_t key)
{
    chr->escape_key = key;
}

bool chardev_is_mux(const Chardev *chr)
{
    return chr->mux;
}

static void give_input(Chardev *chr, bool to_monitor)
{
    chr->monitor_has_input = to_monitor;
    if (to_monitor && chr->monitor->event)
        chr->monitor->event(chr->monitor_opaque, CHARDEV_OPENED);
}

static void switch_input(Chardev *chr)
{
    if (!chr->monitor)
        say(chr, "\nThere is no monitor: -monitor none was given.\n");
    else if (chr->handlers)
        give_input(chr, !chr->monitor_has_input);
}

void chardev_set_monitor(Chardev *chr, const ChardevHandlers *handlers, void *opaque)
{
    chr->monitor = handlers;
    chr->monitor_opaque = opaque;
    chr->monitor_has_input = false;
    if (handlers && !chr->handlers)
        give_input(chr, true);
    chardev_accept_input(chr);
}

static void help(Chardev *chr)
{
    g_autofree char *text = g_strdup_printf("\nCtrl-%1$c h        this help\n"
                                            "Ctrl-%1$c x        quit\n"
                                            "Ctrl-%1$c b        send a break\n"
                                            "Ctrl-%1$c c        switch between console and monitor\n"
                                            "Ctrl-%1$c Ctrl-%1$c   send Ctrl-%1$c\n",
                                            g_ascii_tolower((char)(chr->escape_key + '@')));
    say(chr, text);
}

static void command(Chardev *chr, uint8_t key)
{
    if (key == chr->escape_key) {
        put(chr, key);
        return;
    }
    switch (key) {
    case 'x':
        if (chr->quit)
            chr->quit(chr->quit_opaque);
        break;
    case 'b':
        if (chr->handlers && chr->handlers->event)
            chr->handlers->event(chr->opaque, CHARDEV_BREAK);
        break;
    case 'c':
        switch_input(chr);
        break;
    case 'h':
    case '?':
        help(chr);
        break;
    default: /* an unknown key is most likely a slip of the finger: it is dropped */
        break;
    }
}

void chardev_mux_input(Chardev *chr, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (chr->escape) {
            chr->escape = false;
            command(chr, data[i]);
        } else if (data[i] == chr->escape_key) {
            chr->escape = true;
        } else {
            put(chr, data[i]);
        }
    }
}
