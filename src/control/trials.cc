// SPDX-License-Identifier: Apache-2.0
#include "control/trials.h"

#include "control/stored_names.h"

namespace sluice::control {

void Trials::update() {
  const auto announced = stored_.announcement();
  const bool wanted = announced && announced->member != member_ && !announced->is_stale();
  const std::string id = wanted ? announced->id : "";
  if (id == current_) return;
  current_ = id;
  changes_.expect_candidates(id);
  if (!wanted) return store_.set_note(std::string(kReloadNote), std::nullopt);
  logger_.info("member " + announced->member + " announces a reload of code");
  (void)crew_.run([this, announced] { build_all(*announced); });
}

void Trials::build_all(const Announcement& announcement) {
  TrialOutcome outcome{.id = announcement.id, .refused = {}};
  for (const auto& [name, proposal] : announcement.objects) {
    std::string error = build(name, proposal, announcement.id);
    if (error.empty()) continue;
    logger_.error("reload of " + name + " refused: " + error);
    outcome.refused[name] = std::move(error);
  }
  if (claims_.has_ended()) return;  // this member leaves, so nobody waits for it
  store_.set_note(std::string(kReloadNote), outcome.encode());
}

std::string Trials::build(const std::string& name, const Announcement::Proposal& proposal,
                          const std::string& id) {
  const auto claim = claims_.take({name});
  const auto object = publisher_.find(name);
  if (!object || object->version != proposal.version) return "it is being changed";
  Object wanted = *object;
  wanted.pins = proposal.pins;
  config::Faults faults;
  auto built = builder_.build_stored(wanted, {.pins = &wanted.pins, .stop = claim.stop()}, faults);
  if (!built) return faults.to_error().message;
  if (built->pins != proposal.pins) return "it would run other code";
  changes_.offer_candidate(id, std::move(built));
  return "";
}

}  // namespace sluice::control
