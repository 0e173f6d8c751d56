// SPDX-License-Identifier: Apache-2.0
// FileServer: answers with the files of a folder.
#pragma once

#include <memory>

#include "pipeline/filter.h"

namespace sluice::loop {
class BlockingPool;
}

namespace sluice::filters {

// `blocking`: reads the files that are not in memory.
[[nodiscard]] std::unique_ptr<pipeline::FilterKind> make_file_server_kind(
    std::shared_ptr<loop::BlockingPool> blocking);

}  // namespace sluice::filters
