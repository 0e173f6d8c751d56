// SPDX-License-Identifier: Apache-2.0
// Shelf: the responses from which one core can answer. The core has stored some itself, and makes
// room for them. Other cores have stored the rest, and remove them. Core-bound.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "filters/proxy/cache/stored.h"

namespace sluice::filters {

class Shelf {
 public:
  using ResponsePtr = std::shared_ptr<const StoredResponse>;
  using Responses = std::vector<ResponsePtr>;

  // `bytes_max`: the limit for this core's own entries.
  explicit Shelf(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // The variants of a key, the newest last; null if there are none. Valid until the next change.
  [[nodiscard]] const Responses* find(std::string_view key) const;
  // Adds an own entry, in place of the same variant. Returns the removed entries, for the other
  // cores. If the entry is too large for the shelf, returns the entry itself.
  [[nodiscard]] Responses store(const ResponsePtr& entry);
  // Adds an entry of another core, unless a newer entry of the same variant exists. Returns the own
  // entries that it replaces.
  [[nodiscard]] Responses adopt(const ResponsePtr& entry);
  // Removes entries of another core.
  void drop(const Responses& entries);

  [[nodiscard]] std::size_t own_bytes() const { return own_bytes_; }
  [[nodiscard]] std::size_t own_count() const { return own_.size(); }

 private:
  static constexpr std::size_t kVariantsMax = 16;  // per key
  [[nodiscard]] Responses replaced_by(const StoredResponse& entry) const;
  // Invariant: own_bytes_ changes only in these two functions.
  void add_own(const ResponsePtr& entry);
  void remove(const ResponsePtr& entry);
  void make_room(std::size_t bytes, Responses& gone);

  struct KeyHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  std::size_t bytes_max_;
  std::size_t own_bytes_ = 0;
  std::unordered_map<std::string, Responses, KeyHash, std::equal_to<>> by_key_;
  std::list<ResponsePtr> own_;  // in the order of eviction
  std::unordered_map<const StoredResponse*, std::list<ResponsePtr>::iterator> own_places_;
};

}  // namespace sluice::filters
