// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/max_forwards.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/text.h"

namespace sluice::filters {
namespace {

constexpr std::string_view kName = "Max-Forwards";
constexpr std::array<std::string_view, 4> kShown = {"Accept", "Max-Forwards", "User-Agent", "Via"};

}  // namespace

bool goes_no_further(http::Request& request) {
  if (request.method != "OPTIONS" && request.method != "TRACE") return false;
  const auto value = request.headers.get(kName);
  if (!value) return false;
  const auto left = to_number<unsigned>(*value);
  if (!left) return false;  // no number, or too large to matter
  if (*left == 0) return true;
  request.headers.set(kName, std::to_string(*left - 1));
  return false;
}

void answer_as_last(const http::Request& request, http::Response& response) {
  response.status = 200;
  response.cause = http::Cause::max_forwards;
  if (request.method != "TRACE") return;
  std::string text =
      "TRACE " + request.target() + " " + std::string(to_string(request.version)) + "\r\n";
  text += "Host: " + request.host + "\r\n";
  for (const http::Field& field : request.headers) {
    const bool shown = std::ranges::any_of(
        kShown, [&](std::string_view name) { return http::iequals(name, field.name); });
    if (shown) text += field.name + ": " + field.value + "\r\n";
  }
  response.headers.set("Content-Type", "message/http");
  response.body.assign(text + "\r\n");
}

}  // namespace sluice::filters
