// SPDX-License-Identifier: Apache-2.0
// Secrets of a spec (`.secret` in its field list, `writeOnly` in its schema) stay with those who
// may see them: redact() takes them out of what is shown, restore() puts them back into what is
// sent.
#pragma once

#include <functional>
#include <string>

#include "base/json.h"
#include "config/faults.h"
#include "config/value.h"

namespace sluice::config {

// For a map whose schema says nothing of its members: the one they have by their `kind`, or null.
using SchemaOfKind = std::function<Json(const std::string& kind)>;

// Every secret that is not empty becomes kRedacted, and so do the credentials in every URL.
void redact(Json& spec, const Json& schema, const SchemaOfKind& of_kind);

// Every secret of `document` that says kRedacted becomes what `stored` (the same object, null if
// there is none) has there; members of lists are the same if their names are. Faults: `path: says
// "<redacted>", and …` where `stored` has none. A URL gets its credentials back only for the same
// host.
void restore(Value& document, const Json& stored, const Json& schema, const SchemaOfKind& of_kind,
             Faults& faults);

}  // namespace sluice::config
