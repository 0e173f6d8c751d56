// SPDX-License-Identifier: Apache-2.0
#include "admin/threads.h"

#include <memory>
#include <utility>

#include "loop/event.h"

namespace sluice::admin {

Task<void> Threads::run(WorkClass kind, std::function<void()> work) {
  const auto done = std::make_shared<loop::Event>(loop_);
  control::Crew& crew = kind == WorkClass::quick   ? quick_
                        : kind == WorkClass::login ? login_
                                                   : any_;
  const bool accepted = crew.run([this, done, work = std::move(work)] {
    work();
    loop_.post([done] { done->notify_now(); });
  });
  if (accepted) co_await done->wait();
}

void Threads::stop() {
  any_.stop();
  quick_.stop();
  login_.stop();
}

}  // namespace sluice::admin
