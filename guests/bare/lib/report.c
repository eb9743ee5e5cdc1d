/* SPDX-License-Identifier: MIT
 * Lines on UART0, or on the console's byte channel where there is no UART; counted. */
#include <stdarg.h>
#include "guest.h"
#include "hcall_guest.h"

static unsigned passed, failed, skipped;
static char held[32768];
static size_t held_length;
static bool holding;
static int channel = -1; /* handle */

void report_init(void);

/* /chosen stdout-path says where (ePAPR 1.1 §3.5). */
void report_init(void)
{
    const char *path = fdt_property(fdt_node("/chosen"), "stdout-path", NULL);
    const uint32_t *handle = path ? fdt_property(fdt_node(path), "hv-handle", NULL) : NULL;

    if (handle && !board_has("/soc"))
        channel = (int)*handle;
}

static void console_put(char c)
{
    if (channel >= 0) {
        const uint32_t send[6] = {(uint32_t)channel, 1, (uint32_t)c << 24};

        while (call_EV_BYTE_CHANNEL_SEND(send, NULL) == EV_EAGAIN)
            ;
        return;
    }
    while (!(io_read8(UART0 + 5) & 0x20))
        ;
    io_write8(UART0, (uint8_t)c);
}

static uint8_t console_get(void)
{
    if (channel >= 0) {
        const uint32_t receive[2] = {(uint32_t)channel, 1};
        uint32_t out[8] = {0};

        while (call_EV_BYTE_CHANNEL_RECEIVE(receive, out) == EV_SUCCESS && out[0] == 0)
            ;
        return (uint8_t)(out[1] >> 24);
    }
    while (!(io_read8(UART0 + 5) & 1))
        ;
    return io_read8(UART0);
}

static void put_char(char c)
{
    if (!holding)
        console_put(c);
    else if (held_length < sizeof held)
        held[held_length++] = c;
}

static void put(const char *s)
{
    for (; *s; s++)
        put_char(*s);
}

static void put_hex(uint32_t v)
{
    for (int shift = 28; shift >= 0; shift -= 4)
        put_char("0123456789abcdef"[v >> shift & 15]);
}

static void put_decimal(uint32_t v)
{
    char digits[10];
    int n = 0;

    do
        digits[n++] = (char)('0' + v % 10);
    while (v /= 10);
    while (n)
        put_char(digits[--n]);
}

void report_hold(void)
{
    holding = true;
}

void report_unhold(void)
{
    holding = false;
    for (size_t i = 0; i < held_length; i++)
        console_put(held[i]);
    held_length = 0;
}

void say(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    for (; *format; format++) {
        if (*format != '%') {
            put_char(*format);
            continue;
        }
        switch (*++format) {
        case 's':
            put(va_arg(args, const char *));
            break;
        case 'u':
            put_decimal(va_arg(args, uint32_t));
            break;
        case 'x':
            put_hex(va_arg(args, uint32_t));
            break;
        default:
            put_char(*format);
        }
    }
    va_end(args);
}

bool report(const char *sentence, bool ok)
{
    if (ok)
        passed++;
    else
        failed++;
    say(ok ? "PASS: %s\n" : "FAIL: %s\n", sentence);
    return ok;
}

bool report_eq(const char *sentence, uint32_t got, uint32_t want)
{
    if (got == want)
        return report(sentence, true);
    failed++;
    say("FAIL: %s: got 0x%x want 0x%x\n", sentence, got, want);
    return false;
}

bool report_eq64(const char *sentence, uint64_t got, uint64_t want)
{
    if (got == want)
        return report(sentence, true);
    failed++;
    say("FAIL: %s: got 0x%x%x want 0x%x%x\n", sentence, (uint32_t)(got >> 32), (uint32_t)got, (uint32_t)(want >> 32),
        (uint32_t)want);
    return false;
}

void report_skip(const char *sentence, const char *why)
{
    skipped++;
    say("SKIP: %s (%s)\n", sentence, why);
}

unsigned report_ask(const char *word)
{
    say("%s\n", word);
    return console_get();
}

void report_summary(void)
{
    say("SUMMARY: %u passed, %u failed, %u skipped\n", passed, failed, skipped);
}

void guest_finish(void)
{
    holding = false;
    report_summary();
    guest_power_off();
}
