// SPDX-License-Identifier: Apache-2.0
// The admin REST API (easegress-behaviour section 5.4), on threads of its own.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "base/json.h"
#include "base/log.h"
#include "base/result.h"

namespace sluice::control {
class Controller;
}

namespace sluice::admin {

struct Options {
  std::string address;      // host:port, loopback only
  std::string member_name;  // --name
  std::string log_file;     // the process log, for GET /logs; "" if it goes to standard error
  Json start_options;       // for GET /status/members
};

class Api {
 public:
  // Listens and serves until destroyed. Error `invalid` for an address that is not loopback (TLS
  // and credentials are needed there), `unavailable` if it cannot be bound. `controller` outlives
  // it.
  [[nodiscard]] static Result<std::unique_ptr<Api>> start(Options options, Logger logger,
                                                          control::Controller& controller);
  virtual ~Api() = default;
  [[nodiscard]] virtual int port() const = 0;
};

}  // namespace sluice::admin
