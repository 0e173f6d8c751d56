// SPDX-License-Identifier: Apache-2.0
// How soon the kernel runs a thread that has become ready. Needs no privilege. A kernel that does
// not support a request (slices came with Linux 6.12) ignores it. Both functions concern the
// calling thread.
#pragma once

namespace sluice::loop {

// For a thread with short pieces of work on which clients wait: requests short time slices, so that
// the thread runs soon after it wakes (sched_setattr(2), sched_runtime of SCHED_OTHER).
void work_soon();
// For a thread with long pieces of work on which no request waits (SCHED_BATCH, nice 10).
void work_in_background();

}  // namespace sluice::loop
