// SPDX-License-Identifier: Apache-2.0
// Redirector: redirects by a regular expression on the URL.
#pragma once

#include <memory>

#include "pipeline/filter.h"

namespace sluice::filters {

[[nodiscard]] std::unique_ptr<pipeline::FilterKind> make_redirector_kind();

}  // namespace sluice::filters
