// SPDX-License-Identifier: Apache-2.0
// The search of one text in another when a client chooses both. std::string::find compares the
// whole part at each place that begins like it: its time grows with the product of the two lengths.
// Any thread.
#pragma once

#include <cstddef>
#include <string_view>

namespace sluice {

// The same result as text.find(part, from), in a time that grows with the length of the text.
[[nodiscard]] std::size_t find_text(std::string_view text, std::string_view part,
                                    std::size_t from = 0);

}  // namespace sluice
