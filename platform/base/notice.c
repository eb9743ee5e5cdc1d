/* SPDX-License-Identifier: MIT */
#include "platform/base/notice.h"

#include <stdbool.h>
#include <string.h>

enum { WAITING_MAX = 64 };

typedef struct Notice {
    const char *event;
    char *subject;
    GVariant *data; /* or NULL */
} Notice;

typedef struct Hearer {
    NoticeListener *fn;
    void *opaque;
} Hearer;

struct Notices {
    GMutex lock;
    GPtrArray *waiting; /* of Notice*; under the lock */
    GSource *source;    /* in the main loop while something waits; under the lock */
    GArray *hearers;    /* of Hearer */
};

static void notice_free(void *pointer)
{
    Notice *notice = pointer;
    g_free(notice->subject);
    g_clear_pointer(&notice->data, g_variant_unref);
    g_free(notice);
}

/* The lock is not held while they are told: a listener may post. */
void notices_settle(Notices *notices)
{
    g_mutex_lock(&notices->lock);
    g_autoptr(GPtrArray) due = g_steal_pointer(&notices->waiting);
    notices->waiting = g_ptr_array_new_with_free_func(notice_free);
    g_mutex_unlock(&notices->lock);
    for (guint i = 0; i < due->len; i++) {
        const Notice *notice = due->pdata[i];
        for (guint h = 0; h < notices->hearers->len; h++) {
            const Hearer *hearer = &g_array_index(notices->hearers, Hearer, h);
            hearer->fn(hearer->opaque, notice->event, notice->subject, notice->data);
        }
    }
}

static gboolean tell(gpointer opaque)
{
    Notices *notices = opaque;
    g_mutex_lock(&notices->lock);
    g_clear_pointer(&notices->source, g_source_unref);
    g_mutex_unlock(&notices->lock);
    notices_settle(notices);
    return G_SOURCE_REMOVE;
}

Notices *notices_new(void)
{
    Notices *notices = g_new0(Notices, 1);
    g_mutex_init(&notices->lock);
    notices->waiting = g_ptr_array_new_with_free_func(notice_free);
    notices->hearers = g_array_new(FALSE, FALSE, sizeof(Hearer));
    return notices;
}

void notices_free(Notices *notices)
{
    if (!notices)
        return;
    if (notices->source) {
        g_source_destroy(notices->source);
        g_source_unref(notices->source);
    }
    g_ptr_array_unref(notices->waiting);
    g_array_unref(notices->hearers);
    g_mutex_clear(&notices->lock);
    g_free(notices);
}

static guint find(const Notices *notices, const char *event, const char *subject)
{
    guint i = 0;
    for (; i < notices->waiting->len; i++) {
        const Notice *notice = notices->waiting->pdata[i];
        if (!strcmp(notice->event, event) && !strcmp(notice->subject, subject))
            break;
    }
    return i;
}

void notices_post(Notices *notices, const char *event, const char *subject, GVariant *data)
{
    g_autoptr(GVariant) sunk = data ? g_variant_ref_sink(data) : NULL;
    g_mutex_lock(&notices->lock);
    guint i = find(notices, event, subject);
    if (i < notices->waiting->len)
        g_ptr_array_remove_index(notices->waiting, i);
    if (notices->waiting->len < WAITING_MAX) {
        Notice *notice = g_new(Notice, 1);
        *notice = (Notice){event, g_strdup(subject), g_steal_pointer(&sunk)};
        g_ptr_array_add(notices->waiting, notice);
    }
    if (!notices->source) { /* called later, from the main loop, whatever locks this thread holds */
        notices->source = g_idle_source_new();
        g_source_set_priority(notices->source, G_PRIORITY_DEFAULT);
        g_source_set_callback(notices->source, tell, notices, NULL);
        g_source_attach(notices->source, NULL);
    }
    g_mutex_unlock(&notices->lock);
}

void notices_listen(Notices *notices, NoticeListener *fn, void *opaque)
{
    const Hearer hearer = {fn, opaque};
    if (fn) {
        g_array_append_val(notices->hearers, hearer);
        return;
    }
    for (guint h = notices->hearers->len; h-- > 0;) {
        if (g_array_index(notices->hearers, Hearer, h).opaque == opaque)
            g_array_remove_index(notices->hearers, h);
    }
}
