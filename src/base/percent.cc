// SPDX-License-Identifier: Apache-2.0
#include "base/percent.h"

#include "base/text.h"

namespace sluice {

void append_unreserved(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
    } else {
      append_percent_encoded(out, c);
    }
  }
}

}  // namespace sluice
