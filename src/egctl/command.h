// SPDX-License-Identifier: Apache-2.0
// Command and Option: how a command describes its arguments. They stand for the classes of CLI11,
// whose headers hold all of its code: each file that includes them compiles it once more, which
// takes ten times as long as the command itself. Only the files about the whole tree include them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace sluice::egctl {

struct Invocation;

// Returns why `text` is no value of the option, or nothing.
using Check = std::string (*)(const std::string& text);

// An option, a flag or an argument of a command. A handle: valid as long as the root of the tree.
class Option {
 public:
  explicit Option(CLI::Option* option) : option_(option) {}

  Option required() const;
  // The word that stands for the value in the help.
  Option type_name(const std::string& name) const;
  Option check(Check fault_of) const;
  // This option and the option `name` are not given together.
  Option excludes(const std::string& name) const;
  // The help shows the value that the variable has now.
  Option show_default() const;
  // May be repeated, with one value each time.
  Option repeated() const;

 private:
  CLI::Option* option_;
};

// A command. A handle: valid as long as the root of the tree.
class Command {
 public:
  explicit Command(CLI::App* app) : app_(app) {}

  // A new command below this one.
  [[nodiscard]] Command add(const std::string& name, const std::string& text) const;
  // Options ("-f,--file") and arguments ("NAME"). The variable receives the value, and holds the
  // default until then. Requires: it outlives the tree.
  Option option(const std::string& name, std::string& variable, const std::string& text) const;
  Option option(const std::string& name, std::vector<std::string>& variable,
                const std::string& text) const;
  Option option(const std::string& name, std::int64_t& variable, const std::string& text) const;
  Option option(const std::string& name, std::uint64_t& variable, const std::string& text) const;
  Option flag(const std::string& name, bool& variable, const std::string& text) const;

  // A text below the help.
  Command footer(const std::string& text) const;
  Command alias(const std::string& name) const;
  // One of the commands below must be given; with `optional` it may be.
  Command require_command(bool optional = false) const;
  // Below this heading in the help of the parent.
  Command group(const std::string& heading) const;

  [[nodiscard]] CLI::App* app() const { return app_; }

 private:
  CLI::App* app_;
};

using Action = std::function<Result<void>(Invocation&)>;
// Makes `command` run `action` once the arguments are parsed.
void set_action(Command command, Invocation& invocation, Action action);

}  // namespace sluice::egctl
