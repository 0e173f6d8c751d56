// SPDX-License-Identifier: Apache-2.0
#include "control/custom_edit.h"

#include <map>
#include <nlohmann/json.hpp>
#include <utility>

namespace sluice::control {
namespace {

using Items = CustomState::Items;

Result<CustomState::OfKind> of_kind(const CustomState& state, const std::string& name) {
  const auto found = state.kinds.find(name);
  return found != state.kinds.end() ? Result<CustomState::OfKind>(found->second)
                                    : no_custom_kind(name);
}

Result<void> check_mode(ApplyMode mode, bool there, const std::string& label) {
  if (mode == ApplyMode::create && there) {
    return fail(ErrorKind::conflict,
                "conflict name: " + label + "; `egctl apply` changes what is there");
  }
  if (mode == ApplyMode::update && !there) return fail(ErrorKind::not_found, "not found: " + label);
  return {};
}

CustomState with_items(const CustomState& state, const std::string& kind, Items items) {
  CustomState next = state;
  next.kinds.find(kind)->second.items = std::make_shared<const Items>(std::move(items));
  return next;
}

bool same_but_for_time(const CustomKind& a, const CustomKind& b) {
  Json left = a.spec;
  Json right = b.spec;
  left.erase("createdAt");
  right.erase("createdAt");
  return left == right;
}

// The items that are there have to fit their kind as it is to be.
void check_items(const CustomKind& kind, const Items& items, config::Faults& faults) {
  for (const auto& [id, item] : items) {
    const std::string path = "item " + config::quote(id);
    if (id_of(kind, *item) != id) {
      faults.add(path, "has another id by " + config::quote(kind.id_field) +
                           ": idField cannot change while there are items");
    } else {
      check_custom_item(kind, *item, path, faults);
    }
  }
}

Result<void> put_kind(CustomState& next, const std::shared_ptr<const CustomKind>& kind,
                      ApplyMode mode) {
  const auto there = next.kinds.find(kind->name);
  SLUICE_CHECK(
      check_mode(mode, there != next.kinds.end(), std::string(kCustomDataKind) + " " + kind->name));
  if (there == next.kinds.end()) {
    next.kinds.emplace(kind->name, CustomState::OfKind{kind, std::make_shared<const Items>()});
    return {};
  }
  if (same_but_for_time(*there->second.kind, *kind)) return {};
  config::Faults faults;
  check_items(*kind, *there->second.items, faults);
  if (!faults.empty()) return std::unexpected(faults.to_error());
  there->second.kind = kind;
  return {};
}

// The items of `list` by id.
std::map<std::string, std::shared_ptr<const Json>> read_list(const CustomKind& kind,
                                                             const std::vector<config::Value>& list,
                                                             config::Faults& faults) {
  std::map<std::string, std::shared_ptr<const Json>> given;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string path = "list[" + std::to_string(i) + "]";
    Json item = custom_item(kind, list[i], path, faults);
    std::string id = id_of(kind, item);
    if (id.empty()) continue;
    const bool is_new = given.emplace(id, std::make_shared<const Json>(std::move(item))).second;
    if (!is_new) faults.add(path, config::quote(id) + " is given twice");
  }
  return given;
}

Result<CustomState> change_items(const CustomState& now, const std::string& name,
                                 const CustomChange& change) {
  SLUICE_TRY(const CustomState::OfKind here, of_kind(now, name));
  config::Faults faults;
  if (!change.kind.empty() && change.kind != name)
    faults.add("name",
               "inconsistent name in url and body: \"" + name + "\", \"" + change.kind + "\"");
  auto given = read_list(*here.kind, change.list, faults);
  for (std::size_t i = 0; i < change.erase.size(); ++i) {
    if (given.contains(change.erase[i]))
      faults.add("delete[" + std::to_string(i) + "]",
                 config::quote(change.erase[i]) + " stands in list, too");
  }
  if (!faults.empty()) return std::unexpected(faults.to_error());
  Items items = change.rebuild ? Items() : *here.items;
  for (const std::string& id : change.erase) items.erase(id);
  for (auto& [id, item] : given) items.insert_or_assign(id, std::move(item));
  return with_items(now, name, std::move(items));
}

}  // namespace

std::unexpected<Error> no_custom_kind(const std::string& name) {
  return fail(ErrorKind::not_found, "not found: CustomDataKind " + name);
}

std::unexpected<Error> no_custom_item(const std::string& kind, const std::string& id) {
  return fail(ErrorKind::not_found, "not found: CustomData " + kind + " " + id);
}

CustomEdit put_custom_kinds(std::vector<std::shared_ptr<const CustomKind>> kinds, ApplyMode mode) {
  return [kinds = std::move(kinds), mode](const CustomState& now) -> Result<CustomState> {
    CustomState next = now;
    for (const auto& kind : kinds) SLUICE_CHECK(put_kind(next, kind, mode));
    return next;
  };
}

CustomEdit erase_custom_kind(std::string name) {
  return [name = std::move(name)](const CustomState& now) -> Result<CustomState> {
    CustomState next = now;
    if (next.kinds.erase(name) == 0) return no_custom_kind(name);
    return next;
  };
}

CustomEdit erase_all_custom_kinds() {
  return [](const CustomState&) -> Result<CustomState> { return CustomState(); };
}

CustomEdit put_custom_item(std::string kind, config::Value item, ApplyMode mode) {
  return [kind = std::move(kind), item = std::move(item),
          mode](const CustomState& now) -> Result<CustomState> {
    SLUICE_TRY(const CustomState::OfKind here, of_kind(now, kind));
    config::Faults faults;
    auto made = std::make_shared<const Json>(custom_item(*here.kind, item, "", faults));
    if (!faults.empty()) return std::unexpected(faults.to_error());
    const std::string id = id_of(*here.kind, *made);
    SLUICE_CHECK(check_mode(mode, here.items->contains(id), "CustomData " + kind + " " + id));
    Items items = *here.items;
    items.insert_or_assign(id, std::move(made));
    return with_items(now, kind, std::move(items));
  };
}

CustomEdit erase_custom_item(std::string kind, std::string id) {
  return
      [kind = std::move(kind), id = std::move(id)](const CustomState& now) -> Result<CustomState> {
        SLUICE_TRY(const CustomState::OfKind here, of_kind(now, kind));
        Items items = *here.items;
        if (items.erase(id) == 0) return no_custom_item(kind, id);
        return with_items(now, kind, std::move(items));
      };
}

CustomEdit erase_all_custom_items(std::string kind) {
  return [kind = std::move(kind)](const CustomState& now) -> Result<CustomState> {
    SLUICE_TRY(const CustomState::OfKind here, of_kind(now, kind));
    return with_items(now, kind, Items());
  };
}

CustomEdit change_custom_items(std::string kind, CustomChange change) {
  return [kind = std::move(kind), change = std::move(change)](const CustomState& now) {
    return change_items(now, kind, change);
  };
}

}  // namespace sluice::control
