// SPDX-License-Identifier: Apache-2.0
#include "egctl/arguments.h"

#include <CLI/App.hpp>
#include <algorithm>
#include <utility>

#include "config/faults.h"
#include "egctl/absent.h"

namespace sluice::egctl {
namespace {

std::vector<std::string> words_of(const CLI::App& command) {
  std::vector<std::string> words = command.get_aliases();
  words.push_back(command.get_name());
  return words;
}

std::string list_of(const std::vector<CLI::App*>& commands) {
  std::string out;
  for (const CLI::App* command : commands) out += (out.empty() ? "" : ", ") + command->get_name();
  return out;
}

// The option of the command, or of one above it. Null if there is none.
const CLI::Option* find_option(const CLI::App& command, const std::string& name) {
  for (const CLI::App* app = &command; app != nullptr; app = app->get_parent()) {
    if (const CLI::Option* option = app->get_option_no_throw(name)) return option;
  }
  return nullptr;
}

// True for an option whose value is the next argument.
bool takes_next(const CLI::App& command, const std::string& argument) {
  const CLI::Option* option = argument.contains('=') ? nullptr : find_option(command, argument);
  return option != nullptr && option->get_expected_min() > 0;
}

// The error for an unknown option before the command. The next word may be its value, so the
// command is not known.
Error unknown_option(const CLI::App& parent, const std::string& name) {
  std::vector<std::string> names;
  for (const CLI::Option* option : parent.get_options()) names.push_back(option->get_name());
  const std::vector<std::string_view> known(names.begin(), names.end());
  return {ErrorKind::invalid,
          "unknown option: " + name + config::suggestion(name, known) +
              "; the options of a command stand behind it",
          {}};
}

Error unknown(const CLI::App& parent, const std::string& word) {
  std::vector<std::string> names;
  for (const CLI::App* command : commands_of(parent)) names.push_back(command->get_name());
  const std::vector<std::string_view> known(names.begin(), names.end());
  const bool of_root = parent.get_parent() == nullptr;
  const std::string where = of_root ? "" : " of " + parent.get_name();
  if (const std::string advice = of_root ? advice_on_word(word) : ""; !advice.empty())
    return {ErrorKind::invalid, "unknown command: " + word + "; " + advice, {}};
  return {ErrorKind::invalid,
          "unknown command" + where + ": " + word + config::suggestion(word, known) +
              "; egctl help lists them",
          {}};
}

// Follows the arguments down the tree of commands.
class Expansion {
 public:
  explicit Expansion(CLI::App& root) : at_(&root) {}

  Result<void> take(const std::string& argument) {
    const bool value = std::exchange(value_follows_, false);
    const bool option = argument.size() > 1 && argument[0] == '-';
    const bool before_command = !value && option && !commands_of(*at_).empty() && !has_word_;
    const std::string name = argument.substr(0, argument.find('='));
    if (before_command && name.starts_with("--") && find_option(*at_, name) == nullptr)
      return std::unexpected(unknown_option(*at_, name));
    if (value || option || commands_of(*at_).empty()) {
      value_follows_ = !value && option && takes_next(*at_, argument);
      out_.push_back(argument);
      return {};
    }
    if (at_->get_parent() == nullptr && argument == "help") {
      help_ = true;
      return {};
    }
    SLUICE_TRY(CLI::App* const command, find_command(*at_, argument));
    if (command == nullptr && at_->get_require_subcommand_min() > 0) {
      return std::unexpected(unknown(*at_, argument));
    }
    out_.push_back(command == nullptr ? argument : command->get_name());
    has_word_ = command == nullptr;
    if (command != nullptr) at_ = command;
    return {};
  }

  std::vector<std::string> finish() {
    const bool incomplete = at_->get_require_subcommand_min() > 0;
    if (help_ || incomplete) out_.emplace_back("--help");
    return std::move(out_);
  }

 private:
  CLI::App* at_;
  bool value_follows_ = false;
  bool has_word_ = false;  // an argument of the command at_, so no command follows
  bool help_ = false;
  std::vector<std::string> out_;
};

}  // namespace

std::vector<CLI::App*> commands_of(const CLI::App& parent) {
  std::vector<CLI::App*> commands;
  for (const CLI::App* command : parent.get_subcommands([](const CLI::App*) { return true; })) {
    commands.push_back(parent.get_subcommand(command->get_name()));
  }
  return commands;
}

Result<CLI::App*> find_command(const CLI::App& parent, const std::string& word) {
  std::vector<CLI::App*> begin_alike;
  for (CLI::App* command : commands_of(parent)) {
    const std::vector<std::string> words = words_of(*command);
    if (std::ranges::find(words, word) != words.end()) return command;
    const auto begins = [&](const std::string& name) { return name.starts_with(word); };
    if (std::ranges::any_of(words, begins)) begin_alike.push_back(command);
  }
  if (begin_alike.empty()) return nullptr;
  if (begin_alike.size() == 1) return begin_alike[0];
  return fail(ErrorKind::invalid, word + " is ambiguous: " + list_of(begin_alike));
}

Result<std::vector<std::string>> expand(CLI::App& root, const std::vector<std::string>& arguments) {
  Expansion expansion(root);
  for (const std::string& argument : arguments) SLUICE_CHECK(expansion.take(argument));
  return expansion.finish();
}

}  // namespace sluice::egctl
