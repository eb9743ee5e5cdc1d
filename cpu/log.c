/* SPDX-License-Identifier: MIT */
#include "cpu/log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cpu/log_sink.h"

uint32_t log_mask;

bool log_word(const char *word, uint32_t *bit)
{
    static const char *const words[] = {
#define X(id, word, doc) word,
        LOG_LIST(X)
#undef X
    };
    for (unsigned i = 0; i < LOG_BITS; i++) {
        if (!strcmp(words[i], word)) {
            *bit = 1u << i;
            return true;
        }
    }
    return false;
}

void log_set(uint32_t mask)
{
    __atomic_store_n(&log_mask, mask, __ATOMIC_RELAXED);
}

/* A sink, and the message that it showed last. */
typedef struct Out {
    LogSink *sink;
    const char *name;
    GMutex lock;
    GString *last;    /* NULL: what came last is no message */
    guint64 repeated; /* how often `last` came again */
    guint64 next;     /* how often it must have come again to be worth a line before another one comes */
    guint64 shown;    /* of `repeated` */
} Out;

typedef enum Kind { TRACE, MESSAGE, GUEST } Kind;

static Out out_stderr = {.name = "standard error"};
static Out out_file = {.name = "-D"};
static Out *log_out = &out_stderr;

static struct {
    GMutex lock;
    unsigned left, left_in_all;
    guint64 withheld;
} budget = {.left = LOG_GUEST_LINES, .left_in_all = LOG_GUEST_LINES_MAX};

static struct {
    GMutex lock;
    void (*fn)(void *opaque, const char *output, const char *why);
    void *opaque;
} lost_listener;

static void tell_listener(const char *output, const char *reason)
{
    g_mutex_lock(&lost_listener.lock);
    if (lost_listener.fn)
        lost_listener.fn(lost_listener.opaque, output, reason);
    g_mutex_unlock(&lost_listener.lock);
}

static const char *reason_of(int why)
{
    return why == EPIPE ? "nobody reads it any more" : g_strerror(why);
}

/* Called under the lock of `out`, so nothing is said there; what standard error does not take could not be said anyway. */
static void sink_lost(void *opaque, int why)
{
    Out *out = opaque;
    if (out != &out_stderr)
        message_warning("%s: %s: lines are dropped until it takes them again", out->name, reason_of(why));
    tell_listener(out->name, reason_of(why));
}

/* Standard error has no moment at which it is opened. */
static LogSink *sink_of(Out *out)
{
    static gsize once;
    if (g_once_init_enter(&once)) {
        out_stderr.sink = log_sink_new(STDERR_FILENO, LOG_SINK_PATIENCE_MS, sink_lost, &out_stderr);
        g_once_init_leave(&once, 1);
    }
    return out->sink;
}

static void put(Out *out, bool patient, const char *format, ...) G_GNUC_PRINTF(3, 4);

static void put(Out *out, bool patient, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *line = g_strdup_vprintf(format, ap);
    va_end(ap);
    log_sink_put(sink_of(out), line, strlen(line), patient);
}

/* Under out->lock. */
static void show_repeats(Out *out)
{
    if (out->repeated > out->shown)
        put(out, false, "quoin: last message repeated %" G_GUINT64_FORMAT " times\n", out->repeated);
    out->shown = out->repeated;
}

/* Under out->lock: true if the line is the same message once more, which is counted. */
static bool is_repeat(Out *out, const char *line)
{
    if (!out->last || strcmp(out->last->str, line))
        return false;
    if (++out->repeated == out->next) {
        show_repeats(out);
        out->next *= 10;
    }
    return true;
}

/* Under out->lock.  line NULL: nothing that can be repeated. */
static void remember(Out *out, const char *line)
{
    show_repeats(out);
    if (!line && out->last)
        out->last = (g_string_free(out->last, TRUE), NULL);
    else if (line)
        out->last = out->last ? g_string_assign(out->last, line) : g_string_new(line);
    out->repeated = out->shown = 0;
    out->next = 10;
}

static __thread bool silent;

void log_silence(bool on)
{
    silent = on;
}

static bool guest_may(void)
{
    g_mutex_lock(&budget.lock);
    bool may = budget.left > 0;
    if (may) {
        budget.left--;
        budget.left_in_all--; /* never the smaller of the two */
    } else {
        budget.withheld++;
    }
    g_mutex_unlock(&budget.lock);
    return may;
}

static struct {
    bool time;
    char *name;
} stamp;

void log_stamp(bool time, const char *name)
{
    stamp.time = time;
    stamp.name = g_strdup(name);
}

/* What comes before a message; not a part of it, so that the same one a moment later is still a repetition. */
static char *stamp_text(void)
{
    g_autoptr(GDateTime) now = stamp.time ? g_date_time_new_now_utc() : NULL;
    g_autofree char *seconds = now ? g_date_time_format(now, "%Y-%m-%dT%H:%M:%S") : NULL;
    g_autofree char *time = now ? g_strdup_printf("%s.%06dZ ", seconds, g_date_time_get_microsecond(now)) : g_strdup("");
    return g_strconcat(time, stamp.name ? stamp.name : "", stamp.name ? " " : "", NULL);
}

static void say(Out *out, Kind kind, const char *prefix, const char *format, va_list ap)
{
    if (silent)
        return;
    g_autofree char *text = g_strdup_vprintf(format, ap);
    g_autofree char *line = g_strconcat(prefix, text, "\n", NULL);
    g_mutex_lock(&out->lock);
    if (kind == TRACE) {
        if (out->last)
            remember(out, NULL);
    } else if (is_repeat(out, line) || (kind == GUEST && !guest_may())) {
        g_mutex_unlock(&out->lock);
        return;
    } else {
        g_autofree char *before = stamp_text();
        remember(out, line);
        put(out, false, "%s%s", before, line);
    }
    g_mutex_unlock(&out->lock);
    if (kind == TRACE) /* may wait, and then under no lock that a message needs */
        log_sink_put(sink_of(out), line, strlen(line), true);
}

void log_line(uint32_t what, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    say(log_out, what & LOG_GUEST ? GUEST : TRACE, "", format, ap);
    va_end(ap);
}

void message_error(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    say(&out_stderr, MESSAGE, "quoin: ", format, ap);
    va_end(ap);
}

void message_warning(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    say(&out_stderr, MESSAGE, "quoin: warning: ", format, ap);
    va_end(ap);
}

void message_note(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    say(&out_stderr, MESSAGE, "quoin: ", format, ap);
    va_end(ap);
}

void message_guest(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    say(&out_stderr, GUEST, "quoin: ", format, ap);
    va_end(ap);
}

void message_output_lost(const char *output, int why)
{
    message_warning("%s: %s: its output is dropped from here on", output, reason_of(why));
    tell_listener(output, reason_of(why));
}

void message_on_output_lost(void (*fn)(void *opaque, const char *output, const char *why), void *opaque)
{
    g_mutex_lock(&lost_listener.lock);
    lost_listener.fn = fn;
    lost_listener.opaque = opaque;
    g_mutex_unlock(&lost_listener.lock);
}

static void close_out(Out *out)
{
    g_mutex_lock(&out->lock);
    remember(out, NULL);
    g_mutex_unlock(&out->lock);
    log_sink_flush(sink_of(out));
}

bool log_open(const char *file, GError **error)
{
    if (log_out == &out_file) { /* tests open one log after the other */
        close_out(&out_file);
        log_sink_free(out_file.sink);
        g_free((char *)out_file.name);
    }
    log_out = &out_stderr;
    if (!file)
        return true;
    int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY | O_CLOEXEC, 0666);
    if (fd < 0) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "-D %s: %s", file, g_strerror(errno));
        return false;
    }
    out_file.name = g_strconcat("-D ", file, NULL); /* for as long as the program runs, as the sink */
    out_file.sink = log_sink_new(fd, LOG_SINK_PATIENCE_MS, sink_lost, &out_file);
    log_out = &out_file;
    return true;
}

/* The lines withheld since they were last told. */
static guint64 take_withheld(void)
{
    g_mutex_lock(&budget.lock);
    guint64 withheld = budget.withheld;
    budget.withheld = 0;
    g_mutex_unlock(&budget.lock);
    return withheld;
}

/* A guest that resets itself for ever has LOG_GUEST_LINES_MAX lines too: what is withheld after those is told at the end. */
void log_reset(void)
{
    g_mutex_lock(&budget.lock);
    budget.left = MIN(LOG_GUEST_LINES, budget.left_in_all);
    bool tell = budget.left && budget.withheld;
    g_mutex_unlock(&budget.lock);
    if (tell)
        message_guest("%" G_GUINT64_FORMAT " lines about the guest were withheld since the reset before", take_withheld());
}

void log_close(void)
{
    guint64 withheld = take_withheld();
    if (withheld)
        message_warning("%" G_GUINT64_FORMAT " lines about the guest were withheld", withheld);
    if (log_out == &out_file)
        close_out(&out_file);
    close_out(&out_stderr);
}
