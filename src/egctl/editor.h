// SPDX-License-Identifier: Apache-2.0
// The editor of the user: $EGCTL_EDITOR, else $EDITOR, else vi.
#pragma once

#include <functional>
#include <string>

#include "base/json.h"
#include "egctl/invocation.h"

namespace sluice::egctl {

// Lets the user change `before` in the editor, and calls `save` with the new text, unless nothing
// has changed. Returns the answer of `save`, or null. What is refused is kept in a file that the
// error names.
using SaveText = std::function<Result<Json>(const std::string& text)>;
[[nodiscard]] Result<Json> edit_text(Invocation& invocation, const std::string& label,
                                     const std::string& before, const SaveText& save);

}  // namespace sluice::egctl
