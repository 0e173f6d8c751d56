// SPDX-License-Identifier: Apache-2.0
// For tests: a Client and the ScriptedServer with which it communicates.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "backend/client.h"
#include "backend/testing/scripted_server.h"
#include "loop/testing/run_to_completion.h"

namespace sluice::backend {

inline constexpr auto kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello";

inline Task<void> answer_all(Peer& peer) {
  while (true) {
    const std::string head = co_await peer.head();
    if (head.empty()) co_return;
    co_await peer.send(kHello);
  }
}
inline Task<void> answer_once_then_close(Peer& peer) {
  co_await peer.head();
  co_await peer.send(kHello);
  co_await peer.head();
}
inline Task<void> close_at_once(Peer& peer) { co_await peer.head(); }

class ClientFixture : public testing::Test {
 protected:
  void serve(std::vector<ScriptedServer::Script> scripts) {
    server_ = std::make_unique<ScriptedServer>(loop_, std::move(scripts));
    server_entry_ = *parse_server_url(server_->url());
    make_client();
    request_.method = "GET";
    request_.host = "shop";
    request_.escaped_path = "/a%3Fb";
  }
  void make_client(const ClientOptions& options = {}) {
    const auto servers = std::make_shared<const Servers>(Servers{server_entry_});
    client_ = std::make_unique<Client>(core_, servers, ServerStates{state_}, options);
  }
  Outcome<void> exchange() {
    return loop::run_to_completion(loop_, client_->exchange(call_, request_, response_));
  }
  std::string outcome() {
    const auto result = exchange();
    if (result) return std::to_string(response_.status) + " " + std::string(response_.body.bytes());
    return std::to_string(static_cast<int>(result.error().stage)) + " " +
           result.error().error.message;
  }
  void pause(Duration duration) {
    loop::run_to_completion(loop_, [](loop::EventLoop& loop, Duration d) -> Task<void> {
      co_await loop.sleep_for(d);
    }(loop_, duration));
  }
  Result<void> buffer_response() {
    return loop::run_to_completion(loop_, response_.body.buffer(1 << 30));
  }

  loop::EventLoop loop_;
  loop::Core core_{loop_, 0, 1};
  std::shared_ptr<ServerState> state_ = std::make_shared<ServerState>(1);
  Server server_entry_;
  std::unique_ptr<ScriptedServer> server_;
  std::unique_ptr<Client> client_;
  http::Request request_;
  http::Response response_;
  Call call_;
};

}  // namespace sluice::backend
