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

// Observes the end of a streamed response.
class BodyObserver : public std::enable_shared_from_this<BodyObserver> {
 public:
  virtual ~BodyObserver() = default;
  // Once, on the core of the exchange. `failure` is null if the body was complete. Not called if
  // the exchange was cancelled.
  virtual void body_ended(std::size_t server, unsigned core, const Failure* failure) const = 0;
};

// Owns the channel until the end of the body. The exchange is in flight until then.
class ResponseBody final : public http::BodyReader {
 public:
  struct Origin {
    std::size_t server = 0;
    std::shared_ptr<ServerState> state;
    unsigned core = 0;
    std::shared_ptr<const BodyObserver> observer;  // may be null
    std::optional<http::BodyCharge> charge;        // for the buffer of the channel
  };
  // `first`: the part of the body already taken from the channel.
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
  std::unique_ptr<Channel> channel_;  // null: the end has been read
  std::string first_;
  bool begun_ = false;
  std::unique_ptr<http::Headers> trailers_;
};

struct WholeBody {
  std::string bytes;
  bool complete = true;                      // false: the rest must be streamed
  std::shared_ptr<http::BodyCharge> charge;  // null: too small for a charge
};

// Reads the whole body, as far as `memory` (null: no charge) allows. `too_large` beyond
// `bytes_max`.
[[nodiscard]] Task<Outcome<WholeBody>> read_whole(Channel& channel, std::uint64_t bytes_max,
                                                  std::shared_ptr<MemoryHolder> memory);

}  // namespace sluice::backend
