// SPDX-License-Identifier: Apache-2.0
// The filter contract. A kind of filter is three small classes, of which SimpleKind makes two for a
// filter that needs nothing but its spec (pipeline/simple_kind.h):
//   FilterKind       one per process: builds prototypes from specs. Listed in filters/all.cc.
//   FilterPrototype  one per filter of a pipeline: the validated spec and what the cores share.
//                    Immutable but for its per-core counters.
//   Filter           one per prototype and core: handles exchanges.
#pragma once

#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "config/fields.h"
#include "loop/core.h"
#include "loop/task.h"
#include "resilience/policies.h"

namespace sluice::http {
struct Request;
}  // namespace sluice::http

namespace sluice::pipeline {

class Exchange;

// Belongs to one core; never called from another. Lives until its last exchange is done, which may
// be after a newer generation took over.
class Filter {
 public:
  virtual ~Filter() = default;
  // Returns "" to go on, or one of the kind's results (a static string). Destroying the Task means
  // the client went away: everything it holds must be released by destructors. The response of the
  // filters behind it is there after it has returned: pipeline/response_side.h.
  virtual Task<std::string_view> handle(Exchange& exchange) = 0;
  // Whether the request is by somebody whom the filter has let in already, so that it is served
  // while those of others are shed. Asked before the flow begins, under overload only; cheap, and
  // without effect.
  [[nodiscard]] virtual bool knows(const http::Request& request) const;
};

class FilterPrototype {
 public:
  virtual ~FilterPrototype() = default;
  // The completed spec: defaults filled in, name and kind included.
  [[nodiscard]] virtual Json spec() const = 0;
  // For the status of the pipeline; any thread. null if there is nothing to say.
  [[nodiscard]] virtual Json status() const;
  // One thread, every RequestStats::kSamplePeriod while it is in force: moves statistics on.
  virtual void sample() const {}
  // What it has learnt while it served, for the process that follows this one in a hot restart. Any
  // thread; null if there is nothing.
  [[nodiscard]] virtual Json knowledge() const;
  // On the core's thread. `previous` is that core's filter of the same name and kind in the
  // generation before (may be null): take over state that must survive. It must not block.
  [[nodiscard]] virtual std::unique_ptr<Filter> instantiate(const loop::Core& core,
                                                            Filter* previous) const = 0;
  // `egctl wasm reload-code`: reads what the spec refers to again. Returns null if nothing has
  // changed, a proved replacement if it has, the reason if the new one is refused. Blocks; never
  // called on a core.
  // `stop`: the work is no longer wanted.
  [[nodiscard]] virtual Result<std::shared_ptr<const FilterPrototype>> reload(
      const std::stop_token& stop = {}) const;
  // What has to be stored beside the spec so that the same filter can be built again, whatever has
  // become of the files and URLs that the spec refers to. Any thread; null if that is nothing.
  [[nodiscard]] virtual Json pin() const;
  // "" or what an operator should know of a filter that runs: its code is not what the file holds
  // now. Reads files; never called on a core.
  [[nodiscard]] virtual std::string note() const;
  // True for kinds with shared data (`egctl wasm list-data`); their namespace is "pipeline/filter".
  [[nodiscard]] virtual bool has_shared_data() const { return false; }
};

// What build() gets besides the spec.
struct FilterContext {
  std::string pipeline;                            // name of the pipeline
  std::string name;                                // name of the filter
  std::string path;                                // of the spec in the document, for faults
  const FilterPrototype* previous = nullptr;       // same name and kind in the running generation
  const resilience::Policies* policies = nullptr;  // of the pipeline; null: it has none
  // What knowledge() said in the process before this one, which may be another version of the
  // program; null: nothing.
  const config::Value* knowledge = nullptr;
  // FilterPrototype::pin() of the filter that was built last; null: nothing.
  const Json* pin = nullptr;
  // Read what the spec refers to again, whatever is pinned or runs.
  bool fresh = false;
  // The work is no longer wanted: fail soon.
  std::stop_token stop{};
};

class FilterKind {
 public:
  virtual ~FilterKind() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  [[nodiscard]] virtual std::span<const std::string_view> results() const = 0;
  [[nodiscard]] virtual std::string_view description() const = 0;
  [[nodiscard]] virtual Json schema() const = 0;
  // Decodes, validates and builds, proving whatever can fail later. Every fault goes to `faults`
  // with its path; null exactly if there was one. Blocks (reads files, compiles); never called on
  // a core. `value` is the filter's map, `name` and `kind` included.
  [[nodiscard]] virtual std::shared_ptr<const FilterPrototype> build(
      const config::Value& value, const FilterContext& context, config::Faults& faults) const = 0;
  // True for the kinds whose filters have shared data, and code that reload() reads.
  [[nodiscard]] virtual bool has_code() const { return false; }
  // `pins`: all that are stored. What none of them and no living prototype needs may be deleted.
  // Any thread but a worker's.
  virtual void sweep(const std::vector<Json>& pins) const;
};

// The fields every filter has; put it first in a spec's field list: `meta.fields(visit)`.
struct FilterMeta {
  std::string name;
  std::string kind;
  void fields(auto& visit) {
    visit("name", name,
          {.required = true, .format = config::Format::name, .doc = "unique in the pipeline"});
    visit("kind", kind, {.required = true, .doc = "kind of filter"});
  }
};

}  // namespace sluice::pipeline
