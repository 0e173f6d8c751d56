// SPDX-License-Identifier: Apache-2.0
// RedirectorV2: sends clients to their URL with some of its parts replaced, as the redirect of the
// Gateway API of Kubernetes does.
#pragma once

#include <memory>

#include "pipeline/filter.h"

namespace sluice::filters {

[[nodiscard]] std::unique_ptr<pipeline::FilterKind> make_redirector_v2_kind();

}  // namespace sluice::filters
