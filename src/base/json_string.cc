// SPDX-License-Identifier: Apache-2.0
#include "base/json_string.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.h"

namespace sluice {

void append_json_string(std::string_view text, std::string& out) {
  const bool plain = std::ranges::all_of(
      text, [](char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; });
  if (!plain) {
    out += Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
    return;
  }
  out += '"';
  out += text;
  out += '"';
}

}  // namespace sluice
