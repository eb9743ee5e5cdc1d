/* SPDX-License-Identifier: MIT
 *
 * Built without liburing: threads carry out all requests.
 */
#include "platform/block/aio.h"

Uring *uring_new(const AioClient *client, Workers *others, GError **error)
{
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOSYS, "this program was built without liburing");
    return NULL;
}

void uring_submit(Uring *uring, BlockRequest *request)
{
    g_assert_not_reached();
}

void uring_free(Uring *uring) {}
