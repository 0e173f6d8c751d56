// SPDX-License-Identifier: Apache-2.0
// Connection: HTTP/1.1 with a backend over one stream, one exchange after the other. Core-bound.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/h1/response_parser.h"
#include "http/message.h"
#include "loop/task.h"
#include "net/stream.h"

namespace sluice::backend {

// Where an exchange failed, which tells whose fault it was.
enum class Stage {
  connect,       // the backend, or its name
  request_body,  // the client did not give the whole body of its request
  head,          // the request was sent in vain, or the answer was no response
  body,          // the response broke off or was too large
  choose,        // there is no server, or none that may be asked now
};

struct Failure {
  Stage stage = Stage::connect;
  Error error;
};

template <class T>
using Outcome = std::expected<T, Failure>;

// What a request says to a backend in place of its own.
struct Target {
  std::string_view host;  // empty: the request's
  std::string_view path;  // goes before the request's path
};

class Connection {
 public:
  explicit Connection(std::unique_ptr<net::Stream> stream);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] net::Stream& stream() { return *stream_; }

  // Sends the request and reads the head of the response. A large or streamed request body is still
  // being sent when this returns; it goes on as long as the Connection lives. A streamed one is
  // taken from the request; a whole one must stay as it is unless `keep_body` copies it.
  Task<Outcome<void>> start(http::Request& request, const Target& target, bool keep_body,
                            http::Response& response);
  // The next bytes of the response body, valid until the next call; empty at the end.
  Task<Outcome<std::string_view>> read_body();

  [[nodiscard]] bool has_body() const { return parser_.has_body(); }
  [[nodiscard]] std::optional<std::uint64_t> content_length() const {
    return parser_.content_length();
  }
  // Any byte of a response to the current request has come.
  [[nodiscard]] bool answered() const { return answered_; }
  // The exchange is over and the backend waits for the next one.
  [[nodiscard]] bool reusable() const;

 private:
  void append_head(http::Request& request, const Target& target);
  Task<Outcome<void>> send(http::Request& request, const Target& target, bool keep_body);
  Task<void> send_whole(std::string head, std::string kept, std::string_view body);
  Task<void> send_stream(std::string head, http::Body body);
  Task<Outcome<void>> read_head(http::Response& response);
  Task<Result<bool>> fill();
  Failure failure(Stage stage, Error error);
  [[nodiscard]] std::string_view unread() const { return {in_.data() + begin_, end_ - begin_}; }

  std::unique_ptr<net::Stream> stream_;
  http::h1::ResponseParser parser_;
  std::vector<char> in_;
  std::size_t begin_ = 0;  // of what in_ holds unread
  std::size_t end_ = 0;
  std::string out_;
  bool answered_ = false;
  bool finished_ = false;
  bool sent_ = false;
  bool ended_ = false;                 // the backend will send no more
  std::optional<Error> client_error_;  // why the request's body cannot be read
  Task<void> sender_;                  // last: it uses the others
};

}  // namespace sluice::backend
