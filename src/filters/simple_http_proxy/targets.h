// SPDX-License-Identifier: Apache-2.0
// Targets: the servers that a forward proxy has reached of late, each with its connections.
// Core-bound.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "backend/client.h"
#include "base/result.h"
#include "filters/simple_http_proxy/destinations.h"
#include "http/message.h"
#include "loop/core.h"

namespace sluice::filters {

// On a core. Beyond it, the target that has had no request for the longest time is forgotten, with
// its idle connections.
inline constexpr std::size_t kTargetsMax = 1024;

// On a core: names that are being looked up. Beyond it, a request to another new name gets 503.
inline constexpr std::size_t kLookUpsMax = 64;

class Targets {
 public:
  // `options`: of every target.
  Targets(const loop::Core& core, std::shared_ptr<const Destinations> allowed,
          backend::ClientOptions options);
  Targets(const Targets&) = delete;
  Targets& operator=(const Targets&) = delete;

  // The client of the server that the request names by its scheme and host. Errors: `invalid` (it
  // names none), `forbidden`.
  [[nodiscard]] Result<std::shared_ptr<backend::Client>> find(const http::Request& request);
  [[nodiscard]] std::size_t size() const { return used_.size(); }

 private:
  struct Target {
    std::string key;  // "http://shop.example:80"
    std::shared_ptr<backend::Client> client;
  };
  using Used = std::list<Target>;  // the last used first
  [[nodiscard]] std::shared_ptr<backend::Client> make(const backend::Server& server,
                                                      Destinations::Grant grant) const;

  const loop::Core& core_;
  const std::shared_ptr<const Destinations> allowed_;
  const backend::ClientOptions options_;
  Used used_;
  std::unordered_map<std::string_view, Used::iterator> by_key_;  // the keys are those in used_
};

}  // namespace sluice::filters
