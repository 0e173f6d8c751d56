// SPDX-License-Identifier: Apache-2.0
// The JSON values of `cluster`, `members/<name>` and `data/<ns>/owner`. Plain data; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "store/etcd/kv.h"
#include "store/etcd/seq.h"
#include "store/hash.h"

namespace sluice::store {

// `cluster`, created once.
struct ClusterRecord {
  static constexpr int kFormat = 1;
  std::string name;
  Hash::Secret secret{};  // of the checksums
  Duration permit{};      // of a read, rule 5: all members wait for it

  // Differs from that of every other cluster, also of one with the same name and prefix. 16 digits.
  [[nodiscard]] std::string id() const;
  [[nodiscard]] std::string encode() const;
  // Errors: `conflict` for a format of another version of Sluice, `invalid` for anything else.
  [[nodiscard]] static Result<ClusterRecord> decode(std::string_view text);
};

// A member; `members/<name>` has all of it, `owner` name, incarnation and address.
struct MemberRecord {
  std::string name;
  RandomId incarnation;  // of the process
  std::string address;   // of its cluster port
  std::string version;
  std::string zone;

  [[nodiscard]] std::string encode() const;
  // Error: `invalid`.
  [[nodiscard]] static Result<MemberRecord> decode(std::string_view text);
};

// The member of the first key; none if there is no key, or no member in it.
[[nodiscard]] std::optional<MemberRecord> member_in(const pb::RangeResponse& found);

}  // namespace sluice::store
