/* SPDX-License-Identifier: MIT
 *
 * What the files of the e1000 share; nobody else includes it.
 */
#pragma once

#include "platform/devices/pci/e1000.h"

/* Offsets of registers (table 13-2), and of their bits those that do something. */
enum {
    CTRL = 0x0000,
    CTRL_DUP = 0x0004,
    STATUS = 0x0008,
    EECD = 0x0010,
    EERD = 0x0014,
    MDIC = 0x0020,
    VET = 0x0038,
    ICR = 0x00c0,
    ITR = 0x00c4,
    ICS = 0x00c8,
    IMS = 0x00d0,
    IMC = 0x00d8,
    RCTL = 0x0100,
    TCTL = 0x0400,
    LEDCTL = 0x0e00,
    PBA = 0x1000,
    RDBAL = 0x2800,
    RDBAH = 0x2804,
    RDLEN = 0x2808,
    RDH = 0x2810,
    RDT = 0x2818,
    TDBAL = 0x3800,
    TDBAH = 0x3804,
    TDLEN = 0x3808,
    TDH = 0x3810,
    TDT = 0x3818,
    STATISTICS = 0x4000,
    MPC = 0x4010,
    PRC64 = 0x405c,
    GPRC = 0x4074,
    BPRC = 0x4078,
    MPRC = 0x407c,
    GPTC = 0x4080,
    GORCL = 0x4088,
    GOTCL = 0x4090,
    ROC = 0x40ac,
    TORL = 0x40c0,
    TOTL = 0x40c8,
    TPR = 0x40d0,
    TPT = 0x40d4,
    PTC64 = 0x40d8,
    MPTC = 0x40f0,
    BPTC = 0x40f4,
    TSCTC = 0x40f8,
    STATISTICS_END = 0x4100,
    RXCSUM = 0x5000,
    MTA = 0x5200,
    RA = 0x5400,
    VFTA = 0x5600,
    E1000_END = 0x6000, /* of the registers that are kept */
};
enum {
    CTRL_SLU = 0x00000040,
    CTRL_RST = 0x04000000,
    CTRL_VME = 0x40000000,
    EECD_SK = 0x01,
    EECD_CS = 0x02,
    EECD_DI = 0x04,
    EECD_DO = 0x08,
    EECD_REQ = 0x40,
    EECD_GNT = 0x80,
    EECD_PRES = 0x100,
    EERD_START = 0x01,
    EERD_DONE = 0x10,
    MDIC_WRITE = 0x04000000,
    MDIC_READ = 0x08000000,
    MDIC_READY = 0x10000000,
    MDIC_INT_EN = 0x20000000,
    MDIC_ERROR = 0x40000000,
    ICR_TXDW = 0x01,
    ICR_TXQE = 0x02,
    ICR_LSC = 0x04,
    ICR_RXDMT0 = 0x10,
    ICR_RXT0 = 0x80,
    ICR_MDAC = 0x200,
    RCTL_EN = 0x02,
    RCTL_UPE = 0x08,
    RCTL_MPE = 0x10,
    RCTL_LPE = 0x20,
    RCTL_BAM = 0x8000,
    RCTL_VFE = 0x40000,
    RCTL_BSEX = 0x02000000,
    RCTL_SECRC = 0x04000000,
    TCTL_EN = 0x02,
    TCTL_PSP = 0x08,
    RXCSUM_IPOFL = 0x100,
    RXCSUM_TUOFL = 0x200,
    RAH_AV = 0x80000000,
};
#define CTRL_PHY_RST     0x80000000u
#define ICR_INT_ASSERTED 0x80000000u

enum {
    E1000_DESCRIPTOR = 16,  /* bytes */
    E1000_PACKET = 0x11000, /* of a packet that is still to be segmented, or of a frame */
    E1000_EEPROM_WORDS = 64,
    E1000_PHY_REGS = 32,
    E1000_CONTEXT = 4, /* words of a context descriptor */
};

typedef struct E1000 {
    PciDevice pci;
    Net *net;
    uint8_t mac[NET_MAC_SIZE];
    uint16_t eeprom[E1000_EEPROM_WORDS];
    Clock *clock;
    ClockTimer *again; /* goes on with a ring that has more in it than is done at once */
    ClockTimer *throttle;
    uint8_t *packet; /* E1000_PACKET bytes each, while one is put together */
    uint8_t *frame;

    uint64_t quiet_until; /* ns: ITR lets no interrupt begin before */
    uint32_t reg[E1000_END / 4];
    uint32_t context[2 * E1000_CONTEXT]; /* the newest descriptors: for checksums, for segmentation */
    uint32_t io_address;                 /* of the I/O BAR */
    uint32_t segments;                   /* of the packet at TDH that were sent already */
    uint32_t ee_bit;                     /* of the EEPROM that is next at its output */
    uint16_t phy[E1000_PHY_REGS];
    uint16_t ee_in, ee_n; /* what was shifted in since it was selected, and how many bits */
    bool ee_reads;
} E1000;

#define REG(e, offset) ((e)->reg[(offset) / 4])

void e1000_cause(E1000 *e, uint32_t causes); /* ICR, and the wire */
bool e1000_link(const E1000 *e);
void e1000_transmit(E1000 *e);                                        /* e1000_tx.c: what the ring has */
bool e1000_receive(void *e1000, const uint8_t *frame, size_t length); /* e1000_rx.c: NetPort */
/* Descriptor i of the ring whose base registers begin here, and its size in descriptors. */
uint64_t e1000_descriptor(const E1000 *e, unsigned base, uint32_t i);
uint32_t e1000_ring(const E1000 *e, unsigned length);
bool e1000_store(E1000 *e, uint64_t address, uint32_t value); /* little-endian, after all that was written before */
void e1000_count(E1000 *e, bool received, const uint8_t *frame, size_t length);
