// SPDX-License-Identifier: Apache-2.0
// Channel: one exchange with a backend, over whichever version of HTTP. Core-bound.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "backend/blame.h"
#include "base/result.h"
#include "base/time.h"
#include "http/interim.h"
#include "http/message.h"
#include "loop/task.h"

namespace sluice {
class MemoryHolder;
}

namespace sluice::backend {

// What a request says to a backend in place of its own.
struct Target {
  std::string_view host;  // empty: the request's
  std::string_view path;  // goes before the request's path
};

// What is known of a request that failed.
enum class Fate {
  unknown,      // the backend may have acted on it
  unanswered,   // a kept connection ended before any of the answer came (RFC 9112 section 9.3.1)
  unprocessed,  // the backend said that it has not looked at it (RFC 9113 section 8.7)
};

class Channel {
 public:
  Channel() = default;
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  // Gives up an exchange that is not over. What it used is kept for others if that is possible.
  virtual ~Channel() = default;

  // Sends the request and reads the head of the response. A large or streamed request body is still
  // being sent when this returns; that goes on as long as the Channel lives. A streamed one is
  // taken from the request; a whole one must stay as it is unless `keep_body` copies it.
  // Interim responses go to `interim`, which outlives this call; null: nowhere.
  [[nodiscard]] virtual Task<Outcome<void>> start(http::Request& request, const Target& target,
                                                  bool keep_body, http::Response& response,
                                                  http::InterimSink* interim) = 0;
  // The next bytes of the response body, valid until the next call; empty at the end.
  [[nodiscard]] virtual Task<Outcome<std::string_view>> read_body() = 0;

  // Appends to `out` what has come of the response body already; never waits. True: that was all.
  [[nodiscard]] virtual Outcome<bool> take_ready(std::string& out) = 0;

  // Once read_body() or take_ready() has given the end: what followed; null: nothing.
  [[nodiscard]] virtual std::unique_ptr<http::Headers> take_trailers() = 0;

  // After start().
  [[nodiscard]] virtual bool has_body() const = 0;
  [[nodiscard]] virtual std::optional<std::uint64_t> content_length() const = 0;
  // The backend may say that it does not look at the request.
  [[nodiscard]] virtual bool may_be_refused() const = 0;
  // After a failure of start().
  [[nodiscard]] virtual Fate fate(const Failure& failure) const = 0;

  // Of start() and read_body(), which fail with `timed_out` then; TimePoint::max(): none. It moves
  // by the time that the client is waited for: that is not the backend's.
  virtual void set_deadline(TimePoint when) = 0;
  // Before start(): who is charged for what has come of the response and is not read; null: nobody.
  virtual void charge_to(std::shared_ptr<MemoryHolder>) {}
  // How long the client's bytes have been waited for since start() was called.
  [[nodiscard]] virtual Duration client_time() const = 0;
};

}  // namespace sluice::backend
