/* SPDX-License-Identifier: MIT */
#include "cpu/log_sink.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cpu/log.h"

/* --- sinks */

typedef struct Lost {
    int times, why;
} Lost;

static void count_lost(void *opaque, int why)
{
    Lost *lost = opaque;
    lost->times++;
    lost->why = why;
}

static void put(LogSink *sink, const char *line, bool patient)
{
    log_sink_put(sink, line, strlen(line), patient);
}

/* What is in the pipe or socket now. */
static char *take_all(int fd)
{
    GString *got = g_string_new(NULL);
    char piece[4096];
    ssize_t n;
    while ((n = read(fd, piece, sizeof(piece))) > 0)
        g_string_append_len(got, piece, n);
    return g_string_free(got, FALSE);
}

typedef struct Ends {
    int out, in; /* in: non-blocking */
} Ends;

static Ends make_pipe(void)
{
    int fd[2];
    g_assert_cmpint(pipe(fd), ==, 0);
    g_assert_cmpint(fcntl(fd[0], F_SETFL, O_NONBLOCK), ==, 0);
    return (Ends){fd[1], fd[0]};
}

static Ends make_socket(void)
{
    int fd[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), ==, 0);
    g_assert_cmpint(fcntl(fd[0], F_SETFL, O_NONBLOCK), ==, 0);
    return (Ends){fd[1], fd[0]};
}

enum { FLOOD = 40000, LINE = 15 };

static void flood_line(char *line, unsigned i)
{
    g_snprintf(line, LINE + 1, "line %09u\n", i);
}

/* A reader that does not read: every put returns, the queue's lines come out in order, and the others are counted. */
static void check_flood(Ends ends)
{
    Lost lost = {0};
    LogSink *sink = log_sink_new(ends.out, LOG_SINK_PATIENCE_MS, count_lost, &lost);
    char line[LINE + 1];
    for (unsigned i = 0; i < FLOOD; i++) {
        flood_line(line, i);
        put(sink, line, false);
    }
    g_autoptr(GString) got = g_string_new(NULL);
    while (!strstr(got->str, "could not be written here\n")) {
        g_autofree char *piece = take_all(ends.in);
        g_string_append(got, piece);
        if (!*piece)
            put(sink, "", false); /* what the next line brings along */
    }
    g_auto(GStrv) lines = g_strsplit(got->str, "\n", -1);
    unsigned n = 0;
    for (; g_str_has_prefix(lines[n], "line "); n++)
        g_assert_cmpuint(strtoul(lines[n] + 5, NULL, 10), ==, n);
    g_assert_cmpuint(n, >=, LOG_SINK_QUEUE / LINE);
    g_assert_cmpuint(n, <, FLOOD);
    g_autofree char *told = g_strdup_printf("quoin: %u lines could not be written here", FLOOD - n);
    g_assert_cmpstr(lines[n], ==, told);
    g_assert_cmpint(lost.times, ==, 0);
    log_sink_free(sink);
    close(ends.in);
    close(ends.out);
}

static void flooded_pipe(void)
{
    check_flood(make_pipe());
}

static void flooded_socket(void)
{
    check_flood(make_socket());
}

static gpointer read_all(gpointer fd)
{
    GString *got = g_string_new(NULL);
    char piece[300];
    ssize_t n;
    while ((n = read(GPOINTER_TO_INT(fd), piece, sizeof(piece))) > 0)
        g_string_append_len(got, piece, n);
    return g_string_free(got, FALSE);
}

/* A patient writer loses nothing while its reader reads, however slowly. */
static void patient_writer(void)
{
    int fd[2];
    g_assert_cmpint(pipe(fd), ==, 0);
    Lost lost = {0};
    LogSink *sink = log_sink_new(fd[1], -1, count_lost, &lost);
    GThread *reader = g_thread_new("reader", read_all, GINT_TO_POINTER(fd[0]));
    char line[LINE + 1];
    for (unsigned i = 0; i < FLOOD; i++) {
        flood_line(line, i);
        put(sink, line, true);
    }
    log_sink_flush(sink);
    log_sink_free(sink);
    close(fd[1]);
    g_autofree char *got = g_thread_join(reader);
    g_assert_cmpuint(strlen(got), ==, FLOOD * LINE);
    close(fd[0]);
}

/* A reader that went away: said once, and every line after that is dropped. */
static void closed_pipe(void)
{
    Ends ends = make_pipe();
    Lost lost = {0};
    LogSink *sink = log_sink_new(ends.out, LOG_SINK_PATIENCE_MS, count_lost, &lost);
    close(ends.in);
    for (unsigned i = 0; i < 100; i++)
        put(sink, "nobody hears this\n", true);
    log_sink_flush(sink);
    g_assert_cmpint(lost.times, ==, 1);
    g_assert_cmpint(lost.why, ==, EPIPE);
    log_sink_free(sink);
    close(ends.out);
}

/* A full disk: said once; when there is room again, so is the number of lines that are missing. */
static void full_disk(void)
{
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    Lost lost = {0};
    if (fd < 0) {
        g_test_skip("no /dev/full");
        return;
    }
    LogSink *sink = log_sink_new(fd, LOG_SINK_PATIENCE_MS, count_lost, &lost);
    for (unsigned i = 0; i < 100; i++)
        put(sink, "this does not fit\n", false);
    g_assert_cmpint(lost.times, ==, 1);
    g_assert_cmpint(lost.why, ==, ENOSPC);
    log_sink_free(sink);
    close(fd);
}

/* --- kinds of lines */

/* In a process of its own, since there is one log for each. */
static char *log_of(void (*fn)(void))
{
    g_autoptr(GError) error = NULL;
    g_autofree char *dir = g_dir_make_tmp("log-XXXXXX", &error);
    g_assert_no_error(error);
    g_autofree char *path = g_build_filename(dir, "log", NULL);
    pid_t child = fork();
    if (child == 0) {
        int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
        if (dup2(null, STDERR_FILENO) < 0 || !log_open(path, NULL))
            _exit(1);
        fn();
        log_close();
        _exit(0);
    }
    int status;
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_cmpint(status, ==, 0);
    char *text;
    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    g_unlink(path);
    g_rmdir(dir);
    return text;
}

static void same_lines(void)
{
    log_line(LOG_GUEST_ERRORS, "first");
    for (unsigned i = 0; i < 58; i++)
        log_line(LOG_GUEST_ERRORS, "again");
    log_line(LOG_INT, "a trace");
    log_line(LOG_INT, "a trace");
    log_line(LOG_GUEST_ERRORS, "again");
    log_line(LOG_GUEST_ERRORS, "again");
}

static void repeats(void)
{
    g_autofree char *text = log_of(same_lines);
    g_assert_cmpstr(text, ==,
                    "first\nagain\nquoin: last message repeated 10 times\nquoin: last message repeated 57 times\n"
                    "a trace\na trace\nagain\nquoin: last message repeated 1 times\n");
}

static unsigned count(const char *text, const char *what)
{
    unsigned n = 0;
    for (; (text = strstr(text, what)); text += strlen(what))
        n++;
    return n;
}

static void many_lines(void)
{
    for (unsigned reset = 0; reset < 3; reset++) {
        for (unsigned i = 0; i < LOG_GUEST_LINES + 7; i++)
            log_line(LOG_UNIMP, "guest %u", i);
        log_reset();
    }
    for (unsigned i = 0; i < LOG_GUEST_LINES + 7; i++)
        log_line(LOG_MMU, "trace %u", i);
}

static void withheld(void)
{
    g_autofree char *text = log_of(many_lines);
    /* The lines on standard error that tell of the others count against the same budget, at two resets. */
    g_assert_cmpuint(count(text, "guest "), ==, 3 * LOG_GUEST_LINES - 2);
    g_assert_cmpuint(count(text, "trace "), ==, LOG_GUEST_LINES + 7);
}

static void endless_resets(void)
{
    for (unsigned reset = 0; reset < 100; reset++) {
        for (unsigned i = 0; i < LOG_GUEST_LINES; i++)
            log_line(LOG_UNIMP, "guest %u", i);
        log_reset();
    }
}

static void in_all(void)
{
    g_autofree char *text = log_of(endless_resets);
    g_assert_cmpuint(count(text, "guest "), ==, LOG_GUEST_LINES_MAX);
}

UNIT_TESTS(log)
{
    g_test_add_func("/log/flooded-pipe", flooded_pipe);
    g_test_add_func("/log/flooded-socket", flooded_socket);
    g_test_add_func("/log/patient-writer", patient_writer);
    g_test_add_func("/log/closed-pipe", closed_pipe);
    g_test_add_func("/log/full-disk", full_disk);
    g_test_add_func("/log/repeats", repeats);
    g_test_add_func("/log/withheld", withheld);
    g_test_add_func("/log/in-all", in_all);
}
