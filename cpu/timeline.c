/* SPDX-License-Identifier: MIT */
#include "cpu/timeline.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { CHUNK = 1024 /* events */, CHUNKS_MAX = 512 /* that wait to be written */, VCPUS = 64 };

typedef struct Event {
    uint64_t begin_ns, ns; /* ns: UINT64_MAX of an instant */
    const char *name;
    uint64_t argument;
    uint32_t lane, kind;
} Event;

typedef struct Chunk {
    unsigned n;
    Event event[CHUNK];
} Chunk;

typedef struct Timeline {
    FILE *file;
    char *path;
    uint64_t begin_ns;
    GThread *writer;
    GAsyncQueue *full; /* of chunks; one without events is the end */
    GMutex lock;       /* what follows is under it */
    Chunk *chunk;
    uint64_t left_out;
} Timeline;

uint32_t timeline_mask;
static Timeline *timeline;

static const char *const words[] = {
#define X(id, word, usual, doc) word,
    TIMELINE_LIST(X)
#undef X
};

static const char *const argument_of[TIMELINE_KINDS] = {
    [TIMELINE_EXIT] = "address", [TIMELINE_HCALL] = "token", [TIMELINE_INT] = "pc",
    [TIMELINE_FAULT] = "pc",     [TIMELINE_JIT] = "pc",      [TIMELINE_BLOCK] = "bytes",
};

uint64_t timeline_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* --- the file --- */

static void write_us(FILE *to, const char *key, uint64_t ns)
{
    fprintf(to, ",\"%s\":%" PRIu64 ".%03u", key, ns / 1000, (unsigned)(ns % 1000));
}

static void write_event(FILE *to, const Event *e, uint64_t zero_ns)
{
    bool instant = e->ns == UINT64_MAX;
    fprintf(to, ",\n{\"name\":\"%s\",\"cat\":\"%s\",\"ph\":\"%s\",\"pid\":1,\"tid\":%u", e->name, words[e->kind],
            instant ? "i\",\"s\":\"t" : "X", e->lane);
    write_us(to, "ts", e->begin_ns - zero_ns);
    if (!instant)
        write_us(to, "dur", e->ns);
    if (argument_of[e->kind])
        fprintf(to, ",\"args\":{\"%s\":\"0x%" PRIx64 "\"}", argument_of[e->kind], e->argument);
    fputc('}', to);
}

static void write_lane(FILE *to, unsigned lane, const char *name)
{
    fprintf(to, ",\n{\"name\":\"thread_name\",\"ph\":\"M\",\"pid\":1,\"tid\":%u,\"args\":{\"name\":\"%s\"}}", lane, name);
}

static void *write_chunks(void *opaque)
{
    Timeline *t = opaque;
    uint64_t seen = 0;
    fprintf(t->file, "[\n{\"name\":\"process_name\",\"ph\":\"M\",\"pid\":1,\"args\":{\"name\":\"quoin\"}}");
    write_lane(t->file, TIMELINE_LANE_MACHINE, "machine");
    write_lane(t->file, TIMELINE_LANE_BLOCK, "disks");
    for (;;) {
        g_autofree Chunk *chunk = g_async_queue_pop(t->full);
        if (!chunk->n)
            break;
        for (unsigned i = 0; i < chunk->n; i++) {
            const Event *e = &chunk->event[i];
            if (e->lane < VCPUS && !(seen >> e->lane & 1)) {
                g_autofree char *name = g_strdup_printf("vCPU %u", e->lane);
                write_lane(t->file, e->lane, name);
                seen |= UINT64_C(1) << e->lane;
            }
            write_event(t->file, e, t->begin_ns);
        }
    }
    return NULL;
}

bool timeline_open(const char *path, uint32_t mask, GError **error)
{
    static const uint32_t usual = 0
#define X(id, word, on, doc) | (uint32_t)(on) << TIMELINE_##id
        TIMELINE_LIST(X)
#undef X
        ;
    FILE *file = fopen(path, "w");
    if (!file) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "-trace %s: cannot open: %s", path, g_strerror(errno));
        return false;
    }
    Timeline *t = timeline = g_new0(Timeline, 1);
    t->file = file;
    t->path = g_strdup(path);
    t->begin_ns = timeline_ns();
    g_mutex_init(&t->lock);
    t->chunk = g_new(Chunk, 1);
    t->chunk->n = 0;
    t->full = g_async_queue_new_full(g_free);
    t->writer = g_thread_new("trace", write_chunks, t);
    timeline_mask = mask ? mask : usual;
    return true;
}

static void hand_over(Timeline *t)
{
    g_async_queue_push(t->full, t->chunk);
    t->chunk = g_new(Chunk, 1);
    t->chunk->n = 0;
}

bool timeline_close(GError **error)
{
    Timeline *t = timeline;
    if (!t)
        return true;
    timeline_mask = 0;
    if (t->chunk->n)
        hand_over(t);
    g_async_queue_push(t->full, g_steal_pointer(&t->chunk));
    g_thread_join(t->writer);
    if (t->left_out)
        fprintf(t->file,
                ",\n{\"name\":\"%" PRIu64 " events were left out\",\"ph\":\"i\",\"s\":\"g\",\"pid\":1,\"tid\":%d,\"ts\":%" PRIu64
                "}",
                t->left_out, TIMELINE_LANE_MACHINE, (timeline_ns() - t->begin_ns) / 1000);
    fprintf(t->file, "\n]\n");
    bool failed = ferror(t->file);
    failed |= fclose(t->file) != 0;
    if (failed)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "-trace %s: cannot write: %s", t->path, g_strerror(errno));
    g_async_queue_unref(t->full);
    g_mutex_clear(&t->lock);
    g_free(t->path);
    g_clear_pointer(&timeline, g_free);
    return !failed;
}

/* --- events --- */

static void add(const Event *e)
{
    Timeline *t = timeline;
    g_mutex_lock(&t->lock);
    if (t->chunk->n == CHUNK && g_async_queue_length(t->full) < CHUNKS_MAX)
        hand_over(t);
    if (t->chunk->n < CHUNK)
        t->chunk->event[t->chunk->n++] = *e;
    else
        t->left_out++;
    g_mutex_unlock(&t->lock);
}

void timeline_span(TimelineKind kind, unsigned lane, const char *name, uint64_t begin_ns, uint64_t argument)
{
    if (timeline_on(kind) && begin_ns)
        add(&(Event){begin_ns, timeline_ns() - begin_ns, name, argument, lane, kind});
}

void timeline_instant(TimelineKind kind, unsigned lane, const char *name, uint64_t argument)
{
    if (timeline_on(kind))
        add(&(Event){timeline_ns(), UINT64_MAX, name, argument, lane, kind});
}
