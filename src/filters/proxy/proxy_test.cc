// SPDX-License-Identifier: Apache-2.0
// Covers: pool_filter.cc, spec.cc
#include "filters/proxy/proxy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "backend/testing/scripted_server.h"
#include "loop/testing/run_to_completion.h"
#include "loop/testing/settle.h"
#include "pipeline/exchange.h"

namespace sluice::filters {
namespace {

using backend::break_off;
using backend::Peer;
using backend::ScriptedServer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Answers each request with its head as the body.
Task<void> echo_head(Peer& peer) {
  while (true) {
    const std::string head = co_await peer.head();
    if (head.empty()) co_return;
    co_await peer.send(
        "HTTP/1.1 200 OK\r\nX-Set: backend\r\nAccess-Control-Allow-Origin: b\r\nContent-Length: " +
        std::to_string(head.size()) + "\r\n\r\n" + head);
  }
}
Task<void> answer_one_500(Peer& peer) {
  co_await peer.head();
  co_await peer.send("HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\noops");
  co_await peer.head();
}
Task<void> stall(Peer& peer) {
  co_await peer.head();
  co_await peer.head();
}

std::shared_ptr<const pipeline::FilterPrototype> build(const std::string& yaml,
                                                       config::Faults& faults) {
  const auto value = config::parse_document(yaml);
  EXPECT_TRUE(value) << value.error().message;
  return make_proxy_kind({}, 1)->build(
      *value, {.pipeline = "p", .name = "proxy", .path = "filters[0]"}, faults);
}

std::vector<std::string> faults_of(const std::string& yaml) {
  config::Faults faults;
  EXPECT_EQ(build(yaml, faults), nullptr);
  return faults.lines();
}

std::string spec_of(const std::string& url, const std::string& more) {
  return "{name: proxy, kind: Proxy, pools: [{servers: [{url: '" + url + "'}]" + more + "}]}";
}

class ProxyTest : public ::testing::Test {
 protected:
  void use(ScriptedServer::Script script, const std::string& more = "") {
    server_ = std::make_unique<ScriptedServer>(
        loop_, std::vector<ScriptedServer::Script>{std::move(script)});
    make(spec_of(server_->url(), more));
  }
  void make(const std::string& yaml) {
    config::Faults faults;
    prototype_ = build(yaml, faults);
    ASSERT_THAT(faults.lines(), ElementsAre());
    filter_ = prototype_->instantiate(core_);
    exchange_.client_request().method = "GET";
    exchange_.client_request().host = "shop";
    exchange_.client_request().escaped_path = "/a%20b";
  }
  // "status result body"
  std::string run() {
    const std::string result(loop::run_to_completion(loop_, filter_->handle(exchange_)));
    const http::Response& response = *exchange_.response();
    return std::to_string(response.status) + " " + result + " " +
           std::string(response.body.bytes());
  }

  loop::EventLoop loop_;
  loop::Core core_{loop_, 0, 1};
  pipeline::Exchange exchange_{core_};
  std::unique_ptr<ScriptedServer> server_;
  std::shared_ptr<const pipeline::FilterPrototype> prototype_;
  std::unique_ptr<pipeline::Filter> filter_;
};

TEST_F(ProxyTest, HandsOnTheRequestAndBringsTheResponse) {
  use(echo_head);
  exchange_.client_request().headers.add("X-Own", "1");
  const std::string seen = run();
  EXPECT_THAT(seen, HasSubstr("200  GET /a%20b HTTP/1.1\r\n"));
  EXPECT_THAT(seen, HasSubstr("Host: shop\r\n")) << "the server is an IP address";
  EXPECT_THAT(seen, HasSubstr("X-Own: 1\r\n"));
  const Json stat = prototype_->status()["mainPool"]["stat"];
  EXPECT_EQ(stat["codes"].dump(), R"({"200":1})");
  EXPECT_EQ(stat["count"], 1);
  EXPECT_EQ(stat["errCount"], 0);
  EXPECT_EQ(stat["reqSize"], 0);
  EXPECT_EQ(stat["respSize"], exchange_.response()->body.bytes().size());
}

TEST_F(ProxyTest, HostOfANamedServer) {
  use(echo_head);
  std::string url = server_->url();
  url.replace(url.find("127.0.0.1"), 9, "localhost");
  make(spec_of(url, ""));
  EXPECT_THAT(run(), HasSubstr("Host: " + url.substr(7) + "\r\n"));
  make("{name: proxy, kind: Proxy, pools: [{servers: [{url: '" + url + "', keepHost: true}]}]}");
  EXPECT_THAT(run(), HasSubstr("Host: shop\r\n"));
  make(spec_of(server_->url(), ", setUpstreamHost: true"));
  EXPECT_THAT(run(), HasSubstr("Host: 127.0.0.1:"));
}

TEST_F(ProxyTest, AppendsToHeadersThatAreThere) {
  use(echo_head);
  exchange_.ensure_response().headers.add("X-Set", "earlier");
  exchange_.ensure_response().headers.add("Access-Control-Allow-Origin", "a");
  run();
  std::vector<std::string> fields;
  for (const auto& field : exchange_.response()->headers)
    fields.push_back(field.name + "=" + field.value);
  EXPECT_THAT(fields,
              ElementsAre("X-Set=earlier", "Access-Control-Allow-Origin=b", "X-Set=backend"));
}

TEST_F(ProxyTest, FailureCodesKeepTheResponse) {
  use(answer_one_500);
  EXPECT_EQ(run(), "500 failureCode oops");
  EXPECT_THAT(
      exchange_.tags(),
      ElementsAre(::testing::MatchesRegex("proxy#proxy#main: http://.*: status code: 500")));
  use(answer_one_500, ", failureCodes: [404]");
  EXPECT_EQ(run(), "500  oops");
}

TEST_F(ProxyTest, OutcomesOfFailures) {
  use(stall, ", timeout: 20ms");
  EXPECT_EQ(run(), "504 timeout ");
  use(break_off);
  EXPECT_EQ(run(), "502 internalError ");
  use(echo_head, ", serverMaxBodySize: 3");
  EXPECT_EQ(run(), "500 internalError ");
  EXPECT_EQ(prototype_->status()["mainPool"]["stat"]["errCount"], 1);
  make(spec_of("http://127.0.0.1:1", ""));
  EXPECT_EQ(run(), "503 serverError ");
  EXPECT_THAT(exchange_.tags().back(), HasSubstr("Connection refused"));
}

class GoneClient final : public http::BodyReader {
 public:
  Task<Result<std::string_view>> read() override {
    co_return fail(ErrorKind::closed, "client left");
  }
};

TEST_F(ProxyTest, ClientThatLeavesIsToBlame) {
  use(stall);
  exchange_.client_request().method = "POST";
  exchange_.client_request().body = http::Body(std::make_unique<GoneClient>(), 10);
  EXPECT_EQ(run(), "499 clientError ");
}

TEST_F(ProxyTest, StreamsIfToldTo) {
  use(echo_head, ", serverMaxBodySize: -1");
  run();
  ASSERT_TRUE(exchange_.response()->body.is_stream());
  EXPECT_TRUE(loop::run_to_completion(loop_, exchange_.response()->body.buffer(10'000)));
  EXPECT_THAT(std::string(exchange_.response()->body.bytes()), HasSubstr("GET /a%20b"));
}

TEST_F(ProxyTest, SpreadsRequests) {
  server_ = std::make_unique<ScriptedServer>(loop_, std::vector<ScriptedServer::Script>{echo_head});
  ScriptedServer other(loop_, {echo_head});
  make("{name: proxy, kind: Proxy, pools: [{servers: [{url: '" + server_->url() + "'}, {url: '" +
       other.url() + "'}]}]}");
  for (int i = 0; i < 4; ++i) run();
  EXPECT_EQ(server_->connections(), 1U);
  EXPECT_EQ(other.connections(), 1U);
}

// Answers a GET with the number of requests so far, and anything else with `others`.
ScriptedServer::Script count_gets(std::string others) {
  return [others, count = std::make_shared<int>(0)](Peer& peer) -> Task<void> {
    while (true) {
      const std::string head = co_await peer.head();
      if (head.empty()) co_return;
      const std::string number = std::to_string(++*count);
      if (head.starts_with("GET")) {
        co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(number.size()) +
                           "\r\n\r\n" + number);
      } else {
        co_await peer.send(others);
      }
    }
  };
}

// RFC 9111 section 4.4: a redirect is no error either.
TEST_F(ProxyTest, AnUnsafeRequestThatIsNoErrorMakesTheStoredResponseStale) {
  const std::string cache =
      ", memoryCache: {expiration: 1m, maxEntryBytes: 1000, codes: [200], methods: [GET]}";
  const std::vector<std::pair<std::string, std::string>> cases{
      {"204 No Content", "3"}, {"303 See Other", "3"}, {"404 Not Found", "1"}, {"500 Oops", "1"}};
  for (const auto& [status, after] : cases) {
    use(count_gets("HTTP/1.1 " + status + "\r\nContent-Length: 0\r\n\r\n"), cache);
    EXPECT_EQ(run(), "200  1");
    EXPECT_EQ(run(), "200  1") << "stored";
    exchange_.client_request().method = "POST";
    run();
    exchange_.client_request().method = "GET";
    EXPECT_EQ(run(), "200  " + after) << status;
  }
}

// A cache before a backend whose answers the test gives when it likes.
class ProxyCacheTest : public ProxyTest {
 protected:
  ProxyCacheTest() {
    use(
        [this](Peer& peer) -> Task<void> {
          while (true) {
            const std::string head = co_await peer.head();
            if (head.empty()) co_return;
            const std::size_t own = asked_++;
            while (!answers_.contains(own)) {
              co_await peer.loop.yield();
            }
            co_await peer.send(answers_[own]);
          }
        },
        ", memoryCache: {expiration: 1m, maxEntryBytes: 1000, codes: [200], methods: [GET]}");
  }
  static std::string ok(const std::string& body, const std::string& control = "max-age=60") {
    return "HTTP/1.1 200 OK\r\nCache-Control: " + control +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  // A request that has begun.
  struct Begun {
    Begun(ProxyCacheTest& test, const std::string& method) : exchange(test.core_) {
      exchange.client_request().method = method;
      exchange.client_request().host = "shop";
      exchange.client_request().escaped_path = "/";
      task = test.filter_->handle(exchange);
      task.start();
    }
    pipeline::Exchange exchange;
    Task<std::string_view> task;
  };
  std::unique_ptr<Begun> begin(const std::string& method = "GET") {
    return std::make_unique<Begun>(*this, method);
  }
  // Returns when the backend has got so many requests.
  void backend_is_asked(std::size_t count) {
    while (asked_ < count) loop::testing::settle(loop_);
  }
  // "status body"
  std::string end_of(Begun& begun) {
    while (!begun.task.done()) loop::testing::settle(loop_);
    const http::Response& response = *begun.exchange.response();
    return std::to_string(response.status) + " " + std::string(response.body.bytes());
  }
  std::string get() { return end_of(*begin()); }
  void change() {
    answers_[asked_] = "HTTP/1.1 204 No Content\r\n\r\n";
    EXPECT_EQ(end_of(*begin("POST")), "204 ");
  }

  std::size_t asked_ = 0;
  std::map<std::size_t, std::string> answers_;
};

TEST_F(ProxyCacheTest, AnAnswerFromBeforeAChangeIsNotKept) {
  answers_[2] = ok("new");
  const auto early = begin();
  backend_is_asked(1);
  change();
  answers_[0] = ok("old");
  EXPECT_EQ(end_of(*early), "200 old");
  EXPECT_EQ(get(), "200 new");
  EXPECT_EQ(get(), "200 new") << "which is kept";
  EXPECT_EQ(asked_, 3U);
}

TEST_F(ProxyCacheTest, AStaleResponseFromBeforeAChangeHidesNoError) {
  answers_[0] = ok("old", "max-age=0, stale-if-error=1000");
  answers_[1] = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";
  EXPECT_EQ(get(), "200 old");
  EXPECT_EQ(get(), "200 old") << "in place of the error";
  const auto late = begin();
  backend_is_asked(3);
  change();
  answers_[2] = answers_[1];
  EXPECT_EQ(end_of(*late), "503 ");
}

TEST_F(ProxyCacheTest, OneFetchAtATimeRenewsAStaleResponse) {
  answers_[0] = ok("old", "max-age=0, stale-while-revalidate=1000");
  EXPECT_EQ(get(), "200 old");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(get(), "200 old");
  backend_is_asked(2);
  change();
  EXPECT_EQ(asked_, 3U);
}

Task<void> redirect_always(Peer& peer) {
  while (true) {
    const std::string head = co_await peer.head();
    if (head.empty()) co_return;
    const std::string target = head.substr(4, head.find(' ', 4) - 4);
    co_await peer.send("HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + target +
                       "x\r\n\r\n");
  }
}

TEST_F(ProxyTest, FollowsSoManyRedirectsAndNoMore) {
  use(redirect_always);
  make("{name: proxy, kind: Proxy, maxRedirection: 2, pools: [{servers: [{url: '" + server_->url() +
       "'}]}]}");
  run();
  EXPECT_EQ(exchange_.response()->status, 302);
  EXPECT_EQ(exchange_.response()->headers.get("Location"), "/a%20bxxx") << "of the third answer";
}

struct PolicyList {
  std::vector<config::UndecodedValue> resilience;
  void fields(auto& visit) { visit("resilience", resilience); }
};

// A pool with the policies `again` and `breaker`.
class ProxyPoliciesTest : public ProxyTest {
 protected:
  void make_pool(const std::string& pool) {
    config::Faults faults;
    const auto list = config::parse_document(
        "resilience: [{name: again, kind: Retry, maxAttempts: 2, waitDuration: 0s, methods: [GET, "
        "POST], budgetPercent: 10000}, {name: breaker, kind: CircuitBreaker, slidingWindowSize: 2, "
        "minimumNumberOfCalls: 1}]");
    const auto spec = config::decode<PolicyList>(*list, "", faults);
    policies_ = resilience::Policies::build(spec.resilience, "resilience", faults);
    const auto value = config::parse_document("{name: proxy, kind: Proxy, pools: [" + pool + "]}");
    ASSERT_TRUE(value) << value.error().message;
    prototype_ = make_proxy_kind({}, 1)->build(
        *value, {.pipeline = "p", .name = "proxy", .path = "filters[0]", .policies = &policies_},
        faults);
    ASSERT_THAT(faults.lines(), ElementsAre());
    filter_ = prototype_->instantiate(core_);
    exchange_.client_request().method = "GET";
    exchange_.client_request().host = "shop";
    exchange_.client_request().escaped_path = "/";
  }

  resilience::Policies policies_;
};

// The policy would choose the same server for each try.
TEST_F(ProxyPoliciesTest, TheNextTryGoesToAnotherServer) {
  server_ = std::make_unique<ScriptedServer>(loop_, std::vector<ScriptedServer::Script>{echo_head});
  make_pool("{servers: [{url: 'http://127.0.0.1:1'}, {url: '" + server_->url() +
            "'}], loadBalance: {policy: ipHash}, retryPolicy: again}");
  for (int i = 0; i < 20; ++i) {
    exchange_.real_ip = "10.0.0." + std::to_string(i);
    EXPECT_THAT(run(), testing::StartsWith("200 ")) << exchange_.real_ip;
  }
}

class OnePiece final : public http::BodyReader {
 public:
  Task<Result<std::string_view>> read() override { co_return std::exchange(piece_, {}); }

 private:
  std::string_view piece_ = "abc";
};

TEST_F(ProxyPoliciesTest, AStreamedBodyIsSentOnce) {
  int requests = 0;
  const auto refuse_each = [&requests](Peer& peer) -> Task<void> {
    while (true) {
      const std::string head = co_await peer.head();
      if (head.empty()) co_return;
      ++requests;
      (void)co_await peer.read_exactly(3);
      co_await peer.send("HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\noops");
    }
  };
  server_ =
      std::make_unique<ScriptedServer>(loop_, std::vector<ScriptedServer::Script>{refuse_each});
  make_pool("{servers: [{url: '" + server_->url() + "'}], retryPolicy: again, timeout: 5s}");
  exchange_.client_request().method = "POST";
  exchange_.client_request().body = http::Body(std::make_unique<OnePiece>(), 3);
  EXPECT_EQ(run(), "500 failureCode oops");
  EXPECT_EQ(requests, 1);
  exchange_.client_request().body.assign("abc");
  EXPECT_EQ(run(), "500 failureCode oops");
  EXPECT_EQ(requests, 3) << "a body that is there is sent again";
}

TEST_F(ProxyPoliciesTest, AClientThatLeavesOpensNoBreaker) {
  server_ = std::make_unique<ScriptedServer>(loop_, std::vector<ScriptedServer::Script>{echo_head});
  make_pool("{servers: [{url: '" + server_->url() + "'}], circuitBreakerPolicy: breaker}");
  exchange_.client_request().method = "POST";
  exchange_.client_request().body = http::Body(std::make_unique<GoneClient>(), 10);
  EXPECT_EQ(run(), "499 clientError ");
  exchange_.client_request().method = "GET";
  exchange_.client_request().body.assign("");
  EXPECT_THAT(run(), testing::StartsWith("200 "));
}

class MirrorTest : public ProxyTest {
 protected:
  void use_mirror(ScriptedServer::Script script, const std::string& limits) {
    use(echo_head);
    mirror_ = std::make_unique<ScriptedServer>(
        loop_, std::vector<ScriptedServer::Script>{std::move(script)});
    make("{name: proxy, kind: Proxy, pools: [{servers: [{url: '" + server_->url() +
         "'}]}], mirrorPool: {servers: [{url: '" + mirror_->url() +
         "'}], filter: {policy: random, permil: 1000}, " + limits + "}}");
  }
  int copies(const char* which) { return prototype_->status()["mirrorPool"]["copies"][which]; }

  std::unique_ptr<ScriptedServer> mirror_;
};

TEST_F(MirrorTest, CopiesUnderWayAreBounded) {
  use_mirror(stall, "maxCopies: 2");
  for (int i = 0; i < 4; ++i) run();
  EXPECT_EQ(copies("sent"), 2);
  EXPECT_EQ(copies("dropped"), 2);
}

// Two bodies do not fit at the same time, and any number does one after the other.
TEST_F(MirrorTest, ACopyThatHasEndedGivesItsBytesBack) {
  use_mirror(echo_head, "maxCopiedBytes: 10");
  exchange_.client_request().method = "POST";
  const TimePoint end = Clock::now() + std::chrono::seconds(60);
  while (copies("sent") < 3 && Clock::now() < end) {
    exchange_.client_request().body.assign("123456");
    run();
  }
  EXPECT_EQ(copies("sent"), 3);
}

TEST_F(ProxyTest, CompletedSpecDecodesAgain) {
  make(spec_of("http://10.0.0.1", ""));
  const Json spec = prototype_->spec();
  EXPECT_EQ(spec["maxIdleConns"], 10240);
  EXPECT_EQ(spec["pools"][0]["loadBalance"]["policy"], "roundRobin");
  EXPECT_FALSE(spec.contains("mirrorPool"));
  config::Faults faults;
  EXPECT_NE(build(spec.dump(), faults), nullptr) << faults.to_error().message;
}

TEST(ProxySpec, Faults) {
  EXPECT_THAT(faults_of("{name: proxy, kind: Proxy, pools: [{servers: [{url: 'http://a'}]}], "
                        "mirrorPool: {servers: [{url: 'http://b'}]}}"),
              ElementsAre("filters[0].mirrorPool.filter: is required in a mirror pool"));
  EXPECT_THAT(faults_of(spec_of("http://a", ", retryPolicy: r")),
              ElementsAre("filters[0].pools[0].retryPolicy: no resilience policy \"r\" is defined "
                          "in the pipeline's `resilience`"));
  EXPECT_THAT(faults_of(spec_of("https://a", ", tls: {certBase64: YQ==}")),
              ElementsAre("filters[0].pools[0].tls.keyBase64: is needed, the other of the pair is "
                          "there"));
  EXPECT_THAT(faults_of(spec_of("https://a", ", tls: {rootCertBase64: YQ==}")),
              ElementsAre("filters[0].pools[0].tls.rootCertBase64: holds no PEM certificate"));
  EXPECT_THAT(faults_of("{name: proxy, kind: Proxy, pools: [{servers: [{url: 'http://a'}]}, "
                        "{servers: [{url: 'http://b'}]}]}"),
              ElementsAre("filters[0].pools: must have exactly one pool without a filter, not 2"));
  EXPECT_THAT(
      faults_of(spec_of("http://a", ", loadBalance: {policy: headerHash}")),
      ElementsAre(
          "filters[0].pools[0].loadBalance.headerHashKey: must name a header for headerHash"));
  EXPECT_THAT(
      faults_of("{name: proxy, kind: Proxy, pools: [{servers: [{url: 'http://a', weight: 1}, "
                "{url: 'http://b'}]}]}"),
      ElementsAre("filters[0].pools[0].servers: all servers must have a weight above 0, or none"));
  EXPECT_THAT(faults_of(spec_of("http://a", ", loadBalance: {policy: roundrobin}")),
              ::testing::SizeIs(1));
  EXPECT_THAT(faults_of(spec_of("http://a", ", failureCodes: [42]")), ::testing::SizeIs(1));
}

TEST(ProxySpec, ServiceRegistriesAreNotIgnored) {
  const auto advice = [](const std::string& field) {
    return "filters[0].pools[0]." + field +
           ": there are no service registries: name the servers in `servers`; a host name stands "
           "for all its addresses, and is looked up again";
  };
  EXPECT_THAT(
      faults_of(
          "{name: proxy, kind: Proxy, pools: [{serviceRegistry: consul, serviceName: shop}]}"),
      ElementsAre(advice("serviceRegistry")));
  config::Faults beside_servers;
  EXPECT_NE(build(spec_of("http://a", ", serviceName: shop"), beside_servers), nullptr);
  EXPECT_THAT(beside_servers.warnings(),
              ElementsAre(::testing::HasSubstr("filters[0].pools[0].serviceName: ")));
  EXPECT_THAT(faults_of("{name: proxy, kind: Proxy, pools: [{serviceName: ''}]}"),
              ElementsAre("filters[0].pools[0].servers: is required: one server at least"));
  config::Faults faults;
  EXPECT_NE(
      build(spec_of("http://a", ", serviceRegistry: '', serviceName: '', spanName: ''"), faults),
      nullptr)
      << faults.to_error().message;
}

TEST(ProxySpec, TagsThatNoServerHas) {
  EXPECT_THAT(faults_of("{name: proxy, kind: Proxy, pools: [{servers: [{url: 'http://a', tags: "
                        "[red]}], serverTags: [blue, green]}]}"),
              ElementsAre("filters[0].pools[0].serverTags: no server has one of these tags: add "
                          "them to `tags` of a server"));
}

}  // namespace
}  // namespace sluice::filters
