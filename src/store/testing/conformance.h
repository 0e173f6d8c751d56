// SPDX-License-Identifier: Apache-2.0
// The contract of every backend of the Store. A backend's test includes the conformance_*.h and
// uses INSTANTIATE_TEST_SUITE_P(..., StoreConformance, ...) with a function that opens its store.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "store/testing/test_cores.h"
#include "store/testing/test_directory.h"

namespace sluice::store {

struct BackendUnderTest {
  std::string name;
  // `directory`: for this backend only.
  std::function<std::unique_ptr<Store>(const std::string& directory, unsigned core_count,
                                       const Limits& limits)>
      open;
};

class StoreConformance : public testing::TestWithParam<BackendUnderTest> {
 protected:
  static constexpr const char* kNs = "flash-sale/wasm";

  void open(const Limits& limits = {}) {
    store_.reset();
    store_ = GetParam().open(directory_.path(), cores_.count(), limits);
    ASSERT_NE(store_, nullptr);
    ASSERT_TRUE(store_->prepare(kNs));
  }
  void SetUp() override { open(); }

  View& view(unsigned core) {
    return cores_.on(core, [&]() -> View& { return store_->view(cores_.core(core), kNs); });
  }
  // Runs work(View&) on the core.
  template <class Work>
  decltype(auto) on(unsigned core, Work work) {
    return cores_.on(core, [&] { return work(store_->view(cores_.core(core), kNs)); });
  }
  Result<void> wait_durable(unsigned core, Version version) {
    View& its_view = view(core);
    return cores_.await(core, [&its_view, version] {
      return its_view.durable(version, in(std::chrono::seconds(20)));
    });
  }
  std::vector<std::string> listed(std::string_view prefix = {}, std::size_t limit = 1000) {
    std::vector<std::string> keys;
    std::string after;
    while (true) {
      const auto page = store_->list(kNs, prefix, after, limit);
      if (!page) {
        ADD_FAILURE() << page.error().message;
        return keys;
      }
      for (const Entry& entry : page->entries) keys.push_back(entry.key);
      if (!page->more) return keys;
      after = keys.back();
    }
  }

  TestDirectory directory_;
  TestCores cores_{3};
  std::unique_ptr<Store> store_;
};

}  // namespace sluice::store
