// SPDX-License-Identifier: Apache-2.0
#include "control/custom_data.h"

#include <algorithm>
#include <cstdlib>
#include <thread>
#include <utility>

#include "base/text.h"
#include "control/change_retries.h"
#include "control/read_together.h"
#include "control/stored_names.h"

namespace sluice::control {
namespace {

constexpr Duration kFollowLook = std::chrono::milliseconds(20);

bool is_number(const store::DocumentChange& change) {
  return change.collection == kCustomMetaDocuments && change.key == kCustomNumberKey;
}

Result<void> check_bounds_after(const CustomState& before,
                                const std::vector<store::DocumentChange>& changes) {
  std::vector<std::string> ignored;
  return check_bounds(with_changes(before, changes, ignored));
}

void append(std::string_view collection, const store::Documents& documents,
            std::vector<store::DocumentChange>& out) {
  for (const store::Document& document : documents.entries)
    out.push_back({std::string(collection), document.key, document.value, {}});
}

}  // namespace

Result<void> CustomData::load() {
  const MutexLock hold(mutex_);
  SLUICE_CHECK(read());
  publish(true);
  return {};
}

Result<void> CustomData::read() {
  SLUICE_TRY(
      const auto documents,
      read_together<3>(store_, {kCustomMetaDocuments, kCustomKindDocuments, kCustomItemDocuments}));
  const auto& [meta, kinds, items] = documents;
  number_ = 0;
  store::Version version = 0;
  for (const store::Document& document : meta.entries) {
    if (document.key != kCustomNumberKey) continue;
    number_ = to_number<std::uint64_t>(document.value).value_or(0);
    version = document.version;
  }
  // A document that changed between two reads is among the changes after the first read.
  seen_ = meta.version;
  state_.store(std::make_shared<const CustomState>());
  std::vector<store::DocumentChange> all;
  append(kCustomKindDocuments, kinds, all);
  append(kCustomItemDocuments, items, all);
  take(all, version);
  return {};
}

void CustomData::take(std::span<const store::DocumentChange> changes, store::Version version) {
  std::vector<std::string> faults;
  state_.store(std::make_shared<const CustomState>(with_changes(*state_.load(), changes, faults)));
  for (const std::string& line : faults) logger_.error(line);
  for (const store::DocumentChange& change : changes) {
    if (is_number(change) && change.value)
      number_ = to_number<std::uint64_t>(*change.value).value_or(number_);
  }
  version_ = version;
}

void CustomData::publish(bool before_start) {
  changes_.publish_custom_data(state_.load()->snapshot(), before_start);
  if (store_.is_shared()) store_.set_note(std::string(kCustomDataNote), std::to_string(version_));
}

Result<void> CustomData::follow() {
  const MutexLock hold(mutex_);
  SLUICE_TRY(const bool changed, follow_locked());
  if (changed && !ending_) publish();
  return {};
}

Result<bool> CustomData::follow_locked() {
  SLUICE_TRY(const store::DocumentNews news, store_.document_news(seen_, Clock::now()));
  if (news.read_anew) {
    const store::Version before = version_;
    SLUICE_CHECK(read());
    return version_ != before;
  }
  bool changed = false;
  for (auto begin = news.events.begin(); begin != news.events.end();) {
    const auto end = std::find_if(begin, news.events.end(), [begin](const auto& event) {
      return event.version != begin->version;
    });
    std::vector<store::DocumentChange> one;
    for (auto event = begin; event != end; ++event) one.push_back(event->change);
    // An own change is in the state already.
    if (begin->version > version_ && std::ranges::any_of(one, is_number)) {
      take(one, begin->version);
      changed = true;
    }
    begin = end;
  }
  seen_ = news.version;
  return changed;
}

void CustomData::end() {
  const MutexLock hold(mutex_);
  ending_ = true;
  ended_.notify_all();
}

Result<CustomData::Done> CustomData::change(const CustomEdit& edit) { return commit(edit, false); }

Result<CustomData::Done> CustomData::change_in_steps(const CustomEdit& edit) {
  return commit(edit, true);
}

Result<CustomData::Done> CustomData::commit(const CustomEdit& edit, bool in_steps) {
  const MutexLock hold(mutex_);
  Done done;
  for (ChangeRetries retries;;) {
    if (ending_) return Changes::stopping();
    const auto before = state_.load();
    SLUICE_TRY(const CustomState next, edit(*before));
    const auto changes = changes_between(*before, next);
    done.version = version_;
    if (changes.empty()) {
      SLUICE_CHECK(confirm_unchanged(store_, kCustomMetaDocuments, kCustomNumberKey, version_));
      return done;
    }
    SLUICE_CHECK(check_bounds_after(*before, changes));
    const auto step = first_step(changes);
    if (step.size() < changes.size() && !in_steps) return too_much_for_one_change();
    SLUICE_TRY(const bool saved, save(step));
    if (!saved) {
      SLUICE_CHECK(await_retry(retries));
      continue;
    }
    retries = ChangeRetries();
    for (const store::DocumentChange& one : step) {
      if (one.collection == kCustomItemDocuments) ++(one.value ? done.put : done.deleted);
    }
    done.version = version_;
    if (step.size() == changes.size()) return done;
  }
}

Result<void> CustomData::await_retry(ChangeRetries& retries) {
  if (const std::string trouble = store_.health(); !trouble.empty())
    return fail(ErrorKind::unavailable, "custom data cannot be changed now: " + trouble);
  if (retries.wait(mutex_, ended_)) return {};
  return fail(ErrorKind::unavailable, "other members change custom data all the time: try again");
}

Result<bool> CustomData::save(std::span<const store::DocumentChange> step) {
  std::vector<store::DocumentChange> changes(step.begin(), step.end());
  changes.push_back({std::string(kCustomMetaDocuments), std::string(kCustomNumberKey),
                     std::to_string(number_ + 1), version_});
  const auto saved = store_.change_documents(changes);
  if (saved) {
    take(changes, *saved);
    publish();
    return true;
  }
  if (!saved.error().mismatch || !store_.is_shared()) return std::unexpected<Error>(saved.error());
  SLUICE_TRY(const bool followed, follow_locked());
  if (followed) publish();
  return false;
}

std::vector<std::string> CustomData::behind(store::Version version) {
  const auto members = store_.members();
  const auto notes = store_.notes(kCustomDataNote);
  if (!members || !notes)
    return {"whether the other members have the change is not known: " +
            (members ? notes.error() : members.error()).message};
  std::vector<std::string> lines;
  for (const store::Store::Member& member : *members) {
    const bool there = std::ranges::any_of(*notes, [&](const store::Store::Note& note) {
      return note.member == member.name && note.key == kCustomDataNote &&
             to_number<store::Version>(note.value).value_or(0) >= version;
    });
    if (!there && !member.me) lines.push_back("member " + member.name + " does not have it yet");
  }
  return lines;
}

std::vector<std::string> CustomData::await_members(store::Version version) {
  if (!store_.is_shared()) return {};
  const TimePoint deadline = Clock::now() + kFollowPatience;
  while (true) {
    std::vector<std::string> lines = behind(version);
    if (lines.empty() || Clock::now() > deadline) return lines;
    std::this_thread::sleep_for(kFollowLook);
  }
}

}  // namespace sluice::control
