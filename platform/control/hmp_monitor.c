/* SPDX-License-Identifier: MIT
 *
 * A human monitor's connection: what is typed is echoed, a line is executed when it ends, and the prompt is QEMU's "(qemu) ", for which
 * scripts wait.  The other side is not read while it does not take what it asked for, so what waits is bounded.
 */
#include <string.h>

#include "platform/control/hmp.h"

#define PROMPT "(qemu) "

struct Hmp {
    Link link;
    HmpSession session;
    GString *line;    /* what was typed of the present one */
    GString *pending; /* received and not looked at, since the link is full */
    bool was_cr;      /* so that a line feed behind it ends no line */
};

static void say(Hmp *hmp, const char *text)
{
    link_send(&hmp->link, text, strlen(text));
}

static void end_line(Hmp *hmp)
{
    say(hmp, "\r\n");
    g_autofree char *text = hmp_execute(&hmp->session, hmp->line->str);
    g_string_truncate(hmp->line, 0);
    say(hmp, text);
    if (run_state(hmp->session.view->run) != RUN_STATE_FINISHED)
        say(hmp, PROMPT);
}

static void erase(Hmp *hmp, size_t n)
{
    for (; n > 0 && hmp->line->len > 0; n--) {
        g_string_truncate(hmp->line, hmp->line->len - 1);
        say(hmp, "\b \b");
    }
}

static void key(Hmp *hmp, char c)
{
    enum { CTRL_C = 3, CTRL_U = 21, BACKSPACE = 8, DELETE = 127 };
    bool after_cr = hmp->was_cr;
    hmp->was_cr = c == '\r';
    if (c == '\r' || (c == '\n' && !after_cr)) {
        end_line(hmp);
    } else if (c == BACKSPACE || c == DELETE) {
        erase(hmp, 1);
    } else if (c == CTRL_U || c == CTRL_C) {
        erase(hmp, hmp->line->len);
    } else if ((uint8_t)c >= ' ' && hmp->line->len < HMP_LINE_MAX) {
        g_string_append_c(hmp->line, c);
        link_send(&hmp->link, &c, 1);
    }
}

static void take_keys(Hmp *hmp)
{
    size_t used = 0;
    while (used < hmp->pending->len && !link_is_full(&hmp->link))
        key(hmp, hmp->pending->str[used++]);
    g_string_erase(hmp->pending, 0, (gssize)used);
}

static void opened(void *opaque)
{
    Hmp *hmp = opaque;
    g_string_truncate(hmp->line, 0);
    g_string_truncate(hmp->pending, 0);
    hmp_session_init(&hmp->session, hmp->session.view);
    say(hmp, "Quoin " QUOIN_VERSION " monitor - type 'help' for more information\r\n" PROMPT);
}

static void received(void *opaque, const char *data, size_t size)
{
    Hmp *hmp = opaque;
    g_string_append_len(hmp->pending, data, (gssize)size);
    take_keys(hmp);
}

static void closed(void *opaque)
{
    Hmp *hmp = opaque;
    g_string_truncate(hmp->pending, 0);
}

static void drained(void *opaque)
{
    take_keys(opaque);
}

Hmp *hmp_new(LinkOpen *open, const void *how, const ControlView *view, GError **error)
{
    static const ControlSocketOps ops = {opened, received, closed, drained};
    Hmp *hmp = g_new0(Hmp, 1);
    hmp_session_init(&hmp->session, view);
    hmp->line = g_string_new(NULL);
    hmp->pending = g_string_new(NULL);
    if (!open(&hmp->link, &ops, hmp, how, error))
        g_clear_pointer(&hmp, hmp_free);
    return hmp;
}

void hmp_free(Hmp *hmp)
{
    if (!hmp)
        return;
    link_close(&hmp->link);
    g_string_free(hmp->line, TRUE);
    g_string_free(hmp->pending, TRUE);
    g_free(hmp);
}
