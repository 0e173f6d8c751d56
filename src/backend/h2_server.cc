// SPDX-License-Identifier: Apache-2.0
#include "backend/h2_server.h"

#include <utility>

namespace sluice::backend {

// A waiting request.
struct H2Server::StreamWait : loop::WaitList::Wait {
  using Wait::Wait;
  SetUpNews news;  // set when it is notified
};

Task<Outcome<void>> H2Server::wait(TimePoint deadline) {
  const auto self = shared_from_this();
  StreamWait stream(waiting_, deadline);
  co_await stream;
  if (stream.news) co_return std::unexpected(*stream.news);
  co_return Outcome<void>();
}

// Resumes the waiters from the loop, because the caller may be about to be destroyed.
void H2Server::over(const SetUpNews& news) {
  --coming_;
  if (news && coming_ > 0) return;
  for (StreamWait* stream = waiting_.first(); stream != nullptr; stream = waiting_.next(*stream))
    stream->news = news;
  waiting_.notify_all();
}

}  // namespace sluice::backend
