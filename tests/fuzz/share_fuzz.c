/* SPDX-License-Identifier: MIT
 *
 * The 9P server, whose client says anything.  Nothing crashes or hangs, answers fit, and nothing outside of the directory is touched: beside
 * it lies a file that stays as it is, to which links inside of it lead.
 *
 * Input: messages, each behind its length in one byte; its first two bytes are its type, whose lowest bit is of no use, and how much room
 * there is for the answer.
 */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "platform/share/share.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEPS_MAX = 128, MESSAGE_MAX = 256, ROOM_MAX = 4096, HEAD = 7 };

/* As it was: the directory has a file, a directory with a link out, and a link out.  Once in a process it is made, at its end it is removed. */
static char *parent;

static void run(const char *form)
{
    g_autofree char *command = g_strdup_printf(form, parent);
    g_assert_cmpint(system(command), ==, 0);
}

static void remove_all(void)
{
    run("chmod -R u+rwX '%s' && rm -rf '%1$s'");
}

static void world_open(void)
{
    if (!parent) {
        parent = g_dir_make_tmp("share-fuzz-XXXXXX", NULL);
        run("echo secret >'%s/out'");
        atexit(remove_all);
    }
    run("cd '%s' && { chmod -R u+rwX root 2>/dev/null; rm -rf root; mkdir -p root/d && echo data >root/f && ln -s ../../out "
        "root/d/l && "
        "ln -s ../out root/l; }");
}

static void step(Share *share, Input *in)
{
    uint8_t message[MESSAGE_MAX + HEAD] = {0}, reply[ROOM_MAX];
    const size_t size = take(in, 1);
    const unsigned type = (unsigned)take(in, 1) & 0x7e;
    const size_t room = take(in, 1) * 16;
    memcpy(message, (uint8_t[]){(uint8_t)(size + HEAD), (uint8_t)((size + HEAD) >> 8), 0, 0, (uint8_t)type}, 5);
    for (size_t i = 0; i < size; i++)
        message[HEAD + i] = (uint8_t)take(in, 1);
    const size_t answered = share_serve(share, message, size + HEAD, reply, room);
    g_assert_cmpuint(answered, <=, room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t version[] = {21, 0, 0, 0, 100, 0, 0, 0, 0x10, 0, 0, 8, 0, '9', 'P', '2', '0', '0', '0', '.', 'L'};
    static const uint8_t attach[] = {23, 0, 0, 0, 104, 0, 0, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0};
    Input in = {data, size};
    uint8_t reply[64];
    g_autofree char *contents = NULL;
    world_open();
    g_autofree char *text = g_strdup_printf("local,id=f,path=%s/root,security_model=none", parent),
                    *out = g_build_filename(parent, "out", NULL);
    Share *share = share_new(text, NULL);
    share_serve(share, version, sizeof(version), reply, sizeof(reply));
    share_serve(share, attach, sizeof(attach), reply, sizeof(reply));
    for (unsigned i = 0; in.size && i < STEPS_MAX; i++)
        step(share, &in);
    share_free(share);
    g_assert_true(g_file_get_contents(out, &contents, NULL, NULL));
    g_assert_cmpstr(contents, ==, "secret\n");
    return 0;
}
