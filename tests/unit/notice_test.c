/* SPDX-License-Identifier: MIT */
#include "platform/base/notice.h"
#include "tests/unit/unit.h"

static void hear(void *opaque, const char *event, const char *subject, GVariant *data)
{
    g_autofree char *text = data ? g_variant_print(data, FALSE) : g_strdup("-");
    g_string_append_printf(opaque, "%s(%s)=%s ", event, subject, text);
}

static void main_loop(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

static gpointer post_from_elsewhere(gpointer notices)
{
    notices_post(notices, "B", "", NULL);
    return NULL;
}

static void the_last_of_a_kind(void)
{
    g_autoptr(GString) heard = g_string_new(NULL);
    Notices *notices = notices_new();
    notices_listen(notices, hear, heard);
    notices_post(notices, "A", "x", g_variant_new_int32(1));
    notices_post(notices, "A", "y", g_variant_new_int32(2));
    g_thread_join(g_thread_new("post", post_from_elsewhere, notices));
    notices_post(notices, "A", "x", g_variant_new_int32(3));
    g_assert_cmpstr(heard->str, ==, "");
    main_loop();
    g_assert_cmpstr(heard->str, ==, "A(y)=2 B()=- A(x)=3 ");
    notices_listen(notices, NULL, heard);
    notices_post(notices, "A", "x", NULL);
    main_loop();
    g_assert_cmpstr(heard->str, ==, "A(y)=2 B()=- A(x)=3 ");
    notices_post(notices, "A", "x", NULL);
    notices_free(notices); /* before it was told */
    main_loop();
}

static void count(void *opaque, const char *event, const char *subject, GVariant *data)
{
    ++*(unsigned *)opaque;
}

static void bounded(void)
{
    unsigned heard = 0;
    Notices *notices = notices_new();
    notices_listen(notices, count, &heard);
    for (unsigned i = 0; i < 1000; i++) {
        g_autofree char *subject = g_strdup_printf("%u", i);
        notices_post(notices, "A", subject, NULL);
    }
    main_loop();
    g_assert_cmpuint(heard, ==, 64);
    notices_free(notices);
}

UNIT_TESTS(notice)
{
    g_test_add_func("/notice/of-a-kind-the-last-is-told", the_last_of_a_kind);
    g_test_add_func("/notice/those-that-wait-are-bounded", bounded);
}
