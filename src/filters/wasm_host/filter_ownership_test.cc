// SPDX-License-Identifier: Apache-2.0
// Runs whose shared data another process takes over: they are undone, and run again on what that
// process has made of it, or end within their timeout.
#include <gtest/gtest.h>

#include <thread>

#include "filters/wasm_host/testing/test_host.h"
#include "store/chain_store.h"
#include "store/testing/contested_medium.h"

namespace sluice::filters {
namespace {

using testing::guest;
using testing::Host;
using testing::text_at;

constexpr const char* kNs = "shop/wasm";

class FilterOwnership : public ::testing::Test {
 protected:
  FilterOwnership() {
    auto shared = std::make_unique<store::ContestedMedium>();
    medium = shared.get();
    host.emplace(
        1, wasm::EngineOptions{.guests_max = 200, .accept_text = true}, std::string(),
        std::make_unique<store::ChainStore>(std::move(shared), 1, Logger(), store::Limits()));
  }
  // Counts up, and leaves a tag and a header.
  void use(const std::string& fields) {
    host->use(guest("(drop (call $host_cluster_add_integer (i32.const 100) (i64.const 1)))"
                    "(call $host_add_tag (i32.const 100)) (call $host_resp_add_header "
                    "(i32.const 100) (i32.const 100)) (i32.const 0)",
                    text_at(100, "n")),
              fields);
  }
  void wait_until_lost() {
    while (host->store->status(kNs).owned) std::this_thread::yield();
  }

  store::ContestedMedium* medium = nullptr;
  std::optional<Host> host;
};

TEST_F(FilterOwnership, ALostRunIsUndoneAndRunsAgain) {
  use("timeout: 20s");
  EXPECT_EQ(host->run(), "");
  for (const int theirs : {5, 15}) {
    medium->take(kNs, store::Contest::Learns::by_itself);
    std::thread other([&] {
      wait_until_lost();
      (void)medium->change(kNs, [&](auto& entries) { entries["n"] = std::to_string(theirs); });
      medium->give(kNs);
    });
    EXPECT_EQ(host->run(), "");
    other.join();
    EXPECT_EQ(host->last->tags().size(), 1U);
    EXPECT_EQ(host->response().headers.size(), 1U);
    EXPECT_EQ(host->stored("n"), std::to_string(theirs + 1));
  }
  EXPECT_EQ(host->status("reruns"), 2);
}

TEST_F(FilterOwnership, ARunEndsWhenTheDataDoesNotComeBack) {
  use("timeout: 200ms");
  medium->take(kNs, store::Contest::Learns::by_itself);
  for (int round = 0; round < 2; ++round) {  // the first one is lost, the second not begun
    EXPECT_EQ(host->run(), "wasmError");
    EXPECT_EQ(host->response().status, 503);
    EXPECT_NE(host->tag().find("another process owns this shared data"), std::string::npos)
        << host->tag();
  }
  medium->give(kNs);
  for (int tries = 0; tries < 100 && host->run() != ""; ++tries) {
  }
  EXPECT_EQ(host->stored("n"), "1") << "runs that were refused have left nothing";
}

}  // namespace
}  // namespace sluice::filters
