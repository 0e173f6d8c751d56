// SPDX-License-Identifier: Apache-2.0
// The sequence from the head of a request to its response, with a source that follows a script.
#include "server/served_exchange.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "loop/testing/run_to_completion.h"
#include "server/limits.h"
#include "server/testing/serving.h"

namespace sluice::server {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kRules = R"(
clientMaxBodySize: 10
rules:
- paths:
  - {path: /p, methods: [GET, POST], backend: p}
  - {path: /q, backend: q}
  - {path: /r, backend: r}
  - {path: /none, backend: none}
  - {path: /stream, backend: p, clientMaxBodySize: -1}
)";

// Yields the pieces, and then the error or the end.
class Pieces final : public http::BodyReader {
 public:
  Pieces(std::deque<std::string> pieces, std::optional<Error> error)
      : pieces_(std::move(pieces)), error_(std::move(error)) {}
  Task<Result<std::string_view>> read() override {
    if (pieces_.empty() && error_) co_return std::unexpected(*error_);
    if (pieces_.empty()) co_return std::string_view();
    now_ = std::move(pieces_.front());
    pieces_.pop_front();
    co_return std::string_view(now_);
  }

 private:
  std::deque<std::string> pieces_;
  std::optional<Error> error_;
  std::string now_;
};

// A protocol that follows a script, and writes down what it is asked for.
struct ScriptedSource {
  bool shown_too_little = false;
  bool refuses_itself = false;
  bool with_body = false;
  std::optional<std::uint64_t> announced{};
  bool expects_continue = false;
  bool leaves_at_continue = false;
  std::deque<std::string> pieces{};
  std::optional<Error> error{};
  bool leaves_during_run = false;
  std::vector<std::string> steps{};

  [[nodiscard]] bool superseded() const { return shown_too_little; }
  void note_known(bool known) { steps.emplace_back(known ? "known" : "routed"); }
  bool refuses() {
    if (refuses_itself) steps.emplace_back("refuses");
    return refuses_itself;
  }
  [[nodiscard]] bool has_body() const { return with_body; }
  [[nodiscard]] std::optional<std::uint64_t> length() const { return announced; }
  [[nodiscard]] bool awaits_continue() const { return expects_continue; }
  Task<bool> send_continue() {
    steps.emplace_back("100");
    co_return !leaves_at_continue;
  }
  std::unique_ptr<http::BodyReader> body() {
    steps.emplace_back("body");
    return std::make_unique<Pieces>(pieces, error);
  }
  Task<bool> run(Task<void> work) {
    steps.emplace_back("run");
    if (leaves_during_run) {
      work.start();
      work.reset();
      co_return false;
    }
    co_await std::move(work);
    co_return true;
  }
};
static_assert(RequestSource<ScriptedSource>);

class ServedExchangeTest : public ::testing::Test {
 protected:
  ServedExchangeTest() {
    core_.play.act = [](pipeline::Exchange& exchange) -> Task<void> {
      exchange.new_response().body.assign("done");
      co_return;
    };
  }
  void configure(std::string_view fields) {
    server_.update(testing::make_prototype(fields, server_.prototype()->counters));
    served_.clear();
  }
  // Serves a request. The exchange keeps its outcome until the next one.
  Answer answer(ScriptedSource& source, const std::string& target = "/p",
                const std::string& method = "POST") {
    served_.clear();
    served_.begin();
    served_.request().method = method;
    EXPECT_TRUE(served_.request().set_target(target));
    served_.head_complete(100);
    return loop::run_to_completion(core_.loop, served_.answer(source));
  }
  Answer answer(const std::string& target, const std::string& method = "GET") {
    ScriptedSource source;
    return answer(source, target, method);
  }
  [[nodiscard]] http::Response& response() { return *served_.exchange().client_response(); }
  [[nodiscard]] std::string field(const std::string& name) {
    return std::string(response().headers.get(name).value_or("none"));
  }
  [[nodiscard]] const std::vector<std::string>& tags() { return served_.exchange().tags(); }
  [[nodiscard]] std::uint64_t refusals(const std::string& limit) {
    return server_.prototype()->counters->refusals.to_json().at(limit).get<std::uint64_t>();
  }

  testing::OneCore core_;
  ServerContext server_{core_.context, testing::make_prototype(kRules)};
  PeerInfo peer_{.address = "10.0.0.1:4711"};
  std::shared_ptr<MemoryHolder> memory_ =
      std::make_shared<MemoryHolder>(core_.loop.memory(), std::size_t{1} << 20);
  ServedExchange served_{server_, peer_, memory_};
};

TEST_F(ServedExchangeTest, RunsThePipeline) {
  ScriptedSource source;
  EXPECT_EQ(answer(source), Answer::response);
  EXPECT_THAT(source.steps, ElementsAre("routed", "run"));
  EXPECT_EQ(response().status, 200);
  EXPECT_EQ(response().body.bytes(), "done");
  EXPECT_EQ(served_.exchange().peer, "10.0.0.1:4711");
  EXPECT_EQ(served_.exchange().real_ip, "10.0.0.1");
  EXPECT_EQ(served_.request().scheme, "http");
}

TEST_F(ServedExchangeTest, TellsThePipelineThatThePeerUsesTls) {
  const PeerInfo peer{.address = "[2001:db8::1]:80", .secure = true};
  ServedExchange served(server_, peer, memory_);
  served.begin();
  served.request().method = "GET";
  EXPECT_TRUE(served.request().set_target("/p"));
  served.head_complete(100);
  ScriptedSource source;
  EXPECT_EQ(loop::run_to_completion(core_.loop, served.answer(source)), Answer::response);
  EXPECT_EQ(served.request().scheme, "https");
  EXPECT_EQ(served.exchange().real_ip, "2001:db8::1");
}

TEST_F(ServedExchangeTest, RefusesAConnectionThatHasShownTooLittle) {
  ScriptedSource source{.shown_too_little = true, .with_body = true};
  EXPECT_EQ(answer(source), Answer::refused);
  EXPECT_THAT(source.steps, IsEmpty());
  EXPECT_EQ(response().status, 421);
  EXPECT_EQ(core_.play.runs, 0);
}

TEST_F(ServedExchangeTest, ASourceMayRefuseByItself) {
  ScriptedSource source{.refuses_itself = true, .with_body = true};
  EXPECT_EQ(answer(source), Answer::none);
  EXPECT_THAT(source.steps, ElementsAre("routed", "refuses"));
  EXPECT_EQ(served_.exchange().client_response(), nullptr);
}

TEST_F(ServedExchangeTest, ARefusedRouteNeedsNoBody) {
  ScriptedSource source{.refuses_itself = true, .with_body = true, .expects_continue = true};
  EXPECT_EQ(answer(source, "/unknown"), Answer::response);
  EXPECT_THAT(source.steps, ElementsAre("routed"));
  EXPECT_EQ(response().status, 404);
  EXPECT_EQ(core_.play.runs, 0);
}

TEST_F(ServedExchangeTest, ReadsTheBodyBeforeTheRun) {
  core_.play.act = [](pipeline::Exchange& exchange) -> Task<void> {
    exchange.new_response().body.assign(std::string(exchange.request()->body.bytes()));
    co_return;
  };
  ScriptedSource source{
      .with_body = true, .announced = 6, .expects_continue = true, .pieces = {"abc", "def"}};
  EXPECT_EQ(answer(source), Answer::response);
  EXPECT_THAT(source.steps, ElementsAre("routed", "100", "body", "run"));
  EXPECT_EQ(response().body.bytes(), "abcdef");
}

TEST_F(ServedExchangeTest, LeavesAStreamUnread) {
  bool streamed = false;
  core_.play.act = [&streamed](pipeline::Exchange& exchange) -> Task<void> {
    streamed = exchange.request()->body.is_stream();
    exchange.new_response();
    co_return;
  };
  ScriptedSource source{.with_body = true, .announced = 1000, .pieces = {"abc"}};
  EXPECT_EQ(answer(source, "/stream"), Answer::response);
  EXPECT_TRUE(streamed);
}

TEST_F(ServedExchangeTest, RefusesALargeBodyBeforeItIsSent) {
  ScriptedSource source{.with_body = true, .announced = 11, .expects_continue = true};
  EXPECT_EQ(answer(source), Answer::response);
  EXPECT_THAT(source.steps, ElementsAre("routed"));
  EXPECT_EQ(response().status, 413);
  ScriptedSource largest{.with_body = true, .announced = 10, .pieces = {"0123456789"}};
  EXPECT_EQ(answer(largest), Answer::response);
  EXPECT_EQ(response().status, 200);
}

TEST_F(ServedExchangeTest, RefusesABodyThatGrowsTooLarge) {
  ScriptedSource source{.with_body = true, .pieces = {"012345", "678901"}};
  EXPECT_EQ(answer(source), Answer::response);
  EXPECT_THAT(source.steps, ElementsAre("routed", "body"));
  EXPECT_EQ(response().status, 413);
}

TEST_F(ServedExchangeTest, ABrokenBodyIsNotServed) {
  const std::vector<std::pair<ErrorKind, int>> cases{
      {ErrorKind::closed, 400}, {ErrorKind::invalid, 400}, {ErrorKind::timed_out, 408}};
  for (const auto& [kind, status] : cases) {
    ScriptedSource source{.with_body = true, .pieces = {"a"}, .error = Error{kind, "it broke"}};
    EXPECT_EQ(answer(source), Answer::response);
    EXPECT_EQ(response().status, status);
    EXPECT_THAT(tags(), Contains("body: it broke"));
  }
  EXPECT_EQ(core_.play.runs, 0);
}

TEST_F(ServedExchangeTest, AClientThatLeavesGetsNothing) {
  ScriptedSource before{.with_body = true, .expects_continue = true, .leaves_at_continue = true};
  EXPECT_EQ(answer(before), Answer::none);
  EXPECT_THAT(before.steps, ElementsAre("routed", "100"));
  EXPECT_EQ(core_.play.runs, 0);

  core_.play.act = [this](pipeline::Exchange&) -> Task<void> {
    co_await core_.loop.sleep_for(std::chrono::hours(1));
  };
  ScriptedSource during{.leaves_during_run = true};
  EXPECT_EQ(answer(during), Answer::none);
  EXPECT_EQ(core_.play.runs, 1);
  EXPECT_EQ(core_.play.ends, 1) << "the run was destroyed";
  EXPECT_EQ(served_.exchange().client_response(), nullptr);
}

TEST_F(ServedExchangeTest, APipelineWithoutAResponseIs503) {
  core_.play.act = nullptr;
  EXPECT_EQ(answer("/p"), Answer::response);
  EXPECT_EQ(response().status, 503);
  EXPECT_THAT(tags(), ElementsAre("no filter made a response"));
}

TEST_F(ServedExchangeTest, EveryRoundStartsAnew) {
  EXPECT_EQ(answer("/p", "DELETE"), Answer::response);
  EXPECT_EQ(response().status, 405);
  EXPECT_EQ(field("Allow"), "GET, POST");
  EXPECT_EQ(answer("*", "OPTIONS"), Answer::response);
  EXPECT_EQ(response().status, 200);
  EXPECT_THAT(field("Allow"), HasSubstr("PATCH"));
  EXPECT_EQ(answer("/q"), Answer::response);
  EXPECT_EQ(field("Retry-After"), "2");
  EXPECT_THAT(tags(), ElementsAre("pipeline q is being built"));
  EXPECT_EQ(answer("/r"), Answer::response);
  EXPECT_EQ(response().status, 503);
  EXPECT_EQ(field("Retry-After") + field("Allow"), "nonenone");
  EXPECT_THAT(tags(), ElementsAre("pipeline r does not run: broken"));
  EXPECT_EQ(answer("/none"), Answer::response);
  EXPECT_THAT(tags(), ElementsAre("pipeline none not found"));
  EXPECT_EQ(answer("/p"), Answer::response);
  EXPECT_EQ(field("Retry-After") + field("Allow"), "nonenone");
  EXPECT_THAT(tags(), IsEmpty());
}

TEST_F(ServedExchangeTest, OnlyAPipelineThatIsBeingBuiltIsTriedAgainSoon) {
  EXPECT_EQ(answer("/q"), Answer::response);
  EXPECT_EQ(field("Retry-After"), "2");
  core_.play.act = nullptr;
  EXPECT_EQ(answer("/p"), Answer::response);
  EXPECT_EQ(response().status, 503);
  EXPECT_EQ(field("Retry-After"), "none");
}

TEST_F(ServedExchangeTest, AStreamCountsForItsClientUntilTheNextRound) {
  configure(std::string(kRules) + "clientLimits: {streams: 1}");
  ServedExchange other(server_, peer_, memory_);
  const auto status = [this](ServedExchange& served) {
    served.begin();
    served.request().method = "GET";
    served.request().version = http::Version::http2;
    EXPECT_TRUE(served.request().set_target("/p"));
    served.head_complete(100);
    ScriptedSource source;
    EXPECT_EQ(loop::run_to_completion(core_.loop, served.answer(source)), Answer::response);
    const int found = served.exchange().client_response()->status;
    return found;
  };
  EXPECT_EQ(status(served_), 200);
  EXPECT_EQ(status(other), 429);
  EXPECT_EQ(refusals("clientLimits.streams"), 1U);
  served_.clear();
  other.clear();
  EXPECT_EQ(status(other), 200);
}

TEST_F(ServedExchangeTest, OverloadShedsUnknownUsers) {
  configure(std::string(kRules) + "overload: {target: 0s, retryAfter: 3s}");
  ScriptedSource unknown{.with_body = true};
  EXPECT_EQ(answer(unknown), Answer::response);
  EXPECT_THAT(unknown.steps, ElementsAre("routed"));
  EXPECT_EQ(response().status, 503);
  EXPECT_EQ(field("Retry-After"), "3");
  EXPECT_THAT(tags(), ElementsAre("shed: overload"));
  core_.play.knows = true;
  ScriptedSource known;
  EXPECT_EQ(answer(known), Answer::response);
  EXPECT_THAT(known.steps, ElementsAre("known", "run"));
  EXPECT_EQ(field("Retry-After"), "none");
  const OverloadCells& cells = server_.prototype()->counters->overload.at(0);
  EXPECT_EQ(cells.shed.get(), 1U);
  EXPECT_EQ(cells.known.get(), 1U);
}

TEST_F(ServedExchangeTest, RefusesAClientBeyondItsRate) {
  configure(std::string(kRules) + "clientLimits: {requestsPerSecond: 1}");
  EXPECT_EQ(answer("/p"), Answer::response);
  EXPECT_EQ(response().status, 200);
  EXPECT_EQ(answer("/p"), Answer::response);
  EXPECT_EQ(response().status, 429);
  EXPECT_EQ(field("Retry-After"), "1");
  EXPECT_EQ(refusals("clientLimits.requestsPerSecond"), 1U);
  configure(kRules);
  EXPECT_EQ(answer("/p"), Answer::response);
  EXPECT_EQ(field("Retry-After"), "none");
}

TEST_F(ServedExchangeTest, ALargeResponseIsChargedUntilTheNextRound) {
  core_.play.act = [](pipeline::Exchange& exchange) -> Task<void> {
    exchange.new_response().body.assign(std::string(kSmallResponseBytes + 1, 'x'));
    co_return;
  };
  EXPECT_EQ(answer("/p"), Answer::response);
  EXPECT_GT(memory_->held(), kSmallResponseBytes);
  served_.clear();
  EXPECT_EQ(memory_->held(), 0U);
}

TEST_F(ServedExchangeTest, ARequestKeepsItsGeneration) {
  served_.clear();
  served_.begin();
  served_.request().method = "GET";
  EXPECT_TRUE(served_.request().set_target("/p"));
  // A request that begins on an idle connection uses the newest rules.
  server_.update(
      testing::make_prototype("rules: [{paths: [{path: /p, backend: p}]}]\n"
                              "writeTimeout: 7s",
                              server_.prototype()->counters));
  served_.head_complete(100);
  EXPECT_EQ(served_.spec().write_timeout, std::chrono::seconds(7));
  server_.update(testing::make_prototype("", server_.prototype()->counters));
  ScriptedSource source;
  EXPECT_EQ(loop::run_to_completion(core_.loop, served_.answer(source)), Answer::response);
  EXPECT_EQ(response().status, 200) << "the rule is gone only for the next request";
}

TEST(ServedExchangeLog, ALineHasTheStepsOfItsRequest) {
  const auto path = std::filesystem::path(::testing::TempDir()) / "served_exchange_test.log";
  std::filesystem::remove(path);
  {
    observe::AccessLog log(path, 1, Logger());
    testing::OneCore core(&log);
    ServerContext server(core.context, testing::make_prototype(kRules));
    const auto memory = std::make_shared<MemoryHolder>(core.loop.memory(), std::size_t{1} << 20);
    const PeerInfo peer{.address = "10.0.0.1:4711"};
    ServedExchange served(server, peer, memory);
    for (int i = 0; i < 3; ++i) {
      served.clear();
      served.begin();
      served.request().method = "GET";
      EXPECT_TRUE(served.request().set_target("/p"));
      served.head_complete(100);
      ScriptedSource source;
      EXPECT_EQ(loop::run_to_completion(core.loop, served.answer(source)), Answer::response);
      served.record({200}, 10, 20);
    }
    log.flush(0);
  }
  std::ifstream file(path);
  int lines = 0;
  for (std::string line; std::getline(file, line); ++lines) {
    const std::size_t first = line.find("pipeline(p): a(");
    EXPECT_NE(first, std::string::npos) << line;
    EXPECT_FALSE(line.substr(first).contains("->")) << line;
  }
  EXPECT_EQ(lines, 3);
}

TEST_F(ServedExchangeTest, CountsTheCauses) {
  const auto count = [this](http::Cause cause) {
    return server_.prototype()->counters->causes.count(cause);
  };
  EXPECT_EQ(answer("/p"), Answer::response);
  served_.record({200}, 10, 20);
  EXPECT_EQ(answer("/nowhere"), Answer::response);
  EXPECT_EQ(response().cause, http::Cause::no_route);
  served_.record({404, http::Cause::response_unread}, 10, 20);
  EXPECT_EQ(count(http::Cause::no_route), 1U);
  EXPECT_EQ(count(http::Cause::response_unread), 0U);
  EXPECT_EQ(answer("/nowhere"), Answer::response);
  served_.record(served_.left(), 10, 20);
  EXPECT_EQ(count(http::Cause::no_route), 1U);
  EXPECT_EQ(count(http::Cause::client_left), 1U);
  server_.close();
  served_.record(served_.left(), 10, 20);
  EXPECT_EQ(count(http::Cause::shutdown), 1U);
  EXPECT_EQ(count(http::Cause::none), 0U);
}

TEST_F(ServedExchangeTest, RecordsWhatWasServed) {
  EXPECT_EQ(answer("/p"), Answer::response);
  served_.record({200}, 10, 20);
  const Json stats = server_.prototype()->counters->stats.to_json();
  EXPECT_EQ(stats.at("count"), 1);
  auto handed_over = testing::make_prototype(kRules, server_.prototype()->counters);
  handed_over->handed_over = true;
  server_.update(handed_over);
  EXPECT_EQ(answer("/p"), Answer::response);
  served_.record({200}, 10, 20);
  EXPECT_EQ(server_.prototype()->counters->stats.to_json().at("count"), 1);
}

}  // namespace
}  // namespace sluice::server
