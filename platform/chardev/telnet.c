/* SPDX-License-Identifier: MIT
 *
 * A connection that speaks Telnet (RFC 854): commands are taken out of what comes, and the terminal at the other end is asked to send each
 * key at once (RFC 857 ECHO, RFC 858 SUPPRESS-GO-AHEAD) and all eight bits of it (RFC 856 BINARY).
 */
#include "platform/chardev/priv.h"

enum { SE = 240, BREAK = 243, SB = 250, WILL = 251, WONT = 252, DO = 253, DONT = 254, IAC = 255 };
enum { OPTION_BINARY = 0, OPTION_ECHO = 1, OPTION_NO_GO_AHEAD = 3 };

static void say(Chardev *chr, uint8_t verb, uint8_t option)
{
    const uint8_t command[] = {IAC, verb, option};
    chardev_write_raw(chr, command, sizeof(command));
}

void chardev_telnet_begin(Chardev *chr)
{
    chr->telnet_state = TELNET_DATA;
    chr->telnet_binary = false;
    say(chr, WILL, OPTION_ECHO);
    say(chr, WILL, OPTION_NO_GO_AHEAD);
    say(chr, WILL, OPTION_BINARY);
    say(chr, DO, OPTION_BINARY);
}

/*
 * What was offered and asked for above is answered by the other end; everything else that it asks for or offers is refused.  Refusals are
 * never answered, so that two ends cannot go on for ever.
 */
static void negotiate(Chardev *chr, uint8_t verb, uint8_t option)
{
    bool ours = option == OPTION_ECHO || option == OPTION_NO_GO_AHEAD || option == OPTION_BINARY;
    if (option == OPTION_BINARY && (verb == WILL || verb == WONT))
        chr->telnet_binary = verb == WILL;
    else if (chardev_room(chr) < 3) /* whoever does not read is not answered */
        return;
    else if (verb == DO && !ours)
        say(chr, WONT, option);
    else if (verb == WILL)
        say(chr, option == OPTION_NO_GO_AHEAD ? DO : DONT, option);
}

/* Behind an IAC.  True: it stands for a byte of data. */
static bool command(Chardev *chr, uint8_t byte)
{
    chr->telnet_state = TELNET_DATA;
    switch (byte) {
    case IAC:
        return true;
    case BREAK:
        chardev_send_break(chr);
        return false;
    case WILL:
    case WONT:
    case DO:
    case DONT:
        chr->telnet_verb = byte;
        chr->telnet_state = TELNET_OPTION;
        return false;
    case SB:
        chr->telnet_state = TELNET_SUB;
        return false;
    default:
        return false;
    }
}

/* True: the byte is data. */
static bool take(Chardev *chr, uint8_t byte)
{
    switch (chr->telnet_state) {
    case TELNET_CR: /* without BINARY a carriage return is followed by a line feed or a zero, and is one key */
        chr->telnet_state = TELNET_DATA;
        if (byte == '\n' || byte == '\0')
            return false;
        G_GNUC_FALLTHROUGH;
    case TELNET_DATA:
        if (byte == IAC)
            chr->telnet_state = TELNET_IAC;
        else if (byte == '\r' && !chr->telnet_binary)
            chr->telnet_state = TELNET_CR;
        return byte != IAC;
    case TELNET_IAC:
        return command(chr, byte);
    case TELNET_OPTION:
        chr->telnet_state = TELNET_DATA;
        negotiate(chr, chr->telnet_verb, byte);
        return false;
    case TELNET_SUB:
        chr->telnet_state = byte == IAC ? TELNET_SUB_IAC : TELNET_SUB;
        return false;
    case TELNET_SUB_IAC:
        chr->telnet_state = byte == SE ? TELNET_DATA : TELNET_SUB;
        return false;
    }
    return false;
}

size_t chardev_telnet_input(Chardev *chr, uint8_t *data, size_t size)
{
    size_t kept = 0;
    for (size_t i = 0; i < size; i++) {
        if (take(chr, data[i]))
            data[kept++] = data[i];
    }
    return kept;
}
