// SPDX-License-Identifier: Apache-2.0
#include "server/request_id.h"

#include <algorithm>

#include "base/text.h"
#include "http/field_twins.h"

namespace sluice::server {
namespace {

constexpr std::string_view kMarks = "-_.:/+=@~";

bool is_id_octet(char c) {
  return is_alpha(c) || is_digit(c) || kMarks.find(c) != std::string_view::npos;
}

}  // namespace

bool is_request_id(std::string_view text) {
  return !text.empty() && text.size() <= kRequestIdBytesMax &&
         std::ranges::all_of(text, is_id_octet);
}

std::string make_request_id(tracing::IdSource& ids) {
  constexpr std::uint64_t kVersion = 0x4000;
  constexpr std::uint64_t kVariant = std::uint64_t{1} << 63;
  const std::uint64_t high = (ids.half() & ~std::uint64_t{0xf000}) | kVersion;
  const std::uint64_t low = (ids.half() & ~(std::uint64_t{3} << 62)) | kVariant;
  std::string text = tracing::to_hex(tracing::TraceId{high, low});
  for (const std::size_t place :
       {std::size_t{8}, std::size_t{13}, std::size_t{18}, std::size_t{23}})
    text.insert(place, 1, '-');
  return text;
}

std::string settle_request_id(http::Headers& headers, std::string_view name, bool trusted,
                              tracing::IdSource& ids) {
  const auto is_it = [name](const http::Field& field) { return http::iequals(field.name, name); };
  const auto* const first = std::find_if(headers.begin(), headers.end(), is_it);
  if (trusted && first != headers.end() && is_request_id(first->value) &&
      std::count_if(headers.begin(), headers.end(), is_it) == 1)
    return first->value;
  std::string id = make_request_id(ids);
  headers.set(name, id);
  http::remove_twins(headers, name);
  return id;
}

}  // namespace sluice::server
