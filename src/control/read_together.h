// SPDX-License-Identifier: Apache-2.0
// Collections of documents of one version.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "base/result.h"
#include "store/store.h"

namespace sluice::control {

// Reads the collections in this order, again as long as another member changes documents between
// the first read and the last, five times at most. The caller follows from the version of the
// first, so it sees such a change again. Errors of store::Store::documents(). Any thread that may
// wait.
template <std::size_t count>
Result<std::array<store::Documents, count>> read_together(
    store::Store& store, const std::array<std::string_view, count>& collections) {
  constexpr int kReadsMax = 5;
  std::array<store::Documents, count> read;
  for (int reads = 0; reads < kReadsMax; ++reads) {
    for (std::size_t i = 0; i < count; ++i) {
      SLUICE_TRY(read[i], store.documents(collections[i]));
    }
    if (read.front().version == read.back().version) break;
  }
  return read;
}

}  // namespace sluice::control
