// SPDX-License-Identifier: Apache-2.0
// FileServer: answers with files of a folder.
#pragma once

#include <memory>

#include "pipeline/filter.h"

namespace sluice::filters {

[[nodiscard]] std::unique_ptr<pipeline::FilterKind> make_file_server_kind();

}  // namespace sluice::filters
