/* SPDX-License-Identifier: MIT
 *
 * A QMP client's bytes, in pieces as long as the first byte says, to a run state with nothing
 * behind it.  What goes back is one strict JSON value a line.
 */
#include <json-glib/json-glib.h>
#include <string.h>

#include "platform/control/qmp.h"
#include "tests/fuzz/monitor_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* --- the client's end */

typedef struct Client {
    const ControlSocketOps *ops;
    void *opaque;
    bool hung_up;
} Client;

static void client_receive(void *end, const void *data, size_t size)
{
    g_assert_cmpuint(size, >, 2);
    g_assert_cmpmem((const char *)data + size - 2, 2, "\r\n", 2);
    g_assert_null(memchr(data, '\n', size - 2));
    g_assert_true(g_utf8_validate(data, (gssize)size - 2, NULL));
    g_autoptr(JsonParser) parser = json_parser_new();
    g_assert_true(json_parser_load_from_data(parser, data, (gssize)size - 2, NULL));
}

static bool client_is_full(const void *end)
{
    return false;
}

static void client_leave(void *end)
{
    ((Client *)end)->hung_up = true;
}

static void client_free(void *end) {}

static bool client_open(Link *link, const ControlSocketOps *ops, void *opaque, const void *how, GError **error)
{
    static const LinkType type = {client_receive, client_is_full, client_leave, client_leave, client_free};
    Client *client = (Client *)how;
    *client = (Client){ops, opaque, false};
    *link = (Link){&type, client, false};
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Fixture f;
    Client client;
    size_t piece = size ? data[0] + 1u : 1;
    fixture_init(&f);
    Qmp *qmp = qmp_new(client_open, &client, &f.view, NULL);

    client.ops->opened(client.opaque);
    for (size_t at = 1; at < size && !client.hung_up; at += piece)
        client.ops->received(client.opaque, (const char *)data + at, MIN(piece, size - at));
    client.ops->closed(client.opaque);
    qmp_free(qmp);
    fixture_clear(&f);
    return 0;
}
