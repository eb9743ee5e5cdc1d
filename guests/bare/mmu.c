/* SPDX-License-Identifier: MIT
 * The BookE MMU of the e500 cores: two TLBs, sizes, permissions, PID, AS, misses with their MAS,
 * invalidations. EREF §6; e500mc Core Reference Manual §6. */
#include "guest.h"

#define MAS0_ESEL(mas0) ((mas0) >> 16 & 0xfff)
#define MAS4_TLB0_4K    (MAS1_TSIZE(2))
#define FRAME           0x900000u /* RAM the tests map */
#define FULL            0x3f      /* UX SX UW SW UR SR */

PROBE(load, "lwz 3,0(3)");
PROBE(store, "stw 4,0(3)");
PROBE(load_byte_reverse, "lwbrx 3,0,3");
PROBE(do_dcbz, "dcbz 0,3");
PROBE(do_dcbst, "dcbst 0,3");
PROBE(do_dcbt, "dcbt 0,3");
PROBE(do_dcbi, "dcbi 0,3");
PROBE(do_lwarx, "lwarx 4,0,3");

static uint32_t tlb0_flags(uint32_t ea)
{
    return ea & 0x1f;
}

/* TLB0: 4 KiB EA to PA in that way. */
static void tlb0_map(unsigned way, uint32_t ea, uint32_t pa, uint32_t permissions, uint32_t mas1)
{
    tlb_write((TlbEntry){MAS0_TLB0(way), MAS1_VALID | MAS1_TSIZE(2) | mas1, (ea & ~0xfffu) | tlb0_flags(ea), pa | permissions, 0});
}

static bool tlb0_valid(unsigned way, uint32_t ea)
{
    return tlb_read(MAS0_TLB0(way), ea).mas1 >> 31;
}

static bool tlb1_valid(unsigned n)
{
    return tlb_read(MAS0_TLB1(n), 0).mas1 >> 31;
}

static Trap at(const void *pc, uint32_t msr, uint32_t ea)
{
    return trap_run(pc, msr, ea, 0x5eed5eed, 0, 0);
}

static void flush(void)
{
    for (unsigned n = 2; n < cpu_tlb1_entries(); n++)
        tlb1_unmap(n);
    mtspr(SPR_MMUCSR0, 4);
    while (mfspr(SPR_MMUCSR0) & 4)
        ;
}

static void configuration(void)
{
    uint32_t mmu = mfspr(SPR_MMUCFG), tlb0 = mfspr(SPR_TLB0CFG), tlb1 = mfspr(SPR_TLB1CFG);

    report_eq("MMUCFG: architecture version 1", mmu & 3, 0);
    report_eq("MMUCFG: two TLBs", mmu >> 2 & 3, 1);
    report_eq("MMUCFG: 8-bit PID", mmu >> 6 & 0x1f, 7);
    report_eq("MMUCFG: 36-bit physical", mmu >> 17 & 0x7f, 36);
    report_eq("TLB0CFG: 512 entries", tlb0 & 0xfff, 512);
    report_eq("TLB0CFG: 4 ways", tlb0 >> 24, 4);
    report_eq("TLB0CFG: 4 KiB at least", tlb0 >> 20 & 15, 1);
    report_eq("TLB0CFG: 4 KiB at most", tlb0 >> 16 & 15, 1);
    report_eq("TLB0CFG: no IPROT, one size", tlb0 & 0xc000, 0);
    report_eq("TLB1CFG: 64 entries (e500v2: 16)", tlb1 & 0xfff, cpu_is_e500v2() ? 16 : 64);
    report_eq("TLB1CFG: fully associative", tlb1 >> 24, tlb1 & 0xfff);
    report_eq("TLB1CFG: 4 KiB at least", tlb1 >> 20 & 15, 1);
    report_eq("TLB1CFG: 4 GiB at most", tlb1 >> 16 & 15, 11);
    report_eq("TLB1CFG: IPROT, many sizes", tlb1 & 0xc000, 0xc000);
}

/* Every field of every entry of both TLBs reads as it was written. */
static void round_trips(void)
{
    unsigned wrong = 0;

    for (unsigned n = 2; n < cpu_tlb1_entries(); n++)
        tlb_write((TlbEntry){MAS0_TLB1(n), MAS1_VALID | MAS1_TID(n) | MAS1_TS | MAS1_TSIZE(n & 1 ? 2 : 4),
                             (0x50000000 + n * 0x10000) | (n & 0x1e), (n << 16) | 0x3c0 | (n & 0x3f), n & 15});
    for (unsigned n = 2; n < cpu_tlb1_entries(); n++) {
        TlbEntry e = tlb_read(MAS0_TLB1(n), 0);

        wrong += e.mas1 != (MAS1_VALID | MAS1_TID(n) | MAS1_TS | MAS1_TSIZE(n & 1 ? 2 : 4)) ||
                 e.mas2 != ((0x50000000 + n * 0x10000) | (n & 0x1e)) || e.mas3 != ((n << 16) | 0x3c0 | (n & 0x3f)) ||
                 e.mas7 != (n & 15);
    }
    report_eq("TLB1: all entries but two read back as written", wrong, 0);
    flush();

    wrong = 0;
    for (unsigned way = 0; way < 4; way++)
        for (unsigned set = 0; set < 128; set++)
            tlb0_map(way, 0x60000000 + (way << 20) + (set << 12), (way << 24) + (set << 12), set & 0x3f, MAS1_TID(set + way));
    for (unsigned way = 0; way < 4; way++)
        for (unsigned set = 0; set < 128; set++) {
            TlbEntry e = tlb_read(MAS0_TLB0(way), set << 12);

            wrong += e.mas1 != (MAS1_VALID | MAS1_TID(set + way) | MAS1_TSIZE(2)) ||
                     (e.mas2 & ~0xfffu) != 0x60000000 + (way << 20) + (set << 12) ||
                     e.mas3 != ((way << 24) + (set << 12) + (set & 0x3f));
        }
    report_eq("TLB0: 512 entries read back as written", wrong, 0);
    flush();
    for (unsigned way = wrong = 0; way < 4; way++)
        for (unsigned set = 0; set < 128; set++)
            wrong += tlb0_valid(way, set << 12);
    report_eq("MMUCSR0[L2TLB0_FI] empties TLB0", wrong, 0);
}

static void sizes(void)
{
    static const struct {
        const char *name, *beyond;
        unsigned tsize;
        uint32_t pa;
    } sizes[] = {
        {"4K page: first and last word", "4K page: beyond is a miss", 2, FRAME},
        {"16K page: first and last word", "16K page: beyond is a miss", 4, FRAME},
        {"64K page: first and last word", "64K page: beyond is a miss", 6, FRAME},
        {"256K page: first and last word", "256K page: beyond is a miss", 8, FRAME},
        {"1M page: first and last word", "1M page: beyond is a miss", 10, FRAME},
        {"4M page: first and last word", "4M page: beyond is a miss", 12, 0x800000},
        {"16M page: first and last word", "16M page: beyond is a miss", 14, 0x1000000},
        {"64M page: first and last word", "64M page: beyond is a miss", 16, 0},
        {"256M page: first and 64M's last word", "256M page: beyond is a miss", 18, 0},
        {"1G page: first and 64M's last word", "1G page: beyond is a miss", 20, 0},
    };

    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint32_t size = 1024u << sizes[i].tsize, last = (size > 0x4000000 ? 0x4000000 : size) - 4;
        volatile uint32_t *first_word = (uint32_t *)sizes[i].pa, *last_word = (uint32_t *)(sizes[i].pa + last);
        uint32_t was = *last_word;

        *last_word = 0x1a570000 + i;
        tlb1_map(5, TEST_EA, sizes[i].pa, sizes[i].tsize, FULL);
        report(sizes[i].name, at(load, 0, TEST_EA).ret == *first_word && at(load, 0, TEST_EA + last).ret == 0x1a570000 + i);
        report_eq(sizes[i].beyond, at(load, 0, TEST_EA + size).vector, VEC_DTLB);
        tlb1_unmap(5);
        *last_word = was;
    }
}

/* A 36-bit physical address: the UART's scratch register by a second mapping. */
static void physical_36(void)
{
    tlb1_map(5, TEST_EA | MAS2_I | MAS2_G, ccsr_pa + 0x4000, 2, FULL);
    io_write8(UART0 + 7, 0x69);
    report_eq("MAS7 reaches F_E000_4507", io_read8(TEST_EA + 0x507), 0x69);
    tlb1_unmap(5);
}

typedef struct {
    const char *name;
    uint32_t permissions, msr;
    uint8_t access; /* 'r' 'w' 'x' */
    bool allowed;
} Permission;

static const Permission permission_rows[] = {
    {"SR lets the supervisor read", MAS3_SR, 0, 'r', true},
    {"without SR the supervisor does not read", FULL & ~MAS3_SR, 0, 'r', false},
    {"SW lets the supervisor write", MAS3_SW, 0, 'w', true},
    {"without SW the supervisor does not write", FULL & ~MAS3_SW, 0, 'w', false},
    {"SX lets the supervisor execute", MAS3_SX, 0, 'x', true},
    {"without SX the supervisor does not execute", FULL & ~MAS3_SX, 0, 'x', false},
    {"UR lets the user read", MAS3_UR, MSR_PR, 'r', true},
    {"without UR the user does not read", FULL & ~MAS3_UR, MSR_PR, 'r', false},
    {"UW lets the user write", MAS3_UW, MSR_PR, 'w', true},
    {"without UW the user does not write", FULL & ~MAS3_UW, MSR_PR, 'w', false},
    {"UX lets the user execute", MAS3_UX, MSR_PR, 'x', true},
    {"without UX the user does not execute", FULL & ~MAS3_UX, MSR_PR, 'x', false},
};

static void permissions(void)
{
    static const uint32_t code[] = {0x3860002a, 0x4e800020}; /* li 3,42; blr */

    memcpy((void *)FRAME, code, sizeof code);
    code_sync((void *)FRAME, sizeof code);
    for (unsigned i = 0; i < sizeof permission_rows / sizeof permission_rows[0]; i++) {
        const Permission *row = &permission_rows[i];
        const void *pc = row->access == 'x' ? (void *)TEST_EA : row->access == 'w' ? store : load;
        uint32_t ea = row->access == 'w' ? TEST_EA + 64 : TEST_EA;

        tlb1_map(5, TEST_EA, FRAME, 2, row->permissions);
        *(volatile uint32_t *)(FRAME + 64) = 0;
        Trap t = at(pc, row->msr, ea);
        bool ok = row->allowed         ? t.vector == TRAP_NONE
                  : row->access == 'x' ? t.vector == VEC_ISI && t.srr0 == TEST_EA
                                       : t.vector == VEC_DSI && t.dear == ea && t.srr0 == (uint32_t)pc &&
                                             (t.esr & ESR_ST) == (row->access == 'w' ? ESR_ST : 0);
        if (row->access == 'w')
            ok &= *(volatile uint32_t *)(FRAME + 64) == (row->allowed ? 0x5eed5eed : 0);
        if (row->access == 'x' && row->allowed)
            ok &= t.ret == 42;
        report(row->name, ok);
    }
    tlb1_map(5, TEST_EA, FRAME, 2, MAS3_SR | MAS3_UR | MAS3_SX | MAS3_UX);
    Trap t = at(do_dcbz, 0, TEST_EA);
    report("dcbz needs to write: DSI with ESR[ST]", t.vector == VEC_DSI && t.esr & ESR_ST && t.dear == TEST_EA);
    tlb1_map(5, TEST_EA, FRAME, 2, MAS3_SX | MAS3_UX);
    report_eq("dcbst needs to read: DSI", at(do_dcbst, 0, TEST_EA).vector, VEC_DSI);
    report_eq("lwarx needs to read: DSI", at(do_lwarx, 0, TEST_EA).vector, VEC_DSI);
    report_eq("dcbt never interrupts", at(do_dcbt, 0, TEST_EA).vector, TRAP_NONE);
    tlb1_unmap(5);
    report_eq("dcbt without translation neither", at(do_dcbt, 0, TEST_EA).vector, TRAP_NONE);
    report_eq("dcbi is the supervisor's", at(do_dcbi, MSR_PR, FRAME).esr, ESR_PPR);
}

static void misses(void)
{
    mtspr(SPR_PID, 0x12);
    mtspr(SPR_MAS4, MAS4_TLB0_4K | MAS2_M);
    mtspr(SPR_MAS7, 5);
    Trap t = at(load, 0, TEST_EA + 0x1234);
    report_eq("load miss: vector", t.vector, VEC_DTLB);
    report_eq("load miss: SRR0", t.srr0, (uint32_t)load);
    report_eq("load miss: DEAR", t.dear, TEST_EA + 0x1234);
    report_eq("load miss: ESR", t.esr & ESR_ST, 0);
    report_eq("miss: MAS0 selects MAS4's TLB", t.mas[0] >> 28 & 3, 0);
    report_eq("miss: MAS0[ESEL] is the victim", MAS0_ESEL(t.mas[0]) & ~3u, 0);
    report_eq("miss: MAS1 is V, PID, AS, MAS4's size", t.mas[1], MAS1_VALID | MAS1_TID(0x12) | MAS1_TSIZE(2));
    report_eq("miss: MAS2 is the page and MAS4's WIMGE", t.mas[2], TEST_EA + 0x1000 + MAS2_M);
    report_eq("miss: MAS3 is 0", t.mas[3], 0);
    report_eq("miss: MAS6 is the search", t.mas[6] & 0x00ff0001, 0x00120000);
    report_eq("miss: MAS7 is 0", t.mas[7], 0);
    t = at(store, 0, TEST_EA + 0x2004);
    report_eq("store miss: ESR[ST]", t.esr & ESR_ST, ESR_ST);
    mtspr(SPR_MAS4, 0x10000000 | MAS1_TSIZE(10) | MAS2_W | MAS2_I);
    t = at((void *)(TEST_EA + 0x3008), MSR_PR, 0);
    report_eq("fetch miss: vector", t.vector, VEC_ITLB);
    report_eq("fetch miss: SRR0", t.srr0, TEST_EA + 0x3008);
    report_eq("fetch miss: SRR1", t.srr1, MSR_PR);
    report_eq("fetch miss: MAS0 selects TLB1", t.mas[0] >> 28 & 3, 1);
    report_eq("fetch miss: MAS1", t.mas[1], MAS1_VALID | MAS1_TID(0x12) | MAS1_TSIZE(10));
    report_eq("fetch miss: MAS2", t.mas[2], TEST_EA + 0x3000 + MAS2_W + MAS2_I);
    mtspr(SPR_MAS4, MAS4_TLB0_4K);
    mtspr(SPR_PID, 0);
    tlb1_map(5, TEST_EA, FRAME, 2, FULL);
    t = at(load, 0, TEST_EA + 0xffe);
    report("a load across into an unmapped page: DEAR there", t.vector == VEC_DTLB && t.dear >> 12 == (TEST_EA >> 12) + 1);
    *(volatile uint32_t *)(FRAME + 0xffc) = 0x11223344;
    t = at(store, 0, TEST_EA + 0xffe);
    report("a store across into an unmapped page writes nothing",
           t.vector == VEC_DTLB && *(volatile uint32_t *)(FRAME + 0xffc) == 0x11223344);
    tlb0_map(0, TEST_EA + 0x1000, FRAME + 0x3000, FULL, 0);
    t = at(store, 0, TEST_EA + 0xffe);
    report("a store across two pages goes to both", t.vector == TRAP_NONE && *(volatile uint32_t *)(FRAME + 0xffc) == 0x11225eed &&
                                                        *(volatile uint16_t *)(FRAME + 0x3000) == 0x5eed);
    flush();
}

/* TLB1[6] is the code in AS 1. */
static void spaces_apart(void)
{
    if (kvm_serves()) {
        static const char *why = "KVM has one address space at a time";
        report_skip("AS 1 page with MSR[DS]=1 hits", why);
        report_skip("MSR[IS]=1 does not concern data", why);
        report_skip("without code in AS 1 the fetch misses", why);
        return;
    }
    report_eq("AS 1 page with MSR[DS]=1 hits", at(load, MSR_DS, TEST_EA).vector, TRAP_NONE);
    report_eq("MSR[IS]=1 does not concern data", at(load, MSR_IS, TEST_EA).vector, VEC_DTLB);
    tlb1_unmap(6);
    Trap t = at(load, MSR_IS, FRAME);
    report("without code in AS 1 the fetch misses", t.vector == VEC_ITLB && t.srr0 == (uint32_t)load);
}

static void contexts(void)
{
    tlb0_map(1, TEST_EA, FRAME, FULL, MAS1_TID(5));
    mtspr(SPR_PID, 5);
    report_eq("TID 5 with PID 5 hits", at(load, 0, TEST_EA).vector, TRAP_NONE);
    mtspr(SPR_PID, 6);
    report_eq("TID 5 with PID 6 misses", at(load, 0, TEST_EA).vector, VEC_DTLB);
    mtspr(SPR_PID, 5);
    report_eq("and hits again", at(load, 0, TEST_EA).vector, TRAP_NONE);
    mtspr(SPR_PID, 0);
    tlb0_map(1, TEST_EA, FRAME, FULL, 0);
    mtspr(SPR_PID, 0xfe);
    report_eq("TID 0 hits with any PID", at(load, 0, TEST_EA).vector, TRAP_NONE);
    mtspr(SPR_PID, 0);
    /* two PIDs, one page, two frames */
    *(volatile uint32_t *)FRAME = 0xaaaa;
    *(volatile uint32_t *)(FRAME + 0x1000) = 0xbbbb;
    tlb0_map(1, TEST_EA, FRAME, FULL, MAS1_TID(5));
    tlb0_map(2, TEST_EA, FRAME + 0x1000, FULL, MAS1_TID(6));
    mtspr(SPR_PID, 5);
    uint32_t five = at(load, 0, TEST_EA).ret;
    mtspr(SPR_PID, 6);
    uint32_t six = at(load, 0, TEST_EA).ret;
    mtspr(SPR_PID, 0);
    report("two PIDs see their own frames", five == 0xaaaa && six == 0xbbbb);
    flush();

    /* address spaces: code as it is, in AS 1 too; the test page only in AS 1 */
    tlb_write((TlbEntry){MAS0_TLB1(6), MAS1_VALID | MAS1_TS | MAS1_TSIZE(16), 0, FULL, 0});
    tlb_write((TlbEntry){MAS0_TLB1(5), MAS1_VALID | MAS1_TS | MAS1_TSIZE(2), TEST_EA, FRAME | FULL, 0});
    report_eq("AS 1 page with MSR[DS]=0 misses", at(load, 0, TEST_EA).vector, VEC_DTLB);
    report_eq("both in AS 1", at(load, MSR_IS | MSR_DS, TEST_EA).vector, TRAP_NONE);
    Trap t = at(load, MSR_IS | MSR_DS, TEST_EA + 0x1000);
    report_eq("a miss in AS 1: MAS1[TS]", t.mas[1] & MAS1_TS, MAS1_TS);
    report_eq("a miss in AS 1: MAS6[SAS]", t.mas[6] & 1, 1);
    spaces_apart();
    flush();
}

static void search(uint32_t ea, uint32_t mas6)
{
    mtspr(SPR_MAS6, mas6);
    __asm__ volatile("isync; tlbsx 0,%0; isync" : : "r"(ea) : "memory");
}

static void searches(void)
{
    tlb_write((TlbEntry){MAS0_TLB1(7), MAS1_VALID | MAS1_TID(3) | MAS1_TSIZE(6), TEST_EA | MAS2_G, FRAME | FULL, 0});
    search(TEST_EA + 0xabcd, 3 << 16);
    report_eq("tlbsx finds TLB1: MAS0", mfspr(SPR_MAS0) & 0x3fff0000, MAS0_TLB1(7));
    report_eq("tlbsx finds TLB1: MAS1", mfspr(SPR_MAS1), MAS1_VALID | MAS1_TID(3) | MAS1_TSIZE(6));
    report_eq("tlbsx finds TLB1: MAS2", mfspr(SPR_MAS2), TEST_EA | MAS2_G);
    report_eq("tlbsx finds TLB1: MAS3", mfspr(SPR_MAS3), FRAME | FULL);
    search(TEST_EA, 4 << 16);
    report_eq("tlbsx with another PID: invalid", mfspr(SPR_MAS1) >> 31, 0);
    search(TEST_EA, 3 << 16 | 1);
    report_eq("tlbsx in the other AS: invalid", mfspr(SPR_MAS1) >> 31, 0);
    tlb0_map(3, TEST_EA + 0x20000, FRAME, FULL, 0);
    search(TEST_EA + 0x20ffc, 3 << 16);
    report_eq("tlbsx finds TLB0: MAS0", mfspr(SPR_MAS0) & 0x3fff0000, MAS0_TLB0(3));
    mtspr(SPR_MAS4, 0x10000000 | MAS1_TSIZE(8) | MAS2_I);
    search(TEST_EA + 0x800000, 0x21 << 16);
    report_eq("tlbsx that misses: MAS0 selects MAS4's TLB", mfspr(SPR_MAS0) >> 28 & 3, 1);
    report_eq("tlbsx that misses: MAS1", mfspr(SPR_MAS1), MAS1_TID(0x21) | MAS1_TSIZE(8));
    report_eq("tlbsx that misses: MAS2's WIMGE", mfspr(SPR_MAS2) & 0x1f, MAS2_I);
    mtspr(SPR_MAS4, MAS4_TLB0_4K);
    flush();
}

static void set_up_four(void)
{
    tlb0_map(0, TEST_EA, FRAME, FULL, MAS1_TID(5));
    tlb0_map(1, TEST_EA + 0x1000, FRAME, FULL, MAS1_TID(6));
    tlb_write((TlbEntry){MAS0_TLB1(8), MAS1_VALID | MAS1_TID(5) | MAS1_TSIZE(4), TEST_EA + 0x10000, FRAME | FULL, 0});
    tlb_write((TlbEntry){MAS0_TLB1(9), MAS1_VALID | MAS1_IPROT | MAS1_TID(5) | MAS1_TSIZE(4), TEST_EA + 0x20000, FRAME | FULL, 0});
}

/* Which of the four are left, as bits. */
static unsigned left(void)
{
    return tlb0_valid(0, TEST_EA) | tlb0_valid(1, TEST_EA + 0x1000) << 1 | tlb1_valid(8) << 2 | tlb1_valid(9) << 3;
}

#define TLBIVAX(ea)   __asm__ volatile("tlbivax 0,%0; msync; tlbsync; msync; isync" : : "r"(ea) : "memory")
#define TLBILX(t, ea) __asm__ volatile("tlbilx " #t ",0,%0; msync; isync" : : "r"(ea) : "memory")

PROBE(probe_tlbilx, "tlbilx 0,0,0");

/* e500mc: invalidation of this CPU's entries by PID. */
static void local_invalidations(void)
{
    set_up_four();
    mtspr(SPR_MAS6, 5 << 16);
    TLBILX(3, TEST_EA);
    report_eq("tlbilx by address and PID", left(), 14);
    TLBILX(3, TEST_EA + 0x1000);
    report_eq("tlbilx by address with another PID spares", left(), 14);
    set_up_four();
    TLBILX(1, 0);
    report_eq("tlbilx by PID", left(), 10);
    set_up_four();
    TLBILX(0, 0);
    report_eq("tlbilx all", left(), 8);
}

/* e500v2: no tlbilx; three PIDs, of which any may match; MAS7 is read back when HID0 says so. */
static void three_pids(void)
{
    Trap t = trap_run(probe_tlbilx, 0, 0, 0, 0, 0);

    report("tlbilx is illegal", t.vector == VEC_PROGRAM && t.esr == ESR_PIL);
    if (kvm_serves()) {
        static const char *why = "KVM has one PID";
        report_skip("PID1 matches an entry", why);
        report_skip("no longer", why);
        report_skip("PID2 matches another", why);
        return;
    }
    set_up_four();
    mtspr(SPR_PID1, 5);
    report_eq("PID1 matches an entry", at(load, 0, TEST_EA).vector, TRAP_NONE);
    mtspr(SPR_PID1, 0);
    report_eq("no longer", at(load, 0, TEST_EA).vector, VEC_DTLB);
    mtspr(SPR_PID2, 6);
    report_eq("PID2 matches another", at(load, 0, TEST_EA + 0x1000).vector, TRAP_NONE);
    mtspr(SPR_PID2, 0);
}

static void invalidations(void)
{
    set_up_four();
    report_eq("four entries set up", left(), 15);
    TLBIVAX(TEST_EA);
    report_eq("tlbivax by address, TLB0: any PID", left(), 14);
    TLBIVAX(TEST_EA + 0x12000 + 8);
    report_eq("tlbivax by address, TLB1: anywhere in the page", left(), 10);
    TLBIVAX(TEST_EA + 0x20000 + 8);
    report_eq("tlbivax spares IPROT", left(), 10);
    set_up_four();
    TLBIVAX(4);
    report_eq("tlbivax all of TLB0", left(), 12);
    set_up_four();
    TLBIVAX(8 + 4);
    report_eq("tlbivax all of TLB1 spares IPROT", left(), 11);
    flush();

    if (cpu_is_e500v2())
        three_pids();
    else
        local_invalidations();
    set_up_four();
    mtspr(SPR_MMUCSR0, 2);
    while (mfspr(SPR_MMUCSR0) & 2)
        ;
    report_eq("MMUCSR0[L2TLB1_FI] spares IPROT", left(), 11);
    flush();
}

/* What was used stays used until invalidated, and then no longer: no stale translation is left
 * anywhere. */
static void stale(void)
{
    *(volatile uint32_t *)FRAME = 1;
    *(volatile uint32_t *)(FRAME + 0x1000) = 2;
    tlb0_map(0, TEST_EA, FRAME, FULL, 0);
    uint32_t first = at(load, 0, TEST_EA).ret;
    tlb0_map(0, TEST_EA, FRAME + 0x1000, FULL, 0);
    report("an entry written over is used", first == 1 && at(load, 0, TEST_EA).ret == 2);
    TLBIVAX(TEST_EA);
    report_eq("an entry invalidated is not", at(load, 0, TEST_EA).vector, VEC_DTLB);
    tlb0_map(0, TEST_EA, FRAME, MAS3_SR | MAS3_SW, 0);
    at(store, 0, TEST_EA);
    tlb0_map(0, TEST_EA, FRAME, MAS3_SR, 0);
    report_eq("a permission taken back is gone", at(store, 0, TEST_EA).vector, VEC_DSI);
    tlb_write((TlbEntry){MAS0_TLB0(0), MAS1_TSIZE(2), TEST_EA, FRAME | FULL, 0});
    report_eq("an entry without V does not match", at(load, 0, TEST_EA).vector, VEC_DTLB);
    flush();
}

/* Start-up code has two entries for one page while it replaces the firmware's by its own. */
static void two_matches(void)
{
    uint32_t hid0 = mfspr(SPR_HID0);

    *(volatile uint32_t *)FRAME = 0x600dcafe;
    *(volatile uint32_t *)(FRAME + 0x1000) = 0xbad;
    mtspr(SPR_HID0, hid0 & ~HID0_EN_L2MMU_MHD);
    tlb1_map(6, TEST_EA, FRAME + 0x1000, 2, FULL);
    tlb1_map(5, TEST_EA, FRAME, 2, FULL);
    Trap t = at(load, MSR_ME, TEST_EA);
    report("of two entries for a page the lower one counts", t.vector == TRAP_NONE && t.ret == 0x600dcafe);
    static const char *detection = "HID0[EN_L2MMU_MHD]: a machine check on the e500mc, nothing on the e500v2";
    if (kvm_serves()) {
        report_skip(detection, "KVM does not look for a second match");
    } else {
        mtspr(SPR_HID0, hid0 | HID0_EN_L2MMU_MHD);
        t = at(load, MSR_ME, TEST_EA);
        report(detection,
               cpu_is_e500v2() ? t.vector == TRAP_NONE && t.ret == 0x600dcafe : t.vector == VEC_MCHECK && t.mcsr & MCSR_L2MMU_MHIT);
    }
    mtspr(SPR_HID0, hid0);
    flush();
}

static void little_endian(void)
{
    *(volatile uint32_t *)FRAME = 0x11223344;
    tlb1_map(5, TEST_EA | MAS2_E, FRAME, 2, FULL);
    report_eq("a little-endian page reverses loads", at(load, 0, TEST_EA).ret, 0x44332211);
    report_eq("lwbrx there reverses again", at(load_byte_reverse, 0, TEST_EA).ret, 0x11223344);
    at(store, 0, TEST_EA + 4);
    report_eq("a little-endian page reverses stores", *(volatile uint32_t *)(FRAME + 4), 0xed5eed5e);
    tlb1_unmap(5);
}

void guest_main(void)
{
    configuration();
    flush();
    round_trips();
    sizes();
    physical_36();
    permissions();
    misses();
    contexts();
    searches();
    invalidations();
    stale();
    two_matches();
    little_endian();
}
