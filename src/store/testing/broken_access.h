// SPDX-License-Identifier: Apache-2.0
// For tests: canaries. Each breaks a store in one way. A checker that misses one proves nothing
// about other stores.
#pragma once

#include <algorithm>
#include <map>
#include <utility>

#include "store/testing/history.h"

namespace sluice::store {

// Skips the validation of a run's reads.
class SkipsValidation : public Access {
 public:
  using Access::Access;
  void begin(bool /*read_only*/) override { written_.clear(); }
  void put(Transaction& t, const std::string& key, const std::string& value) override {
    written_.emplace_back(key, value);
    Access::put(t, key, value);
  }
  void erase(Transaction& t, const std::string& key) override {
    written_.emplace_back(key, std::nullopt);
    Access::erase(t, key);
  }
  Commit commit(Transaction& t) override {
    const Commit honest = Access::commit(t);
    if (honest.status != CommitStatus::conflict || written_.empty()) return honest;
    return commit_written();
  }

 protected:
  Commit commit_written() {
    Transaction blind(view_);
    for (const auto& [key, value] : written_) {
      if (value) {
        blind.put(key, *value);
      } else {
        blind.erase(key);
      }
    }
    return view_.commit(blind);
  }
  std::vector<std::pair<std::string, std::optional<std::string>>> written_;
};

// Gives read-only runs a mixture of two versions.
class MixesVersions : public Access {
 public:
  using Access::Access;
  void begin(bool read_only) override { read_only_ = read_only; }
  Commit commit(Transaction& t) override {
    const Commit honest = Access::commit(t);
    newest_ = std::max(newest_, honest.version);
    if (honest.status != CommitStatus::conflict || !read_only_) return honest;
    return {CommitStatus::committed, newest_};
  }

 private:
  bool read_only_ = false;
  Version newest_ = 0;
};

// Loses one write in many.
class ForgetsAWrite : public Access {
 public:
  using Access::Access;
  void put(Transaction& t, const std::string& key, const std::string& value) override {
    if (++puts_ % 50 != 0) Access::put(t, key, value);
  }

 private:
  int puts_ = 0;
};

// Returns an outdated countKey.
class CountLags : public Access {
 public:
  using Access::Access;
  std::uint64_t count(Transaction& t, const std::string& prefix) override {
    const std::uint64_t now = Access::count(t, prefix);
    return std::exchange(counts_.try_emplace(prefix, now).first->second, now);
  }

 private:
  std::map<std::string, std::uint64_t> counts_;
};

// Reports no dependency for read-only runs, so that they do not wait for the disk.
class DependsOnNothing : public Access {
 public:
  using Access::Access;
  void begin(bool read_only) override { read_only_ = read_only; }
  Commit commit(Transaction& t) override {
    Commit commit = Access::commit(t);
    if (read_only_) commit.version = 0;
    return commit;
  }

 private:
  bool read_only_ = false;
};

// Serves read-only runs from a consistent but old snapshot: serializable, but not in real-time
// order.
class ServesThePast : public Access {
 public:
  using Access::Access;
  void begin(bool read_only) override {
    past_ = read_only;
    if (read_only && runs_++ % 20 == 0) take_snapshot();
  }
  std::optional<std::string> get(Transaction& t, const std::string& key) override {
    if (!past_) return Access::get(t, key);
    const auto found = snapshot_.find(key);
    return found == snapshot_.end() ? std::nullopt : std::optional(found->second);
  }
  std::uint64_t count(Transaction& t, const std::string& prefix) override {
    if (!past_) return Access::count(t, prefix);
    return static_cast<std::uint64_t>(std::ranges::count_if(
        snapshot_, [&](const auto& entry) { return entry.first.starts_with(prefix); }));
  }
  Commit commit(Transaction& t) override {
    return past_ ? Commit{CommitStatus::committed, version_} : Access::commit(t);
  }

 private:
  void take_snapshot() {
    Transaction all(view_);
    snapshot_.clear();
    for (const char letter : {'k', 'l'}) {
      for (int number = 0; number < 6; ++number) {
        const std::string key = letter + std::to_string(number);
        if (const auto value = all.get(key)) snapshot_[key] = *value;
      }
    }
    version_ = view_.commit(all).version;
  }
  bool past_ = false;
  int runs_ = 0;
  Version version_ = 0;
  std::map<std::string, std::string> snapshot_;
};

// Reports durability too early.
class TellsTooEarly : public Access {
 public:
  using Access::Access;
  Task<bool> durable(Version /*version*/) override { co_return true; }
};

}  // namespace sluice::store
