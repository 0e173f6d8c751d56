// SPDX-License-Identifier: Apache-2.0
// Connection: the stream of a client, with or without TLS, as HTTP/1 requests one after the other
// (RFC 9112) and their responses. Core-bound, on the loop of the API.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "admin/access.h"
#include "admin/connections.h"
#include "admin/input.h"
#include "http/h1/serializer.h"
#include "loop/link.h"
#include "loop/task.h"
#include "net/stream.h"

namespace sluice::admin {

// As a Link, it is in the list of the connections that wait for their clients, while it does.
class Connection : public loop::Link {
 public:
  // Requires: `all` outlives this.
  Connection(Connections& all, std::unique_ptr<net::Stream> stream);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  // Serves until the client leaves, is silent for too long, or must connect again. An exception
  // cuts the connection. Requires: once.
  Task<void> serve();

  // Ends the connection soon: at once if it waits for its client or streams, else after a response
  // that the client reads soon.
  void stop();
  // Ends the connection if it is idle between two requests.
  void retire();
  // Ends the connection at once.
  void cut() { wire_->close(); }

 private:
  class Waiting;
  class Upload;
  Task<void> serve_requests();
  Task<bool> secure();
  Task<bool> speaks_tls();
  Task<bool> read_head();
  Task<bool> answer();
  Task<Result<std::size_t>> receive(TimePoint until, std::size_t size);
  Task<Result<std::string_view>> read_body();
  Task<bool> send(std::string_view bytes);
  Task<void> refuse(int status, std::string_view reason);
  Task<bool> write(http::Response& response);
  Task<bool> write_whole(std::string_view body);
  Task<bool> write_stream(http::BodyReader& reader, http::h1::Framing framing);
  Task<void> linger();
  [[nodiscard]] bool may_go_on() const;

  Connections& all_;
  const std::shared_ptr<const Access> access_;  // as of the start
  std::unique_ptr<net::Stream> stream_;         // null during the TLS handshake
  net::Stream* wire_;                           // the stream, or what is under the handshake
  Client client_;
  const TimePoint greeting_until_;  // of the first head, the handshake included
  Input input_;
  http::Request request_;
  std::string out_;
  enum class Waits { no, for_bytes, for_room };
  Waits waits_ = Waits::no;
  bool first_ = true;  // no request was complete yet
  bool idle_ = false;  // between two requests
  bool keep_alive_ = true;
  bool streaming_ = false;
  bool admitted_ = false;  // the last caller has proved who it is
  bool answered_ = false;  // the last response was sent, and the connection ends
};

}  // namespace sluice::admin
