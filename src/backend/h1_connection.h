// SPDX-License-Identifier: Apache-2.0
// H1Connection: HTTP/1.1 with a backend over one stream, one exchange at a time. Core-bound.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend/channel.h"
#include "backend/connection_gate.h"
#include "base/result.h"
#include "base/time.h"
#include "http/h1/response_parser.h"
#include "http/message.h"
#include "loop/task.h"
#include "net/resolver.h"
#include "net/stream.h"

namespace sluice::backend {

class H1Connection {
 public:
  // `silence_max`: the limit of the time in which the backend neither takes nor gives bytes
  // although it could. `endpoint`: the other end, for the owner. `pass`: held while the connection
  // is open.
  H1Connection(std::unique_ptr<net::Stream> stream, Duration silence_max,
               net::Endpoint endpoint = {}, ConnectionGate::Pass pass = {});
  H1Connection(const H1Connection&) = delete;
  H1Connection& operator=(const H1Connection&) = delete;

  [[nodiscard]] net::Stream& stream() { return *stream_; }
  [[nodiscard]] const net::Endpoint& endpoint() const { return endpoint_; }

  // As in Channel.
  void set_deadline(TimePoint when);
  Task<Outcome<void>> start(http::Request& request, const http::Destination& to, bool keep_body,
                            http::Response& response, http::InterimSink* interim = nullptr);
  Task<Outcome<std::string_view>> read_body();
  Outcome<bool> take_ready(std::string& out);
  [[nodiscard]] std::unique_ptr<http::Headers> take_trailers() { return parser_.take_trailers(); }
  [[nodiscard]] bool has_body() const { return parser_.has_body(); }
  [[nodiscard]] std::optional<std::uint64_t> content_length() const {
    return parser_.content_length();
  }
  [[nodiscard]] Duration client_time() const;
  // True if any byte of a response to the current request has arrived.
  [[nodiscard]] bool answered() const { return answered_; }
  // True if the exchange is over and the backend waits for the next one.
  [[nodiscard]] bool reusable() const;
  // The time for which the connection can be reused, by the backend's announcement (Keep-Alive:
  // timeout=5) less a margin for transit. Duration::max() without an announcement.
  [[nodiscard]] Duration reusable_for() const;

 private:
  void append_head(const http::Request& request, const http::Destination& to);
  Task<Outcome<void>> send(http::Request& request, const http::Destination& to, bool keep_body);
  Task<void> send_whole(std::string head, std::string kept, std::string_view body,
                        std::string tail);
  Task<void> send_upgraded(std::string head, std::shared_ptr<http::BodyReader> reader);
  Task<void> send_stream(std::string head, http::Body body);
  Task<Outcome<void>> read_head(http::Response& response);
  Task<Result<bool>> fill();
  Failure failure(Stage stage, Error error);
  // Starts the silence timer, if the backend's turn has come.
  void listen();
  // Begins or ends the wait for the client's bytes.
  void wait_for_client(bool waits);
  [[nodiscard]] std::string_view unread() const { return {in_.data() + begin_, end_ - begin_}; }

  ConnectionGate::Pass pass_;
  net::Endpoint endpoint_;
  std::unique_ptr<net::Stream> stream_;
  http::h1::ResponseParser parser_;
  std::vector<char> in_;
  std::size_t begin_ = 0;  // of the unread part of in_
  std::size_t end_ = 0;
  std::string out_;
  bool answered_ = false;
  bool finished_ = false;
  bool sent_ = false;
  bool upgrading_ = false;         // the request asks for another protocol
  bool ended_ = false;             // the backend will send no more
  bool waits_for_client_ = false;  // for a part of the request's body
  bool unread_response_ = false;   // the client has not taken the available part of it
  Duration silence_max_;
  TimePoint deadline_ = TimePoint::max();
  TimePoint client_since_;  // while waits_for_client_
  Duration client_time_{};
  std::optional<Error> client_error_;  // the reason why the request's body cannot be read
  Task<void> sender_;                  // last: it uses the others
};

}  // namespace sluice::backend
