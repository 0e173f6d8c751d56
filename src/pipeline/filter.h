// SPDX-License-Identifier: Apache-2.0
// The filter contract. A kind of filter consists of three small classes. SimpleKind provides two of
// them for a filter that needs only its spec (pipeline/simple_kind.h):
//   FilterKind       one per process: builds prototypes from specs. Listed in filters/all.cc.
//   FilterPrototype  one per filter of a pipeline: the validated spec and what the cores share.
//                    Immutable but for its per-core counters.
//   Filter           one per prototype and core: handles exchanges.
#pragma once

#include <memory>
#include <optional>
#include <set>
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
#include "pipeline/code_record.h"
#include "pipeline/state_registry.h"
#include "resilience/policies.h"

namespace sluice::http {
struct Request;
}  // namespace sluice::http

namespace sluice::pipeline {

class Exchange;

// Core-bound. Lives until its last exchange is done, possibly after the swap to a newer generation.
class Filter {
 public:
  virtual ~Filter() = default;
  // Returns "" to continue, or one of the kind's results (a static string). Destroying the Task
  // means that the client left; destructors must release everything that it holds. The response of
  // later filters exists only after handle() has returned: pipeline/response_side.h.
  virtual Task<std::string_view> handle(Exchange& exchange) = 0;
  // True if the request is from a known user, so that it is served while requests of other users
  // are shed. Called before the flow begins, under overload only. Cheap, and without side effects.
  [[nodiscard]] virtual bool knows(const http::Request& request) const;
};

// What a reload takes.
struct ReloadInputs {
  std::stop_token stop{};  // a request to give up
  const std::string* code =
      nullptr;  // the new code; null: what the files and URLs of the spec hold
  // Takes the reason why nothing changes, if the user would not expect that.
  std::string* remark = nullptr;
};

class FilterPrototype {
 public:
  virtual ~FilterPrototype() = default;
  // The completed spec: defaults filled in, name and kind included.
  [[nodiscard]] virtual Json spec() const = 0;
  // For the status of the pipeline; any thread. null if there is no status.
  [[nodiscard]] virtual Json status() const;
  // One thread, every RequestStats::kSamplePeriod while the generation is in force: advances the
  // statistics.
  virtual void sample() const {}
  // On the core's thread. Must not block.
  [[nodiscard]] virtual std::unique_ptr<Filter> instantiate(const loop::Core& core) const = 0;
  // `egctl wasm reload-code`: reads the files and URLs of the spec again. Returns null if nothing
  // has changed, a validated replacement if something has, or the reason for a refusal. Blocks;
  // never called on a core. `states` has all states of this prototype; put() those that the
  // replacement changes, and only if there is a replacement.
  [[nodiscard]] virtual Result<std::shared_ptr<const FilterPrototype>> reload(
      const StateScope& states = {}, const ReloadInputs& inputs = {}) const;
  // The data stored beside the spec, from which the same filter can be built again even if the
  // files and URLs of the spec have changed. Any thread; null if there is none.
  [[nodiscard]] virtual Json pin() const;
  // "" or a warning that the code of the running filter differs from its file. Reads files; never
  // called on a core.
  [[nodiscard]] virtual std::string note() const;
  // Before the filter comes into force: whatever outlives the filter holds its limits from now on.
  // `revision` of the object: a later one is greater; 0 if the store is not shared. Blocks; never
  // called on a core.
  virtual void hold_limit(std::uint64_t /*revision*/) const {}
  // True for kinds with shared data (`egctl wasm list-data`). Its namespace is "pipeline/filter".
  [[nodiscard]] virtual bool has_shared_data() const { return false; }
};

// The arguments of build() besides the spec.
struct FilterContext {
  std::string pipeline;                            // name of the pipeline
  std::string name;                                // name of the filter
  std::string path;                                // of the spec in the document, for faults
  const resilience::Policies* policies = nullptr;  // of the pipeline; null: it has none
  // The state of this filter that outlives its generations.
  StateScope states{};
  // The FilterPrototype::pin() of the filter that was built last; null: none.
  const Json* pin = nullptr;
  // Of the codes that the filter has run; null: nothing is known.
  const CodeRecord* record = nullptr;
  // Read the files and URLs of the spec again, even if they are pinned or in use.
  bool fresh = false;
  // A request to give up: fail soon.
  std::stop_token stop{};
};

// The code that the filters of a kind have run, by its SHA-256 (lower-case hex), for backups. Any
// thread but a worker's.
class CodeKeeper {
 public:
  virtual ~CodeKeeper() = default;
  // While a Hold lives, the code stays.
  using Hold = std::shared_ptr<const std::string>;
  [[nodiscard]] virtual Hold hold(const std::string& sha256) = 0;
  // Durable on return: survives a power cut.
  [[nodiscard]] virtual Result<Hold> keep(const std::string& sha256, std::string_view bytes) = 0;
  // Checks the hash. Errors: `not_found`; `internal` if the bytes are corrupt.
  [[nodiscard]] virtual Result<std::string> load(const std::string& sha256) const = 0;
};

class FilterKind {
 public:
  virtual ~FilterKind() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  [[nodiscard]] virtual std::span<const std::string_view> results() const = 0;
  [[nodiscard]] virtual std::string_view description() const = 0;
  [[nodiscard]] virtual Json schema() const = 0;
  // Decodes, validates and builds, and proves everything that could fail later. Every fault goes to
  // `faults` with its path; null exactly if there was one. Blocks (reads files, compiles); never
  // called on a core. `value` is the filter's map, including `name` and `kind`.
  [[nodiscard]] virtual std::shared_ptr<const FilterPrototype> build(
      const config::Value& value, const FilterContext& context, config::Faults& faults) const = 0;
  // True for the kinds whose filters run code of a user, which reload() reads. Their prototypes are
  // WithCode (pipeline/with_code.h). It says nothing of shared data.
  [[nodiscard]] virtual bool has_code() const { return false; }
  // `wanted`: the hashes in all stored pins and histories, of filters of every kind. Code that is
  // not among them and that no living prototype needs may be deleted. Any thread but a worker's.
  virtual void sweep(const std::set<std::string>& wanted) const;
  // Null: the filters of this kind keep no code. Valid as long as the kind.
  [[nodiscard]] virtual CodeKeeper* code_keeper() const { return nullptr; }
  // The hash of the code for which `pin` stands; "" if it stands for none.
  [[nodiscard]] virtual std::string code_of(const Json& /*pin*/) const { return {}; }
};

// The fields every filter has; put it first in a spec's field list: `meta.fields(visit)`.
struct FilterMeta {
  std::string name;
  std::string kind;
  std::optional<std::string> version{};
  void fields(auto& visit) {
    visit("name", name,
          {.required = true, .format = config::Format::name, .doc = "unique in the pipeline"});
    visit("kind", kind, {.required = true, .doc = "kind of filter"});
    visit("version", version, {.doc = "free text"});
  }
};

}  // namespace sluice::pipeline
