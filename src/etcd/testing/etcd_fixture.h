// SPDX-License-Identifier: Apache-2.0
// For tests: a Client of real etcd members, on the test's own loop.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "etcd/client.h"
#include "etcd/testing/etcd_process.h"
#include "etcd/watch.h"
#include "loop/event_loop.h"
#include "loop/testing/run_to_completion.h"

namespace sluice::etcd::testing {

// Ends a test that hangs; measures nothing.
inline constexpr Duration kPatience = std::chrono::seconds(60);

[[nodiscard]] inline pb::RequestOp put_of(std::string key, std::string value) {
  pb::RequestOp operation;
  operation.mutable_request_put()->set_key(std::move(key));
  operation.mutable_request_put()->set_value(std::move(value));
  return operation;
}
[[nodiscard]] inline pb::TxnRequest txn_of(
    std::initializer_list<std::pair<std::string, std::string>> puts) {
  pb::TxnRequest request;
  for (const auto& [key, value] : puts) *request.add_success() = put_of(key, value);
  return request;
}
inline void compare_mod(pb::TxnRequest& request, std::string key, std::int64_t revision) {
  pb::Compare& compare = *request.add_compare();
  compare.set_target(pb::Compare::MOD);
  compare.set_key(std::move(key));
  compare.set_mod_revision(revision);
}
[[nodiscard]] inline pb::RangeRequest range_of(std::string key, std::string end = "") {
  pb::RangeRequest request;
  request.set_key(std::move(key));
  request.set_range_end(std::move(end));
  return request;
}

class EtcdFixture : public ::testing::Test {
 protected:
  void start(EtcdSetup setup = {}) { etcd_ = std::make_unique<EtcdProcesses>(std::move(setup)); }
  void connect(Options options = {}) {
    if (options.endpoints.empty()) options.endpoints = etcd_->endpoints();
    client_.reset();
    auto made = Client::make(core_, std::move(options));
    ASSERT_TRUE(made) << made.error().message;
    client_ = std::move(*made);
  }
  // Starts members and a client, and waits until they answer.
  void begin(EtcdSetup setup = {}, const Options& options = {}) {
    start(std::move(setup));
    connect(options);
    wait_until_ready();
  }
  void wait_until_ready() {
    const TimePoint end = loop::EventLoop::now() + kPatience;
    while (true) {
      const auto reply = run(client_->range(request_));
      if (reply) return;
      if (loop::EventLoop::now() > end) {
        FAIL() << reply.error().error.message << '\n' << etcd_->log(0);
      }
      sleep(std::chrono::milliseconds(50));
    }
  }
  void sleep(Duration duration) {
    run([](loop::EventLoop& loop, Duration d) -> Task<void> { co_await loop.sleep_for(d); }(
                                                  loop_, duration));
  }

  template <class T>
  T run(Task<T> task) {
    return loop::run_to_completion(loop_, std::move(task));
  }
  // The revision of a commit that must succeed.
  std::int64_t commit(const pb::TxnRequest& request) {
    const auto reply = run(client_->txn(request));
    EXPECT_TRUE(reply) << reply.error().error.message;
    if (!reply) return 0;
    EXPECT_TRUE(reply->succeeded());
    return reply->header().revision();
  }
  // The failure of a transaction that certainly has no effect.
  CallFailure refused(const pb::TxnRequest& request) {
    const auto reply = run(client_->txn(request));
    EXPECT_FALSE(reply);
    if (reply) return {};
    EXPECT_EQ(reply.error().certainty, Certainty::refused) << reply.error().error.message;
    return reply.error();
  }
  // "value" or "absent".
  std::string value_of(const std::string& key) {
    const auto reply = run(client_->range(range_of(key)));
    if (!reply) return reply.error().error.message;
    return reply->kvs().empty() ? "absent" : reply->kvs(0).value();
  }
  [[nodiscard]] static TimePoint soon() { return loop::EventLoop::now() + kPatience; }

  loop::EventLoop loop_;
  loop::Core core_{loop_, 0, 1};
  std::unique_ptr<EtcdProcesses> etcd_;
  std::unique_ptr<Client> client_;

 private:
  pb::RangeRequest request_ = range_of("ready?");
};

}  // namespace sluice::etcd::testing
