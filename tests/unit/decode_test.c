/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cpu/e500/insn.h"
#include "tests/unit/unit.h"

static const E500Model *e500mc(void)
{
    return e500_model_find("e500mc");
}

static Insn decoded(uint32_t word)
{
    Insn in;
    insn_decode(word, e500mc(), &in);
    return in;
}

static void assert_illegal(uint32_t word)
{
    g_assert_cmpuint(decoded(word).id, ==, INSN_ILLEGAL);
}

/* --- the table --- */

/* A word of the row that is no invalid form. */
static uint32_t plain(InsnId id)
{
    const InsnInfo *row = &insn_info[id];
    uint32_t word = row->match;
    for (unsigned i = 0; i < INSN_OPERANDS_MAX; i++)
        if (row->operand[i] == OPERAND_ID_RAU)
            word |= 5u << 16;
    return id == INSN_bcctr ? word | 20u << 21 : word;
}

/* The model that has the row; category E.HV is everybody's here. */
static E500Model model_of(InsnId id)
{
    static const char *const names[] = {"e500mc", "e500v2"};
    FOR_ROWS (i, names) {
        E500Model m = *e500_model_find(names[i]);
        m.categories |= CAT_EHV;
        if ((insn_info[id].categories & m.categories) == insn_info[id].categories)
            return m;
    }
    g_error("no model has %s", insn_info[id].name);
}

static void every_row_decodes_to_itself(void)
{
    for (unsigned id = 0; id < INSN_ILLEGAL; id++) {
        const E500Model all = model_of(id);
        Insn in;
        insn_decode(plain(id), &all, &in);
        g_assert_cmpuint(in.id, ==, id);
        if (insn_reserved(id, &all)) {
            insn_decode(plain(id) | insn_reserved(id, &all), &all, &in);
            g_assert_cmpuint(in.id, ==, all.reserved_illegal ? INSN_ILLEGAL : id);
        }
        insn_decode(plain(id) | insn_flag_bits(insn_info[id].flags), &all, &in);
        g_assert_cmpuint(in.id, ==, id);
        g_assert_cmphex(in.flags, ==, insn_info[id].flags);
    }
}

/* The earlier row is one word of the later one, which has a meaning of its own. */
static bool is_special_form(unsigned earlier, unsigned later)
{
    return insn_info[earlier].mask == UINT32_MAX && insn_info[later].mask != UINT32_MAX;
}

static void no_two_rows_match_one_word(void)
{
    for (unsigned a = 0; a < INSN_ILLEGAL; a++)
        for (unsigned b = a + 1; b < INSN_ILLEGAL; b++)
            if (!((insn_info[a].match ^ insn_info[b].match) & insn_info[a].mask & insn_info[b].mask) &&
                (insn_info[a].categories | insn_info[b].categories) != (CAT_MC | CAT_V2) && !is_special_form(a, b))
                g_error("%s and %s match one word", insn_info[a].name, insn_info[b].name);
}

static void no_bit_has_two_meanings(void)
{
    for (unsigned id = 0; id < INSN_ILLEGAL; id++) {
        const InsnInfo *row = &insn_info[id];
        uint32_t used = row->mask;
        g_assert_cmphex(row->match & ~row->mask, ==, 0);
        for (unsigned i = 0; i < INSN_OPERANDS_MAX && row->operand[i] != OPERAND_ID_NONE; i++) {
            const OperandInfo *op = &operand_info[row->operand[i]];
            uint32_t bits = ((1u << op->width) - 1) << op->shift;
            if (op->kind == OK_BRANCH)
                bits &= ~3u;
            if (used & bits)
                g_error("%s: operand %s overlaps", row->name, op->name);
            used |= bits;
        }
        if (used & insn_flag_bits(row->flags))
            g_error("%s: flags overlap", row->name);
    }
}

static void every_row_has_at_most_one_immediate(void)
{
    for (unsigned id = 0; id < INSN_ILLEGAL; id++) {
        unsigned n = 0;
        for (unsigned i = 0; i < INSN_OPERANDS_MAX; i++)
            n += operand_info[insn_info[id].operand[i]].kind >= OK_SIMM;
        g_assert_cmpuint(n, <=, 1);
    }
}

/* --- fields --- */

static void fields_are_where_the_forms_say(void)
{
    Insn in = decoded(0x7c642a15); /* add. r3,r4,r5 */
    g_assert_cmpuint(in.id, ==, INSN_add);
    g_assert_cmpuint(in.flags, ==, INSN_RC);
    g_assert_cmpuint(in.rt, ==, 3);
    g_assert_cmpuint(in.ra, ==, 4);
    g_assert_cmpuint(in.rb, ==, 5);
    g_assert_cmpuint(decoded(0x7c642e14).flags, ==, INSN_OE); /* addo */
    in = decoded(0xfc43293a);                                 /* fmadd f2,f3,f4,f5 */
    g_assert_cmpuint(in.id, ==, INSN_fmadd);
    g_assert_cmpuint(in.rc, ==, 4);
    g_assert_cmpuint(in.rb, ==, 5);
    g_assert_cmpuint(decoded(0x4bffffff).flags, ==, INSN_AA | INSN_LK); /* bla -4 */
}

static void immediates_are_extended_as_their_kind_says(void)
{
    g_assert_cmpint(decoded(0x3860ffff).imm, ==, -1);        /* li r3,-1 */
    g_assert_cmpint(decoded(0x3c608000).imm, ==, INT32_MIN); /* lis r3,-32768 */
    g_assert_cmpint(decoded(0x6063ffff).imm, ==, 0xffff);    /* ori r3,r3,0xffff */
    g_assert_cmpint(decoded(0x80648000).imm, ==, -32768);    /* lwz r3,-32768(r4) */
    g_assert_cmpint(decoded(0x4bfffffd).imm, ==, -4);        /* bl .-4 */
    g_assert_cmpint(decoded(0x49fffffc).imm, ==, 0x1fffffc); /* b .+32 MiB−4 */
    g_assert_cmpint(decoded(0x4082fff8).imm, ==, -8);        /* bne .-8 */
    g_assert_cmpint(decoded(0x7c9f42a6).imm, ==, 287);       /* mfpvr r4 */
    g_assert_cmpint(decoded(0x7c6ff120).imm, ==, 0xff);      /* mtcr r3 */
    g_assert_cmpint(decoded(0x44000022).imm, ==, 1);         /* sc 1 */
    g_assert_cmpint(decoded(0x7c00ba1c).imm, ==, 23);        /* ehpriv 23 */
    g_assert_cmpint(decoded(0x7c642a14).imm, ==, 0);         /* add */
}

static void rotates_carry_their_mask(void)
{
    g_assert_cmphex((uint32_t)decoded(0x5483063e).imm, ==, 0x000000ff); /* rlwinm r3,r4,0,24,31 */
    g_assert_cmphex((uint32_t)decoded(0x5483003e).imm, ==, 0xffffffff); /* 0,31 */
    g_assert_cmphex((uint32_t)decoded(0x548307fe).imm, ==, 0x00000001); /* 31,31 */
    g_assert_cmphex((uint32_t)decoded(0x54830786).imm, ==, 0xf0000003); /* 30,3 */
    g_assert_cmphex((uint32_t)decoded(0x54830000).imm, ==, 0x80000000); /* 0,0 */
}

/* --- what is no instruction --- */

static void invalid_forms_are_illegal(void)
{
    assert_illegal(0x84600004);                              /* lwzu r3,4(0) */
    assert_illegal(0x84630004);                              /* lwzu r3,4(r3) */
    assert_illegal(0x7c60286e);                              /* lwzux r3,0,r5 */
    assert_illegal(0x94600004);                              /* stwu r3,4(0) */
    g_assert_cmpuint(decoded(0x94210004).id, ==, INSN_stwu); /* stwu r1,4(r1) is fine */
    assert_illegal(0xc4200004);                              /* lfsu f1,4(0) */
    g_assert_cmpuint(decoded(0xc4210004).id, ==, INSN_lfsu); /* lfsu f1,4(r1): other registers */
    assert_illegal(0x2c230000);                              /* cmpi cr0,1,r3,0 */
    assert_illegal(0x7c232000);                              /* cmp cr0,1,r3,r4 */
    assert_illegal(0x4e000420);                              /* bcctr 16,0 */
    assert_illegal(0x7c60292c);                              /* stwcx without its dot */
    assert_illegal(0x7c402824);                              /* tlbilx 2,0,r5 */
}

/* The e500v2 refuses a word with a reserved bit set; the e500mc ignores it, or has a field there.  One row for each kind of bit. */
static void reserved_bits_are_illegal_on_the_e500v2(void)
{
    static const struct {
        uint32_t word, set; /* a good word, and a bit reserved in it on the e500v2 */
        InsnId mc;          /* what the e500mc makes of both together */
        const char *why;
    } list[] = {
        {0x7c801828, 1 << 0, INSN_lwarx, "EH is Power ISA 2.05's; Linux 5.15 to 5.19 stopped at it on the P2020"},
        {0x4e800020, 1 << 11, INSN_bclr, "BH is Power ISA 2.02's"},
        {0x7c800026, 1 << 20, INSN_mfocrf, "mfocrf is Power ISA 2.01's: a reserved bit of mfcr"},
        {0x7c880120, 1 << 20, INSN_mtocrf, "mtocrf is Power ISA 2.01's: a reserved bit of mtcrf"},
        {0x7c0004ac, 1 << 21, INSN_sync, "lwsync is PowerPC 2.00's: a reserved bit of msync"},
        {0x7c800124, 1 << 16, INSN_mtmsr, "mtmsr's L is server cores'"},
        {0x7c0018ac, 1 << 21, INSN_dcbf, "dcbf's L is server cores'"},
        {0x4c00012c, 1 << 16, INSN_isync, "a reserved field of XL form"},
        {0x7c842096, 1 << 10, INSN_mulhw, "where other rows of XO form have OE"},
        {0x7c8400d0, 1 << 11, INSN_neg, "where other rows of XO form have rB"},
        {0x7c80182e, 1 << 0, INSN_lwzx, "where other rows of X form have Rc"},
        {0x7c032000, 1 << 22, INSN_cmp, "between BF and L"},
        {0x44000002, 1 << 5, INSN_sc, "LEV is Power ISA 2.02's: a reserved bit of the e500v2's sc"},
        {0x10640208, 1 << 11, INSN_ILLEGAL, "where other rows of EVX form have rB: evabs"},
    };
    const E500Model *v2 = e500_model_find("e500v2");

    FOR_ROWS (i, list) {
        Insn good, bad, mc;
        insn_decode(list[i].word, v2, &good);
        insn_decode(list[i].word | list[i].set, v2, &bad);
        insn_decode(list[i].word | list[i].set, e500mc(), &mc);
        if (good.id == INSN_ILLEGAL || bad.id != INSN_ILLEGAL || mc.id != list[i].mc)
            g_error("%08x | %08x (%s): %u %u %u", list[i].word, list[i].set, list[i].why, good.id, bad.id, mc.id);
    }
}

static void what_the_core_lacks_is_illegal(void)
{
    static const uint32_t lacking[] = {
        0x00000000, 0x04000000, 0xe8640000, 0xf8640000, /* ld std */
        0x7c64282a,                                     /* ldx */
        0x7c6400f4,                                     /* popcntb r4,r3 */
        0x7c6404aa, 0x7c64042a,                         /* lswi lswx */
        0xfc20102c, 0xec20102c,                         /* fsqrt fsqrts */
        0xfc20169c, 0xfc20165c,                         /* fcfid fctid */
        0x10642a00,                                     /* evaddw */
        0x4c0000cc,                                     /* rfgi */
        0x7c640226,                                     /* mfapidi */
        0x44000000,                                     /* sc without its bit 30 */
    };
    FOR_ROWS (i, lacking)
        assert_illegal(lacking[i]);
}

static void categories_select_rows(void)
{
    E500Model m = *e500mc();
    Insn in;
    m.categories &= ~(uint32_t)CAT_EPD;
    insn_decode(insn_info[INSN_lwepx].match, &m, &in);
    g_assert_cmpuint(in.id, ==, INSN_ILLEGAL);
    insn_decode(insn_info[INSN_lfdepx].match, &m, &in); /* needs two categories */
    g_assert_cmpuint(in.id, ==, INSN_ILLEGAL);
    insn_decode(insn_info[INSN_lfd].match, &m, &in);
    g_assert_cmpuint(in.id, ==, INSN_lfd);
    m.categories |= CAT_EHV;
    insn_decode(0x4c0000cc, &m, &in);
    g_assert_cmpuint(in.id, ==, INSN_rfgi);
}

/* --- text --- */

static void assert_text(uint32_t word, const char *expected)
{
    char text[96];
    insn_disassemble(word, e500mc(), 0x1000, text, sizeof(text));
    g_assert_cmpstr(text, ==, expected);
}

static void text_reads_as_objdump_writes_it(void)
{
    assert_text(0x80640008, "lwz     r3,8(r4)");
    assert_text(0x80600008, "lwz     r3,8(0)");
    assert_text(0x7c642e15, "addo.   r3,r4,r5");
    assert_text(0x4bfffffd, "bl      0xffc");
    assert_text(0x4c000064, "rfi");
    assert_text(0x4182000c, "bc      12,eq,0x100c");
    assert_text(0x409e000c, "bc      4,4*cr7+eq,0x100c");
    assert_text(0x2f830000, "cmpi    cr7,0,r3,0");
    assert_text(0x12345678, ".long 0x12345678");
    assert_text(0x3c60dead, "addis   r3,0,-8531");
}

static void text_is_cut_to_its_buffer(void)
{
    char text[8];
    insn_disassemble(0x80640008, e500mc(), 0, text, sizeof(text));
    g_assert_cmpstr(text, ==, "lwz    ");
    text[0] = 'x';
    insn_disassemble(0x80640008, e500mc(), 0, text, 1);
    g_assert_cmpstr(text, ==, "");
    text[0] = 'x';
    insn_disassemble(0x80640008, e500mc(), 0, text, 0);
    g_assert_cmpint(text[0], ==, 'x');
}

UNIT_TESTS(decode)
{
    g_test_add_func("/insn/every-row-decodes-to-itself", every_row_decodes_to_itself);
    g_test_add_func("/insn/no-two-rows-match-one-word", no_two_rows_match_one_word);
    g_test_add_func("/insn/no-bit-has-two-meanings", no_bit_has_two_meanings);
    g_test_add_func("/insn/every-row-has-at-most-one-immediate", every_row_has_at_most_one_immediate);
    g_test_add_func("/decode/fields-are-where-the-forms-say", fields_are_where_the_forms_say);
    g_test_add_func("/decode/immediates-are-extended-as-their-kind-says", immediates_are_extended_as_their_kind_says);
    g_test_add_func("/decode/rotates-carry-their-mask", rotates_carry_their_mask);
    g_test_add_func("/decode/invalid-forms-are-illegal", invalid_forms_are_illegal);
    g_test_add_func("/decode/reserved-bits-are-illegal-on-the-e500v2", reserved_bits_are_illegal_on_the_e500v2);
    g_test_add_func("/decode/what-the-core-lacks-is-illegal", what_the_core_lacks_is_illegal);
    g_test_add_func("/decode/categories-select-rows", categories_select_rows);
    g_test_add_func("/disas/text-reads-as-objdump-writes-it", text_reads_as_objdump_writes_it);
    g_test_add_func("/disas/text-is-cut-to-its-buffer", text_is_cut_to_its_buffer);
}
