/* SPDX-License-Identifier: MIT
 *
 * A device's saved state for fuzz targets.
 */
#pragma once

#include <glib.h>

#include "platform/base/device.h"
#include "tests/fuzz/input.h"

/*
 * Saves a device that is settled first, and loads it again.  changed: the input says which bytes are others meanwhile, and the device may
 * refuse them; what was not changed must load as a whole.  Under the device lock.
 */
static inline void save_and_load(Device *dev, Input *in, bool changed)
{
    g_autoptr(GByteArray) state = g_byte_array_new();
    device_settle(dev);
    device_save(dev, state);
    for (unsigned n = changed ? (unsigned)take(in, 1) : 0; n; n--)
        state->data[take(in, 2) % state->len] = (uint8_t)take(in, 1);
    Sections *sections = sections_read(state->data, state->len, NULL);
    if (sections)
        device_load(dev, sections);
    g_assert_true(changed || sections_end(sections, NULL));
    sections_free(sections);
}
