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

namespace sluice::backend {

// Owns the channel until the end of the body; so long the exchange is in flight.
class ResponseBody final : public http::BodyReader {
 public:
  ResponseBody(std::unique_ptr<Channel> channel, std::shared_ptr<ServerState> state, unsigned core)
      : state_(std::move(state)),
        in_flight_(std::in_place, *state_, core),
        channel_(std::move(channel)) {}
  Task<Result<std::string_view>> read() override;
  std::unique_ptr<http::Headers> take_trailers() override { return std::move(trailers_); }

 private:
  std::shared_ptr<ServerState> state_;
  std::optional<InFlight> in_flight_;
  std::unique_ptr<Channel> channel_;  // null: the end was read
  std::unique_ptr<http::Headers> trailers_;
};

// The body that a response to HEAD does not have, but announces.
class AnnouncedBody final : public http::BodyReader {
 public:
  Task<Result<std::string_view>> read() override { co_return std::string_view(); }
};

// Reads the body whole. `too_large` beyond `bytes_max`.
[[nodiscard]] Task<Outcome<std::string>> read_whole(Channel& channel, std::uint64_t bytes_max);

}  // namespace sluice::backend
