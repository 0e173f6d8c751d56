// SPDX-License-Identifier: Apache-2.0
// Write: one key of a commit, with its operation.
#pragma once

#include <cstdint>

#include "store/record.h"

namespace sluice::store {

enum class Op : std::uint8_t {
  put,
  erase,  // the record holds the key only
};

struct Write {
  RecordRef record;
  std::uint32_t hash;  // of the key
  Op op;
};

}  // namespace sluice::store
