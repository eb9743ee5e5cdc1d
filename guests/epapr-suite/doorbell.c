/* SPDX-License-Identifier: MIT
 * EV_DOORBELL_SEND. */
#include "suite.h"

void check_doorbells(void)
{
}
