/* SPDX-License-Identifier: MIT
 * EV_BYTE_CHANNEL_…, on the first channel of the tree, which may be the console. */
#include "suite.h"

#define NONE 0x7ffffff0u

void check_byte_channels(void)
{
    const uint32_t *handle = cells(fdt_next_with(-1, "compatible", "epapr,hv-byte-channel"), "hv-handle", 1);
    uint32_t out[8];

    if (!handle)
        return;
    const uint32_t h = *handle;
    if (succeeds(CALL_EV_BYTE_CHANNEL_SEND, "no byte", IN(h, 0), out))
        check(CALL_EV_BYTE_CHANNEL_SEND, VALID, "no byte: none accepted", out[0] == 0);
    uint32_t status = ask(CALL_EV_BYTE_CHANNEL_SEND, IN(h, 1, '\n' << 24), out);
    check(CALL_EV_BYTE_CHANNEL_SEND, VALID, "a byte is accepted, or EV_EAGAIN and none",
          (status == EV_SUCCESS && out[0] == 1) || (status == EV_EAGAIN && out[0] == 0));
    same_outputs(CALL_EV_BYTE_CHANNEL_SEND, IN(h, 0));
    fails(CALL_EV_BYTE_CHANNEL_SEND, "a handle that is none", IN(NONE, 1), EV_EINVAL);
    fails(CALL_EV_BYTE_CHANNEL_SEND, "17 bytes", IN(h, 17), EV_EINVAL);
    fails(CALL_EV_BYTE_CHANNEL_SEND, "2^32 - 1 bytes", IN(h, 0xffffffff), EV_EINVAL);

    if (succeeds(CALL_EV_BYTE_CHANNEL_RECEIVE, "no byte", IN(h, 0), out))
        check(CALL_EV_BYTE_CHANNEL_RECEIVE, VALID, "no byte: none came", out[0] == 0);
    if (succeeds(CALL_EV_BYTE_CHANNEL_RECEIVE, "more than fit are 16 at most", IN(h, 1000), out))
        check(CALL_EV_BYTE_CHANNEL_RECEIVE, VALID, "16 at most", out[0] <= 16);
    same_outputs(CALL_EV_BYTE_CHANNEL_RECEIVE, IN(h, 0));
    fails(CALL_EV_BYTE_CHANNEL_RECEIVE, "a handle that is none", IN(NONE, 1), EV_EINVAL);

    succeeds(CALL_EV_BYTE_CHANNEL_POLL, "a channel", IN(h), out);
    ask(CALL_EV_BYTE_CHANNEL_POLL, IN(h), out);
    check(CALL_EV_BYTE_CHANNEL_POLL, OUTPUTS, "are counts", out[0] < 1 << 24 && out[1] < 1 << 24);
    fails(CALL_EV_BYTE_CHANNEL_POLL, "a handle that is none", IN(NONE), EV_EINVAL);
}
