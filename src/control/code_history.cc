// SPDX-License-Identifier: Apache-2.0
#include "control/code_history.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "control/kinds/pipeline.h"
#include "control/utc_text.h"
#include "pipeline/with_code.h"

namespace sluice::control {
namespace {

constexpr const char* kHash = "sha256";
constexpr const char* kRolledBack = "rolledBack";
constexpr const char* kRolledBackFrom = "rolledBackFrom";  // of a pin
constexpr const char* kPinKind = "kind";                   // of a pin; "": WasmHost
constexpr const char* kTrial = "trial";
constexpr const char* kRunning = "running";
constexpr const char* kPassed = "passed";
constexpr const char* kFailed = "failed";
constexpr const char* kReplaced = "replaced";
constexpr std::string_view kAutomaticRollback = "automatic rollback";
constexpr std::size_t kShownHashDigits = 12;

std::string hash_in(const Json& entry) {
  return entry.is_object() ? entry.value(kHash, std::string()) : std::string();
}

bool is_rolled_back(const Json& entry) { return entry.contains(kRolledBack); }

std::string trial_in(const Json& entry) { return entry.value(kTrial, std::string()); }

bool is_found_good(const Json& entry) {
  const std::string trial = trial_in(entry);
  return !is_rolled_back(entry) && (trial.empty() || trial == kPassed);
}

std::string name_or_dash(const std::string& by) { return by.empty() ? "-" : by; }

std::string pin_text(const Object& object, const std::string& filter, const char* field) {
  const auto pin = object.pins.find(filter);
  if (pin == object.pins.end() || !pin->is_object()) return "";
  const auto found = pin->find(field);
  return found != pin->end() && found->is_string() ? found->get<std::string>() : "";
}

// Null: the filter does not run, or has no code.
const pipeline::WithCode* code_in(const pipeline::PipelinePrototype* running,
                                  const std::string& filter) {
  return running != nullptr ? dynamic_cast<const pipeline::WithCode*>(running->find(filter))
                            : nullptr;
}

// Of the code `hash`, if `object` runs it.
pipeline::TrialState trial_of(const Object& object, const std::string& filter,
                              const std::string& hash) {
  const auto running = pipeline_of(object);
  const auto* code = code_in(running.get(), filter);
  if (code == nullptr || running->find(filter)->pin().value(kHash, "") != hash)
    return pipeline::TrialState::none;
  return code->trial_state();
}

// `entry`, with the state of its trial on this member. The result of another member stays.
Json with_trial(Json entry, const Object& object, const std::string& filter) {
  const std::string said = trial_in(entry);
  switch (trial_of(object, filter, hash_in(entry))) {
    case pipeline::TrialState::running:
      if (said.empty()) entry[kTrial] = kRunning;
      break;
    case pipeline::TrialState::passed:
      if (said == kRunning) entry[kTrial] = kPassed;
      break;
    case pipeline::TrialState::failed:
      entry[kTrial] = kFailed;
      break;
    case pipeline::TrialState::none:
      break;
  }
  return entry;
}

// The code of `object`, as an entry of somebody's change.
Json entry_of(const Object& object, const std::string& filter, const std::string& at,
              const CodeChange& change) {
  Json entry = {{kHash, pin_text(object, filter, kHash)},
                {"firstAt", at},
                {"firstBy", name_or_dash(change.by)},
                {"at", at},
                {"by", name_or_dash(change.by)},
                {"how", change.how.empty() ? "start" : change.how},
                {"source", ""},
                {"place", ""},
                {"bytes", 0}};
  const auto running = pipeline_of(object);
  if (const auto* code = code_in(running.get(), filter)) {
    const pipeline::CodeFacts facts = code->code_facts();
    entry["source"] = facts.source;
    entry["place"] = facts.place;
    entry["bytes"] = facts.bytes;
  }
  return entry;
}

// The newest entry before the last one that is `wanted`.
std::optional<std::size_t> newest_before(const Json& codes, bool (*wanted)(const Json& entry)) {
  for (std::size_t i = codes.size(); i-- > 0;) {
    if (i + 1 < codes.size() && wanted(codes[i])) return i;
  }
  return std::nullopt;
}

bool is_not_rolled_back(const Json& entry) { return !is_rolled_back(entry); }

// The entries that stay whatever the bounds say.
std::set<std::size_t> kept_in_any_case(const Json& codes) {
  std::set<std::size_t> kept;
  const std::size_t count = codes.size();
  for (std::size_t i = count - std::min<std::size_t>(count, 2); i < count; ++i) kept.insert(i);
  if (const auto target = newest_before(codes, is_not_rolled_back)) kept.insert(*target);
  if (const auto target = newest_before(codes, is_found_good)) kept.insert(*target);
  return kept;
}

bool is_over_bounds(const Json& codes) {
  std::uint64_t bytes = 0;
  for (const Json& entry : codes) bytes += entry.value("bytes", std::uint64_t{0});
  return codes.size() > kCodesKeptMax || bytes > kCodeBytesKeptMax;
}

void trim(Json& codes) {
  while (is_over_bounds(codes)) {
    const auto kept = kept_in_any_case(codes);
    std::size_t oldest = 0;
    while (oldest < codes.size() && kept.contains(oldest)) ++oldest;
    if (oldest == codes.size()) return;
    codes.erase(oldest);
  }
}

// Puts the code of `object` behind all others. A code that ran before keeps what is known of it.
void put_last(Json& codes, const Object& object, const std::string& filter,
              const CodeChange& change, const std::string& now) {
  Json fresh = entry_of(object, filter, now, change);
  const bool by_itself = change.how == kAutomaticRollback;
  const bool other = !codes.empty() && hash_in(codes.back()) != hash_in(fresh);
  if (other && change.rolls_back()) {
    codes.back()[kRolledBack] = {{"at", now}, {"by", name_or_dash(change.by)}, {"why", change.why}};
  }
  if (other && trial_in(codes.back()) == kRunning)
    codes.back()[kTrial] = by_itself ? kFailed : kReplaced;
  for (std::size_t i = 0; i < codes.size(); ++i) {
    if (hash_in(codes[i]) != hash_in(fresh)) continue;
    Json known = codes[i];
    codes.erase(i);
    known.erase(kRolledBack);
    if (!by_itself) known.erase(kTrial);
    for (const char* field : {"at", "by", "how"}) known[field] = fresh[field];
    if (!change.rolls_back()) {
      for (const char* field : {"source", "place", "bytes"}) known[field] = fresh[field];
    }
    fresh = std::move(known);
    break;
  }
  codes.push_back(change.rolls_back() ? std::move(fresh)
                                      : with_trial(std::move(fresh), object, filter));
  trim(codes);
}

// Each kind keeps its code by itself, and runs no code of another one. So the history of a filter
// that is of another kind now begins anew.
Json codes_before(const Object* before, const Object& object, const std::string& filter) {
  const bool goes_on = before != nullptr &&
                       pin_text(*before, filter, kPinKind) == pin_text(object, filter, kPinKind);
  return goes_on ? codes_of(*before, filter) : Json::array();
}

// True if the source has been read again, and holds the code that was put back.
bool ends_rollback(const Object& before, const Object& object, const std::string& filter) {
  return !pin_text(before, filter, kRolledBackFrom).empty() &&
         pin_text(object, filter, kRolledBackFrom).empty();
}

// True if the source of the filter has been read since, and held other code.
bool source_was_renewed(const Json& codes, const Json& rolled_back) {
  const std::string since = rolled_back[kRolledBack].value("at", "");
  return std::ranges::any_of(codes, [&since](const Json& entry) {
    const std::string how = entry.value("how", "");
    return (how == "reload" || how == "apply") && entry.value("at", "") > since;
  });
}

std::unexpected<Error> no_code(const std::string& filter, const std::string& wanted) {
  return fail(ErrorKind::not_found, "filter " + filter +
                                        " has no kept code whose hash begins with " + wanted +
                                        "; `egctl wasm history` lists what is kept");
}

}  // namespace

Json codes_of(const Object& object, const std::string& filter) {
  Json codes =
      object.history.is_object() ? object.history.value(filter, Json::array()) : Json::array();
  if (!codes.is_array()) codes = Json::array();
  const std::string running = pin_text(object, filter, kHash);
  if (!running.empty() && (codes.empty() || hash_in(codes.back()) != running))
    codes.push_back(entry_of(object, filter, pin_text(object, filter, "loadedAt"), {}));
  return codes;
}

Json history_after(const Object* before, const Object& object, const CodeChange& change,
                   const std::string& now) {
  if (!is_pipeline(object)) return nullptr;
  Json history = Json::object();
  for (const auto& [filter, hash] : code_hashes(object.pins)) {
    Json codes = codes_before(before, object, filter);
    if (!codes.empty()) codes.back() = with_trial(std::move(codes.back()), *before, filter);
    if (codes.empty() || hash_in(codes.back()) != hash || ends_rollback(*before, object, filter))
      put_last(codes, object, filter, change, now);
    else
      codes.back() = with_trial(std::move(codes.back()), object, filter);
    history[filter] = std::move(codes);
  }
  return history.empty() ? Json() : history;
}

std::shared_ptr<const Object> with_history(std::shared_ptr<const Object> object,
                                           const Object* before, const CodeChange& change) {
  Json history = history_after(before, *object, change, utc_text(std::chrono::system_clock::now()));
  if (history == object->history) return object;
  auto next = std::make_shared<Object>(*object);
  next->history = std::move(history);
  return next;
}

Result<std::string> find_code(const Object& object, const std::string& filter,
                              const std::string& wanted) {
  std::vector<std::string> found;
  for (const Json& entry : codes_of(object, filter)) {
    if (hash_in(entry).starts_with(wanted)) found.push_back(hash_in(entry));
  }
  if (found.empty()) return no_code(filter, wanted);
  if (found.size() == 1) return found.front();
  return fail(ErrorKind::invalid,
              "several kept codes begin with " + wanted + ": give more digits of the hash");
}

Result<std::string> rollback_target(const Object& object, const std::string& filter,
                                    const std::string& wanted) {
  const Json codes = codes_of(object, filter);
  const std::string running = codes.empty() ? "" : hash_in(codes.back());
  if (!wanted.empty()) {
    SLUICE_TRY(std::string hash, find_code(object, filter, wanted));
    if (hash != running) return hash;
    return fail(ErrorKind::conflict,
                "filter " + filter + " runs " + hash.substr(0, kShownHashDigits) + " already");
  }
  if (const auto target = newest_before(codes, is_not_rolled_back)) return hash_in(codes[*target]);
  return fail(ErrorKind::not_found,
              codes.size() < 2 ? "filter " + filter + " has run no other code that is kept"
                               : "filter " + filter +
                                     " has no earlier code that was not rolled back: name one of "
                                     "`egctl wasm history` with --to HASH");
}

Result<std::string> proven_target(const Object& object, const std::string& filter) {
  const Json codes = codes_of(object, filter);
  if (const auto target = newest_before(codes, is_found_good)) return hash_in(codes[*target]);
  return fail(ErrorKind::not_found,
              "none of the codes that ran before, and are kept, was found good");
}

bool has_trial_news(const Object& object) {
  return std::ranges::any_of(code_hashes(object.pins), [&object](const auto& each) {
    const Json codes = codes_of(object, each.first);
    return !codes.empty() && with_trial(codes.back(), object, each.first) != codes.back();
  });
}

pipeline::CodeRecords code_records(const Object& object) {
  pipeline::CodeRecords records;
  for (const auto& [filter, hash] : code_hashes(object.pins)) {
    const Json codes = codes_of(object, filter);
    const std::string trial = codes.empty() ? "" : trial_in(codes.back());
    pipeline::CodeRecord& record = records[filter];
    record.sha256 = hash;
    record.on_trial = trial == kRunning || trial == kFailed;
    for (const Json& entry : codes) {
      if (is_rolled_back(entry) && !source_was_renewed(codes, entry))
        record.refused.insert(hash_in(entry));
    }
  }
  return records;
}

std::string rolled_back_note(const Object& object, const std::string& filter,
                             const std::string& hash) {
  for (const Json& entry : codes_of(object, filter)) {
    if (hash_in(entry) != hash || !is_rolled_back(entry)) continue;
    const Json& back = entry[kRolledBack];
    const std::string by = back.value("by", "-");
    const std::string why = back.value("why", "");
    std::string text = hash.substr(0, kShownHashDigits) + " was rolled back";
    if (by != "-")
      text += " by " + by;
    else if (!why.empty())
      text += " by itself";
    text += " at " + back.value("at", "");
    return text + (why.empty() ? "" : " (" + why + ")") + ", and is not judged again";
  }
  return "";
}

Json rolled_back_pins(const Object& object, const std::string& filter, const std::string& to,
                      const CodeChange& change, const std::string& now) {
  Json pins = object.pins;
  Json& pin = pins[filter];
  pin[kRolledBackFrom] = hash_in(pin);
  pin[kHash] = to;
  pin["loadedAt"] = now;
  pin.erase("uploaded");
  pin.erase("why");
  if (!change.why.empty()) pin["why"] = change.why;
  return pins;
}

void add_hashes(const Json& history, std::set<std::string>& hashes) {
  if (!history.is_object()) return;
  for (const auto& [filter, codes] : history.items()) {
    for (const Json& entry : codes) {
      if (std::string hash = hash_in(entry); !hash.empty()) hashes.insert(std::move(hash));
    }
  }
}

}  // namespace sluice::control
