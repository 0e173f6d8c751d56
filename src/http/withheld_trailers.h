// SPDX-License-Identifier: Apache-2.0
// Withheld trailers: fields that the gateway sets or removes do not come in as trailers. A peer
// that merges trailers into the head would take the sender's field for the gateway's. Names compare
// as in http/field_twins.h. Core-bound, as the body.
#pragma once

#include <string_view>

#include "http/field_twins.h"
#include "http/message.h"

namespace sluice::http {

// False for a body without trailers that is whole: most bodies.
[[nodiscard]] inline bool may_bring_trailers(const Body& body) {
  return body.is_stream() || body.trailers() != nullptr;
}

// Removes these fields and their twins from the trailers of `body`, of a stream once they come.
void withhold_trailers(Body& body, const FieldTwins& names);
// The same, for the names of `fields`.
void withhold_trailers(Body& body, const Headers& fields);
void withhold_trailer(Body& body, std::string_view name);
void withhold_all_trailers(Body& body);

// For a filter that sets or removes a field of a request, before it does: removes the twins of the
// field, and withholds it from the trailers.
void claim_field(Request& request, std::string_view name);
// Puts `fields` in the place of all that `headers`, the head before `body`, has. Withholds both.
void replace_fields(Headers& headers, Body& body, Headers fields);

}  // namespace sluice::http
