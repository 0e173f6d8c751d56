// SPDX-License-Identifier: Apache-2.0
#include "pipeline/response_side.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <stdexcept>

#include "http/body_change.h"
#include "http/cache_control.h"
#include "loop/event_loop.h"
#include "loop/testing/run_to_completion.h"
#include "pipeline/pipeline.h"
#include "pipeline/simple_kind.h"

namespace sluice::pipeline {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// The recorded events, and the number of live sides. The kind shares it with its filters.
struct Journal {
  std::vector<std::string> lines;
  int alive = 0;
};

struct LayerSpec {
  FilterMeta meta;
  std::string result;
  std::string answer;            // the body of the filter's own response
  bool streams = false;          // in pieces of one byte
  bool side = true;              // adds a response side
  bool changes = false;          // the side changes the body
  bool waits = false;            // the side first waits for a turn of the loop
  bool lingers = false;          // the side does not return until it is destroyed
  std::string fails;             // "handle" or "respond": throws there
  std::vector<std::string> set;  // "replace", "drop"

  void fields(auto& visit) {
    meta.fields(visit);
    visit("result", result, {});
    visit("answer", answer, {});
    visit("streams", streams, {});
    visit("side", side, {});
    visit("changes", changes, {});
    visit("waits", waits, {});
    visit("lingers", lingers, {});
    visit("fails", fails, {});
    visit("set", set, {});
  }
};

class Letters final : public http::BodyReader {
 public:
  explicit Letters(std::string text) : text_(std::move(text)) {}
  Task<Result<std::string_view>> read() override {
    const std::string_view rest = std::string_view(text_).substr(std::min(at_, text_.size()));
    ++at_;
    co_return rest.substr(0, 1);
  }

 private:
  std::string text_;
  std::size_t at_ = 0;
};

class LayerSide final : public ResponseSide {
 public:
  LayerSide(const LayerSpec& spec, Journal& journal, int number)
      : spec_(spec), journal_(journal), number_(number) {
    ++journal_.alive;
  }
  ~LayerSide() override { --journal_.alive; }
  Task<void> respond(Exchange& exchange) override;

  // A part of the exchange's state; the changed body refers to it.
  std::size_t bytes = 0;
  [[nodiscard]] const std::string& name() const { return spec_.meta.name; }

 private:
  const LayerSpec& spec_;
  Journal& journal_;
  int number_;
};

// Prefixes each piece with the layer's name.
class Marking final : public http::BodyChange {
 public:
  explicit Marking(LayerSide& side) : side_(side) {}
  Result<void> change(std::string_view piece, std::string& out) override {
    side_.bytes += piece.size();
    out.append(side_.name()).append(piece);
    return {};
  }
  Result<void> finish(std::string& out) override {
    out += "/" + std::to_string(side_.bytes);
    return {};
  }

 private:
  LayerSide& side_;
};

Task<void> LayerSide::respond(Exchange& exchange) {
  journal_.lines.push_back("<" + name() + std::to_string(number_) + " in " +
                           std::string(exchange.active_namespace()));
  if (spec_.lingers) co_await exchange.loop().sleep_for(std::chrono::hours(1));
  if (spec_.fails == "respond") throw std::runtime_error("respond");
  http::Response* response = exchange.response();
  if (response == nullptr) {
    journal_.lines.emplace_back("no response");
    co_return;
  }
  response->headers.add("X-Layer", name());
  if (spec_.changes) {
    const auto changed = co_await http::change_body(exchange.loop(), response->body,
                                                    std::make_unique<Marking>(*this));
    EXPECT_TRUE(changed);
  }
  for (const std::string& what : spec_.set) {
    if (what == "replace") exchange.new_response().body.assign("replaced by " + name());
    if (what == "drop") exchange.drop_response();
  }
}

class Layer final : public Filter {
 public:
  static constexpr std::string_view kKind = "Layer";
  static constexpr std::string_view kDescription = "test";
  static constexpr std::array<std::string_view, 2> kResults = {"answered", "other"};

  Layer(std::shared_ptr<const LayerSpec> spec, Journal* journal)
      : spec_(std::move(spec)), journal_(*journal) {}
  Task<std::string_view> handle(Exchange& exchange) override {
    journal_.lines.push_back(spec_->meta.name + ">");
    if (spec_->side)
      exchange.add_response_side(std::make_unique<LayerSide>(*spec_, journal_, ++number_));
    if (spec_->waits) co_await exchange.loop().yield();
    if (spec_->fails == "handle") throw std::runtime_error("handle");
    if (!spec_->answer.empty()) {
      http::Body& body = exchange.new_response().body;
      if (spec_->streams) {
        body = http::Body(std::make_unique<Letters>(spec_->answer), std::nullopt);
      } else {
        body.assign(spec_->answer);
      }
    }
    co_return spec_->result;
  }

 private:
  std::shared_ptr<const LayerSpec> spec_;
  Journal& journal_;
  int number_ = 0;
};

class ResponseSideTest : public ::testing::Test {
 protected:
  ResponseSideTest() {
    kinds_.push_back(std::make_unique<SimpleKind<LayerSpec, Layer, Journal*>>(&journal_));
  }

  void build(const std::string& flow, const std::string& filters) {
    const std::string yaml =
        "{name: p, kind: Pipeline, flow: [" + flow + "], filters: [" + filters + "]}";
    config::Faults faults;
    const auto prototype =
        PipelinePrototype::build(*config::parse_document(yaml), kinds_, {}, faults);
    ASSERT_THAT(faults.lines(), IsEmpty());
    pipeline_ = std::make_unique<Pipeline>(prototype, core_);
  }
  std::vector<std::string> run(const std::string& flow, const std::string& filters) {
    exchange_.clear();
    journal_.lines.clear();
    build(flow, filters);
    loop::run_to_completion(loop_, pipeline_->handle(exchange_));
    EXPECT_EQ(exchange_.active_namespace(), kDefaultNamespace);
    return journal_.lines;
  }
  std::vector<std::string> steps() {
    std::vector<std::string> all;
    for (const auto& step : exchange_.steps)
      all.push_back(std::string(step.alias) + ":" + std::string(step.result));
    return all;
  }
  // The body of the client's response, a stream piece by piece.
  std::vector<std::string> pieces() {
    http::Body& body = exchange_.client_response()->body;
    if (!body.is_stream()) return {std::string(body.bytes())};
    std::vector<std::string> all;
    while (true) {
      const auto piece = loop::run_to_completion(loop_, body.reader()->read());
      if (!piece || piece->empty()) return all;
      all.emplace_back(*piece);
    }
  }
  std::string layers() { return http::combined(exchange_.client_response()->headers, "X-Layer"); }

  loop::EventLoop loop_;
  loop::Core core_{loop_, 0, 1};
  Journal journal_;
  FilterKinds kinds_;
  std::unique_ptr<Pipeline> pipeline_;
  Exchange exchange_{core_};
};

TEST_F(ResponseSideTest, TheFilterInFrontSeesItLast) {
  EXPECT_THAT(run("",
                  "{name: a, kind: Layer}, {name: b, kind: Layer, waits: true}, {name: c, kind: "
                  "Layer, side: false, answer: text}"),
              ElementsAre("a>", "b>", "c>", "<b1 in DEFAULT", "<a1 in DEFAULT"));
  EXPECT_EQ(layers(), "b, a");
  EXPECT_THAT(pieces(), ElementsAre("text"));
  EXPECT_THAT(steps(), ElementsAre("a:", "b:", "c:")) << "a response side is no step";
}

TEST_F(ResponseSideTest, AFilterThatAnswersDoesNotSeeItsOwn) {
  EXPECT_THAT(run("",
                  "{name: a, kind: Layer}, {name: b, kind: Layer, answer: text, result: "
                  "answered}, {name: c, kind: Layer}"),
              ElementsAre("a>", "b>", "<a1 in DEFAULT"));
  EXPECT_EQ(layers(), "a");
  EXPECT_THAT(steps(), ElementsAre("a:", "b:answered"));
  EXPECT_THAT(run("", "{name: a, kind: Layer, answer: text}"), ElementsAre("a>"));
  EXPECT_EQ(layers(), "");
}

TEST_F(ResponseSideTest, OneThatAnswersAndJumpsHasFiltersBehindIt) {
  EXPECT_THAT(run("{filter: a, jumpIf: {other: c}}, {filter: b}, {filter: c}",
                  "{name: a, kind: Layer, answer: text, result: other}, {name: b, kind: Layer}, "
                  "{name: c, kind: Layer}"),
              ElementsAre("a>", "c>", "<a1 in DEFAULT"));
  EXPECT_EQ(layers(), "a");
}

TEST_F(ResponseSideTest, EachRunsInTheNamespaceOfItsFilter) {
  EXPECT_THAT(
      run("{filter: a}, {filter: b, namespace: side}, {filter: c, namespace: side}, {filter: d}",
          "{name: a, kind: Layer}, {name: b, kind: Layer}, {name: c, kind: Layer, answer: inner}, "
          "{name: d, kind: Layer, side: false}"),
      ElementsAre("a>", "b>", "c>", "d>", "<c1 in side", "<b1 in side", "<a1 in DEFAULT",
                  "no response"));
  EXPECT_EQ(exchange_.client_response(), nullptr);
  exchange_.activate("side");
  EXPECT_EQ(http::combined(exchange_.response()->headers, "X-Layer"), "c, b");
}

TEST_F(ResponseSideTest, AStreamIsChangedPieceByPiece) {
  run("",
      "{name: a, kind: Layer, changes: true}, {name: b, kind: Layer, changes: true}, {name: c, "
      "kind: Layer, answer: xyz, streams: true}");
  EXPECT_TRUE(exchange_.client_response()->body.is_stream());
  EXPECT_THAT(pieces(), ElementsAre("abx", "aby", "abz", "a/3", "/8"))
      << "b counts 3 bytes of c; a counts 8 of b";
  EXPECT_EQ(journal_.alive, 3);
  exchange_.clear();
  EXPECT_EQ(journal_.alive, 0);
}

TEST_F(ResponseSideTest, AWholeBodyIsChangedToo) {
  run("", "{name: a, kind: Layer, changes: true}, {name: c, kind: Layer, answer: xyz}");
  EXPECT_THAT(pieces(), ElementsAre("axyz/3"));
}

TEST_F(ResponseSideTest, TheResponseMayBeReplacedOrDropped) {
  run("",
      "{name: a, kind: Layer}, {name: b, kind: Layer, set: [replace]}, {name: c, kind: Layer, "
      "answer: xyz, streams: true}");
  EXPECT_THAT(pieces(), ElementsAre("replaced by b"));
  EXPECT_EQ(layers(), "a");
  EXPECT_THAT(run("",
                  "{name: a, kind: Layer}, {name: b, kind: Layer, set: [drop]}, {name: c, kind: "
                  "Layer, answer: xyz}"),
              ElementsAre("a>", "b>", "c>", "<b1 in DEFAULT", "<a1 in DEFAULT", "no response"));
  EXPECT_EQ(exchange_.client_response(), nullptr);
}

TEST_F(ResponseSideTest, RunsAfterAnEarlyEndAndAfterJumps) {
  EXPECT_THAT(run("{filter: a}, {filter: b, jumpIf: {other: END}}, {filter: c}",
                  "{name: a, kind: Layer}, {name: b, kind: Layer, side: false, answer: x, result: "
                  "other}, {name: c, kind: Layer}"),
              ElementsAre("a>", "b>", "<a1 in DEFAULT"));
  EXPECT_THAT(run("{filter: a, jumpIf: {\"\": c}}, {filter: b}, {filter: c}, {filter: END}, "
                  "{filter: b, alias: d}",
                  "{name: a, kind: Layer}, {name: b, kind: Layer}, {name: c, kind: Layer, answer: "
                  "x}"),
              ElementsAre("a>", "c>", "<a1 in DEFAULT"))
      << "b, which was jumped over, has no side";
}

TEST_F(ResponseSideTest, AFilterThatRunsTwiceHasTwo) {
  EXPECT_THAT(run("{filter: a, jumpIf: {\"\": again}}, {filter: b}, {filter: a, alias: again, "
                  "jumpIf: {\"\": end}}, {filter: b, alias: end}",
                  "{name: a, kind: Layer}, {name: b, kind: Layer, side: false, answer: x}"),
              ElementsAre("a>", "a>", "b>", "<a2 in DEFAULT", "<a1 in DEFAULT"));
  EXPECT_THAT(steps(), ElementsAre("a:", "again:", "end:"));
}

// One turn of the loop, in which waiting coroutines continue.
Task<void> turn(loop::EventLoop& loop) { co_await loop.yield(); }

TEST_F(ResponseSideTest, IsReleasedIfTheClientLeavesWhileAFilterHandles) {
  build("",
        "{name: a, kind: Layer}, {name: b, kind: Layer, waits: true}, {name: c, kind: Layer, "
        "answer: x}");
  Task<void> task = pipeline_->handle(exchange_);
  task.start();
  EXPECT_THAT(journal_.lines, ElementsAre("a>", "b>"));
  task.reset();
  loop::run_to_completion(loop_, turn(loop_));
  EXPECT_THAT(journal_.lines, ElementsAre("a>", "b>"));
  exchange_.clear();
  EXPECT_EQ(journal_.alive, 0);
}

TEST_F(ResponseSideTest, IsReleasedIfTheClientLeavesWhileASideResponds) {
  build("",
        "{name: a, kind: Layer}, {name: b, kind: Layer, lingers: true}, {name: c, kind: Layer, "
        "answer: x}");
  Task<void> task = pipeline_->handle(exchange_);
  task.start();
  EXPECT_FALSE(task.done());
  EXPECT_THAT(journal_.lines, ElementsAre("a>", "b>", "c>", "<b1 in DEFAULT"));
  task.reset();
  loop::run_to_completion(loop_, turn(loop_));
  EXPECT_EQ(journal_.lines.size(), 4U) << "a does not respond to nobody";
  EXPECT_EQ(journal_.alive, 3);
  exchange_.clear();
  EXPECT_EQ(journal_.alive, 0);
}

TEST_F(ResponseSideTest, DiesWithItsExchange) {
  {
    Exchange exchange(core_);
    build("",
          "{name: a, kind: Layer, changes: true}, {name: c, kind: Layer, answer: xy, streams: "
          "true}");
    loop::run_to_completion(loop_, pipeline_->handle(exchange));
    EXPECT_EQ(journal_.alive, 2);
  }
  EXPECT_EQ(journal_.alive, 0);
}

TEST_F(ResponseSideTest, AnExceptionEndsTheRun) {
  EXPECT_THROW(run("", "{name: a, kind: Layer}, {name: b, kind: Layer, fails: handle}"),
               std::runtime_error);
  EXPECT_THAT(journal_.lines, ElementsAre("a>", "b>")) << "no response, no response side";
  EXPECT_THROW(run("",
                   "{name: a, kind: Layer}, {name: b, kind: Layer, fails: respond}, {name: c, "
                   "kind: Layer, answer: x}"),
               std::runtime_error);
  EXPECT_THAT(journal_.lines, ElementsAre("a>", "b>", "c>", "<b1 in DEFAULT"));
  exchange_.clear();
  EXPECT_EQ(journal_.alive, 0);
}

TEST_F(ResponseSideTest, TheNextRequestHasNoneOfTheLast) {
  const std::string filters = "{name: a, kind: Layer}, {name: c, kind: Layer, answer: x}";
  build("", filters);
  for (int i = 1; i <= 3; ++i) {
    exchange_.clear();
    journal_.lines.clear();
    loop::run_to_completion(loop_, pipeline_->handle(exchange_));
    EXPECT_THAT(journal_.lines, ElementsAre("a>", "c>", "<a" + std::to_string(i) + " in DEFAULT"));
    EXPECT_EQ(journal_.alive, 2);
  }
}

}  // namespace
}  // namespace sluice::pipeline
