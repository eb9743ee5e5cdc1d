/* SPDX-License-Identifier: MIT */
#include "cpu/profile.h"

#include <string.h>

struct Profile {
    uint64_t interval, samples, dropped;
    GMutex lock;
    GHashTable *stacks; /* ProfileStack* → uint64_t*; both owned */
};

static unsigned hash(gconstpointer key)
{
    const ProfileStack *s = key;
    uint64_t h = (uint64_t)s->pc * 31 + s->lr;
    for (unsigned i = 0; i < s->n; i++)
        h = h * 31 + s->caller[i];
    return (unsigned)(h ^ h >> 32);
}

static gboolean equal(gconstpointer a, gconstpointer b)
{
    const ProfileStack *x = a, *y = b;
    return x->pc == y->pc && x->lr == y->lr && x->user == y->user && x->n == y->n &&
           !memcmp(x->caller, y->caller, x->n * sizeof x->caller[0]);
}

Profile *profile_new(uint64_t interval)
{
    Profile *profile = g_new0(Profile, 1);
    profile->interval = interval;
    g_mutex_init(&profile->lock);
    profile->stacks = g_hash_table_new_full(hash, equal, g_free, g_free);
    return profile;
}

void profile_free(Profile *profile)
{
    if (!profile)
        return;
    g_hash_table_unref(profile->stacks);
    g_mutex_clear(&profile->lock);
    g_free(profile);
}

uint64_t profile_interval(const Profile *profile)
{
    return profile->interval;
}

void profile_add(Profile *profile, const ProfileStack *stack)
{
    g_mutex_lock(&profile->lock);
    uint64_t *count = g_hash_table_lookup(profile->stacks, stack);
    profile->samples++;
    if (count) {
        ++*count;
    } else if (g_hash_table_size(profile->stacks) < PROFILE_STACKS) {
        count = g_new(uint64_t, 1);
        *count = 1;
        g_hash_table_insert(profile->stacks, g_memdup2(stack, sizeof *stack), count);
    } else {
        profile->dropped++;
    }
    g_mutex_unlock(&profile->lock);
}

void profile_each(Profile *profile, void (*fn)(void *opaque, const ProfileStack *stack, uint64_t samples), void *opaque)
{
    GHashTableIter iter;
    gpointer stack, count;
    g_hash_table_iter_init(&iter, profile->stacks);
    while (g_hash_table_iter_next(&iter, &stack, &count))
        fn(opaque, stack, *(const uint64_t *)count);
}

uint64_t profile_samples(const Profile *profile)
{
    return profile->samples;
}

uint64_t profile_dropped(const Profile *profile)
{
    return profile->dropped;
}
