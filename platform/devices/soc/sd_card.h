/* SPDX-License-Identifier: MIT
 *
 * An SD memory card of high capacity: SD Physical Layer Simplified Specification 2.00.  It answers commands; whoever has its wires moves
 * the data that an answer tells of between the guest and the drive.  Under the device lock.
 */
#pragma once

#include "platform/base/device.h"
#include "platform/block/block.h"

enum { SD_BLOCK = 512, SD_REGISTER_MAX = 64, SD_CARD_UNIT = 512 << 10 /* its size is a multiple */ };
#define SD_CARD_SIZE_MAX (UINT64_C(2) << 40)

typedef struct SdCard {
    uint64_t size;   /* bytes */
    Block *block;    /* borrowed; NULL: there is no card */
    uint32_t status; /* error bits of the card status that no answer told of yet */
    uint32_t erase_first, erase_last;
    uint16_t rca;
    uint8_t state, application; /* application: the next command is one */
} SdCard;

#define SD_CARD_FIELDS(type, card)                                                                                    \
    STATE_FIELD(type, card.status, 0), STATE_FIELD(type, card.erase_first, 0), STATE_FIELD(type, card.erase_last, 0), \
        STATE_FIELD(type, card.rca, 0), STATE_FIELD(type, card.state, 0), STATE_FIELD(type, card.application, 0)
#define SD_CARD_DERIVED(type, card) STATE_DERIVED(type, card.size), STATE_DERIVED(type, card.block)

/* What follows an answer on the data wires: blocks from `offset` of the drive on, the bytes of a register, or nothing. */
typedef enum SdData { SD_NOTHING, SD_READ, SD_WRITE, SD_ERASE, SD_REGISTER } SdData;

typedef struct SdAnswer {
    bool is_there;    /* or the host waits in vain */
    uint32_t word[4]; /* as the host's response registers have it: bits 39:8 first, of a long one up to bits 127:104 */
    SdData data;
    uint64_t offset, length; /* bytes; the length is that of an erasure */
    uint8_t bytes[SD_REGISTER_MAX];
    unsigned n_bytes;
} SdAnswer;

void sd_card_command(SdCard *card, unsigned index, uint32_t argument, SdAnswer *answer);
/* The data were moved, or the erasure is over.  stop: the host does not go on, as after CMD12.  failed: the next status says so. */
void sd_card_moved(SdCard *card, bool stop, bool failed);
void sd_card_post_load(SdCard *card);
