// SPDX-License-Identifier: Apache-2.0
// For tests: a history that outlives its process, and the contents that must be on disk afterwards.
#pragma once

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "store/testing/checker.h"
#include "store/testing/player.h"

namespace sluice::store {

// Writes one line per event at once. Kills its process at a given event.
class HistoryInPipe final : public Recorder {
 public:
  HistoryInPipe(int pipe, unsigned events) : pipe_(pipe), left_(static_cast<int>(events)) {}

  void attempt(unsigned stream, const RunRecord& run) override {
    write("attempt " + std::to_string(stream) + ' ' + text_of(run.steps));
  }
  void attempt_change(const RunRecord& run) override { write("change 0 " + text_of(run.steps)); }
  void changed(const RunRecord& /*run*/) override { write("changed 0 0"); }
  void committed(unsigned stream, const RunRecord& run) override {
    write("committed " + std::to_string(stream) + ' ' + std::to_string(run.version));
  }
  void told(unsigned stream, const RunRecord& run) override {
    write("told " + std::to_string(stream) + ' ' + std::to_string(run.version));
  }

 private:
  // Keys and values have no blanks. A slash and a dot stand for empty ones.
  static std::string text_of(const Program& steps) {
    std::ostringstream text;
    text << steps.size();
    for (const Step& step : steps) {
      text << ' ' << static_cast<int>(step.kind) << " /" << step.key << " ." << step.value;
    }
    return text.str();
  }
  void write(std::string line) {
    line += '\n';
    if (::write(pipe_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) _exit(3);
    if (left_.fetch_sub(1) == 1) ::kill(::getpid(), SIGKILL);
  }
  const int pipe_;
  std::atomic<int> left_;
};

class CrashChecker {
 public:
  explicit CrashChecker(const std::string& text) {
    std::istringstream lines(text);
    std::string line;
    while (std::getline(lines, line)) read(line);
  }

  // "" or the first fault. A run that was being committed when the process died may be in the file,
  // under an unrecorded version.
  [[nodiscard]] std::string check(Version version, const Entries& entries) const {
    if (told_ > version) {
      return "told " + std::to_string(told_) + ", on disk " + std::to_string(version);
    }
    std::vector<const Program*> in_doubt;
    for (const auto& [stream, program] : attempts_) {
      if (writes(program)) in_doubt.push_back(&program);
    }
    Search search{*this, version, entries, "the file is of version " + std::to_string(version)};
    return search.fits(1, {}, in_doubt, 0) ? "" : search.fault;
  }

 private:
  struct Search {
    const CrashChecker& history;
    Version last;
    const Entries& entries;
    std::string fault;

    // Decides which doubtful runs fill the gaps; there are few of either. Administrative changes
    // have an order but no versions: `change` is the next one.
    bool fits(Version version, Entries state, std::vector<const Program*> in_doubt,
              std::size_t change) {
      for (; version <= last; ++version) {
        const auto known = history.committed_.find(version);
        if (known == history.committed_.end()) return fits_gap(version, state, in_doubt, change);
        if (const auto wrong = replay(known->second, state); !wrong.empty()) {
          fault = "version " + std::to_string(version) + ": " + wrong;
          return false;
        }
      }
      if (change < history.changed_) fault += ", and lacks a change that was told";
      if (state != entries) fault += ", and differs from the history";
      return state == entries && change >= history.changed_;
    }
    bool fits_gap(Version version, const Entries& state, std::vector<const Program*>& in_doubt,
                  std::size_t change) {
      fault = "nobody can have written version " + std::to_string(version);
      if (change < history.changes_.size()) {
        Entries next = state;
        if (replay(history.changes_[change], next).empty() &&
            fits(version + 1, std::move(next), in_doubt, change + 1)) {
          return true;
        }
      }
      for (std::size_t i = 0; i < in_doubt.size(); ++i) {
        Entries next = state;
        if (!replay(*in_doubt[i], next).empty()) continue;
        auto others = in_doubt;
        others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
        if (fits(version + 1, std::move(next), std::move(others), change)) return true;
      }
      return false;
    }
  };

  void read(const std::string& line) {
    std::istringstream words(line);
    std::string event;
    unsigned stream = 0;
    std::uint64_t number = 0;
    words >> event >> stream >> number;
    if (event == "told") {
      told_ = std::max(told_, number);
    } else if (event == "change") {
      changes_.push_back(read_program(words, number));
    } else if (event == "changed") {
      changed_ = changes_.size();
    } else if (event == "attempt") {
      attempts_[stream] = read_program(words, number);
    } else if (const auto attempt = attempts_.extract(stream); writes(attempt.mapped())) {
      committed_[number] = attempt.mapped();
    }
  }
  static Program read_program(std::istringstream& words, std::uint64_t size) {
    Program steps(size);
    for (Step& step : steps) {
      int kind = 0;
      words >> kind >> step.key >> step.value;
      step.kind = static_cast<Step::Kind>(kind);
      step.key.erase(0, 1);
      step.value.erase(0, 1);
    }
    return steps;
  }

  std::map<unsigned, Program> attempts_;  // by stream: not known to be committed
  std::map<Version, Program> committed_;  // runs that wrote
  std::vector<Program> changes_;          // of administration, in their order
  std::size_t changed_ = 0;               // how many of them were told
  Version told_ = 0;
};

}  // namespace sluice::store
