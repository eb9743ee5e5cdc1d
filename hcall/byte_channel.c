/* SPDX-License-Identifier: MIT
 *
 * Byte channels (ePAPR 1.1 §7.5.3): up to sixteen bytes a call, in four registers, the first byte in the most significant place.
 */
#include "hcall/hcall.h"

enum { BYTES_MAX = 16, WORDS = BYTES_MAX / 4 };

static void words_to_bytes(const uint64_t *words, uint8_t *bytes)
{
    for (unsigned i = 0; i < BYTES_MAX; i++)
        bytes[i] = (uint8_t)(words[i / 4] >> (24 - i % 4 * 8));
}

static void bytes_to_words(const uint8_t *bytes, uint64_t *words)
{
    for (unsigned w = 0; w < WORDS; w++)
        words[w] =
            (uint32_t)bytes[4 * w] << 24 | (uint32_t)bytes[4 * w + 1] << 16 | (uint32_t)bytes[4 * w + 2] << 8 | bytes[4 * w + 3];
}

EvStatus hcall_EV_BYTE_CHANNEL_SEND(Hcall *call)
{
    uint32_t handle = (uint32_t)call->in[0], count = (uint32_t)call->in[1];
    uint8_t bytes[BYTES_MAX];
    unsigned sent;

    if (count > BYTES_MAX)
        return EV_EINVAL;
    words_to_bytes(&call->in[2], bytes);
    if (!call->env->services->byte_channel_send(call->env->opaque, handle, bytes, count, &sent))
        return EV_EINVAL;
    call->out[0] = sent;
    return count && !sent ? EV_EAGAIN : EV_SUCCESS;
}

/* Bytes beyond those that came are zero. */
EvStatus hcall_EV_BYTE_CHANNEL_RECEIVE(Hcall *call)
{
    uint32_t handle = (uint32_t)call->in[0], count = (uint32_t)call->in[1];
    uint8_t bytes[BYTES_MAX] = {0};
    unsigned got;

    if (count > BYTES_MAX)
        count = BYTES_MAX;
    if (!call->env->services->byte_channel_receive(call->env->opaque, handle, bytes, count, &got))
        return EV_EINVAL;
    call->out[0] = got;
    bytes_to_words(bytes, &call->out[1]);
    return EV_SUCCESS;
}

EvStatus hcall_EV_BYTE_CHANNEL_POLL(Hcall *call)
{
    unsigned to_receive, to_send;

    if (!call->env->services->byte_channel_poll(call->env->opaque, (uint32_t)call->in[0], &to_receive, &to_send))
        return EV_EINVAL;
    call->out[0] = to_receive;
    call->out[1] = to_send;
    return EV_SUCCESS;
}
