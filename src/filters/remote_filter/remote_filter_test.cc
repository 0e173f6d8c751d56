// SPDX-License-Identifier: Apache-2.0
#include "filters/remote_filter/remote_filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backend/testing/scripted_server.h"
#include "loop/testing/run_to_completion.h"
#include "pipeline/exchange.h"

namespace sluice::filters {
namespace {

using ::testing::ElementsAre;
using ::testing::StartsWith;

class RemoteFilterTest : public ::testing::Test {
 protected:
  std::shared_ptr<const pipeline::FilterPrototype> build(const std::string& fields,
                                                         config::Faults& faults) {
    const auto value = config::parse_document("{name: r, kind: RemoteFilter" + fields + "}");
    EXPECT_TRUE(value);
    return make_remote_filter_kind(1)->build(*value, {.pipeline = "p", .name = "r", .path = "f"},
                                             faults);
  }
  // Runs the filter against a service that answers so. Returns "result status tag".
  std::string run(int status, const std::string& body, const std::string& more = "") {
    backend::ScriptedServer server(loop_, {[this, status, body](backend::Peer& peer) -> Task<void> {
                                     return answer(*this, peer, status, body);
                                   }});
    config::Faults faults;
    const auto prototype = build(", url: '" + server.url() + "/verify?a=1'" + more, faults);
    EXPECT_THAT(faults.lines(), ElementsAre());
    const auto filter = prototype->instantiate(core_);
    exchange_.clear();
    exchange_.request()->method = "GET";
    exchange_.request()->host = "shop.example";
    (void)exchange_.request()->set_target("/a");
    std::string text(loop::run_to_completion(loop_, filter->handle(exchange_)));
    if (exchange_.response() != nullptr) text += " " + std::to_string(exchange_.response()->status);
    for (const std::string& tag : exchange_.tags()) text += " " + tag;
    return text;
  }
  static Task<void> answer(RemoteFilterTest& self, backend::Peer& peer, int status,
                           std::string body) {
    self.head_ = co_await peer.head();
    if (status == 0) {  // silence
      co_await self.loop_.sleep_for(std::chrono::hours(1));
      co_return;
    }
    std::string text = "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: ";
    text += std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + body;
    co_await peer.send(text);
  }

  loop::EventLoop loop_;
  loop::Core core_{loop_, 0, 1};
  pipeline::Exchange exchange_{core_};
  std::string head_;
};

TEST_F(RemoteFilterTest, AppliesTheReply) {
  EXPECT_EQ(run(200, R"({"request": {"header": {"X-User": ["ann"]}}})"), "");
  EXPECT_EQ(exchange_.request()->headers.get("X-User"), "ann");
  EXPECT_THAT(head_, StartsWith("POST /verify?a=1 HTTP/1.1\r\n"));
  EXPECT_EQ(run(200, R"({"response": {"header": {"X-A": ["1"]}}})"), " 200");
  EXPECT_EQ(run(200, R"({"response": {"statusCode": 200, "header": {}, "body": ""}})"), "");
}

TEST_F(RemoteFilterTest, MayAnswer) {
  EXPECT_EQ(run(205, R"({"response": {"statusCode": 401, "body": "bm8="}})"),
            "responseAlready 401");
  EXPECT_EQ(exchange_.response()->body.bytes(), "no");
  EXPECT_EQ(run(205, "{}"), "responseAlready 200");
}

TEST_F(RemoteFilterTest, FailsClosed) {
  EXPECT_EQ(run(500, "{}"), "failed 503 remoteFilter: the service answers 500");
  EXPECT_EQ(run(302, "{}"), "failed 503 remoteFilter: the service answers 302");
  EXPECT_EQ(run(200, "no"), "failed 503 remoteFilter: the reply is no JSON object");
  EXPECT_EQ(run(200, R"({"response": {"header": {"A": ["a\nb"]}}})"),
            "failed 503 remoteFilter: the reply has a wrong header");
  EXPECT_THAT(run(200, std::string(192 * 1024 + 1, ' ')), StartsWith("failed 503 remoteFilter: "));
  EXPECT_THAT(run(0, "", ", timeout: 20ms"), StartsWith("failed 503 remoteFilter: "));
}

TEST_F(RemoteFilterTest, FaultsNameTheirPlace) {
  const auto faults_of = [&](const std::string& fields) {
    config::Faults faults;
    EXPECT_EQ(build(fields, faults), nullptr);
    return faults.lines();
  };
  EXPECT_THAT(faults_of(""), ElementsAre("f.url: is required"));
  EXPECT_THAT(faults_of(", url: 'ftp://a'"), ElementsAre(StartsWith("f.url: ")));
  EXPECT_THAT(faults_of(", url: 'http://a', timeout: -1s"), ElementsAre(StartsWith("f.timeout: ")));
  EXPECT_THAT(faults_of(", url: 'https://a', tls: {rootCertBase64: '!'}"),
              ElementsAre(StartsWith("f.tls.rootCertBase64: ")));
}

}  // namespace
}  // namespace sluice::filters
