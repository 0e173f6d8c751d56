// SPDX-License-Identifier: Apache-2.0
// Two members with real cores and sockets: `a` gets the requests, `b` owns the data.
#include "control/cluster_port.h"

#include <gtest/gtest.h>
#include <httplib.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <thread>

#include "control/testing/process.h"
#include "filters/wasm_host/handover/ask_owner.h"
#include "filters/wasm_host/testing/test_member.h"
#include "net/tls/testing/test_certificates.h"

namespace sluice::control {
namespace {

using namespace std::chrono_literals;
using filters::testing::FakeCluster;
using testing::free_port;
using testing::kCores;
using testing::kMemoryBytes;

struct ClusterMember {
  ClusterMember(FakeCluster& cluster, server::Workers& its_workers, wasm::Engine& engine,
                const std::string& name, unsigned first_core, const net::KeyPair& pair = {},
                const std::string& authorities = {}, Duration owner_wait = 20s)
      : workers(its_workers), store(cluster.store_of(name, first_core)) {
    filters::HandoverOptions options;
    options.core_count = kCores;
    options.owner_wait = owner_wait;
    if (!authorities.empty()) {
      net::TlsClientOptions tls;
      tls.own = pair;
      tls.authorities = authorities;
      tls.protocols = {"h2"};
      to_members = net::TlsClientContext::create(tls).value_or(nullptr);
      options.tls = to_members;
    }
    handover = std::make_shared<filters::Handover>(std::move(options));
    pipeline::FilterKinds kinds;
    kinds.push_back(*filters::make_wasm_host_kind(engine, *store, Logger(), kCores, {}, handover));
    ClusterPort place;
    place.address = "127.0.0.1";
    place.port = port;
    place.certificate = pair.certificate;
    place.key = pair.key;
    place.authorities = authorities;
    place.filters.push_back(filters::make_cluster_port_kind(handover));
    Controller::Options its_options{.core_count = kCores, .member_name = name};
    its_options.cluster_port = std::move(place);
    controller = std::make_unique<Controller>(std::move(its_options), Logger(), *store, workers,
                                              std::move(kinds));
    workers.start();
  }
  ~ClusterMember() {
    controller->end_changes();
    controller->stop();
    workers.drain(Duration::zero());
    workers.stop();
  }
  ClusterMember(const ClusterMember&) = delete;
  ClusterMember& operator=(const ClusterMember&) = delete;

  server::Workers& workers;
  const std::uint16_t port = free_port();
  // Puts another certificate in force, on both sides of its connections.
  void renew(const net::KeyPair& pair, const std::string& authorities) {
    const auto fresh = net::TlsClientContext::create(
        {.own = pair, .authorities = authorities, .protocols = {"h2"}});
    ASSERT_TRUE(fresh);
    to_members->renew(**fresh);
    const auto renewed = controller->renew_cluster_port(pair, authorities);
    ASSERT_TRUE(renewed) << renewed.error().message;
  }
  std::unique_ptr<store::Store> store;
  std::shared_ptr<net::TlsClientContext> to_members;  // null: without TLS
  std::shared_ptr<filters::Handover> handover;
  std::unique_ptr<Controller> controller;
};

// Counts, and answers with the body of the request.
std::string counting_guest() {
  using filters::testing::guest;
  using filters::testing::text_at;
  return guest(
      "(drop (call $host_cluster_add_integer (i32.const 100) (i64.const 1)))"
      "(call $host_resp_set_body (call $host_req_get_body)) (i32.const 1)",
      text_at(100, "n"));
}

class ClusterPortTest : public ::testing::Test {
 protected:
  void start(const net::KeyPair& a_pair = {}, const net::KeyPair& b_pair = {},
             const std::string& authorities = {}, Duration a_wait = 20s) {
    a_ = std::make_unique<ClusterMember>(cluster_, a_workers_, *engine_, "a", 0, a_pair,
                                         authorities, a_wait);
    b_ = std::make_unique<ClusterMember>(cluster_, b_workers_, *engine_, "b", kCores, b_pair,
                                         authorities);
    cluster_.own("b",
                 (authorities.empty() ? "127.0.0.1:" : "localhost:") + std::to_string(b_->port));
    for (ClusterMember* member : {a_.get(), b_.get()}) {
      ASSERT_TRUE(member->controller->start());
      apply(*member, "shop", "60s");
    }
    const auto served = a_->controller->apply(
        {config::parse_document(testing::http_server_text("front", front_, "shop")).value()},
        ApplyMode::apply);
    ASSERT_TRUE(served) << served.error().message;
  }
  static void apply(ClusterMember& member, const std::string& name, const std::string& timeout) {
    const Json document{{"name", name},
                        {"kind", "Pipeline"},
                        {"filters", Json::array({{{"name", "wasm"},
                                                  {"kind", "WasmHost"},
                                                  {"timeout", timeout},
                                                  {"maxConcurrency", 4},
                                                  {"code", counting_guest()}}})}};
    const auto applied = member.controller->apply({config::parse_document(document.dump()).value()},
                                                  ApplyMode::apply);
    ASSERT_TRUE(applied) << applied.error().message << " "
                         << (applied.error().details.empty() ? "" : applied.error().details[0]);
  }
  std::string post(const std::string& body) {
    httplib::Client client("127.0.0.1", front_);
    client.set_read_timeout(60);
    const auto got = client.Post("/", body, "text/plain");
    return got ? std::to_string(got->status) + " " + got->body : "no answer";
  }
  std::string stored() {
    const auto page = cluster_.data().list("shop/wasm", "", "", 10);
    return page->entries.empty() ? "" : page->entries[0].value;
  }
  [[nodiscard]] static Json filter_status(const ClusterMember& member) {
    return member.controller->status("shop").value()["filters"]["wasm"];
  }

  // The loops outlive the store, and the store the members.
  server::Workers a_workers_{kCores, kMemoryBytes, nullptr, Logger()};
  server::Workers b_workers_{kCores, kMemoryBytes, nullptr, Logger()};
  std::unique_ptr<wasm::Engine> engine_ =
      *wasm::Engine::create({.guests_max = 200, .accept_text = true});
  FakeCluster cluster_{2 * kCores};
  const std::uint16_t front_ = free_port();
  std::unique_ptr<ClusterMember> a_;
  std::unique_ptr<ClusterMember> b_;
};

TEST_F(ClusterPortTest, RequestsReachTheOwner) {
  start();
  std::vector<std::thread> clients;
  std::atomic<int> right{0};
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&, i] {
      for (int k = 0; k < 5; ++k) {
        const std::string body = std::string(20'000, 'x') + std::to_string(5 * i + k);
        if (post(body) == "200 " + body) ++right;
      }
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(right, 40);
  EXPECT_EQ(stored(), "40");
  EXPECT_EQ(filter_status(*a_)["handedOver"], 40);
  EXPECT_GE(filter_status(*b_)["runForOthers"], 40);
  EXPECT_EQ(filter_status(*b_)["transactionsWritten"], 40);
}

// The kernel spreads connections over the cores.
TEST_F(ClusterPortTest, CopiesOnAllCoresRunOnce) {
  start();
  filters::HandedHead head;
  head.ns = "shop/wasm";
  head.id = {store::RandomId::make(), 0};
  head.fence = cluster_.fence();
  head.remaining = 60s;
  http::Request request;
  request.method = "POST";
  request.host = "shop";
  ASSERT_TRUE(request.set_target("/"));
  const std::string message = filters::HandedExchange::encode(
      head, &request, filters::CarriedBody::whole, http::Response(), filters::CarriedBody::whole);
  std::vector<std::thread> copies;
  std::vector<std::string> answers(16);
  for (std::string& answer : answers) {
    copies.emplace_back([&] {
      httplib::Client client("127.0.0.1", b_->port);
      client.set_read_timeout(60);
      const auto got = client.Post(filters::kRunPath, message, "application/octet-stream");
      answer = got ? got->body : "";
    });
  }
  for (auto& copy : copies) copy.join();
  for (const std::string& answer : answers) {
    const auto decoded = filters::HandedAnswer::decode(answer);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->kind, filters::HandedAnswer::Kind::done);
  }
  EXPECT_EQ(stored(), "1");
}

TEST_F(ClusterPortTest, ThePortIsNoObject) {
  start();
  httplib::Client client("127.0.0.1", b_->port);
  EXPECT_EQ(client.Get("/")->status, 404);
  EXPECT_EQ(client.Post(filters::kRunPath, "nonsense", "text/plain")->status, 400);
  EXPECT_EQ(b_->controller->list().size(), 1U);
  EXPECT_FALSE(b_->controller->get(kClusterPortName));
  EXPECT_FALSE(b_->controller->status(kClusterPortName));
  EXPECT_EQ(b_->controller->troubles(), std::vector<std::string>());
  const auto refused = b_->controller->apply(
      {config::parse_document(testing::http_server_text("other", b_->port, "shop")).value()},
      ApplyMode::apply);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("cluster port"), std::string::npos)
      << refused.error().message;
  const auto routed = b_->controller->apply(
      {config::parse_document(testing::http_server_text("other", front_, "'cluster port'"))
           .value()},
      ApplyMode::apply);
  EXPECT_FALSE(routed) << "no client may reach what members do";
  const auto kinds = b_->controller->apply(
      {config::parse_document("{name: p, kind: Pipeline, filters: [{name: f, kind: ClusterPort}]}")
           .value()},
      ApplyMode::apply);
  EXPECT_FALSE(kinds);
}

// A member that follows asks this, with each question which version is the newest.
TEST_F(ClusterPortTest, TheOwnerTellsWhatItHasSent) {
  start();
  cluster_.set_sent(14);
  loop::EventLoop loop;
  const loop::Core core{loop, 0, 1};
  const auto ask = [&](store::Fence fence, const std::string& ns) {
    const store::Owner owner{.member = "b",
                             .incarnation = {},
                             .address = "127.0.0.1:" + std::to_string(b_->port),
                             .fence = fence,
                             .me = false};
    const filters::AskOwnerOverPort first(nullptr);
    const filters::AskOwnerOverPort& copy = filters::AskOwnerOverPort(first);
    return loop::run_to_completion(loop, copy(core, owner, ns, Clock::now() + 60s));
  };
  using Answer = store::OwnerAnswer;
  EXPECT_EQ(ask(cluster_.fence(), "shop/wasm").value_or(Answer()), (Answer{14, false}));
  cluster_.set_sent(15, true);
  EXPECT_EQ(ask(cluster_.fence(), "shop/wasm").value_or(Answer()), (Answer{15, true}));
  EXPECT_FALSE(ask(cluster_.fence() + 1, "shop/wasm")) << "it owns it under another fence";
  EXPECT_FALSE(ask(cluster_.fence(), "shop/other"));
  const store::Fence old = cluster_.fence();
  cluster_.own("a", "elsewhere");
  EXPECT_FALSE(ask(old, "shop/wasm")) << "it is not the owner any more";
}

TEST_F(ClusterPortTest, MembersShowCertificates) {
  const auto pair = net::testing::make_pair("localhost");
  start(pair, pair, pair.certificate);
  EXPECT_EQ(post("over TLS"), "200 over TLS");
  EXPECT_EQ(stored(), "1");
  httplib::Client client("127.0.0.1", b_->port);
  EXPECT_FALSE(client.Get("/cluster/newest?ns=shop%2Fwasm")) << "without TLS";
}

TEST_F(ClusterPortTest, AStrangerIsRefused) {
  const auto pair = net::testing::make_pair("localhost");
  start(net::testing::make_pair("stranger"), pair, pair.certificate, 300ms);
  EXPECT_EQ(post("x").substr(0, 3), "503");
  EXPECT_EQ(stored(), "");
}

TEST_F(ClusterPortTest, CertificatesAreRenewedWhileRequestsCome) {
  const auto old = net::testing::make_pair("localhost");
  start(old, old, old.certificate);
  std::atomic<bool> done = false;
  std::atomic<int> asked = 0;
  std::atomic<int> right = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&] {
      while (!done) {
        right += post("x") == "200 x" ? 1 : 0;
        ++asked;
      }
    });
  }
  const auto some_more = [&asked] {
    return testing::eventually([&asked, before = asked.load()] { return asked > before + 20; });
  };
  EXPECT_TRUE(some_more());
  auto held = old;
  for (int i = 0; i < 3; ++i) {
    const auto next = net::testing::make_pair("localhost");
    // Both authorities count until all members have a certificate of the new one.
    for (const auto& [pair, authorities] : {std::pair(held, held.certificate + next.certificate),
                                            std::pair(next, held.certificate + next.certificate),
                                            std::pair(next, next.certificate)}) {
      for (ClusterMember* member : {a_.get(), b_.get()}) member->renew(pair, authorities);
      EXPECT_TRUE(some_more());
    }
    held = next;
  }
  done = true;
  for (auto& client : clients) client.join();
  EXPECT_EQ(right.load(), asked.load());
  EXPECT_EQ(stored(), std::to_string(asked.load()));
  const auto refused = b_->controller->renew_cluster_port(old, "nonsense");
  EXPECT_FALSE(refused);
  EXPECT_EQ(post("y"), "200 y") << "what was in force goes on";
}

TEST_F(ClusterPortTest, CertificatesThatCannotWorkRefuseTheStart) {
  const auto pair = net::testing::make_pair("localhost");
  a_ = std::make_unique<ClusterMember>(cluster_, a_workers_, *engine_, "a", 0, pair, "nonsense");
  EXPECT_FALSE(a_->controller->start());
}

TEST_F(ClusterPortTest, ItsSocketsAreForTheNextProcess) {
  start();
  bool found = false;
  for (const Ports::Open& open : b_->controller->ports()) found |= open.port == b_->port;
  EXPECT_TRUE(found);
  b_->controller->end_changes();
  b_->controller->stop();
  EXPECT_TRUE(b_->controller->hand_over({}, 10s)) << "nothing runs any more";
}

}  // namespace
}  // namespace sluice::control
