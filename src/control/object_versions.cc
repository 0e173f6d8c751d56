// SPDX-License-Identifier: Apache-2.0
#include "control/object_versions.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "base/text.h"
#include "http/deflater.h"
#include "http/inflater.h"

namespace sluice::control {
namespace {

constexpr std::size_t kKeyDigits = 20;  // of the greatest number
constexpr std::size_t kSpecsBytesMax = std::size_t{64} << 20;
constexpr const char* kSpecsBefore = "before";
constexpr const char* kUndoneTo = "undoneTo";

Json head_of(const ObjectVersion& version) {
  Json changes = Json::array();
  for (const VersionChange& each : version.changes)
    changes.push_back({{"kind", each.kind}, {"name", each.name}, {"change", each.change}});
  Json head{{"at", version.at},
            {"by", version.origin.by},
            {"address", version.origin.address},
            {"how", version.origin.how},
            {"changes", std::move(changes)}};
  if (version.origin.undone_to) head[kUndoneTo] = *version.origin.undone_to;
  return head;
}

std::string packed_specs(const ObjectVersion& version) {
  Json specs = Json::array();
  for (const VersionChange& each : version.changes) specs.push_back(each.before);
  std::string packed;
  http::Deflater().feed(specs.dump(), http::Deflater::Flush::finish, packed);
  return base64_encode(packed);
}

Result<Json> unpacked_specs(std::string_view text) {
  const auto packed = base64_decode(text);
  if (!packed) return fail(ErrorKind::internal, "no base64");
  std::string specs;
  http::Inflater inflater(kSpecsBytesMax);
  SLUICE_CHECK(inflater.feed(*packed, specs));
  SLUICE_CHECK(inflater.finish());
  Json list = Json::parse(specs, nullptr, false);
  if (!list.is_array()) return fail(ErrorKind::internal, "no list of specs");
  return list;
}

std::unexpected<Error> damaged(std::string_view key, const std::string& why) {
  return fail(ErrorKind::internal,
              "version " +
                  std::string(key.substr(std::min(key.find_first_not_of('0'), key.size()))) +
                  " of the objects is damaged in the store: " + why);
}

std::string version_text(const Json& map, const char* key) {
  const auto found = map.find(key);
  return found != map.end() && found->is_string() ? found->get<std::string>() : "";
}

Result<void> put_specs(ObjectVersion& version, const Json& document) {
  SLUICE_TRY(const Json specs, unpacked_specs(version_text(document, kSpecsBefore)));
  if (specs.size() != version.changes.size()) return fail(ErrorKind::internal, "it lacks specs");
  for (std::size_t i = 0; i < specs.size(); ++i) version.changes[i].before = specs[i];
  return {};
}

const ObjectVersion* find_version(const ObjectVersions& versions, std::uint64_t number) {
  const auto found = std::ranges::find(versions, number, &ObjectVersion::number);
  return found != versions.end() ? &*found : nullptr;
}

}  // namespace

std::string version_key(std::uint64_t number) {
  const std::string digits = std::to_string(number);
  return std::string(kKeyDigits - digits.size(), '0') + digits;
}

std::string encode(const ObjectVersion& version) {
  Json document = head_of(version);
  document[kSpecsBefore] = packed_specs(version);
  return document.dump();
}

std::string encode_without_specs(const ObjectVersion& version) { return head_of(version).dump(); }

Result<ObjectVersion> decode_version(std::string_view key, std::string_view text, bool specs) {
  const auto number = to_number<std::uint64_t>(key);
  const Json document = Json::parse(text, nullptr, false);
  if (!number || !document.is_object()) return damaged(key, "no JSON");
  ObjectVersion version{.number = *number, .at = version_text(document, "at")};
  version.origin = {.by = version_text(document, "by"),
                    .address = version_text(document, "address"),
                    .how = version_text(document, "how")};
  const auto undone = document.find(kUndoneTo);
  if (undone != document.end() && undone->is_number_unsigned())
    version.origin.undone_to = undone->get<std::uint64_t>();
  const Json changes = document.value("changes", Json::array());
  for (const Json& each : changes)
    version.changes.push_back(
        {version_text(each, "kind"), version_text(each, "name"), version_text(each, "change")});
  version.has_specs = document.contains(kSpecsBefore);
  if (!specs || !version.has_specs) return version;
  if (const auto put = put_specs(version, document); !put) return damaged(key, put.error().message);
  return version;
}

std::uint64_t oldest_known(const ObjectVersions& versions, std::uint64_t now) {
  std::uint64_t oldest = now;
  while (oldest > 0) {
    const ObjectVersion* version = find_version(versions, oldest);
    if (version == nullptr || !version->has_specs) break;
    --oldest;
  }
  return oldest;
}

Result<std::map<std::string, Json>> specs_at(const ObjectVersions& versions, std::uint64_t number,
                                             std::uint64_t now) {
  if (number > now) {
    return fail(ErrorKind::not_found, "there is no version " + std::to_string(number) +
                                          ": the objects are of version " + std::to_string(now));
  }
  if (const std::uint64_t oldest = oldest_known(versions, now); number < oldest) {
    return fail(ErrorKind::not_found, "version " + std::to_string(number) +
                                          " is not kept: the oldest is " + std::to_string(oldest));
  }
  std::map<std::string, Json> specs;
  for (std::uint64_t at = now; at > number; --at) {
    for (const VersionChange& each : find_version(versions, at)->changes)
      specs[each.name] = each.before;
  }
  return specs;
}

}  // namespace sluice::control
