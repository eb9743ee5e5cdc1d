/* SPDX-License-Identifier: MIT */
#include "platform/base/lock.h"

#include <glib.h>

static GMutex mutex;
static __thread bool held;

void device_lock(void)
{
    g_assert(!held);
    g_mutex_lock(&mutex);
    held = true;
}

void device_unlock(void)
{
    g_assert(held);
    held = false;
    g_mutex_unlock(&mutex);
}

bool device_lock_held(void)
{
    return held;
}
