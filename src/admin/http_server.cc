// SPDX-License-Identifier: Apache-2.0
#include "admin/http_server.h"

#include <thread>
#include <utility>

#include "admin/connection.h"
#include "admin/service.h"
#include "admin/threads.h"
#include "base/published.h"
#include "loop/event_loop.h"

namespace sluice::admin {
namespace {

class LoopServer final : public HttpServer {
 public:
  LoopServer(Options options, const ApiRouter& router, const Logger& logger)
      : port_(options.listener.port()),
        descriptor_(options.listener.descriptor()),
        access_(std::make_shared<const AccessControl>(std::move(options.access))),
        threads_(loop_),
        service_(router, logger, {std::move(options.config_version), std::move(options.health)},
                 loop_, threads_),
        connections_(loop_, service_, access_, options.patience, options.connections_max),
        acceptor_(loop_, std::move(options.listener)) {
    loop_.spawn(accept_all());
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~LoopServer() override {
    loop_.post([this] {
      acceptor_.close();
      connections_.stop([this] { loop_.stop(); });
    });
    thread_.join();
    threads_.stop();
  }
  LoopServer(const LoopServer&) = delete;
  LoopServer& operator=(const LoopServer&) = delete;

  [[nodiscard]] int port() const override { return port_; }
  [[nodiscard]] int descriptor() const override { return descriptor_; }
  void replace(AccessControl access) override {
    access_.store(std::make_shared<const AccessControl>(std::move(access)));
    loop_.post([this] { connections_.retire(); });
  }

 private:
  Task<void> accept_all() {
    while (true) {
      auto stream = co_await acceptor_.accept();
      if (stream) {
        if (connections_.make_place()) loop_.spawn(serve(connections_, *std::move(stream)));
        continue;
      }
      if (stream.error().kind == ErrorKind::closed) co_return;
      service_.logger().error("admin API: " + stream.error().message);
    }
  }

  const int port_;
  const int descriptor_;  // the acceptor's
  Published<AccessControl> access_;
  loop::EventLoop loop_;  // the others are used on its thread
  Threads threads_;
  Service service_;
  ApiConnections connections_;
  net::Acceptor acceptor_;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<HttpServer> HttpServer::start(Options options, const ApiRouter& router,
                                              Logger logger) {
  return std::make_unique<LoopServer>(std::move(options), router, logger);
}

}  // namespace sluice::admin
