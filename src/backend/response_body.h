// SPDX-License-Identifier: Apache-2.0
// Readers for the bodies of backends' responses.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "backend/channel.h"
#include "backend/server_state.h"
#include "http/body.h"
#include "http/body_memory.h"

namespace sluice::backend {

// Hears how a response ended that was streamed.
class BodyObserver : public std::enable_shared_from_this<BodyObserver> {
 public:
  virtual ~BodyObserver() = default;
  // Once, on the core of the exchange: null if it came whole. Not at all if it was given up.
  virtual void body_ended(std::size_t server, unsigned core, const Failure* failure) const = 0;
};

// Owns the channel until the end of the body; so long the exchange is in flight.
class ResponseBody final : public http::BodyReader {
 public:
  struct Origin {
    std::size_t server = 0;
    std::shared_ptr<ServerState> state;
    unsigned core = 0;
    std::shared_ptr<const BodyObserver> observer;  // may be null
    std::optional<http::BodyCharge> charge;        // for the buffer of the channel
  };
  // `first`: of the body, taken from the channel already.
  ResponseBody(std::unique_ptr<Channel> channel, std::string first, Origin origin)
      : origin_(std::move(origin)),
        in_flight_(std::in_place, *origin_.state, origin_.core),
        channel_(std::move(channel)),
        first_(std::move(first)) {}
  Task<Result<std::string_view>> read() override;
  std::unique_ptr<http::Headers> take_trailers() override { return std::move(trailers_); }

 private:
  void report(const Failure* failure);

  Origin origin_;
  std::optional<InFlight> in_flight_;
  std::unique_ptr<Channel> channel_;  // null: the end was read
  std::string first_;
  bool begun_ = false;
  std::unique_ptr<http::Headers> trailers_;
};

// The body that a response to HEAD does not have, but announces.
class AnnouncedBody final : public http::BodyReader {
 public:
  Task<Result<std::string_view>> read() override { co_return std::string_view(); }
};

struct WholeBody {
  std::string bytes;
  bool complete = true;                      // false: the rest is to be streamed
  std::shared_ptr<http::BodyCharge> charge;  // null: too small to be charged
};

// Reads the body whole, as far as `memory` (null: not charged) holds it. `too_large` beyond
// `bytes_max`.
[[nodiscard]] Task<Outcome<WholeBody>> read_whole(Channel& channel, std::uint64_t bytes_max,
                                                  std::shared_ptr<MemoryHolder> memory);

}  // namespace sluice::backend
