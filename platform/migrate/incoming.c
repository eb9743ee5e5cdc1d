/* SPDX-License-Identifier: MIT
 *
 * The machine that arrives, in a program whose own has not run.  RAM is written as it comes; the rest is taken when all is there, and the other
 * side hears of it before the guest goes on.
 */
#include <string.h>

#include "platform/migrate/priv.h"

/* ---- the stream, in the other thread ---- */

static bool damaged(GError **error)
{
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "what arrives is no machine, or is damaged");
    return false;
}

/* What may follow what: SNAPSHOT, then MACHINE once and RAM, then END. */
static bool in_order(const Migration *m, PartKind kind)
{
    if (m->index == 0)
        return kind == PART_SNAPSHOT;
    return kind == PART_RAM || (kind == PART_MACHINE && !m->state) || (kind == PART_END && m->state);
}

static bool take_part(Migration *m, const Part *part, const uint8_t *data, GError **error)
{
    switch (part->kind) {
    case PART_RAM:
        __atomic_fetch_add(&m->normal, part->plain / RAM_PAGE, __ATOMIC_RELAXED);
        return ram_scatter(m->machine->memory, memory_size(m->machine->memory), data, part->plain, error);
    case PART_MACHINE:
        m->state = g_byte_array_append(g_byte_array_new(), data, (guint)part->plain);
        return true;
    case PART_SNAPSHOT: {
        SnapshotInfo info = {0};
        bool ok = snapshot_info_unpack(&info, data, part->plain, error);
        g_free(info.name);
        return ok;
    }
    case PART_END:
    case PART_LAST:
    case PART_KINDS:
        return true;
    }
    g_assert_not_reached();
}

/* *kind: what it was. */
static bool receive_part(Migration *m, PartKind *kind, GError **error)
{
    uint8_t head[PART_HEAD];
    Part part;
    if (!channel_read(m->channel, head, sizeof(head), error))
        return false;
    if (!part_head_get(&part, m->index, head) || !in_order(m, part.kind))
        return damaged(error);
    g_autofree uint8_t *stored = g_malloc(part.stored + 1);
    if (!channel_read(m->channel, stored, part.stored, error))
        return false;
    const uint8_t *data = packer_unpack(m->packer, &part, stored, error);
    m->index++;
    *kind = part.kind;
    return data && take_part(m, &part, data, error);
}

/* Whoever sends it would find nobody there otherwise.  In a file of snapshots another one may follow. */
static bool receive_end(Migration *m, GError **error)
{
    uint8_t head[PART_HEAD];
    Part part;
    if (!channel_read(m->channel, head, sizeof(head), error))
        return false;
    return (part_head_get(&part, 0, head) && (part.kind == PART_LAST || part.kind == PART_SNAPSHOT)) || damaged(error);
}

bool migration_receive(Migration *m, GError **error)
{
    uint8_t head[STREAM_HEAD];
    PartKind kind = PART_KINDS;
    memory_clear(m->machine->memory); /* pages that are all zeros are not told of */
    if (!channel_read(m->channel, head, sizeof(head), error) || !stream_head_check(head, "-incoming", error))
        return false;
    while (kind != PART_END)
        if (!receive_part(m, &kind, error))
            return false;
    return receive_end(m, error);
}

/* ---- the main thread ---- */

/* Takes the error.  The machine that waited is in no state to run, and nobody has a use for it. */
static void failed(Migration *m, GError *error)
{
    g_prefix_error(&error, "-incoming: ");
    machine_host_error(m->machine, g_error_copy(error));
    migration_end(m, MIGRATION_FAILED, error);
    run_apply(m->machine->run);
    run_request(m->machine->run, RUN_CAUSE_HOST_QUIT);
    run_apply(m->machine->run);
}

static void received(Migration *m, GError *error)
{
    Machine *machine = m->machine;
    if (!error && machine_load(machine, m->state->data, m->state->len, &error))
        channel_answer(m->channel, &error);
    if (error) {
        failed(m, error);
        return;
    }
    m->waits = false;
    migration_end(m, MIGRATION_COMPLETED, NULL);
    if (machine->goes_on && !machine->config->start_paused && run_state(machine->run) == RUN_STATE_PAUSED) {
        run_request(machine->run, RUN_CAUSE_HOST_CONT);
        run_apply(machine->run);
    }
    machine->goes_on = false;
}

static void somebody_is_there(void *opaque)
{
    Migration *m = opaque;
    m->first_us = g_get_monotonic_time();
    migration_enter(m, MIGRATION_ACTIVE);
    migration_step(m, migration_receive, received);
}

bool migration_listen(Migration *m, const char *uri, GError **error)
{
    if (!m->waits) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "'-incoming' was not specified on the command line");
        return false;
    }
    if (m->channel) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "The incoming migration has already been started");
        return false;
    }
    Channel *channel = channel_new(uri, error);
    if (!channel || !channel_open_in(channel, somebody_is_there, m, error)) {
        channel_free(channel);
        return false;
    }
    migration_begin(m, channel, true);
    return true;
}

bool migration_expect(Migration *m, const char *uri, GError **error)
{
    if (m->machine->config->loadvm) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "-incoming and -loadvm: a machine comes from one place");
        return false;
    }
    m->waits = true;
    run_request(m->machine->run, RUN_CAUSE_MIGRATION_IN);
    run_apply(m->machine->run);
    return !strcmp(uri, "defer") || migration_listen(m, uri, error);
}
