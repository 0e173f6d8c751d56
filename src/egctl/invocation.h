// SPDX-License-Identifier: Apache-2.0
// Invocation: the state that the commands of one run of egctl share.
#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "egctl/api_client.h"
#include "egctl/table.h"

namespace sluice::egctl {

enum class Output { standard, yaml, json, name, jsonpath };

inline constexpr std::string_view kJsonPathPrefix = "jsonpath=";
// Returns why `text` is no value of --output, or nothing.
[[nodiscard]] std::string fault_of_output(const std::string& text);

struct Invocation {
  std::ostream& out;
  std::ostream& err;
  AccessFlags access{};                    // --server and the flags for its credentials
  std::string output = "default";          // --output
  bool no_headers = false;                 // --no-headers
  bool yes = false;                        // --yes: nobody is asked
  bool misused = false;                    // the error of the action is misuse()
  std::function<Result<void>()> action{};  // of the given command
  bool differs = false;                    // of `diff`: exit code 1, without an error
  // Shared with the clients.
  std::shared_ptr<Contact> contact = std::make_shared<Contact>();

  // The client for --server and its flags, else for the settings file, else for the default server.
  [[nodiscard]] Result<ApiClient> client() const;
  [[nodiscard]] Output format() const;
  // -o wide: tables have more columns, where there are more.
  [[nodiscard]] bool wide() const { return output == "wide"; }
  // The names of `value`, an object or a list of objects, as "pipeline/demo", a line each.
  // The texts of -o jsonpath. JSON if -o json, YAML otherwise.
  void print(const Json& value) const;
  // Like print() with -o json or yaml, else writes `text`. So every command has output that
  // programs can read.
  void print_or(const Json& value, const std::string& text) const;
  // The first row is the header, which --no-headers leaves out.
  [[nodiscard]] std::string table(std::vector<Row> rows) const;
  [[nodiscard]] std::string narrow_table(const std::vector<Row>& rows) const;
  // The error of arguments that only the action can find wrong: exit code 2.
  [[nodiscard]] std::unexpected<Error> misuse(std::string message,
                                              std::vector<std::string> details = {});
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
