/* SPDX-License-Identifier: MIT
 *
 * QMP over a real socket, on a run state with nothing behind it.
 */
#include "platform/control/qmp.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "platform/chardev/chardev.h"
#include "platform/machine/runstate_ops.h"

/* --- a machine without insides */

typedef struct Fake {
    RunPolicy policy;
    RunState *run;
    HcallEnv hcall;
    Qmp *qmp;
    int fd; /* the client's end */
    GString *in;
    RunResetResult reset_result;
    bool finished;
    GPtrArray *chardevs;
    Notices *notices;
    char *dir, *path, *spec;
    LinkSocket socket;
} Fake;

static void nothing(void *opaque) {}

static bool resume_ok(void *opaque, GError **error)
{
    return true;
}

static RunResetResult reset(void *opaque, RunCause cause, GError **error)
{
    Fake *f = opaque;
    if (f->reset_result != RUN_RESET_DONE)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOSYS, "does not support reset");
    return f->reset_result;
}

static const GError *host_error(void *opaque)
{
    return NULL;
}

static void finished(void *opaque)
{
    ((Fake *)opaque)->finished = true;
}

static const RunOps ops = {nothing, resume_ok, nothing, nothing, reset, host_error, finished, .power_button = nothing};

static void client_connect(Fake *f)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};

    g_strlcpy(name.sun_path, f->path, sizeof name.sun_path);
    f->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(connect(f->fd, (struct sockaddr *)&name, sizeof name), ==, 0);
    g_string_truncate(f->in, 0);
}

static Fake *fake_new_named(const char *name)
{
    Fake *f = g_new0(Fake, 1);
    g_autoptr(GError) error = NULL;

    f->run = run_new(&f->policy, &ops, f, &error);
    g_assert_no_error(error);
    f->in = g_string_new(NULL);
    f->dir = g_dir_make_tmp("qmp-XXXXXX", &error);
    g_assert_no_error(error);
    f->path = g_build_filename(f->dir, "sock", NULL);
    f->spec = g_strdup_printf("unix:%s,server=on,wait=off", f->path);
    f->notices = notices_new();
    f->socket = (LinkSocket){"-qmp", f->spec, "server=off,wait=on"};
    f->chardevs = g_ptr_array_new_with_free_func((GDestroyNotify)chardev_free);
    g_ptr_array_add(f->chardevs, chardev_option_new("ringbuf,id=ring,size=64", NULL));
    const ControlView view = {
        .run = f->run,
        .hcall = &f->hcall,
        .chardevs = f->chardevs,
        .name = name,
        .watchdog = "reset",
        .panic = "poweroff",
        .notices = f->notices,
    };
    f->qmp = qmp_new(link_open_socket, &f->socket, &view, &error);
    g_assert_no_error(error);
    client_connect(f);
    return f;
}

static Fake *fake_new(void)
{
    return fake_new_named(NULL);
}

static void fake_free(Fake *f)
{
    qmp_free(f->qmp);
    notices_free(f->notices);
    run_free(f->run);
    g_ptr_array_unref(f->chardevs);
    close(f->fd);
    g_assert_false(g_file_test(f->path, G_FILE_TEST_EXISTS));
    g_rmdir(f->dir);
    g_string_free(f->in, TRUE);
    g_free(f->dir);
    g_free(f->path);
    g_free(f->spec);
    g_free(f);
}

/* The next line; the main loop runs until it is there.  NULL: the server hung up. */
static char *line(Fake *f)
{
    char *end;

    while (!(end = strchr(f->in->str, '\n'))) {
        char data[512];
        ssize_t n = recv(f->fd, data, sizeof data, MSG_DONTWAIT);
        if (n == 0)
            return NULL;
        if (n > 0)
            g_string_append_len(f->in, data, n);
        else
            g_main_context_iteration(NULL, FALSE);
    }
    char *text = g_strndup(f->in->str, (gsize)(end - f->in->str));
    g_string_erase(f->in, 0, end - f->in->str + 1);
    g_strchomp(text);
    return text;
}

static void say(Fake *f, const char *text)
{
    g_assert_cmpint(send(f->fd, text, strlen(text), MSG_NOSIGNAL), ==, (ssize_t)strlen(text));
}

static void expect(Fake *f, const char *want)
{
    g_autofree char *got = line(f);
    g_assert_cmpstr(got, ==, want);
}

/* An event is {"timestamp": {…}, REST */
static void expect_event(Fake *f, const char *rest)
{
    g_autofree char *got = line(f);
    g_assert_nonnull(got);
    g_assert_true(g_str_has_prefix(got, "{\"timestamp\":{\"seconds\":"));
    const char *after = strstr(got, "},");
    g_assert_nonnull(after);
    g_assert_cmpstr(after + 2, ==, rest);
}

static void greet(Fake *f)
{
    g_autofree char *greeting = line(f);
    g_assert_true(g_str_has_prefix(greeting, "{\"QMP\":{\"version\":{\"qemu\":{\"major\":"));
    say(f, "{\"execute\": \"qmp_capabilities\"}");
    expect(f, "{\"return\":{}}");
}

static void negotiation(void)
{
    Fake *f = fake_new();
    g_autofree char *greeting = line(f);

    say(f, "{\"execute\":\"stop\",\"id\":1}\n");
    expect(f, "{\"error\":{\"class\":\"CommandNotFound\",\"desc\":\"Expecting capabilities "
              "negotiation with 'qmp_capabilities'\"},\"id\":1}");
    say(f, "{\"execute\":\"qmp_capabilities\",\"id\":{\"x\":[null]}}\n");
    expect(f, "{\"return\":{},\"id\":{\"x\":[null]}}");
    say(f, "{\"execute\":\"qmp_capabilities\"}");
    expect(f, "{\"error\":{\"class\":\"CommandNotFound\",\"desc\":\"Capabilities negotiation is "
              "already complete, command ignored\"}}");
    /* The next client starts anew. */
    close(f->fd);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    client_connect(f);
    greet(f);
    fake_free(f);
}

static void states(void)
{
    Fake *f = fake_new();

    greet(f);
    say(f, "{\"execute\":\"query-status\"}");
    expect(f, "{\"return\":{\"status\":\"prelaunch\",\"running\":false,\"singlestep\":false}}");
    say(f, "{\"execute\":\"cont\"}{\"execute\":\"query-status\"}");
    expect_event(f, "\"event\":\"RESUME\"}");
    expect(f, "{\"return\":{}}");
    expect(f, "{\"return\":{\"status\":\"running\",\"running\":true,\"singlestep\":false}}");
    say(f, "{\"execute\":\"stop\"}{\"execute\":\"query-status\"}");
    expect_event(f, "\"event\":\"STOP\"}");
    expect(f, "{\"return\":{}}");
    expect(f, "{\"return\":{\"status\":\"paused\",\"running\":false,\"singlestep\":false}}");
    say(f, "{\"execute\":\"system_reset\"}");
    expect_event(f, "\"event\":\"RESET\",\"data\":{\"guest\":false,\"reason\":\"host-qmp-system-reset\"}}");
    expect(f, "{\"return\":{}}");
    fake_free(f);
}

static void guest_name(void)
{
    Fake *f = fake_new();

    greet(f);
    say(f, "{\"execute\":\"query-name\"}");
    expect(f, "{\"return\":{}}");
    fake_free(f);
    f = fake_new_named("a \"guest\"");
    greet(f);
    say(f, "{\"execute\":\"query-name\"}");
    expect(f, "{\"return\":{\"name\":\"a \\\"guest\\\"\"}}");
    fake_free(f);
}

static void guest_events(void)
{
    Fake *f = fake_new();

    f->policy.pause_on_shutdown = true;
    greet(f);
    say(f, "{\"execute\":\"cont\"}");
    expect_event(f, "\"event\":\"RESUME\"}");
    expect(f, "{\"return\":{}}");
    run_request(f->run, RUN_CAUSE_GUEST_RESET_HCALL);
    expect_event(f, "\"event\":\"RESET\",\"data\":{\"guest\":true,\"reason\":\"guest-reset\"}}");
    run_request(f->run, RUN_CAUSE_GUEST_SHUTDOWN_HCALL);
    expect_event(f, "\"event\":\"SHUTDOWN\",\"data\":{\"guest\":true,\"reason\":\"guest-shutdown\"}}");
    expect_event(f, "\"event\":\"STOP\"}");
    say(f, "{\"execute\":\"cont\"}");
    expect(f, "{\"error\":{\"class\":\"GenericError\",\"desc\":\"Resetting the Virtual Machine is "
              "required\"}}");
    fake_free(f);
}

static void guest_crash(void)
{
    Fake *f = fake_new();

    greet(f);
    say(f, "{\"execute\":\"cont\"}");
    expect_event(f, "\"event\":\"RESUME\"}");
    expect(f, "{\"return\":{}}");
    run_request(f->run, RUN_CAUSE_GUEST_CRASH);
    expect_event(f, "\"event\":\"GUEST_PANICKED\",\"data\":{\"action\":\"poweroff\"}}");
    expect_event(f, "\"event\":\"SHUTDOWN\",\"data\":{\"guest\":true,\"reason\":\"guest-panic\"}}");
    fake_free(f);
}

static void refused_reset(void)
{
    Fake *f = fake_new();

    greet(f);
    f->reset_result = RUN_RESET_REFUSED;
    say(f, "{\"execute\":\"system_reset\",\"id\":\"r\"}");
    expect(f, "{\"error\":{\"class\":\"GenericError\",\"desc\":\"The machine does not support "
              "reset, or could not be reset\"},\"id\":\"r\"}");
    fake_free(f);
}

static void quit_ends(void)
{
    Fake *f = fake_new();

    greet(f);
    say(f, "{\"execute\":\"quit\"}");
    expect_event(f, "\"event\":\"SHUTDOWN\",\"data\":{\"guest\":false,\"reason\":\"host-qmp-quit\"}}");
    expect(f, "{\"return\":{}}");
    g_assert_true(f->finished);
    fake_free(f);
}

/* The guest goes on: only it can power off after that. */
static void powerdown(void)
{
    Fake *f = fake_new();

    greet(f);
    say(f, "{\"execute\":\"cont\"}");
    expect_event(f, "\"event\":\"RESUME\"}");
    expect(f, "{\"return\":{}}");
    say(f, "{\"execute\":\"system_powerdown\"}");
    expect_event(f, "\"event\":\"POWERDOWN\"}");
    expect(f, "{\"return\":{}}");
    g_assert_cmpint(run_state(f->run), ==, RUN_STATE_RUNNING);
    fake_free(f);
}

static void counters(void)
{
    Fake *f = fake_new();

    greet(f);
    f->hcall.count[HCALL_KVM_HC_VM_RESET] = 3;
    f->hcall.unknown = 2;
    say(f, "{\"execute\":\"x-query-hypercalls\"}");
    g_autoptr(GString) want = g_string_new("{\"return\":{");
    for (unsigned id = 0; id < HCALL_COUNT; id++)
        g_string_append_printf(want, "\"%s\":%u,", hcall_name(id), id == HCALL_KVM_HC_VM_RESET ? 3 : 0);
    g_string_append(want, "\"unknown\":2}}");
    expect(f, want->str);
    fake_free(f);
}

static void wrong_requests(void)
{
    static const struct {
        const char *text, *class, *desc;
    } rows[] = {
        {"{\"execute\":\"nonsense\"}", "CommandNotFound", "The command nonsense has not been found"},
        {"{\"execute\":\"device_add\"}", "CommandNotFound",
         "The command device_add has not been found: devices and back ends are given when the program is started, by -device, "
         "-chardev and "
         "their like"},
        {"{\"exec-oob\":\"stop\"}", "GenericError", "QMP input member 'exec-oob' is unexpected"},
        {"{\"execute\":1}", "GenericError", "QMP input member 'execute' must be a string"},
        {"{}", "GenericError", "QMP input lacks member 'execute'"},
        {"{\"execute\":\"stop\",\"arguments\":[]}", "GenericError", "QMP input member 'arguments' must be an object"},
        {"{\"execute\":\"stop\",\"arguments\":{\"x\":1}}", "GenericError", "Parameter 'x' is unexpected"},
        {"{\"execute\":\"query-status\",\"arguments\":{\"device\":\"ring\"}}", "GenericError", "Parameter 'device' is unexpected"},
        {"{\"execute\":\"stop\",\"argument\":{}}", "GenericError", "QMP input member 'argument' is unexpected"},
        {"{\"execute\":\"ringbuf-read\"}", "GenericError", "Parameter 'device' is missing"},
        {"{\"execute\":\"migrate-set-capabilities\",\"arguments\":{\"capabilities\":[7]}}", "GenericError",
         "Invalid parameter type for 'capabilities', expected: object"},
        {"{\"execute\":\"migrate-set-capabilities\",\"arguments\":{\"capabilities\":[{\"capability\":\"events\"}]}}",
         "GenericError", "Parameter 'state' is missing"},
        {"{\"execute\":\"migrate-set-capabilities\",\"arguments\":{\"capabilities\":[{\"capability\":\"xbzrle\",\"state\":true}]}}",
         "GenericError", "Capability 'xbzrle' is not there"},
        {"{\"execute\":\"balloon\",\"arguments\":{\"value\":0}}", "GenericError", "Parameter 'value' expects a size"},
        {"{\"execute\":\"balloon\",\"arguments\":{\"value\":1}}", "DeviceNotActive", "No balloon device has been activated"},
        {"{\"execute\":\"device-list-properties\",\"arguments\":{\"typename\":\"floppy\"}}", "DeviceNotFound",
         "Device 'floppy' not found"},
        {"{\"execute\":\"qom-list-properties\",\"arguments\":{\"typename\":\"floppy\"}}", "DeviceNotFound",
         "Class 'floppy' not found"},
        {"{\"execute\":\"ringbuf-read\",\"arguments\":{\"device\":\"ring\"}}", "GenericError", "Parameter 'size' is missing"},
        {"{\"execute\":\"ringbuf-read\",\"arguments\":{\"device\":5,\"size\":1}}", "GenericError",
         "Invalid parameter type for 'device', expected: string"},
        {"{\"execute\":\"ringbuf-read\",\"arguments\":{\"device\":\"ring\",\"size\":\"9\"}}", "GenericError",
         "Invalid parameter type for 'size', expected: integer"},
        {"{\"execute\":\"ringbuf-read\",\"arguments\":{\"device\":\"ring\",\"size\":1,\"sise\":1}}", "GenericError",
         "Parameter 'sise' is unexpected"},
        {"{\"execute\":\"ringbuf-read\",\"arguments\":{\"device\":\"ring\",\"size\":1,\"format\":\"z\"}}", "GenericError",
         "Parameter 'format' does not accept value 'z'"},
        {"{\"execute\":\"ringbuf-read\",\"arguments\":{\"device\":\"x\",\"size\":1}}", "GenericError", "Device 'x' not found"},
        {"[]", "GenericError", "QMP input must be a JSON object"},
        {"{,}", "GenericError", "JSON parse error, invalid syntax"},
        {"hello\n", "GenericError", "JSON parse error, invalid syntax"},
        {"{\"a\":\"\xff\"}", "GenericError", "JSON parse error, invalid syntax"},
    };
    Fake *f = fake_new();

    greet(f);
    FOR_ROWS (i, rows) {
        g_autofree char *want = g_strdup_printf("{\"error\":{\"class\":\"%s\",\"desc\":\"%s\"}}", rows[i].class, rows[i].desc);
        say(f, rows[i].text);
        expect(f, want);
    }
    fake_free(f);
}

/* A string of brackets counts like brackets: what is a string is for the parser to say. */
static void deep_requests(void)
{
    static const struct {
        const char *before, *after;
        unsigned n;
        bool ok;
    } rows[] = {
        {"", "", 1023, true},     {"", "", 1024, false},     {"", "", 30000, false},
        {"\"", "\"", 1023, true}, {"\"", "\"", 1024, false}, {"'\"", "\"'", 30000, false},
    };
    Fake *f = fake_new();

    greet(f);
    FOR_ROWS (i, rows) {
        g_autofree char *opening = g_strnfill(rows[i].n, '['), *closing = g_strnfill(rows[i].n, ']');
        g_autofree char *id = g_strconcat(rows[i].before, opening, closing, rows[i].after, NULL);
        g_autofree char *ask = g_strdup_printf("{\"execute\":\"query-name\",\"id\":%s}", id);
        g_autofree char *answer = g_strdup_printf("{\"return\":{},\"id\":%s}", id);

        say(f, ask);
        expect(f, rows[i].ok ? answer
                             : "{\"error\":{\"class\":\"GenericError\",\"desc\":\"JSON nesting "
                               "depth limit exceeded\"}}");
    }
    fake_free(f);
}

/* Values end where their brackets close; text that is no object or array ends with its line. */
static void stream(void)
{
    Fake *f = fake_new();

    greet(f);
    say(f, " \r\n{\"execute\":\"query-name\",\"id\":\"}\\\"}\"}{\"execute\":");
    expect(f, "{\"return\":{},\"id\":\"}\\\"}\"}");
    say(f, "\"st\\u006fp\"}\n}\n{\"execute\":\"query-name\"}");
    expect(f, "{\"return\":{}}");
    expect(f, "{\"error\":{\"class\":\"GenericError\",\"desc\":\"JSON parse error, invalid syntax\"}}");
    expect(f, "{\"return\":{}}");
    fake_free(f);
}

/* The parser may let half of a surrogate pair through, or not; what is said is UTF-8. */
static void half_characters(void)
{
    static const char *const rows[] = {"{\"execute\":\"query-name\",\"id\":\"\\udc00\"}",
                                       "{\"execute\":\"x\\udc00\",\"id\":{\"\\udc00\":1}}"};
    Fake *f = fake_new();

    greet(f);
    FOR_ROWS (i, rows) {
        say(f, rows[i]);
        g_autofree char *got = line(f);
        g_assert_true(g_str_has_prefix(got, "{\"return\":{}") || g_str_has_prefix(got, "{\"error\":{"));
        g_assert_true(g_utf8_validate(got, -1, NULL));
    }
    fake_free(f);
}

static void endless_request(void)
{
    Fake *f = fake_new();
    g_autofree char *piece = g_strnfill(4096, '[');

    greet(f);
    for (unsigned i = 0; i < 16; i++) {
        say(f, piece);
        while (g_main_context_iteration(NULL, FALSE))
            ;
    }
    say(f, "[");
    expect(f, "{\"error\":{\"class\":\"GenericError\",\"desc\":\"JSON token size limit exceeded\"}}");
    g_assert_null(line(f));
    fake_free(f);
}

static void second_client(void)
{
    Fake *f = fake_new();
    int first = f->fd;
    char byte;

    greet(f);
    client_connect(f);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_assert_cmpint(recv(f->fd, &byte, 1, MSG_DONTWAIT), <, 0); /* not yet */
    close(first);
    greet(f);
    fake_free(f);
}

static void reset_once(Fake *f)
{
    run_request(f->run, RUN_CAUSE_GUEST_RESET_HCALL);
    run_apply(f->run);
}

/* Of the events that did not fit, the last of each kind comes when the client reads again. */
static void late_events(void)
{
    Fake *f = fake_new();
    unsigned heard = 0;

    greet(f);
    for (unsigned i = 0; i < 9000; i++)
        reset_once(f);
    run_request(f->run, RUN_CAUSE_HOST_CONT);
    run_apply(f->run);
    for (bool resumed = false; !resumed; heard++) {
        g_autofree char *got = line(f);
        resumed = strstr(got, "\"RESUME\"") != NULL;
        g_assert_true(resumed || strstr(got, "\"RESET\""));
    }
    g_assert_cmpuint(heard, >, 400); /* what a socket and a queue of 64 KiB hold */
    g_assert_cmpuint(heard, <, 9000);
    say(f, "{\"execute\":\"query-name\"}");
    expect(f, "{\"return\":{}}");
    reset_once(f);
    expect_event(f, "\"event\":\"RESET\",\"data\":{\"guest\":true,\"reason\":\"guest-reset\"}}");
    fake_free(f);
}

/* A client that never reads is hung up on; the next one is served. */
static void deaf_client(void)
{
    Fake *f = fake_new();
    int deaf = f->fd;

    greet(f);
    for (unsigned i = 0; i < 30000; i++)
        reset_once(f);
    client_connect(f);
    greet(f);
    close(deaf);
    fake_free(f);
}

/* Requests that come at once are executed as far as the client takes the answers, all of them in the end. */
static void impatient_client(void)
{
    enum { REQUESTS = 3000, SOCKET_ROOM = 4096 };
    const int room = SOCKET_ROOM;
    Fake *f = fake_new();
    g_autoptr(GString) text = g_string_new(NULL);
    size_t sent = 0;

    greet(f);
    g_assert_cmpint(setsockopt(f->fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)), ==, 0);
    for (unsigned i = 0; i < REQUESTS; i++)
        g_string_append(text, "{\"execute\":\"query-commands\"}");
    bool stuck = false;
    while (!stuck) { /* nothing is read */
        ssize_t n = send(f->fd, text->str + sent, text->len - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        sent += n > 0 ? (size_t)n : 0;
        bool moved = n > 0;
        while (g_main_context_iteration(NULL, FALSE))
            moved = true;
        stuck = !moved || sent == text->len;
    }
    g_assert_cmpuint(sent, <, text->len);
    for (unsigned i = 0; i < REQUESTS; i++) {
        g_autofree char *got = line(f);
        g_assert_true(g_str_has_prefix(got, "{\"return\":[{\"name\":"));
        ssize_t n = send(f->fd, text->str + sent, text->len - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        sent += n > 0 ? (size_t)n : 0;
    }
    g_assert_cmpuint(sent, ==, text->len);
    fake_free(f);
}

static void notices(void)
{
    Fake *f = fake_new();

    greet(f);
    notices_post(f->notices, "X_OUTPUT_LOST", "serial0",
                 g_variant_new_parsed("{'output': 'serial0', 'reason': %s}", g_strerror(ENOSPC)));
    expect_event(f, "\"event\":\"X_OUTPUT_LOST\",\"data\":{\"output\":\"serial0\",\"reason\":\"No space left on device\"}}");
    notices_post(f->notices, "VSERPORT_CHANGE", "p", g_variant_new_parsed("{'id': <'p'>, 'open': <true>}"));
    expect_event(f, "\"event\":\"VSERPORT_CHANGE\",\"data\":{\"id\":\"p\",\"open\":true}}");
    notices_post(f->notices, "BLOCK_IO_ERROR", "d0",
                 g_variant_new_parsed("{'device': <'d0'>, 'operation': <'write'>, 'action': <'stop'>, 'reason': <'no'>}"));
    expect_event(
        f,
        "\"event\":\"BLOCK_IO_ERROR\",\"data\":{\"device\":\"d0\",\"operation\":\"write\",\"action\":\"stop\",\"reason\":\"no\"}}");
    fake_free(f);
}

static void bad_specs(void)
{
    static const char *const rows[][2] = {
        {"unix:/tmp/x", "-qmp: 'unix:/tmp/x': not yet supported without server=on"},
        {"stdio", "-qmp: 'stdio' is not tcp:[HOST]:PORT or unix:PATH"},
        {"unix:,server=on", "-qmp: 'unix:,server=on' is not tcp:[HOST]:PORT or unix:PATH"},
        {"", "-qmp: '' is not tcp:[HOST]:PORT or unix:PATH"},
        {"unix:/tmp/x,server=yes", "-qmp: 'server=yes' is not server=on|off or wait=on|off"},
        {"unix:/tmp/x,color=on", "-qmp: 'color=on' is not server=on|off or wait=on|off"},
        {"tcp:localhost,server=on", "-qmp: 'tcp:localhost' needs a host and a port: tcp:[HOST]:PORT"},
        {"tcp::99999,server=on", "-qmp: 'tcp::99999' needs a host and a port: tcp:[HOST]:PORT"},
        {"unix:/nonexistent/x,server=on,wait=off", "-qmp: cannot listen on /nonexistent/x: No such file or directory"},
    };
    FOR_ROWS (i, rows) {
        g_autoptr(GError) error = NULL;
        const LinkSocket how = {"-qmp", rows[i][0], "server=off,wait=on"};
        g_assert_null(qmp_new(link_open_socket, &how, &(ControlView){0}, &error));
        g_assert_nonnull(error);
        g_assert_cmpstr(error->message, ==, rows[i][1]);
    }
}

static void skip(void)
{
    g_test_skip("built without json-glib");
}

static void add(const char *path, GTestFunc test)
{
    g_test_add_func(path, HAVE_JSON_GLIB ? test : skip);
}

UNIT_TESTS(qmp)
{
    g_setenv("LC_ALL", "C", TRUE);
    add("/qmp/commands-come-after-negotiation", negotiation);
    add("/qmp/a-request-is-applied-when-it-is-answered", states);
    add("/qmp/tells-the-name-of-the-guest", guest_name);
    add("/qmp/the-guest's-own-reset-and-shutdown-are-events", guest_events);
    add("/qmp/a-guest's-crash-is-an-event", guest_crash);
    add("/qmp/a-refused-reset-is-an-error", refused_reset);
    add("/qmp/quit-ends-the-machine", quit_ends);
    add("/qmp/powerdown-is-told-and-the-guest-goes-on", powerdown);
    add("/qmp/hypercalls-are-counted", counters);
    add("/qmp/wrong-requests-are-told-why", wrong_requests);
    add("/qmp/values-end-where-their-brackets-close", stream);
    add("/qmp/half-characters-do-not-come-out", half_characters);
    add("/qmp/nesting-is-bounded", deep_requests);
    add("/qmp/a-request-without-end-is-cut-off", endless_request);
    add("/qmp/one-client-at-a-time", second_client);
    add("/qmp/events-of-a-kind-coalesce", late_events);
    add("/qmp/a-client-that-does-not-read-is-dropped", deaf_client);
    add("/qmp/a-client-reads-before-it-is-read", impatient_client);
    add("/qmp/a-notice-is-an-event", notices);
    add("/qmp/specs-that-mean-nothing-say-so", bad_specs);
}
