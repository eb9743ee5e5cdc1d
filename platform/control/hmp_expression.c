/* SPDX-License-Identifier: MIT
 *
 * Expressions of the human monitor, with the precedences of QEMU's: & | ^ bind weakest and alike, then + -, then * / %.
 */
#include "platform/control/hmp_priv.h"

#include <string.h>

#include "platform/control/inspect.h"

enum { DEPTH_MAX = 32 };

typedef struct Parser {
    HmpCall *call;
    const char *at;
    unsigned depth;
    bool failed;
} Parser;

static uint64_t sum_of_bits(Parser *p);

static uint64_t wrong(Parser *p, const char *why)
{
    if (!p->failed)
        hmp_print(p->call, "%s\n", why);
    p->failed = true;
    return 0;
}

static void skip(Parser *p)
{
    while (g_ascii_isspace(*p->at))
        p->at++;
}

/* --- registers, by the names that QEMU has for them */

static bool gpr(const E500State *s, const char *name, uint64_t *value)
{
    guint64 n;
    if (name[0] != 'r' || !g_ascii_string_to_unsigned(name + 1, 10, 0, 31, &n, NULL))
        return false;
    *value = s->gpr[n].w;
    return true;
}

static bool special(const E500State *s, const char *name, uint64_t *value)
{
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {
        {"pc", s->pc}, {"nip", s->pc}, {"lr", s->lr},   {"ctr", s->ctr},
        {"cr", s->cr}, {"ccr", s->cr}, {"msr", s->msr}, {"xer", e500_xer(s)},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (!strcmp(rows[i].name, name)) {
            *value = rows[i].value;
            return true;
        }
    }
    return false;
}

static bool spr(const E500State *s, const char *name, uint64_t *value)
{
    static const char *const names[] = {
#define SPR(number, NAME, ...) #NAME,
#include "cpu/e500/spr.def"
#undef SPR
    };
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (!g_ascii_strcasecmp(names[i], name)) {
            *value = s->spr[i];
            return true;
        }
    }
    return false;
}

static uint64_t reg(Parser *p)
{
    const HmpSession *session = p->call->session;
    GError *error = NULL;
    uint64_t value = 0;
    size_t n = 0;
    while (g_ascii_isalnum(p->at[n]) || p->at[n] == '_')
        n++;
    g_autofree char *name = g_strndup(p->at, n);
    p->at += n;
    bool ran = run_hold(session->view->run);
    const E500State *s = inspect_state(session->view, session->cpu, &error);
    bool known = s && (gpr(s, name, &value) || special(s, name, &value) || spr(s, name, &value));
    if (ran)
        run_let_go(session->view->run);
    g_clear_error(&error);
    return known ? value : wrong(p, s ? "unknown register" : "cannot read the registers");
}

/* --- the grammar */

static uint64_t number(Parser *p)
{
    char *end;
    uint64_t value = g_ascii_strtoull(p->at, &end, 0);
    if (end == p->at)
        return wrong(p, *p->at ? "invalid char in expression" : "unexpected end of expression");
    p->at = end;
    return value;
}

static uint64_t unary(Parser *p)
{
    uint64_t value;
    skip(p);
    if (++p->depth > DEPTH_MAX)
        return wrong(p, "expression is nested too deeply");
    switch (*p->at) {
    case '+':
        p->at++;
        value = unary(p);
        break;
    case '-':
        p->at++;
        value = -unary(p);
        break;
    case '~':
        p->at++;
        value = ~unary(p);
        break;
    case '(':
        p->at++;
        value = sum_of_bits(p);
        skip(p);
        if (*p->at != ')')
            return wrong(p, "')' expected");
        p->at++;
        break;
    case '$':
        p->at++;
        value = reg(p);
        break;
    case '\'':
        if (!p->at[1] || p->at[2] != '\'')
            return wrong(p, "missing terminating ' character");
        value = (uint8_t)p->at[1];
        p->at += 3;
        break;
    default:
        value = number(p);
    }
    p->depth--;
    skip(p);
    return value;
}

static uint64_t product(Parser *p)
{
    uint64_t value = unary(p);
    while (!p->failed && *p->at && strchr("*/%", *p->at)) {
        char op = *p->at++;
        uint64_t by = unary(p);
        if (op != '*' && !by)
            return wrong(p, "division by zero");
        value = op == '*' ? value * by : op == '/' ? value / by : value % by;
    }
    return value;
}

static uint64_t sum(Parser *p)
{
    uint64_t value = product(p);
    while (!p->failed && (*p->at == '+' || *p->at == '-')) {
        bool minus = *p->at++ == '-';
        uint64_t other = product(p);
        value = minus ? value - other : value + other;
    }
    return value;
}

static uint64_t sum_of_bits(Parser *p)
{
    uint64_t value = sum(p);
    while (!p->failed && *p->at && strchr("&|^", *p->at)) {
        char op = *p->at++;
        uint64_t other = sum(p);
        value = op == '&' ? value & other : op == '|' ? value | other : value ^ other;
    }
    return value;
}

bool hmp_expression(HmpCall *call, const char **text, uint64_t *value)
{
    Parser p = {.call = call, .at = *text};
    *value = sum_of_bits(&p);
    *text = p.at;
    return !p.failed;
}
