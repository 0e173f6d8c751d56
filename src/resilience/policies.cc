// SPDX-License-Identifier: Apache-2.0
#include "resilience/policies.h"

#include <nlohmann/json.hpp>
#include <set>

namespace sluice::resilience {

namespace {

constexpr std::string_view kRetry = "Retry";
constexpr std::string_view kCircuitBreaker = "CircuitBreaker";

std::string scalar_of(const config::Value& map, std::string_view name) {
  const config::Value* value = map.find(name);
  return value != nullptr && value->kind == config::Value::Kind::scalar ? value->scalar : "";
}

}  // namespace

Policies Policies::build(const std::vector<config::UndecodedValue>& list, const std::string& path,
                         config::Faults& faults) {
  Policies built;
  std::set<std::string> names;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const config::Value& value = list[i].value;
    const std::string where = path + "[" + std::to_string(i) + "]";
    if (value.kind != config::Value::Kind::map) {
      faults.add(where, "must be a map with name and kind");
      continue;
    }
    const std::string name = scalar_of(value, "name");
    const std::string kind = scalar_of(value, "kind");
    if (!name.empty() && !names.insert(name).second)
      faults.add(where + ".name", "\"" + name + "\" is used twice");
    const std::size_t faults_before = faults.count();
    Policy policy;
    if (kind == kRetry) {
      policy = config::decode<RetrySpec>(value, where, faults);
    } else if (kind == kCircuitBreaker) {
      policy = config::decode<CircuitBreakerSpec>(value, where, faults);
    } else {
      faults.add(where + ".kind", kind.empty()
                                      ? "is required: Retry or CircuitBreaker"
                                      : config::quote(kind) + " is no kind of policy" +
                                            config::suggestion(kind, {kRetry, kCircuitBreaker}) +
                                            " (kinds: Retry, CircuitBreaker)");
    }
    if (faults.count() != faults_before) {
      built.faulty_.insert(name);
      continue;
    }
    if (built.policies_.emplace(name, std::move(policy)).second) built.order_.push_back(name);
  }
  return built;
}

template <class Spec>
const Spec* Policies::find(const std::string& name, std::string_view kind, const std::string& path,
                           config::Faults& faults) const {
  if (name.empty()) return nullptr;
  const auto found = policies_.find(name);
  if (found == policies_.end()) {
    if (faulty_.contains(name) || faulty_.contains("")) return nullptr;  // may be that one
    std::vector<std::string_view> known;
    for (const std::string& each : order_) known.push_back(each);
    faults.add(path, "no resilience policy " + config::quote(name) +
                         " is defined in the pipeline's `resilience`" +
                         config::suggestion(name, known));
    return nullptr;
  }
  if (const auto* spec = std::get_if<Spec>(&found->second)) return spec;
  faults.add(path, config::quote(name) + " is no " + std::string(kind) + " policy, but of kind " +
                       std::string(kind == kRetry ? kCircuitBreaker : kRetry));
  return nullptr;
}

const RetrySpec* Policies::retry(const std::string& name, const std::string& path,
                                 config::Faults& faults) const {
  return find<RetrySpec>(name, kRetry, path, faults);
}

const CircuitBreakerSpec* Policies::circuit_breaker(const std::string& name,
                                                    const std::string& path,
                                                    config::Faults& faults) const {
  return find<CircuitBreakerSpec>(name, kCircuitBreaker, path, faults);
}

Json Policies::spec() const {
  Json list = Json::array();
  for (const std::string& name : order_) {
    list.push_back(std::visit([](const auto& spec) { return config::encode(spec); },
                              policies_.find(name)->second));
  }
  return list;
}

}  // namespace sluice::resilience
