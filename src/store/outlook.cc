// SPDX-License-Identifier: Apache-2.0
#include "store/outlook.h"

#include <algorithm>
#include <utility>

namespace sluice::store {

// Invariant: the medium sees the number, or this sees that the medium is not asking.
void Outlook::ask(std::uint64_t number) {
  std::uint64_t wanted = wanted_.load(std::memory_order_relaxed);
  while (wanted < number && !wanted_.compare_exchange_weak(wanted, number)) {
  }
  if (asking_.load(std::memory_order_seq_cst)) return;
  const MutexLock lock(wake_mutex_);
  if (wake_) wake_();
}

void Outlook::on_question(std::function<void()> wake) {
  const MutexLock lock(wake_mutex_);
  wake_ = std::move(wake);
}

std::optional<std::uint64_t> Outlook::begin_question() {
  const auto wants = [&] {
    return wanted_.load(std::memory_order_seq_cst) > begun_.load(std::memory_order_relaxed);
  };
  do {
    asking_.store(true, std::memory_order_seq_cst);
    if (wants()) return begun_.fetch_add(1, std::memory_order_seq_cst) + 1;
    asking_.store(false, std::memory_order_seq_cst);
  } while (wants());
  return std::nullopt;
}

void Outlook::end_question(std::uint64_t number, Result<Version> answer) {
  if (answer) {
    newest_.store(*answer, std::memory_order_seq_cst);
    answered_.store(number, std::memory_order_seq_cst);
  } else {
    const MutexLock lock(mutex_);
    trouble_ = std::move(answer.error());
  }
  ended_.store(number, std::memory_order_seq_cst);
}

void Outlook::set_word(std::uint64_t number, Version version, BootTime renew_at, BootTime until) {
  word_number_.store(number, std::memory_order_seq_cst);
  word_renew_at_.store(renew_at.time_since_epoch().count(), std::memory_order_seq_cst);
  word_version_.store(version, std::memory_order_seq_cst);
  word_until_.store(until.time_since_epoch().count(), std::memory_order_seq_cst);
}

bool Outlook::is_sealed_at(Version version) {
  const Duration::rep until = word_until_.load(std::memory_order_seq_cst);
  if (until == 0 || word_version_.load(std::memory_order_seq_cst) != version) return false;
  const Duration::rep now = BootClock::now().time_since_epoch().count();
  if (now >= until) return false;
  const std::uint64_t next = word_number_.load(std::memory_order_seq_cst) + 1;
  const bool late = now >= word_renew_at_.load(std::memory_order_seq_cst);
  if (late && questions_begun() < next) ask(next);
  return true;
}

Error Outlook::trouble() const {
  const MutexLock lock(mutex_);
  return trouble_;
}

void Outlook::note_gap() {
  const MutexLock lock(mutex_);
  unknown_to_ = names_->last.load(std::memory_order_seq_cst);
}

void Outlook::note_written(std::span<const ExchangeId> exchanges) {
  if (exchanges.empty()) return;
  const MutexLock lock(mutex_);
  for (const ExchangeId& id : exchanges) {
    if (id.incarnation != names_->incarnation || !written_.insert(id.counter).second) continue;
    kept_.push_back(id.counter);
    if (kept_.size() <= kExchangesKept) continue;
    unknown_to_ = std::max(unknown_to_, kept_.front());
    written_.erase(kept_.front());
    kept_.pop_front();
  }
}

void Outlook::pass(Fence fence) {
  if (fence > lowest_fence_.load(std::memory_order_relaxed)) {
    lowest_fence_.store(fence, std::memory_order_seq_cst);
  }
}

View::ExchangeFate Outlook::fate(const ExchangeId& id) const {
  using Fate = View::ExchangeFate;
  if (id.incarnation != names_->incarnation) return Fate::unknown;
  const MutexLock lock(mutex_);
  if (written_.contains(id.counter)) return Fate::written;
  return id.counter > unknown_to_ ? Fate::not_run : Fate::unknown;
}

}  // namespace sluice::store
