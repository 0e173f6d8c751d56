// SPDX-License-Identifier: Apache-2.0
#include "filters/grpc_proxy/grpc_proxy.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::filters {
namespace {

// A field of a GRPCProxy, and that of a pool which has its meaning.
struct Moved {
  std::string_view from;
  std::string_view to;
};
constexpr std::array kMoved{Moved{"timeout", "timeout"}, Moved{"borrowTimeout", "queueTimeout"},
                            Moved{"connectTimeout", "connectTimeout"}};

std::optional<config::Value> take(config::Value& map, std::string_view key) {
  const auto found = std::ranges::find(map.members, key, &config::Value::Member::key);
  if (found == map.members.end()) return std::nullopt;
  config::Value value = std::move(found->value);
  map.members.erase(found);
  return value;
}

void put_if_absent(config::Value& map, std::string_view key, const config::Value& value) {
  if (map.kind == config::Value::Kind::map && map.find(key) == nullptr)
    map.members.push_back({std::string(key), value});
}

class GrpcProxyKind final : public pipeline::FilterKind {
 public:
  explicit GrpcProxyKind(std::unique_ptr<pipeline::FilterKind> proxy) : proxy_(std::move(proxy)) {}

  std::string_view name() const override { return "GRPCProxy"; }
  std::span<const std::string_view> results() const override { return proxy_->results(); }
  std::string_view description() const override {
    return "Passes gRPC on to backends: a Proxy that speaks HTTP/2 to them.";
  }
  Json schema() const override {
    Json schema = proxy_->schema();
    for (const Moved& field : kMoved) {
      schema["properties"][std::string(field.from)] = {
          {"type", "string"},
          {"format", "duration"},
          {"description", "of each pool, as its " + std::string(field.to)}};
    }
    return schema;
  }
  std::shared_ptr<const pipeline::FilterPrototype> build(const config::Value& value,
                                                         const pipeline::FilterContext& context,
                                                         config::Faults& faults) const override {
    return proxy_->build(proxy_spec_of_grpc(value), context, faults);
  }

 private:
  std::unique_ptr<pipeline::FilterKind> proxy_;
};

}  // namespace

config::Value proxy_spec_of_grpc(config::Value spec) {
  config::Value yes;
  yes.kind = config::Value::Kind::scalar;
  yes.scalar = "true";
  std::array<std::optional<config::Value>, kMoved.size()> taken;
  for (std::size_t i = 0; i < kMoved.size(); ++i) taken[i] = take(spec, kMoved[i].from);
  const auto pools = std::ranges::find(spec.members, "pools", &config::Value::Member::key);
  if (pools == spec.members.end()) return spec;
  for (config::Value& pool : pools->value.items) {
    put_if_absent(pool, "http2", yes);
    for (std::size_t i = 0; i < kMoved.size(); ++i) {
      if (taken[i]) put_if_absent(pool, kMoved[i].to, *taken[i]);
    }
  }
  return spec;
}

std::unique_ptr<pipeline::FilterKind> make_grpc_proxy_kind(
    std::unique_ptr<pipeline::FilterKind> proxy) {
  return std::make_unique<GrpcProxyKind>(std::move(proxy));
}

}  // namespace sluice::filters
