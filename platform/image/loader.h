/* SPDX-License-Identifier: MIT
 *
 * Guest images.  A file is read and checked once and as a whole before anything is put into guest RAM, so a bad image leaves
 * nothing half-loaded.  Errors name file, format and reason in one line.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "platform/base/memory.h"

typedef struct ImageSegment {
    uint64_t gpa;
    uint64_t size; /* bytes of RAM it takes */
    GBytes *data;  /* its first bytes; the rest up to size is zero */
} ImageSegment;

/* A payload ready to be put into RAM, any number of times. */
typedef struct Image {
    char *format;       /* "ELF", "uImage", "zImage.epapr ELF", "initrd", … for messages */
    uint64_t entry;     /* physical */
    uint64_t low, high; /* first byte used, one past the last */
    GArray *segments;   /* of ImageSegment, ascending, not overlapping */
    GBytes *initrd;     /* what a kernel's file holds besides it; NULL: none */
    GBytes *dtb;        /* checked as that of image_load_dtb() */
    uint64_t steps;     /* headers and entries that the loader looked at, each as often as it did: tests bound it */
} Image;

/*
 * A kernel: an ELF file (32-bit big-endian PowerPC, ET_EXEC or ET_DYN; a virtual entry is translated by the segments' p_paddr), a
 * legacy uImage (both CRCs are checked; its payload is plain or gzip, or several files of which the second is an initrd and the third a
 * tree) or a FIT image (its default configuration; hashes are checked, signatures are not).  All of it must fit below ram_size.  NULL:
 * *error is set.
 */
Image *image_load_kernel(const char *path, uint64_t ram_size, GError **error);
/* Firmware, of the same formats: U-Boot is an ELF file. */
Image *image_load_firmware(const char *path, uint64_t ram_size, GError **error);
Image *image_load_kernel_bytes(const char *name, GBytes *bytes, uint64_t ram_size, GError **error); /* for fuzzing */
/* A file as it is, at 0 until it is moved; `what` names it in messages. */
Image *image_load_raw(const char *path, const char *what, uint64_t ram_size, GError **error);
Image *image_of_bytes(GBytes *bytes, const char *what); /* the same of bytes that are there already */
/* A program of those formats if it is one, else the file as it is, at gpa and entered there: -device loader. */
Image *image_load_any(const char *path, uint64_t gpa, bool raw, uint64_t ram_size, GError **error);
void image_move(Image *image, uint64_t gpa); /* its first byte goes there */
void image_free(Image *image);
bool image_put(const Image *image, Memory *memory); /* into RAM.  False: it is smaller than ram_size was */
/* A -dtb file, without padding.  What it must be: magic, version and totalsize fit the file, the structure is whole, and it is
 * not larger than a guest's tree (LAYOUT_DTB_SIZE).  NULL: *error. */
GBytes *image_load_dtb(const char *path, GError **error);
GBytes *image_check_dtb_bytes(const char *name, GBytes *bytes, GError **error); /* for fuzzing; padding cut off */
