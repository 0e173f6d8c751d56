// SPDX-License-Identifier: Apache-2.0
#include "control/swap.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/time.h"
#include "control/stored_names.h"
#include "store/random_id.h"

namespace sluice::control {
namespace {

constexpr std::chrono::milliseconds kLookPeriod{50};
constexpr std::chrono::seconds kTrialMax{60};  // a member that takes longer refuses
constexpr std::chrono::seconds kSwapMax{10};

// Marks what was to change as unchanged, for the reason `error`; "": another entry has the reason.
void withdraw(FreshCode& code, const std::string& error) {
  code.built = nullptr;
  std::erase_if(code.outcome,
                [&error](const Reloaded& one) { return one.changed && error.empty(); });
  for (Reloaded& one : code.outcome) {
    if (!one.changed) continue;
    one.changed = false;
    one.error = error;
  }
}

// The one filter that changes; "" if several do.
std::string changed_filter(const FreshCode& code) {
  std::string filter;
  for (const Reloaded& one : code.outcome) {
    if (!one.changed) continue;
    if (!filter.empty()) return "";
    filter = one.filter;
  }
  return filter;
}

void report(FreshCode& code, const std::string& filter, const std::string& member,
            const std::string& error) {
  code.outcome.push_back({.pipeline = code.pipeline,
                          .filter = filter,
                          .changed = false,
                          .code_hash = "",
                          .error = error,
                          .member = member});
}

}  // namespace

Result<void> Swap::run(std::vector<FreshCode>& fresh) {
  const bool any =
      std::ranges::any_of(fresh, [](const FreshCode& code) { return code.built != nullptr; });
  if (!any) return {};
  SLUICE_CHECK(announce(fresh));
  const Outcomes outcomes = collect();
  judge(outcomes, fresh);
  SLUICE_CHECK(commit(fresh));
  await_swaps(outcomes, fresh);
  warn_of_gone(fresh);
  return {};
}

Result<void> Swap::announce(const std::vector<FreshCode>& fresh) {
  announcement_.id = store::RandomId::make().text();
  announcement_.member = member_;
  for (const FreshCode& code : fresh) {
    if (code.built) announcement_.objects[code.pipeline] = {code.before->version, code.built->pins};
  }
  SLUICE_TRY(const auto members, store_.members());
  const auto me = std::ranges::find(members, true, &store::Store::Member::me);
  if (me != members.end()) announcement_.incarnation = me->incarnation;
  const auto current = stored_.announcement();
  const bool alive =
      current && std::ranges::any_of(members, [&current](const store::Store::Member& member) {
        return member.name == current->member && member.incarnation == current->incarnation;
      });
  if (alive && !current->is_stale()) {
    return fail(ErrorKind::conflict,
                "member " + current->member + " reloads code at the moment: try again");
  }
  const auto made = stored_.announce(announcement_);
  if (!made && made.error().mismatch)
    return fail(ErrorKind::conflict, "another member reloads code at the moment: try again");
  if (!made) return std::unexpected<Error>(made.error());
  announcement_.version = *made;
  return {};
}

Result<std::vector<std::string>> Swap::read_outcomes(Outcomes& outcomes) const {
  SLUICE_TRY(const auto members, store_.members());
  SLUICE_TRY(const auto notes, store_.notes(kReloadNote));
  outcomes.clear();
  for (const store::Store::Note& note : notes) {
    auto outcome = TrialOutcome::decode(note.value);
    if (outcome && outcome->id == announcement_.id) outcomes[note.member] = *std::move(outcome);
  }
  std::vector<std::string> silent;
  for (const store::Store::Member& member : members) {
    if (!member.me && !outcomes.contains(member.name)) silent.push_back(member.name);
  }
  return silent;
}

Swap::Outcomes Swap::collect() {
  const TimePoint end = Clock::now() + kTrialMax;
  Outcomes outcomes;
  std::set<std::string> waited_for;
  std::string trouble = "it has not built the code within 60 s";
  while (true) {
    const auto silent = read_outcomes(outcomes);
    if (silent && silent->empty()) {
      for (const auto& [member, outcome] : outcomes) waited_for.erase(member);
      note_gone(waited_for);
      return outcomes;
    }
    if (silent) waited_for.insert(silent->begin(), silent->end());
    if (Clock::now() < end && !claims_.has_ended()) {
      std::this_thread::sleep_for(kLookPeriod);
      continue;
    }
    if (!silent) trouble = silent.error().message;
    for (const std::string& member : silent.value_or(std::vector<std::string>{"the store"})) {
      for (const auto& [name, proposal] : announcement_.objects)
        outcomes[member].refused[name] = trouble;
    }
    return outcomes;
  }
}

void Swap::judge(const Outcomes& outcomes, std::vector<FreshCode>& fresh) const {
  for (FreshCode& code : fresh) {
    if (!code.built) continue;
    const std::string filter = changed_filter(code);
    bool refused = false;
    for (const auto& [member, outcome] : outcomes) {
      const auto why = outcome.refused.find(code.pipeline);
      if (why == outcome.refused.end()) continue;
      report(code, filter, member, why->second);
      refused = true;
    }
    if (refused && !force_) withdraw(code, "");
  }
}

Result<void> Swap::commit(std::vector<FreshCode>& fresh) {
  std::vector<ObjectUpdate> updates;
  for (const FreshCode& code : fresh) {
    if (code.built) updates.emplace_back(code.before, code.built);
  }
  SLUICE_TRY(swapped_, changes_.swap(std::move(updates), &announcement_));
  for (FreshCode& code : fresh) {
    if (code.built && !swapped_.contains(code.pipeline))
      withdraw(code, "the pipeline was changed meanwhile");
  }
  return {};
}

std::string Swap::lag_of(const std::string& member, const std::string& pipeline,
                         const std::vector<store::Store::Note>& notes) const {
  const std::string key = std::string(kStatusNotes) + pipeline;
  const auto note = std::ranges::find_if(
      notes, [&](const store::Store::Note& one) { return one.member == member && one.key == key; });
  if (note == notes.end()) return "it has not swapped yet";
  const Json said = Json::parse(note->value, nullptr, false);
  if (!said.is_object()) return "it has not swapped yet";
  const auto version = said.value("pinsVersion", store::Version{0});
  if (version >= swapped_.at(pipeline) && said.value("state", "") == "running") return "";
  const std::string error = said.value("error", "");
  return error.empty() ? "it has not swapped yet" : error;
}

Result<std::vector<Swap::Lag>> Swap::find_lags(const Outcomes& outcomes,
                                               std::vector<FreshCode>& fresh) const {
  SLUICE_TRY(const auto members, store_.members());
  SLUICE_TRY(const auto notes, store_.notes(kStatusNotes));
  std::vector<Lag> lags;
  for (FreshCode& code : fresh) {
    if (!code.built) continue;
    for (const store::Store::Member& member : members) {
      const auto outcome = outcomes.find(member.name);
      const bool refused =
          outcome != outcomes.end() && outcome->second.refused.contains(code.pipeline);
      if (member.me || refused) continue;
      std::string why = lag_of(member.name, code.pipeline, notes);
      if (!why.empty()) lags.push_back({&code, member.name, std::move(why)});
    }
  }
  return lags;
}

void Swap::note_gone(const std::set<std::string>& names) {
  if (names.empty()) return;
  const auto members = store_.members();
  if (!members) return;
  for (const std::string& name : names) {
    if (std::ranges::find(*members, name, &store::Store::Member::name) == members->end())
      gone_.insert(name);
  }
}

void Swap::warn_of_gone(std::vector<FreshCode>& fresh) const {
  for (FreshCode& code : fresh) {
    if (!code.built) continue;
    for (const std::string& member : gone_) {
      report(code, changed_filter(code), member, "");
      code.outcome.back().warning = "the member has gone without having followed";
    }
  }
}

void Swap::await_swaps(const Outcomes& outcomes, std::vector<FreshCode>& fresh) {
  const TimePoint end = Clock::now() + kSwapMax;
  std::set<std::string> waited_for;
  while (true) {
    const auto lags = find_lags(outcomes, fresh);
    if (lags && lags->empty()) return note_gone(waited_for);
    for (const Lag& lag : lags.value_or(std::vector<Lag>())) waited_for.insert(lag.member);
    if (Clock::now() >= end || claims_.has_ended()) {
      for (const Lag& lag : lags.value_or(std::vector<Lag>()))
        report(*lag.code, changed_filter(*lag.code), lag.member, lag.why);
      return;
    }
    std::this_thread::sleep_for(kLookPeriod);
  }
}

}  // namespace sluice::control
