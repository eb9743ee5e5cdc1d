/* SPDX-License-Identifier: MIT */
#include "platform/devices/soc/sd_card.h"

#include <string.h>

#include "cpu/log.h"

/* CURRENT_STATE of the card status (§4.1) */
enum { IDLE, READY, IDENTIFICATION, STANDBY, TRANSFER, DATA, RECEIVE, PROGRAM, STATES };

/* Bits of the card status (§4.10.1) */
#define OUT_OF_RANGE 0x80000000u
enum {
    ERASE_PARAMETER = 1 << 27,
    PROTECTED = 1 << 26,
    ILLEGAL = 1 << 22,
    FAILED = 1 << 19,
    READY_FOR_DATA = 1 << 8,
    APPLICATION = 1 << 5,
};

enum { OCR_VOLTAGES = 0xff8000, OCR_HIGH_CAPACITY = 1 << 30, RCA = 0x4567 };
#define OCR_POWERED_UP 0x80000000u

static const uint8_t cid[16] = {0xaa, 'Q', 'N', 'Q', 'U', 'O', 'I', 'N', 0x10, 0x20, 0x26, 0x00, 0x01, 0x01, 0x61, 0x01};

/* CSD version 2.0 (§5.3.3): size, blocks of 512 bytes, the classes of commands that there are. */
static void make_csd(const SdCard *c, uint8_t csd[16])
{
    static const uint8_t fixed[16] = {0x40, 0x0e, 0x00, 0x32, 0x1b, 0x59, 0, 0, 0, 0, 0x7f, 0x80, 0x0a, 0x40, 0x00, 0x01};
    const uint32_t units = (uint32_t)(c->size / SD_CARD_UNIT) - 1;
    memcpy(csd, fixed, sizeof(fixed));
    csd[7] = (uint8_t)(units >> 16 & 0x3f);
    csd[8] = (uint8_t)(units >> 8);
    csd[9] = (uint8_t)units;
    csd[14] = block_read_only(c->block) ? 0x10 : 0;
}

/* --- answers (§4.9) */

static void answer_status(SdCard *c, SdAnswer *a, uint8_t state)
{
    a->is_there = true;
    a->word[0] = c->status | (uint32_t)state << 9 | (state == PROGRAM ? 0 : READY_FOR_DATA) | (c->application ? APPLICATION : 0);
    c->status = 0;
}

static void answer_register(SdAnswer *a, const uint8_t bytes[16])
{
    a->is_there = true;
    for (unsigned i = 0; i < 15; i++)
        a->word[(14 - i) / 4] |= (uint32_t)bytes[i] << 8 * ((14 - i) % 4);
}

/* No answer; the next status says why. */
static void refuse(SdCard *c, unsigned index)
{
    LOG(LOG_GUEST_ERRORS, "SD card: no %scommand %u in state %u", c->application ? "application " : "", index, c->state);
    c->status |= ILLEGAL;
}

/* R6: the address and some of the status. */
static void answer_address(SdCard *c, SdAnswer *a)
{
    const uint8_t state = c->state;
    c->rca = RCA;
    c->state = STANDBY;
    a->is_there = true;
    a->word[0] =
        (uint32_t)c->rca << 16 | (c->status >> 8 & 0xc000) | (c->status >> 6 & 0x2000) | (uint32_t)state << 9 | READY_FOR_DATA;
    c->status = 0;
}

static void answer_voltages(SdCard *c, uint32_t argument, SdAnswer *a)
{
    a->is_there = true;
    a->word[0] = OCR_VOLTAGES;
    if (!(argument & OCR_VOLTAGES) || !(argument & OCR_HIGH_CAPACITY))
        return; /* only asked, or a host that has no cards of this kind: it never gets ready for it */
    c->state = READY;
    a->word[0] |= OCR_POWERED_UP | OCR_HIGH_CAPACITY;
}

static void send_register(SdCard *c, SdAnswer *a, const uint8_t *bytes, unsigned n)
{
    answer_status(c, a, c->state);
    a->data = SD_REGISTER;
    a->n_bytes = n;
    memcpy(a->bytes, bytes, n);
    c->state = DATA;
}

/* --- commands (§4.7.4) */

static void select_card(SdCard *c, bool own, SdAnswer *a)
{
    if (own && (c->state == STANDBY || c->state == TRANSFER)) {
        answer_status(c, a, c->state);
        c->state = TRANSFER;
    } else if (!own && c->state == TRANSFER) {
        c->state = STANDBY;
    }
}

static void move_blocks(SdCard *c, uint32_t block, bool write, SdAnswer *a)
{
    const uint64_t offset = (uint64_t)block * SD_BLOCK;
    if (offset >= c->size)
        c->status |= OUT_OF_RANGE;
    else if (write && block_read_only(c->block))
        c->status |= PROTECTED;
    else
        a->data = write ? SD_WRITE : SD_READ;
    answer_status(c, a, TRANSFER);
    a->offset = offset;
    if (a->data != SD_NOTHING)
        c->state = write ? RECEIVE : DATA;
}

static void erase(SdCard *c, SdAnswer *a)
{
    a->offset = (uint64_t)c->erase_first * SD_BLOCK;
    a->length = ((uint64_t)c->erase_last - c->erase_first + 1) * SD_BLOCK;
    if (c->erase_last < c->erase_first || a->offset + a->length > c->size)
        c->status |= ERASE_PARAMETER;
    else if (block_read_only(c->block))
        c->status |= PROTECTED;
    else
        a->data = SD_ERASE;
    answer_status(c, a, TRANSFER);
    if (a->data == SD_ERASE)
        c->state = PROGRAM;
}

static void application_command(SdCard *c, unsigned index, uint32_t argument, SdAnswer *a)
{
    static const uint8_t scr[8] = {0x02, 0x05}; /* version 2.00, wires for 1 and 4 bits */
    static const uint8_t sd_status[64] = {0x80};
    if (index == 41 && (c->state == IDLE || c->state == READY))
        answer_voltages(c, argument, a);
    else if (c->state != TRANSFER)
        refuse(c, index);
    else if (index == 6 || index == 42)
        answer_status(c, a, c->state);
    else if (index == 13)
        send_register(c, a, sd_status, sizeof(sd_status));
    else if (index == 51)
        send_register(c, a, scr, sizeof(scr));
    else
        refuse(c, index);
}

/* In TRANSFER state; what only reads and writes need. */
static void transfer_command(SdCard *c, unsigned index, uint32_t argument, SdAnswer *a)
{
    switch (index) {
    case 16:
        answer_status(c, a, c->state);
        break;
    case 17:
    case 18:
        move_blocks(c, argument, false, a);
        break;
    case 24:
    case 25:
        move_blocks(c, argument, true, a);
        break;
    case 32:
        c->erase_first = argument;
        answer_status(c, a, c->state);
        break;
    case 33:
        c->erase_last = argument;
        answer_status(c, a, c->state);
        break;
    case 38:
        erase(c, a);
        break;
    default:
        refuse(c, index);
    }
}

static void basic_command(SdCard *c, unsigned index, uint32_t argument, SdAnswer *a)
{
    const bool own = argument >> 16 == c->rca;
    uint8_t csd[16];
    if (index == 2 && c->state == READY) {
        answer_register(a, cid);
        c->state = IDENTIFICATION;
    } else if (index == 3 && (c->state == IDENTIFICATION || c->state == STANDBY)) {
        answer_address(c, a);
    } else if (index == 7) {
        select_card(c, own, a);
    } else if (index == 8 && c->state == IDLE) { /* R7: the voltage is right, and the pattern comes back */
        a->is_there = (argument >> 8 & 0xf) == 1;
        a->word[0] = argument & 0xfff;
    } else if (index == 9 && c->state == STANDBY && own) {
        make_csd(c, csd);
        answer_register(a, csd);
    } else if (index == 10 && c->state == STANDBY && own) {
        answer_register(a, cid);
    } else if (index == 12 && c->state >= TRANSFER && c->state != PROGRAM) {
        answer_status(c, a, c->state);
        c->state = TRANSFER;
    } else if (index == 13 && c->state >= STANDBY && own) {
        answer_status(c, a, c->state);
    } else if (c->state == TRANSFER) {
        transfer_command(c, index, argument, a);
    } else {
        refuse(c, index);
    }
}

void sd_card_command(SdCard *c, unsigned index, uint32_t argument, SdAnswer *a)
{
    memset(a, 0, sizeof(*a));
    if (!c->block)
        return;
    if (index == 0) {
        c->state = IDLE;
        c->status = c->rca = c->application = 0;
    } else if (c->application) {
        application_command(c, index, argument, a);
        c->application = 0;
    } else if (index == 55 && argument >> 16 == c->rca) {
        c->application = 1;
        answer_status(c, a, c->state);
    } else {
        basic_command(c, index, argument, a);
    }
}

void sd_card_moved(SdCard *c, bool stop, bool failed)
{
    c->status |= failed ? FAILED : 0;
    if (c->state == PROGRAM || (stop && (c->state == DATA || c->state == RECEIVE)))
        c->state = TRANSFER;
}

void sd_card_post_load(SdCard *c)
{
    c->state = c->state < STATES && c->state != PROGRAM ? c->state : IDLE;
    c->application = c->application != 0;
}
