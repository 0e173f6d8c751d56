// SPDX-License-Identifier: Apache-2.0
#include "control/announcement.h"

#include <nlohmann/json.hpp>

namespace sluice::control {
namespace {

std::string text_in(const Json& map, const char* key) {
  const auto found = map.find(key);
  return found != map.end() && found->is_string() ? found->get<std::string>() : "";
}

std::int64_t number_in(const Json& map, const char* key) {
  const auto found = map.find(key);
  return found != map.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

std::string dump_note(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string Announcement::encode() const {
  Json proposals = Json::object();
  for (const auto& [name, proposal] : objects)
    proposals[name] = {{"version", proposal.version}, {"pins", proposal.pins}};
  return dump_note(
      {{"id", id}, {"member", member}, {"incarnation", incarnation}, {"objects", proposals}});
}

std::optional<Announcement> Announcement::decode(std::string_view text, store::Version version) {
  const Json value = Json::parse(text, nullptr, false);
  if (!value.is_object()) return std::nullopt;
  Announcement announcement;
  announcement.id = text_in(value, "id");
  announcement.member = text_in(value, "member");
  announcement.incarnation = text_in(value, "incarnation");
  announcement.version = version;
  announcement.seen = Clock::now();
  const auto objects = value.find("objects");
  if (objects == value.end() || !objects->is_object()) return std::nullopt;
  for (const auto& [name, proposal] : objects->items()) {
    if (!proposal.is_object() || !proposal.contains("pins")) return std::nullopt;
    announcement.objects[name] = {static_cast<store::Version>(number_in(proposal, "version")),
                                  proposal["pins"]};
  }
  return announcement;
}

std::string TrialOutcome::encode() const { return dump_note({{"id", id}, {"refused", refused}}); }

std::optional<TrialOutcome> TrialOutcome::decode(std::string_view text) {
  const Json value = Json::parse(text, nullptr, false);
  if (!value.is_object()) return std::nullopt;
  TrialOutcome outcome;
  outcome.id = text_in(value, "id");
  const auto refused = value.find("refused");
  if (refused == value.end() || !refused->is_object()) return std::nullopt;
  for (const auto& [name, why] : refused->items())
    outcome.refused[name] = why.is_string() ? why.get<std::string>() : "";
  return outcome;
}

}  // namespace sluice::control
