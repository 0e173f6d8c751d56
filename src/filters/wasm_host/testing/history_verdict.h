// SPDX-License-Identifier: Apache-2.0
// For tests: judges a history of several members. The chain in etcd gives the order of the runs
// that have written, and what became of runs without an answer. The checker of store/ judges the
// rest: each run has read what its place gives it, and the places keep to real time.
#pragma once

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "filters/wasm_host/testing/history_auditor.h"
#include "filters/wasm_host/testing/history_program.h"

namespace sluice::filters::testing {

// A request as its client saw it.
struct ClientRun {
  GuestProgram program;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;              // of the answer
  std::optional<Performed> answer{};  // none: an error, or the client had left
  std::string member;                 // where it came to
  bool full = false;                  // the answer is that the limit is reached
};

// An import or a clear, one after the other. An import leaves its number behind (kImportKey).
struct Change {
  std::int64_t number = 0;
  Program steps;     // puts; or one clear
  bool all = false;  // the other keys go
  std::uint64_t begin = 0;
  std::uint64_t end = 0;  // 0: not told
};

// From when on a limit may hold.
struct Raise {
  std::uint64_t max = 0;
  std::uint64_t begin = 0;
};

class HistoryVerdict {
 public:
  HistoryVerdict(std::vector<ClientRun> runs, std::vector<Change> changes,
                 std::vector<Raise> raises, std::vector<HistoryAuditor::Group> groups)
      : runs_(std::move(runs)),
        changes_(std::move(changes)),
        raises_(std::move(raises)),
        groups_(std::move(groups)) {
    for (ClientRun& run : runs_) by_name_[run.program.name] = &run;
  }

  // "" or the first fault.
  [[nodiscard]] std::string judge() {
    for (const HistoryAuditor::Group& group : groups_) {
      if (group.limit) next_limit_ = group.limit;
      if (auto fault = place(group); !fault.empty()) return fault;
      place_limit();
    }
    if (auto fault = place_told(); !fault.empty()) return fault;
    store::Checker checker(records_);
    return checker.check();
  }
  // All that is known, for people.
  [[nodiscard]] std::string text() const {
    std::string text;
    for (const HistoryAuditor::Group& group : groups_) {
      text += "revision " + std::to_string(group.revision) + ":";
      for (const auto& [key, value] : group.puts) text += " " + key + "=" + value;
      for (const std::string& key : group.erased) text += " -" + key;
      text += ";" + group.remarks + ", handed over: " + std::to_string(group.exchanges.size());
      text += "\n";
    }
    const auto add = [&](std::uint64_t begin, std::uint64_t end, const std::string& name) {
      text += std::to_string(begin) + " to " + std::to_string(end) + ": " + name;
    };
    const auto add_steps = [&](const Program& steps) {
      for (const Step& step : steps) {
        text += std::string(" ") + store::kStepNames[static_cast<std::size_t>(step.kind)] + " " +
                step.key + "=" + step.value;
      }
      text += "\n";
    };
    for (const Change& change : changes_) {
      add(change.begin, change.end,
          "change " + std::to_string(change.number) + (change.all ? " all" : ""));
      add_steps(change.steps);
    }
    for (const ClientRun& run : runs_) {
      add(run.begin, run.end, run.program.name + " at " + run.member);
      if (run.full) text += " full";
      add_steps(run.answer ? run.answer->steps : Program());
    }
    return text;
  }
  [[nodiscard]] std::size_t told() const { return told_; }
  [[nodiscard]] std::size_t full() const { return full_; }
  [[nodiscard]] std::size_t written() const { return place_of_.size(); }
  [[nodiscard]] std::size_t unknown_written() const { return unknown_written_; }

 private:
  static constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max() / 2;

  std::string place(const HistoryAuditor::Group& group) {
    std::map<std::int64_t, std::string> by_number;
    std::string import;
    for (const auto& [key, value] : group.puts) {
      if (key.starts_with("w/")) {
        // Invariant: a number that is put again was there before.
        if (!by_number.try_emplace(std::stoll(value), key.substr(2)).second)
          return "two runs have the number " + value;
      }
      if (key == kImportKey) import = value;
    }
    const bool cleared = std::ranges::find(group.erased, kImportKey) != group.erased.end();
    if (!import.empty() || (cleared && import.empty())) return place_change(import);
    for (const auto& [number, name] : by_number) {
      if (auto fault = place_run(number, name); !fault.empty()) return fault;
    }
    const auto end = group.puts.find(kNumberKey);
    if (end != group.puts.end() && std::stoll(end->second) != last_)
      return "effect twice, or of nobody: a group ends with the run " + end->second + ", after " +
             std::to_string(last_);
    return {};
  }
  std::string place_run(std::int64_t number, const std::string& name) {
    const auto known = by_name_.find(name);
    if (known == by_name_.end()) return "the effect of nobody: " + name;
    if (!place_of_.try_emplace(name, number).second) return "effect twice: " + name;
    if (number != last_ + 1)
      return "effect twice, or of nobody: the run " + name + " has the number " +
             std::to_string(number) + " after " + std::to_string(last_);
    last_ = number;
    const ClientRun& run = *known->second;
    if (run.full) return "answered without effect, but has one: " + name;
    if (!keeps_limit(run.program)) return "one too many: " + name;
    store::RunRecord record;
    record.begin = run.begin;
    if (run.answer && run.answer->wrote) {
      record.end = run.end;
      record.steps = run.answer->steps;
      (void)perform_on(entries_, run.program);
    } else if (run.answer && run.answer->number < number) {
      return "answered without effect, but has one: " + name;
    } else {
      // Its answer was lost, or a second run, which must not write, has found what the first wrote.
      ++unknown_written_;
      record.end = run.answer ? run.end : kNever + number;
      record.steps = perform_on(entries_, run.program).steps;
    }
    record.version = ++version_;
    record.name = name + " at " + run.member + (run.answer ? "" : " (unknown)");
    records_.push_back(std::move(record));
    return {};
  }
  // A limit changes beside the runs of its group: before the first one that needs it.
  bool keeps_limit(const GuestProgram& program) {
    Entries after = entries_;
    (void)perform_on(after, program);
    const auto count = static_cast<std::uint64_t>(store::count_of(after, kPermits));
    const auto keeps = [&] { return !limit_ || count <= *limit_; };
    if (count == static_cast<std::uint64_t>(store::count_of(entries_, kPermits)) || keeps())
      return true;
    place_limit();
    return keeps();
  }
  void place_limit() {
    if (!next_limit_) return;
    limit_ = std::exchange(next_limit_, std::nullopt);
    store::RunRecord record;
    const auto raise = std::ranges::find(raises_, *limit_, &Raise::max);
    record.begin = raise == raises_.end() ? 0 : raise->begin;
    record.end = kNever;
    record.version = ++version_;
    record.steps.push_back({Step::put, store::kLimitKey, std::to_string(*limit_)});
    record.name = "limit " + std::to_string(*limit_);
    records_.push_back(std::move(record));
  }
  // The next change that fits: those before it had no effect.
  std::string place_change(const std::string& import) {
    while (next_change_ < changes_.size()) {
      const Change& change = changes_[next_change_++];
      const bool is_import = change.number != 0;
      const bool fits = import.empty() ? !is_import : std::to_string(change.number) == import;
      if (!fits) {
        if (change.end != 0) return "told, not stored: change " + std::to_string(change.number);
        continue;
      }
      store::RunRecord record;
      record.begin = change.begin;
      record.end = change.end != 0 ? change.end : kNever;
      record.version = ++version_;
      record.name = "change " + std::to_string(change.number);
      if (change.all) record.steps.push_back({Step::clear, "", ""});
      record.steps.insert(record.steps.end(), change.steps.begin(), change.steps.end());
      (void)store::replay(record.steps, entries_);
      last_ = NumbersOfMap(entries_).get(kNumberKey);
      records_.push_back(std::move(record));
      return {};
    }
    return "the effect of nobody: change " + import;
  }
  std::string place_told() {
    for (; next_change_ < changes_.size(); ++next_change_) {
      const Change& change = changes_[next_change_];
      if (change.end != 0) return "told, not stored: change " + std::to_string(change.number);
    }
    for (const ClientRun& run : runs_) {
      if (run.full) place_full(run);
      if (!run.answer) continue;
      ++told_;
      if (!run.answer->wrote) {
        store::RunRecord record;
        record.begin = run.begin;
        record.end = run.end;
        record.version = store::kAnyVersion;
        record.steps = run.answer->steps;
        record.name = run.program.name + " at " + run.member;
        records_.push_back(std::move(record));
        continue;
      }
      const auto place = place_of_.find(run.program.name);
      if (place == place_of_.end()) return "told, not stored: " + run.program.name;
      if (place->second != run.answer->number)
        return "effect twice: " + run.program.name + " was told to be " +
               std::to_string(run.answer->number) + ", and is " + std::to_string(place->second);
    }
    return {};
  }

  // It has read that there is no room for it.
  void place_full(const ClientRun& run) {
    ++full_;
    store::RunRecord record;
    record.begin = run.begin;
    record.end = run.end;
    record.version = store::kAnyVersion;
    record.steps.push_back({Step::full, run.program.entering(), "full"});
    record.name = run.program.name + " at " + run.member + " (full)";
    records_.push_back(std::move(record));
  }

  std::vector<ClientRun> runs_;
  const std::vector<Change> changes_;
  const std::vector<Raise> raises_;
  const std::vector<HistoryAuditor::Group> groups_;
  std::map<std::string, const ClientRun*> by_name_;
  std::map<std::string, std::int64_t> place_of_;  // the number of each run that has written
  std::size_t next_change_ = 0;
  store::Version version_ = 0;
  std::int64_t last_ = 0;
  std::optional<std::uint64_t> limit_;
  std::optional<std::uint64_t> next_limit_;  // of the group that is being placed
  Entries entries_;
  std::vector<store::RunRecord> records_;
  std::size_t told_ = 0;
  std::size_t full_ = 0;
  std::size_t unknown_written_ = 0;
};

}  // namespace sluice::filters::testing
