// SPDX-License-Identifier: Apache-2.0
// Percent-encoding of data that becomes a part of a URL (RFC 3986 section 2). Any thread.
#pragma once

#include <string>
#include <string_view>

namespace sluice {

// Appends the text, with all octets but the unreserved ones (letters, digits, "-._~") as "%NN".
void append_unreserved(std::string& out, std::string_view text);

}  // namespace sluice
