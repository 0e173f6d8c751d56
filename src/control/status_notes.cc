// SPDX-License-Identifier: Apache-2.0
#include "control/status_notes.h"

#include <nlohmann/json.hpp>

#include "base/utf8.h"
#include "control/stored_names.h"
#include "control/validation.h"

namespace sluice::control {
namespace {

constexpr std::size_t kErrorBytesMax = 1000;  // of a note, so that etcd holds many
constexpr std::size_t kWarningsMax = 5;

std::string note_key(const std::string& object) { return std::string(kStatusNotes) + object; }

}  // namespace

std::string StatusNotes::text_of(const Object& object) const {
  const auto [word, error] = publisher_.state_of(object);
  const auto code = code_hashes(object.runs() ? object.prototype->pins() : Json());
  Json note = {{"state", word},
               {"error", error.substr(0, kErrorBytesMax)},
               {"version", object.version},
               {"pinsVersion", object.pins_version},
               {"code", code}};
  Json warnings = Json::array();
  for (const std::string& warning : object.warnings) {
    if (warnings.size() < kWarningsMax) warnings.push_back(utf8_prefix(warning, kErrorBytesMax));
  }
  for (std::string& warning : loose_ends(object, publisher_.objects())) {
    if (warnings.size() < kWarningsMax) warnings.push_back(std::move(warning));
  }
  if (!warnings.empty()) note["warnings"] = std::move(warnings);
  return note.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void StatusNotes::update() {
  if (!store_.is_shared()) return;
  std::map<std::string, std::string> now;
  for (const auto& [name, object] : publisher_.objects()) now.emplace(name, text_of(*object));
  for (const auto& [name, text] : now) {
    const auto before = said_.find(name);
    if (before == said_.end() || before->second != text) store_.set_note(note_key(name), text);
  }
  for (const auto& [name, text] : said_) {
    if (!now.contains(name)) store_.set_note(note_key(name), std::nullopt);
  }
  said_ = std::move(now);
}

}  // namespace sluice::control
