// SPDX-License-Identifier: Apache-2.0
#include "sluice-server/passed_on.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace sluice::server_program {
namespace {

struct LongPart {
  Json::json_pointer place;
  std::size_t bytes;
};

std::size_t size_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace).size();
}

void find_long_parts(const Json& json, const Json::json_pointer& place,
                     std::vector<LongPart>& out) {
  if (!json.is_object()) return;
  std::size_t bytes = 0;
  for (const auto& [name, member] : json.items()) {
    if (member.is_string()) bytes += member.get_ref<const std::string&>().size();
    find_long_parts(member, place / name, out);
  }
  if (bytes >= kLongTextBytes && !place.empty()) out.push_back({place, bytes});
}

}  // namespace

std::vector<std::string> leave_out_beyond(Json& knowledge, std::size_t bytes_max) {
  std::vector<std::string> left_out;
  std::size_t bytes = size_of(knowledge);
  if (bytes <= bytes_max) return left_out;
  std::vector<LongPart> parts;
  find_long_parts(knowledge, Json::json_pointer(), parts);
  std::ranges::stable_sort(parts, std::ranges::greater(), &LongPart::bytes);
  for (const LongPart& part : parts) {
    if (bytes <= bytes_max) break;
    bytes -= part.bytes;
    knowledge[part.place.parent_pointer()].erase(part.place.back());
    left_out.push_back(part.place.to_string().substr(1));
  }
  return left_out;
}

}  // namespace sluice::server_program
