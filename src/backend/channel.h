// SPDX-License-Identifier: Apache-2.0
// Channel: one exchange with a backend, over any version of HTTP. Core-bound.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "backend/blame.h"
#include "base/result.h"
#include "base/time.h"
#include "http/destination.h"
#include "http/interim.h"
#include "http/message.h"
#include "loop/task.h"

namespace sluice {
class MemoryHolder;
}

namespace sluice::backend {

// The known fate of a failed request.
enum class Fate {
  unknown,      // the backend may have acted on it
  unanswered,   // a kept connection ended before any byte of the answer (RFC 9112 section 9.3.1)
  unprocessed,  // the backend reported that it did not process it (RFC 9113 section 8.7)
};

class Channel {
 public:
  Channel() = default;
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  // Cancels an unfinished exchange. Keeps its connection for others if possible.
  virtual ~Channel() = default;

  // Sends the request to the backend at `to` and reads the head of the response. A large or
  // streamed request body may still be in transit on return; sending continues while the Channel
  // lives. A streamed body is taken from the request. A whole body must stay unchanged unless
  // `keep_body` copies it. Interim responses go to `interim`, which outlives this call; null drops
  // them. The Failure names the stage; blame_of() tells the side at fault.
  [[nodiscard]] virtual Task<Outcome<void>> start(http::Request& request,
                                                  const http::Destination& to, bool keep_body,
                                                  http::Response& response,
                                                  http::InterimSink* interim) = 0;
  // The next bytes of the response body, valid until the next call; empty at the end.
  [[nodiscard]] virtual Task<Outcome<std::string_view>> read_body() = 0;

  // Appends to `out` the bytes of the response body that have arrived. Never waits. True at the end
  // of the body.
  [[nodiscard]] virtual Outcome<bool> take_ready(std::string& out) = 0;

  // The trailers, after read_body() or take_ready() reached the end; null if there are none.
  [[nodiscard]] virtual std::unique_ptr<http::Headers> take_trailers() = 0;

  // Requires: start() has returned.
  [[nodiscard]] virtual bool has_body() const = 0;
  // Returns the announced length of the body; nullopt if there is none.
  [[nodiscard]] virtual std::optional<std::uint64_t> content_length() const = 0;
  // True if the backend can refuse the request unprocessed.
  [[nodiscard]] virtual bool may_be_refused() const = 0;
  // Requires: start() has failed.
  [[nodiscard]] virtual Fate fate(const Failure& failure) const = 0;

  // The deadline of start() and read_body(), which then fail with `timed_out`; TimePoint::max():
  // none. The time spent waiting for the client moves it, because that is not the backend's.
  virtual void set_deadline(TimePoint when) = 0;
  // Before start(): the holder charged for unread bytes of the response; null: no charge.
  virtual void charge_to(std::shared_ptr<MemoryHolder>) {}
  // The time spent waiting for the client's bytes since start().
  [[nodiscard]] virtual Duration client_time() const = 0;
};

}  // namespace sluice::backend
