// SPDX-License-Identifier: Apache-2.0
// The surroundings of a connection on one core, without a socket: a generation of an HTTPServer,
// and pipelines whose only filter does as a test says.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "loop/event_loop.h"
#include "pipeline/simple_kind.h"
#include "server/core_context.h"
#include "server/server_context.h"

namespace sluice::server::testing {

// The acts of the filters. Outlives them.
struct Play {
  std::function<Task<void>(pipeline::Exchange&)> act;  // null: no response
  bool knows = false;                                  // every user
  int runs = 0;
  int ends = 0;  // of runs, whether done or destroyed
};

struct ActorSpec {
  pipeline::FilterMeta meta;
  void fields(auto& visit) { meta.fields(visit); }
};

class Actor final : public pipeline::Filter {
 public:
  static constexpr std::string_view kKind = "Actor";
  static constexpr std::string_view kDescription = "does as a test says";
  static constexpr std::array<std::string_view, 0> kResults{};

  Actor(std::shared_ptr<const ActorSpec>, Play* play) : play_(*play) {}
  Task<std::string_view> handle(pipeline::Exchange& exchange) override {
    struct Ends {
      int& count;
      ~Ends() { ++count; }
    };
    ++play_.runs;
    const Ends ends{play_.ends};
    if (play_.act) co_await play_.act(exchange);
    co_return "";
  }
  [[nodiscard]] bool knows(const http::Request&) const override { return play_.knows; }

 private:
  Play& play_;
};

// A generation of an HTTPServer with these fields besides name, kind and port. `counters`: those of
// the generation before; null: the first one.
inline std::shared_ptr<ServerPrototype> make_prototype(
    std::string_view fields, std::shared_ptr<ServerCounters> counters = nullptr) {
  const auto document =
      config::parse_document("name: s\nkind: HTTPServer\nport: 80\n" + std::string(fields));
  EXPECT_TRUE(document) << document.error().message;
  config::Faults faults;
  auto prototype = std::make_shared<ServerPrototype>();
  prototype->spec = config::decode<HttpServerSpec>(*document, "", faults);
  prototype->router = router::Router::build(prototype->spec, faults);
  prototype->trusted_proxies =
      router::TrustedProxies(prototype->spec.trusted_proxies, prototype->spec.x_real_ip);
  prototype->admission = std::make_shared<const Admission>(Admission::of(prototype->spec, nullptr));
  prototype->counters = counters ? std::move(counters) : std::make_shared<ServerCounters>(1);
  EXPECT_TRUE(faults.empty()) << faults.to_error().message;
  return prototype;
}

// One core, on which the pipeline `p` runs. `q` is being built; `r` does not run.
class OneCore {
 public:
  // `access_log` may be null, and outlives this.
  explicit OneCore(observe::AccessLog* access_log = nullptr) : context{core, access_log, Logger()} {
    kinds.push_back(std::make_unique<pipeline::SimpleKind<ActorSpec, Actor, Play*>>(&play));
    config::Faults faults;
    const auto document =
        config::parse_document("{name: p, kind: Pipeline, filters: [{name: a, kind: Actor}]}");
    const auto prototype = pipeline::PipelinePrototype::build(*document, kinds, {}, faults);
    EXPECT_TRUE(faults.empty()) << faults.to_error().message;
    context.install({{"p", std::make_shared<pipeline::Pipeline>(prototype, core)}},
                    std::make_shared<const AbsentPipelines>(
                        AbsentPipelines{{"q", {.error = "", .being_built = true}},
                                        {"r", {.error = "broken", .being_built = false}}}));
  }

  loop::EventLoop loop;
  loop::Core core{loop, 0, 1};
  Play play;
  pipeline::FilterKinds kinds;
  CoreContext context;
};

}  // namespace sluice::server::testing
