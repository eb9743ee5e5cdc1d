/* SPDX-License-Identifier: MIT */
#include "platform/migrate/priv.h"

enum { BANDWIDTH = 128 << 20, DOWNTIME_MS = 300 }; /* QEMU's defaults */

static const struct {
    const char *name;
    bool active;
} statuses[] = {
#define X(id, name, active) {name, active},
    MIGRATION_STATUS_LIST(X)
#undef X
};

Migration *migration_new(Machine *machine)
{
    Migration *m = g_new0(Migration, 1);
    m->machine = machine;
    m->parameters = (MigrationParameters){BANDWIDTH, DOWNTIME_MS};
    return m;
}

static void clear(Migration *m)
{
    channel_free(m->channel);
    packer_free(m->packer);
    g_clear_pointer(&m->dirty, g_free);
    g_clear_pointer(&m->state, g_byte_array_unref);
    m->channel = NULL;
    m->packer = NULL;
}

void migration_free(Migration *m)
{
    if (!m)
        return;
    if (m->thread) {
        channel_cancel(m->channel);
        g_thread_join(m->thread);
        while (g_idle_remove_by_data(m)) {
        }
        g_clear_error(&m->now.error);
        g_free(m->now.pages);
    }
    clear(m);
    g_clear_error(&m->error);
    g_free(m);
}

const char *migration_status_name(MigrationStatus status)
{
    return statuses[status].name;
}

bool migration_is_active(const Migration *m)
{
    return statuses[m->status].active;
}

void migration_enter(Migration *m, MigrationStatus status)
{
    m->status = status;
    if (m->events) /* each is told, so each is a subject of its own */
        notices_post(m->machine->notices, "MIGRATION", statuses[status].name,
                     g_variant_new_parsed("{'status': <%s>}", statuses[status].name));
}

/* ---- from the beginning to the end ---- */

void migration_begin(Migration *m, Channel *channel, bool incoming)
{
    g_clear_error(&m->error);
    m->channel = channel;
    m->incoming = incoming;
    m->packer = packer_new();
    m->index = m->normal = m->duplicate = m->rounds = m->n_dirty = m->bytes_per_second = 0;
    m->begin_us = g_get_monotonic_time();
    m->first_us = m->stop_us = m->end_us = 0;
    migration_enter(m, MIGRATION_SETUP);
}

void migration_end(Migration *m, MigrationStatus status, GError *error)
{
    m->end_us = g_get_monotonic_time();
    m->error = error;
    m->transferred = channel_moved(m->channel);
    migration_enter(m, status);
    clear(m);
}

static gboolean stepped(gpointer opaque)
{
    Migration *m = opaque;
    g_thread_join(m->thread);
    m->thread = NULL;
    g_clear_pointer(&m->now.pages, g_free);
    m->now.stepped(m, g_steal_pointer(&m->now.error));
    return G_SOURCE_REMOVE;
}

static void *thread(void *opaque)
{
    Migration *m = opaque;
    m->now.step(m, &m->now.error);
    g_idle_add_full(G_PRIORITY_DEFAULT, stepped, m, NULL);
    return NULL;
}

void migration_step(Migration *m, MigrationStep *step, MigrationStepped *done)
{
    GError *error = NULL;
    m->now.step = step;
    m->now.stepped = done;
    m->thread = g_thread_try_new("migration", thread, m, &error);
    if (m->thread)
        return;
    g_clear_pointer(&m->now.pages, g_free);
    done(m, error);
}

/* ---- what is asked and set ---- */

void migration_get(const Migration *m, MigrationInfo *info)
{
    int64_t now = m->end_us ? m->end_us : g_get_monotonic_time();
    *info = (MigrationInfo){
        .status = m->status,
        .incoming = m->incoming,
        .error = m->error ? m->error->message : NULL,
        .transferred = m->channel ? channel_moved(m->channel) : m->transferred,
        .total = memory_size(m->machine->memory),
        .remaining = m->n_dirty * RAM_PAGE,
        .normal = __atomic_load_n(&m->normal, __ATOMIC_RELAXED),
        .duplicate = __atomic_load_n(&m->duplicate, __ATOMIC_RELAXED),
        .rounds = m->rounds,
        .bytes_per_second = m->bytes_per_second,
        .total_ms = (uint64_t)(now - m->begin_us) / 1000,
        .setup_ms = (uint64_t)((m->first_us ? m->first_us : now) - m->begin_us) / 1000,
        .downtime_ms = m->stop_us ? (uint64_t)(now - m->stop_us) / 1000 : 0,
    };
}

MigrationParameters migration_parameters(const Migration *m)
{
    return m->parameters;
}

bool migration_set_parameters(Migration *m, const MigrationParameters *parameters, GError **error)
{
    if (parameters->downtime_ms > MIGRATION_DOWNTIME_MAX_MS) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "downtime-limit is in the range of 0 to %d milliseconds",
                    MIGRATION_DOWNTIME_MAX_MS);
        return false;
    }
    m->parameters = *parameters;
    if (m->channel && !m->stop_us)
        channel_set_limit(m->channel, parameters->max_bandwidth);
    return true;
}

void migration_set_events(Migration *m, bool on)
{
    m->events = on;
}

bool migration_events(const Migration *m)
{
    return m->events;
}
