// SPDX-License-Identifier: Apache-2.0
// The tables of which functions.cc is made.
#pragma once

#include <span>

#include "templates/function.h"

namespace sluice::templates {

[[nodiscard]] std::span<const Function> core_functions();  // of Go's text/template
[[nodiscard]] std::span<const Function> text_functions();
[[nodiscard]] std::span<const Function> data_functions();    // lists and maps
[[nodiscard]] std::span<const Function> number_functions();  // and time
[[nodiscard]] std::span<const Function> http_functions();

}  // namespace sluice::templates
