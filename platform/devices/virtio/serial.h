/* SPDX-License-Identifier: MIT
 *
 * virtio-serial: consoles and named ports, each with a back end at its other end.  VIRTIO 1.2 §5.3.
 */
#pragma once

#include "platform/base/notice.h"
#include "platform/chardev/chardev.h"
#include "platform/devices/virtio/virtio.h"

enum { VIRTIO_SERIAL_PORTS_MAX = 31, VIRTIO_SERIAL_NAME_MAX = 255 };

typedef struct VirtioSerialConfig {
    unsigned max_ports; /* from 1 to VIRTIO_SERIAL_PORTS_MAX: of so many the driver makes queues */
    Notices *notices;   /* borrowed; NULL: nobody hears that the guest opens a port */
} VirtioSerialConfig;

typedef struct VirtioSerialPortConfig {
    const char *name; /* what the guest finds it by, at most VIRTIO_SERIAL_NAME_MAX bytes; NULL: none */
    const char *id;   /* what VSERPORT_CHANGE calls it; NULL: it is not told of */
    Chardev *chr;     /* borrowed */
    bool console;     /* else a port that a program of the guest opens */
    int number;       /* −1: the first that is free */
} VirtioSerialPortConfig;

Virtio *virtio_serial_new(const VirtioSerialConfig *config);
/* Before the machine runs.  Number 0, which a driver without ports has, is a console's. */
bool virtio_serial_add_port(Virtio *v, const VirtioSerialPortConfig *config, GError **error);
