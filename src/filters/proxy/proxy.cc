// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/proxy.h"

#include <array>
#include <nlohmann/json.hpp>
#include <random>

#include "base/password.h"
#include "filters/proxy/parts.h"
#include "filters/proxy/spec.h"
#include "http/withheld_trailers.h"
#include "pipeline/exchange.h"
#include "pipeline/holds_certificates.h"

namespace sluice::filters {
namespace {

using namespace proxy_result;
constexpr std::array<std::string_view, 6> kResults = {
    kInternalError, kClientError, kServerError, kTimeout, kShortCircuited, kFailureCode};

constexpr std::size_t kSecretBytes = 32;

class Proxy final : public pipeline::Filter {
 public:
  Proxy(const loop::Core& core, std::shared_ptr<const Parts> parts, const Logger& logger)
      : parts_(std::move(parts)),
        main_(core, parts_->main, logger),
        random_(std::random_device{}()) {
    for (const Parts::Candidate& candidate : parts_->candidates)
      candidates_.push_back(std::make_unique<PoolFilter>(core, candidate.pool, logger));
    if (parts_->mirror) mirror_ = std::make_unique<Mirror>(core, parts_->mirror, logger);
    if (parts_->compression) compression_.emplace(core, *parts_->compression);
  }

  Task<std::string_view> handle(pipeline::Exchange& exchange) override {
    claim_deciding(exchange.request());
    if (mirror_) mirror_->offer(exchange, random_);
    PoolFilter& pool = choose(exchange);
    if (compression_) return compressed(pool, exchange);
    return pool.handle(exchange);
  }

 private:
  // A server that takes a twin or a trailer for such a header would see another choice.
  void claim_deciding(http::Request* request) const {
    if (request == nullptr || parts_->deciding.empty()) return;
    parts_->deciding.remove_from(request->headers);
    http::withhold_trailers(request->body, parts_->deciding);
  }

  Task<std::string_view> compressed(PoolFilter& pool, pipeline::Exchange& exchange) {
    const std::string_view result = co_await pool.handle(exchange);
    const http::Request* request = exchange.request();
    http::Response* response = exchange.response();
    if (request == nullptr || response == nullptr) co_return result;
    if (co_await compression_->apply(*request, *response, exchange.memory))
      exchange.add_tag("gzip");
    co_return result;
  }

  PoolFilter& choose(pipeline::Exchange& exchange) {
    const http::Request* request = exchange.request();
    for (std::size_t i = 0; request != nullptr && i < candidates_.size(); ++i) {
      if (parts_->candidates[i].filter.matches(*request, exchange.real_ip, random_))
        return *candidates_[i];
    }
    return main_;
  }

  std::shared_ptr<const Parts> parts_;
  PoolFilter main_;
  std::vector<std::unique_ptr<PoolFilter>> candidates_;
  std::unique_ptr<Mirror> mirror_;
  std::optional<Compression> compression_;
  std::minstd_rand random_;
};

void add_ends(const std::optional<TlsSpec>& tls, const std::string& path,
              net::CertificateEnds& ends) {
  if (!tls) return;
  for (net::CertificateEnd& end : tls->certificates(path)) ends.push_back(std::move(end));
}

net::CertificateEnds ends_in(const ProxySpec& spec) {
  net::CertificateEnds ends;
  add_ends(spec.mtls, "mtls", ends);
  for (std::size_t i = 0; i < spec.pools.size(); ++i)
    add_ends(spec.pools[i].servers.tls, "pools[" + std::to_string(i) + "].tls", ends);
  if (spec.mirror_pool) add_ends(spec.mirror_pool->pool.servers.tls, "mirrorPool.tls", ends);
  return ends;
}

class ProxyPrototype final : public pipeline::FilterPrototype,
                             public pipeline::HoldsCertificates,
                             public pipeline::WithFigures {
 public:
  ProxyPrototype(const ProxySpec& spec, Parts parts, Logger logger)
      : spec_(config::encode(spec)),
        certificates_(ends_in(spec)),
        parts_(std::make_shared<const Parts>(std::move(parts))),
        logger_(std::move(logger)) {}

  Json spec() const override { return spec_; }
  Json status() const override { return parts_->status(); }
  void expose(const pipeline::FilterPlace& place, observe::Exposition& out) const override {
    parts_->expose(place, out);
  }
  void sample() const override { parts_->sample(); }
  net::CertificateEnds certificates() const override { return certificates_; }
  std::unique_ptr<pipeline::Filter> instantiate(const loop::Core& core) const override {
    return std::make_unique<Proxy>(core, parts_, logger_);
  }

 private:
  Json spec_;
  net::CertificateEnds certificates_;
  std::shared_ptr<const Parts> parts_;
  Logger logger_;
};

class ProxyKind final : public pipeline::FilterKind, public pipeline::WithFamilies {
 public:
  ProxyKind(Logger logger, unsigned core_count, std::string own_secret, bool offline) {
    services_.core_count = core_count;
    if (!offline) services_.health_thread = std::make_shared<backend::HealthThread>();
    services_.logger = std::move(logger);
    services_.own_secret =
        own_secret.empty() ? random_bytes(kSecretBytes).value_or("") : std::move(own_secret);
  }

  std::string_view name() const override { return "Proxy"; }
  std::span<const std::string_view> results() const override { return kResults; }
  std::string_view description() const override { return "Hands requests to backends."; }
  Json schema() const override { return config::schema<ProxySpec>(); }
  observe::MetricFamilies metric_families() const override { return proxy_metric_families(); }
  std::shared_ptr<const pipeline::FilterPrototype> build(const config::Value& value,
                                                         const pipeline::FilterContext& context,
                                                         config::Faults& faults) const override {
    const std::size_t faults_before = faults.count();
    const auto spec = config::decode<ProxySpec>(value, context.path, faults);
    if (faults.count() != faults_before) return nullptr;
    Parts parts = build_parts(spec, context, services_, faults);
    if (faults.count() != faults_before) return nullptr;
    return std::make_shared<ProxyPrototype>(spec, std::move(parts), services_.logger);
  }

 private:
  PoolServices services_;
};

}  // namespace

std::unique_ptr<pipeline::FilterKind> make_proxy_kind(Logger logger, unsigned core_count,
                                                      std::string own_secret, bool offline) {
  return std::make_unique<ProxyKind>(std::move(logger), core_count, std::move(own_secret), offline);
}

}  // namespace sluice::filters
