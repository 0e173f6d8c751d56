// SPDX-License-Identifier: Apache-2.0
// Fields that a backend may take for others. CGI, WSGI, PHP and their like make one variable of
// X-Real-Ip and X_Real_Ip (RFC 9110 section 17.10): what a gateway writes under the one name,
// anybody could write under the other. Immutable once built; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/headers.h"

namespace sluice::http {

class FieldTwins {
 public:
  // Knows no names: removes nothing.
  FieldTwins() = default;
  // X-Forwarded-*, X-Real-Ip, X-Request-Id and what describes or frames a message; a name without
  // a hyphen has no twin.
  [[nodiscard]] static FieldTwins of_gateway();
  void add(std::string_view name);
  // Removes every field whose name differs from a known one, and reads like it where only letters
  // and digits count, but for those named `but`. Returns how many. Costs one look at each name if
  // all have but letters, digits and hyphens.
  std::size_t remove_from(Headers& headers, std::string_view but = "") const;
  // Removes every field that has a known name, or a twin of it: trailers, which nobody sets.
  void remove_with_twins(Headers& headers) const;
  [[nodiscard]] bool empty() const { return names_.empty(); }

 private:
  [[nodiscard]] bool is_twin(std::string_view name) const;

  bool forwarding_ = false;         // every X-Forwarded-* is known
  std::vector<std::string> names_;  // in small letters, '-' for what is no letter or digit
};

// Removes the twins of one name, which is set or removed by somebody who means all of it.
std::size_t remove_twins(Headers& headers, std::string_view name);

}  // namespace sluice::http
