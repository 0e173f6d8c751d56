// SPDX-License-Identifier: Apache-2.0
// Twins: fields that a backend may confuse with each other. CGI, WSGI and PHP map X-Real-Ip and
// X_Real_Ip to one variable (RFC 9110 section 17.10): a client could forge the gateway's field
// under the other name. Immutable once built; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/headers.h"

namespace sluice::http {

// True if the name consists of letters, digits and hyphens: it has no twin among such names.
[[nodiscard]] bool is_plain_name(std::string_view name);
// The twin in lower case that is such a name.
[[nodiscard]] std::string plain_name(std::string_view name);

class FieldTwins {
 public:
  // Has no names: removes nothing.
  FieldTwins() = default;
  // The names X-Forwarded-*, X-Real-Ip and X-Request-Id, and the fields that describe or frame a
  // message. A name without a hyphen has no twin.
  [[nodiscard]] static FieldTwins of_gateway();
  // Adds a name that the gateway sets or reads.
  void add(std::string_view name);
  // Adds all names of `other`.
  void add(const FieldTwins& other);
  // Removes every field, except those named `but`, whose name differs from a known one but has the
  // same letters and digits, every other character counting as a hyphen. Returns how many. Costs
  // one look at each name if all consist of letters, digits and hyphens.
  std::size_t remove_from(Headers& headers, std::string_view but = "") const;
  // Removes every field with a known name or a twin of it. For trailers, which the gateway never
  // sets (http/withheld_trailers.h).
  void remove_with_twins(Headers& headers) const;
  [[nodiscard]] bool empty() const { return names_.empty(); }
  [[nodiscard]] std::size_t size() const { return names_.size(); }

 private:
  [[nodiscard]] bool is_twin(std::string_view name) const;
  void add_plain(std::string name);

  bool forwarding_ = false;         // every X-Forwarded-* is known
  std::vector<std::string> names_;  // lower case; '-' for characters other than letters and digits
};

// True if no field has a name that may be a twin: most messages.
[[nodiscard]] bool has_plain_names_only(const Headers& headers);
// Removes the twins of one name. For callers that set or remove the field.
std::size_t remove_twins(Headers& headers, std::string_view name);

}  // namespace sluice::http
