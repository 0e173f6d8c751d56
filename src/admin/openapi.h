// SPDX-License-Identifier: Apache-2.0
// The OpenAPI document of the API, made of the declarations of its routes.
#pragma once

#include "admin/resource.h"
#include "base/json.h"

namespace sluice::control {
class Schemas;
}

namespace sluice::admin {

// OpenAPI 3.1. Error `internal`: the shape of a declaration is none.
[[nodiscard]] Result<Json> openapi_document(const ApiRouter& router,
                                            const control::Schemas& schemas);

void add_openapi(ApiRouter& router, Context& context);

}  // namespace sluice::admin
