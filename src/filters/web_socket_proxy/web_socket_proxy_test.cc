// SPDX-License-Identifier: Apache-2.0
#include "filters/web_socket_proxy/web_socket_proxy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backend/testing/scripted_server.h"
#include "config/from_json.h"
#include "filters/web_socket_proxy/spec.h"
#include "loop/event.h"
#include "loop/testing/run_to_completion.h"
#include "pipeline/exchange.h"

namespace sluice::filters {
namespace {

using ::testing::ElementsAre;
using ::testing::StartsWith;

constexpr std::string_view kSwitched =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

std::shared_ptr<const pipeline::FilterPrototype> build(const std::string& yaml,
                                                       config::Faults& faults) {
  const auto value = config::parse_document("name: w\nkind: WebSocketProxy\n" + yaml + "\n");
  EXPECT_TRUE(value) << value.error().message;
  return make_web_socket_proxy_kind({}, 1)->build(
      *value, {.pipeline = "p", .name = "w", .path = "f"}, faults);
}

std::vector<std::string> faults_of(const std::string& yaml) {
  config::Faults faults;
  EXPECT_EQ(build(yaml, faults), nullptr);
  return faults.lines();
}

// The bytes of a client after its upgrade: `bytes` once it is opened, then nothing more.
class ClientSays final : public http::BodyReader {
 public:
  ClientSays(loop::EventLoop& loop, std::string bytes) : bytes_(std::move(bytes)), opened_(loop) {}
  void open() { opened_.notify(); }
  Task<Result<std::string_view>> read() override {
    co_await opened_.wait();
    co_return std::string_view(bytes_);
  }

 private:
  std::string bytes_;
  loop::Event opened_;
};

class WebSocketProxyTest : public ::testing::Test {
 protected:
  // A backend that switches, says `then`, and keeps the connection open.
  backend::ScriptedServer::Script switches(std::string then) {
    return [this, then](backend::Peer& peer) -> Task<void> { return answer(*this, peer, then); };
  }
  static Task<void> answer(WebSocketProxyTest& self, backend::Peer& peer, std::string then) {
    self.head_ = co_await peer.head();
    co_await peer.send(std::string(kSwitched) + then);
    co_await self.loop_.sleep_for(std::chrono::hours(1));
  }
  std::unique_ptr<pipeline::Filter> make(const std::string& url, const std::string& more = "") {
    config::Faults faults;
    prototype_ = build("pools: [{servers: [{url: '" + url + "'}]" + more + "}]", faults);
    EXPECT_THAT(faults.lines(), ElementsAre());
    return prototype_->instantiate(core_);
  }
  http::Request& ask(std::string bytes = "") {
    exchange_.clear();
    http::Request& request = *exchange_.request();
    request.method = "GET";
    request.host = "shop.example";
    EXPECT_TRUE(request.set_target("/chat"));
    request.upgrade = "websocket";
    client_ = std::make_shared<ClientSays>(loop_, std::move(bytes));
    request.upgraded = client_;
    return request;
  }
  std::string_view run(pipeline::Filter& filter) {
    return loop::run_to_completion(loop_, filter.handle(exchange_));
  }
  // What the backend says after the switch, or the error; then the tags.
  std::string rest() {
    const auto bytes = loop::run_to_completion(loop_, exchange_.response()->body.reader()->read());
    std::string text = bytes ? std::string(*bytes) : "error";
    for (const std::string& tag : exchange_.tags()) text += "|" + tag;
    return text;
  }
  static std::string ws(const backend::ScriptedServer& server) {
    return "ws" + server.url().substr(4);
  }

  loop::EventLoop loop_;
  loop::Core core_{loop_, 0, 1};
  std::string head_;
  std::shared_ptr<ClientSays> client_;
  std::shared_ptr<const pipeline::FilterPrototype> prototype_;
  pipeline::Exchange exchange_{core_};
};

TEST_F(WebSocketProxyTest, PassesTheUpgradeOn) {
  backend::ScriptedServer server(loop_, {switches("\x81\x02hi")});
  const auto filter = make(ws(server));
  ask();
  EXPECT_EQ(run(*filter), "");
  EXPECT_EQ(exchange_.response()->status, 101);
  EXPECT_EQ(rest(), "\x81\x02hi");
  EXPECT_THAT(head_, StartsWith("GET /chat HTTP/1.1\r\n"));
  exchange_.clear();
}

TEST_F(WebSocketProxyTest, RefusesWhatAsksForNoWebSocket) {
  const auto filter = make("ws://127.0.0.1:1");
  for (const std::string_view upgrade : {"", "chat, x"}) {
    ask().upgrade = upgrade;
    EXPECT_EQ(run(*filter), "clientError");
    EXPECT_EQ(exchange_.response()->status, 426);
  }
}

TEST_F(WebSocketProxyTest, RefusesOtherOrigins) {
  const auto filter = make("ws://127.0.0.1:1", ", originPatterns: ['*.friend.example']");
  ask().headers.add("Origin", "http://evil.example");
  EXPECT_EQ(run(*filter), "clientError");
  EXPECT_EQ(exchange_.response()->status, 403);
  ask().headers.add("Origin", "http://a.friend.example");
  EXPECT_EQ(run(*filter), "internalError") << "no server there";
  const auto any = make("ws://127.0.0.1:1", ", insecureSkipVerify: true");
  ask().headers.add("Origin", "http://evil.example");
  EXPECT_EQ(run(*any), "internalError");
}

TEST_F(WebSocketProxyTest, EndsATunnelAtALargeMessageOfTheServer) {
  backend::ScriptedServer server(loop_, {switches("\x81\x03hey"), switches("\x81\x02hi")});
  const auto filter = make(ws(server), ", serverMaxMsgSize: 2");
  ask();
  EXPECT_EQ(run(*filter), "");
  EXPECT_EQ(rest(),
            "error|webSocketProxy: a message of the server is larger than serverMaxMsgSize");
  ask();
  EXPECT_EQ(run(*filter), "");
  EXPECT_EQ(rest(), "\x81\x02hi");
  exchange_.clear();
}

TEST_F(WebSocketProxyTest, EndsATunnelAtALargeMessageOfTheClient) {
  backend::ScriptedServer server(loop_, {switches("")});
  const auto filter = make(ws(server), ", clientMaxMsgSize: 2");
  ask("\x81\x03hey");
  ASSERT_EQ(run(*filter), "");
  client_->open();
  EXPECT_EQ(rest(),
            "error|webSocketProxy: a message of the client is larger than clientMaxMsgSize");
  exchange_.clear();
}

TEST_F(WebSocketProxyTest, AnswersOfBackendsPass) {
  backend::ScriptedServer server(
      loop_, {[](backend::Peer& peer) -> Task<void> {
        (void)co_await peer.head();
        co_await peer.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
      }});
  const auto filter = make(ws(server));
  ask();
  EXPECT_EQ(run(*filter), "");
  EXPECT_EQ(exchange_.response()->status, 401);
}

TEST_F(WebSocketProxyTest, KeepsTheSpecAsGiven) {
  (void)make("wss://10.0.0.1:9", ", healthCheck: {passes: 2, ws: {uri: /ws}, http: {uri: /h}}");
  const Json pool = prototype_->spec()["pools"][0];
  EXPECT_EQ(pool["servers"][0]["url"], "wss://10.0.0.1:9");
  EXPECT_EQ(pool["healthCheck"]["ws"]["match"]["statusCodes"][0][0], 101);
  EXPECT_EQ(pool["healthCheck"]["http"]["match"]["statusCodes"][0][0], 200);
  config::Faults faults;
  const auto again = make_web_socket_proxy_kind({}, 1)->build(
      config::from_json(prototype_->spec()), {.pipeline = "p", .name = "w", .path = "f"}, faults);
  EXPECT_NE(again, nullptr);
  EXPECT_THAT(faults.lines(), ElementsAre());
}

TEST(WebSocketHealth, AsksForAllThatIsGiven) {
  WebSocketHealthSpec spec;
  spec.pace.interval = std::chrono::seconds(7);
  backend::HealthCheck check = spec.make().make();
  EXPECT_EQ(check.upgrade, "websocket");
  EXPECT_TRUE(check.more.empty());
  ASSERT_EQ(check.headers.size(), 2U) << "without them a server says 400";
  EXPECT_EQ(check.headers.front().name, "Sec-WebSocket-Key");
  EXPECT_EQ(check.interval, std::chrono::seconds(7));
  spec.http.emplace();
  spec.ws.emplace().probe.uri = "/ws";
  check = spec.make().make();
  EXPECT_EQ(check.target, "/ws");
  ASSERT_EQ(check.more.size(), 1U);
  EXPECT_EQ(check.more.front().upgrade, "");
  EXPECT_EQ(check.interval, std::chrono::seconds(7));
}

TEST(WebSocketProxyFaults, NameTheirPlace) {
  const std::string servers = "servers: [{url: 'ws://a'}]";
  EXPECT_THAT(faults_of(""), ElementsAre("f.pools: is required"));
  EXPECT_THAT(faults_of("pools: [{servers: [{url: 'ftp://a'}]}]"),
              ElementsAre(StartsWith("f.pools[0].servers[0].url: ")));
  EXPECT_THAT(faults_of("pools: [{" + servers + ", clientMaxMsgSize: -2}]"),
              ElementsAre(StartsWith("f.pools[0].clientMaxMsgSize: ")));
  EXPECT_THAT(faults_of("pools: [{" + servers + ", originPatterns: ['[']}]"),
              ElementsAre(StartsWith("f.pools[0].originPatterns[0]: ")));
  EXPECT_THAT(faults_of("pools: [{" + servers + ", memoryCache: {}}]"),
              ElementsAre(StartsWith("f.pools[0].memoryCache: has no use")));
  EXPECT_THAT(
      faults_of("pools: [{" + servers + ", healthCheck: {ws: {match: {body: {value: a}}}}}]"),
      ElementsAre("f.pools[0].healthCheck.ws.match.body: has no use: a tunnel has no body"));
  EXPECT_THAT(faults_of("pools: [{" + servers + "}, {" + servers + "}]"),
              ElementsAre(StartsWith("f.pools: must have exactly one pool without a filter")));
}

}  // namespace
}  // namespace sluice::filters
