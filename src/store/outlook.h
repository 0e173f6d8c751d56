// SPDX-License-Identifier: Apache-2.0
// Outlook: what this process knows of a namespace that it shares, besides the contents: its owner,
// the answers to questions, and the fates of the exchanges that this process has handed over. One
// for all chains of the namespace. Any thread, where nothing else is said. The mutex is held for a
// look-up or a call that posts; no run takes it while the owner lives and a question is under way.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <unordered_set>

#include "base/mutex.h"
#include "base/published.h"
#include "store/boot_clock.h"
#include "store/store.h"

namespace sluice::store {

// The names of the exchanges that this process hands over. Any thread.
struct ExchangeNames {
  explicit ExchangeNames(const RandomId& process) : incarnation(process) {}
  [[nodiscard]] ExchangeId next() { return {incarnation, last.fetch_add(1) + 1}; }

  const RandomId incarnation;
  std::atomic<std::uint64_t> last{0};
};

class Outlook {
 public:
  // Of the exchanges that were written, so many are remembered.
  static constexpr std::size_t kExchangesKept = 65'536;

  explicit Outlook(std::shared_ptr<ExchangeNames> names) : names_(std::move(names)) {}

  // --- The owner ---
  [[nodiscard]] std::shared_ptr<const Owner> owner() const { return owner_.load(); }
  // Also when it is gone.
  [[nodiscard]] std::shared_ptr<const Owner> last_owner() const { return last_owner_.load(); }
  void set_owner(std::shared_ptr<const Owner> owner) {
    if (owner) last_owner_.store(owner);
    owner_.store(std::move(owner));
    note_change();
  }
  // Grows with every change of the owner, and of what a view can do.
  [[nodiscard]] const std::atomic<std::uint64_t>& changes() const { return changes_; }
  void note_change() { changes_.fetch_add(1, std::memory_order_seq_cst); }

  // --- Questions: which version is the newest? They have numbers and come one after another ---

  // The number of the last one that has begun.
  [[nodiscard]] std::uint64_t questions_begun() const {
    return begun_.load(std::memory_order_seq_cst);
  }
  // The number of the last one that has ended, with an answer or without.
  [[nodiscard]] const std::atomic<std::uint64_t>& questions_ended() const { return ended_; }
  // Asks for questions up to `number`.
  void ask(std::uint64_t number);
  // The answer of that question or of a later one, as the medium counts; none: not known.
  [[nodiscard]] std::optional<Version> answer(std::uint64_t number) const {
    if (answered_.load(std::memory_order_seq_cst) < number) return std::nullopt;
    return newest_.load(std::memory_order_seq_cst);
  }
  // Why the question has no answer. Requires: it has ended.
  [[nodiscard]] Error trouble() const;
  // The last answer did not come true in time: the next question goes to the medium.
  void doubt() { doubted_.store(true, std::memory_order_seq_cst); }

  // For the medium. Calls `wake` when a question is wanted; null: no more.
  void on_question(std::function<void()> wake);
  // One thread at a time: the number of the question that begins now; none if none is wanted.
  [[nodiscard]] std::optional<std::uint64_t> begin_question();
  void end_question(std::uint64_t number, Result<Version> answer);
  [[nodiscard]] bool take_doubt() { return doubted_.exchange(false, std::memory_order_seq_cst); }

  // --- The owner's word: a sealed namespace has one version until a time ---

  // For the medium: a word of the owner. `number`: the last question that has begun. If it has
  // brought the word, this comes before its end. From `renew_at` on, a run that uses the word asks
  // for the next one.
  void set_word(std::uint64_t number, Version version, BootTime renew_at, BootTime until);
  // True if the owner's word says that the namespace has this version now. Some atomic loads, and
  // a look at the clock if there is a word.
  [[nodiscard]] bool is_sealed_at(Version version);

  // --- The fates of exchanges ---

  // For the medium, in the order of the groups.
  // Groups may have been missed: the fates of the exchanges up to now are unknown.
  void note_gap();
  // A group has these exchanges, of all members.
  void note_written(std::span<const ExchangeId> exchanges);
  // All ownerships with fences below `fence` are over, and all of their groups were noted.
  void pass(Fence fence);

  // The lowest fence that may not be over.
  [[nodiscard]] const std::atomic<Fence>& lowest_fence() const { return lowest_fence_; }
  // Requires: the ownership is over.
  [[nodiscard]] View::ExchangeFate fate(const ExchangeId& id) const;

 private:
  const std::shared_ptr<ExchangeNames> names_;
  Published<Owner> owner_;
  Published<Owner> last_owner_;
  std::atomic<std::uint64_t> changes_{0};

  std::atomic<std::uint64_t> wanted_{0};
  std::atomic<std::uint64_t> begun_{0};
  std::atomic<std::uint64_t> ended_{0};
  std::atomic<std::uint64_t> answered_{0};
  std::atomic<Version> newest_{0};  // written before answered_
  std::atomic<bool> asking_{false};
  std::atomic<bool> doubted_{false};

  std::atomic<Fence> lowest_fence_{0};

  // Invariant: a reader that has loaded the end of a word finds its version, or a later word's.
  std::atomic<Duration::rep> word_until_{0};
  std::atomic<Duration::rep> word_renew_at_{0};
  std::atomic<Version> word_version_{0};
  std::atomic<std::uint64_t> word_number_{0};

  Mutex wake_mutex_;
  std::function<void()> wake_ SLUICE_GUARDED_BY(wake_mutex_);
  mutable Mutex mutex_;
  Error trouble_ SLUICE_GUARDED_BY(mutex_);
  std::uint64_t unknown_to_ SLUICE_GUARDED_BY(mutex_) = 0;  // exchanges whose groups were missed
  std::unordered_set<std::uint64_t> written_ SLUICE_GUARDED_BY(mutex_);
  std::deque<std::uint64_t> kept_ SLUICE_GUARDED_BY(mutex_);  // the same, in order
};

}  // namespace sluice::store
