// SPDX-License-Identifier: Apache-2.0
// The client of the REST API.
#pragma once

#include <chrono>
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
struct Response;
}  // namespace httplib

namespace sluice::egctl {

inline constexpr std::string_view kDefaultServer = "localhost:2381";
inline constexpr std::string_view kJson = "application/json";
inline constexpr std::string_view kYaml = "text/x-yaml";
inline constexpr std::string_view kJsonLines = "application/x-ndjson";

struct ApiAddress {
  std::string host;
  int port;
  std::string text;  // as given, for messages
  bool tls = false;
};

// "host", "host:port", "[::1]:2381", "http://host:port/", "https://host".
[[nodiscard]] Result<ApiAddress> parse_endpoint(std::string_view text);

struct ApiReply {
  int status;
  std::string body;
};

struct ApiCall {
  std::string method = "GET";
  std::string path;  // after the prefix, escaped
  std::string body{};
  std::string_view accept = kJson;
  std::string_view content_type = kYaml;  // of the body
  // stream() ends if no piece comes for so long; zero: it waits.
  std::chrono::seconds silence_max{};
};

// Takes a piece of a body. Its error ends the call.
using Take = std::function<Result<void>(std::string_view piece)>;
// Returns the next piece of a body to send; "" at the end. Its error aborts the call.
using Give = std::function<Result<std::string>()>;

// The fate of the last call of an invocation, which its exit code reports.
struct Contact {
  bool unreached = false;  // the server did not answer
  bool warned = false;     // of a file of settings that others may read
};

class ApiClient {
 public:
  ApiClient(ApiAddress endpoint, Access access, std::shared_ptr<Contact> contact = {})
      : endpoint_(std::move(endpoint)),
        access_(std::move(access)),
        contact_(contact ? std::move(contact) : std::make_shared<Contact>()) {}

  // Any status is a success. Error `unavailable`: the server does not answer.
  [[nodiscard]] Result<ApiReply> send(const ApiCall& call) const;
  // Returns the body. A status of 400 or more is an error: "409: conflict name: demo", with its
  // faults as details.
  [[nodiscard]] Result<std::string> text(const ApiCall& call) const;
  [[nodiscard]] Result<Json> json(const ApiCall& call) const;
  // Passes on the body as it arrives. An error may follow some pieces.
  [[nodiscard]] Result<void> stream(const ApiCall& call, const Take& take) const;
  // Sends a body as it is produced, and returns the response. The call begins with the first piece.
  [[nodiscard]] Result<std::string> upload(const ApiCall& call, const Give& give) const;

 private:
  // Error `invalid`: a part of `access_` is unusable, or must not be sent unencrypted.
  [[nodiscard]] Result<std::unique_ptr<httplib::Client>> connection() const;
  [[nodiscard]] std::unexpected<Error> unreachable(const httplib::Result& result) const;

  // Notes whether the server has answered.
  void note(const httplib::Result& result) const;
  // Error `unavailable`: what has answered is no admin API. Counts as no answer.
  [[nodiscard]] Result<void> check_admin_api(const httplib::Response& response) const;

  ApiAddress endpoint_;
  Access access_;
  std::shared_ptr<Contact> contact_;
};

// Writes to `out` at once. Error `closed` if the reader has gone, as after `| head`.
[[nodiscard]] Take write_to(std::ostream& out);
// The error of a reply with status 400 or more.
[[nodiscard]] Error error_of(const ApiReply& reply);
// Escapes a segment of a path, or a value of a query.
[[nodiscard]] std::string percent_encode(std::string_view text);

}  // namespace sluice::egctl
