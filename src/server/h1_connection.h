// SPDX-License-Identifier: Apache-2.0
// An HTTP/1.1 connection: stream + codec + exchange, one request after the other (RFC 9112).
// Core-bound.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "loop/task.h"
#include "net/stream.h"
#include "server/connections.h"
#include "server/h1_input.h"
#include "server/h1_output.h"
#include "server/h1_upgrade.h"
#include "server/peer_info.h"
#include "server/served_exchange.h"
#include "server/server_context.h"
#include "server/watched.h"

namespace sluice::server {

// Serves requests until the client leaves, a limit ends the connection, or the server drains. If
// the client speaks HTTP/2 with prior knowledge (RFC 9113 section 3.3), returns the bytes received
// and leaves the connection open; else returns "".
Task<std::string> serve_h1(ServerContext& server, Connections::Member& member, net::Stream& stream);

// One connection: its codec, and the exchange that its requests use one after the other.
class H1Connection {
 public:
  H1Connection(ServerContext& server, Connections::Member& member, net::Stream& stream);

  // Returns the bytes received if they are HTTP/2, else "" after closing the connection.
  Task<std::string> serve();

  // As RequestSource, for the current request.
  [[nodiscard]] bool superseded() const { return member_.superseded(); }
  void note_known(bool known) { known_ = known; }
  [[nodiscard]] bool refuses() const { return false; }
  [[nodiscard]] bool has_body() const { return !input_.finished(); }
  [[nodiscard]] std::optional<std::uint64_t> length() const {
    return input_.parser().content_length();
  }
  [[nodiscard]] bool awaits_continue() const { return input_.parser().expects_continue(); }
  Task<bool> send_continue();
  [[nodiscard]] std::unique_ptr<http::BodyReader> body() { return input_.body(); }
  [[nodiscard]] auto run(Task<void> work) {
    offer_upgrade();
    open_early_output();
    return watched(stream_, output_.early(), EarlyOutput::Question::status_line, std::move(work));
  }

 private:
  void begin();
  void rest();
  Task<bool> read_head();
  Task<bool> answer();
  [[nodiscard]] bool may_go_on() const;
  [[nodiscard]] Duration linger_time() const;
  [[nodiscard]] bool leaving() const { return server_.leaving() || member_.superseded(); }
  void open_early_output();
  void keep_upgrade_request();
  void offer_upgrade();
  [[nodiscard]] bool is_upgraded() const;
  Task<bool> write_response();
  Task<void> relay_upgraded();
  [[nodiscard]] bool may_stay(const ServerPrototype& now);
  Task<void> refuse_head(H1Input::Head head);
  void record(http::Refusal end) { served_->record(end, input_.received(), output_.sent()); }

  ServerContext& server_;
  Connections::Member& member_;
  net::Stream& stream_;
  const PeerInfo peer_;
  H1Input input_;  // before the exchange, whose request may read its body from here
  H1Output output_;
  std::unique_ptr<ServedExchange> served_;   // null while the connection rests
  std::shared_ptr<UpgradedInput> upgraded_;  // set if the client asks for an upgrade
  std::unique_ptr<http::Request> asked_;     // the upgrade request's head as received
  bool keep_alive_ = true;
  bool known_ = false;      // under overload: the user of the last request is known
  bool refused_ = false;    // the codec refused the request
  bool may_be_h2_ = false;  // nothing was read yet
  bool spoke_ = false;      // a request has begun
  bool is_h2_ = false;
  Duration linger_{};  // before the connection is closed: see H1Input::linger
};

}  // namespace sluice::server
