/* SPDX-License-Identifier: MIT
 *
 * Registered memory areas as the host knows them: the types out of area.def, and where their fields are.  docs/MEMORY-AREAS.md is the
 * protocol; the guest's side has a header of its own, guests/include/memory_area.h.
 */
#pragma once

#include <stdint.h>

#include "hcall/area.def"

/* Arguments of AREA_LIST(): leave the rows of this kind out, or make of a type the two cells that the tree has for it. */
#define AREA_NO_ROW(id, number, size, per, writer, doc)
#define AREA_NO_FIELD(area, id, offset, bits, doc)
#define AREA_CELLS(id, number, size, per, writer, doc) number, size,

enum {
    AREA_ALIGN = 64,      /* of address and size */
    AREA_SIZE_MAX = 4096, /* that a guest may give */
    AREA_ALL = 0,         /* no type: unregister all */
    /* Offsets of what every area begins with */
    AREA_VERSION = 0x00,
    AREA_SIZE = 0x04,
};

typedef enum AreaPer { AREA_PER_MACHINE, AREA_PER_VCPU } AreaPer;
typedef enum AreaWriter { AREA_WRITER_HOST, AREA_WRITER_GUEST } AreaWriter;

typedef enum AreaId {
#define X(id, number, size, per, writer, doc) AREA_##id,
    AREA_LIST(X, AREA_NO_FIELD)
#undef X
        AREA_COUNT
} AreaId;

/* AREA_WALL_CLOCK_SECONDS, …: offsets */
enum {
#define X(area, id, offset, bits, doc) AREA_##area##_##id = offset,
    AREA_LIST(AREA_NO_ROW, X)
#undef X
};

typedef struct AreaType {
    const char *name;
    uint32_t number, size;
    AreaPer per;
    AreaWriter writer;
    const char *doc;
} AreaType;

extern const AreaType area_types[AREA_COUNT];
AreaId area_find(uint64_t number); /* AREA_COUNT: no type has this number */
