// SPDX-License-Identifier: Apache-2.0
// For tests: the store on disk in a directory of the test.
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "store/store.h"
#include "store/testing/test_directory.h"

namespace sluice::store {

inline std::unique_ptr<Store> open_in(const TestDirectory& directory, unsigned cores = 1) {
  auto store = open_embedded_store(directory.path(), cores, Logger());
  EXPECT_TRUE(store) << store.error().message;
  return store ? std::move(*store) : nullptr;
}

}  // namespace sluice::store
