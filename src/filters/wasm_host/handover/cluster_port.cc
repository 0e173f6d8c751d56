// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/handover/cluster_port.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.h"
#include "filters/wasm_host/filter.h"
#include "filters/wasm_host/handover/courier.h"
#include "http/query.h"
#include "loop/event.h"
#include "pipeline/exchange.h"

namespace sluice::filters {
namespace {

// The sender waits at most for the rest of the run's time, and then for an owner.
constexpr Duration kAnswerSpare = std::chrono::seconds(1);
// Who asks for the newest version asks etcd by then.
constexpr Duration kNewestMax = std::chrono::milliseconds(200);
// The commit of a large import takes minutes.
constexpr Duration kCallMax = std::chrono::minutes(15);

struct ClusterPortSpec {
  pipeline::FilterMeta meta;
  void fields(auto& visit) { meta.fields(visit); }
};

// A copy of an exchange, on the core to which it came.
struct Waiting {
  explicit Waiting(loop::EventLoop& loop) : news(loop) {}
  loop::Event news;
  HandedRuns::Answer answer{};
  static void tell(const std::weak_ptr<Waiting>& waiting, HandedRuns::Answer answer) {
    const auto self = waiting.lock();
    if (!self) return;  // the sender has left
    self->answer = std::move(answer);
    self->news.notify();
  }
};

class ClusterPortFilter final : public pipeline::Filter {
 public:
  ClusterPortFilter(const loop::Core& core, std::shared_ptr<Handover> handover,
                    const HandedRunsLimits& limits, std::shared_ptr<PortCalls> calls)
      : core_(core),
        handover_(std::move(handover)),
        calls_(std::move(calls)),
        runs_(std::make_shared<HandedRuns>(core, *handover_, limits)) {
    handover_->put_runs(core, runs_);
  }

  // Other members are known, so they are never shed.
  bool knows(const http::Request&) const override { return true; }

  Task<std::string_view> handle(pipeline::Exchange& exchange) override {
    const http::Request& request = *exchange.request();
    if (request.path == kRunPath && request.method == "POST") co_return co_await run(exchange);
    if (request.path == kCallPath && request.method == "POST" && calls_) {
      co_return co_await call(exchange);
    }
    http::Response& response = exchange.new_response();
    response.status = 404;
    if (request.method != "GET") co_return "";
    if (request.path == kNewestPath) co_await tell_newest(request, response);
    if (request.path == kClockPath) tell_clock(response);
    co_return "";
  }

 private:
  Task<std::string_view> run(pipeline::Exchange& exchange) {
    auto message = HandedExchange::decode(exchange.request()->body.bytes());
    http::Response& response = exchange.new_response();
    if (!message) {
      response.status = 400;
      exchange.add_tag("cluster: " + message.error().message);
      co_return "";
    }
    const TimePoint end =
        Clock::now() + message->head.remaining + kAnswerSpare + handover_->options().owner_wait;
    const auto waiting = std::make_shared<Waiting>(core_.loop);
    send_home(*std::move(message), waiting);
    while (!waiting->answer && Clock::now() < end) {
      (void)co_await waiting->news.wait(end);
    }
    if (!waiting->answer) {
      response.status = 504;
      co_return "";
    }
    response.headers.set("Content-Type", "application/octet-stream");
    response.body.share(waiting->answer);
    co_return "";
  }

  // All copies of an exchange meet on one core, wherever they come.
  void send_home(HandedExchange message, const std::weak_ptr<Waiting>& waiting) {
    const unsigned home = handover_->home_of(message.head);
    if (home == core_.index) {
      return runs_->accept(std::move(message), [waiting](HandedRuns::Answer answer) {
        Waiting::tell(waiting, std::move(answer));
      });
    }
    auto back = [waiting, &loop = core_.loop](HandedRuns::Answer answer) {
      loop.post([waiting, answer = std::move(answer)]() mutable {
        Waiting::tell(waiting, std::move(answer));
      });
    };
    const loop::Core* there = handover_->core(home);
    if (there == nullptr) return back(busy());
    there->loop.post([handover = handover_, there, message = std::move(message),
                      back = std::move(back)]() mutable {
      auto runs = handover->runs(*there);
      if (!runs) return back(busy());
      // The runs live until they have answered: their filter may go before the one that waits here.
      runs->accept(std::move(message), [runs, there,
                                        back = std::move(back)](HandedRuns::Answer answer) mutable {
        back(std::move(answer));
        there->loop.post([last = std::move(runs)] {});  // not destroyed within their own call
      });
    });
  }

  static HandedRuns::Answer busy() {
    return std::make_shared<const std::string>(
        HandedAnswer::refused_for(HandedAnswer::Refusal::busy).encode());
  }

  Task<std::string_view> call(pipeline::Exchange& exchange) {
    http::Response& response = exchange.new_response();
    const auto waiting = std::make_shared<Waiting>(core_.loop);
    PortCalls::Reply reply = [weak = std::weak_ptr<Waiting>(waiting),
                              &loop = core_.loop](std::string text) {
      auto answer = std::make_shared<const std::string>(std::move(text));
      loop.post(
          [weak, answer = std::move(answer)]() mutable { Waiting::tell(weak, std::move(answer)); });
    };
    calls_->take(std::string(exchange.request()->body.bytes()), std::move(reply));
    const TimePoint end = Clock::now() + kCallMax;
    while (!waiting->answer && Clock::now() < end) {
      (void)co_await waiting->news.wait(end);
    }
    response.status = waiting->answer ? 200 : 504;
    if (waiting->answer) response.body.share(waiting->answer);
    co_return "";
  }

  static void tell_clock(http::Response& response) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    response.status = 200;
    response.headers.set("Content-Type", "text/plain");
    response.body.assign(
        std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(now).count()));
  }

  // The version that this owner has sent last, as a number, and whether that is its word. Nothing
  // for another ownership.
  Task<void> tell_newest(const http::Request& request, http::Response& response) const {
    const auto filter = handover_->find_filter(core_, http::query_parameter(request.query, "ns"));
    const auto fence =
        to_number<store::Fence>(http::query_parameter(request.query, kFenceParameter));
    if (!filter || !fence) co_return;
    const auto sent = co_await filter->last_sent(Clock::now() + kNewestMax);
    if (!sent || !filter->owns(*fence)) co_return;
    response.status = 200;
    response.headers.set("Content-Type", "text/plain");
    response.body.assign(std::to_string(sent->version) +
                         std::string(sent->sealed ? kSealedWord : std::string_view()));
  }

  const loop::Core& core_;
  const std::shared_ptr<Handover> handover_;
  const std::shared_ptr<PortCalls> calls_;
  const std::shared_ptr<HandedRuns> runs_;
};

class ClusterPortPrototype final : public pipeline::FilterPrototype {
 public:
  ClusterPortPrototype(Json spec, std::shared_ptr<Handover> handover, HandedRunsLimits limits,
                       std::shared_ptr<PortCalls> calls)
      : spec_(std::move(spec)),
        handover_(std::move(handover)),
        limits_(limits),
        calls_(std::move(calls)) {}
  [[nodiscard]] Json spec() const override { return spec_; }
  [[nodiscard]] std::unique_ptr<pipeline::Filter> instantiate(
      const loop::Core& core) const override {
    return std::make_unique<ClusterPortFilter>(core, handover_, limits_, calls_);
  }
  // So a hot restart waits for the exchanges of other members, too.
  [[nodiscard]] bool has_shared_data() const override { return true; }

 private:
  const Json spec_;
  const std::shared_ptr<Handover> handover_;
  const HandedRunsLimits limits_;
  const std::shared_ptr<PortCalls> calls_;
};

class ClusterPortKind final : public pipeline::FilterKind {
 public:
  ClusterPortKind(std::shared_ptr<Handover> handover, HandedRunsLimits limits,
                  std::shared_ptr<PortCalls> calls)
      : handover_(std::move(handover)), limits_(limits), calls_(std::move(calls)) {}
  [[nodiscard]] std::string_view name() const override { return kClusterPortKind; }
  [[nodiscard]] std::span<const std::string_view> results() const override { return {}; }
  [[nodiscard]] std::string_view description() const override {
    return "Runs the requests of other members.";
  }
  [[nodiscard]] Json schema() const override { return config::schema<ClusterPortSpec>(); }
  [[nodiscard]] std::shared_ptr<const pipeline::FilterPrototype> build(
      const config::Value& value, const pipeline::FilterContext& context,
      config::Faults& faults) const override {
    const std::size_t faults_before = faults.count();
    auto spec = config::decode<ClusterPortSpec>(value, context.path, faults);
    if (faults.count() != faults_before) return nullptr;
    return std::make_shared<ClusterPortPrototype>(config::encode(spec), handover_, limits_, calls_);
  }

 private:
  const std::shared_ptr<Handover> handover_;
  const HandedRunsLimits limits_;
  const std::shared_ptr<PortCalls> calls_;
};

}  // namespace

std::unique_ptr<pipeline::FilterKind> make_cluster_port_kind(std::shared_ptr<Handover> handover,
                                                             HandedRunsLimits limits,
                                                             std::shared_ptr<PortCalls> calls) {
  return std::make_unique<ClusterPortKind>(std::move(handover), limits, std::move(calls));
}

}  // namespace sluice::filters
