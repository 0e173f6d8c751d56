// SPDX-License-Identifier: Apache-2.0
// Trailers: fields that follow the content of a message (RFC 9110 section 6.5). They are kept apart
// from the header fields.
#pragma once

#include <memory>
#include <string_view>

#include "http/headers.h"

namespace sluice::http {

// Returns false for fields that must be known before the content, or that say where a message goes
// and from whom it is: framing, routing, authentication, request modifiers, response controls,
// content format (section 6.5.1), cookies and traces. Also false for the twins of these names
// (http/field_twins.h).
[[nodiscard]] bool may_be_trailer(std::string_view name);
// Adds a field unless it must not be a trailer. Creates `trailers` if it is null.
void add_trailer(std::unique_ptr<Headers>& trailers, std::string_view name, std::string_view value);
// True if the value of a TE field contains "trailers" (section 10.1.4).
[[nodiscard]] bool wants_trailers(std::string_view te);

}  // namespace sluice::http
