/* SPDX-License-Identifier: MIT
 *
 * What -device can make, and one such device as the command line asks for it.
 */
#pragma once

#include "platform/base/device_bus.h"

typedef enum DeviceTypeId {
#define DEVICE(id, name, bus, doc, ...) DEVICE_TYPE_##id,
#include "platform/options/device_types.def"
#undef DEVICE
    DEVICE_TYPES
} DeviceTypeId;

typedef enum PropertyType {
    PROPERTY_OBJECT,     /* id of a -object */
    PROPERTY_STRING,     /* any text */
    PROPERTY_NUMBER,     /* 64 bits, 0x for hexadecimal; 0 is meant where the device says so */
    PROPERTY_CHARDEV,    /* id of a -chardev, which nobody else uses */
    PROPERTY_NETDEV,     /* id of a -netdev, the same; a device with such a property is a network card */
    PROPERTY_MAC,        /* its address */
    PROPERTY_FSDEV,      /* id of a -fsdev, the same */
    PROPERTY_DRIVE,      /* id of a -drive, which nobody else uses */
    PROPERTY_LABEL,      /* printable ASCII, unlike that of any other device of the type */
    PROPERTY_IGNORED,    /* any text: QEMU has it, and nothing comes of it here */
    PROPERTY_SWITCH,     /* on or off */
    PROPERTY_SWITCH_ONE, /* the same; on for one device of the type at most */
} PropertyType;

typedef struct DeviceProperty {
    const char *key;
    PropertyType type;
    const char *value; /* without one on the command line; NULL: none */
    bool required;
    const char *doc;
} DeviceProperty;

enum { DEVICE_PROPERTIES_MAX = 24 };

typedef struct DeviceType {
    const char *name;   /* epapr-doorbell */
    const char *option; /* -device epapr-doorbell, for messages */
    DeviceBusKind bus;
    const char *doc;
    DeviceProperty properties[DEVICE_PROPERTIES_MAX]; /* a key of NULL ends them */
} DeviceType;

extern const DeviceType device_types[DEVICE_TYPES];

/* -device TYPE,KEY=VALUE,… */
typedef struct DeviceOption {
    DeviceTypeId type;
    char *text;                         /* the whole argument, for messages */
    char *id;                           /* id=; NULL: none */
    char *bus;                          /* bus= where it names one of several: of a port; NULL: none */
    int devfn;                          /* addr= on a PCI bus: slot << 3 | function; −1: not given */
    char *value[DEVICE_PROPERTIES_MAX]; /* by property; NULL: not given */
} DeviceOption;

void device_option_free(DeviceOption *option);
/* A property's value, or its default; NULL: neither.  The type has such a property. */
const char *device_option_string(const DeviceOption *option, const char *key);
uint64_t device_option_number(const DeviceOption *option, const char *key); /* 0 where it has neither */
bool device_option_on(const DeviceOption *option, const char *key);         /* of a switch */
