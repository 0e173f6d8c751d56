// SPDX-License-Identifier: Apache-2.0
// The desired objects: read, create, change, delete.
#pragma once

#include <vector>

#include "admin/resource.h"
#include "base/json.h"
#include "base/result.h"

namespace sluice::control {
struct Author;
struct Preview;
}  // namespace sluice::control

namespace sluice::admin {

[[nodiscard]] control::Author author_of(const ApiRequest& request);
// Without the secrets, unless an admin asks for them with ?secrets=true.
[[nodiscard]] Result<Json> shown_spec(const control::Controller& controller,
                                      const ApiRequest& request, Json spec);
// What became of each object. `specs`: with those of before and after.
[[nodiscard]] Json json_of_previews(const std::vector<control::Preview>& previews, bool specs);
// The shape of that.
inline constexpr std::string_view kAppliedShape =
    "[{name, kind, change: 'created' | 'updated' | 'unchanged' | 'deleted', version?: integer, "
    "warnings?: [text], warning?, before?: Object | null, spec?: Object | null}]";

void add_objects(ApiRouter& router, Context& context);

}  // namespace sluice::admin
