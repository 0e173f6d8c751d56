// SPDX-License-Identifier: Apache-2.0
#include "control/code_history.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "control/kinds/pipeline.h"
#include "pipeline/with_code.h"

namespace sluice::control {
namespace {

constexpr const char* kHash = "sha256";
constexpr const char* kRolledBack = "rolledBack";
constexpr std::size_t kShownHashDigits = 12;

std::string hash_in(const Json& entry) {
  return entry.is_object() ? entry.value(kHash, std::string()) : std::string();
}

bool is_rolled_back(const Json& entry) { return entry.contains(kRolledBack); }

std::string name_or_dash(const std::string& by) { return by.empty() ? "-" : by; }

std::string pin_text(const Object& object, const std::string& filter, const char* field) {
  const auto pin = object.pins.find(filter);
  if (pin == object.pins.end() || !pin->is_object()) return "";
  const auto found = pin->find(field);
  return found != pin->end() && found->is_string() ? found->get<std::string>() : "";
}

// RFC 3339 in UTC, with milliseconds: texts in the order of their times.
std::string utc_text(std::chrono::system_clock::time_point when) {
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(when).time_since_epoch().count();
  const std::time_t seconds = static_cast<std::time_t>(ms / 1000);
  std::tm date{};
  gmtime_r(&seconds, &date);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &date);
  const std::string digits = std::to_string(1000 + ms % 1000);
  return std::string(text.data()) + "." + digits.substr(1) + "Z";
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
  const auto* prototype = running ? running->find(filter) : nullptr;
  if (const auto* code = dynamic_cast<const pipeline::WithCode*>(prototype)) {
    const pipeline::CodeFacts facts = code->code_facts();
    entry["source"] = facts.source;
    entry["place"] = facts.place;
    entry["bytes"] = facts.bytes;
  }
  return entry;
}

// The entries that stay whatever the bounds say.
std::set<std::size_t> kept_in_any_case(const Json& codes) {
  std::set<std::size_t> kept;
  const std::size_t count = codes.size();
  for (std::size_t i = count - std::min<std::size_t>(count, 2); i < count; ++i) kept.insert(i);
  for (std::size_t i = count; i-- > 0;) {
    if (i + 1 == count || is_rolled_back(codes[i])) continue;
    kept.insert(i);
    break;
  }
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
  if (!codes.empty() && change.rolls_back()) {
    codes.back()[kRolledBack] = {{"at", now}, {"by", name_or_dash(change.by)}, {"why", change.why}};
  }
  for (std::size_t i = 0; i < codes.size(); ++i) {
    if (hash_in(codes[i]) != hash_in(fresh)) continue;
    Json known = codes[i];
    codes.erase(i);
    known.erase(kRolledBack);
    for (const char* field : {"at", "by", "how"}) known[field] = fresh[field];
    if (!change.rolls_back()) {
      for (const char* field : {"source", "place", "bytes"}) known[field] = fresh[field];
    }
    fresh = std::move(known);
    break;
  }
  codes.push_back(std::move(fresh));
  trim(codes);
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
    Json codes = before != nullptr ? codes_of(*before, filter) : Json::array();
    if (codes.empty() || hash_in(codes.back()) != hash)
      put_last(codes, object, filter, change, now);
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
  for (std::size_t i = codes.size(); i-- > 0;) {
    if (i + 1 < codes.size() && !is_rolled_back(codes[i])) return hash_in(codes[i]);
  }
  return fail(ErrorKind::not_found,
              codes.size() < 2 ? "filter " + filter + " has run no other code that is kept"
                               : "filter " + filter +
                                     " has no earlier code that was not rolled back: name one of "
                                     "`egctl wasm history` with --to HASH");
}

Json rolled_back_pins(const Object& object, const std::string& filter, const std::string& to,
                      const CodeChange& change, const std::string& now) {
  Json pins = object.pins;
  Json& pin = pins[filter];
  pin["rolledBackFrom"] = hash_in(pin);
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
