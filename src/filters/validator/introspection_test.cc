// SPDX-License-Identifier: Apache-2.0
#include "filters/validator/introspection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backend/testing/scripted_server.h"
#include "loop/testing/run_to_completion.h"

namespace sluice::filters {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

TEST(IntrospectionAnswer, OnlyTrueIsActive) {
  const auto fault = [](std::string_view body) { return read_introspection(body, 1000).fault; };
  EXPECT_EQ(fault(R"({"active":true})"), "");
  for (const char* body :
       {R"({"active":false})", R"({"active":"true"})", R"({"active":1})", R"({"active":null})",
        R"({})", R"({"Active":true})", R"({"active":true,"exp":1000})"})
    EXPECT_EQ(fault(body), "the token is not active") << body;
  EXPECT_EQ(fault(R"({"active":true,"exp":1001})"), "");
  EXPECT_EQ(fault(R"({"active":true,"exp":null,"nbf":null})"), "");
  EXPECT_EQ(fault(R"({"active":true,"nbf":1060})"), "") << "the clock of the service is ahead";
  EXPECT_EQ(fault(R"({"active":true,"nbf":1061})"), "the token is not active");
  for (const char* time : {"\"1\"", "\"2000\"", "[]", "{}", "true"}) {
    for (const char* name : {"exp", "nbf"})
      EXPECT_EQ(fault(std::string("{\"active\":true,\"") + name + "\":" + time + "}"),
                "the times of the token are malformed")
          << name << time;
  }
  for (const char* body :
       {"", "true", "[true]", "<html>", R"({"active":true,"active":true})", R"({"active":true)"})
    EXPECT_EQ(fault(body), "the service gives no JSON") << body;
  EXPECT_EQ(fault("{\"active\":true,\"sub\":\"a\\nb\"}"), "a claim cannot be a header");
}

TEST(IntrospectionAnswer, NamesTheUser) {
  const auto token = read_introspection(R"({"active":true,"sub":"ann","scope":"read write"})", 0);
  EXPECT_THAT(token.headers, ElementsAre(Pair("X-Authenticated-Userid", "ann"),
                                         Pair("X-Authenticated-Scope", "read write")));
}

TEST(IntrospectionForm, IsEncoded) {
  TokenIntrospectSpec spec;
  EXPECT_EQ(introspection_form(spec, "a&client_id=x"), "token=a%26client_id%3Dx");
  spec.client_id = "gate way";
  spec.client_secret = "=&+";
  EXPECT_EQ(introspection_form(spec, "t"), "token=t&client_id=gate%20way&client_secret=%3D%26%2B");
}

class IntrospectionTest : public ::testing::Test {
 protected:
  // A service that gives these responses, one to a connection, and the last again and again.
  void serve(std::vector<std::string> responses) {
    std::vector<backend::ScriptedServer::Script> scripts;
    for (const std::string& response : responses) {
      scripts.emplace_back([this, response](backend::Peer& peer) -> Task<void> {
        return respond(*this, peer, response);
      });
    }
    server_ = std::make_unique<backend::ScriptedServer>(loop_, std::move(scripts));
    spec_.timeout = 5s;
    make();
  }
  void make() {
    backend::SideLimits limits;
    limits.timeout = spec_.timeout;
    asker_ = std::make_unique<Introspection>(
        core_, spec_, *backend::SideService::make(server_->url() + "/ask", nullptr, limits, 1),
        [this] { return now_; });
  }
  std::string_view ask(const std::string& token = "t") {
    return loop::run_to_completion(loop_, asker_->ask(token)).fault;
  }
  static std::string answer(const std::string& body, const std::string& status = "200 OK") {
    return "HTTP/1.1 " + status +
           "\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           body;
  }

  loop::EventLoop loop_;
  loop::Core core_{loop_, 0, 1};
  TokenIntrospectSpec spec_;
  std::unique_ptr<backend::ScriptedServer> server_;
  std::unique_ptr<Introspection> asker_;
  double now_ = 1000;
  std::string head_;
  int asked_ = 0;

 private:
  static Task<void> respond(IntrospectionTest& self, backend::Peer& peer, std::string response) {
    self.head_ = co_await peer.head();
    ++self.asked_;
    if (response.empty()) (void)co_await peer.head();
    co_await peer.send(response);
  }
};

TEST_F(IntrospectionTest, WhatTheServiceSaysDecides) {
  const std::string good = answer(R"({"active":true})");
  serve({good, answer(R"({"active":false})"), answer(R"({"active":true})", "201 Created"),
         answer(R"({"active":true})", "500 Oops"), answer("garbage"),
         answer(R"({"active":true,"x":")" + std::string(70'000, 'x') + R"("})"), "broken"});
  EXPECT_EQ(ask(), "");
  EXPECT_EQ(ask(), "the token is not active");
  EXPECT_EQ(ask(), "the service answers with another status than 200");
  EXPECT_EQ(ask(), "the service answers with another status than 200");
  EXPECT_EQ(ask(), "the service gives no JSON");
  EXPECT_EQ(ask(), "the service does not answer");
  EXPECT_EQ(ask(), "the service does not answer");
  EXPECT_THAT(head_, HasSubstr("Content-Type: application/x-www-form-urlencoded\r\n"));
}

TEST_F(IntrospectionTest, SilenceIsNoYes) {
  serve({""});
  spec_.timeout = 20ms;
  make();
  EXPECT_EQ(ask(), "the service does not answer in time");
}

TEST_F(IntrospectionTest, CredentialsGoWithTheQuestion) {
  spec_.basic_auth = "Z2F0ZTp3YXk=";
  serve({answer(R"({"active":true})")});
  EXPECT_EQ(ask(), "");
  EXPECT_THAT(head_, HasSubstr("Authorization: Basic Z2F0ZTp3YXk=\r\n"));
}

TEST_F(IntrospectionTest, GoodAnswersHoldForAWhile) {
  spec_.cache_for = 30s;
  serve({answer(R"({"active":true})"), answer(R"({"active":false})")});
  EXPECT_EQ(ask("a"), "");
  EXPECT_EQ(ask("a"), "");
  EXPECT_EQ(asked_, 1);
  EXPECT_EQ(ask("b"), "the token is not active");
  EXPECT_EQ(ask("b"), "the token is not active");
  EXPECT_EQ(asked_, 3);
}

// The cached answer ends with the token, long before `cacheFor` is over.
TEST_F(IntrospectionTest, NoAnswerOutlivesItsToken) {
  spec_.cache_for = 1min;
  serve({answer(R"({"active":true,"exp":1010})"), answer(R"({"active":true,"exp":1020})")});
  EXPECT_EQ(ask(), "");
  now_ = 1009;
  EXPECT_EQ(ask(), "");
  EXPECT_EQ(asked_, 1);
  now_ = 1010;
  EXPECT_EQ(ask(), "");
  EXPECT_EQ(asked_, 2);
  now_ = 1020;
  EXPECT_EQ(ask(), "the token is not active");
}

}  // namespace
}  // namespace sluice::filters
