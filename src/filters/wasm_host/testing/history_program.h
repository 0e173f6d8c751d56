// SPDX-License-Identifier: Apache-2.0
// For tests: random programs for one guest, which interprets them; what the guest answers; and the
// same on a map. Each run that writes takes the next number of the namespace and leaves it behind
// in a key of its own, so the keys tell which runs had an effect, in which order and how often.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "filters/wasm_host/testing/test_host.h"
#include "store/testing/checker.h"
#include "store/testing/history.h"

namespace sluice::filters::testing {

using store::Entries;
using store::Program;
using store::Step;

inline constexpr const char* kNumberKey = "#";   // of the last run that has written
inline constexpr const char* kImportKey = "k#";  // of the last import; a clear of `k` removes it
inline constexpr const char* kPermits = "p";
inline constexpr std::int64_t kPermitsMax = 3;

struct Operation {
  // permit: the guest keeps the limit. enter: the host does.
  enum class Kind : std::uint32_t { end, get, count, put, add, permit, enter };
  using enum Kind;
  Kind kind = get;
  std::string key;         // or prefix
  std::int64_t value = 0;  // put
};

struct GuestProgram {
  std::string name;  // of the run
  std::vector<Operation> operations;

  [[nodiscard]] std::string mark() const { return "w/" + name; }
  // The key that the run adds to those with kPermits. Requires: it adds one at most.
  [[nodiscard]] std::string entering() const {
    const auto adds = [](const Operation& each) {
      return each.kind == Operation::permit || each.kind == Operation::enter;
    };
    const auto found = std::ranges::find_if(operations, adds);
    return found == operations.end() ? std::string() : found->key;
  }
  // The body of the request.
  [[nodiscard]] std::string encode() const {
    std::string bytes;
    const auto put = [&](const auto& number) {
      bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
    };
    const auto text = [&](const std::string& value) {
      put(static_cast<std::uint32_t>(value.size() + 1));
      bytes.append(value.c_str(), value.size() + 1);
    };
    for (const Operation& each : operations) {
      put(static_cast<std::uint32_t>(each.kind));
      text(each.key);
      if (each.kind == Operation::put) put(each.value);
    }
    put(static_cast<std::uint32_t>(Operation::end));
    text(mark());
    return bytes;
  }
};

// Where the numbers of a run come from: the guest's answer, or a map.
class Source {
 public:
  virtual ~Source() = default;
  virtual std::int64_t get(const std::string& key) = 0;
  virtual std::int64_t count(const std::string& prefix) = 0;
  // Returns the sum.
  virtual std::int64_t add(const std::string& key) = 0;
  virtual void put(const std::string& key, std::int64_t value) = 0;
};

struct Performed {
  Program steps;  // with the values
  bool wrote = false;
  std::int64_t number = 0;  // of the run, or of the last one that had written
};

// The program, in the words of the checker.
class Performance {
 public:
  Performance(const GuestProgram& program, Source& source) : source_(source) {
    for (const Operation& each : program.operations) perform(each);
    get(kImportKey);
    if (done_.wrote) {
      done_.number = add(kNumberKey);
      put(program.mark(), done_.number);
    } else {
      done_.number = get(kNumberKey);
    }
  }
  [[nodiscard]] Performed take() { return std::move(done_); }

 private:
  void perform(const Operation& each) {
    switch (each.kind) {
      case Operation::get:
        (void)get(each.key);
        break;
      case Operation::count:
        (void)count(each.key);
        break;
      case Operation::put:
        put(each.key, each.value);
        break;
      case Operation::add:
        (void)add(each.key);
        break;
      case Operation::permit:
        if (get(each.key) == 0 && count(kPermits) < kPermitsMax) put(each.key, 1);
        break;
      case Operation::enter:
        if (get(each.key) == 0) put(each.key, 1);
        break;
      case Operation::end:
        break;
    }
  }
  void note(Step::Kind kind, const std::string& key, std::int64_t value) {
    const bool absent = kind == Step::get && value == 0;
    done_.steps.push_back({kind, key, absent ? store::kAbsent : std::to_string(value)});
  }
  std::int64_t get(const std::string& key) {
    const std::int64_t value = source_.get(key);
    note(Step::get, key, value);
    return value;
  }
  std::int64_t count(const std::string& prefix) {
    const std::int64_t value = source_.count(prefix);
    note(Step::count, prefix, value);
    return value;
  }
  std::int64_t add(const std::string& key) {
    const std::int64_t value = source_.add(key);
    note(Step::add, key, value);
    done_.wrote = true;
    return value;
  }
  void put(const std::string& key, std::int64_t value) {
    source_.put(key, value);
    note(Step::put, key, value);
    done_.wrote = true;
  }

  Source& source_;
  Performed done_;
};

// The numbers that the guest has read, in order.
class AnsweredNumbers final : public Source {
 public:
  explicit AnsweredNumbers(std::string_view body) : body_(body) {}
  std::int64_t get(const std::string&) override { return next(); }
  std::int64_t count(const std::string&) override { return next(); }
  std::int64_t add(const std::string&) override { return next(); }
  void put(const std::string&, std::int64_t) override {}
  // The answer has exactly these numbers.
  [[nodiscard]] bool fits() const { return fits_ && body_.empty(); }

 private:
  std::int64_t next() {
    std::int64_t value = 0;
    fits_ = fits_ && body_.size() >= sizeof value;
    if (!fits_) return 0;
    std::memcpy(&value, body_.data(), sizeof value);
    body_.remove_prefix(sizeof value);
    return value;
  }
  std::string_view body_;
  bool fits_ = true;
};

class NumbersOfMap final : public Source {
 public:
  explicit NumbersOfMap(Entries& entries) : entries_(entries) {}
  std::int64_t get(const std::string& key) override {
    const auto found = entries_.find(key);
    return found == entries_.end() ? 0 : std::stoll(found->second);
  }
  std::int64_t count(const std::string& prefix) override {
    return std::ranges::count_if(
        entries_, [&](const auto& entry) { return entry.first.starts_with(prefix); });
  }
  std::int64_t add(const std::string& key) override {
    const std::int64_t sum = get(key) + 1;
    put(key, sum);
    return sum;
  }
  void put(const std::string& key, std::int64_t value) override {
    entries_[key] = std::to_string(value);
  }

 private:
  Entries& entries_;
};

inline Performed perform_on(Entries& entries, const GuestProgram& program) {
  NumbersOfMap numbers(entries);
  return Performance(program, numbers).take();
}

// Decodes the answer of a guest; none: that program does not answer so.
inline std::optional<Performed> perform_of(std::string_view body, const GuestProgram& program) {
  AnsweredNumbers numbers(body);
  Performed performed = Performance(program, numbers).take();
  if (!numbers.fits()) return std::nullopt;
  return performed;
}

// Few keys, so that runs meet.
inline GuestProgram random_guest_program(std::string name, std::mt19937& random,
                                         unsigned writes_in_percent) {
  GuestProgram program{std::move(name), {}};
  const bool read_only = random() % 100 >= writes_in_percent;
  const auto key = [&](char letter) { return letter + std::to_string(random() % 4 + 1); };
  for (unsigned left = 1 + random() % 4; left > 0; --left) {
    Operation each;
    const unsigned kind = random() % (read_only ? 2 : 6);
    if (kind == 0) each = {Operation::get, key('k')};
    if (kind == 1) each = {Operation::count, random() % 2 == 0 ? "k" : kPermits};
    if (kind == 2) each = {Operation::put, key('k'), static_cast<std::int64_t>(random() % 999 + 1)};
    if (kind == 3) each = {Operation::add, key('k')};
    if (kind >= 4) each = {Operation::permit, key('p') + std::to_string(random() % 3)};
    program.operations.push_back(std::move(each));
  }
  return program;
}

// For a namespace with a limit: nearly all only read, or are one too many.
inline GuestProgram random_sale_program(std::string name, std::mt19937& random) {
  GuestProgram program{std::move(name), {}};
  const auto user = [&] {
    return std::string(kPermits) + std::to_string(random() % 4 + 1) + std::to_string(random() % 3);
  };
  const unsigned kind = random() % 50;
  if (kind == 0) {
    program.operations = {{Operation::add, "k1"}};
  } else if (kind < 25) {
    program.operations = {{Operation::enter, user()}};
  } else {
    program.operations = {{Operation::get, user()}, {Operation::count, kPermits}};
  }
  return program;
}

// Interprets the body of the request, and answers with the numbers.
inline std::string interpreter() {
  const std::string more = R"(
    (global $out (mut i32) (i32.const 0))
    (func $emit (param $value i64)
      (i64.store (global.get $out) (local.get $value))
      (global.set $out (i32.add (global.get $out) (i32.const 8))))
    (func $behind (param $text i32) (result i32)
      (i32.add (i32.add (local.get $text) (i32.const 4)) (i32.load (local.get $text))))
    (func $program (result i32)
      (local $at i32) (local $kind i32) (local $key i32) (local $wrote i32) (local $value i64)
      (global.set $out (i32.const 1028))
      (local.set $at (i32.add (call $host_req_get_body) (i32.const 4)))
      (block $end (loop $next
        (local.set $kind (i32.load (local.get $at)))
        (local.set $key (i32.add (local.get $at) (i32.const 4)))
        (local.set $at (call $behind (local.get $key)))
        (br_if $end (i32.eqz (local.get $kind)))
        (if (i32.eq (local.get $kind) (i32.const 1))
          (then (call $emit (call $host_cluster_get_integer (local.get $key)))))
        (if (i32.eq (local.get $kind) (i32.const 2))
          (then (call $emit (i64.extend_i32_s (call $host_cluster_count_key (local.get $key))))))
        (if (i32.eq (local.get $kind) (i32.const 3))
          (then
            (call $host_cluster_put_integer (local.get $key) (i64.load (local.get $at)))
            (local.set $at (i32.add (local.get $at) (i32.const 8)))
            (local.set $wrote (i32.const 1))))
        (if (i32.eq (local.get $kind) (i32.const 4))
          (then
            (call $emit (call $host_cluster_add_integer (local.get $key) (i64.const 1)))
            (local.set $wrote (i32.const 1))))
        (if (i32.eq (local.get $kind) (i32.const 5))
          (then
            (local.set $value (call $host_cluster_get_integer (local.get $key)))
            (call $emit (local.get $value))
            (if (i64.eqz (local.get $value)) (then
              (local.set $value (i64.extend_i32_s (call $host_cluster_count_key (i32.const 528))))
              (call $emit (local.get $value))
              (if (i64.lt_s (local.get $value) (i64.const LIMIT)) (then
                (call $host_cluster_put_integer (local.get $key) (i64.const 1))
                (local.set $wrote (i32.const 1))))))))
        (if (i32.eq (local.get $kind) (i32.const 6))
          (then
            (local.set $value (call $host_cluster_get_integer (local.get $key)))
            (call $emit (local.get $value))
            (if (i64.eqz (local.get $value)) (then
              (call $host_cluster_put_integer (local.get $key) (i64.const 1))
              (local.set $wrote (i32.const 1))))))
        (br $next)))
      (call $emit (call $host_cluster_get_integer (i32.const 512)))
      (if (local.get $wrote)
        (then
          (local.set $value (call $host_cluster_add_integer (i32.const 544) (i64.const 1)))
          (call $emit (local.get $value))
          (call $host_cluster_put_integer (local.get $key) (local.get $value)))
        (else (call $emit (call $host_cluster_get_integer (i32.const 544)))))
      (i32.store (i32.const 1024) (i32.sub (global.get $out) (i32.const 1028)))
      (call $host_resp_set_body (i32.const 1024))
      (i32.const 1))
  )";
  std::string text = more;
  text.replace(text.find("LIMIT"), 5, std::to_string(kPermitsMax));
  return guest("(call $program)",
               text_at(512, kImportKey) + text_at(528, kPermits) + text_at(544, kNumberKey) + text);
}

}  // namespace sluice::filters::testing
