// SPDX-License-Identifier: Apache-2.0
#include "store/etcd/cluster_record.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"

namespace sluice::store {
namespace {

std::string text_of(const Json& value, const char* key) {
  const auto found = value.find(key);
  return found != value.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::uint64_t number_of(const Json& value, const char* key) {
  const auto found = value.find(key);
  return found != value.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

}  // namespace

std::string ClusterRecord::id() const {
  std::string text;
  append_hex(text, secret.front(), 16);
  return text;
}

std::string ClusterRecord::encode() const {
  std::string text;
  for (const std::uint64_t word : secret) append_hex(text, word, 16);
  return Json{
      {"name", name},
      {"format", kFormat},
      {"secret", text},
      {"readPermitUs", std::chrono::duration_cast<std::chrono::microseconds>(permit).count()}}
      .dump();
}

Result<ClusterRecord> ClusterRecord::decode(std::string_view text) {
  const Json value = Json::parse(text, nullptr, false);
  if (!value.is_object()) return fail(ErrorKind::invalid, "it is not a cluster of Sluice");
  if (const auto format = number_of(value, "format"); format != kFormat) {
    const std::string found = std::to_string(format);
    const std::string known = std::to_string(kFormat);
    return fail(ErrorKind::conflict,
                (format > kFormat ? "it was written by a newer version of Sluice (format " + found +
                                        ", known here: " + known + ")"
                                  : "it has format " + found + ", known here: " + known) +
                    ": run the version of the other members");
  }
  ClusterRecord record;
  record.name = text_of(value, "name");
  const std::string secret = text_of(value, "secret");
  const auto first = to_number<std::uint64_t>(std::string_view(secret).substr(0, 16), 16);
  const auto second = secret.size() == 32
                          ? to_number<std::uint64_t>(std::string_view(secret).substr(16), 16)
                          : std::nullopt;
  if (!first || !second || record.name.empty()) {
    return fail(ErrorKind::invalid, "it is not a cluster of Sluice");
  }
  record.secret = {*first, *second};
  constexpr std::uint64_t kPermitMax = 60'000'000;
  record.permit = std::chrono::microseconds(std::min(number_of(value, "readPermitUs"), kPermitMax));
  return record;
}

std::string MemberRecord::encode() const {
  Json value{{"name", name}, {"incarnation", incarnation.text()}};
  if (!address.empty()) value["address"] = address;
  if (!version.empty()) value["version"] = version;
  if (!zone.empty()) value["zone"] = zone;
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<MemberRecord> MemberRecord::decode(std::string_view text) {
  const Json value = Json::parse(text, nullptr, false);
  MemberRecord record;
  const auto incarnation =
      value.is_object() ? RandomId::parse(text_of(value, "incarnation")) : std::nullopt;
  if (!incarnation) return fail(ErrorKind::invalid, "it is not a member of a cluster of Sluice");
  record.incarnation = *incarnation;
  record.name = text_of(value, "name");
  record.address = text_of(value, "address");
  record.version = text_of(value, "version");
  record.zone = text_of(value, "zone");
  return record;
}

std::optional<MemberRecord> member_in(const pb::RangeResponse& found) {
  if (found.kvs_size() == 0) return std::nullopt;
  auto record = MemberRecord::decode(found.kvs(0).value());
  return record ? std::optional(*std::move(record)) : std::nullopt;
}

}  // namespace sluice::store
