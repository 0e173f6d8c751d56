// SPDX-License-Identifier: Apache-2.0
// H1Connection: HTTP/1.1 with a backend over one stream, one exchange after the other. Core-bound.
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
  // `silence_max`: how long the backend may take nothing and give nothing, while it could.
  // `endpoint`: the other end, for the owner. `pass`: kept as long as the connection is open.
  H1Connection(std::unique_ptr<net::Stream> stream, Duration silence_max,
               net::Endpoint endpoint = {}, ConnectionGate::Pass pass = {});
  H1Connection(const H1Connection&) = delete;
  H1Connection& operator=(const H1Connection&) = delete;

  [[nodiscard]] net::Stream& stream() { return *stream_; }
  [[nodiscard]] const net::Endpoint& endpoint() const { return endpoint_; }

  // As of Channel.
  void set_deadline(TimePoint when);
  Task<Outcome<void>> start(http::Request& request, const Target& target, bool keep_body,
                            http::Response& response, http::InterimSink* interim = nullptr);
  Task<Outcome<std::string_view>> read_body();
  Outcome<bool> take_ready(std::string& out);
  [[nodiscard]] std::unique_ptr<http::Headers> take_trailers() { return parser_.take_trailers(); }
  [[nodiscard]] bool has_body() const { return parser_.has_body(); }
  [[nodiscard]] std::optional<std::uint64_t> content_length() const {
    return parser_.content_length();
  }
  [[nodiscard]] Duration client_time() const;
  // Any byte of a response to the current request has come.
  [[nodiscard]] bool answered() const { return answered_; }
  // The exchange is over and the backend waits for the next one.
  [[nodiscard]] bool reusable() const;
  // For how long, by what the backend has said (Keep-Alive: timeout=5) less a margin for what is on
  // its way; Duration::max() if it has said nothing.
  [[nodiscard]] Duration reusable_for() const;

 private:
  void append_head(http::Request& request, const Target& target);
  Task<Outcome<void>> send(http::Request& request, const Target& target, bool keep_body);
  Task<void> send_whole(std::string head, std::string kept, std::string_view body,
                        std::string tail);
  Task<void> send_upgraded(std::string head, std::shared_ptr<http::BodyReader> reader);
  Task<void> send_stream(std::string head, http::Body body);
  Task<Outcome<void>> read_head(http::Response& response);
  Task<Result<bool>> fill();
  Failure failure(Stage stage, Error error);
  // Silence begins now, if it is the backend's.
  void listen();
  // The client's bytes are waited for from now on, or no longer.
  void wait_for_client(bool waits);
  [[nodiscard]] std::string_view unread() const { return {in_.data() + begin_, end_ - begin_}; }

  ConnectionGate::Pass pass_;
  net::Endpoint endpoint_;
  std::unique_ptr<net::Stream> stream_;
  http::h1::ResponseParser parser_;
  std::vector<char> in_;
  std::size_t begin_ = 0;  // of what in_ holds unread
  std::size_t end_ = 0;
  std::string out_;
  bool answered_ = false;
  bool finished_ = false;
  bool sent_ = false;
  bool upgrading_ = false;         // the request asks for another protocol
  bool ended_ = false;             // the backend will send no more
  bool waits_for_client_ = false;  // for a part of the request's body
  bool unread_response_ = false;   // it is up to the client to take what has come of it
  Duration silence_max_;
  TimePoint deadline_ = TimePoint::max();
  TimePoint client_since_;  // while waits_for_client_
  Duration client_time_{};
  std::optional<Error> client_error_;  // why the request's body cannot be read
  Task<void> sender_;                  // last: it uses the others
};

}  // namespace sluice::backend
