// SPDX-License-Identifier: Apache-2.0
// Service: serves calls of the API under one set of credentials and one certificate. When they are
// replaced, a new Service follows. A connection ends on the Service on which it began, so that the
// credentials in force at its handshake apply to it.
#pragma once

#include <atomic>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "admin/access.h"
#include "admin/http_library.h"
#include "admin/router.h"
#include "base/log.h"

namespace sluice::admin {

// Any thread.
class Service {
 public:
  // The state that all Services share.
  struct Shared {
    const Router& router;
    const Logger logger;
    const std::function<std::string()> config_version;
    std::atomic<int> streams = 0;
    std::atomic<int> changes = 0;
  };
  // Requires: `shared` outlives this.
  Service(Access access, Shared& shared);
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;
  ~Service() = default;

  // Serves one call, on a thread that may block but that an idle client must not hold. Takes over
  // `descriptor`. `stopping` ends all waiting.
  void serve(int descriptor, const std::atomic<bool>& stopping);
  // Ends streams.
  void stop() { engine_.set_listening(false); }

 private:
  void install();
  [[nodiscard]] std::string describe(const std::exception_ptr& thrown) const;
  void answer(const httplib::Request& request, const std::optional<httplib::ContentReader>& reader,
              httplib::Response& out);
  // Returns the caller, or the response to a caller without valid credentials.
  [[nodiscard]] std::expected<Identity, Response> identify(const httplib::Request& request);
  [[nodiscard]] Response bounded(Response response);
  [[nodiscard]] Response respond(const httplib::Request& request, const Identity& caller,
                                 const std::optional<httplib::ContentReader>& reader) const;

  const Access access_;
  Shared& shared_;
  Engine engine_;
};

}  // namespace sluice::admin
