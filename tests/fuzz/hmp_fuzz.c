/* SPDX-License-Identifier: MIT
 *
 * What somebody types at a human monitor, in pieces as long as the first byte says.  What comes back is UTF-8, and bounded.
 */
#include <string.h>

#include "platform/control/hmp.h"
#include "tests/fuzz/monitor_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The terminal. */
typedef struct Typist {
    const ControlSocketOps *ops;
    void *opaque;
    size_t shown;
} Typist;

static void show(void *end, const void *data, size_t size)
{
    ((Typist *)end)->shown += size;
    g_assert_cmpuint(size, <=, HMP_OUTPUT_MAX);
    g_assert_true(size == 1 || g_utf8_validate(data, (gssize)size, NULL));
}

static bool typist_is_full(const void *end)
{
    return false;
}

static void leave(void *end) {}

static bool typist_open(Link *link, const ControlSocketOps *ops, void *opaque, const void *how, GError **error)
{
    static const LinkType type = {show, typist_is_full, leave, leave, leave};
    Typist *typist = (Typist *)how;
    *typist = (Typist){ops, opaque, 0};
    *link = (Link){&type, typist, false};
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Fixture f;
    Typist typist;
    size_t piece = size ? data[0] + 1u : 1;
    fixture_init(&f);
    Hmp *hmp = hmp_new(typist_open, &typist, &f.view, NULL);

    typist.ops->opened(typist.opaque);
    for (size_t at = 1; at < size; at += piece)
        typist.ops->received(typist.opaque, (const char *)data + at, MIN(piece, size - at));
    typist.ops->closed(typist.opaque);
    hmp_free(hmp);
    fixture_clear(&f);
    return 0;
}
