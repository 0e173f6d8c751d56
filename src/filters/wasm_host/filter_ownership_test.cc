// SPDX-License-Identifier: Apache-2.0
// Runs whose shared data another process takes over: the filter undoes them, and runs them again on
// the state that the process leaves, or answers 503.
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
    medium_ = shared.get();
    host_.emplace(
        1, wasm::EngineOptions{.guests_max = 200, .accept_text = true}, std::string(),
        std::make_unique<store::ChainStore>(std::move(shared), 1, Logger(), store::Limits()));
  }
  // The guest increments `n`, and adds a tag and a header.
  void use(const std::string& fields = "") {
    host_->use(guest("(drop (call $host_cluster_add_integer (i32.const 100) (i64.const 1)))"
                     "(call $host_add_tag (i32.const 100)) (call $host_resp_add_header "
                     "(i32.const 100) (i32.const 100)) (i32.const 0)",
                     text_at(100, "n")),
               fields);
  }
  static Task<void> pause(loop::EventLoop& loop) {
    co_await loop.sleep_for(std::chrono::milliseconds(10));
  }
  void wait_until_lost() {
    while (host_->store->status(kNs).owned) std::this_thread::yield();
  }

  store::ContestedMedium* medium_ = nullptr;
  std::optional<Host> host_;
};

TEST_F(FilterOwnership, ALostRunIsUndoneAndRunsAgain) {
  use();
  EXPECT_EQ(host_->run(), "");
  for (const int theirs : {5, 15}) {
    medium_->take(kNs, store::Contest::Learns::by_itself);
    std::thread other([&] {
      wait_until_lost();
      (void)medium_->change(kNs, [&](auto& entries) { entries["n"] = std::to_string(theirs); });
      medium_->give(kNs);
    });
    EXPECT_EQ(host_->run(), "");
    other.join();
    EXPECT_EQ(host_->last->tags().size(), 1U);
    EXPECT_EQ(host_->response().headers.size(), 1U);
    EXPECT_EQ(host_->stored("n"), std::to_string(theirs + 1));
  }
  EXPECT_EQ(host_->status("reruns"), 2);
}

TEST_F(FilterOwnership, ARunEndsWhenTheDataDoesNotComeBack) {
  use();
  medium_->take(kNs, store::Contest::Learns::by_itself);
  for (int round = 0; round < 2; ++round) {  // the first run is lost, the second not committed
    EXPECT_EQ(host_->run(), "wasmError");
    EXPECT_EQ(host_->response().status, 503);
    EXPECT_EQ(host_->response().headers.get("Retry-After"), "1");
    EXPECT_NE(host_->tag().find("the owner of this shared data has not changed in time"),
              std::string::npos)
        << host_->tag();
  }
  EXPECT_EQ(host_->status("transactionsWritten"), 0) << "a lost run is not counted";
  medium_->give(kNs);
  for (int tries = 0; tries < 100 && !host_->run().empty(); ++tries) {
  }
  EXPECT_EQ(host_->stored("n"), "1") << "runs that were refused have left nothing";
  EXPECT_EQ(host_->response().headers.get("Retry-After"), std::nullopt);
}

// A trap on data that another process owns proves nothing: the filter waits for the data first.
TEST_F(FilterOwnership, ATrapIsJudgedOnDataThatIsOwned) {
  host_->use(
      guest("(drop (call $host_cluster_add_integer (i32.const 100) (i64.const 1))) unreachable",
            text_at(100, "n")));
  medium_->take(kNs, store::Contest::Learns::by_news);
  wait_until_lost();
  std::thread other([&] {
    while (host_->status("vmsReplaced") == 0) std::this_thread::yield();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // it must not run again meanwhile
    medium_->give(kNs);
  });
  EXPECT_EQ(host_->run(), "wasmError");
  other.join();
  EXPECT_NE(host_->tag().find("trap"), std::string::npos) << host_->tag();
  EXPECT_EQ(host_->status("reruns"), 1);
}

// Each request that waits keeps its memory, so their number has a limit.
TEST_F(FilterOwnership, NoMoreThanMaxWaitingWaitForTheOwner) {
  use("maxWaiting: 2");
  medium_->take(kNs, store::Contest::Learns::by_news);
  wait_until_lost();
  for (int round = 0; round < 2; ++round) {
    std::vector<std::unique_ptr<pipeline::Exchange>> exchanges;
    std::vector<Task<std::string_view>> waiting;
    for (int i = 0; i < 2; ++i) {
      exchanges.push_back(host_->exchange());
      waiting.push_back(host_->filter->handle(*exchanges.back()));
      waiting.back().start();
    }
    EXPECT_EQ(host_->run(), "wasmError") << "the third";
    EXPECT_EQ(host_->response().headers.get("Retry-After"), "1");
    EXPECT_NE(host_->tag().find("maxWaiting"), std::string::npos) << host_->tag();
    waiting.clear();  // their clients leave
  }
}

// Beyond the places, a request is refused before it has its effect.
TEST_F(FilterOwnership, NoMoreThanMaxWaitingWaitForTheStore) {
  use("maxWaiting: 2");
  ASSERT_EQ(host_->run(), "");
  medium_->hold_writes();
  std::vector<std::unique_ptr<pipeline::Exchange>> exchanges;
  std::vector<Task<std::string_view>> waiting;
  for (int i = 0; i < 2; ++i) {
    exchanges.push_back(host_->exchange());
    waiting.push_back(host_->filter->handle(*exchanges.back()));
    waiting.back().start();
  }
  std::string result;
  for (int tries = 0; tries < 1000 && result.empty(); ++tries) {  // until both have their places
    loop::run_to_completion(host_->loop, pause(host_->loop));
    if (tries >= 30) result = host_->run();
  }
  EXPECT_EQ(result, "wasmError");
  EXPECT_EQ(host_->response().headers.get("Retry-After"), "1");
  EXPECT_NE(host_->tag().find("maxWaiting"), std::string::npos) << host_->tag();
  medium_->release_writes();
  while (!waiting[0].done() || !waiting[1].done()) {
    loop::run_to_completion(host_->loop, pause(host_->loop));
  }
  for (auto& each : waiting) EXPECT_EQ(each.take(), "");
  EXPECT_EQ(host_->stored("n"), "3") << "the third has left nothing";
}

}  // namespace
}  // namespace sluice::filters
