/* SPDX-License-Identifier: MIT
 * Reservations on one CPU (Power ISA 2.06B Book II §1.7.3); two CPUs are guests/bare/smp.c's. */
#include "guest.h"

#define EQ 0x20000000u
#define SO 0x10000000u

/* r3 = word, r4 = value; returns CR0 in r3 */
PROBE(take_and_store, "lwarx 5,0,3; stwcx. 4,0,3; mfcr 3; rlwinm 3,3,0,0,3");
PROBE(store_only, "stwcx. 4,0,3; mfcr 3; rlwinm 3,3,0,0,3");
PROBE(store_twice, "lwarx 5,0,3; stwcx. 5,0,3; stwcx. 4,0,3; mfcr 3; rlwinm 3,3,0,0,3");
PROBE(with_overflow, "li 6,-1; lis 7,0x8000; addo 6,6,7; lwarx 5,0,3; stwcx. 4,0,3; mfcr 3; rlwinm 3,3,0,0,3;"
                     "li 6,0; mtxer 6");
PROBE(own_store_between, "lwarx 5,0,3; stw 4,4(3); stwcx. 4,0,3; mfcr 3; rlwinm 3,3,0,0,3");
PROBE(another_address, "lwarx 5,0,3; addi 6,3,256; stwcx. 4,0,6; mfcr 3; rlwinm 3,3,0,0,3");
PROBE(two_reservations, "lwarx 5,0,3; addi 6,3,256; lwarx 5,0,6; stwcx. 4,0,6; mfcr 3; rlwinm 3,3,0,0,3");
PROBE(loads_value, "lwarx 3,0,3");
PROBE(take, "lwarx 5,0,3");
PROBE(increment_loop, "mtctr 4; 1: lwarx 5,0,3; addi 5,5,1; stwcx. 5,0,3; bne- 1b; bdnz 1b; lwz 3,0(3)");

static uint32_t words[128] __attribute__((aligned(64)));

static uint32_t run(const void *pc, uint32_t value)
{
    return trap_run(pc, 0, (uint32_t)words, value, 0, 0).ret;
}

void guest_main(void)
{
    words[0] = 0x11;
    report_eq("lwarx loads", trap_run(loads_value, 0, (uint32_t)words, 0, 0, 0).ret, 0x11);
    report_eq("stwcx. with a reservation: EQ", run(take_and_store, 0x22) & EQ, EQ);
    report_eq("stwcx. stored", words[0], 0x22);
    report_eq("stwcx. again without: not EQ", run(store_only, 0x33) & 0xe0000000, 0);
    report_eq("and nothing is stored", words[0], 0x22);
    report_eq("a second stwcx. after one lwarx: not EQ", run(store_twice, 0x44) & EQ, 0);
    report_eq("the second stored nothing", words[0], 0x22);
    report_eq("CR0[SO] is XER[SO]", run(with_overflow, 0x55), EQ | SO);
    report_eq("an own plain store to the granule leaves the reservation", run(own_store_between, 0x66) & EQ, EQ);
    words[64] = 0x77;
    report_eq("stwcx. elsewhere: the reservation is gone", (run(another_address, 0x88), run(store_only, 0x99)) & EQ, 0);
    report_eq("the second of two lwarx holds", run(two_reservations, 0xaa) & EQ, EQ);
    words[0] = 0;
    report_eq("a counter reaches 10,000", trap_run(increment_loop, 0, (uint32_t)words, 10000, 0, 0).ret, 10000);
    report_eq("works in user mode", trap_run(increment_loop, MSR_PR, (uint32_t)words, 10, 0, 0).ret, 10010);
    trap_run(take, 0, (uint32_t)words, 0, 0, 0); /* returning from a probe takes an sc and an rfi, which lose the reservation */
    uint32_t cr = run(store_only, 0xbb);
    report("a reservation over an interrupt: stwcx. stores exactly when it says so", (cr & EQ ? 0xbbu : 10010u) == words[0]);
}
