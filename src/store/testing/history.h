// SPDX-License-Identifier: Apache-2.0
// For tests: the operations of programs on a store, as their users saw them. checker.h judges it.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "store/testing/test_cores.h"

namespace sluice::store {

inline constexpr const char* kAbsent = "absent";

struct Step {
  // clear: administration only. full: a put of the key, which is absent, would go beyond the limit
  // (kLimitKey) of the keys that begin with its first letter.
  enum class Kind { get, count, put, erase, add, pause, clear, full };
  using enum Kind;
  Kind kind = get;
  std::string key;    // or prefix
  std::string value;  // the value read or written; kAbsent for a get of an absent key
};

using Program = std::vector<Step>;

// Where a history keeps the limit of its keys. No key of the store: no count and no clear meets it.
inline constexpr const char* kLimitKey = "~limit";

inline bool writes(const Program& program) {
  return std::ranges::any_of(program, [](const Step& step) {
    return step.kind == Step::put || step.kind == Step::erase || step.kind == Step::add ||
           step.kind == Step::clear;
  });
}

// One committed run. `begin` (of its last attempt) and `end` (of its commit) are of one clock for
// all cores: a run that ended before another began precedes it.
struct RunRecord {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  Version version = 0;  // 0 for an administrative change (unknown)
  bool told = false;    // durable(version) has returned
  Program steps;
  std::string name{};  // for messages
};

class HistoryClock {
 public:
  std::uint64_t now() { return now_.fetch_add(1); }

 private:
  std::atomic<std::uint64_t> now_{1};
};

// The access of a program to the store. A canary (broken_access.h) breaks one of these.
class Access {
 public:
  explicit Access(View& view) : view_(view) {}
  virtual ~Access() = default;
  Access(const Access&) = delete;
  Access& operator=(const Access&) = delete;

  virtual void begin(bool /*read_only*/) {}
  virtual std::optional<std::string> get(Transaction& t, const std::string& key) {
    const auto value = t.get(key);
    return value ? std::optional<std::string>(*value) : std::nullopt;
  }
  virtual std::uint64_t count(Transaction& t, const std::string& prefix) { return t.count(prefix); }
  virtual void put(Transaction& t, const std::string& key, const std::string& value) {
    t.put(key, value);
  }
  virtual void erase(Transaction& t, const std::string& key) { t.erase(key); }
  virtual Commit commit(Transaction& t) { return view_.commit(t); }
  virtual Task<bool> durable(Version version) {
    co_return (co_await view_.durable(version, in(std::chrono::seconds(60)))).has_value();
  }
  // Translates a version to its place in the history of all processes.
  virtual Version position(Version version) { return version; }

 protected:
  View& view_;
};

// Few keys, so that runs meet; values are numbers.
inline Program random_program(std::mt19937& random) {
  Program steps(1 + random() % 6);
  const bool read_only = random() % 3 == 0;
  for (Step& step : steps) {
    step.kind = static_cast<Step::Kind>(random() % (read_only ? 2 : 6));
    if (read_only && random() % 4 == 0) step.kind = Step::pause;
    const char letter = random() % 2 == 0 ? 'k' : 'l';
    step.key = letter;
    if (step.kind != Step::count) {
      step.key += std::to_string(random() % 6);
    } else if (random() % 3 == 0) {
      step.key.clear();
    }
    step.value = std::to_string(random() % 1000);
  }
  return steps;
}

// An import, or a delete of all keys with a prefix.
inline Program random_change(std::mt19937& random) {
  if (random() % 3 == 0) return {{Step::clear, std::string("kl").substr(random() % 3, 1), ""}};
  Program steps(2 + random() % 8);
  for (Step& step : steps) {
    step = {Step::put, random() % 2 == 0 ? "k" : "l", std::to_string(random() % 1000)};
    step.key += std::to_string(random() % 6);
  }
  return steps;
}

// Runs the steps, and records the values read.
inline Task<void> execute(Access& access, Transaction& t, Program& steps, loop::EventLoop& loop) {
  access.begin(!writes(steps));
  for (Step& step : steps) {
    switch (step.kind) {
      case Step::get:
        step.value = access.get(t, step.key).value_or(kAbsent);
        break;
      case Step::count:
        step.value = std::to_string(access.count(t, step.key));
        break;
      case Step::put:
        access.put(t, step.key, step.value);
        break;
      case Step::erase:
        access.erase(t, step.key);
        break;
      case Step::add: {
        const std::string old = access.get(t, step.key).value_or("0");
        step.value = std::to_string(std::stoi(old) + 1);
        access.put(t, step.key, step.value);
        break;
      }
      case Step::pause:
        co_await loop.yield();
        break;
      case Step::clear:
      case Step::full:
        break;
    }
  }
}

// Reads the environment variable, or returns `fallback`.
inline unsigned number_from_environment(const char* name, unsigned fallback) {
  const char* text = std::getenv(name);
  return text == nullptr ? fallback : static_cast<unsigned>(std::strtoul(text, nullptr, 10));
}

// SLUICE_SEED repeats the programs of a run (not the interleaving of the cores). SLUICE_SOAK_ROUNDS
// sets the number of rounds.
inline unsigned first_seed() {
  static const unsigned kSeed = number_from_environment("SLUICE_SEED", std::random_device{}());
  return kSeed;
}
inline unsigned rounds(unsigned usual) {
  return number_from_environment("SLUICE_SOAK_ROUNDS", usual);
}

}  // namespace sluice::store
