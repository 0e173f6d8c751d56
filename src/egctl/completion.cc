// SPDX-License-Identifier: Apache-2.0
#include "egctl/completion.h"

#include <memory>
#include <string_view>

#include "egctl/completion_words.h"

namespace sluice::egctl {
namespace {

constexpr const char* kWordsCommand = "__complete";

// COMP_WORDS has HOST:PORT as three words, so the line itself is split.
constexpr std::string_view kBash = R"(_egctl() {
  local words=("${COMP_WORDS[@]:0:COMP_CWORD+1}") IFS=$' \t\n'
  if [ -n "$COMP_LINE" ]; then
    local line="${COMP_LINE:0:COMP_POINT}"
    read -ra words <<< "$line"
    case "$line" in *[[:blank:]]) words+=("") ;; esac
  fi
  IFS=$'\n'
  COMPREPLY=($(egctl __complete -- "${words[@]:1}" 2>/dev/null))
}
complete -o default -F _egctl egctl
)";

constexpr std::string_view kFish = R"(# fish completion of egctl
function __egctl_words
  set -l words (commandline -opc) (commandline -ct)
  egctl __complete -- $words[2..] 2>/dev/null
end
complete -c egctl -a '(__egctl_words)'
)";

void add_shell(Command completion, Invocation& invocation, const std::string& shell,
               const std::string& load, const std::string& script) {
  const Command command = completion.add(shell, "Print the completion script for " + shell);
  command.footer("Load it with:\n  " + load);
  set_action(command, invocation, [script](Invocation& s) -> Result<void> {
    s.out << script;
    return {};
  });
}

// The hidden command that the completion scripts call.
void add_words(Command root, Invocation& invocation) {
  const Command command = root.add(kWordsCommand, "Print the words that may stand next");
  command.group("");  // not in the help
  const auto typed = std::make_shared<std::vector<std::string>>();
  command.option("WORD", *typed, "of the command line, the last one incomplete");
  set_action(command, invocation, [root, typed](Invocation& s) -> Result<void> {
    for (const std::string& word : words_to_complete(*root.app(), s, *typed)) s.out << word << "\n";
    return {};
  });
}

}  // namespace

void add_completion(Command root, Invocation& invocation) {
  const Command completion = root.add("completion", "Print a completion script for a shell");
  completion.require_command();
  const std::string bash(kBash);
  add_shell(completion, invocation, "bash", "source <(egctl completion bash)",
            "# bash completion of egctl\n" + bash);
  // The bash completion, run through zsh's bashcompinit.
  add_shell(completion, invocation, "zsh", "source <(egctl completion zsh)",
            "#compdef egctl\nautoload -U +X bashcompinit && bashcompinit\n" + bash);
  add_shell(completion, invocation, "fish", "egctl completion fish | source", std::string(kFish));
  add_words(root, invocation);
}

}  // namespace sluice::egctl
