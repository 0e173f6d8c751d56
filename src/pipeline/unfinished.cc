// SPDX-License-Identifier: Apache-2.0
#include "pipeline/unfinished.h"

#include <nlohmann/json.hpp>

namespace sluice::pipeline {
namespace {

class UnfinishedKind final : public FilterKind {
 public:
  UnfinishedKind(std::string_view name, std::string_view description,
                 std::span<const std::string_view> results)
      : name_(name), description_(description), results_(results) {}
  [[nodiscard]] std::string_view name() const override { return name_; }
  [[nodiscard]] std::span<const std::string_view> results() const override { return results_; }
  [[nodiscard]] std::string_view description() const override { return description_; }
  [[nodiscard]] Json schema() const override { return {{"type", "object"}}; }
  [[nodiscard]] std::shared_ptr<const FilterPrototype> build(
      const config::Value& /*value*/, const FilterContext& context,
      config::Faults& faults) const override {
    faults.add(context.path + ".kind", std::string(name_) + " is not there yet");
    return nullptr;
  }

 private:
  const std::string_view name_;
  const std::string_view description_;
  const std::span<const std::string_view> results_;
};

}  // namespace

std::unique_ptr<FilterKind> unfinished_kind(std::string_view name, std::string_view description,
                                            std::span<const std::string_view> results) {
  return std::make_unique<UnfinishedKind>(name, description, results);
}

}  // namespace sluice::pipeline
