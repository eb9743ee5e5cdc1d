/* SPDX-License-Identifier: MIT
 *
 * What the files of this folder share: the host's file at the bottom, and an image format over it.  Nobody else includes it.
 *
 * Everything returns 0 or an errno, may block, and is called by any of a drive's threads, several at a time, without the device lock.
 */
#pragma once

#include "platform/block/drive.h"
#include "platform/block/span.h"

/* --- file.c: a file or block device of the host */

typedef struct File File;

typedef struct FileMode {
    bool write, direct, unmap;
    bool share_rw; /* others may write it */
    bool unlocked; /* file.locking=off */
} FileMode;

File *file_open(const char *path, const FileMode *mode, GError **error);
File *file_new(int fd, const char *name, bool write); /* takes fd; no locks */
void file_close(File *file);
/* For tests: who hears what reaches the file, and that it is on the disk.  data NULL: a hole. */
typedef struct FileTap {
    void (*wrote)(void *opaque, uint64_t offset, const void *data, size_t size);
    void (*flushed)(void *opaque);
    void *opaque;
} FileTap;
void file_set_tap(File *file, const FileTap *tap); /* borrowed; NULL: nobody */
uint64_t file_size(const File *file);              /* when it was opened, or as far as it was written since */
uint64_t file_allocated(const File *file);         /* bytes that the host keeps for it */
unsigned file_sector_size(const File *file);
const char *file_name(const File *file);
/* The span goes on behind what was moved.  What is behind the end is read as zeros. */
int file_read(File *file, uint64_t offset, Span *to, uint64_t length);
int file_write(File *file, uint64_t offset, Span *from, uint64_t length);
int file_get(File *file, uint64_t offset, void *to, size_t length);
int file_put(File *file, uint64_t offset, const void *from, size_t length);
int file_flush(File *file); /* fdatasync(2) */
/* For uring.c, which does itself what file_read(), file_write() and file_flush() do: */
enum { FILE_PIECES = 64 };
typedef struct FilePiece {
    int fd;
    uint64_t offset;
    struct iovec iov[FILE_PIECES];
    unsigned n;
} FilePiece;
void file_piece(const File *file, uint64_t offset, const Span *span, uint64_t length,
                FilePiece *piece); /* the next that can be moved at once */
void file_wrote(File *file, uint64_t offset, const struct iovec *iov, uint64_t length);
void file_flushed(File *file);
int file_descriptor(const File *file);
int file_resize(File *file, uint64_t size);
int file_discard(File *file, uint64_t offset, uint64_t length);
int file_zero(File *file, uint64_t offset, uint64_t length, bool may_unmap);

/* lock.c: EAGAIN: somebody else has it open, who and the mode exclude each other; 0. */
int file_lock(int fd, const FileMode *mode);

/* --- a format */

typedef struct Image Image;

typedef struct ImageOps {
    const char *name; /* "raw" */
    int (*read)(Image *image, uint64_t offset, Span *to, uint64_t length);
    int (*write)(Image *image, uint64_t offset, Span *from, uint64_t length);
    int (*zero)(Image *image, uint64_t offset, uint64_t length, bool may_unmap);
    int (*discard)(Image *image, uint64_t offset, uint64_t length);
    int (*flush)(Image *image);
    /*
     * True: the request is, byte for byte, one to the image's file, and changes nothing but that.  Asked by one thread, and does not block.
     * NULL: there are no such requests.
     */
    bool (*in_place)(Image *image, const BlockRequest *request);
    int (*resize)(Image *image, uint64_t size); /* nothing is under way.  NULL: it has one size */
    void (*close)(Image *image);                /* frees the struct, but not the file */
} ImageOps;

struct Image { /* first member of each format's struct */
    const ImageOps *ops;
    File *file;     /* owned */
    Image *backing; /* what is read where it holds nothing; owned; NULL: zeros */
    uint64_t size;  /* bytes that the guest sees */
    bool read_only;
    GPtrArray *snapshots; /* of DriveSnapshot*, owned; NULL: the format has none */
};

/* Takes the file.  guessed: nobody said that it is raw, so a write that would make it look like another format is refused. */
Image *raw_open(File *file, bool read_only, bool guessed);
/* The same, also when it fails.  *backing: the file behind it as the image names it, or NULL; freed by the caller. */
Image *qcow2_open(File *file, bool read_only, bool no_flush, char **backing, BlockFormat *backing_format, GError **error);

/* null.c: no file is behind it. */
Image *null_open(uint64_t size, bool read_only, GError **error);

/* overlay.c: takes the image, and what is written from now on is in a temporary file that is gone at the end. */
Image *overlay_new(Image *image, GError **error);

Image *image_open(const DriveSpec *spec, GError **error);
void image_close(Image *image);
/* As its format's read(), but what is behind the end of the image is zeros. */
int image_read(Image *image, uint64_t offset, Span *to, uint64_t length);
