// SPDX-License-Identifier: Apache-2.0
// The REST API as egctl calls it.
#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "egctl/access.h"

namespace httplib {
class Client;
class Result;
}  // namespace httplib

namespace sluice::egctl {

inline constexpr std::string_view kDefaultServer = "localhost:2381";
inline constexpr std::string_view kJson = "application/json";
inline constexpr std::string_view kYaml = "text/x-yaml";
inline constexpr std::string_view kJsonLines = "application/x-ndjson";

struct Endpoint {
  std::string host;
  int port;
  std::string text;  // as it was given, for messages
  bool tls = false;
};

// "host", "host:port", "[::1]:2381", "http://host:port/", "https://host".
[[nodiscard]] Result<Endpoint> parse_endpoint(std::string_view text);

struct Reply {
  int status;
  std::string body;
};

struct Call {
  std::string method = "GET";
  std::string path;  // after the prefix, escaped
  std::string body{};
  std::string_view accept = kJson;
  std::string_view content_type = kYaml;  // of the body
};

// Takes a piece of a body; its error ends the call.
using Take = std::function<Result<void>(std::string_view piece)>;
// The next piece of a body to send; "" at the end. Its error breaks the call off.
using Give = std::function<Result<std::string>()>;

class Client {
 public:
  Client(Endpoint endpoint, Access access)
      : endpoint_(std::move(endpoint)), access_(std::move(access)) {}

  // Any status is a success; the error `unavailable` is a server that does not answer.
  [[nodiscard]] Result<Reply> send(const Call& call) const;
  // The body. A status of 400 and more is an error: "409: conflict name: demo", its faults as
  // details.
  [[nodiscard]] Result<std::string> text(const Call& call) const;
  [[nodiscard]] Result<Json> json(const Call& call) const;
  // Hands on the body as it comes. An error may come after some of it.
  [[nodiscard]] Result<void> stream(const Call& call, const Take& take) const;
  // Sends a body as it is made; the answer. The server is called when there is a first piece.
  [[nodiscard]] Result<std::string> upload(const Call& call, const Give& give) const;

 private:
  // Error `invalid`: something of `access_` that cannot be used, or must not go out unencrypted.
  [[nodiscard]] Result<std::unique_ptr<httplib::Client>> connection() const;
  [[nodiscard]] std::unexpected<Error> unreachable(const httplib::Result& result) const;

  Endpoint endpoint_;
  Access access_;
};

// Writes to `out` at once. Error `closed` if nobody reads it any more, as after `| head`.
[[nodiscard]] Take write_to(std::ostream& out);
// The error of a reply of status 400 and more.
[[nodiscard]] Error error_of(const Reply& reply);
// A segment of a path, or a value of a query.
[[nodiscard]] std::string percent_encode(std::string_view text);

}  // namespace sluice::egctl
