// SPDX-License-Identifier: Apache-2.0
// How soon the kernel lets a thread run when it has something to do. Takes no privilege; a kernel
// that does not know a wish (slices came with Linux 6.12) goes on as without it.
#pragma once

namespace sluice::loop {

// The calling thread works in short pieces that somebody waits for: it asks for short time slices,
// so that it is chosen soon after it wakes (sched_setattr(2), sched_runtime of SCHED_OTHER).
void work_soon();
// The calling thread works in long pieces that nobody's request waits for (SCHED_BATCH, nice 10).
void work_in_background();

}  // namespace sluice::loop
