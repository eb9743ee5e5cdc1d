/* SPDX-License-Identifier: MIT
 * Cache instructions as far as they can be seen: lines of 64 bytes (e500v2: 32), zeroing, new code,
 * locking, who may. */
#include "guest.h"

PROBE(do_dcbz, "dcbz 0,3");
PROBE(do_dcbzl, ".long 0x7c201fec"); /* dcbzl 0,3 */
PROBE(do_dcba, "dcba 0,3");
PROBE(do_dcbal, ".long 0x7c201dec"); /* dcbal 0,3 */
PROBE(do_dcbf, "dcbf 0,3");
PROBE(do_dcbst, "dcbst 0,3");
PROBE(do_dcbi, "dcbi 0,3");
PROBE(do_dcbt, "dcbt 0,3");
PROBE(do_dcbtst, "dcbtst 0,3");
PROBE(do_icbi, "icbi 0,3");
PROBE(do_icbt, "icbt 0,0,3");
PROBE(do_dcbtls, "dcbtls 0,0,3");
PROBE(do_dcblc, "dcblc 0,0,3");
PROBE(do_icbtls, "icbtls 0,0,3");
PROBE(do_sync, "sync; mbar 0; mbar 1; isync");
PROBE(do_lwsync, "lwsync");

static uint8_t room[256] __attribute__((aligned(64)));

static void fill(void)
{
    memset(room, 0x5a, sizeof room);
}

/* Are exactly the bytes [from, to) zero? */
static bool zero_exactly(unsigned from, unsigned to)
{
    for (unsigned i = 0; i < sizeof room; i++)
        if (room[i] != (i >= from && i < to ? 0 : 0x5a))
            return false;
    return true;
}

static Trap at(const void *pc, uint32_t msr, const void *p)
{
    return trap_run(pc, msr, (uint32_t)p, 0, 0, 0);
}

static void illegal(const char *sentence, const void *pc)
{
    Trap t = at(pc, 0, room + 64);

    report(sentence, t.vector == VEC_PROGRAM && t.esr == ESR_PIL && t.srr0 == (uint32_t)pc);
}

static void zeroing(void)
{
    unsigned line = cpu_line();

    fill();
    at(do_dcbz, 0, room + 64);
    report("dcbz zeroes a line", zero_exactly(64, 64 + line));
    fill();
    at(do_dcbz, 0, room + 64 + 27);
    report("dcbz from inside the line zeroes the line", zero_exactly(64, 64 + line));
    fill();
    at(do_dcbz, MSR_PR, room);
    report("dcbz in user mode", zero_exactly(0, line));
    fill();
    uint32_t vector = at(do_dcba, 0, room + 64).vector;
    bool rest = true;
    for (unsigned i = 0; i < sizeof room; i++)
        rest &= room[i] == 0x5a || (room[i] == 0 && i >= 64 && i < 64 + line);
    report("dcba touches no more than its line", vector == TRAP_NONE && rest);
    if (cpu_is_e500v2()) {
        illegal("dcbzl is illegal", do_dcbzl);
        illegal("dcbal is illegal", do_dcbal);
        illegal("lwsync is illegal", do_lwsync);
        return;
    }
    fill();
    at(do_dcbzl, 0, room + 128);
    report("dcbzl zeroes a line", zero_exactly(128, 128 + line));
    report_eq("lwsync", at(do_lwsync, MSR_PR, room).vector, TRAP_NONE);
    fill();
    vector = at(do_dcbal, 0, room + 64).vector;
    for (unsigned i = 0; i < sizeof room; i++)
        rest &= room[i] == 0x5a || (room[i] == 0 && i >= 64 && i < 128);
    report("dcbal touches no more than its line", vector == TRAP_NONE && rest);
}

static void harmless(void)
{
    static const struct {
        const char *name;
        const void *pc;
    } rows[] = {
        {"dcbf leaves memory", do_dcbf},     {"dcbst leaves memory", do_dcbst}, {"dcbt leaves memory", do_dcbt},
        {"dcbtst leaves memory", do_dcbtst}, {"icbi leaves memory", do_icbi},   {"icbt leaves memory", do_icbt},
        {"barriers leave memory", do_sync},
    };

    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fill();
        report(rows[i].name, at(rows[i].pc, MSR_PR, room + 64).vector == TRAP_NONE && zero_exactly(0, 0));
    }
    fill();
    at(do_dcbf, 0, room);
    at(do_dcbi, 0, room);
    report("dcbi after dcbf leaves memory", zero_exactly(0, 0));
}

static void locking(void)
{
    report_eq("dcbtls in supervisor mode", at(do_dcbtls, 0, room).vector, TRAP_NONE);
    report_eq("dcblc in supervisor mode", at(do_dcblc, 0, room).vector, TRAP_NONE);
    report_eq("icbtls in supervisor mode", at(do_icbtls, 0, room).vector, TRAP_NONE);
    Trap t = at(do_dcbtls, MSR_PR, room);
    report("dcbtls in user mode without MSR[UCLE]: DSI, ESR[DLK]", t.vector == VEC_DSI && t.esr & ESR_DLK);
    t = at(do_icbtls, MSR_PR, room);
    report("icbtls in user mode without MSR[UCLE]: DSI, ESR[ILK]", t.vector == VEC_DSI && t.esr & ESR_ILK);
    report_eq("dcbtls in user mode with MSR[UCLE]", at(do_dcbtls, MSR_PR | MSR_UCLE, room).vector, TRAP_NONE);
}

/* Code that is overwritten many times is executed as it was last written. */
static void self_modifying(void)
{
    static uint32_t code[2] __attribute__((aligned(64)));
    unsigned wrong = 0;

    code[1] = 0x4e800020; /* blr */
    for (unsigned n = 0; n < 200; n++) {
        code[0] = 0x38600000 | n; /* li 3,n */
        code_sync(code, sizeof code);
        wrong += trap_run(code, 0, 0, 0, 0, 0).ret != n;
    }
    report_eq("new code runs after dcbst, icbi, isync", wrong, 0);

    /* written by one mapping, executed by another */
    volatile uint32_t *frame = (uint32_t *)0x900000;
    tlb1_map(5, TEST_EA, 0x900000, 2, 0x3f);
    frame[1] = 0x4e800020;
    for (unsigned n = wrong = 0; n < 50; n++) {
        frame[0] = 0x38600000 | n;
        code_sync((void *)frame, 8);
        wrong += trap_run((void *)TEST_EA, 0, 0, 0, 0, 0).ret != n;
    }
    report_eq("new code runs by another mapping too", wrong, 0);
    tlb1_unmap(5);

    /* a loop that changes its own instruction ahead */
    extern uint32_t patched[];
    extern const char patching[];
    __asm__ goto("b %l0\n\t.balign 64\n\t.globl patching, patched\npatching: lis 4,patched@ha; "
                 "addi 4,4,patched@l;"
                 "lis 5,0x3863; ori 5,5,7; stw 5,0(4); dcbst 0,4; sync; icbi 0,4; sync; isync\n"
                 "patched: addi 3,3,1; blr"
                 :
                 :
                 : "memory"
                 : over);
over:
    report_eq("code patched just ahead", trap_run(patching, 0, 10, 0, 0, 0).ret, 17);
    report_eq("the patch is in memory", patched[0], 0x38630007);
}

void guest_main(void)
{
    zeroing();
    harmless();
    locking();
    self_modifying();
}
