/* SPDX-License-Identifier: MIT */
#include "suite.h"

static const struct {
    const char *name, *needs;
    uint32_t token;
    unsigned n_in, n_out;
} rows[CALLS] = {
#define HCALL(id, vendor, number, n_in, n_out, needs, doc) {#id, #needs, TOKEN_##id, n_in, n_out},
#include "hcall/hcall.def"
#undef HCALL
};

/* Kept in RAM over the resets that the suite asks for: how far it is, and what it has found so far. */
typedef struct {
    uint32_t magic, stage, passed, failed, skipped;
    uint8_t cell[CALLS][KINDS]; /* bits of Cell; 0: no case yet */
} Table;

enum Cell { CELL_PASS = 1, CELL_FAIL = 2, CELL_SKIP = 4 };
#define MAGIC 0xe9a96511

extern uint32_t hcall_slot[4];
static Table *table;

/* ---- lines ---- */

static const char *const kinds[KINDS] = {"valid", "error", "outputs", "registers", "user", "unpromised"};

static void line(const char *verdict, const char *name, Kind kind, const char *what)
{
    say("%s: %s, %s: %s", verdict, name, kinds[kind], what);
}

void check(CallId id, Kind kind, const char *what, bool ok)
{
    line(ok ? "PASS" : "FAIL", rows[id].name, kind, what);
    say("\n");
    table->cell[id][kind] |= ok ? CELL_PASS : CELL_FAIL;
    table->passed += ok;
    table->failed += !ok;
}

void skip(CallId id, Kind kind, const char *what, const char *why)
{
    line("SKIP", rows[id].name, kind, what);
    say(" (%s)\n", why);
    table->cell[id][kind] |= CELL_SKIP;
    table->skipped++;
}

static void print_table(void)
{
    static const char *const words[] = {"  -  ", " PASS", " FAIL", " FAIL", " SKIP", " PASS", " FAIL", " FAIL"};
    say("call                       valid error outputs registers user unpromised\n");
    for (unsigned id = 0; id < CALLS; id++) {
        say("%s", rows[id].name);
        for (size_t n = strlen(rows[id].name); n < 26; n++)
            say(" ");
        for (unsigned kind = 0; kind < KINDS; kind++)
            say(" %s", words[table->cell[id][kind]]);
        say("\n");
    }
}

/* ---- calls, with every register in view ---- */

typedef struct {
    uint32_t gpr[32], cr, xer, ctr, lr, msr;
} Registers;

/* Loads r0, r2 to r31, CR, XER, CTR and LR, calls, stores them, r1 and MSR. */
void suite_call(Registers *r);
/* r3 = token, in any mode. */
extern const char suite_user[];
extern uint32_t suite_slot[4], suite_user_slot[4];
__asm__(".pushsection .text\n"
        ".globl suite_call, suite_slot, suite_user, suite_user_slot\n"
        "suite_call: stwu 1,-112(1); mflr 0; stw 0,116(1); stmw 13,16(1); mfcr 0; stw 0,100(1); stw 2,104(1);"
        "mtspr 276,3; mtspr 277,1;" /* SPRG4, SPRG5; read by their user numbers, which KVM has too */
        "lwz 0,128(3); mtcr 0; lwz 0,132(3); mtxer 0; lwz 0,136(3); mtctr 0; lwz 0,140(3); mtlr 0;"
        "lwz 0,0(3); lwz 2,8(3); lmw 4,16(3); lwz 3,12(3)\n"
        ".balign 64\n"
        "suite_slot: nop; nop; nop; nop;"
        "mtspr 278,3; mfspr 3,260; stw 0,0(3); stw 1,4(3); stw 2,8(3); stmw 4,16(3); mfspr 4,262; stw 4,12(3);"
        "mfcr 4; stw 4,128(3); mfxer 4; stw 4,132(3); mfctr 4; stw 4,136(3); mflr 4; stw 4,140(3);"
        "mfmsr 4; stw 4,144(3);"
        "mfspr 1,261; lwz 2,104(1); lwz 0,100(1); mtcr 0; lmw 13,16(1); lwz 0,116(1); mtlr 0; addi 1,1,112; blr\n"
        ".balign 64\n"
        "suite_user: mr 11,3; li 3,-1; li 4,-1\n"
        "suite_user_slot: nop; nop; nop; nop; blr\n"
        ".popsection");

static uint32_t garbage(void)
{
    static uint32_t state = 0x2545f491;
    return state = state * 1664525 + 1013904223;
}

static bool registers_kept; /* of the last call */

static bool kept(const Registers *before, const Registers *after)
{
    const uint32_t cr_kept = 0x00fff000; /* CR2 to CR4 */
    bool same = before->lr == after->lr && before->msr == after->msr && ((before->cr ^ after->cr) & cr_kept) == 0 &&
                before->gpr[2] == after->gpr[2];

    for (unsigned i = 13; i < 32; i++)
        same &= before->gpr[i] == after->gpr[i];
    return same;
}

static uint32_t ask_token(uint32_t token, unsigned n_in, const uint32_t in[8], uint32_t out[8])
{
    Registers r, before;

    for (unsigned i = 0; i < 32; i++)
        r.gpr[i] = garbage();
    r.cr = garbage();
    r.xer = garbage() & 0xe0000000;
    r.ctr = garbage();
    r.lr = garbage();
    r.msr = mfmsr();
    for (unsigned i = 0; i < n_in; i++)
        r.gpr[3 + i] = in[i];
    r.gpr[11] = token;
    before = r;
    suite_call(&r);
    registers_kept = kept(&before, &r);
    for (unsigned i = 0; out && i < 8; i++)
        out[i] = r.gpr[4 + i];
    return r.gpr[3];
}

uint32_t ask(CallId id, const uint32_t in[8], uint32_t out[8])
{
    uint32_t status = ask_token(rows[id].token, rows[id].n_in, in, out);
    table->cell[id][REGISTERS] |= registers_kept ? CELL_PASS : CELL_FAIL;
    return status;
}

bool succeeds(CallId id, const char *what, const uint32_t in[8], uint32_t out[8])
{
    uint32_t status = ask(id, in, out);
    if (status != EV_SUCCESS)
        say("    status %u\n", status);
    check(id, VALID, what, status == EV_SUCCESS);
    return status == EV_SUCCESS;
}

void fails(CallId id, const char *what, const uint32_t in[8], uint32_t want)
{
    uint32_t status = ask(id, in, NULL);
    if (status != want)
        say("    status %u, expected %u\n", status, want);
    check(id, ERROR, what, status == want);
}

void same_outputs(CallId id, const uint32_t in[8])
{
    uint32_t one[8], two[8];
    uint32_t status = ask(id, in, one);
    bool same = ask(id, in, two) == status;

    for (unsigned i = 0; i < rows[id].n_out; i++)
        same &= one[i] == two[i];
    check(id, OUTPUTS, "do not depend on what was in the registers", same && status == EV_SUCCESS);
}

/* ---- what the tree says ---- */

const uint32_t *cells(int node, const char *property, unsigned n)
{
    uint32_t length;
    const uint32_t *value = node >= 0 ? fdt_property(node, property, &length) : NULL;
    return value && length == 4 * n ? value : NULL;
}

bool told(const char *word)
{
    const char *args = fdt_property(fdt_node("/chosen"), "bootargs", NULL);
    size_t n = strlen(word);

    for (; args && *args; args++) {
        if (!memcmp(args, word, n) && (args[n] == ' ' || !args[n]))
            return true;
        while (args[1] && *args != ' ')
            args++;
    }
    return false;
}

static bool has_node(const char *compatible)
{
    return fdt_next_with(-1, "compatible", compatible) >= 0;
}

static bool is_byte_channel_call(CallId id)
{
    return rows[id].token >> 16 == EV_VENDOR_EPAPR && (rows[id].token & 0xffff) <= 3;
}

bool promised(CallId id)
{
    int hypervisor = fdt_node("/hypervisor");
#define PROMISE(property, need)         \
    if (!strcmp(rows[id].needs, #need)) \
        return fdt_property(hypervisor, property, NULL) != NULL;
#define NODE(compatible, need)          \
    if (!strcmp(rows[id].needs, #need)) \
        return has_node(compatible);
#include "dts/promises.def"
#undef PROMISE
    /* A row that needs nothing has no promise of its own: a node that stands for the call's family announces it. */
    return has_node(is_byte_channel_call(id) ? "epapr,hv-byte-channel" : "linux,kvm");
}

/* ---- the same for every call ---- */

static const CallId resets[] = {CALL_KVM_HC_VM_RESET, CALL_FH_PARTITION_RESTART, CALL_FH_SYSTEM_RESET};
static const CallId offs[] = {CALL_KVM_HC_VM_SHUTDOWN, CALL_FH_PARTITION_STOP};
enum { RESETS = sizeof resets / sizeof resets[0], OFFS = sizeof offs / sizeof offs[0] };

static bool returns(CallId id)
{
    bool it_does = true;

    for (unsigned i = 0; i < RESETS; i++)
        it_does &= id != resets[i];
    for (unsigned i = 0; i < OFFS; i++)
        it_does &= id != offs[i];
    return it_does;
}

static void check_user_mode(CallId id)
{
    Trap t = trap_run(suite_user, MSR_PR, rows[id].token, 0, 0, 0);
    bool ok = cpu_is_e500v2() ? t.vector == VEC_SC : t.vector == VEC_PROGRAM && t.esr == ESR_PPR;

    check(id, USER, cpu_is_e500v2() ? "a system call" : "program interrupt, ESR[PPR]", ok);
}

static void check_unpromised(CallId id)
{
    uint32_t out[8], in[8] = {0};
    bool by_handle = is_byte_channel_call(id);

    if (promised(id))
        return;
    in[0] = 0x7ffffff0; /* no device has this handle */
    uint32_t status = ask(id, in, out);
    check(id, UNPROMISED, by_handle ? "not served, or no such handle" : "EV_UNIMPLEMENTED",
          status == EV_UNIMPLEMENTED || (by_handle && status == EV_EINVAL));
}

/* Every call that was made is looked at.  One that the tree promises and no case makes fails: it wants cases in its family's file. */
static void check_registers(CallId id)
{
    uint8_t seen = table->cell[id][REGISTERS];

    table->cell[id][REGISTERS] = 0;
    if (seen)
        check(id, REGISTERS, "r1, r2, r13 to r31, LR, CR2 to CR4 and MSR are kept", !(seen & CELL_FAIL));
    else if (returns(id))
        check(id, REGISTERS, "this suite has cases for it", false);
    else
        skip(id, REGISTERS, "what is kept", "it does not return");
}

static void numbers_that_are_none(void)
{
    static const struct {
        const char *what;
        uint32_t token;
    } none[] = {
        {"ePAPR 0", EV_VENDOR_EPAPR << 16},
        {"ePAPR 8, which is not assigned", EV_VENDOR_EPAPR << 16 | 8},
        {"ePAPR 17, behind the last", EV_VENDOR_EPAPR << 16 | 17},
        {"ePAPR 0xffff", EV_VENDOR_EPAPR << 16 | 0xffff},
        {"Freescale 0", EV_VENDOR_FREESCALE << 16},
        {"Freescale 19, behind the last", EV_VENDOR_FREESCALE << 16 | 19},
        {"Freescale 0xffff", EV_VENDOR_FREESCALE << 16 | 0xffff},
        {"KVM 0x7fff", EV_VENDOR_KVM << 16 | 0x7fff},
        {"vendor 9", 9 << 16 | 1},
        {"vendor 0x7fff", 0x7fff0001},
        {"all ones", 0xffffffff},
    };

    for (unsigned i = 0; i < sizeof none / sizeof none[0]; i++) {
        uint32_t status = ask_token(none[i].token, 8, IN(0, 0, 0, 0, 0, 0, 0, 0), NULL);
        bool ok = status == EV_UNIMPLEMENTED && registers_kept;

        say(ok ? "PASS: %s: EV_UNIMPLEMENTED\n" : "FAIL: %s: EV_UNIMPLEMENTED\n", none[i].what);
        table->passed += ok;
        table->failed += !ok;
    }
}

/* ---- what does not return, last ---- */

/* The boot that a reset led to, or the first. */
static void check_resets(void)
{
    if (table->stage > 0)
        check(resets[table->stage - 1], VALID, "resets, and does not return", true);
    while (table->stage < RESETS) {
        CallId id = resets[table->stage++];

        if (!promised(id))
            continue;
        if (!told("resets")) {
            skip(id, VALID, "resets", "bootargs do not say: resets");
            continue;
        }
        ask(id, IN(SELF), NULL);
        check(id, VALID, "resets, and does not return", false);
    }
}

static _Noreturn void finish(void)
{
    CallId off = told("stop") ? CALL_FH_PARTITION_STOP : CALL_KVM_HC_VM_SHUTDOWN;

    for (unsigned i = 0; i < OFFS; i++)
        if (promised(offs[i]) && offs[i] == off)
            check(off, VALID, "powers off, and does not return", true);
        else if (promised(offs[i]))
            skip(offs[i], VALID, "powers off", "the other one does");
    print_table();
    say("SUMMARY: %u passed, %u failed, %u skipped\n", table->passed, table->failed, table->skipped);
    table->magic = 0;
    if (promised(off)) {
        ask(off, IN(SELF), NULL);
        check(off, VALID, "powers off, and does not return", false);
    }
    guest_power_off();
}

void guest_main(void)
{
    table = (Table *)keep_area;
    memcpy(suite_slot, hcall_slot, 16);
    memcpy(suite_user_slot, hcall_slot, 16);
    code_sync(suite_slot, 16);
    code_sync(suite_user_slot, 16);
    if (table->magic != MAGIC) {
        memset(table, 0, sizeof *table);
        table->magic = MAGIC;
        if (!hcall_present()) {
            say("SKIP: hypercalls (the tree has no hcall-instructions)\n"
                "SUMMARY: 0 passed, 0 failed, 1 skipped\n");
            guest_power_off();
        }
        if (cpus_count() > 1)
            cpus_start();
        numbers_that_are_none();
        check_byte_channels();
        check_interrupts();
        check_doorbells();
        check_partition();
        check_areas();
        check_kvm();
        for (unsigned id = 0; id < CALLS; id++) {
            check_user_mode(id);
            check_unpromised(id);
            check_registers(id);
        }
    }
    check_resets();
    finish();
}
