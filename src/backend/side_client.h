// SPDX-License-Identifier: Apache-2.0
// Side calls: requests of a filter to a service of its own, such as one that knows tokens. They are
// beside the exchange with the client. Redirects are not followed.
//   SideService  what the cores share: where it is, TLS, the state of the server. Immutable.
//   SideClient   the calls of one core, over kept connections. Core-bound.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "backend/client.h"
#include "base/time.h"
#include "http/message.h"
#include "loop/core.h"
#include "loop/task.h"
#include "net/tls/tls_client_context.h"

namespace sluice::backend {

struct SideLimits {
  Duration timeout = std::chrono::seconds(3);  // of a whole call
  std::int64_t body_bytes_max = 64 << 10;      // of a response
  std::uint32_t calls_max = 256;               // under way on a core; more are refused
  // Whatever its method, a request may be sent twice. Without this, one that meets the end of a
  // kept connection fails, unless its method is idempotent.
  bool repeatable = false;
};

class SideService {
 public:
  // `url`: http[s]://host[:port][/path][?query]. `tls`: for https; not null then. Error `invalid`.
  [[nodiscard]] static Result<std::shared_ptr<const SideService>> make(
      std::string_view url, std::shared_ptr<const net::TlsClientContext> tls,
      const SideLimits& limits, unsigned core_count);

  // Path and query of the URL.
  [[nodiscard]] const std::string& target() const { return target_; }
  [[nodiscard]] const SideLimits& limits() const { return limits_; }

 private:
  friend class SideClient;
  SideService() = default;

  std::shared_ptr<const Servers> servers_;  // one
  ServerStates states_;
  ClientOptions options_;
  SideLimits limits_;
  std::string target_;
};

class SideClient {
 public:
  // Requires: `core` outlives this.
  SideClient(const loop::Core& core, std::shared_ptr<const SideService> service);

  // Sends `request` to the URL of the service, and returns the response with its whole body.
  // Errors: `unavailable` (not there, or calls_max), `timed_out`, `too_large`, `closed`, `invalid`.
  [[nodiscard]] Task<Result<http::Response>> call(http::Request request);

 private:
  const std::shared_ptr<const SideService> service_;
  Client client_;
  std::uint32_t calls_ = 0;
};

}  // namespace sluice::backend
