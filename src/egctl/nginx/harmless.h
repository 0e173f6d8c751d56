// SPDX-License-Identifier: Apache-2.0
// The directives that a conversion may leave out: without them nobody gets in whom nginx keeps out,
// and nobody gets other content. A directive that is not listed here is never left out silently:
// what it stands in is closed (Settings::closed).
#pragma once

#include <optional>
#include <string_view>

namespace sluice::egctl::nginx {

// nullopt: it is not harmless. "": it concerns nginx itself, and needs no note. Else: what to look
// at in Sluice, or "-".
[[nodiscard]] std::optional<std::string_view> if_harmless(std::string_view name);

// Whether the directive's task is to keep clients out, so that 403 says best why it is closed.
[[nodiscard]] bool keeps_out(std::string_view name);

// Whether a directive of this name exists in nginx, as far as this table and the converter know.
// Finds a missing semicolon.
[[nodiscard]] bool is_directive(std::string_view name);

}  // namespace sluice::egctl::nginx
