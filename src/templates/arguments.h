// SPDX-License-Identifier: Apache-2.0
// The arguments of functions, in the types that functions need. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "templates/function.h"

namespace sluice::templates {

// Errors: `invalid`, for null.
[[nodiscard]] Result<std::string> text_of(const Call& call, std::size_t i);
// A number, or a text that is one. Errors: `invalid`.
[[nodiscard]] Result<std::int64_t> integer_of(const Call& call, std::size_t i);
[[nodiscard]] Result<double> real_of(const Call& call, std::size_t i);
// Errors: `invalid` for another value than a list of JSON.
[[nodiscard]] Result<Datum::Node> list_of(const Call& call, std::size_t i);

[[nodiscard]] std::unexpected<Error> wrong(std::string reason);

}  // namespace sluice::templates
