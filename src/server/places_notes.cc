// SPDX-License-Identifier: Apache-2.0
#include "server/places_notes.h"

#include <utility>

namespace sluice::server {

std::optional<std::string> PlacesNotes::tick(TimePoint now, std::uint32_t taken,
                                             const HttpServerSpec& spec) {
  const std::string name = "HTTPServer " + spec.name;
  if (taken >= spec.max_connections) {
    last_at_ = now;
    if (std::exchange(full_, true)) return std::nullopt;
    return name + " has " + std::to_string(taken) +
           " connections, as many as maxConnections allows: further clients wait";
  }
  if (!full_ || now - last_at_ < kCalm) return std::nullopt;
  full_ = false;
  return name + " has room for connections again";
}

}  // namespace sluice::server
