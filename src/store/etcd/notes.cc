// SPDX-License-Identifier: Apache-2.0
#include "store/etcd/notes.h"

#include <utility>
#include <vector>

#include "store/etcd/requests.h"

namespace sluice::store {
namespace {

constexpr Duration kLeaseLook = std::chrono::seconds(1);
constexpr Duration kNotesPause = std::chrono::milliseconds(250);  // after etcd has refused

}  // namespace

Notes::Notes(EtcdContext& context, const Membership& membership)
    : context_(context), membership_(membership), wake_(context.loop()) {}

void Notes::start() {
  writing_ = write_all();
  writing_.start();
}

void Notes::set(const std::string& key, std::optional<std::string> value) {
  const auto found = notes_.find(key);
  if (!value) {
    if (found == notes_.end()) return;
    notes_.erase(found);
  } else {
    if (found != notes_.end() && found->second == *value) return;
    if (value->size() > kNoteBytesMax || (found == notes_.end() && notes_.size() >= kNotesMax)) {
      context_.logger.warn("store: the note `" + key +
                           "` is too long, or one too many: it is left out");
      return;
    }
    notes_[key] = *std::move(value);
  }
  pending_.insert(key);
  wake_.notify();
}

void Notes::look_at_lease() {
  if (membership_.lease() == 0 || membership_.lease() == lease_) return;
  lease_ = membership_.lease();
  for (const auto& [key, value] : notes_) pending_.insert(key);
}

Task<void> Notes::write_all() {
  while (true) {
    look_at_lease();
    if (pending_.empty() || membership_.lease() == 0) {
      (void)co_await wake_.wait(Clock::now() + kLeaseLook);
      continue;
    }
    const bool written = co_await write_some();
    if (!written) co_await context_.loop().sleep_for(kNotesPause);
  }
}

Task<bool> Notes::write_some() {
  pb::TxnRequest txn;
  compare_lease(txn, context_.keys.member(context_.me.name), lease_);
  std::vector<std::pair<std::string, std::optional<std::string>>> taken;
  std::size_t bytes = 0;
  for (const std::string& key : pending_) {
    const auto found = notes_.find(key);
    const std::size_t size = key.size() + (found == notes_.end() ? 0 : found->second.size());
    if (taken.size() == kPackOperations || (bytes > 0 && bytes + size > kGroupBytesMax)) break;
    bytes += size;
    const std::string name = context_.keys.note(key, context_.me.name);
    if (found == notes_.end()) {
      add_delete(*txn.add_success(), name);
      taken.emplace_back(key, std::nullopt);
    } else {
      add_put(*txn.add_success(), name, found->second, lease_);
      taken.emplace_back(key, found->second);
    }
  }
  add_range(*txn.add_failure(), context_.keys.member(context_.me.name));
  etcd::CallOptions options;
  options.deadline = Clock::now() + kAttemptMax;
  const auto reply = co_await context_.kv.txn(txn, options);
  if (!reply || !reply->succeeded()) co_return false;
  for (const auto& [key, value] : taken) {
    const auto now = notes_.find(key);
    const bool same = now == notes_.end() ? !value : value == now->second;
    if (same) pending_.erase(key);
  }
  co_return true;
}

}  // namespace sluice::store
