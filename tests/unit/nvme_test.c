/* SPDX-License-Identifier: MIT */
#include "platform/devices/pci/nvme_priv.h"
#include "tests/unit/block_helper.h"
#include "tests/unit/pci_fixture.h"
#include "tests/unit/unit.h"

enum { SLOT1 = 1 << 3, DISK = 1 << 20, ENTRIES = 8, ADMIN = 0, IO = 1, BAR_TABLE = 4 };
enum { SQ = 0x10000, CQ = 0x20000, RING = 0x4000, LIST = 0x30000, DATA = 0x100000, WILD = 0x7fff0000 };
enum {
    CAP = 0x00,
    VS = 0x08,
    INTMS = 0x0c,
    INTMC = 0x10,
    CC = 0x14,
    CSTS = 0x1c,
    AQA = 0x24,
    ASQ = 0x28,
    ACQ = 0x30,
    BELLS = 0x1000
};
enum { DELETE_SQ, CREATE_SQ, GET_LOG, DELETE_CQ = 4, CREATE_CQ, IDENTIFY, ABORT = 8, SET_FEATURE, GET_FEATURE, EVENT = 12 };
enum { FLUSH, WRITE, READ, ZEROES = 8, DATASET };
enum { DNR = NVME_DO_NOT_RETRY, CONTIGUOUS_AND_INTERRUPTS = 3, COLD = 0x460000 /* CC but for EN */ };

typedef struct Fixture {
    PciTest pci;
    PciDevice *card;
    Block *block;
    char *path;
    uint16_t tail[2], head[2], phase[2], cid;
    uint32_t result;
} Fixture;

static uint32_t get(Fixture *f, uint32_t offset)
{
    return f->card->ops->read(f->card, 0, offset, 4);
}

static void put(Fixture *f, uint32_t offset, uint32_t value)
{
    f->card->ops->write(f->card, 0, offset, 4, value);
}

static uint32_t word(Fixture *f, uint64_t gpa)
{
    uint32_t value = 0;
    g_assert_true(memory_read(f->pci.memory, gpa, &value, sizeof(value)));
    return GUINT32_FROM_LE(value);
}

static void put_word(Fixture *f, uint64_t gpa, uint32_t value)
{
    value = GUINT32_TO_LE(value);
    g_assert_true(memory_write(f->pci.memory, gpa, &value, sizeof(value)));
}

static void enable(Fixture *f)
{
    for (unsigned i = 0; i < 2; i++) {
        f->tail[i] = f->head[i] = 0;
        f->phase[i] = 1;
    }
    memory_fill(f->pci.memory, SQ, 0, DATA - SQ);
    put(f, AQA, (ENTRIES - 1) << 16 | (ENTRIES - 1));
    put(f, ASQ, SQ);
    put(f, ASQ + 4, 0);
    put(f, ACQ, CQ);
    put(f, ACQ + 4, 0);
    put(f, CC, COLD | NVME_CC_EN);
    g_assert_cmphex(get(f, CSTS), ==, NVME_CSTS_RDY);
}

/* --- commands */

static void offer_prp(Fixture *f, unsigned queue, uint8_t opcode, uint32_t nsid, uint64_t prp1, uint64_t prp2,
                      const uint32_t cdw[4])
{
    const uint64_t at = SQ + queue * (uint64_t)RING + f->tail[queue] * (uint64_t)NVME_COMMAND;
    memory_fill(f->pci.memory, at, 0, NVME_COMMAND);
    put_word(f, at, opcode | (uint32_t)++f->cid << 16);
    put_word(f, at + 4, nsid);
    put_word(f, at + 24, (uint32_t)prp1);
    put_word(f, at + 28, (uint32_t)(prp1 >> 32));
    put_word(f, at + 32, (uint32_t)prp2);
    for (unsigned i = 0; i < 4; i++)
        put_word(f, at + 40 + 4 * i, cdw[i]);
    f->tail[queue] = (f->tail[queue] + 1) % ENTRIES;
}

static void ring(Fixture *f, unsigned queue)
{
    put(f, BELLS + 8 * queue, f->tail[queue]);
}

/* Whether the next completion is there; takes it. */
static bool completed(Fixture *f, unsigned queue, uint32_t *status)
{
    const uint64_t at = CQ + queue * (uint64_t)RING + f->head[queue] * (uint64_t)NVME_COMPLETION;
    const uint32_t last = word(f, at + 12);
    if ((last >> 16 & 1) != f->phase[queue])
        return false;
    g_assert_cmpuint(word(f, at + 8) >> 16, ==, queue);
    f->result = word(f, at);
    *status = last >> 17;
    f->head[queue] = (f->head[queue] + 1) % ENTRIES;
    f->phase[queue] ^= f->head[queue] == 0;
    put(f, BELLS + 8 * queue + 4, f->head[queue]);
    return true;
}

static uint32_t finish(Fixture *f, unsigned queue)
{
    uint32_t status = 0;
    ring(f, queue);
    block_drain(f->block);
    g_assert_true(completed(f, queue, &status));
    return status;
}

#define CDW(...) ((const uint32_t[4]){__VA_ARGS__})

static uint32_t admin(Fixture *f, uint8_t opcode, uint32_t nsid, uint32_t cdw10, uint32_t cdw11)
{
    offer_prp(f, ADMIN, opcode, nsid, DATA, DATA + NVME_PAGE, CDW(cdw10, cdw11));
    return finish(f, ADMIN);
}

static uint32_t create(Fixture *f, uint8_t opcode, unsigned qid, uint64_t base, uint32_t size, uint32_t cdw11)
{
    offer_prp(f, ADMIN, opcode, 0, base, 0, CDW(qid | (size - 1) << 16, cdw11));
    return finish(f, ADMIN);
}

static void create_io(Fixture *f)
{
    g_assert_cmphex(create(f, CREATE_CQ, IO, CQ + RING, ENTRIES, CONTIGUOUS_AND_INTERRUPTS), ==, NVME_OK);
    g_assert_cmphex(create(f, CREATE_SQ, IO, SQ + RING, ENTRIES, 1 | IO << 16), ==, NVME_OK);
}

static uint32_t io(Fixture *f, uint8_t opcode, uint64_t lba, uint32_t blocks, uint64_t prp1, uint64_t prp2)
{
    offer_prp(f, IO, opcode, 1, prp1, prp2, CDW((uint32_t)lba, (uint32_t)(lba >> 32), blocks - 1));
    return finish(f, IO);
}

static void begin(Fixture *f, const char *more, unsigned vectors)
{
    *f = (Fixture){.path = disk_new(DISK)};
    f->block = disk_open(f->path, more);
    device_lock();
    pci_test_open(&f->pci);
    f->card = nvme_new("nvme", &(NvmeConfig){.block = f->block, .serial = "foo", .n_io_queues = 2, .vectors = vectors});
    pci_host_plug(f->pci.host, f->card, SLOT1);
    device_reset(f->pci.host);
    pci_test_put(f->pci.host, SLOT1, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
    enable(f);
}

static void end(Fixture *f)
{
    block_drain(f->block);
    pci_test_close(&f->pci);
    device_unlock();
    disk_close(f->block, f->path);
    g_free(f->path);
}

/* --- tests */

static void test_identify(void)
{
    Fixture f;
    char text[41] = "";
    begin(&f, "", 3);
    g_assert_cmphex(pci_test_get(f.pci.host, SLOT1, PCI_VENDOR, 4), ==, 0x00101b36);
    g_assert_cmphex(get(&f, CAP), ==, 0x0f0103ff);
    g_assert_cmphex(get(&f, CAP + 4), ==, 0x20);
    g_assert_cmphex(get(&f, VS), ==, 0x00010400);
    g_assert_cmphex(admin(&f, IDENTIFY, 0, 1, 0), ==, NVME_OK);
    memory_read(f.pci.memory, DATA + 4, text, 20);
    g_assert_cmpstr(text, ==, "foo                 ");
    memory_read(f.pci.memory, DATA + 24, text, 40);
    g_assert_true(g_str_has_prefix(text, "QEMU NVMe Ctrl  "));
    g_assert_cmphex(admin(&f, IDENTIFY, 1, 0, 0), ==, NVME_OK);
    g_assert_cmpuint(word(&f, DATA), ==, DISK / 512);
    g_assert_cmphex(word(&f, DATA + 128) >> 16 & 0xff, ==, 9);
    g_assert_cmphex(admin(&f, IDENTIFY, 2, 0, 0), ==, NVME_BAD_NAMESPACE | DNR);
    g_assert_cmphex(admin(&f, IDENTIFY, 0, 2, 0), ==, NVME_OK);
    g_assert_cmpuint(word(&f, DATA), ==, 1);
    g_assert_cmphex(admin(&f, IDENTIFY, 1, 2, 0), ==, NVME_OK);
    g_assert_cmpuint(word(&f, DATA), ==, 0);
    g_assert_cmphex(admin(&f, IDENTIFY, 1, 3, 0), ==, NVME_OK);
    g_assert_cmphex(word(&f, DATA), ==, 0x1003);
    g_assert_cmphex(admin(&f, IDENTIFY, 1, 0x77, 0), ==, NVME_BAD_FIELD | DNR);
    end(&f);
}

static void test_transfers(void)
{
    Fixture f;
    uint8_t edge[2];
    begin(&f, "", 3);
    create_io(&f);
    memory_fill(f.pci.memory, DATA, 0x5a, 0x3000);
    g_assert_cmphex(io(&f, WRITE, 8, 1, DATA, 0), ==, NVME_OK);
    g_assert_cmpint(disk_at(f.path, 8 * 512 - 1), ==, 0);
    g_assert_cmpint(disk_at(f.path, 8 * 512), ==, 0x5a);
    g_assert_cmpint(disk_at(f.path, 9 * 512), ==, 0);
    /* two pages, the first from its middle on */
    g_assert_cmphex(io(&f, WRITE, 16, 8, DATA + 0x800, DATA + 0x1000), ==, NVME_OK);
    g_assert_cmpint(disk_at(f.path, 24 * 512 - 1), ==, 0x5a);
    g_assert_cmpint(disk_at(f.path, 24 * 512), ==, 0);
    /* a list of pages in another order */
    for (unsigned i = 0; i < 3; i++) {
        put_word(&f, LIST + 8 * i, DATA + 0x10000 + (2 - i) * NVME_PAGE);
        put_word(&f, LIST + 8 * i + 4, 0);
    }
    memory_fill(f.pci.memory, DATA + 0x10000, 0xff, 0x4000);
    g_assert_cmphex(io(&f, READ, 0, 32, DATA + 0x14000, LIST), ==, NVME_OK);
    memory_read(f.pci.memory, DATA + 0x15000 - 1, edge, 1);
    g_assert_cmphex(edge[0], ==, 0); /* block 7 */
    memory_read(f.pci.memory, DATA + 0x12000 - 1, edge, 2);
    g_assert_cmphex(edge[0], ==, 0x5a); /* block 23, at the end of the third page */
    g_assert_cmphex(edge[1], ==, 0x5a); /* block 8, at the beginning of the second */
    g_assert_cmphex(io(&f, FLUSH, 0, 1, 0, 0), ==, NVME_OK);
    g_assert_cmphex(io(&f, ZEROES, 17, 2, 0, 0), ==, NVME_OK);
    g_assert_cmpint(disk_at(f.path, 17 * 512 - 1), ==, 0x5a);
    g_assert_cmpint(disk_at(f.path, 17 * 512), ==, 0);
    g_assert_cmpint(disk_at(f.path, 19 * 512), ==, 0x5a);
    end(&f);
}

/* The last entry in a page leads to the next list, for the largest transfer and one from the middle of a page. */
static void test_long_list(void)
{
    Fixture f;
    enum { PAGES = 1 << NVME_MDTS, NEAR_END = LIST + NVME_PAGE - 16, NEXT = LIST + 2 * NVME_PAGE };
    begin(&f, "", 3);
    create_io(&f);
    for (unsigned i = 0; i < PAGES; i++)
        put_word(&f, i ? NEXT + 8 * (i - 1) : NEAR_END, DATA + (i + 1) * NVME_PAGE);
    put_word(&f, NEAR_END + 8, NEXT);
    memory_fill(f.pci.memory, DATA, 0x31, 0x100000);
    g_assert_cmphex(io(&f, WRITE, 0, NVME_TRANSFER_MAX / 512, DATA, NEAR_END), ==, NVME_OK);
    g_assert_cmpint(disk_at(f.path, NVME_TRANSFER_MAX - 1), ==, 0x31);
    g_assert_cmphex(io(&f, WRITE, 0, NVME_TRANSFER_MAX / 512, DATA + 512, NEAR_END), ==, NVME_OK);
    g_assert_cmphex(io(&f, WRITE, 0, NVME_TRANSFER_MAX / 512 + 1, DATA, NEAR_END), ==, NVME_BAD_FIELD | DNR);
    put_word(&f, NEAR_END + 8, NEXT + 8);
    g_assert_cmphex(io(&f, WRITE, 0, NVME_TRANSFER_MAX / 512, DATA, NEAR_END), ==, NVME_BAD_PRP | DNR);
    put_word(&f, NEAR_END + 8, WILD);
    g_assert_cmphex(io(&f, WRITE, 0, NVME_TRANSFER_MAX / 512, DATA, NEAR_END), ==, NVME_BAD_TRANSFER | DNR);
    end(&f);
}

static void test_edges(void)
{
    static const struct {
        uint64_t lba;
        uint32_t blocks;
        uint64_t prp1, prp2;
        uint32_t status;
    } rows[] = {
        {DISK / 512 - 1, 1, DATA, 0, NVME_OK},
        {DISK / 512 - 1, 2, DATA, 0, NVME_BAD_LBA | DNR},
        {DISK / 512, 1, DATA, 0, NVME_BAD_LBA | DNR},
        {UINT64_MAX, 1, DATA, 0, NVME_BAD_LBA | DNR},
        {UINT64_MAX / 512, 2, DATA, 0, NVME_BAD_LBA | DNR},
        {0, 65536, DATA, DATA, NVME_BAD_LBA | DNR},
        {0, 1, DATA + 2, 0, NVME_BAD_PRP | DNR},
        {0, 16, DATA, DATA + 512, NVME_BAD_PRP | DNR},
        {0, 1, WILD, 0, NVME_BAD_TRANSFER | DNR},
        {0, 1, UINT64_MAX - 511, 0, NVME_BAD_TRANSFER | DNR},
        {0, 16, DATA, WILD, NVME_BAD_TRANSFER | DNR},
        {0, 24, DATA, WILD, NVME_BAD_TRANSFER | DNR},
        {0, 24, DATA, LIST + 4, NVME_BAD_PRP | DNR},
        {0, 1, PCI_TEST_RAM, 0, NVME_BAD_TRANSFER | DNR},
    };
    Fixture f;
    begin(&f, "", 3);
    create_io(&f);
    FOR_ROWS (i, rows) {
        g_assert_cmphex(io(&f, READ, rows[i].lba, rows[i].blocks, rows[i].prp1, rows[i].prp2), ==, rows[i].status);
        g_assert_cmphex(io(&f, WRITE, rows[i].lba, rows[i].blocks, rows[i].prp1, rows[i].prp2), ==, rows[i].status);
    }
    g_assert_cmphex(io(&f, 0x7f, 0, 1, DATA, 0), ==, NVME_BAD_OPCODE | DNR);
    offer_prp(&f, IO, READ, 2, DATA, 0, CDW(0));
    g_assert_cmphex(finish(&f, IO), ==, NVME_BAD_NAMESPACE | DNR);
    /* the host asked what was wrong last */
    g_assert_cmphex(admin(&f, GET_LOG, 0, NVME_LOG_ERRORS | 15 << 16, 0), ==, NVME_OK);
    g_assert_cmpuint(word(&f, DATA), ==, 2 * (G_N_ELEMENTS(rows) - 1) + 2);
    g_assert_cmphex(word(&f, DATA + 12) & 0xffff, ==, (NVME_BAD_NAMESPACE | DNR) << 1);
    end(&f);
}

static void range(Fixture *f, unsigned i, uint64_t lba, uint32_t blocks)
{
    put_word(f, DATA + 16 * i, 0);
    put_word(f, DATA + 16 * i + 4, blocks);
    put_word(f, DATA + 16 * i + 8, (uint32_t)lba);
    put_word(f, DATA + 16 * i + 12, (uint32_t)(lba >> 32));
}

static uint32_t deallocate(Fixture *f, uint32_t ranges)
{
    offer_prp(f, IO, DATASET, 1, DATA, 0, CDW(ranges - 1, 4));
    return finish(f, IO);
}

static void test_ranges(void)
{
    Fixture f;
    begin(&f, ",discard=unmap", 3);
    create_io(&f);
    memory_fill(f.pci.memory, DATA, 0x77, 0x2000);
    for (unsigned i = 0; i < 4; i++)
        g_assert_cmphex(io(&f, WRITE, 16 * i, 16, DATA, DATA + 0x1000), ==, NVME_OK);
    range(&f, 0, 0, 16);
    range(&f, 1, 48, 16);
    g_assert_cmphex(deallocate(&f, 2), ==, NVME_OK);
    g_assert_cmpint(disk_at(f.path, 0), ==, 0);
    g_assert_cmpint(disk_at(f.path, 16 * 512), ==, 0x77);
    g_assert_cmpint(disk_at(f.path, 48 * 512), ==, 0);
    range(&f, 1, DISK / 512, 1);
    g_assert_cmphex(deallocate(&f, 2), ==, NVME_BAD_LBA | DNR);
    range(&f, 1, UINT64_MAX, UINT32_MAX);
    g_assert_cmphex(deallocate(&f, 2), ==, NVME_BAD_LBA | DNR);
    for (unsigned i = 0; i < NVME_RANGES_MAX; i++)
        range(&f, i, i, 1);
    g_assert_cmphex(deallocate(&f, NVME_RANGES_MAX), ==, NVME_OK);
    end(&f);
}

static void test_read_only(void)
{
    Fixture f;
    begin(&f, ",readonly=on", 3);
    create_io(&f);
    g_assert_cmphex(admin(&f, IDENTIFY, 1, 0, 0), ==, NVME_OK);
    g_assert_cmphex(word(&f, DATA + 96) >> 24, ==, 1);
    g_assert_cmphex(io(&f, WRITE, 0, 1, DATA, 0), ==, NVME_WRITE_PROTECTED | DNR);
    g_assert_cmphex(io(&f, ZEROES, 0, 1, DATA, 0), ==, NVME_WRITE_PROTECTED | DNR);
    range(&f, 0, 0, 1);
    g_assert_cmphex(deallocate(&f, 1), ==, NVME_WRITE_PROTECTED | DNR);
    g_assert_cmphex(io(&f, READ, 0, 1, DATA, 0), ==, NVME_OK);
    end(&f);
}

static void test_queues(void)
{
    static const struct {
        uint8_t opcode;
        uint32_t qid, size;
        uint64_t base;
        uint32_t cdw11, status;
    } rows[] = {
        {CREATE_CQ, 0, 8, CQ, 3, NVME_BAD_QID},
        {CREATE_CQ, 1, 8, CQ, 3, NVME_BAD_QID}, /* is there already */
        {CREATE_CQ, 3, 8, CQ, 3, NVME_BAD_QID},
        {CREATE_CQ, 2, 1, CQ, 3, NVME_BAD_QUEUE_SIZE},
        {CREATE_CQ, 2, NVME_IO_ENTRIES_MAX + 1, CQ, 3, NVME_BAD_QUEUE_SIZE},
        {CREATE_CQ, 2, 8, CQ + 8, 3, NVME_BAD_PRP},
        {CREATE_CQ, 2, 8, CQ, 2, NVME_BAD_FIELD},
        {CREATE_CQ, 2, 8, CQ, 3 | 1 << 16, NVME_BAD_VECTOR}, /* messages are off */
        {CREATE_SQ, 1, 8, SQ, 1 | 1 << 16, NVME_BAD_QID},
        {CREATE_SQ, 2, 8, SQ, 1 | 2 << 16, NVME_BAD_CQ},
        {CREATE_SQ, 2, 8, SQ, 1, NVME_BAD_CQ},
        {CREATE_SQ, 2, 8, SQ, 1 | 0xffffu << 16, NVME_BAD_CQ},
        {DELETE_CQ, 0, 1, 0, 0, NVME_BAD_QID},
        {DELETE_CQ, 0xffff, 1, 0, 0, NVME_BAD_QID},
        {DELETE_CQ, 1, 1, 0, 0, NVME_BAD_DELETION}, /* a submission queue uses it */
        {DELETE_SQ, 0, 1, 0, 0, NVME_BAD_QID},
        {DELETE_SQ, 2, 1, 0, 0, NVME_BAD_QID},
    };
    Fixture f;
    begin(&f, "", 3);
    create_io(&f);
    FOR_ROWS (i, rows)
        g_assert_cmphex(create(&f, rows[i].opcode, rows[i].qid, rows[i].base, rows[i].size, rows[i].cdw11), ==,
                        rows[i].status | DNR);
    g_assert_cmphex(create(&f, DELETE_SQ, 1, 0, 1, 0), ==, NVME_OK);
    g_assert_cmphex(create(&f, DELETE_CQ, 1, 0, 1, 0), ==, NVME_OK);
    g_assert_cmphex(admin(&f, SET_FEATURE, 0, NVME_F_QUEUES, 0x00070007), ==, NVME_OK);
    g_assert_cmphex(f.result, ==, 0x00010001);
    create_io(&f);
    g_assert_cmphex(admin(&f, SET_FEATURE, 0, NVME_F_QUEUES, 0x00070007), ==, NVME_BAD_SEQUENCE | DNR);
    end(&f);
}

/* The answer to a deletion comes when nothing of the queue is in flight any more. */
static void test_deletion_waits(void)
{
    Fixture f;
    uint32_t status = 1;
    begin(&f, "", 3);
    create_io(&f);
    offer_prp(&f, IO, READ, 1, DATA, 0, CDW(0));
    ring(&f, IO);
    offer_prp(&f, ADMIN, DELETE_SQ, 0, 0, 0, CDW(IO));
    ring(&f, ADMIN);
    g_assert_false(completed(&f, ADMIN, &status));
    block_drain(f.block);
    g_assert_true(completed(&f, IO, &status));
    g_assert_cmphex(status, ==, NVME_OK);
    g_assert_true(completed(&f, ADMIN, &status));
    g_assert_cmphex(status, ==, NVME_OK);
    g_assert_cmphex(create(&f, DELETE_CQ, IO, 0, 1, 0), ==, NVME_OK);
    end(&f);
}

/* As many commands are taken as there are entries for their completions; the others follow when the driver makes room. */
static void test_full_queue(void)
{
    Fixture f;
    uint32_t status, n = 0;
    const Nvme *n1;
    begin(&f, "", 3);
    n1 = (const Nvme *)f.card;
    g_assert_cmphex(create(&f, CREATE_CQ, IO, CQ + RING, 4, 3), ==, NVME_OK);
    g_assert_cmphex(create(&f, CREATE_SQ, IO, SQ + RING, ENTRIES, 1 | IO << 16), ==, NVME_OK);
    for (unsigned i = 0; i < ENTRIES - 1; i++)
        offer_prp(&f, IO, FLUSH, 1, 0, 0, CDW(0));
    ring(&f, IO);
    g_assert_cmpuint(n1->in_flight, ==, 3);
    block_drain(f.block);
    g_assert_cmpuint(n1->in_flight, ==, 0);
    for (unsigned at = 0, phase = 1; n < ENTRIES - 1; n++) {
        status = word(&f, CQ + RING + at * NVME_COMPLETION + 12);
        g_assert_cmphex(status >> 16, ==, phase);
        at = (at + 1) % 4;
        phase ^= at == 0;
        put(&f, BELLS + 12, at);
        block_drain(f.block);
    }
    end(&f);
}

static void test_wires_and_messages(void)
{
    Fixture f;
    uint32_t status;
    begin(&f, "", 3);
    create_io(&f);
    const unsigned pin = 1; /* INTA of slot 1 */
    offer_prp(&f, IO, FLUSH, 1, 0, 0, CDW(0));
    ring(&f, IO);
    block_drain(f.block);
    g_assert_true(f.card->intx);
    g_assert_true(f.pci.wire[pin].level);
    put(&f, INTMS, 1);
    g_assert_false(f.card->intx);
    put(&f, INTMC, 1);
    g_assert_true(f.card->intx);
    g_assert_true(completed(&f, IO, &status));
    g_assert_false(f.card->intx);
    /* by message */
    unsigned cap = (unsigned)((const Nvme *)f.card)->msix.cap;
    pci_test_put(f.pci.host, SLOT1, cap + 2, 2, 0x8000);
    for (unsigned vector = 0; vector < 3; vector++) {
        f.card->ops->write(f.card, BAR_TABLE, 16 * vector, 4, 0x200000 + 4 * vector);
        f.card->ops->write(f.card, BAR_TABLE, 16 * vector + 8, 4, 0x4d000000 + vector);
        f.card->ops->write(f.card, BAR_TABLE, 16 * vector + 12, 4, 0);
    }
    g_assert_cmphex(create(&f, CREATE_CQ, 2, CQ + 2 * RING, ENTRIES, 3 | 2 << 16), ==, NVME_OK);
    g_assert_cmphex(word(&f, 0x200000), ==, 0x4d000000);
    g_assert_cmphex(create(&f, CREATE_SQ, 2, SQ + 2 * RING, ENTRIES, 1 | 2 << 16), ==, NVME_OK);
    put_word(&f, SQ + 2 * RING, 0);
    put_word(&f, SQ + 2 * RING + 4, 1);
    put(&f, BELLS + 16, 1);
    block_drain(f.block);
    g_assert_cmphex(word(&f, 0x200008), ==, 0x4d000002);
    g_assert_false(f.card->intx);
    end(&f);
}

static void test_events(void)
{
    Fixture f;
    uint32_t status;
    begin(&f, "", 3);
    for (unsigned i = 0; i <= NVME_EVENTS_MAX; i++)
        offer_prp(&f, ADMIN, EVENT, 0, 0, 0, CDW(0));
    ring(&f, ADMIN);
    g_assert_true(completed(&f, ADMIN, &status));
    g_assert_cmphex(status, ==, NVME_EVENTS_EXCEEDED | DNR);
    g_assert_false(completed(&f, ADMIN, &status));
    put(&f, BELLS, ENTRIES); /* not a tail of such a queue */
    g_assert_true(completed(&f, ADMIN, &status));
    g_assert_cmphex(f.result, ==, NVME_EVENT_BAD_TAIL);
    put(&f, BELLS + 8 * 3, 0); /* no such queue */
    g_assert_false(completed(&f, ADMIN, &status));
    /* with the log read, the next one comes */
    offer_prp(&f, ADMIN, GET_LOG, 0, DATA, 0, CDW(NVME_LOG_ERRORS | 15 << 16));
    ring(&f, ADMIN);
    g_assert_true(completed(&f, ADMIN, &status));
    g_assert_cmphex(f.result, ==, NVME_EVENT_BAD_DOORBELL);
    g_assert_true(completed(&f, ADMIN, &status));
    end(&f);
}

static void test_features(void)
{
    static const struct {
        uint8_t opcode;
        uint32_t cdw10, cdw11, status, result;
    } rows[] = {
        {GET_FEATURE, NVME_F_WRITE_CACHE, 0, NVME_OK, 1},
        {SET_FEATURE, NVME_F_WRITE_CACHE, 0, NVME_OK, 0},
        {GET_FEATURE, NVME_F_WRITE_CACHE, 0, NVME_OK, 0},
        {GET_FEATURE, NVME_F_WRITE_CACHE | 1 << 8, 0, NVME_OK, 1},
        {GET_FEATURE, NVME_F_WRITE_CACHE | 3 << 8, 0, NVME_OK, 4},
        {SET_FEATURE, NVME_F_WRITE_CACHE | 1u << 31, 0, NVME_NOT_SAVEABLE | DNR, 0},
        {SET_FEATURE, NVME_F_VECTOR, 2 | 1 << 16, NVME_OK, 0},
        {GET_FEATURE, NVME_F_VECTOR, 2, NVME_OK, 2 | 1 << 16},
        {SET_FEATURE, NVME_F_VECTOR, 3, NVME_BAD_FIELD | DNR, 0},
        {GET_FEATURE, NVME_F_VECTOR, 0xffff, NVME_BAD_FIELD | DNR, 0},
        {SET_FEATURE, NVME_F_POWER, 1, NVME_BAD_FIELD | DNR, 0},
        {GET_FEATURE, NVME_F_TEMPERATURE, 0, NVME_OK, 343},
        {SET_FEATURE, NVME_F_TEMPERATURE, 1 << 16, NVME_BAD_FIELD | DNR, 0},
        {GET_FEATURE, 0, 0, NVME_BAD_FIELD | DNR, 0},
        {SET_FEATURE, 0xff, 0, NVME_BAD_FIELD | DNR, 0},
        {SET_FEATURE, NVME_F_QUEUES, 0xffff, NVME_BAD_FIELD | DNR, 0},
        {ABORT, 0, 0, NVME_OK, 1},
        {0x7f, 0, 0, NVME_BAD_OPCODE | DNR, 0},
        {GET_LOG, NVME_LOG_HEALTH | 127 << 16, 0, NVME_BAD_FIELD | DNR, 0}, /* of a namespace */
        {GET_LOG, 0x77 | 127 << 16, 0, NVME_BAD_LOG_PAGE | DNR, 0},
        {GET_LOG, NVME_LOG_ERRORS | 0xffffu << 16, 0xffff, NVME_BAD_FIELD | DNR, 0},
    };
    Fixture f;
    begin(&f, "", 3);
    FOR_ROWS (i, rows) {
        g_assert_cmphex(admin(&f, rows[i].opcode, 1, rows[i].cdw10, rows[i].cdw11), ==, rows[i].status);
        g_assert_cmphex(f.result, ==, rows[i].result);
    }
    g_assert_cmphex(admin(&f, GET_LOG, NVME_ALL_NAMESPACES, NVME_LOG_HEALTH | 127 << 16, 0), ==, NVME_OK);
    g_assert_cmpuint(word(&f, DATA) >> 8 & 0xffff, ==, 323);
    end(&f);
}

/* RDY stays up while the drive still writes into RAM; a shutdown ends with a flush. */
static void test_stops(void)
{
    Fixture f;
    uint32_t status;
    begin(&f, "", 3);
    create_io(&f);
    offer_prp(&f, IO, READ, 1, DATA, 0, CDW(0));
    ring(&f, IO);
    put(&f, CC, COLD);
    g_assert_cmphex(get(&f, CSTS), ==, NVME_CSTS_RDY);
    block_drain(f.block);
    g_assert_cmphex(get(&f, CSTS), ==, 0);
    g_assert_false(completed(&f, IO, &status)); /* nobody is told of it */
    enable(&f);
    create_io(&f);
    put(&f, CC, COLD | NVME_CC_EN | 1 << 14);
    g_assert_cmphex(get(&f, CSTS), ==, NVME_CSTS_RDY | NVME_CSTS_SHUTTING);
    block_drain(f.block);
    g_assert_cmphex(get(&f, CSTS), ==, NVME_CSTS_RDY | NVME_CSTS_SHUT);
    put(&f, CC, COLD);
    g_assert_cmphex(get(&f, CSTS), ==, 0);
    enable(&f);
    create_io(&f);
    offer_prp(&f, IO, READ, 1, DATA, 0, CDW(0));
    ring(&f, IO);
    device_reset(&f.card->dev); /* of the machine, in the middle */
    g_assert_cmpuint(((const Nvme *)f.card)->in_flight, ==, 0);
    g_assert_cmphex(get(&f, CSTS), ==, 0);
    pci_test_put(f.pci.host, SLOT1, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
    enable(&f);
    create_io(&f);
    g_assert_cmphex(io(&f, READ, 0, 1, DATA, 0), ==, NVME_OK);
    end(&f);
}

static void test_fatal(void)
{
    Fixture f;
    uint32_t status;
    begin(&f, "", 3);
    put(&f, CC, COLD);
    put(&f, ASQ, WILD);
    put(&f, CC, COLD | NVME_CC_EN);
    put(&f, BELLS, 1);
    g_assert_cmphex(get(&f, CSTS), ==, NVME_CSTS_RDY | NVME_CSTS_CFS);
    put(&f, CC, COLD);
    enable(&f);
    g_assert_cmphex(create(&f, CREATE_CQ, IO, WILD, ENTRIES, 3), ==, NVME_OK);
    g_assert_cmphex(create(&f, CREATE_SQ, IO, SQ + RING, ENTRIES, 1 | IO << 16), ==, NVME_OK);
    offer_prp(&f, IO, FLUSH, 1, 0, 0, CDW(0));
    ring(&f, IO);
    block_drain(f.block);
    g_assert_cmphex(get(&f, CSTS) & NVME_CSTS_CFS, ==, NVME_CSTS_CFS);
    offer_prp(&f, ADMIN, ABORT, 0, 0, 0, CDW(0));
    ring(&f, ADMIN);
    g_assert_false(completed(&f, ADMIN, &status));
    put(&f, CC, COLD);
    put(&f, CC, COLD | NVME_CC_EN | 1 << 7); /* pages of 8 KiB */
    g_assert_cmphex(get(&f, CSTS), ==, NVME_CSTS_CFS);
    put(&f, CC, 0);
    put(&f, AQA, 0);
    put(&f, CC, COLD | NVME_CC_EN);
    g_assert_cmphex(get(&f, CSTS), ==, NVME_CSTS_CFS);
    put(&f, CC, 0);
    enable(&f);
    end(&f);
}

/* Another process goes on with the queues; one that loads anything goes on living. */
static void test_saved(void)
{
    Fixture f, g;
    uint32_t status;
    begin(&f, "", 3);
    create_io(&f);
    g_assert_cmphex(admin(&f, SET_FEATURE, 0, NVME_F_WRITE_CACHE, 0), ==, NVME_OK);
    device_unlock();
    begin(&g, "", 3);
    device_copy(&f.card->dev, &g.card->dev);
    memory_fill(g.pci.memory, SQ, 0, DATA - SQ);
    for (unsigned i = 0; i < 2; i++) {
        g.tail[i] = f.tail[i];
        g.head[i] = f.head[i];
        g.phase[i] = f.phase[i];
    }
    g_assert_cmphex(get(&g, CSTS), ==, NVME_CSTS_RDY);
    g_assert_cmphex(io(&g, READ, 0, 1, DATA, 0), ==, NVME_OK);
    g_assert_cmphex(admin(&g, GET_FEATURE, 0, NVME_F_WRITE_CACHE, 0), ==, NVME_OK);
    g_assert_cmphex(g.result, ==, 0);
    device_load_ones(&g.card->dev);
    put(&g, BELLS, 1);
    put(&g, BELLS + 8, 1);
    put(&g, CC, 0);
    block_drain(g.block);
    pci_test_put(g.pci.host, SLOT1, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
    enable(&g);
    offer_prp(&g, ADMIN, ABORT, 0, 0, 0, CDW(0));
    ring(&g, ADMIN);
    g_assert_true(completed(&g, ADMIN, &status));
    end(&g);
    device_lock();
    end(&f);
}

UNIT_TESTS(nvme)
{
    g_test_add_func("/nvme/says-what-it-is", test_identify);
    g_test_add_func("/nvme/what-was-written-is-read", test_transfers);
    g_test_add_func("/nvme/lists-of-pages-go-on-in-the-next", test_long_list);
    g_test_add_func("/nvme/nothing-is-beyond-the-end", test_edges);
    g_test_add_func("/nvme/ranges-are-deallocated", test_ranges);
    g_test_add_func("/nvme/a-read-only-disk-says-so", test_read_only);
    g_test_add_func("/nvme/queues-are-made-and-deleted", test_queues);
    g_test_add_func("/nvme/a-deletion-waits-for-what-is-in-flight", test_deletion_waits);
    g_test_add_func("/nvme/no-command-without-room-for-its-completion", test_full_queue);
    g_test_add_func("/nvme/interrupts-by-wire-and-by-message", test_wires_and_messages);
    g_test_add_func("/nvme/events-are-told-one-by-one", test_events);
    g_test_add_func("/nvme/features-and-logs", test_features);
    g_test_add_func("/nvme/stops-when-nothing-is-in-flight", test_stops);
    g_test_add_func("/nvme/wild-queues-are-fatal", test_fatal);
    g_test_add_func("/nvme/is-saved-and-loaded", test_saved);
}
