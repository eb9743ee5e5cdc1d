/* SPDX-License-Identifier: MIT
 *
 * The machine that leaves.  A round sends the pages that were written since they were sent last; between two rounds the main thread asks the log
 * which these are, and whether they are few enough for the guest to stand still meanwhile.
 */
#include <string.h>

#include "cpu/log.h"
#include "platform/migrate/priv.h"
#include "platform/snapshot/snapshot.h"

/* ---- the stream, in the other thread ---- */

static bool send_part(Migration *m, PartKind kind, const void *data, size_t size, GError **error)
{
    g_autoptr(GBytes) part = packer_pack(m->packer, kind, kind == PART_LAST ? 0 : m->index++, data, size);
    gsize length;
    const void *bytes = g_bytes_get_data(part, &length);
    return channel_write(m->channel, bytes, length, error);
}

static bool send_begin(Migration *m, GError **error)
{
    uint8_t head[STREAM_HEAD];
    SnapshotInfo info = {(char *)"migration", 0, g_get_real_time() / G_USEC_PER_SEC, 0};
    stream_head_put(head);
    if (!channel_open_out(m->channel, error) || !channel_write(m->channel, head, sizeof(head), error))
        return false;
    g_autoptr(GBytes) part = snapshot_info_pack(m->packer, &info);
    gsize length;
    const void *bytes = g_bytes_get_data(part, &length);
    m->index = 1;
    return channel_write(m->channel, bytes, length, error);
}

static unsigned count_bits(const uint8_t *map, size_t size)
{
    unsigned n = 0;
    for (size_t i = 0; i < size; i++)
        n += (unsigned)__builtin_popcount(map[i]);
    return n;
}

/* The log's maps begin with the least significant bit of a byte, those of the stream with the most significant one. */
static bool pages_of_chunk(const uint8_t *pages, uint64_t chunk, uint8_t wanted[RAM_MAP])
{
    bool any = false;
    memcpy(wanted, pages + chunk * RAM_MAP, RAM_MAP);
    for (unsigned i = 0; i < RAM_MAP; i++) {
        uint8_t b = wanted[i], turned = 0;
        for (unsigned bit = 0; bit < 8; bit++)
            turned |= (uint8_t)((b >> bit & 1) << (7 - bit));
        wanted[i] = turned;
        any |= b != 0;
    }
    return any;
}

static bool send_chunk(Migration *m, uint64_t chunk, uint8_t *room, GError **error)
{
    uint8_t wanted[RAM_MAP];
    if (m->now.pages && !pages_of_chunk(m->now.pages, chunk, wanted))
        return true;
    size_t size = ram_gather(m->machine->memory, chunk * RAM_CHUNK, m->now.pages ? wanted : NULL, room);
    if (!size)
        return true;
    __atomic_fetch_add(&m->normal, count_bits(room + 8, RAM_MAP), __ATOMIC_RELAXED);
    __atomic_fetch_add(&m->duplicate, count_bits(room + 8 + RAM_MAP, RAM_MAP), __ATOMIC_RELAXED);
    return send_part(m, PART_RAM, room, size, error);
}

static bool send_round(Migration *m, GError **error)
{
    g_autofree uint8_t *room = g_malloc(RAM_PART);
    for (uint64_t chunk = 0; chunk < memory_size(m->machine->memory) / RAM_CHUNK; chunk++)
        if (!send_chunk(m, chunk, room, error))
            return false;
    return true;
}

static bool send_first_round(Migration *m, GError **error)
{
    return send_begin(m, error) && send_round(m, error);
}

static bool send_rest(Migration *m, GError **error)
{
    return (m->index || send_begin(m, error)) && send_round(m, error) &&
           send_part(m, PART_MACHINE, m->state->data, m->state->len, error) && send_part(m, PART_END, NULL, 0, error) &&
           send_part(m, PART_LAST, NULL, 0, error) && channel_finish(m->channel, error);
}

/* ---- the main thread ---- */

static void fetch_dirty(Migration *m)
{
    size_t size = memory_size(m->machine->memory) / RAM_PAGE / 8;
    g_autofree uint8_t *new = g_malloc0(size);
    vcpus_dirty_fetch(m->machine->vcpus, 0, (uint64_t)size * 8, new);
    for (size_t i = 0; i < size; i++)
        m->dirty[i] |= new[i];
    m->n_dirty = count_bits(m->dirty, size);
}

/* What is to be sent is the next step's. */
static void hand_over(Migration *m)
{
    size_t size = memory_size(m->machine->memory) / RAM_PAGE / 8;
    m->now.pages = m->dirty;
    m->dirty = g_malloc0(size);
    m->rounds++;
    if (m->events)
        notices_post(m->machine->notices, "MIGRATION_PASS", "", g_variant_new_parsed("{'pass': %x}", (gint64)m->rounds));
}

static void stop_log(Migration *m)
{
    GError *error = NULL;
    if (m->dirty && !vcpus_dirty_log(m->machine->vcpus, false, &error))
        machine_host_error(m->machine, error);
}

/* Takes the error.  The guest goes on as if nothing had been. */
static void failed(Migration *m, GError *error)
{
    RunState *run = m->machine->run;
    bool cancelled = m->status == MIGRATION_CANCELLING;
    stop_log(m);
    if (run_state(run) == RUN_STATE_FINISH_MIGRATE) {
        run_request(run, RUN_CAUSE_MIGRATION_FAILED);
        run_apply(run);
    }
    if (m->ran && run_state(run) == RUN_STATE_PAUSED) {
        run_request(run, RUN_CAUSE_HOST_CONT);
        run_apply(run);
    }
    if (cancelled)
        g_clear_error(&error);
    else
        message_warning("migration: %s; the machine goes on here", error->message);
    migration_end(m, cancelled ? MIGRATION_CANCELLED : MIGRATION_FAILED, error);
}

static void rest_sent(Migration *m, GError *error)
{
    if (error) {
        failed(m, error);
        return;
    }
    m->n_dirty = 0;
    stop_log(m);
    run_request(m->machine->run, RUN_CAUSE_MIGRATION_DONE);
    run_apply(m->machine->run);
    migration_end(m, MIGRATION_COMPLETED, NULL);
}

/* The guest stands still from here on, and what is left of it is saved. */
static bool stop_and_save(Migration *m, GError **error)
{
    Machine *machine = m->machine;
    m->stop_us = g_get_monotonic_time();
    run_apply(machine->run);
    m->ran = run_state(machine->run) == RUN_STATE_RUNNING;
    if (m->ran) {
        run_request(machine->run, RUN_CAUSE_HOST_STOP);
        run_apply(machine->run);
    }
    machine->goes_on = m->ran;
    m->state = g_byte_array_new();
    bool ok = machine_save(machine, m->state, error);
    machine->goes_on = false;
    if (ok && m->state->len > part_max(PART_MACHINE)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOSYS, "the devices' state has %u bytes, more than a stream may have",
                    m->state->len);
        return false;
    }
    if (ok) {
        run_request(machine->run, RUN_CAUSE_MIGRATION_STOP);
        run_apply(machine->run);
    }
    if (ok && run_state(machine->run) != RUN_STATE_FINISH_MIGRATE) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "the machine is in the state '%s'",
                    run_state_name(run_state(machine->run)));
        return false;
    }
    return ok;
}

static void send_the_rest(Migration *m)
{
    GError *error = NULL;
    if (!stop_and_save(m, &error)) {
        failed(m, error);
        return;
    }
    if (m->dirty)
        fetch_dirty(m);
    channel_set_limit(m->channel, 0);
    m->first_us = m->first_us ? m->first_us : m->stop_us;
    migration_enter(m, MIGRATION_DEVICE);
    if (m->dirty)
        hand_over(m);
    migration_step(m, send_rest, rest_sent);
}

/* How long the round took says how long what is left will take. */
static void round_sent(Migration *m, GError *error)
{
    if (!error && m->status == MIGRATION_CANCELLING)
        g_set_error(&error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "cancelled");
    if (error) {
        failed(m, error);
        return;
    }
    int64_t now = g_get_monotonic_time(), took = MAX(now - m->round_us, 1);
    uint64_t moved = channel_moved(m->channel) - m->transferred;
    m->round_us = now;
    m->transferred += moved;
    m->bytes_per_second = moved * 1000000 / (uint64_t)took;
    fetch_dirty(m);
    if (m->n_dirty * RAM_PAGE <= m->bytes_per_second * m->parameters.downtime_ms / 1000) {
        send_the_rest(m);
        return;
    }
    hand_over(m);
    migration_step(m, send_round, round_sent);
}

/* A disk that both programs write would have to be handed over, too. */
bool migration_is_possible(const Migration *m, GError **error)
{
    const Machine *machine = m->machine;
    for (guint i = 0; i < machine->drives->len; i++) {
        const Block *block = machine->drives->pdata[i];
        if (!block_read_only(block)) {
            g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOSYS,
                        "drive '%s' can be written by the guest: migrating it is not yet supported", block_id(block));
            return false;
        }
    }
    return machine_can_save(machine, error);
}

bool migration_start(Migration *m, const char *uri, GError **error)
{
    Machine *machine = m->machine;
    if (migration_is_active(m) || m->waits) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "There's a migration process in progress");
        return false;
    }
    Channel *channel = migration_is_possible(m, error) ? channel_new(uri, error) : NULL;
    bool log = channel && !channel_is_file(channel) && (vcpus_caps(machine->vcpus) & ACCEL_CAP_DIRTY_LOG);
    if (!channel || (log && !vcpus_dirty_log(machine->vcpus, true, error))) {
        channel_free(channel);
        return false;
    }
    migration_begin(m, channel, false);
    m->transferred = 0;
    m->ran = false;
    if (!log) { /* a file is a snapshot, of one instant; elsewhere nobody knows which pages would have to be sent again */
        send_the_rest(m);
        return true;
    }
    m->dirty = g_malloc0(memory_size(machine->memory) / RAM_PAGE / 8);
    channel_set_limit(channel, m->parameters.max_bandwidth);
    fetch_dirty(m); /* all of it: what is written from now on is the next round's */
    memset(m->dirty, 0, memory_size(machine->memory) / RAM_PAGE / 8);
    m->rounds = 1;
    m->first_us = m->round_us = g_get_monotonic_time();
    migration_enter(m, MIGRATION_ACTIVE);
    migration_step(m, send_first_round, round_sent);
    return true;
}

void migration_cancel(Migration *m)
{
    if (m->incoming || !migration_is_active(m) || m->status == MIGRATION_CANCELLING)
        return;
    migration_enter(m, MIGRATION_CANCELLING);
    channel_cancel(m->channel);
}
