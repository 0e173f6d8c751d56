// SPDX-License-Identifier: Apache-2.0
// The versions of the objects. Each change of objects makes one, and the store keeps it as the
// document object-versions/<version>, which comes with the change:
//   {at, by, address, how, undoneTo?, changes: [{kind, name, change}, ...], before?}
// `before` has the specs that the change replaced or deleted, as base64 of gzip of a JSON list in
// the order of `changes`; null stands for an object that was not there. So the objects of a version
// are those in force, less the changes after it, and the oldest versions can be dropped at any
// time.
// Secrets are in it, as in the objects.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "control/change.h"
#include "control/object.h"

namespace sluice::control {

// The oldest are dropped beyond either. `Bytes`: of the documents. A version that is larger by
// itself is kept without its specs.
inline constexpr std::size_t kObjectVersionsMax = 200;
inline constexpr std::size_t kObjectVersionBytesMax = std::size_t{1} << 20;

struct VersionChange {
  std::string kind;
  std::string name;
  std::string change;  // created, updated, deleted
  Json before{};       // the spec that it ended; null: there was none
};

struct ObjectVersion {
  std::uint64_t number = 0;
  std::string at{};  // RFC 3339 in UTC
  ChangeOrigin origin{};
  std::vector<VersionChange> changes{};
  bool has_specs = true;  // false: they were too large, and `before` means nothing
};

// In their order.
using ObjectVersions = std::vector<ObjectVersion>;

// The key of its document: keys are in the order of the versions.
[[nodiscard]] std::string version_key(std::uint64_t number);
[[nodiscard]] std::string encode(const ObjectVersion& version);
[[nodiscard]] std::string encode_without_specs(const ObjectVersion& version);
// `specs`: reads the specs, too. Error `internal`: the document is damaged.
[[nodiscard]] Result<ObjectVersion> decode_version(std::string_view key, std::string_view text,
                                                   bool specs);

// {name: spec} of the objects that changes after `number` have touched, as they were then; null:
// such an object was not there. `now`: the version of the objects in force. Error `not_found`:
// a version between is not kept, or the version is to come.
[[nodiscard]] Result<std::map<std::string, Json>> specs_at(const ObjectVersions& versions,
                                                           std::uint64_t number, std::uint64_t now);
// The lowest version for which specs_at() succeeds.
[[nodiscard]] std::uint64_t oldest_known(const ObjectVersions& versions, std::uint64_t now);

}  // namespace sluice::control
