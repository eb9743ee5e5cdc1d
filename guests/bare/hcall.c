/* SPDX-License-Identifier: MIT
 * Hypercalls: what the tree promises, the statuses, which registers come back changed, user mode.
 * ePAPR 1.1 §7. */
#include "guest.h"
#include "hcall_guest.h"

extern uint32_t hcall_slot[4];

static bool has_string(int node, const char *property, const char *want)
{
    uint32_t length;
    const char *p = fdt_property(node, property, &length);

    for (uint32_t i = 0; p && i < length; i += strlen(p + i) + 1)
        if (!strcmp(p + i, want))
            return true;
    return false;
}

static bool empty_or_absent(const char *property)
{
    uint32_t length;

    return !fdt_property(fdt_node("/hypervisor"), property, &length) || length == 0;
}

static void promises(void)
{
    int node = fdt_node("/hypervisor");
    uint32_t length;

    report("compatible with linux,kvm", has_string(node, "compatible", "linux,kvm"));
    report("compatible with epapr,hypervisor-1", has_string(node, "compatible", "epapr,hypervisor-1"));
    fdt_property(node, "hcall-instructions", &length);
    report_eq("four hcall-instructions", length, 16);
    report("has-idle, if there, is empty", empty_or_absent("has-idle"));
    report("has-reset, if there, is empty", empty_or_absent("has-reset"));
    report("has-shutdown, if there, is empty", empty_or_absent("has-shutdown"));
    report("both spellings of has-reset go together", hcall_promised("has-reset") == hcall_promised("kvm,has-reset"));
    report("both spellings of has-shutdown go together", hcall_promised("has-shutdown") == hcall_promised("kvm,has-shutdown"));
}

static void unkept(const char *sentence, const char *promise, uint32_t status)
{
    if (hcall_promised(promise))
        report_skip(sentence, "promised");
    else
        report_eq(sentence, status, EV_UNIMPLEMENTED);
}

static void not_promised(void)
{
    unkept("reset without has-reset is unimplemented", "has-reset",
           hcall_promised("has-reset") ? 0 : call_KVM_HC_VM_RESET(NULL, NULL));
    unkept("shutdown without has-shutdown is unimplemented", "has-shutdown",
           hcall_promised("has-shutdown") ? 0 : call_KVM_HC_VM_SHUTDOWN(NULL, NULL));
    unkept("EV_IDLE without has-idle is unimplemented", "has-idle", hcall_promised("has-idle") ? 0 : call_EV_IDLE(NULL, NULL));
}

/* r3..r11 = 0x…03 to 0x…0b but for the token; what is not said to change must be the same
 * afterwards. */
static void call_patterned(uint32_t token, uint32_t regs[9])
{
    for (unsigned i = 0; i < 8; i++)
        regs[i] = 0xa5a50003 + i * 0x01010101;
    regs[8] = token;
    hcall_raw(regs);
}

static bool kept_from(const uint32_t regs[9], unsigned first, uint32_t token)
{
    bool kept = regs[8] == token;

    for (unsigned i = first - 3; i < 8; i++)
        kept &= regs[i] == 0xa5a50003 + i * 0x01010101;
    return kept;
}

static void features(void)
{
    uint32_t regs[9];

    call_patterned(TOKEN_KVM_HC_FEATURES, regs);
    report_eq("KVM_HC_FEATURES succeeds", regs[0], EV_SUCCESS);
    report_eq("KVM_HC_FEATURES: no feature", regs[1], 0);
    report("KVM_HC_FEATURES keeps r5 to r11", kept_from(regs, 5, TOKEN_KVM_HC_FEATURES));
}

static void unknown(void)
{
    static const struct {
        const char *name, *kept;
        uint32_t token;
    } calls[] = {
        {"token 0", "token 0 keeps r4 to r11", 0},
        {"unassigned ePAPR number 8", "number 8 keeps r4 to r11", EV_VENDOR_EPAPR << 16 | 8},
        {"ePAPR number 0xffff", "ePAPR 0xffff keeps r4 to r11", EV_VENDOR_EPAPR << 16 | 0xffff},
        {"KVM number 1", "KVM 1 keeps r4 to r11", EV_VENDOR_KVM << 16 | 1},
        {"KVM magic page", "magic page keeps r4 to r11", EV_VENDOR_KVM << 16 | 4},
        {"vendor IBM", "vendor IBM keeps r4 to r11", 3 << 16 | 1},
        {"vendor 0x7fff", "vendor 0x7fff keeps r4 to r11", 0x7fff0001},
        {"token of all ones", "all ones keep r4 to r11", 0xffffffff},
        {"EV_IDLE with bit 31", "bit 31 keeps r4 to r11", 0x80000000 | TOKEN_EV_IDLE},
    };

    for (unsigned i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        uint32_t regs[9];

        call_patterned(calls[i].token, regs);
        report_eq(calls[i].name, regs[0], EV_UNIMPLEMENTED);
        report(calls[i].kept, kept_from(regs, 4, calls[i].token));
    }
}

/* The registers that no call has any business with, stored around KVM_HC_FEATURES, at before and
 * after. */
enum { KEPT_WORDS = 28 }; /* r0 to r2, r12 to r31, LR, CTR, XER, CR, MSR */
void call_full(uint32_t *before, uint32_t *after);
__asm__(".pushsection .text\n"
        ".macro STORE_KEPT\n"
        "stw 0,0(3); stw 1,4(3); stw 2,8(3); stmw 12,12(3); mflr 5; stw 5,92(3); mfctr 5;"
        "stw 5,96(3); mfxer 5; stw 5,100(3); mfcr 5; stw 5,104(3); mfmsr 5; stw 5,108(3)\n"
        ".endm\n"
        ".globl call_full, hcall_copy\n"
        "call_full: stwu 1,-112(1); mflr 0; stw 0,116(1); stmw 13,16(1); mfcr 0; stw 0,100(1);"
        "stw 2,104(1); mtspr 276,3; mtspr 277,4;" /* SPRG4, SPRG5 */
        "lis 0,0x1230; lis 2,0x2222; lis 12,0x4560; lis 13,13;"
        "lis 14,14; lis 15,15; lis 16,16; lis 17,17; lis 18,18; lis 19,19; lis 20,20; lis 21,21;"
        "lis 22,22; lis 23,23; lis 24,24; lis 25,25; lis 26,26; lis 27,27; lis 28,28; lis 29,29;"
        "lis 30,0x5a5a; mtctr 30; lis 30,0x3c3c; mtlr 30; lis 30,0xe000; mtxer 30;"
        "lis 30,0x1234; ori 30,30,0x5678; mtcr 30; lis 30,30; lis 31,31\n"
        "STORE_KEPT\n"
        "lis 11,0x2a; ori 11,11,3\n"
        "hcall_copy: nop; nop; nop; nop; mfspr 3,261\n"
        "STORE_KEPT\n"
        "lwz 2,104(1); lwz 0,100(1); mtcr 0; lmw 13,16(1); lwz 0,116(1); mtlr 0; addi 1,1,112; blr\n"
        ".popsection");
extern uint32_t hcall_copy[4];

static void all_registers(void)
{
    static uint32_t before[KEPT_WORDS], after[KEPT_WORDS];
    bool same = true;

    memcpy(hcall_copy, hcall_slot, 16);
    code_sync(hcall_copy, 16);
    call_full(before, after);
    /* where r0 tells a hypercall (e500v2) the instructions load it: ePAPR 1.1 §7.3 calls it
     * volatile */
    for (unsigned i = cpu_is_e500v2() ? 1 : 0; i < KEPT_WORDS; i++)
        if (before[i] != after[i]) {
            same = false;
            say("    word %u: 0x%x became 0x%x\n", i, before[i], after[i]);
        }
    report("r0 (e500mc), r1, r2, r12 to r31, LR, CTR, XER, CR and MSR come back as they were", same);
}

static volatile unsigned ticks;

static void tick(TrapFrame *frame)
{
    mtspr(SPR_TSR, TSR_DIS);
    ticks++;
}

static void idle(void)
{
    if (!hcall_promised("has-idle")) {
        report_skip("EV_IDLE succeeds", "no has-idle");
        report_skip("EV_IDLE ends when an interrupt comes", "no has-idle");
        return;
    }
    trap_handle(VEC_DEC, tick);
    mtspr(SPR_DECAR, 400000);
    mtspr(SPR_TCR, TCR_DIE | TCR_ARE); /* first: a slow host may let DEC end before the next instruction */
    mtspr(SPR_DEC, 400000);
    mtmsr(mfmsr() | MSR_EE);
    uint32_t status = 0;
    while (ticks < 3)
        status |= call_EV_IDLE(NULL, NULL);
    mtmsr(mfmsr() & ~MSR_EE);
    mtspr(SPR_TCR, 0);
    report_eq("EV_IDLE succeeds", status, EV_SUCCESS);
    report("EV_IDLE ends when an interrupt comes", ticks >= 3);
}

PROBE(other_call, "mr 11,3; li 0,1; sc");

static void user(void)
{
    Trap t = trap_run(hcall_slot, MSR_PR, 0, 0, 0, 0);

    if (cpu_is_e500v2()) { /* sc without LEV: anybody's system call but the supervisor's with "KVM!"
                              in r0 */
        report_eq("from user mode: a system call", t.vector, VEC_SC);
        report_eq("from user mode: SRR0 is behind the call", t.srr0, (uint32_t)hcall_slot + 12);
        t = trap_run(other_call, 0, TOKEN_KVM_HC_FEATURES, 0, 0, 0);
        report("with another r0: a system call", t.vector == VEC_SC && t.srr0 == (uint32_t)other_call + 12);
        return;
    }
    report_eq("from user mode: program interrupt", t.vector, VEC_PROGRAM);
    report_eq("from user mode: ESR[PPR]", t.esr, ESR_PPR);
    report("from user mode: SRR0 is the call", t.srr0 >= (uint32_t)hcall_slot && t.srr0 < (uint32_t)(hcall_slot + 4));
}

void guest_main(void)
{
    if (!hcall_present()) {
        report_skip("hypercalls", "the tree has no /hypervisor");
        return;
    }
    promises();
    not_promised();
    features();
    unknown();
    all_registers();
    idle();
    user();
}
