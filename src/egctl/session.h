// SPDX-License-Identifier: Apache-2.0
// What every command of one run of egctl works with.
#pragma once

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <functional>
#include <ostream>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "egctl/client.h"

namespace sluice::egctl {

enum class Output { standard, yaml, json };

struct Session {
  std::ostream& out;
  std::ostream& err;
  AccessFlags access{};                    // --server and what belongs to it
  std::string output = "default";          // --output
  std::function<Result<void>()> action{};  // of the command that was given

  // Of --server and its like, else of the settings file, else the default one.
  [[nodiscard]] Result<Client> client() const;
  [[nodiscard]] Output format() const;
  // Writes `value` as JSON if -o json, as YAML otherwise.
  void print(const Json& value) const;
  // As print() with -o json or yaml, else `text`: no command leaves programs without a form to
  // read.
  void print_or(const Json& value, const std::string& text) const;
};

using Action = std::function<Result<void>(Session&)>;
// Lets `command` run `action` once the arguments are parsed.
void set_action(CLI::App& command, Session& session, Action action);

// `what` failed, and why: "create Pipeline demo failed, 409: conflict name: demo".
[[nodiscard]] std::unexpected<Error> failed(const std::string& what, Error error);
// As failed(), of a change: with faults, the message counts them and says that nothing has changed.
[[nodiscard]] std::unexpected<Error> refused(const std::string& what, Error error);
// "Error: message", then one indented line per fault.
void print_error(std::ostream& err, const Error& error, bool colour);

}  // namespace sluice::egctl
