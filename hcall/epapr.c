/* SPDX-License-Identifier: MIT
 *
 * ePAPR's own services (vendor 1; ePAPR 1.1 §7).
 */
#include "hcall/hcall.h"

/* The wait itself is the accelerator's, with the completion of the exit; it ends as `wait` does. */
EvStatus hcall_EV_IDLE(Hcall *call)
{
    call->idle = true;
    return EV_SUCCESS;
}
