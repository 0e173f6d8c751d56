// SPDX-License-Identifier: Apache-2.0
#include "egctl/json_text.h"

#include <nlohmann/json.hpp>

namespace sluice::egctl {

std::string text_at(const Json& map, std::string_view key) {
  if (!map.is_object()) return "";
  const auto found = map.find(key);
  return found != map.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace sluice::egctl
