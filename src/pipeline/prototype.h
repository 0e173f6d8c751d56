// SPDX-License-Identifier: Apache-2.0
// PipelinePrototype: a pipeline object of one generation, immutable, shared by the cores.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "config/fields.h"
#include "net/tls/certificate_end.h"
#include "observe/exposition.h"
#include "pipeline/exchange.h"
#include "pipeline/filter.h"
#include "pipeline/filter_stats.h"
#include "pipeline/names_others.h"
#include "resilience/policies.h"

namespace sluice::pipeline {

inline constexpr std::string_view kEnd = "END";

struct FlowNode {
  std::string filter;
  std::string alias;  // default: the filter's name
  std::string filter_namespace = std::string(kDefaultNamespace);
  std::map<std::string, std::string> jump_if;  // result -> alias, or END

  void fields(auto& visit) {
    visit("filter", filter, {.required = true, .doc = "a filter of this pipeline, or END"});
    visit("alias", alias, {.doc = "name for jumpIf; default: the filter's name"});
    visit("namespace", filter_namespace, {.doc = "whose request and response the filter works on"});
    visit("jumpIf", jump_if, {.doc = "result (\"\" for success) -> a later node, or END"});
  }
};

struct PipelineSpec {
  std::string name;
  std::string kind;
  std::string version = "easegress.megaease.com/v2";
  std::map<std::string, std::string> labels;
  std::string created_at;
  std::vector<FlowNode> flow;
  std::vector<config::UndecodedValue> filters;
  std::vector<config::UndecodedValue> resilience;
  config::UndecodedValue data;
  std::optional<std::string> protocol;

  void fields(auto& visit) {
    visit("name", name,
          {.required = true, .format = config::Format::name, .doc = "unique among all objects"});
    visit("kind", kind, {.required = true, .doc = "Pipeline"});
    visit("version", version, {.doc = "free text"});
    visit("labels", labels, {.doc = "free text"});
    visit("createdAt", created_at, {.doc = "set by the server"});
    visit("flow", flow, {.doc = "order of the filters; default: as defined"});
    visit("filters", filters,
          {.required = true, .min = 1, .doc = "the filters, each with name and kind"});
    visit("resilience", resilience, {.doc = "policies that filters name: Retry, CircuitBreaker"});
    visit("data", data, {.doc = "a map for filters that make text: .data.PIPELINE"});
    visit("protocol", protocol, {.doc = "http, or left out"});
  }
};

using FilterKinds = std::vector<std::unique_ptr<FilterKind>>;

class PipelinePrototype {
 public:
  // The inputs of a build besides the document; see FilterContext.
  struct BuildInputs {
    StateScope states{};         // of the pipeline
    const Json* pins = nullptr;  // pins() of the last build
    const CodeRecords* records = nullptr;
    bool fresh = false;
    std::stop_token stop{};
    unsigned core_count = 0;  // 0: the runs of the filters are not counted
  };
  // Decodes, validates and builds all filters; see FilterKind::build. Null exactly if a fault was
  // added.
  [[nodiscard]] static std::shared_ptr<const PipelinePrototype> build(const config::Value& document,
                                                                      const FilterKinds& kinds,
                                                                      const BuildInputs& inputs,
                                                                      config::Faults& faults);

  [[nodiscard]] const std::string& name() const { return spec_.name; }
  // `data` of the spec; null: it has none.
  [[nodiscard]] const Json* data() const { return data_.get(); }
  [[nodiscard]] Json spec() const;
  // {"health": "", "filters": {name: status}}
  [[nodiscard]] Json status() const;
  // Any thread: adds the figures of all filters, for Prometheus. `name`: as their label.
  void expose(std::string_view name, observe::Exposition& out) const;
  // Calls FilterPrototype::sample of all filters.
  void sample() const;
  // {name of a filter: FilterPrototype::pin}; empty if none has one.
  [[nodiscard]] Json pins() const;
  // The FilterPrototype::note of every filter, prefixed with its name.
  [[nodiscard]] std::vector<std::string> notes() const;
  // The remarks of RunsOtherCode, each after the name of its filter.
  [[nodiscard]] std::vector<std::string> other_code() const;
  // HoldsCertificates::certificates of all filters; the places begin with the filter's name.
  [[nodiscard]] net::CertificateEnds certificates() const;
  // The kinds of custom data that the filters look up; the fields are those of the pipeline's spec.
  [[nodiscard]] std::vector<NamesOthers::Name> custom_kinds() const;
  // Null if there is no filter of that name.
  [[nodiscard]] const FilterPrototype* find(std::string_view filter) const;

  // Calls FilterPrototype::hold_limit of all filters.
  void hold_limits(std::uint64_t revision) const;
  // True if one of its filters has shared data (FilterPrototype::has_shared_data).
  [[nodiscard]] bool has_shared_data() const;
  // True if that filter is there, and of a kind with code.
  [[nodiscard]] bool has_code(std::string_view filter) const;

  // Reloads every filter that refers to code. Returns a new generation, or null if nothing changed.
  // `notes` gets the outcome for each filter with code. `states`: of the pipeline, with all
  // states of this generation. `only`: the one filter to reload; "": all.
  struct ReloadNote {
    std::string filter;
    bool changed;
    std::string error;
    std::string remark;  // of a filter that does not change: why, if the user would not expect that
  };
  [[nodiscard]] std::shared_ptr<const PipelinePrototype> reload(std::vector<ReloadNote>& notes,
                                                                const StateScope& states,
                                                                const ReloadInputs& inputs,
                                                                std::string_view only = {}) const;

 private:
  friend class Pipeline;
  using Jump = std::pair<std::string, std::size_t>;  // result -> node index; kEndNode ends
  struct BuiltNode {
    std::size_t filter;  // index into filters_; kEndNode for END, kUnknownNode for no filter
    std::string alias;
    std::string filter_namespace;
    std::vector<Jump> jumps;
  };
  static constexpr std::size_t kEndNode = static_cast<std::size_t>(-1);
  static constexpr std::size_t kUnknownNode = kEndNode - 1;  // only while faults are collected
  struct NamedFilter {
    std::string name;
    const FilterKind* kind;
    std::shared_ptr<const FilterPrototype> prototype;
    std::shared_ptr<FilterStats> stats{};  // null: not counted
  };

  void build_filters(const FilterKinds& kinds, const BuildInputs& inputs, config::Faults& faults);
  // The index of a filter, as in BuiltNode.
  [[nodiscard]] std::size_t find_filter(const std::string& name, const std::string& path,
                                        config::Faults& faults) const;
  void build_flow(config::Faults& faults);
  void build_jumps(std::size_t index, const FlowNode& node, config::Faults& faults);
  void check_data(config::Faults& faults);
  // prototype_use.cc. Warns of nodes and filters that never run, of failures without a way, and of
  // namespaces and data that nothing fills.
  void check_use(config::Faults& faults) const;
  void check_namespaces(config::Faults& faults) const;
  void check_data_read(config::Faults& faults) const;
  void check_failure(std::size_t node, config::Faults& faults) const;
  void check_fallback(std::size_t node, config::Faults& faults) const;

  PipelineSpec spec_;
  resilience::Policies policies_;
  std::shared_ptr<const Json> data_;
  std::vector<NamedFilter> filters_;
  std::vector<BuiltNode> nodes_;
};

}  // namespace sluice::pipeline
