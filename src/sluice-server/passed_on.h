// SPDX-License-Identifier: Apache-2.0
// The bound of the knowledge that the old process of a hot restart passes on.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/json.h"
#include "net/memory_file.h"

namespace sluice::server_program {

// As JSON. Requests wait while the new process reads it.
inline constexpr std::size_t kKnowledgeBytesMax = std::size_t{12} << 20;
static_assert(kKnowledgeBytesMax <= net::kMemoryFileBytesMax);
// The text of a part that may be left out has at least this size.
inline constexpr std::size_t kLongTextBytes = std::size_t{4} << 10;

// Removes from `knowledge` the parts with the longest texts (keys, users) until it fits, so that
// the others reach the new process. Returns the places of those that it has removed.
std::vector<std::string> leave_out_beyond(Json& knowledge,
                                          std::size_t bytes_max = kKnowledgeBytesMax);

}  // namespace sluice::server_program
