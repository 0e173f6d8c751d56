// SPDX-License-Identifier: Apache-2.0
// The REST API as egctl calls it.
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace sluice::egctl {

inline constexpr std::string_view kDefaultServer = "localhost:2381";
inline constexpr std::string_view kJson = "application/json";
inline constexpr std::string_view kYaml = "text/x-yaml";

struct Endpoint {
  std::string host;
  int port;
  std::string text;  // as it was given, for messages
};

// "host", "host:port", "[::1]:2381", "http://host:port/".
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
};

using Progress = std::function<void(std::size_t sent, std::size_t total)>;

class Client {
 public:
  explicit Client(Endpoint endpoint) : endpoint_(std::move(endpoint)) {}

  // Any status is a success; the error `unavailable` is a server that does not answer.
  [[nodiscard]] Result<Reply> send(const Call& call) const;
  // The body. A status of 400 and more is an error: "409: conflict name: demo", its faults as
  // details.
  [[nodiscard]] Result<std::string> text(const Call& call) const;
  [[nodiscard]] Result<Json> json(const Call& call) const;
  // Writes the body as it comes. Error `closed` if nobody reads `out` any more.
  [[nodiscard]] Result<void> stream(const Call& call, std::ostream& out) const;
  // PUT of a large body.
  [[nodiscard]] Result<void> upload(const Call& call, const Progress& progress) const;

 private:
  Endpoint endpoint_;
};

// The error of a reply of status 400 and more.
[[nodiscard]] Error error_of(const Reply& reply);
// A segment of a path, or a value of a query.
[[nodiscard]] std::string percent_encode(std::string_view text);

}  // namespace sluice::egctl
