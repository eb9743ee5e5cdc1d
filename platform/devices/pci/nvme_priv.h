/* SPDX-License-Identifier: MIT
 *
 * What the files of the NVMe controller share; nobody else includes it.
 */
#pragma once

#include <sys/uio.h>

#include "platform/devices/pci/msix.h"
#include "platform/devices/pci/nvme.h"

enum {
    NVME_QUEUES_MAX = NVME_IO_QUEUES_MAX + 1, /* pairs; number 0 is the admin queue */
    NVME_IO_ENTRIES_MAX = 1024,               /* of an I/O queue, CAP.MQES */
    NVME_ADMIN_ENTRIES_MAX = 4096,
    NVME_IN_FLIGHT_MAX = 1024, /* commands that are taken and not completed yet, of all queues: more wait in their queues */
    NVME_PAGE_BITS = 12,       /* CAP.MPSMIN and MPSMAX leave no other size */
    NVME_PAGE = 1 << NVME_PAGE_BITS,
    NVME_MDTS = 7,                              /* the largest transfer, as a power of two of pages */
    NVME_PIECES_MAX = (1 << NVME_MDTS) + 1,     /* pages that one transfer touches */
    NVME_TRANSFER_MAX = NVME_PAGE << NVME_MDTS, /* bytes */
    NVME_COMMAND = 64,                          /* bytes of an entry of a submission queue */
    NVME_COMPLETION = 16,                       /* and of a completion queue */
    NVME_BLOCK = 512,                           /* bytes of a logical block */
    NVME_RANGES_MAX = 256,                      /* of a dataset management command */
    NVME_EVENTS_MAX = 4,                        /* asynchronous event requests that may wait, AERL + 1 */
    NVME_NAMESPACE = 1,
};
#define NVME_ALL_NAMESPACES UINT32_MAX

/* CC and CSTS (§3.1.5, §3.1.6) */
enum {
    NVME_CC_EN = 0x01,
    NVME_CC_CSS = 0x70,
    NVME_CC_MPS = 0x780,
    NVME_CC_AMS = 0x3800,
    NVME_CC_SHN = 0xc000,
    NVME_CC_SIZES = 0xff0000,       /* IOSQES and IOCQES */
    NVME_CC_SIZES_RIGHT = 0x460000, /* entries of 64 and of 16 bytes, as powers of two */
    NVME_CSTS_RDY = 0x01,
    NVME_CSTS_CFS = 0x02,
    NVME_CSTS_SHUTTING = 0x04,
    NVME_CSTS_SHUT = 0x08,
};

/* Status code type << 8 | status code (§4.6.1), and the bit that says that the same command would fail again */
typedef enum NvmeStatus {
    NVME_OK = 0,
    NVME_BAD_OPCODE = 0x01,
    NVME_BAD_FIELD = 0x02,
    NVME_BAD_TRANSFER = 0x04,
    NVME_BAD_NAMESPACE = 0x0b,
    NVME_BAD_SEQUENCE = 0x0c,
    NVME_BAD_PRP = 0x13,
    NVME_WRITE_PROTECTED = 0x20,
    NVME_BAD_LBA = 0x80,
    NVME_NO_CAPACITY = 0x81,
    NVME_BAD_CQ = 0x100,
    NVME_BAD_QID = 0x101,
    NVME_BAD_QUEUE_SIZE = 0x102,
    NVME_EVENTS_EXCEEDED = 0x105,
    NVME_BAD_VECTOR = 0x108,
    NVME_BAD_LOG_PAGE = 0x109,
    NVME_BAD_DELETION = 0x10c,
    NVME_NOT_SAVEABLE = 0x10d,
    NVME_NOT_CHANGEABLE = 0x10e,
    NVME_WRITE_FAULT = 0x280,
    NVME_READ_ERROR = 0x281,
    NVME_DO_NOT_RETRY = 0x4000,
    NVME_PENDING = 0xffff, /* no status: somebody completes the command later */
} NvmeStatus;

/* Features, by their identifiers (§5.21.1) */
enum {
    NVME_F_ARBITRATION = 0x01,
    NVME_F_POWER = 0x02,
    NVME_F_TEMPERATURE = 0x04,
    NVME_F_ERROR_RECOVERY = 0x05,
    NVME_F_WRITE_CACHE = 0x06,
    NVME_F_QUEUES = 0x07,
    NVME_F_COALESCING = 0x08,
    NVME_F_VECTOR = 0x09,
    NVME_F_ATOMICITY = 0x0a,
    NVME_F_EVENTS = 0x0b,
    NVME_FEATURES = 0x0c,
};

/* Log pages (§5.14.1), and what an asynchronous event says: its type, what happened << 8, the log page << 16 (§5.2) */
enum { NVME_LOG_ERRORS = 1, NVME_LOG_HEALTH = 2, NVME_LOG_FIRMWARE = 3 };
enum { NVME_EVENT_BAD_DOORBELL = NVME_LOG_ERRORS << 16, NVME_EVENT_BAD_TAIL = NVME_LOG_ERRORS << 16 | 1 << 8 };

/* A submission queue.  size: entries; 0: there is no such queue */
typedef struct NvmeSq {
    uint64_t base;
    uint32_t size, head, tail, cq;
    uint32_t in_flight; /* commands that are taken from it and not completed */
    uint32_t deletion;  /* the identifier of the command that deletes it when they are, and 1; 0: none does */
} NvmeSq;

/* A completion queue. */
typedef struct NvmeCq {
    uint64_t base;
    uint32_t size, head, tail, vector;
    uint32_t reserved; /* entries for commands in flight: none is taken for which there would be no entry */
    uint16_t phase, interrupts;
} NvmeCq;

/* A command, in the host's byte order. */
typedef struct NvmeCommand {
    unsigned sq;
    uint8_t opcode, flags;
    uint16_t cid;
    uint32_t nsid;
    uint64_t prp[2];
    uint32_t cdw[6]; /* command dwords 10 to 15 */
} NvmeCommand;
#define NVME_CDW(command, n) ((command)->cdw[(n)-10])

typedef struct Nvme {
    PciDevice pci;
    PciMsix msix;
    Block *block;
    Event *again;
    char serial[NVME_SERIAL_MAX]; /* not terminated when it is that long */
    uint32_t n_queues;            /* pairs, with the admin queue */

    uint64_t asq, acq;
    uint64_t sectors_read, sectors_written, reads, writes, media_errors; /* of the health log */
    uint64_t errors, error_lba;                                          /* of the error log, whose only entry is the last error */
    uint32_t error_namespace;
    uint32_t cc, csts, aqa, intms;
    uint32_t feature[NVME_FEATURES];
    uint32_t vector_alone; /* bit per vector: the guest wants no coalescing, of which there is none */
    uint32_t n_events;     /* of event_cid */
    uint32_t event;        /* one that no request was there for yet, and 1; 0: none */
    uint32_t event_told;   /* the guest was told of one and has not read the error log since */
    uint16_t event_cid[NVME_EVENTS_MAX];
    uint16_t error_sq, error_cid, error_status;
    NvmeSq sq[NVME_QUEUES_MAX];
    NvmeCq cq[NVME_QUEUES_MAX];

    uint32_t in_flight;
    uint32_t next;     /* the submission queue that comes first in the next turn */
    bool stopping;     /* CC.EN was cleared while commands were in flight */
    bool shut_flushes; /* the flush of a shutdown is under way */
    BlockRequest shut;
} Nvme;

/* --- nvme.c */

void nvme_update_intx(Nvme *n);
void nvme_fatal(Nvme *n, const char *why); /* CSTS.CFS: nothing more is done before a reset of the controller */
/* A command, or the flush of a shutdown, is in flight no more: a reset of the controller may have waited for it. */
void nvme_landed(Nvme *n);

/* --- nvme_queue.c */

void nvme_run(Nvme *n); /* takes what is in the queues, as much as a turn allows */
void nvme_doorbell(Nvme *n, unsigned index, uint32_t value);
/* The answer to a command that was taken. */
void nvme_complete(Nvme *n, const NvmeCommand *c, uint32_t result, NvmeStatus status);
void nvme_event(Nvme *n, uint32_t event); /* NVME_EVENT_… */
NvmeStatus nvme_event_request(Nvme *n, const NvmeCommand *c);
void nvme_error_log_was_read(Nvme *n);
void nvme_queues_reset(Nvme *n); /* none is there afterwards */
void nvme_queues_post_load(Nvme *n);

/* --- nvme_data.c: what a command's PRP entries name */

/* The RAM of a transfer, until nvme_unmap(). */
typedef struct NvmeData {
    unsigned n;
    MemoryMap piece[NVME_PIECES_MAX];
} NvmeData;

/* write: the device writes.  size: 1 to NVME_TRANSFER_MAX bytes.  NVME_OK, or nothing is mapped. */
NvmeStatus nvme_map(Nvme *n, const NvmeCommand *c, uint64_t size, bool write, NvmeData *data);
void nvme_unmap(Nvme *n, MemoryMap *piece, unsigned pieces);
unsigned nvme_iov(const NvmeData *data, struct iovec *iov); /* as many as there are pieces, or fewer; returns how many */
/* The whole of it at once, into RAM or out of it. */
NvmeStatus nvme_to_guest(Nvme *n, const NvmeCommand *c, const void *from, uint64_t size);
NvmeStatus nvme_from_guest(Nvme *n, const NvmeCommand *c, void *to, uint64_t size);

/* --- nvme_admin.c, nvme_features.c, nvme_identify.c, nvme_io.c: each carries out a command and answers with its status */

NvmeStatus nvme_admin(Nvme *n, const NvmeCommand *c, uint32_t *result);
NvmeStatus nvme_get_feature(Nvme *n, const NvmeCommand *c, uint32_t *result);
NvmeStatus nvme_set_feature(Nvme *n, const NvmeCommand *c, uint32_t *result);
void nvme_features_reset(Nvme *n);
NvmeStatus nvme_identify(Nvme *n, const NvmeCommand *c);
NvmeStatus nvme_get_log(Nvme *n, const NvmeCommand *c);
NvmeStatus nvme_io(Nvme *n, const NvmeCommand *c);
