/* SPDX-License-Identifier: MIT
 *
 * IEEE 754 arithmetic in integers, exact to the bit, with the choices Power ISA 2.06 Book I chapter
 * 4 makes: tininess is detected before rounding, the first NaN operand in the order A, B, C is
 * propagated as it is (made quiet), and an enabled overflow or underflow delivers the rounded
 * result with its exponent moved by 1536 or 192.
 *
 * Numbers travel as 64-bit double format, single-precision ones too (as in an FPR).  The precision
 * of a result is a parameter.  No state, no host floating point, no 128-bit type needed; any
 * thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* FPSCR (Power ISA 2.06 Book I §4.2.2), in the order of the 32-bit register. */
enum {
    FPSCR_FX = 1u << 31,
    FPSCR_FEX = 1u << 30,
    FPSCR_VX = 1u << 29,
    FPSCR_OX = 1u << 28,
    FPSCR_UX = 1u << 27,
    FPSCR_ZX = 1u << 26,
    FPSCR_XX = 1u << 25,
    FPSCR_VXSNAN = 1u << 24,
    FPSCR_VXISI = 1u << 23,
    FPSCR_VXIDI = 1u << 22,
    FPSCR_VXZDZ = 1u << 21,
    FPSCR_VXIMZ = 1u << 20,
    FPSCR_VXVC = 1u << 19,
    FPSCR_FR = 1u << 18,
    FPSCR_FI = 1u << 17,
    FPSCR_FPRF = 0x1fu << 12,
    FPSCR_FPCC = 0xfu << 12,
    FPSCR_RESERVED = 1u << 11,
    FPSCR_VXSOFT = 1u << 10,
    FPSCR_VXSQRT = 1u << 9,
    FPSCR_VXCVI = 1u << 8,
    FPSCR_VE = 1u << 7,
    FPSCR_OE = 1u << 6,
    FPSCR_UE = 1u << 5,
    FPSCR_ZE = 1u << 4,
    FPSCR_XE = 1u << 3,
    FPSCR_NI = 1u << 2,
    FPSCR_RN = 3,

    FPSCR_CONTROL = 0xff, /* what enables exceptions and decides rounding */
    FPSCR_VX_CAUSES = FPSCR_VXSNAN | FPSCR_VXISI | FPSCR_VXIDI | FPSCR_VXZDZ | FPSCR_VXIMZ | FPSCR_VXVC | FPSCR_VXSOFT |
                      FPSCR_VXSQRT | FPSCR_VXCVI,
    FPSCR_EXCEPTIONS = FPSCR_OX | FPSCR_UX | FPSCR_ZX | FPSCR_XX | FPSCR_VX_CAUSES,
};

enum { SOFTFP_NEAREST, SOFTFP_ZERO, SOFTFP_UP, SOFTFP_DOWN }; /* FPSCR[RN] */

typedef enum SoftfpPrecision { SOFTFP_DOUBLE, SOFTFP_SINGLE } SoftfpPrecision;

/* One operation: what it obeys and what it found. */
typedef struct Softfp {
    uint32_t fpscr;     /* in: RN, OE and UE of it are looked at */
    uint32_t flags;     /* out, ORed in: FPSCR_EXCEPTIONS, FR, FI */
    bool guard, sticky; /* out: the first bit that rounding cut off, and whether one after it was 1 */
} Softfp;

#define SOFTFP_SIGN        UINT64_C(0x8000000000000000)
#define SOFTFP_QUIET       UINT64_C(0x0008000000000000)
#define SOFTFP_INFINITY    UINT64_C(0x7ff0000000000000)
#define SOFTFP_DEFAULT_NAN UINT64_C(0x7ff8000000000000)

uint64_t softfp_add(Softfp *fp, uint64_t a, uint64_t b, SoftfpPrecision p);
uint64_t softfp_sub(Softfp *fp, uint64_t a, uint64_t b, SoftfpPrecision p);
uint64_t softfp_mul(Softfp *fp, uint64_t a, uint64_t c, SoftfpPrecision p);
uint64_t softfp_div(Softfp *fp, uint64_t a, uint64_t b, SoftfpPrecision p);
uint64_t softfp_sqrt(Softfp *fp, uint64_t b, SoftfpPrecision p);

/* a * c ± b, rounded once; then the sign of a result that is not a NaN is turned round when asked
 * for. */
enum { SOFTFP_NEGATE_B = 1, SOFTFP_NEGATE_RESULT = 2 };
uint64_t softfp_fma(Softfp *fp, uint64_t a, uint64_t c, uint64_t b, unsigned negate, SoftfpPrecision p);

/* frsp: unlike arithmetic it cuts the payload of a NaN to what single format holds. */
uint64_t softfp_round_to_single(Softfp *fp, uint64_t b);

/* To a signed 32-bit integer by rounding mode `round`; VXCVI and the nearest end (NaN: the lowest)
 * if it has none. */
int32_t softfp_to_int32(Softfp *fp, uint64_t b, unsigned round);

/* word * 2^scale, exact; scale from -1022 to 992. */
uint64_t softfp_from_integer(uint32_t word, int scale);

/* FPCC nibble: 8 less, 4 greater, 2 equal, 1 unordered.  VXSNAN, and when ordered VXVC too (never
 * masked: as VE = 0). */
unsigned softfp_compare(Softfp *fp, uint64_t a, uint64_t b, bool ordered);

/* FPRF of a result (Power ISA 2.06 Book I Figure 40), placed at FPSCR[15:19]. */
uint32_t softfp_class(uint64_t v, SoftfpPrecision p);

/* Formats in memory (Power ISA 2.06 Book I §4.6.2, §4.6.3): no rounding, no exception, signalling
 * NaNs stay. */
uint64_t softfp_from_single(uint32_t word);
uint32_t softfp_to_single(uint64_t v);

static inline bool softfp_is_nan(uint64_t v)
{
    return (v & ~SOFTFP_SIGN) > SOFTFP_INFINITY;
}

static inline bool softfp_is_snan(uint64_t v)
{
    return softfp_is_nan(v) && !(v & SOFTFP_QUIET);
}
