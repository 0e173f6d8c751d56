// SPDX-License-Identifier: Apache-2.0
// `egctl edit`.
#pragma once

#include <functional>
#include <string>

#include "base/json.h"
#include "egctl/command.h"
#include "egctl/invocation.h"

namespace sluice::egctl {

void add_edit(Command root, Invocation& invocation);

// Lets the user change `before` in an editor, and calls `save` with the new text, unless nothing
// has changed. Returns the answer of `save`, or null. What is refused is kept in a file that the
// error names.
using SaveText = std::function<Result<Json>(const std::string& text)>;
[[nodiscard]] Result<Json> edit_text(Invocation& invocation, const std::string& label,
                                     const std::string& before, const SaveText& save);

}  // namespace sluice::egctl
