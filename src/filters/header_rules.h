// SPDX-License-Identifier: Apache-2.0
// Which header fields a spec or a template may set. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::filters {

// Returns nullopt if the field may be set, else the reason.
[[nodiscard]] std::optional<std::string> header_fault(std::string_view name);
[[nodiscard]] std::optional<std::string> header_fault(std::string_view name,
                                                      std::string_view value);

// The same, for a field that a filter owns: its values are those of the filter alone. Refuses Host
// and Content-Length, which have a place of their own.
[[nodiscard]] std::optional<std::string> own_header_fault(std::string_view name);

// The same as header_fault(), for a value that a template has made: the next server must read it as
// it is.
[[nodiscard]] std::optional<std::string> made_header_fault(std::string_view name,
                                                           std::string_view value);

}  // namespace sluice::filters
