// SPDX-License-Identifier: Apache-2.0
#include "backend/h2_server.h"

#include <utility>

namespace sluice::backend {

// A waiting request.
struct H2Server::Place : loop::WaitList::Wait {
  using Wait::Wait;
  News news;  // set when it is notified
};

Task<Outcome<void>> H2Server::wait(TimePoint deadline) {
  const auto self = shared_from_this();
  Place place(waiting_, deadline);
  co_await place;
  if (place.news) co_return std::unexpected(*place.news);
  co_return Outcome<void>();
}

// Resumes the waiters from the loop, because the caller may be about to be destroyed.
void H2Server::over(const News& news) {
  --coming_;
  if (news && coming_ > 0) return;
  for (Place* place = waiting_.first(); place != nullptr; place = waiting_.next(*place))
    place->news = news;
  waiting_.notify_all();
}

}  // namespace sluice::backend
