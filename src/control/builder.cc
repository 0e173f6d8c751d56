// SPDX-License-Identifier: Apache-2.0
#include "control/builder.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "config/formats.h"
#include "config/from_json.h"
#include "control/code_history.h"
#include "control/custom_kind.h"
#include "pipeline/later_kinds.h"

namespace sluice::control {
namespace {

// "A, B or C"
std::string list_of(const ObjectKinds& kinds, const char* last) {
  std::string list;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    if (i > 0) list += i + 1 < kinds.size() ? ", " : last;
    list += kinds[i].kind;
  }
  return list;
}

void check_name(const std::string& name, config::Faults& faults) {
  if (name.empty()) return faults.add("name", "is required");
  if (const auto reason = config::check_format(config::Format::name, name))
    faults.add("name", *reason);
}

// Adds the faults of a document whose kind is missing or not known.
void refuse_kind(const std::string& kind, const ObjectKinds& kinds, config::Faults& faults) {
  if (kind.empty()) return faults.add("kind", "is required (" + list_of(kinds, " or ") + ")");
  if (kind == kCustomDataKind)
    return faults.add("kind",
                      "CustomDataKind goes to /apis/v2/customdatakinds: egctl apply does so");
  if (kind == kCustomData)
    return faults.add("kind",
                      "CustomData goes to /apis/v2/customdata/NAME/items: egctl apply does so");
  if (const auto advice = pipeline::advice_on_absent_kind(kind); !advice.empty())
    return faults.add("kind", kind + " is not there: " + std::string(advice));
  std::vector<std::string_view> known;
  for (const ObjectKind& each : kinds) known.emplace_back(each.kind);
  faults.add("kind", "kind \"" + kind + "\" not found" + config::suggestion(kind, known) +
                         " (kinds: " + list_of(kinds, ", ") + ")");
}

bool holds_server_options(const config::Value& document) {
  return std::ranges::any_of(std::array{"api-addr", "home-dir", "cluster-name", "data-dir"},
                             [&](const char* key) { return document.find(key) != nullptr; });
}

}  // namespace

Result<const ObjectKind*> ObjectBuilder::kind(std::string_view kind) const {
  const auto found = std::ranges::find(kinds_, kind, &ObjectKind::kind);
  if (found != kinds_.end()) return &*found;
  return fail(ErrorKind::not_found, "kind \"" + std::string(kind) + "\" not found");
}

Json ObjectBuilder::filter_schema(const std::string& kind) const {
  for (const auto& each : filters_) {
    if (each->name() == kind) return each->schema();
  }
  return {};
}

std::shared_ptr<Object> ObjectBuilder::build(const config::Value& document,
                                             const Background& background,
                                             config::Faults& faults) const {
  if (document.kind != config::Value::Kind::map) {
    faults.add("", "an object must be a map with name and kind");
    return nullptr;
  }
  auto object = std::make_shared<Object>();
  object->name = name_of(document);
  object->kind = kind_of(document);
  const auto known = kind(object->kind);
  if (!known) {
    check_name(object->name, faults);
    if (object->kind.empty() && holds_server_options(document)) {
      faults.add("", "these are options of the server, for sluice-server --config-file");
    } else {
      refuse_kind(object->kind, kinds_, faults);
    }
    return nullptr;
  }
  auto draft = states_ != nullptr && !background.anew ? states_->draft(object->name)
                                                      : pipeline::StateDraft();
  object->prototype = (*known)->build(
      document, {filters_, core_count_, draft.scope(), background, bind_address_}, faults);
  if (!object->prototype) return nullptr;
  object->states = std::move(draft).finish();
  object->spec = object->prototype->spec();
  object->pins = object->prototype->pins();
  object->warnings = faults.warnings();
  return object;
}

std::shared_ptr<Object> ObjectBuilder::build_stored(const Object& stored,
                                                    const Background& background,
                                                    config::Faults& faults) const {
  const auto records = code_records(stored);
  Background its = background;
  its.records = &records;
  auto built = build(config::from_json(stored.spec), its, faults);
  if (!built) return nullptr;
  built->spec["createdAt"] = stored.spec.value("createdAt", "");
  built->version = stored.version;
  built->pins_version = stored.pins_version;
  built->history = stored.history;
  built->history_version = stored.history_version;
  return built;
}

}  // namespace sluice::control
