/* SPDX-License-Identifier: MIT
 *
 * Where a guest's instructions go: samples of the program counter and of the calls that led there, each distinct stack counted once.
 * An accelerator takes a sample of each vCPU every profile_interval() instructions that it executes, so two runs of the same instructions
 * have the same profile.  What a guest does is unchanged by it.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "cpu/e500/state.h"

enum {
    PROFILE_CALLERS = 30,     /* of one stack, at most */
    PROFILE_STACKS = 1 << 16, /* different ones that are kept; of further ones only how many samples there were is known */
};

/* Frames as the PowerPC ABI lays them out: the back chain at 0(r1), the return address above it.  Addresses are effective. */
typedef struct ProfileStack {
    bool user;                  /* MSR[PR] */
    unsigned n;                 /* callers */
    Ea pc, lr;                  /* LR is the caller's where this function has no frame yet, and where it is a leaf */
    Ea caller[PROFILE_CALLERS]; /* return addresses in frames, the innermost first */
} ProfileStack;

typedef struct Profile Profile;

Profile *profile_new(uint64_t interval /* instructions, of one vCPU */);
void profile_free(Profile *profile); /* NULL: nothing */
uint64_t profile_interval(const Profile *profile);
void profile_add(Profile *profile, const ProfileStack *stack); /* any thread */

/* Once no vCPU executes. */
void profile_each(Profile *profile, void (*fn)(void *opaque, const ProfileStack *stack, uint64_t samples), void *opaque);
uint64_t profile_samples(const Profile *profile); /* in all */
uint64_t profile_dropped(const Profile *profile); /* of them, those of stacks that were not kept */
