// SPDX-License-Identifier: Apache-2.0
// No text makes the reader of nginx' configurations, or the conversion, fail in another way than by
// an error.
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "egctl/nginx/conversion.h"

namespace nginx = sluice::egctl::nginx;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  // Files that include themselves.
  const auto find =
      [&](const std::string& pattern) -> sluice::Result<std::vector<nginx::ConfigFile>> {
    if (pattern == "self") return std::vector<nginx::ConfigFile>{{"self", text}};
    return std::vector<nginx::ConfigFile>{};
  };
  const auto directives = nginx::read_directives({"x.conf", text}, find);
  if (!directives) return 0;
  const nginx::NamedFiles files = {
      .read_pem = [](const std::string& name) -> sluice::Result<std::string> { return name; },
      .path_of = [](const std::string& name) { return "/" + name; }};
  const auto made = nginx::convert(*directives, "p", files);
  if (!made) return 0;
  for (const sluice::Json& object : made->objects)
    (void)object.dump(-1, ' ', false, sluice::Json::error_handler_t::replace);
  return 0;
}
