/* SPDX-License-Identifier: MIT
 *
 * Guest images.  Files are read and checked once, whole, before anything is put into guest RAM: a
 * bad image leaves nothing half-loaded.  Errors name file, format and reason in one line.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "platform/base/memory.h"

typedef struct ImageSegment {
    uint64_t gpa;
    uint64_t size; /* bytes of RAM it takes; beyond the data: zero */
    GBytes *data;  /* may be shorter than size */
} ImageSegment;

/* A payload ready to be put into RAM, any number of times. */
typedef struct Image {
    char *format;       /* "ELF", "uImage", "zImage.epapr ELF", "initrd", … for messages */
    uint64_t entry;     /* physical */
    uint64_t low, high; /* first byte used, one past the last */
    GArray *segments;   /* of ImageSegment, ascending, not overlapping */
    uint64_t steps;     /* headers and entries that the loader looked at, each as often as it did: tests bound it */
} Image;

/*
 * Kernel: ELF (32-bit big-endian PowerPC; ET_EXEC or ET_DYN; virtual entry translated by the
 * segments' p_paddr), legacy uImage (CRCs checked; none or gzip), either of them bare.  ram_size:
 * everything must fit below it.
 */
Image *image_load_kernel(const char *path, uint64_t ram_size, GError **error);
/* Firmware (U-Boot): of the same formats. */
Image *image_load_firmware(const char *path, uint64_t ram_size, GError **error);
Image *image_load_kernel_bytes(const char *name, GBytes *bytes, uint64_t ram_size, GError **error); /* for fuzzing */
/* A file as it is, at 0 until it is moved; `what` names it in messages. */
Image *image_load_raw(const char *path, const char *what, uint64_t ram_size, GError **error);
void image_move(Image *image, uint64_t gpa); /* its first byte goes there */
void image_free(Image *image);
bool image_put(const Image *image, Memory *memory); /* into RAM; true (checked at load) */
/* A -dtb file: checked (magic, version, totalsize against the file, structure).  NULL on error. */
GBytes *image_load_dtb(const char *path, GError **error);
GBytes *image_check_dtb_bytes(const char *name, GBytes *bytes, GError **error); /* for fuzzing; padding cut off */
