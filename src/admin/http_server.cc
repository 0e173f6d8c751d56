// SPDX-License-Identifier: Apache-2.0
#include "admin/http_server.h"

#include <atomic>
#include <optional>
#include <utility>
#include <vector>

#include "admin/acceptor.h"
#include "admin/service.h"
#include "base/mutex.h"

namespace sluice::admin {
namespace {

class Httplib final : public HttpServer {
 public:
  Httplib(Options options, const Router& router, Logger logger)
      : shared_{router, std::move(logger), std::move(options.config_version)} {
    replace(std::move(options.access));
    acceptor_.emplace(
        std::move(options.listener),
        [this](int descriptor) { current()->serve(descriptor, stopping_); }, shared_.logger);
  }
  ~Httplib() override {
    stopping_ = true;
    for (const auto& each : services_) {
      if (const auto service = each.lock()) service->stop();
    }
    acceptor_.reset();
  }
  Httplib(const Httplib&) = delete;
  Httplib& operator=(const Httplib&) = delete;

  [[nodiscard]] int port() const override { return acceptor_->port(); }
  [[nodiscard]] int descriptor() const override { return acceptor_->descriptor(); }
  void replace(Access access) override {
    auto next = std::make_shared<Service>(std::move(access), shared_);
    const MutexLock lock(mutex_);
    std::erase_if(services_, [](const auto& service) { return service.expired(); });
    services_.emplace_back(next);
    current_.swap(next);
  }

 private:
  [[nodiscard]] std::shared_ptr<Service> current() const {
    const MutexLock lock(mutex_);
    return current_;
  }

  Service::Shared shared_;
  std::atomic<bool> stopping_ = false;
  mutable Mutex mutex_;
  std::shared_ptr<Service> current_ SLUICE_GUARDED_BY(mutex_);
  std::vector<std::weak_ptr<Service>> services_;  // those that may still serve calls
  std::optional<Acceptor> acceptor_;              // last: its threads use the others
};

}  // namespace

std::unique_ptr<HttpServer> HttpServer::start(Options options, const Router& router,
                                              Logger logger) {
  return std::make_unique<Httplib>(std::move(options), router, std::move(logger));
}

}  // namespace sluice::admin
