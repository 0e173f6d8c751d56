// SPDX-License-Identifier: Apache-2.0
#include "control/shared_code.h"

#include <nlohmann/json.hpp>

#include "control/announcement.h"
#include "control/code_history.h"
#include "control/object.h"
#include "control/stored_names.h"

namespace sluice::control {

void SharedCode::sweep() {
  if (!store_.is_shared() || Clock::now() < next_) return;
  next_ = Clock::now() + kSweepPeriod;
  if (!store_.health().empty()) return;  // its own trouble, which the store tells
  clear(kGrace);
}

void SharedCode::clear(Duration grace) {
  const auto cleared = store::Blobs(store_).clear(unused_, grace, [this] { return list_used(); });
  if (!cleared) logger_.warn("unused code is not cleared: " + cleared.error().message);
}

Result<std::set<std::string>> SharedCode::list_used() {
  std::set<std::string> used;
  const auto add = [&used](const Json& pins) {
    for (const auto& [filter, hash] : code_hashes(pins)) used.insert(hash);
  };
  SLUICE_TRY(const auto stored, store_.documents(kPinsDocuments));
  for (const auto& entry : stored.entries) add(Json::parse(entry.value, nullptr, false));
  // After the pins: a change moves code from them to the history, or is seen there.
  SLUICE_TRY(const auto histories, store_.documents(kHistoryDocuments));
  for (const auto& entry : histories.entries)
    add_hashes(Json::parse(entry.value, nullptr, false), used);
  SLUICE_TRY(const auto reload, store_.documents(kReloadDocuments));
  for (const auto& entry : reload.entries) {
    const auto announced = Announcement::decode(entry.value, entry.version);
    if (!announced) continue;
    for (const auto& [name, proposal] : announced->objects) add(proposal.pins);
  }
  return used;
}

}  // namespace sluice::control
