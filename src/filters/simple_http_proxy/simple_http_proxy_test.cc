// SPDX-License-Identifier: Apache-2.0
// Covers: targets.cc
#include "filters/simple_http_proxy/simple_http_proxy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backend/testing/scripted_server.h"
#include "base/host_port.h"
#include "filters/simple_http_proxy/targets.h"
#include "loop/testing/run_to_completion.h"
#include "pipeline/exchange.h"

namespace sluice::filters {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class SimpleHttpProxyTest : public ::testing::Test {
 protected:
  std::unique_ptr<pipeline::Filter> make(const std::string& fields) {
    const auto value = config::parse_document("{name: f, kind: SimpleHTTPProxy" + fields + "}");
    EXPECT_TRUE(value);
    config::Faults faults;
    prototype_ = kind_->build(*value, {.pipeline = "p", .name = "f", .path = "f"}, faults);
    EXPECT_THAT(faults.lines(), ElementsAre());
    warnings_ = faults.warnings();
    return prototype_->instantiate(core_);
  }
  // "result status tags"
  std::string ask(pipeline::Filter& filter, const std::string& url) {
    exchange_.clear();
    exchange_.request()->method = "GET";
    exchange_.request()->scheme = "http";
    EXPECT_TRUE(exchange_.request()->set_target(url));
    exchange_.request()->headers.add("Via", "1.0 first");
    std::string text(loop::run_to_completion(loop_, filter.handle(exchange_)));
    text += " " + std::to_string(exchange_.response()->status);
    for (const std::string& tag : exchange_.tags()) text += " " + tag;
    return text;
  }
  static Task<void> answer(SimpleHttpProxyTest& self, backend::Peer& peer) {
    while (true) {
      self.head_ = co_await peer.head();
      if (self.head_.empty()) co_return;
      co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    }
  }
  auto script() {
    return [this](backend::Peer& peer) -> Task<void> { return answer(*this, peer); };
  }

  loop::EventLoop loop_;
  loop::Core core_{loop_, 0, 1};
  pipeline::Exchange exchange_{core_};
  std::unique_ptr<pipeline::FilterKind> kind_ = make_simple_http_proxy_kind(1);
  std::shared_ptr<const pipeline::FilterPrototype> prototype_;
  std::vector<std::string> warnings_;
  std::string head_;
};

TEST_F(SimpleHttpProxyTest, ForwardsToTheServerOfTheUrl) {
  backend::ScriptedServer server(loop_, {script()});
  const std::string host(server.url().substr(sizeof("http://") - 1));
  const auto filter = make(", allowedHosts: ['" + host + "'], allowedNetworks: [127.0.0.0/8]");
  EXPECT_THAT(warnings_, ElementsAre());
  EXPECT_EQ(ask(*filter, server.url() + "/a%20b?c=1"), " 200");
  EXPECT_THAT(head_, StartsWith("GET /a%20b?c=1 HTTP/1.1\r\n"));
  EXPECT_THAT(head_, HasSubstr("Host: " + host + "\r\n"));
  EXPECT_THAT(head_, HasSubstr("Via: 1.0 first, 1.1 sluice-"));
  EXPECT_THAT(exchange_.response()->headers.get("Via").value_or(""), StartsWith("1.1 sluice-"));
  EXPECT_EQ(exchange_.request()->headers.get("Via"), "1.0 first") << "as it was";
}

TEST_F(SimpleHttpProxyTest, WarnsOfAnOpenProxy) {
  (void)make("");
  ASSERT_EQ(warnings_.size(), 1U);
  EXPECT_THAT(warnings_[0], StartsWith("f.allowedHosts: "));
}

TEST_F(SimpleHttpProxyTest, RefusesWhatIsNotAllowed) {
  const auto open = make("");
  EXPECT_THAT(ask(*open, "http://127.0.0.1/"), StartsWith("clientError 403 "));
  EXPECT_THAT(ask(*open, "http://[::ffff:127.0.0.1]/"), StartsWith("clientError 403 "));
  EXPECT_THAT(ask(*open, "http://localhost/"), StartsWith("clientError 403 "));
  EXPECT_THAT(ask(*open, "http://169.254.169.254/latest"), StartsWith("clientError 403 "));
  EXPECT_THAT(ask(*open, "http://8.8.8.8:25/"), StartsWith("clientError 403 "));
  const auto listed = make(", allowedHosts: [a.example], allowedNetworks: [127.0.0.0/8]");
  EXPECT_THAT(ask(*listed, "http://127.0.0.1:8080/"), StartsWith("clientError 403 "));
  EXPECT_THAT(exchange_.response()->body.bytes(), "");
}

TEST_F(SimpleHttpProxyTest, ARequestWithoutAHostIsRefused) {
  const auto filter = make("");
  EXPECT_THAT(ask(*filter, "/"), StartsWith("clientError 400 "));
  for (const char* host : {"a/b", "a@b", "a b", "[::1"}) {
    exchange_.clear();
    exchange_.request()->method = "GET";
    (void)exchange_.request()->set_target("/");
    exchange_.request()->host = host;
    EXPECT_EQ(loop::run_to_completion(loop_, filter->handle(exchange_)), "clientError") << host;
    EXPECT_EQ(exchange_.response()->status, 400) << host;
  }
}

TEST_F(SimpleHttpProxyTest, ACircleEnds) {
  backend::ScriptedServer server(loop_, {script()});
  const std::string host(server.url().substr(sizeof("http://") - 1));
  const auto filter = make(", allowedHosts: ['" + host + "'], allowedNetworks: [127.0.0.1]");
  ASSERT_EQ(ask(*filter, server.url()), " 200");
  const std::string own(exchange_.response()->headers.get("Via").value_or(""));
  exchange_.request()->headers.add("Via", own);
  EXPECT_EQ(loop::run_to_completion(loop_, filter->handle(exchange_)), "clientError");
  EXPECT_EQ(exchange_.response()->status, 508);
}

TEST_F(SimpleHttpProxyTest, NamespacesWithoutARequest) {
  const auto filter = make("");
  exchange_.clear();
  exchange_.activate("other");
  EXPECT_EQ(loop::run_to_completion(loop_, filter->handle(exchange_)), "internalError");
  EXPECT_EQ(exchange_.response()->status, 500);
}

http::Request request_to(const std::string& url) {
  http::Request request;
  request.scheme = "http";
  EXPECT_TRUE(request.set_target(url));
  return request;
}

TEST_F(SimpleHttpProxyTest, TargetsAreBoundedAndTheLastUsedStay) {
  config::Faults faults;
  const auto all = std::make_shared<const Destinations>(Destinations::build({}, {}, "f", faults));
  Targets targets(core_, all, {});
  const auto first = targets.find(request_to("http://shop.example/")).value();
  for (std::size_t i = 0; i < kTargetsMax; ++i) {
    const std::string url = "http://h" + std::to_string(i) + ".example/";
    (void)targets.find(request_to(url)).value();
    EXPECT_EQ(targets.find(request_to("http://SHOP.example.:80/x")).value(), first);
  }
  EXPECT_EQ(targets.size(), kTargetsMax);
  EXPECT_NE(targets.find(request_to("https://shop.example:80/")).value(), first)
      << "another scheme";
  EXPECT_EQ(targets.size(), kTargetsMax);
}

}  // namespace
}  // namespace sluice::filters
