/* SPDX-License-Identifier: MIT
 * What a kernel finds at its entry: registers, TLBs, timers, and a device tree that is true. */
#include "guest.h"

static uint32_t cell(int node, const char *property, unsigned index)
{
    uint32_t length;
    const uint32_t *p = fdt_property(node, property, &length);

    return p && index < length / 4 ? p[index] : 0xffffffff;
}

static bool is(int node, const char *property, const char *want)
{
    const char *p = fdt_property(node, property, NULL);

    return p && !strcmp(p, want);
}

static void registers(void)
{
    report_eq("r1 is 16 MiB - 8", entry_gpr(1), 0x1000000 - 8);
    report("r3 is the device tree, 8-byte aligned, in mapped memory",
           entry_gpr(3) && !(entry_gpr(3) & 7) && entry_gpr(3) < entry_gpr(7));
    report_eq("r4 is 0", entry_gpr(4), 0);
    report_eq("r5 is 0", entry_gpr(5), 0);
    report_eq("r6 is ePAPR's magic", entry_gpr(6), 0x45504150);
    report_eq("r8 is 0", entry_gpr(8), 0);
    report_eq("r9 is 0", entry_gpr(9), 0);
    report_eq("MSR is 0", entry_state.msr, 0);
}

static void tlbs(void)
{
    TlbEntry e = tlb_read(MAS0_TLB1(0), 0);
    unsigned tsize = e.mas1 >> 7 & 31, valid = 0;

    report("TLB1 entry 0 is valid, PID 0, AS 0", (e.mas1 & (MAS1_VALID | MAS1_TID(0xff) | MAS1_TS)) == MAS1_VALID);
    report("TLB1 entry 0 maps EA 0 to PA 0", (e.mas2 & ~0xfffu) == 0 && (e.mas3 & ~0xfffu) == 0 && e.mas7 == 0);
    report_eq("r7 is the size of TLB1 entry 0", entry_gpr(7), 1024u << tsize);
    report("the whole tree is mapped", entry_gpr(3) + fdt_total_size() <= entry_gpr(7));
    for (unsigned n = 2; n < cpu_tlb1_entries(); n++)
        valid += tlb_read(MAS0_TLB1(n), 0).mas1 >> 31;
    report_eq("no other TLB1 entry is valid", valid, 0);
    for (unsigned way = valid = 0; way < 4; way++)
        for (uint32_t ea = 0; ea < 128 * 4096; ea += 4096)
            valid += tlb_read(MAS0_TLB0(way), ea).mas1 >> 31;
    report_eq("no TLB0 entry is valid", valid, 0);
    report_eq("PID is 0", mfspr(SPR_PID), 0);
}

/* tlbsx tells all of the physical address of the page we run in, whatever MAS7 was before. */
static void search(void)
{
    mtspr(SPR_MAS7, 0xf);
    mtspr(SPR_MAS6, 0);
    __asm__ volatile("tlbsx 0,%0; isync" ::"r"(&search) : "memory");
    report("tlbsx finds our page", mfspr(SPR_MAS1) & MAS1_VALID);
    report_eq("tlbsx writes MAS7", mfspr(SPR_MAS7), 0);
}

static void timers(void)
{
    report_eq("TCR is 0", mfspr(SPR_TCR), 0);
    report_eq("no timer event is pending", mfspr(SPR_TSR) & (TSR_DIS | TSR_FIS | TSR_WIS | TSR_ENW), 0);
    report_eq("DBCR0 is 0", mfspr(SPR_DBCR0), 0);
}

/* mpc8544ds has its devices where 32 bits reach. */
static uint32_t ccsr_high(void)
{
    return board_is("MPC8544DS") ? 0 : 0xf;
}

static void tree_root(void)
{
    int root = fdt_node("/"), soc = fdt_node("/soc"), chosen = fdt_node("/chosen");

    report_eq("root: #address-cells 2", cell(root, "#address-cells", 0), 2);
    report_eq("root: #size-cells 2", cell(root, "#size-cells", 0), 2);
    report("soc: compatible", is(soc, "compatible", "fsl,mpc8544-immr"));
    report("soc: ranges give CCSR at F_E000_0000 or E000_0000, 1 MiB",
           cell(soc, "ranges", 0) == 0 && cell(soc, "ranges", 1) == ccsr_high() && cell(soc, "ranges", 2) == 0xe0000000 &&
               cell(soc, "ranges", 3) == 0x100000);
    report("chosen: stdout-path names the first UART",
           is(chosen, "stdout-path", ccsr_high() ? "/soc@fe0000000/serial@4500" : "/soc@e0000000/serial@4500"));
    report("chosen: rng-seed of 32 bytes", ({
               uint32_t length = 0;
               fdt_property(chosen, "rng-seed", &length);
               length == 32;
           }));
    report("chosen: bootargs as given", is(chosen, "bootargs", "one two=3"));
}

static void tree_cpu(void)
{
    int cpu = fdt_next_with(-1, "device_type", "cpu");

    report_eq("cpu: reg 0", cell(cpu, "reg", 0), 0);
    report_eq("cpu: timebase-frequency", cell(cpu, "timebase-frequency", 0), 400000000);
    report_eq("cpu: clock-frequency", cell(cpu, "clock-frequency", 0), 400000000);
    report_eq("cpu: d-cache-line-size", cell(cpu, "d-cache-line-size", 0), cpu_line());
    report_eq("cpu: i-cache-size", cell(cpu, "i-cache-size", 0), 32768);
    report("cpu: status okay", is(cpu, "status", "okay"));
}

typedef struct {
    const char *path, *compatible;
    uint32_t reg, irq; /* 0: no interrupts */
} SocNode;

static void tree_devices(void)
{
    static const SocNode nodes[] = {
        {"/soc/serial@4500", "ns16550", 0x4500, 42},
        {"/soc/i2c", "fsl-i2c", 0x3000, 43},
        {"/soc/global-utilities", "fsl,mpc8544-guts", 0xe0000, 0},
        {"/soc/gpio", "fsl,qoriq-gpio", 0xff000, 47},
        {"/soc/pic", "fsl,mpic", 0x40000, 0},
        {"/soc/msi", "fsl,mpic-msi", 0x41600, 0xe0},
        {"/soc/i2c/rtc", "pericom,pt7c4338", 0x68, 0},
    };
    int pic = fdt_node("/soc/pic"), pci = fdt_node("/pci");

    for (unsigned i = 0; i < sizeof nodes / sizeof nodes[0]; i++) {
        int node = fdt_node(nodes[i].path);

        if (node < 0 && nodes[i].irq == 47 && board_is("MPC8544DS"))
            report_skip(nodes[i].path, "not on this board");
        else
            report(nodes[i].path, is(node, "compatible", nodes[i].compatible) && cell(node, "reg", 0) == nodes[i].reg &&
                                      (!nodes[i].irq || cell(node, "interrupts", 0) == nodes[i].irq));
    }
    report_eq("pic: #interrupt-cells 2", cell(pic, "#interrupt-cells", 0), 2);
    report("serial's interrupt parent is the pic",
           cell(fdt_node("/soc/serial@4500"), "interrupt-parent", 0) == cell(pic, "phandle", 0));
    report("pci: compatible", is(pci, "compatible", "fsl,mpc8540-pci"));
    report("pci: registers at CCSR + 8000", cell(pci, "reg", 0) == ccsr_high() && cell(pci, "reg", 1) == 0xe0008000);
    if (board_is("MPC8544DS"))
        report_skip("power-off by gpio", "not on this board");
    else
        report("power-off by gpio", is(fdt_node("/soc/power-off"), "compatible", "gpio-poweroff") ||
                                        is(fdt_node("/pins/power-off"), "compatible", "gpio-poweroff"));
}

void guest_main(void)
{
    registers();
    search();
    tlbs();
    timers();
    tree_root();
    tree_cpu();
    tree_devices();
}
