// SPDX-License-Identifier: Apache-2.0
#include "server/overload_notes.h"

#include <chrono>
#include <utility>

namespace sluice::server {

std::optional<std::string> OverloadNotes::tick(TimePoint now, const OverloadSums& sums,
                                               const HttpServerSpec& spec) {
  const std::uint64_t before = std::exchange(shed_, sums.shed);
  const std::string name = "HTTPServer " + spec.name;
  if (sums.shed > before) {
    last_at_ = now;
    if (std::exchange(shedding_, true)) return std::nullopt;
    began_at_ = now;
    shed_before_ = before;
    return name + " is overloaded: a request waited " +
           std::to_string(sums.delay_us /
                          std::chrono::microseconds(std::chrono::milliseconds(1)).count()) +
           " ms for its core (overload.target is " + format_duration(spec.overload.target) +
           "); late requests of unknown users get 503";
  }
  if (!shedding_ || now - last_at_ < kCalm) return std::nullopt;
  shedding_ = false;
  const auto lasted = std::chrono::ceil<std::chrono::seconds>(last_at_ - began_at_).count() + 1;
  return name + " is no longer overloaded: " + std::to_string(sums.shed - shed_before_) +
         " requests got 503 in " + std::to_string(lasted) + " s";
}

}  // namespace sluice::server
