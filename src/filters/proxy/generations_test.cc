// SPDX-License-Identifier: Apache-2.0
// The state that a Proxy keeps when its pipeline changes, and in a hot restart.
// Covers: pool_policies.cc, knowledge.cc, server_group.cc, pool_filter.cc, parts.cc
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "backend/testing/scripted_server.h"
#include "filters/proxy/proxy.h"
#include "loop/testing/run_to_completion.h"
#include "pipeline/pipeline.h"

namespace sluice::filters {
namespace {

using backend::Peer;
using backend::ScriptedServer;
using ::testing::ElementsAre;

Task<void> answer(Peer& peer, std::string head) {
  while (true) {
    const std::string request = co_await peer.head();
    if (request.empty()) co_return;
    co_await peer.send("HTTP/1.1 " + head + "\r\nContent-Length: 2\r\n\r\nhi");
  }
}
Task<void> answer_200(Peer& peer) { co_await answer(peer, "200 OK\r\nCache-Control: max-age=60"); }
Task<void> answer_500(Peer& peer) { co_await answer(peer, "500 Oops"); }
Task<void> hang_up(Peer& peer) { co_await peer.head(); }

// Names that stand for a fuse in `resilience`, and a cache in a pool.
constexpr const char* kFuse = "circuitBreakerPolicy: fuse";
constexpr const char* kCache =
    "memoryCache: {expiration: 1m, maxEntryBytes: 1000, codes: [200], methods: [GET]}";

class ProxyGenerations : public ::testing::Test {
 protected:
  ProxyGenerations() { kinds_.push_back(make_proxy_kind({}, 1)); }

  void serve(ScriptedServer::Script script) {
    server_ = std::make_unique<ScriptedServer>(
        loop_, std::vector<ScriptedServer::Script>{std::move(script)});
  }
  [[nodiscard]] std::string servers() const { return "servers: [{url: '" + server_->url() + "'}]"; }

  // `pool`: its fields. `fuse`: further fields of the circuit breaker.
  std::shared_ptr<const pipeline::PipelinePrototype> build(pipeline::StateDraft& draft,
                                                           const std::string& pool,
                                                           const std::string& fuse,
                                                           const std::string& filter) {
    const std::string text =
        "{name: p, kind: Pipeline, filters: [{name: " + filter + ", kind: Proxy, pools: [{" + pool +
        "}]}], resilience: [{name: fuse, kind: CircuitBreaker, minimumNumberOfCalls: 2, "
        "waitDurationInOpenState: 1h" +
        fuse + "}]}";
    faults_ = {};
    return pipeline::PipelinePrototype::build(config::parse_document(text).value(), kinds_,
                                              {.states = draft.scope()}, faults_);
  }
  // Builds the next generation, puts it in force, and then drops the one before.
  void use(const std::string& pool, const std::string& fuse = "",
           const std::string& filter = "proxy") {
    auto draft = registry_.draft("p");
    auto prototype = build(draft, pool, fuse, filter);
    ASSERT_THAT(faults_.lines(), ElementsAre());
    auto next = std::make_unique<pipeline::Pipeline>(prototype, core_);
    registry_.put_in_force({{"p", std::move(draft).finish()}});
    pipeline_ = std::move(next);
    prototype_ = std::move(prototype);
    filter_ = filter;
  }
  // The status of the response; 0 if use() has failed.
  int run() {
    if (!pipeline_) return 0;
    pipeline::Exchange exchange(core_);
    exchange.client_request().method = "GET";
    exchange.client_request().host = "shop";
    exchange.client_request().scheme = "http";
    EXPECT_TRUE(exchange.client_request().set_target("/"));
    loop::run_to_completion(loop_, pipeline_->handle(exchange));
    return exchange.client_response()->status;
  }
  Json pool() { return prototype_->find(filter_)->status()["mainPool"]; }
  std::string breaker() { return pool()["circuitBreaker"]["state"]; }

  loop::EventLoop loop_;
  loop::Core core_{loop_, 0, 1};
  pipeline::FilterKinds kinds_;
  pipeline::StateRegistry registry_;
  config::Faults faults_;
  std::unique_ptr<ScriptedServer> server_;
  std::shared_ptr<const pipeline::PipelinePrototype> prototype_;
  std::unique_ptr<pipeline::Pipeline> pipeline_;
  std::string filter_;
};

TEST_F(ProxyGenerations, ConnectionsGoOnUnlessTheServersOrTheWayToThemChange) {
  serve(answer_200);
  use(servers());
  EXPECT_EQ(run(), 200);
  use(servers() + ", timeout: 5s");
  EXPECT_EQ(run(), 200);
  EXPECT_EQ(server_->connections(), 1U);
  use(servers() + ", connectTimeout: 3s");
  EXPECT_EQ(run(), 200);
  EXPECT_EQ(server_->connections(), 2U);
  use(servers() + ", connectTimeout: 3s", "", "other");
  EXPECT_EQ(run(), 200);
  EXPECT_EQ(server_->connections(), 3U) << "of another filter";
}

TEST_F(ProxyGenerations, CountersGoOnWhateverChanges) {
  serve(answer_200);
  use(servers());
  EXPECT_EQ(run(), 200);
  use(servers() + ", connectTimeout: 3s");
  EXPECT_EQ(run(), 200);
  EXPECT_EQ(pool()["stat"]["count"], 2);
  EXPECT_EQ(pool()["servers"][0]["requests"], 2);
  use(servers() + ", http2: false");
  EXPECT_EQ(pool()["stat"]["count"], 2);
  EXPECT_EQ(pool()["servers"][0]["requests"], 2) << "HTTP/1.1 as before";
  use(servers() + ", http2: true");
  EXPECT_EQ(pool()["servers"][0]["requests"], 0) << "another way to reach it";
  use(servers(), "", "other");
  EXPECT_EQ(pool()["stat"]["count"], 0);
}

TEST_F(ProxyGenerations, EachOccurrenceOfAServerKeepsItsOwnState) {
  serve(answer_200);
  const std::string twice =
      "servers: [{url: '" + server_->url() + "'}, {url: '" + server_->url() + "'}]";
  use(twice);
  EXPECT_EQ(run(), 200);
  use(twice + ", timeout: 5s");
  use(twice + ", timeout: 6s");
  EXPECT_EQ(run(), 200);
  EXPECT_EQ(run(), 200);
  const auto requests = [this](int server) {
    return pool()["servers"][server]["requests"].get<int>();
  };
  EXPECT_EQ(requests(0) + requests(1), 3);
  EXPECT_GE(std::min(requests(0), requests(1)), 1);
}

TEST_F(ProxyGenerations, ABreakerGoesOnWhileItsPolicyAndTheServersStay) {
  serve(answer_500);
  const std::string with_fuse = servers() + ", " + kFuse;
  use(with_fuse);
  EXPECT_EQ(run(), 500);
  EXPECT_EQ(run(), 500);
  EXPECT_EQ(breaker(), "OPEN");
  use(with_fuse + ", timeout: 5s");
  EXPECT_EQ(breaker(), "OPEN");
  EXPECT_EQ(run(), 503);
  auto draft = registry_.draft("p");
  EXPECT_FALSE(build(draft, with_fuse + ", timeout: soon", ", failureRateThreshold: 99", "proxy"));
  EXPECT_TRUE(build(draft, with_fuse, ", failureRateThreshold: 99", "proxy"));
  use(with_fuse + ", timeout: 5s");
  EXPECT_EQ(breaker(), "OPEN") << "refused generations leave no trace";
  use(with_fuse, ", failureRateThreshold: 99");
  EXPECT_EQ(breaker(), "CLOSED") << "another policy";
  EXPECT_EQ(run(), 500);
  EXPECT_EQ(run(), 500);
  EXPECT_EQ(breaker(), "OPEN");
  use(with_fuse + ", http2: false", ", failureRateThreshold: 99");
  EXPECT_EQ(breaker(), "CLOSED") << "another way to the servers";
}

TEST_F(ProxyGenerations, FailuresUnderOtherRulesDoNotCount) {
  serve(hang_up);
  const std::string two = servers() + ", outlierDetection: {consecutiveFailures: 2}";
  use(two);
  EXPECT_EQ(run(), 502);
  use(servers() + ", outlierDetection: {consecutiveFailures: 2, ejectionTime: 1h}");
  EXPECT_EQ(run(), 502);
  EXPECT_EQ(pool()["servers"][0]["ejected"], false) << "the first under these rules";
  use(servers() + ", timeout: 5s, outlierDetection: {consecutiveFailures: 2, ejectionTime: 1h}");
  EXPECT_EQ(run(), 502);
  EXPECT_EQ(pool()["servers"][0]["ejected"], true) << "the second";
}

TEST_F(ProxyGenerations, ACacheGoesOnWhileItsPolicyStays) {
  serve(answer_200);
  const std::string with_cache = servers() + ", " + kCache;
  use(with_cache);
  EXPECT_EQ(run(), 200);
  EXPECT_EQ(pool()["memoryCache"]["entries"], 1);
  use(with_cache + ", timeout: 5s");
  EXPECT_EQ(pool()["memoryCache"]["entries"], 1);
  use(with_cache + ", setUpstreamHost: true");
  EXPECT_EQ(pool()["memoryCache"]["entries"], 0);
}

TEST_F(ProxyGenerations, TheNextProcessKnowsWhoIsLeftOutAndWhatIsOpen) {
  serve(hang_up);
  const std::string fields =
      servers() + ", " + kFuse + ", outlierDetection: {consecutiveFailures: 2, ejectionTime: 1h}";
  use(fields);
  EXPECT_EQ(run(), 502);
  EXPECT_EQ(run(), 502);
  EXPECT_EQ(pool()["servers"][0]["ejected"], true);
  EXPECT_EQ(breaker(), "OPEN");
  const Json known = registry_.knowledge();
  registry_.put_in_force({});
  use(fields);
  EXPECT_EQ(pool()["servers"][0]["ejected"], false);
  EXPECT_EQ(breaker(), "CLOSED");
  registry_.put_in_force({});
  registry_.inherit(config::parse_document(known.dump()).value());
  use(fields);
  EXPECT_EQ(pool()["servers"][0]["ejected"], true);
  EXPECT_EQ(breaker(), "OPEN");
  // Another version of the program wrote this.
  registry_.put_in_force({});
  registry_.inherit(
      config::parse_document("{p: {proxy: {main: {circuitBreaker: open, servers: [1]}}}}").value());
  use(fields);
  EXPECT_EQ(pool()["servers"][0]["ejected"], false);
  EXPECT_EQ(breaker(), "CLOSED");
}

}  // namespace
}  // namespace sluice::filters
