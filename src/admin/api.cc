// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "admin/about.h"
#include "admin/address.h"
#include "admin/api.h"
#include "admin/backup.h"
#include "admin/custom_data.h"
#include "admin/handed_calls.h"
#include "admin/health.h"
#include "admin/http_server.h"
#include "admin/live/live.h"
#include "admin/live/sampler.h"
#include "admin/logs.h"
#include "admin/member_report.h"
#include "admin/members.h"
#include "admin/metadata.h"
#include "admin/metrics.h"
#include "admin/objects.h"
#include "admin/openapi.h"
#include "admin/picture/picture.h"
#include "admin/profile.h"
#include "admin/status.h"
#include "admin/versions.h"
#include "admin/wasm_code.h"
#include "admin/wasm_data.h"
#include "control/controller.h"

namespace sluice::admin {
namespace {

// An API that other machines can reach needs credentials and TLS.
Result<void> check_exposure(const Options& options, const ListenAddress& address) {
  if (address.loopback) return {};
  const CredentialOptions& credentials = options.credentials;
  const bool proved =
      credentials.certificate || !credentials.users.empty() || !credentials.tokens.empty();
  std::vector<std::string> missing;
  if (!options.tls) missing.emplace_back("--tls with --cert-file and --key-file");
  if (!proved) {
    missing.emplace_back(
        "--client-ca-file, or basic-auth or api-tokens in the file of --config-file");
  }
  if (missing.empty()) return {};
  return fail(
      ErrorKind::invalid,
      "the admin API cannot listen on " + options.address +
          ": anything but loopback needs TLS and credentials. Try localhost:2381, or add: " +
          missing.front() + (missing.size() > 1 ? "; and " + missing.back() : ""));
}

Result<AccessControl> make_access(const Options& options) {
  SLUICE_TRY(const ListenAddress address, resolve_address(options.address));
  SLUICE_CHECK(check_exposure(options, address));
  AccessControl access;
  SLUICE_TRY(access.credentials, Credentials::create(options.credentials));
  if (options.tls) {
    SLUICE_TRY(access.tls, load_tls(*options.tls));
  }
  return access;
}

class HttpApi final : public Api {
 public:
  HttpApi(Options options, Logger logger, control::Controller& controller)
      : context_{std::move(options), Published<Json>(), std::move(logger), controller} {
    if (controller.store().is_shared())
      context_.link = std::make_unique<MemberLink>(context_.options.to_members);
    context_.live = std::make_shared<LiveSampler>(controller);
    add_about(router_, context_);
    add_openapi(router_, context_);
    add_objects(router_, context_);
    add_versions(router_, context_);
    add_custom_data(router_, context_);
    add_status(router_, context_);
    add_members(router_, context_);
    add_metadata(router_, context_);
    add_metrics(router_, context_);
    add_profile(router_, context_);
    add_wasm_code(router_, context_);
    add_wasm_data(router_, context_);
    add_logs(router_, context_);
    add_live(router_, context_);
    add_picture(router_);
    add_backup(router_, context_);
  }

  ~HttpApi() override {
    if (context_.options.handed) context_.options.handed->stop();
  }
  HttpApi(const HttpApi&) = delete;
  HttpApi& operator=(const HttpApi&) = delete;

  [[nodiscard]] Result<void> start() {
    Options& options = context_.options;
    SLUICE_TRY(const ListenAddress address, resolve_address(options.address));
    SLUICE_TRY(access_, make_access(options));
    tls_paths_ = options.tls;
    context_.start_options.store(std::make_shared<const Json>(options.start_options));
    if (!options.listener) {
      SLUICE_TRY(auto listener, listen(options.address));
      options.listener.emplace(std::move(listener));
    }
    const auto version = [&controller = context_.controller] {
      return std::to_string(controller.config_version());
    };
    if (!options.health) options.health = std::make_shared<const Health>(context_.controller);
    HttpServer::Options its{*std::exchange(options.listener, {}), access_, version};
    its.health = options.health;
    server_ = HttpServer::start(std::move(its), router_, context_.logger);
    context_.live->start(context_.options.health);
    report_ = std::make_unique<MemberReport>(context_);
    if (options.handed) options.handed->start(router_, context_);
    context_.logger.info("admin API listens on " + address.host + ":" + std::to_string(port()) +
                         (access_.tls ? " with TLS" : ""));
    return {};
  }
  [[nodiscard]] int port() const override { return server_->port(); }
  [[nodiscard]] int descriptor() const override { return server_->descriptor(); }
  [[nodiscard]] Result<void> replace(Options options) override {
    options.address = context_.options.address;
    SLUICE_TRY(AccessControl next, make_access(options));
    // Equal credentials are kept, with their record of wrong tries and of right passwords.
    if (next.credentials->same_as(*access_.credentials)) next.credentials = access_.credentials;
    access_ = std::move(next);
    context_.start_options.store(std::make_shared<const Json>(std::move(options.start_options)));
    server_->replace(access_);
    tls_paths_ = std::move(options.tls);
    return {};
  }
  [[nodiscard]] net::CertificateEnds certificates() const override {
    if (!access_.tls || !tls_paths_) return {};
    net::CertificateEnds ends = access_.tls->certificates();
    for (net::CertificateEnd& end : ends) {
      end.place = end.place == net::TlsContext::kAuthoritiesPath
                      ? "client-ca-file " + tls_paths_->client_ca
                      : "cert-file " + tls_paths_->certificate;
    }
    return ends;
  }

 private:
  Context context_;
  ApiRouter router_;
  AccessControl access_;
  std::optional<TlsPaths> tls_paths_;   // of access_
  std::unique_ptr<HttpServer> server_;  // its threads use the others
  std::unique_ptr<MemberReport> report_;
};

}  // namespace

Result<void> check(const Options& options) {
  SLUICE_CHECK(make_access(options));
  return {};
}

Result<net::Listener> listen(const std::string& address) {
  SLUICE_TRY(const ListenAddress where, resolve_address(address));
  auto listener = net::Listener::open(where.host, static_cast<std::uint16_t>(where.port),
                                      {.reuse_port = false});
  if (listener) return listener;
  return fail(ErrorKind::unavailable, listener.error().message + "; try another --api-addr");
}

Result<std::unique_ptr<Api>> Api::start(Options options, Logger logger,
                                        control::Controller& controller) {
  auto api = std::make_unique<HttpApi>(std::move(options), std::move(logger), controller);
  SLUICE_CHECK(api->start());
  return api;
}

}  // namespace sluice::admin
