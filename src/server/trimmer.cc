// SPDX-License-Identifier: Apache-2.0
#include "server/trimmer.h"

#include <malloc.h>

#include "loop/urgency.h"

namespace sluice::server {

Trimmer::~Trimmer() {
  state_.store(State::end);
  state_.notify_one();
  thread_.join();
}

void Trimmer::ask() {
  State expected = State::nothing;
  if (state_.compare_exchange_strong(expected, State::asked)) state_.notify_one();
}

void Trimmer::run() {
  loop::work_in_background();
  while (true) {
    state_.wait(State::nothing);
    State expected = State::asked;
    if (!state_.compare_exchange_strong(expected, State::nothing)) return;
    ::malloc_trim(0);
  }
}

}  // namespace sluice::server
