/* SPDX-License-Identifier: MIT */
#include "platform/devices/platform/pflash.h"

#include <inttypes.h>
#include <string.h>

#include "cpu/log.h"

enum { WORD = 2, BUFFER = 2048, BUFFER_BITS = 11, BUFFER_WORDS = BUFFER / WORD };

/* What reads show. */
enum { SHOW_ARRAY, SHOW_STATUS, SHOW_ID, SHOW_QUERY, SHOWN };

/* What the next write is: a command, or what a command before it asked for. */
enum { NEXT_COMMAND, NEXT_WORD, NEXT_ERASE, NEXT_LOCK, NEXT_COUNT, NEXT_DATA, NEXT_CONFIRM, NEXTS };

enum {
    SR_READY = 0x80,
    SR_ERASE_FAILED = 0x20,
    SR_PROGRAM_FAILED = 0x10,
    SR_PROTECTED = 0x02,
    SR_SEQUENCE = SR_ERASE_FAILED | SR_PROGRAM_FAILED, /* together: not a command */
};

enum {
    CMD_PROGRAM = 0x10,
    CMD_ERASE = 0x20,
    CMD_PROGRAM_TOO = 0x40,
    CMD_CLEAR_STATUS = 0x50,
    CMD_LOCK = 0x60,
    CMD_STATUS = 0x70,
    CMD_ID = 0x90,
    CMD_QUERY = 0x98,
    CMD_SUSPEND = 0xb0,
    CMD_CONFIRM = 0xd0,
    CMD_BUFFER = 0xe8,
    CMD_ARRAY = 0xff,
    LOCK_SET = 0x01,
    LOCK_DOWN = 0x2f,
};

enum { MANUFACTURER = 0x89, CHIP = 0x18 /* Intel's, a StrataFlash */ };

typedef struct Pflash {
    Device dev;
    Block *block;
    uint64_t size;
    uint8_t *content;
    /* What is written into the image, and into the content when it is there. */
    uint8_t *pending;
    uint64_t pending_at, pending_size; /* size 0: nothing is */
    struct iovec iov;
    BlockRequest request;
    uint32_t pending_fails; /* the bit of the status that says so */

    uint32_t window;               /* of the buffer: the offset at which it begins */
    uint32_t words, filled;        /* that the guest is to write into the buffer, and that it wrote */
    uint16_t buffer[BUFFER_WORDS]; /* ones where nothing is programmed */
    uint8_t show, next, status;    /* SHOW_…, NEXT_…, SR_… without SR_READY */
} Pflash;

static const DeviceField pflash_fields[] = {
    DEVICE_FIELD(Pflash, window, 0),      DEVICE_FIELD(Pflash, words, 0),         DEVICE_FIELD(Pflash, filled, 0),
    DEVICE_ARRAY(Pflash, buffer, 0xffff), DEVICE_FIELD(Pflash, show, SHOW_ARRAY), DEVICE_FIELD(Pflash, next, NEXT_COMMAND),
    DEVICE_FIELD(Pflash, status, 0),
};
static const StateField pflash_derived[] = {
    STATE_DERIVED(Pflash, dev),           STATE_DERIVED(Pflash, block),   STATE_DERIVED(Pflash, size),
    STATE_DERIVED(Pflash, content),       STATE_DERIVED(Pflash, pending), STATE_DERIVED(Pflash, pending_at),
    STATE_DERIVED(Pflash, pending_size),  STATE_DERIVED(Pflash, iov),     STATE_DERIVED(Pflash, request),
    STATE_DERIVED(Pflash, pending_fails),
};
STATE_STRUCT(Pflash, pflash);

/* --- what the chip says of itself (CFI 2.0 §2): a byte in each word */

static uint8_t query(const Pflash *f, unsigned word)
{
    const unsigned blocks = (unsigned)(f->size / PFLASH_BLOCK);
    static const uint8_t fixed[] = {
        [0x10] = 'Q',  'R',  'Y',         0x01, 0x00, 0x31, 0x00, /* the command set, and where its table is */
        [0x1b] = 0x45, 0x55,                                      /* 4.5 to 5.5 V */
        [0x1f] = 7,    7,    10, /* typical times, powers of two: µs of a word and a buffer, ms of an erasure */
        [0x23] = 15,   15,   4,  /* and how many times as long they may be: the image decides */
        [0x28] = 0x01, 0x00, BUFFER_BITS, 0x00, 0x01, /* 16 bits; the buffer; one kind of blocks */
        [0x31] = 'P',  'R',  'I',         '1',  '0',
    };
    switch (word) {
    case 0x27:
        return (uint8_t)(g_bit_storage((gulong)f->size) - 1);
    case 0x2d:
        return (uint8_t)(blocks - 1);
    case 0x2e:
        return (uint8_t)((blocks - 1) >> 8);
    case 0x30:
        return PFLASH_BLOCK / 256 >> 8;
    default:
        return word < sizeof(fixed) ? fixed[word] : 0;
    }
}

static uint16_t identify(unsigned word)
{
    return word == 0 ? MANUFACTURER : word == 1 ? CHIP : 0; /* no block is locked */
}

/* --- reads */

static uint16_t read_word(const Pflash *f, uint64_t offset)
{
    const unsigned word = (unsigned)(offset / WORD) & 0xff;
    switch (f->show) {
    case SHOW_STATUS:
        return f->status | (f->pending_size ? 0 : SR_READY);
    case SHOW_ID:
        return identify(word);
    case SHOW_QUERY:
        return query(f, word);
    default:
        return (uint16_t)(f->content[offset] << 8 | f->content[offset + 1]);
    }
}

/* Wider accesses are several of the chip's. */
static bool pflash_read(Device *dev, unsigned region, uint64_t offset, unsigned size, uint64_t *value)
{
    const Pflash *f = (const Pflash *)dev;
    *value = 0;
    if (size == 1) {
        *value = read_word(f, offset & ~UINT64_C(1)) >> (offset & 1 ? 0 : 8) & 0xff;
        return true;
    }
    for (unsigned i = 0; i < size; i += WORD)
        *value = *value << 16 | read_word(f, offset + i);
    return true;
}

/* --- what is written into the image */

static void finish(void *opaque, int error)
{
    Pflash *f = opaque;
    if (error)
        f->status |= (uint8_t)f->pending_fails;
    else
        memcpy(f->content + f->pending_at, f->pending, (size_t)f->pending_size);
    f->pending_size = 0;
}

/* From here on the chip is busy, until finish(). */
static void store_pending(Pflash *f, uint64_t at, uint64_t size, uint8_t fails)
{
    f->show = SHOW_STATUS;
    if (block_read_only(f->block)) {
        f->status |= fails | SR_PROTECTED;
        return;
    }
    f->pending_at = at;
    f->pending_size = size;
    f->pending_fails = fails;
    f->iov = (struct iovec){f->pending, (size_t)size};
    f->request =
        (BlockRequest){.op = BLOCK_WRITE, .offset = at, .length = size, .iov = &f->iov, .n_iov = 1, .done = finish, .opaque = f};
    block_submit(f->block, &f->request);
}

/* Programming makes ones zeros and no zero a one. */
static void set_pending(Pflash *f, unsigned i, uint64_t offset, uint16_t value)
{
    f->pending[i] = f->content[offset] & (uint8_t)(value >> 8);
    f->pending[i + 1] = f->content[offset + 1] & (uint8_t)value;
}

static void program_word(Pflash *f, uint64_t offset, uint16_t value)
{
    set_pending(f, 0, offset, value);
    store_pending(f, offset, WORD, SR_PROGRAM_FAILED);
}

static void program_buffer(Pflash *f)
{
    for (unsigned i = 0; i < BUFFER_WORDS; i++)
        set_pending(f, WORD * i, f->window + WORD * i, f->buffer[i]);
    store_pending(f, f->window, BUFFER, SR_PROGRAM_FAILED);
}

static void erase(Pflash *f, uint64_t offset)
{
    memset(f->pending, 0xff, PFLASH_BLOCK);
    store_pending(f, offset & ~(uint64_t)(PFLASH_BLOCK - 1), PFLASH_BLOCK, SR_ERASE_FAILED);
}

/* --- commands */

static void bad_sequence(Pflash *f, uint16_t value)
{
    LOG(LOG_GUEST_ERRORS, "%s: 0x%x is not what the command before it asks for", f->dev.id, value);
    f->show = SHOW_STATUS;
    f->status |= SR_SEQUENCE;
}

static void command(Pflash *f, uint8_t value)
{
    switch (value) {
    case CMD_PROGRAM:
    case CMD_PROGRAM_TOO:
        f->next = NEXT_WORD;
        f->show = SHOW_STATUS;
        break;
    case CMD_ERASE:
        f->next = NEXT_ERASE;
        f->show = SHOW_STATUS;
        break;
    case CMD_LOCK:
        f->next = NEXT_LOCK;
        f->show = SHOW_STATUS;
        break;
    case CMD_BUFFER: /* the status says that the buffer is free, as it always is here */
        f->next = NEXT_COUNT;
        f->show = SHOW_STATUS;
        break;
    case CMD_CLEAR_STATUS:
        f->status = 0;
        break;
    case CMD_STATUS:
    case CMD_SUSPEND: /* what there was to suspend is done */
    case CMD_CONFIRM: /* and so there is nothing to resume */
        f->show = SHOW_STATUS;
        break;
    case CMD_ID:
        f->show = SHOW_ID;
        break;
    case CMD_QUERY:
        f->show = SHOW_QUERY;
        break;
    case CMD_ARRAY:
        f->show = SHOW_ARRAY;
        break;
    default:
        LOG(LOG_GUEST_ERRORS, "%s: 0x%02x is no command", f->dev.id, value);
        f->show = SHOW_ARRAY;
    }
}

static void begin_buffer(Pflash *f, uint64_t offset, uint16_t last)
{
    if (last >= BUFFER_WORDS) {
        bad_sequence(f, last);
        return;
    }
    f->window = (uint32_t)offset & ~(uint32_t)(BUFFER - 1);
    f->words = last + 1u;
    f->filled = 0;
    memset(f->buffer, 0xff, sizeof(f->buffer));
    f->next = NEXT_DATA;
}

/* The buffer lies where its first word does, and the others have to be there, too. */
static void fill_buffer(Pflash *f, uint64_t offset, uint16_t value)
{
    const uint32_t window = (uint32_t)offset & ~(uint32_t)(BUFFER - 1);
    if (!f->filled)
        f->window = window;
    if (window != f->window) {
        bad_sequence(f, value);
        return;
    }
    f->buffer[offset % BUFFER / WORD] &= value;
    f->next = ++f->filled < f->words ? NEXT_DATA : NEXT_CONFIRM;
}

static void write_word(Pflash *f, uint64_t offset, uint16_t value)
{
    const unsigned what = f->next;
    if (f->pending_size)
        return; /* the chip takes no commands while it is busy */
    f->next = NEXT_COMMAND;
    switch (what) {
    case NEXT_WORD:
        program_word(f, offset, value);
        break;
    case NEXT_ERASE:
        if ((value & 0xff) == CMD_CONFIRM)
            erase(f, offset);
        else
            bad_sequence(f, value);
        break;
    case NEXT_LOCK: /* blocks have no locks: they are never locked */
        if ((value & 0xff) != CMD_CONFIRM && (value & 0xff) != LOCK_SET && (value & 0xff) != LOCK_DOWN)
            bad_sequence(f, value);
        break;
    case NEXT_COUNT:
        begin_buffer(f, offset, value);
        break;
    case NEXT_DATA:
        fill_buffer(f, offset, value);
        break;
    case NEXT_CONFIRM:
        if ((value & 0xff) == CMD_CONFIRM)
            program_buffer(f);
        else
            bad_sequence(f, value);
        break;
    default:
        command(f, (uint8_t)value);
    }
}

/* A byte leaves the other half of the word as it is, which for data are ones. */
static bool pflash_write(Device *dev, unsigned region, uint64_t offset, unsigned size, uint64_t value)
{
    Pflash *f = (Pflash *)dev;
    if (size == 1)
        write_word(f, offset & ~UINT64_C(1), (uint16_t)(offset & 1 ? 0xff00 | value : value << 8 | 0xff));
    for (unsigned i = 0; size > 1 && i < size; i += WORD)
        write_word(f, offset + i, (uint16_t)(value >> 8 * (size - WORD - i)));
    return true;
}

/* --- life */

static void pflash_settle(Device *dev)
{
    block_drain(((Pflash *)dev)->block);
}

/* A reset in the middle of a write lets it come to its end. */
static void pflash_reset(Device *dev)
{
    pflash_settle(dev);
    ((Pflash *)dev)->status = 0;
}

static void pflash_describe(Device *dev, Dts *dts)
{
    dts_begin(dts, "nor@%x", (unsigned)device_address(dev, 0));
    dts_string(dts, "compatible", "cfi-flash");
    device_describe_reg(dev, dts);
    dts_u32(dts, "bank-width", WORD);
    dts_end(dts);
}

static void pflash_post_load(Device *dev)
{
    Pflash *f = (Pflash *)dev;
    f->show = f->show < SHOWN ? f->show : SHOW_ARRAY;
    f->next = f->next < NEXTS ? f->next : NEXT_COMMAND;
    f->words = MIN(f->words, BUFFER_WORDS);
    f->filled = MIN(f->filled, f->words);
    f->window = (uint32_t)(f->window % f->size) & ~(uint32_t)(BUFFER - 1);
    f->status &= (uint8_t)~SR_READY;
}

static void pflash_free(Device *dev)
{
    Pflash *f = (Pflash *)dev;
    g_free(f->content);
    g_free(f->pending);
    g_free(f);
}

static const DeviceOps pflash_ops = {
    .name = "pflash",
    .state = &pflash_state,
    .read = pflash_read,
    .write = pflash_write,
    .reset = pflash_reset,
    .describe = pflash_describe,
    .settle = pflash_settle,
    .post_load = pflash_post_load,
    .free = pflash_free,
};

static void was_read(void *error, int why)
{
    *(int *)error = why;
}

static bool read_content(Pflash *f, GError **error)
{
    int why = 0;
    struct iovec iov = {f->content, (size_t)f->size};
    BlockRequest request = {.op = BLOCK_READ, .length = f->size, .iov = &iov, .n_iov = 1, .done = was_read, .opaque = &why};
    block_submit(f->block, &request);
    block_drain(f->block);
    if (why)
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(why), "the drive '%s': %s", block_id(f->block), g_strerror(why));
    return !why;
}

Device *pflash_new(const char *id, Block *block, GError **error)
{
    const uint64_t size = block_size(block);
    if (size < PFLASH_BLOCK || size > PFLASH_SIZE_MAX || size & (size - 1)) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "the drive '%s' has %" PRIu64 " bytes; a flash has a power of two from 64 KiB to 128 MiB", block_id(block),
                    size);
        return NULL;
    }
    Pflash *f = g_new0(Pflash, 1);
    f->block = block;
    f->size = size;
    f->content = g_malloc0((gsize)size);
    f->pending = g_malloc0(PFLASH_BLOCK);
    device_init(&f->dev, &pflash_ops, id);
    if (read_content(f, error))
        return &f->dev;
    device_free(&f->dev);
    return NULL;
}
