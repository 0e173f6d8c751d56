// SPDX-License-Identifier: Apache-2.0
// For tests: checks whether a history is strictly serializable. The versions of the commits give
// the order of the writing runs, so the check takes linear time. Replayed in that order, each
// writing run must read what it read. Each read-only run must fit between its begin and its end,
// after all runs that had ended before, and its reads must match the version that it was told.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <queue>
#include <string>
#include <string_view>
#include <vector>

#include "store/testing/history.h"

namespace sluice::store {

using Entries = std::map<std::string, std::string>;

// Of a run that only read and was not told its version.
inline constexpr Version kAnyVersion = ~Version{0};

inline constexpr const char* kStepNames[] = {"get", "count", "put",   "erase",
                                             "add", "pause", "clear", "full"};

inline bool has_prefix(const Entries::value_type& entry, std::string_view prefix) {
  return entry.first.starts_with(prefix) && entry.first != kLimitKey;
}
inline std::int64_t count_of(const Entries& entries, std::string_view prefix) {
  return std::ranges::count_if(entries, [&](const auto& each) { return has_prefix(each, prefix); });
}

// Applies the steps to `entries`. "" or the first mismatch.
inline std::string replay(const Program& steps, Entries& entries) {
  for (const Step& step : steps) {
    const auto found = entries.find(step.key);
    const std::string value = found == entries.end() ? kAbsent : found->second;
    std::string expected = step.value;
    switch (step.kind) {
      case Step::get:
        expected = value;
        break;
      case Step::count:
        expected = std::to_string(count_of(entries, step.key));
        break;
      case Step::add:
        expected = std::to_string((value == kAbsent ? 0 : std::stoi(value)) + 1);
        entries[step.key] = expected;
        break;
      case Step::put:
        entries[step.key] = step.value;
        break;
      case Step::erase:
        entries.erase(step.key);
        break;
      case Step::clear:
        std::erase_if(entries, [&](const auto& entry) { return has_prefix(entry, step.key); });
        break;
      case Step::full: {
        const auto limit = entries.find(kLimitKey);
        const bool is_full = value == kAbsent && limit != entries.end() &&
                             count_of(entries, step.key.substr(0, 1)) >= std::stoll(limit->second);
        if (!is_full) expected = "room";
        break;
      }
      case Step::pause:
        break;
    }
    if (expected != step.value) {
      return std::string(kStepNames[static_cast<std::size_t>(step.kind)]) + " of `" + step.key +
             "` gave " + step.value + " and not " + expected;
    }
  }
  return {};
}

class Checker {
 public:
  explicit Checker(std::vector<RunRecord> history) {
    for (RunRecord& run : history) {
      (writes(run.steps) ? writers_ : readers_).push_back(std::move(run));
    }
    name_changes();
    std::ranges::sort(writers_, {}, &RunRecord::version);
    std::ranges::sort(readers_, {}, &RunRecord::begin);
  }

  // "" or the first fault.
  [[nodiscard]] std::string check() {
    if (auto fault = replay_writers(); !fault.empty()) return fault;
    index_time();
    if (auto fault = check_time_of_writers(); !fault.empty()) return fault;
    return place_readers();
  }
  // After check(): the contents that the store must hold.
  [[nodiscard]] const Entries& end() const { return states_.back(); }

 private:
  struct Moment {
    std::uint64_t time;
    Version version;
  };

  // Assigns the versions that no run has to the administrative changes, which are sequential.
  void name_changes() {
    std::ranges::sort(writers_, {}, [](const RunRecord& run) {
      return std::pair(run.version, run.begin);  // the changes first, in their order
    });
    auto change = writers_.begin();
    const auto runs =
        std::ranges::find_if(writers_, [](const auto& run) { return run.version > 0; });
    Version due = 1;
    for (auto run = runs; change != runs; ++due) {
      if (run != writers_.end() && run->version == due) {
        ++run;
      } else {
        (change++)->version = due;
      }
    }
  }

  std::string replay_writers() {
    for (const RunRecord& run : writers_) {
      if (run.version != states_.size()) {
        return "serial: version " + std::to_string(run.version) + " where " +
               std::to_string(states_.size()) + " was due";
      }
      Entries entries = states_.back();
      const std::string fault = replay(run.steps, entries);
      if (!fault.empty()) return "serial: version " + std::to_string(run.version) + ": " + fault;
      states_.push_back(std::move(entries));
    }
    return {};
  }

  void index_time() {
    for (const RunRecord& run : writers_) {
      ended_.push_back({run.end, run.version});
      begun_.push_back({run.begin, run.version});
    }
    std::ranges::sort(ended_, {}, &Moment::time);
    std::ranges::sort(begun_, std::greater(), &Moment::time);
    for (std::size_t i = 1; i < ended_.size(); ++i) {
      ended_[i].version = std::max(ended_[i].version, ended_[i - 1].version);
      begun_[i].version = std::min(begun_[i].version, begun_[i - 1].version);
    }
  }
  // The newest version that had ended before `time`.
  [[nodiscard]] Version ended_before(std::uint64_t time) const {
    const auto behind = std::ranges::lower_bound(ended_, time, {}, &Moment::time);
    return behind == ended_.begin() ? 0 : std::prev(behind)->version;
  }
  // The last version before those that began after `time`.
  [[nodiscard]] Version begun_by(std::uint64_t time) const {
    const auto behind = std::ranges::lower_bound(begun_, time, std::greater(), &Moment::time);
    return behind == begun_.begin() ? writers_.size() : std::prev(behind)->version - 1;
  }

  [[nodiscard]] std::string check_time_of_writers() const {
    for (const RunRecord& run : writers_) {
      if (const Version before = ended_before(run.begin); before >= run.version) {
        return "time: version " + std::to_string(run.version) + " began when " +
               std::to_string(before) + " had ended";
      }
    }
    return {};
  }

  [[nodiscard]] bool holds_at(const RunRecord& run, Version version) const {
    Entries entries = states_[version];
    return replay(run.steps, entries).empty();
  }

  // The place of a run that only read where it would fit, and the runs that exclude it.
  [[nodiscard]] std::string fits_nowhere(const RunRecord& run, Version first, Version last) const {
    std::string text = "time: a run that only read, " + run.name + ", at " +
                       std::to_string(run.begin) + " to " + std::to_string(run.end) +
                       ", fits nowhere between the versions " + std::to_string(first) + " and " +
                       std::to_string(last);
    for (Version place = 0; place < states_.size(); ++place) {
      Entries entries = states_[place];
      const std::string fault = replay(run.steps, entries);
      if (fault.empty()) text += "; it fits at " + std::to_string(place);
      if (place >= first && place <= last && place < first + 5)
        text += "; at " + std::to_string(place) + " " + fault;
    }
    for (const RunRecord& writer : writers_) {
      if (writer.version + 2 < first || writer.version > last + 2) continue;
      text += "; version " + std::to_string(writer.version) + " is " + writer.name + ", " +
              std::to_string(writer.begin) + " to " + std::to_string(writer.end);
    }
    return text;
  }

  // Gives each reader the first place where it fits, which leaves the most room to later readers.
  [[nodiscard]] std::string place_readers() const {
    struct Placed {
      std::uint64_t end;
      Version version;
      bool operator>(const Placed& other) const { return end > other.end; }
    };
    std::priority_queue<Placed, std::vector<Placed>, std::greater<>> open;
    Version closed = 0;  // the place of readers that have ended
    for (const RunRecord& run : readers_) {
      for (; !open.empty() && open.top().end < run.begin; open.pop()) {
        closed = std::max(closed, open.top().version);
      }
      const Version last = begun_by(run.end);
      Version place = std::max(closed, ended_before(run.begin));
      const bool knows = run.version != kAnyVersion;
      if (knows && (run.version > last || !holds_at(run, run.version))) {
        return "version: a run that only read depends on more than " + std::to_string(run.version);
      }
      while (place <= last && !holds_at(run, place)) ++place;
      if (place > last) {
        return fits_nowhere(run, std::max(closed, ended_before(run.begin)), last);
      }
      open.push({run.end, place});
    }
    return {};
  }

  std::vector<RunRecord> writers_;  // by version
  std::vector<RunRecord> readers_;  // by begin
  std::vector<Entries> states_{1};  // after each version
  std::vector<Moment> ended_;       // by time; the newest version so far
  std::vector<Moment> begun_;       // by time, latest first; the oldest version so far
};

}  // namespace sluice::store
