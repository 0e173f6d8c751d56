// SPDX-License-Identifier: Apache-2.0
#include "backend/h2_server.h"

#include <utility>

namespace sluice::backend {

// A request that waits; in the list until it is told.
struct H2Server::Place {
  explicit Place(H2Server& its_server)
      : server(its_server), position(its_server.waiting_.insert(its_server.waiting_.end(), this)) {}
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() {
    if (listed) server.waiting_.erase(position);
  }
  H2Server& server;
  std::list<Place*>::iterator position;
  bool listed = true;
  net::OneShot<News> news;
};

Task<Outcome<void>> H2Server::wait(TimePoint deadline) {
  const auto self = shared_from_this();
  Place place(*this);
  loop::EventLoop::Timer timer;
  if (deadline != TimePoint::max()) {
    timer = {loop_, deadline, [slot = place.news.slot()] { slot->set(nullptr); }};
  }
  const News news = co_await place.news;
  if (news) co_return std::unexpected(*news);
  co_return Outcome<void>();
}

// They are told from the loop: who calls this may be about to go.
void H2Server::over(const News& news) {
  --coming_;
  if (news && coming_ > 0) return;
  std::vector<std::shared_ptr<net::OneShot<News>::Slot>> told;
  for (Place* place : std::exchange(waiting_, {})) {
    place->listed = false;
    told.push_back(place->news.slot());
  }
  if (told.empty()) return;
  loop_.post([told = std::move(told), news] {
    for (const auto& slot : told) slot->set(news);
  });
}

}  // namespace sluice::backend
