// SPDX-License-Identifier: Apache-2.0
// Paths as clients send them: in normal form, and in all their readings.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/chars.h"
#include "http/message.h"
#include "http/path.h"

namespace {

using namespace sluice::http;

void require(bool holds) {
  if (!holds) std::abort();
}

// Requires that no segment is a dot segment, and that only the last may be empty.
void require_resolved(std::string_view path) {
  require(path.starts_with('/'));
  require(path.find("//") == path.npos);
  for (std::string_view rest = path.substr(1); !rest.empty();) {
    const std::string_view segment = sluice::take_until(rest, '/');
    require(segment != "." && segment != "..");
  }
}

// Requires that the escaped path decodes to the path that rules match.
void require_same(const Request& request) {
  std::string decoded;
  require(percent_decode(request.escaped_path, decoded));
  require(decoded == request.path);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Request request;
  if (!request.set_target({reinterpret_cast<const char*>(data), size})) return 0;
  if (request.path == "*") return 0;
  const std::string before = request.escaped_path;
  const NormalPath normal = normalize_path(request.escaped_path);
  require(normal.changed == (request.escaped_path != before));
  require(request.escaped_path.size() <= before.size() * 3 + 1);
  require(percent_decode(request.escaped_path, request.path));
  require_same(request);
  require_resolved(request.escaped_path);
  if (!normal.doubts.has(PathDoubt::separator)) require_resolved(request.path);
  if (normal.doubts.empty()) require(request.path.find('\\') == std::string::npos);

  std::string again = request.escaped_path;
  const NormalPath second = normalize_path(again);
  require(!second.changed && !second.had_dots && again == request.escaped_path);

  const auto readings = path_readings(request.path);
  if (!readings) {
    require(!normal.doubts.empty());
    return 0;
  }
  require(readings->size() <= 16);
  for (const std::string& reading : *readings) {
    require(reading.starts_with('/') && reading != request.path);
    require(!normal.doubts.empty());
  }
  return 0;
}
