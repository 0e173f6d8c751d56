// SPDX-License-Identifier: Apache-2.0
// SimpleKind<Spec, Filter>: the kind of filters that need only their spec. A complete example:
//
//   struct HelloSpec {
//     pipeline::FilterMeta meta;
//     std::string name;
//     void fields(auto& visit) {
//       meta.fields(visit);
//       visit("to", name, {.required = true, .doc = "who is greeted"});
//     }
//   };
//   class Hello final : public pipeline::Filter {
//    public:
//     static constexpr std::string_view kKind = "Hello";
//     static constexpr std::string_view kDescription = "Greets.";
//     static constexpr std::array<std::string_view, 1> kResults = {"greeted"};
//     explicit Hello(std::shared_ptr<const HelloSpec> spec);
//     Task<std::string_view> handle(pipeline::Exchange& exchange) override;
//   };
//   std::unique_ptr<pipeline::FilterKind> make_hello_kind() {
//     return std::make_unique<pipeline::SimpleKind<HelloSpec, Hello>>();
//   }
//
// A filter that needs a model built from the spec, once for all cores, has
//     static Model prepare(const Spec& spec, const FilterContext& context, config::Faults& faults);
// which may refuse the spec by adding faults. Its constructor then takes a shared_ptr<const Model>.
// A model that names other things, such as a kind of custom data, has `names()`:
// pipeline/names_others.h.
// The constructor may take a `const loop::Core&` next, followed by the parts given to the kind:
// SimpleKind<Spec, Filter, Parts...>(parts...). The parts must be safe to copy on any core.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "config/fields.h"
#include "pipeline/filter.h"
#include "pipeline/names_others.h"

namespace sluice::pipeline {

template <class Spec, class FilterType, class... Parts>
class SimpleKind final : public FilterKind {
 public:
  explicit SimpleKind(Parts... parts) : parts_(std::move(parts)...) {}

  [[nodiscard]] std::string_view name() const override { return FilterType::kKind; }
  [[nodiscard]] std::span<const std::string_view> results() const override {
    return FilterType::kResults;
  }
  [[nodiscard]] std::string_view description() const override { return FilterType::kDescription; }
  [[nodiscard]] Json schema() const override { return config::schema<Spec>(); }
  [[nodiscard]] std::shared_ptr<const FilterPrototype> build(
      const config::Value& value, const FilterContext& context,
      config::Faults& faults) const override {
    const std::size_t faults_before = faults.count();
    auto spec = config::decode<Spec>(value, context.path, faults);
    if (faults.count() != faults_before) return nullptr;
    Json json = config::encode(spec);
    auto model = std::make_shared<const Model>(prepare(std::move(spec), context, faults));
    if (faults.count() != faults_before) return nullptr;
    return std::make_shared<Prototype>(std::move(json), std::move(model), parts_);
  }

 private:
  static auto prepare(Spec spec, const FilterContext& context, config::Faults& faults) {
    if constexpr (requires { FilterType::prepare(spec, context, faults); }) {
      return FilterType::prepare(spec, context, faults);
    } else {
      return spec;
    }
  }
  using Model = decltype(prepare(std::declval<Spec>(), std::declval<const FilterContext&>(),
                                 std::declval<config::Faults&>()));

  class Prototype final : public FilterPrototype, public NamesOthers {
   public:
    Prototype(Json spec, std::shared_ptr<const Model> model, std::tuple<Parts...> parts)
        : spec_(std::move(spec)), model_(std::move(model)), parts_(std::move(parts)) {}

    [[nodiscard]] Json spec() const override { return spec_; }
    [[nodiscard]] Names names() const override {
      if constexpr (requires(const Model& model) { model.names(); }) {
        return model_->names();
      } else {
        return {};
      }
    }
    [[nodiscard]] std::unique_ptr<Filter> instantiate(const loop::Core& core) const override {
      return std::apply(
          [&](const Parts&... parts) -> std::unique_ptr<Filter> {
            using Shared = std::shared_ptr<const Model>;
            if constexpr (std::is_constructible_v<FilterType, Shared, const loop::Core&,
                                                  Parts...>) {
              return std::make_unique<FilterType>(model_, core, parts...);
            } else {
              return std::make_unique<FilterType>(model_, parts...);
            }
          },
          parts_);
    }

   private:
    Json spec_;
    std::shared_ptr<const Model> model_;
    std::tuple<Parts...> parts_;
  };

  std::tuple<Parts...> parts_;
};

}  // namespace sluice::pipeline
