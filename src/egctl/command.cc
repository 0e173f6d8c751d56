// SPDX-License-Identifier: Apache-2.0
#include "egctl/command.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <utility>

#include "egctl/invocation.h"

namespace sluice::egctl {

Option Option::required() const { return Option(option_->required()); }
Option Option::type_name(const std::string& name) const { return Option(option_->type_name(name)); }
Option Option::check(Check fault_of) const { return Option(option_->check(fault_of)); }
Option Option::excludes(const std::string& name) const { return Option(option_->excludes(name)); }
Option Option::show_default() const { return Option(option_->capture_default_str()); }
Option Option::repeated() const {
  return Option(option_->expected(1)->take_all()->allow_extra_args(false));
}

Command Command::add(const std::string& name, const std::string& text) const {
  return Command(app_->add_subcommand(name, text));
}
Option Command::option(const std::string& name, std::string& variable,
                       const std::string& text) const {
  return Option(app_->add_option(name, variable, text));
}
Option Command::option(const std::string& name, std::vector<std::string>& variable,
                       const std::string& text) const {
  return Option(app_->add_option(name, variable, text));
}
Option Command::option(const std::string& name, std::int64_t& variable,
                       const std::string& text) const {
  return Option(app_->add_option(name, variable, text));
}
Option Command::option(const std::string& name, std::uint64_t& variable,
                       const std::string& text) const {
  return Option(app_->add_option(name, variable, text));
}
Option Command::flag(const std::string& name, bool& variable, const std::string& text) const {
  return Option(app_->add_flag(name, variable, text));
}

Command Command::footer(const std::string& text) const { return Command(app_->footer(text)); }
Command Command::alias(const std::string& name) const { return Command(app_->alias(name)); }
Command Command::require_command(bool optional) const {
  return Command(optional ? app_->require_subcommand(0, 1) : app_->require_subcommand(1));
}
Command Command::group(const std::string& heading) const { return Command(app_->group(heading)); }

void set_action(Command command, Invocation& invocation, Action action) {
  command.app()->callback([&invocation, action = std::move(action)] {
    if (invocation.action) return;  // a subcommand was given and has set its action first
    invocation.action = [&invocation, action] { return action(invocation); };
  });
}

}  // namespace sluice::egctl
