// SPDX-License-Identifier: Apache-2.0
// FileServer: answers with the files of a folder.
#pragma once

#include <memory>

#include "pipeline/filter.h"

namespace sluice::loop {
class BlockingPool;
}

namespace sluice::filters {

// `pool`: for files that are not in memory. It outlives the kind.
[[nodiscard]] std::unique_ptr<pipeline::FilterKind> make_file_server_kind(loop::BlockingPool& pool);

}  // namespace sluice::filters
