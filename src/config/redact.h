// SPDX-License-Identifier: Apache-2.0
// The secrets of a spec (`.secret` in its field list, `writeOnly` in its schema) are shown to
// admins only. redact() removes them from a spec that is shown. restore() puts them back into a
// document that a client sends. Any thread.
#pragma once

#include <functional>
#include <string>

#include "base/json.h"
#include "config/faults.h"
#include "config/value.h"

namespace sluice::config {

// Returns the schema of an object of that kind, or null. For a map whose schema does not describe
// its members, such as a filter.
using SchemaOfKind = std::function<Json(const std::string& kind)>;

// Replaces every secret that is not empty, and the credentials in every URL, by kRedacted.
void redact(Json& spec, const Json& schema, const SchemaOfKind& of_kind);

// Replaces every secret of `document` that is kRedacted by the secret of `stored` at the same
// place. `stored` is the same object, or null. List items are matched by `name`. Adds a fault
// (`path: says
// "<redacted>", and …`) if `stored` has no such secret. A URL gets its credentials back only for
// the same host.
void restore(Value& document, const Json& stored, const Json& schema, const SchemaOfKind& of_kind,
             Faults& faults);

}  // namespace sluice::config
