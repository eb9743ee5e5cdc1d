/* SPDX-License-Identifier: MIT
 *
 * -netdev user in a program that was built without libslirp.
 */
#include "platform/net/priv.h"

const NetKind net_user = {
    .name = "user",
    .absent = "this build has no user networking: libslirp-dev was missing",
};
