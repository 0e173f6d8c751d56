// SPDX-License-Identifier: Apache-2.0
#include "admin/live/reader.h"

#include <utility>

#include "loop/event.h"

namespace sluice::admin {
namespace {

class LiveReader final : public http::BodyReader {
 public:
  LiveReader(loop::EventLoop& loop, std::shared_ptr<LiveFeed> feed,
             std::shared_ptr<CallerSlots::Slot> slot, LiveBegin begin)
      : feed_(std::move(feed)),
        slot_(std::move(slot)),
        number_(begin.number),
        piece_(std::move(begin.text)),
        news_(std::make_shared<News>(loop)),
        follower_(*feed_, [news = news_] { news->tell(); }) {}

  Task<Result<std::string_view>> read() override {
    if (!std::exchange(begun_, true)) co_return std::string_view(*piece_);
    while (true) {
      auto next = feed_->get(number_ + 1);
      if (!next) co_return std::unexpected(std::move(next).error());
      if (*next) {
        ++number_;
        piece_ = *std::move(next);
        co_return std::string_view(*piece_);
      }
      co_await news_->event.wait();
    }
  }

 private:
  // Apart from the reader, which may be destroyed before the loop hears of the last event.
  struct News : std::enable_shared_from_this<News> {
    explicit News(loop::EventLoop& its_loop) : loop(its_loop), event(its_loop) {}
    void tell() {
      loop.post([self = shared_from_this()] { self->event.notify_now(); });
    }
    loop::EventLoop& loop;
    loop::Event event;  // used on the loop only
  };

  const std::shared_ptr<LiveFeed> feed_;
  const std::shared_ptr<CallerSlots::Slot> slot_;
  std::uint64_t number_;
  LiveFeed::Text piece_;
  const std::shared_ptr<News> news_;
  bool begun_ = false;
  const LiveFeed::Follower follower_;  // its end is the first: the loop may be gone after it
};

}  // namespace

std::unique_ptr<http::BodyReader> read_live(loop::EventLoop& loop, std::shared_ptr<LiveFeed> feed,
                                            std::shared_ptr<CallerSlots::Slot> slot,
                                            LiveBegin begin) {
  return std::make_unique<LiveReader>(loop, std::move(feed), std::move(slot), std::move(begin));
}

}  // namespace sluice::admin
