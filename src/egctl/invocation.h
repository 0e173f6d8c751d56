// SPDX-License-Identifier: Apache-2.0
// Invocation: the state that the commands of one run of egctl share.
#pragma once

#include <functional>
#include <ostream>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "egctl/api_client.h"

namespace sluice::egctl {

enum class Output { standard, yaml, json };

struct Invocation {
  std::ostream& out;
  std::ostream& err;
  AccessFlags access{};                    // --server and the flags for its credentials
  std::string output = "default";          // --output
  std::function<Result<void>()> action{};  // of the given command
  bool differs = false;                    // of `diff`: exit code 1, without an error

  // The client for --server and its flags, else for the settings file, else for the default server.
  [[nodiscard]] Result<ApiClient> client() const;
  [[nodiscard]] Output format() const;
  // -o wide: tables have more columns, where there are more.
  [[nodiscard]] bool wide() const { return output == "wide"; }
  // Writes `value` as JSON if -o json, as YAML otherwise.
  void print(const Json& value) const;
  // Like print() with -o json or yaml, else writes `text`. So every command has output that
  // programs can read.
  void print_or(const Json& value, const std::string& text) const;
};

// The error "`what` failed" with its reason: "create Pipeline demo failed, 409: conflict name:
// demo".
[[nodiscard]] std::unexpected<Error> failed(const std::string& what, Error error);
// Like failed(), for a change. With faults, the message counts them and says that nothing has
// changed.
[[nodiscard]] std::unexpected<Error> refused(const std::string& what, Error error);
// "Error: message", then one indented line per fault.
void print_error(std::ostream& err, const Error& error, bool colour);

}  // namespace sluice::egctl
