// SPDX-License-Identifier: Apache-2.0
// A member of a FakeCluster with one WasmHost filter, shop/wasm, on a loop that the members share;
// and the way between two members, which loses and delays what the test wants.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "filters/wasm_host/handover/cluster_port.h"
#include "filters/wasm_host/testing/fake_cluster.h"
#include "filters/wasm_host/testing/test_host.h"
#include "loop/event.h"
#include "loop/testing/run_to_completion.h"

namespace sluice::filters::testing {

// Carries messages to the HandedRuns of members on the same loop.
class FakeRoads {
 public:
  using Outcome = Courier::Outcome;
  // What happens to a message. Null: it is carried.
  using Fault = std::function<Task<Outcome>(FakeRoads&, std::string message, TimePoint deadline)>;

  explicit FakeRoads(loop::EventLoop& loop) : loop_(loop) {}
  void lead_to(const std::string& address, HandedRuns& runs) { there_[address] = &runs; }
  // Of the next messages, one after the other.
  void fault(Fault fault) { faults_.push_back(std::move(fault)); }
  [[nodiscard]] int messages() const { return messages_; }
  [[nodiscard]] const std::string& last_message() const { return last_message_; }

  Task<Outcome> carry(std::string address, std::string message, TimePoint deadline) {
    ++messages_;
    last_message_ = message;
    if (!faults_.empty()) {
      const Fault fault = std::move(faults_.front());
      faults_.erase(faults_.begin());
      if (fault) co_return co_await fault(*this, std::move(message), deadline);
    }
    co_return co_await deliver(address, std::move(message), deadline);
  }
  Task<Outcome> deliver(std::string address, std::string message, TimePoint deadline) {
    const auto there = there_.find(address);
    if (there == there_.end())
      co_return Outcome{fail(ErrorKind::unavailable, "connection refused"), false};
    auto decoded = HandedExchange::decode(message);
    EXPECT_TRUE(decoded) << decoded.error().message;
    const auto got = std::make_shared<Got>(loop_);
    there->second->accept(*std::move(decoded), [got](HandedRuns::Answer answer) {
      got->answer = std::move(answer);
      got->news.notify();
    });
    while (!got->answer && Clock::now() < deadline) {
      (void)co_await got->news.wait(deadline);
    }
    if (!got->answer) co_return Outcome{fail(ErrorKind::timed_out, "no answer")};
    co_return Outcome{*got->answer};
  }

 private:
  struct Got {
    explicit Got(loop::EventLoop& loop) : news(loop) {}
    loop::Event news;
    HandedRuns::Answer answer{};
  };
  loop::EventLoop& loop_;
  std::map<std::string, HandedRuns*> there_;
  std::vector<Fault> faults_;
  int messages_ = 0;
  std::string last_message_;
};

class FakeCourier final : public Courier {
 public:
  explicit FakeCourier(FakeRoads& roads) : roads_(roads) {}
  Task<Outcome> carry(std::string address, std::string message, TimePoint deadline) override {
    return roads_.carry(std::move(address), std::move(message), deadline);
  }

 private:
  FakeRoads& roads_;
};

class TestMember {
 public:
  // All but the name outlive it.
  TestMember(const loop::Core& core, FakeCluster& cluster, wasm::Engine& engine, FakeRoads& roads,
             const std::string& name, Duration owner_wait = std::chrono::seconds(20),
             HandedRunsLimits limits = {})
      : core_(core), store_(cluster.store_of(name)) {
    HandoverOptions options;
    options.core_count = core.count;
    options.owner_wait = owner_wait;
    options.make_courier = [&roads](const loop::Core&) {
      return std::make_unique<FakeCourier>(roads);
    };
    handover_ = std::make_shared<Handover>(std::move(options));
    kind_ = *make_wasm_host_kind(engine, *store_, Logger(), core.count, {}, handover_);
    runs_ = std::make_shared<HandedRuns>(core_, *handover_, limits);
    roads.lead_to(name, *runs_);
  }
  // Its address is its name.
  void use(const std::string& code, const std::string& fields = "") {
    config::Faults faults;
    pipeline::StateDraft draft;
    pipeline::FilterContext context;
    context.states = draft.scope().of_filter("wasm", "WasmHost");
    context.pipeline = "shop";
    context.name = "wasm";
    prototype_ = kind_->build(Host::value_of(code, fields), context, faults);
    ASSERT_TRUE(prototype_) << faults.lines().front();
    filter_ = prototype_->instantiate(core_);
  }
  void stop() { filter_.reset(); }
  [[nodiscard]] Task<std::string_view> handle(pipeline::Exchange& exchange) {
    return filter_->handle(exchange);
  }
  [[nodiscard]] std::string run(pipeline::Exchange& exchange) {
    return std::string(loop::run_to_completion(core_.loop, filter_->handle(exchange)));
  }
  [[nodiscard]] Json status(const char* field) const { return prototype_->status().at(field); }
  [[nodiscard]] HandedRuns& runs() { return *runs_; }
  [[nodiscard]] Handover& handover() { return *handover_; }

 private:
  const loop::Core& core_;
  std::unique_ptr<store::Store> store_;
  std::shared_ptr<Handover> handover_;
  std::unique_ptr<pipeline::FilterKind> kind_;
  std::shared_ptr<const pipeline::FilterPrototype> prototype_;
  std::unique_ptr<pipeline::Filter> filter_;
  std::shared_ptr<HandedRuns> runs_;  // its runs end before the filter
};

// Members on one loop.
struct Members : ::testing::Test {
  loop::EventLoop loop;
  loop::Core core{loop, 0, 1};
  std::unique_ptr<wasm::Engine> engine =
      *wasm::Engine::create({.guests_max = 200, .accept_text = true});
  FakeCluster cluster;
  FakeRoads roads{loop};

  std::unique_ptr<pipeline::Exchange> exchange() const {
    auto fresh = std::make_unique<pipeline::Exchange>(core);
    http::Request& request = fresh->client_request();
    request.method = "GET";
    request.host = "shop.example:8080";
    request.scheme = "http";
    EXPECT_TRUE(request.set_target("/a%20b/c?x=1&y"));
    request.headers.add("User-Agent", "test");
    fresh->real_ip = "10.1.2.3";
    return fresh;
  }
  std::string stored(const std::string& key) {
    const auto page = cluster.data().list("shop/wasm", "", "", 1000);
    for (const auto& entry : page->entries) {
      if (entry.key == key) return entry.value;
    }
    return "(absent)";
  }
  // Increments `n`.
  static std::string counting(const std::string& more = "", const std::string& data = "") {
    return guest("(drop (call $host_cluster_add_integer (i32.const 100) (i64.const 1)))" + more +
                     "(i32.const 3)",
                 text_at(100, "n") + data);
  }
  // Returns 1 if `n` is set, else 2.
  static std::string reading() {
    return guest(
        "(if (result i32) (i64.eqz (call $host_cluster_get_integer (i32.const 100)))"
        " (then (i32.const 2)) (else (i32.const 1)))",
        text_at(100, "n"));
  }
  static constexpr const char* kLong = "timeout: 60s";
};

// Two members: `b` owns the data, and requests come to `a`.
class TwoMembers : public Members {
 protected:
  using Outcome = Courier::Outcome;

  // `b` is the owner.
  void start(const std::string& code, const std::string& fields = kLong,
             Duration wait = std::chrono::seconds(20)) {
    cluster.own("b", "b");
    a_.emplace(core, cluster, *engine, roads, "a", wait);
    b_.emplace(core, cluster, *engine, roads, "b", wait);
    a_->use(code, fields);
    b_->use(code, kLong);
  }
  // A fresh request to `a`. Its exchange stays in `last_`.
  std::string run() {
    last_ = exchange();
    return a_->run(*last_);
  }
  [[nodiscard]] http::Response& response() { return *last_->response(); }
  [[nodiscard]] std::string tag() const {
    return last_->tags().empty() ? "" : last_->tags().back();
  }
  // The message arrives and is run; its answer does not come back.
  static Task<Outcome> lose_answer(FakeRoads& roads, std::string message, TimePoint deadline) {
    (void)co_await roads.deliver("b", std::move(message), deadline);
    co_return Outcome{fail(ErrorKind::closed, "connection reset")};
  }
  static Task<Outcome> lose_message(FakeRoads&, std::string, TimePoint) {
    co_return Outcome{fail(ErrorKind::closed, "connection reset")};
  }

  // Counts, and answers with the body of the request.
  static std::string body_reading() {
    return guest(
        "(drop (call $host_cluster_add_integer (i32.const 100) (i64.const 1)))"
        "(call $host_resp_set_body (call $host_req_get_body)) (i32.const 0)",
        text_at(100, "n"));
  }

  std::optional<TestMember> a_;
  std::optional<TestMember> b_;
  std::unique_ptr<pipeline::Exchange> last_;
};

}  // namespace sluice::filters::testing
