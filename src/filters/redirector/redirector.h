// SPDX-License-Identifier: Apache-2.0
// Redirector: sends clients to another URL, which a regular expression makes from theirs.
#pragma once

#include <memory>

#include "pipeline/filter.h"

namespace sluice::filters {

[[nodiscard]] std::unique_ptr<pipeline::FilterKind> make_redirector_kind();

}  // namespace sluice::filters
