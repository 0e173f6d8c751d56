// SPDX-License-Identifier: Apache-2.0
#include "egctl/completion.h"

#include <CLI/App.hpp>

#include "egctl/arguments.h"

namespace sluice::egctl {
namespace {

// The server names the kinds of resources at the time of completion.
constexpr std::string_view kHead = R"(_egctl_kinds() {
  local i name rest server=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    if [ "${COMP_WORDS[i]}" = --server ]; then server=(--server "${COMP_WORDS[i + 1]}"); fi
  done
  egctl "${server[@]}" api-resources 2>/dev/null | while read -r name rest; do
    if [ "$name" != NAME ]; then echo "$name"; fi
  done
}
_egctl() {
  local current="${COMP_WORDS[COMP_CWORD]}" at="" words="" word i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="${COMP_WORDS[i]}"
    case "$at/$word" in
)";
constexpr std::string_view kMiddle = R"(    esac
  done
  case "$at" in
)";
constexpr std::string_view kTail = R"(  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _egctl egctl
)";
constexpr std::string_view kKinds = "all $(_egctl_kinds)";

void add_options(const CLI::App& app, std::string& words) {
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_snames()) words += " -" + name;
    for (const std::string& name : option->get_lnames()) words += " --" + name;
  }
}

std::string words_after(const CLI::App& app) {
  std::string words;
  for (const CLI::App* command : commands_of(app)) words += " " + command->get_name();
  const CLI::Option* kind = app.get_option_no_throw("KIND");
  if (kind != nullptr) words += " " + std::string(kKinds);
  add_options(app, words);
  if (app.get_parent() != nullptr) words += " -o --output --server";
  return words.substr(1);
}

// Collects the completion: `cases` lead from one command to the next, `lists` hold the words after
// each.
void walk(const CLI::App& app, const std::string& path, std::string& cases, std::string& lists) {
  lists += "    \"" + path + "\") words=\"" + words_after(app) + "\" ;;\n";
  for (const CLI::App* command : commands_of(app)) {
    const std::string below = path + "/" + command->get_name();
    cases += "      \"" + below + "\"";
    for (const std::string& alias : command->get_aliases())
      cases += "|\"" + path + "/" + alias + "\"";
    cases += ") at=\"" + below + "\" ;;\n";
    walk(*command, below, cases, lists);
  }
}

Command add_shell(Command completion, Invocation& invocation, const std::string& shell,
                  std::string (*script)(const CLI::App&)) {
  const Command command = completion.add(shell, "Print the completion script for " + shell);
  const CLI::App* root = completion.app()->get_parent();
  set_action(command, invocation, [root, script](Invocation& s) -> Result<void> {
    s.out << script(*root);
    return {};
  });
  return command;
}

}  // namespace

std::string bash_completion(const CLI::App& root) {
  std::string cases;
  std::string lists;
  walk(root, "", cases, lists);
  return "# bash completion of egctl\n" + std::string(kHead) + cases + std::string(kMiddle) +
         lists + std::string(kTail);
}

std::string zsh_completion(const CLI::App& root) {
  return "#compdef egctl\nautoload -U +X bashcompinit && bashcompinit\n" + bash_completion(root);
}

void add_completion(Command root, Invocation& invocation) {
  const Command completion = root.add("completion", "Print a completion script for a shell");
  completion.require_command();
  add_shell(completion, invocation, "bash", bash_completion)
      .footer("Load it with:\n  source <(egctl completion bash)");
  add_shell(completion, invocation, "zsh", zsh_completion)
      .footer("Load it with:\n  source <(egctl completion zsh)");
}

}  // namespace sluice::egctl
