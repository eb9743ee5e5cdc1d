/* SPDX-License-Identifier: MIT
 * Start, the TLB, time, power. */
#include "guest.h"
#include "hcall_guest.h"

uint64_t ccsr_pa;

void guest_start(const void *tree);
void fdt_init(const void *tree);
void hcall_init(void);
void report_init(void);

void tlb_write(TlbEntry e)
{
    mtspr(SPR_MAS0, e.mas0);
    mtspr(SPR_MAS1, e.mas1);
    mtspr(SPR_MAS2, e.mas2);
    mtspr(SPR_MAS3, e.mas3);
    mtspr(SPR_MAS7, e.mas7);
    __asm__ volatile("isync; tlbwe; isync; msync" : : : "memory");
}

TlbEntry tlb_read(uint32_t mas0, uint32_t ea)
{
    TlbEntry e;

    mtspr(SPR_MAS0, mas0);
    mtspr(SPR_MAS2, ea & 0xfffff000);
    __asm__ volatile("isync; tlbre; isync" : : : "memory");
    e.mas0 = mfspr(SPR_MAS0);
    e.mas1 = mfspr(SPR_MAS1);
    e.mas2 = mfspr(SPR_MAS2);
    e.mas3 = mfspr(SPR_MAS3);
    e.mas7 = mfspr(SPR_MAS7);
    return e;
}

void tlb1_map(unsigned n, uint32_t ea, uint64_t pa, unsigned tsize, uint32_t permissions)
{
    tlb_write((TlbEntry){MAS0_TLB1(n), MAS1_VALID | MAS1_TSIZE(tsize), ea, (uint32_t)pa | permissions, (uint32_t)(pa >> 32)});
}

void tlb1_unmap(unsigned n)
{
    tlb_write((TlbEntry){.mas0 = MAS0_TLB1(n), .mas1 = MAS1_TSIZE(2)});
}

void code_sync(const void *p, size_t bytes)
{
    uint32_t line = cpu_line(), ea = (uint32_t)p & ~(line - 1), end = (uint32_t)p + bytes;

    for (; ea < end; ea += line)
        __asm__ volatile("dcbst 0,%0; sync; icbi 0,%0" : : "r"(ea) : "memory");
    __asm__ volatile("sync; isync" : : : "memory");
}

uint64_t timebase(void)
{
    uint32_t high, low;

    do {
        high = mfspr(SPR_TBU_R);
        low = mfspr(SPR_TBL_R);
    } while (high != mfspr(SPR_TBU_R));
    return (uint64_t)high << 32 | low;
}

void guest_power_off(void)
{
    if (hcall_promised("has-shutdown"))
        call_KVM_HC_VM_SHUTDOWN(NULL, NULL);
    if (!board_has("/soc"))
        call_FH_PARTITION_STOP((const uint32_t[1]){(uint32_t)-1}, NULL);
    if (board_has("/soc/gpio")) {
        io_write32(GPIO + 8, 0);          /* GPDAT low first: power goes off on the rising edge */
        io_write32(GPIO + 0, 0x80000000); /* GPDIR: pin 0 drives */
        io_write32(GPIO + 8, 0x80000000);
    } else if (board_has("/soc")) {
        io_write32(GUTS + 0xb0, 2);
    }
    for (;;)
        ;
}

bool board_is(const char *compatible)
{
    const char *p = fdt_property(fdt_node("/"), "compatible", NULL);

    return p && !strcmp(p, compatible);
}

bool board_has(const char *path)
{
    return fdt_node(path) >= 0;
}

/* ranges of /soc: child address (one cell), ours (two), size. */
static void ccsr_find(void)
{
    uint32_t length;
    const uint32_t *ranges = fdt_property(fdt_node("/soc"), "ranges", &length);

    ccsr_pa = ranges && length >= 16 ? (uint64_t)ranges[1] << 32 | ranges[2] : 0xfe0000000ull;
}

void ccsr_map(unsigned n)
{
    tlb_write((TlbEntry){MAS0_TLB1(n), MAS1_VALID | MAS1_IPROT | MAS1_TSIZE(10), CCSR | MAS2_I | MAS2_G,
                         (uint32_t)ccsr_pa | MAS3_SR | MAS3_SW, (uint32_t)(ccsr_pa >> 32)});
}

void guest_start(const void *tree)
{
    TlbEntry boot = tlb_read(MAS0_TLB1(0), 0); /* below 4 GiB: MAS7 stays 0 */

    /* Keep the first mapping over invalidations, and let user mode in. */
    boot.mas1 |= MAS1_IPROT;
    boot.mas3 |= 0x3f;
    tlb_write(boot);
    fdt_init(tree);
    if (board_has("/soc")) {
        ccsr_find();
        ccsr_map(1);
    }
    trap_init_cpu();
    hcall_init();
    report_init();
    guest_main();
    guest_finish();
}

void *memset(void *p, int c, size_t n)
{
    for (char *q = p; n--;)
        *q++ = (char)c;
    return p;
}

void *memcpy(void *to, const void *from, size_t n)
{
    char *q = to;

    for (const char *p = from; n--;)
        *q++ = *p++;
    return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const uint8_t *p = a, *q = b;

    for (; n; n--, p++, q++)
        if (*p != *q)
            return *p - *q;
    return 0;
}

size_t strlen(const char *s)
{
    size_t n = 0;

    while (s[n])
        n++;
    return n;
}

int strcmp(const char *a, const char *b)
{
    for (; *a && *a == *b; a++, b++)
        ;
    return (uint8_t)*a - (uint8_t)*b;
}
