/* SPDX-License-Identifier: MIT
 *
 * The same tests of the arithmetic as built for hosts without a 128-bit integer type.
 */
#define SOFTFP_NO_INT128
#define unit_softfp unit_softfp_narrow
#include "cpu/e500/softfp.c"
#include "tests/unit/softfp_test.c"
