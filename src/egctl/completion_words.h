// SPDX-License-Identifier: Apache-2.0
// The words that may stand next in a command line that is being typed.
#pragma once

#include <string>
#include <vector>

#include "egctl/invocation.h"

namespace CLI {
class App;
}

namespace sluice::egctl {

// `typed`: the words after "egctl", the last of which is incomplete and may be empty. Asks the
// server that the line names for kinds and names, and does without if it does not answer in time.
[[nodiscard]] std::vector<std::string> words_to_complete(const CLI::App& root,
                                                         Invocation& invocation,
                                                         const std::vector<std::string>& typed);

}  // namespace sluice::egctl
