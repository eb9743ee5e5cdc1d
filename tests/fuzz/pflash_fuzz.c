/* SPDX-License-Identifier: MIT
 *
 * A flash chip that is read and written in any way.  Nothing crashes or hangs.
 *
 * Input: records of an operation byte and its operands; see step().
 */
#include "platform/base/lock.h"
#include "platform/devices/platform/pflash.h"
#include "tests/fuzz/disk.h"
#include "tests/fuzz/saved.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEPS_MAX = 512, LOADS_MAX = 2 };

static void step(Device *dev, Input *in, unsigned *loads)
{
    uint8_t op = (uint8_t)take(in, 1);
    unsigned size = 1u << (op & 3);
    uint64_t offset = take(in, 2) % FUZZ_DISK / size * size, value;
    switch (op >> 6) {
    case 0:
        dev->ops->read(dev, 0, offset, size, &value);
        break;
    case 1:
    case 2:
        dev->ops->write(dev, 0, offset, size, take(in, size));
        break;
    default:
        if (op & 0x20)
            device_settle(dev);
        else if (op & 0x10)
            device_reset(dev);
        else if ((*loads)++ < LOADS_MAX)
            save_and_load(dev, in, op & 8);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Input in = {data, size};
    unsigned loads = 0;
    device_lock();
    Device *dev = pflash_new("pflash", fuzz_disk(), NULL);
    g_assert_nonnull(dev);
    device_reset(dev);
    for (unsigned i = 0; in.size && i < STEPS_MAX; i++)
        step(dev, &in, &loads);
    device_settle(dev);
    device_free(dev);
    device_unlock();
    return 0;
}
