/* SPDX-License-Identifier: MIT
 *
 * Bits of the architected registers, named as the specifications name them.
 */
#pragma once

#include <stdint.h>

/* MSR bits as Book III-E names them, in the order of the 32-bit register. */
enum {
    MSR_GS = 1u << 28,   /* guest state: category E.HV, reads 0 here */
    MSR_UCLE = 1u << 26, /* user cache-lock enable */
    MSR_SPE = 1u << 25,
    MSR_WE = 1u << 18, /* wait state enable (e500v2; Linux's e500 idle) */
    MSR_CE = 1u << 17,
    MSR_EE = 1u << 15,
    MSR_PR = 1u << 14,
    MSR_FP = 1u << 13,
    MSR_ME = 1u << 12,
    MSR_FE0 = 1u << 11,
    MSR_DE = 1u << 9,
    MSR_FE1 = 1u << 8,
    MSR_UBLE = 1u << 10, /* user branch buffer locking (e500v2) */
    MSR_IS = 1u << 5,
    MSR_DS = 1u << 4,
    MSR_PMM = 1u << 2,
    MSR_RI = 1u << 1,
};

/* ESR bits (EREF 2.0 §3.9.6). */
enum {
    ESR_PIL = 1u << 27, /* illegal instruction */
    ESR_PPR = 1u << 26, /* privileged instruction */
    ESR_PTR = 1u << 25, /* trap */
    ESR_FP = 1u << 24,
    ESR_ST = 1u << 23,  /* store-class operation */
    ESR_DLK = 1u << 21, /* data cache locking */
    ESR_ILK = 1u << 20, /* instruction cache locking */
    ESR_PUO = 1u << 18, /* unimplemented operation */
    ESR_BO = 1u << 17,  /* byte ordering */
    ESR_EPID = 1u << 4, /* external-PID access */
    ESR_VLEMI = 1u << 5,
    ESR_SPE = 1u << 7,
};

/* MCSR bits of the e500mc (core manual §2.9). */
enum {
    MCSR_MCP = 1u << 31,        /* machine check input */
    MCSR_L2MMU_MHIT = 1u << 27, /* more than one TLB entry matched */
    MCSR_NMI = 1u << 20,
    MCSR_MAV = 1u << 19, /* MCAR is valid */
    MCSR_MEA = 1u << 18, /* MCAR holds an effective address */
    MCSR_IF = 1u << 16,  /* bus error on an instruction fetch */
    MCSR_LD = 1u << 15,  /* on a load */
    MCSR_ST = 1u << 14,  /* on a store */
    MCSR_LDG = 1u << 13, /* on a guarded load */
};

/* Its bus errors as the e500v2 tells them; it says nothing else that can happen here. */
enum { MCSR_V2_BUS_IBERR = 1u << 4, MCSR_V2_BUS_RBERR = 1u << 3, MCSR_V2_BUS_WBERR = 1u << 2 };

enum {
    HID0_EN_L2MMU_MHD = 1u << 30, /* e500mc: more than one matching TLB entry is a machine check */
    HID0_DOZE = 1u << 23,         /* what MSR[WE] enters */
    HID0_NAP = 1u << 22,
    HID0_SLEEP = 1u << 21,
    HID0_EMCP = 1u << 31,          /* enable the machine check input */
    HID0_TBEN = 1u << 14,          /* e500v2: the time base counts */
    HID0_EN_MAS7_UPDATE = 1u << 7, /* e500v2: tlbre and tlbsx write MAS7 */
};

/* What firmware turns on besides. */
enum {
    HID1_ASTME = 1u << 13, /* e500v2: address streaming */
    HID1_ABE = 1u << 12,   /* e500v2: address broadcast */
    L1CSR_CPE = 1u << 16,  /* L1CSR0 and L1CSR1: parity checks */
    L1CSR_CE = 1u << 0,    /* the cache is on */
    L2CSR0_L2E = 1u << 31,
    L2CSR0_L2PE = 1u << 30,
    BUCSR_STAC_EN = 1u << 24, /* e500mc */
    BUCSR_LS_EN = 1u << 22,   /* e500mc */
    BUCSR_BPEN = 1u << 0,     /* branch prediction */
};

/* TSR, the timers' status, and TCR, which enables their interrupts (EREF 2.0 §3.7). */
enum {
    TSR_ENW = 1u << 31,
    TSR_WIS = 1u << 30,
    TSR_WRS = 3u << 28,
    TSR_DIS = 1u << 27,
    TSR_FIS = 1u << 26,
    TCR_WRC = 3u << 28,
    TCR_WIE = 1u << 27,
    TCR_DIE = 1u << 26,
    TCR_FIE = 1u << 23,
    TCR_ARE = 1u << 22,
};

/* DBCR0 and DBSR bits. */
enum {
    DBCR0_IDM = 1u << 30,
    DBCR0_RST = 3u << 28,
    DBCR0_ICMP = 1u << 27,
    DBCR0_BRT = 1u << 26,
    DBCR0_IRPT = 1u << 25,
    DBCR0_TRAP = 1u << 24,
    DBCR0_RET = 1u << 15,
    DBCR0_CIRPT = 1u << 6, /* category E.ED */
    DBCR0_CRET = 1u << 5,
    DBSR_IDE = 1u << 31, /* it happened while MSR[DE] was 0 */
    DBSR_UDE = 1u << 30,
    DBSR_MRR = 3u << 28, /* most recent reset: no event */
    DBSR_ICMP = 1u << 27,
    DBSR_BRT = 1u << 26,
    DBSR_IRPT = 1u << 25,
    DBSR_TRAP = 1u << 24,
    DBSR_RET = 1u << 15,
    DBSR_CIRPT = 1u << 6,
    DBSR_CRET = 1u << 5,
};

/* Attribute bits of MAS2. */
enum { MAS2_E = 1, MAS2_G = 2, MAS2_M = 4, MAS2_I = 8, MAS2_W = 16 };
