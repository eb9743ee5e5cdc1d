/* SPDX-License-Identifier: MIT
 *
 * Keys of a terminal that is shared with the program itself: Ctrl-a and one more.
 */
#include "platform/chardev/priv.h"

#include <string.h>

enum { ESCAPE = 0x01 };

/* Tells the person at the terminal something, in between the guest's output.  Where that is blocked, the text is lost. */
static void say(Chardev *chr, const char *text)
{
    chardev_write(chr, (const uint8_t *)text, strlen(text));
}

static void command(Chardev *chr, uint8_t key)
{
    switch (key) {
    case ESCAPE:
        g_byte_array_append(chr->in, &key, 1);
        break;
    case 'x':
        if (chr->quit)
            chr->quit(chr->quit_opaque);
        break;
    case 'b':
        if (chr->handlers && chr->handlers->event)
            chr->handlers->event(chr->opaque, CHARDEV_BREAK);
        break;
    case 'c':
        say(chr, "\nThe monitor is not yet supported; -qmp is.\n");
        break;
    case 'h':
    case '?':
        say(chr, "\nCtrl-a h        this help\n"
                 "Ctrl-a x        quit\n"
                 "Ctrl-a b        send a break\n"
                 "Ctrl-a c        monitor (not yet supported)\n"
                 "Ctrl-a Ctrl-a   send Ctrl-a\n");
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
        } else if (data[i] == ESCAPE) {
            chr->escape = true;
        } else {
            g_byte_array_append(chr->in, &data[i], 1);
        }
    }
}
