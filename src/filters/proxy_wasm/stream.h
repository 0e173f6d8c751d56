// SPDX-License-Identifier: Apache-2.0
// Stream: the state of one exchange in a guest, whose context has the same number. Core-bound. The
// guest may outlive the exchange: then the messages are out of its reach.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "http/field_twins.h"
#include "http/made_bytes.h"
#include "http/message.h"
#include "loop/event.h"
#include "pipeline/exchange.h"

namespace sluice::filters::proxy_wasm {

// The response of the guest itself.
struct LocalResponse {
  int status = 200;
  http::Headers headers{};
  http::MadeBytes body{};
  http::Cause cause = http::Cause::none;
};

// Bytes that a guest sees and may replace.
struct EditedBytes {
  std::string_view seen;  // of the host: see Shown
  std::optional<http::MadeBytes> made{};
  [[nodiscard]] std::string_view text() const { return made ? made->text() : seen; }
};

// The names of fields that a guest has set or removed in a message that may bring trailers.
class ClaimedNames {
 public:
  // False: too many, or too long together.
  [[nodiscard]] bool add(std::string_view name);

 private:
  http::FieldTwins names_;
  std::size_t bytes_ = 0;
};

// Shows bytes to the guest, at a place in its Stream, for as long as this and the stream are there.
// A callback may run on for longer than the host keeps the bytes.
class Shown {
 public:
  Shown(std::optional<EditedBytes>& place, std::string_view bytes) : place_(place) {
    place_ = EditedBytes{bytes};
  }
  Shown(const Shown&) = delete;
  Shown& operator=(const Shown&) = delete;
  ~Shown() { place_.reset(); }

 private:
  std::optional<EditedBytes>& place_;
};

struct Stream {
  Stream(loop::EventLoop& loop, std::uint32_t its_id) : id(its_id), news(loop) {}

  // The exchange is gone, or its response has left: keeps what proxy_on_log may read.
  void part(bool keep_heads);
  // The direction that a guest may pause, and resume with proxy_continue_stream.
  [[nodiscard]] bool& resumed(bool response) {
    return response ? response_resumed : request_resumed;
  }

  std::uint32_t id;  // 0: the context is not made yet
  const TimePoint began = Clock::now();
  const std::chrono::system_clock::time_point began_at = std::chrono::system_clock::now();
  pipeline::Exchange* exchange = nullptr;  // null: out of reach
  std::shared_ptr<MemoryHolder> memory;    // of the client's connection; null: no limit
  bool request_open = false;               // the guest may change the request, and answer it
  bool response_open = false;
  bool request_resumed = false;
  bool response_resumed = false;
  bool closed = false;       // the host needs the context no more: the guest is told, or will be
  bool done_called = false;  // proxy_done, once that was so
  bool parked = false;       // the guest needs it until it calls proxy_done
  bool leaving = false;      // its last callbacks have been asked for
  bool lost = false;         // the VM that had the context is gone
  // A body that the guest made had no room: the exchange fails. The guest hears nothing of it, as
  // one that gives up would take other exchanges along.
  bool short_of_memory = false;
  std::optional<EditedBytes> request_body{};  // during its callback: see Shown
  std::optional<EditedBytes> response_body{};
  std::unique_ptr<http::Headers> request_trailers;
  std::unique_ptr<http::Headers> response_trailers;
  ClaimedNames request_claims;
  ClaimedNames response_claims;
  std::optional<LocalResponse> local{};
  std::optional<http::Request> past_request{};  // heads, for proxy_on_log
  std::optional<http::Response> past_response{};
  std::map<std::string, std::string, std::less<>> properties;
  std::size_t property_bytes = 0;
  unsigned calls = 0;  // under way
  loop::Event news;    // resumed, answered or lost
};

}  // namespace sluice::filters::proxy_wasm
