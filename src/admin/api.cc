// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "admin/admin.h"
#include "admin/http_server.h"
#include "admin/resources.h"
#include "control/controller.h"

namespace sluice::admin {
namespace {

class HttpApi final : public Api {
 public:
  HttpApi(Options options, Logger logger, control::Controller& controller)
      : context_{std::move(options), std::move(logger), controller} {
    add_about(router_, context_);
    add_objects(router_, context_);
    add_status(router_, context_);
    add_members(router_, context_);
    add_metadata(router_, context_);
    add_wasm_code(router_, context_);
    add_wasm_data(router_, context_);
    add_logs(router_, context_);
  }
  ~HttpApi() override { context_.stopping = true; }
  HttpApi(const HttpApi&) = delete;
  HttpApi& operator=(const HttpApi&) = delete;

  [[nodiscard]] Result<void> start() {
    SLUICE_TRY(const Address address, resolve_loopback(context_.options.address));
    const auto version = [&controller = context_.controller] {
      return std::to_string(controller.config_version());
    };
    SLUICE_TRY(server_, HttpServer::start(address, router_, context_.logger, version));
    context_.logger.info("admin API listens on " + address.host + ":" + std::to_string(port()));
    return {};
  }
  [[nodiscard]] int port() const override { return server_->port(); }

 private:
  Context context_;
  Router router_;
  std::unique_ptr<HttpServer> server_;  // last: its threads use the others
};

}  // namespace

Result<std::unique_ptr<Api>> Api::start(Options options, Logger logger,
                                        control::Controller& controller) {
  auto api = std::make_unique<HttpApi>(std::move(options), std::move(logger), controller);
  SLUICE_CHECK(api->start());
  return api;
}

}  // namespace sluice::admin
