/* SPDX-License-Identifier: MIT
 *
 * SPRs and PMRs as mfspr and its like see them: the checks of spr.def; the result of a read in *value (spr.c).
 */
#pragma once

#include "cpu/e500/core.h"

ExecResult e500_mfspr(E500 *c, unsigned number, E500Spr *value);
ExecResult e500_mtspr(E500 *c, unsigned number, E500Spr value);
ExecResult e500_mfpmr(E500 *c, unsigned number, E500Spr *value);
ExecResult e500_mtpmr(E500 *c, unsigned number, E500Spr value);

/*
 * For a translator: whether to read or write SPR `number` in that state is to move the word s.spr[*slot] and nothing else.  A write changes the
 * bits of *mask.
 */
bool e500_spr_is_plain(const E500Model *model, unsigned number, bool user, bool is_write, E500SprSlot *slot, E500Spr *mask);
