/* SPDX-License-Identifier: MIT
 *
 * What the files of the eTSEC share; nobody else includes it.
 */
#pragma once

#include "platform/base/dma.h"
#include "platform/devices/platform/etsec.h"

/* Offsets of registers (P2020 Reference Manual table 14-4), and of their bits those that do something. */
enum {
    TSEC_ID = 0x000,
    TSEC_ID2 = 0x004,
    IEVENT = 0x010,
    IMASK = 0x014,
    ECNTRL = 0x020,
    DMACTRL = 0x02c,
    TBIPA = 0x030,
    TCTRL = 0x100,
    TSTAT = 0x104,
    DFVLAN = 0x108,
    TQUEUE = 0x114,
    TBDBPH = 0x17c,
    TBPTR0 = 0x184,
    TBASEH = 0x200,
    TBASE0 = 0x204,
    RCTRL = 0x300,
    RSTAT = 0x304,
    RQUEUE = 0x314,
    MRBLR = 0x340,
    RBDBPH = 0x37c,
    RBPTR0 = 0x384,
    RBASEH = 0x400,
    RBASE0 = 0x404,
    MACCFG1 = 0x500,
    MACCFG2 = 0x504,
    IPGIFG = 0x508,
    HAFDUP = 0x50c,
    MAXFRM = 0x510,
    MIIMCFG = 0x520,
    MIIMCOM = 0x524,
    MIIMADD = 0x528,
    MIIMCON = 0x52c,
    MIIMSTAT = 0x530,
    MIIMIND = 0x534,
    MACSTNADDR1 = 0x540,
    MACSTNADDR2 = 0x544,
    MAC01ADDR1 = 0x548,
    RMON_BEGIN = 0x680,
    TR64 = 0x680,
    RBYT = 0x69c,
    RPKT = 0x6a0,
    RMCA = 0x6a8,
    RBCA = 0x6ac,
    RFLR = 0x6c0,
    RDRP = 0x6dc,
    TBYT = 0x6e0,
    TPKT = 0x6e4,
    TMCA = 0x6e8,
    TBCA = 0x6ec,
    TDRP = 0x714,
    RMON_END = 0x740,
    IGADDR0 = 0x800,
    GADDR0 = 0x880,
};
enum {
    IEVENT_BSY = 0x20000000,
    IEVENT_EBERR = 0x10000000,
    IEVENT_GTSC = 0x02000000,
    IEVENT_TXE = 0x00400000,
    IEVENT_TXB = 0x00200000,
    IEVENT_TXF = 0x00100000,
    IEVENT_RXB = 0x00008000,
    IEVENT_MMRD = 0x00000400,
    IEVENT_MMWR = 0x00000200,
    IEVENT_GRSC = 0x00000100,
    IEVENT_RXF = 0x00000080,
    ECNTRL_CLRCNT = 0x4000,
    DMACTRL_GRS = 0x10,
    DMACTRL_GTS = 0x08,
    TCTRL_IPCSEN = 0x4000,
    TCTRL_TUCSEN = 0x2000,
    TCTRL_VLINS = 0x1000,
    TSTAT_TXF0 = 0x8000,
    TQUEUE_EN0 = 0x8000,
    RCTRL_PAL_SHIFT = 16,
    RCTRL_VLEX = 0x2000,
    RCTRL_GHTX = 0x400,
    RCTRL_IPCSEN = 0x200,
    RCTRL_TUCSEN = 0x100,
    RCTRL_PRSDEP = 0xc0,
    RCTRL_BC_REJ = 0x10,
    RCTRL_PROM = 0x08,
    RCTRL_RSF = 0x04,
    RCTRL_EMEN = 0x02,
    RSTAT_QHLT0 = 0x00800000,
    RSTAT_RXF0 = 0x80,
    RQUEUE_EN0 = 0x80,
    MACCFG1_RX_EN = 0x04,
    MACCFG1_TX_EN = 0x01,
    MACCFG2_HUGE = 0x20,
    MACCFG2_PAD_CRC = 0x04,
    MACCFG2_CRC_EN = 0x02,
    MIIMCOM_READ = 1,
};
#define TSTAT_THLT0 0x80000000u

/* Buffer descriptors (§14.6.8): 16 bits of status, 16 of length, a 32-bit pointer. */
enum {
    BD_SIZE = 8,
    BD_FULL = 0x8000, /* of a transmit descriptor: ready; of a receive descriptor: empty */
    BD_WRAP = 0x2000,
    BD_INTERRUPT = 0x1000,
    BD_LAST = 0x0800,
    TXBD_PAD_CRC = 0x4000,
    TXBD_CRC = 0x0400,
    TXBD_TOE = 0x0002,
    TXBD_RESULT = 0x00ff,
    RXBD_FIRST = 0x0400,
    RXBD_MISS = 0x0100,
    RXBD_BROADCAST = 0x0080,
    RXBD_MULTICAST = 0x0040,
    FCB_SIZE = 8,
    FCS_SIZE = 4,
    FRAME_MIN = 60, /* without FCS */
};

/* With what comes before a frame and behind it. */
enum { ETSEC_FRAME = NET_FRAME_MAX + 128 };
enum { ETSEC_REGS = ETSEC_SIZE / 4, ETSEC_PHY_REGS = 32 };

typedef struct Etsec {
    Device dev;
    IrqInput irq_tx, irq_rx, irq_error;
    Dma dma;
    Net *net;
    uint8_t mac[NET_MAC_SIZE];
    ClockTimer *again; /* goes on with a ring that has more in it than is done at once */
    uint8_t *frame;    /* ETSEC_FRAME bytes, while one is put together */

    uint32_t reg[ETSEC_REGS];
    uint16_t phy[ETSEC_PHY_REGS];
} Etsec;

#define REG(e, offset) ((e)->reg[(offset) / 4])

void etsec_event(Etsec *e, uint32_t events);                          /* IEVENT, and the wires */
void etsec_transmit(Etsec *e);                                        /* etsec_tx.c: what the ring has */
bool etsec_receive(void *etsec, const uint8_t *frame, size_t length); /* etsec_rx.c: NetPort */
bool etsec_filter(const Etsec *e, const uint8_t *to,
                  bool *missed); /* takes frames to this address; *missed: only since it takes all */
void etsec_count(Etsec *e, unsigned octets, unsigned packets, size_t length, const uint8_t *to); /* of a good frame */
