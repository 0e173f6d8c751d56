// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/proxy.h"

#include <array>
#include <nlohmann/json.hpp>

#include "filters/proxy/pool.h"
#include "filters/proxy/spec.h"
#include "pipeline/exchange.h"

namespace sluice::filters {
namespace {

using namespace proxy_result;
constexpr std::array<std::string_view, 6> kResults = {
    kInternalError, kClientError, kServerError, kTimeout, kShortCircuited, kFailureCode};

class Proxy final : public pipeline::Filter {
 public:
  Proxy(const loop::Core& core, const std::shared_ptr<const PoolPrototype>& main,
        const Logger& logger, Proxy* previous)
      : main_(core, main, logger, previous != nullptr ? &previous->main_ : nullptr) {}

  Task<std::string_view> handle(pipeline::Exchange& exchange) override {
    return main_.handle(exchange);
  }

 private:
  Pool main_;
};

class ProxyPrototype final : public pipeline::FilterPrototype {
 public:
  ProxyPrototype(const ProxySpec& spec, const PoolServices& services,
                 const ProxyPrototype* previous)
      : spec_(config::encode(spec)),
        logger_(services.logger),
        main_(std::make_shared<PoolPrototype>(
            "proxy#" + spec.meta.name + "#main", spec.pools.front(), spec, services,
            previous != nullptr ? previous->main_.get() : nullptr)) {}

  Json spec() const override { return spec_; }
  Json status() const override { return {{"mainPool", main_->status()}}; }
  std::unique_ptr<pipeline::Filter> instantiate(const loop::Core& core,
                                                pipeline::Filter* previous) const override {
    return std::make_unique<Proxy>(core, main_, logger_, dynamic_cast<Proxy*>(previous));
  }

 private:
  Json spec_;
  Logger logger_;
  std::shared_ptr<const PoolPrototype> main_;
};

class ProxyKind final : public pipeline::FilterKind {
 public:
  ProxyKind(Logger logger, unsigned core_count)
      : services_{core_count, std::make_shared<backend::HealthThread>(), std::move(logger)} {}

  std::string_view name() const override { return "Proxy"; }
  std::span<const std::string_view> results() const override { return kResults; }
  std::string_view description() const override { return "Hands requests to backends."; }
  Json schema() const override { return config::schema<ProxySpec>(); }
  std::shared_ptr<const pipeline::FilterPrototype> build(const config::Value& value,
                                                         const pipeline::FilterContext& context,
                                                         config::Faults& faults) const override {
    const std::size_t faults_before = faults.count();
    const auto spec = config::decode<ProxySpec>(value, context.path, faults);
    if (faults.count() != faults_before) return nullptr;
    return std::make_shared<ProxyPrototype>(spec, services_,
                                            dynamic_cast<const ProxyPrototype*>(context.previous));
  }

 private:
  PoolServices services_;
};

}  // namespace

std::unique_ptr<pipeline::FilterKind> make_proxy_kind(Logger logger, unsigned core_count) {
  return std::make_unique<ProxyKind>(std::move(logger), core_count);
}

}  // namespace sluice::filters
