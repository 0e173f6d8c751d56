// SPDX-License-Identifier: Apache-2.0
// For tests: an administrator who changes a namespace, or the keys with one prefix, in bulk on a
// failing disk. Uses every kind of bulk change. Remembers the possible contents: all told changes,
// with or without each change that ended with an error.
#pragma once

#include <algorithm>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "store/store.h"

namespace sluice::store {

class BulkChanges {
 public:
  using Contents = std::map<std::string, std::string>;

  // `part`: the prefix of its keys; "" for the whole namespace.
  explicit BulkChanges(std::string ns, std::string part = "")
      : ns_(std::move(ns)), part_(std::move(part)) {}

  // Makes one change: a large or small import, or a delete by prefix or of all. Returns false when
  // too many changes are in doubt: call look() first.
  bool change(Store& store, std::mt19937& random) {
    const unsigned kind = random() % 8;
    if (kind == 0) return erase(store, part_);
    if (kind < 3) return erase(store, prefix(random));
    return import(store, random, kind < 5 ? 1 + random() % 7 : 8 + random() % 150);
  }
  // "" or the fault in the contents. The found contents then count as told.
  std::string look(Store& store) {
    Contents found;
    const auto scanned = store.scan(ns_, part_, [&](std::string_view key, std::string_view value) {
      found.emplace(key, value);
      return true;
    });
    if (!scanned) return scanned.error().message;
    const bool fits = std::ranges::find(possible_, found) != possible_.end();
    const std::string fault = ns_ + " " + part_ + " holds " + std::to_string(found.size()) +
                              " entries, not the " + std::to_string(possible_.front().size()) +
                              " that were told";
    possible_ = {std::move(found)};
    return fits ? "" : fault;
  }
  [[nodiscard]] int told() const { return told_; }

 private:
  static constexpr std::size_t kInDoubtMax = 8;

  [[nodiscard]] std::string prefix(std::mt19937& random) const {
    return part_ + static_cast<char>('a' + random() % 4);
  }
  bool erase(Store& store, const std::string& prefix) {
    return note(store.erase_all(ns_, prefix).has_value(), [&](Contents& contents) {
      std::erase_if(contents, [&](const auto& entry) { return entry.first.starts_with(prefix); });
    });
  }
  bool import(Store& store, std::mt19937& random, std::size_t entries) {
    std::vector<Entry> list;
    while (list.size() < entries) {
      list.push_back({prefix(random) + std::to_string(random() % 200), std::to_string(random())});
    }
    const bool done = store.apply(ns_, list).has_value();
    return note(done, [&](Contents& contents) {
      for (const Entry& entry : list) contents[entry.key] = entry.value;
    });
  }
  template <class Change>
  bool note(bool done, const Change& change) {
    std::vector<Contents> after = possible_;
    for (Contents& contents : after) change(contents);
    if (done) {
      ++told_;
      possible_ = std::move(after);
    } else {
      std::ranges::move(after, std::back_inserter(possible_));
    }
    return possible_.size() < kInDoubtMax;
  }

  const std::string ns_;
  const std::string part_;
  std::vector<Contents> possible_{{}};
  int told_ = 0;
};

}  // namespace sluice::store
