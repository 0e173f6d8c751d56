// SPDX-License-Identifier: Apache-2.0
#include "control/custom_preview.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "control/custom_edit.h"
#include "control/custom_kind.h"

namespace sluice::control {
namespace {

std::string text_of(const config::Value& document, std::string_view name) {
  const config::Value* value = document.find(name);
  return value == nullptr ? "" : value->scalar;
}

Json kind_document(const CustomState& state, const std::string& name) {
  const auto found = state.kinds.find(name);
  if (found == state.kinds.end()) return nullptr;
  Json spec = found->second.kind->spec;
  spec.erase("createdAt");
  return spec;
}

Json items_document(const std::string& name, Json items) {
  if (items.empty()) return nullptr;
  return {{"kind", kCustomData}, {"name", name}, {"list", std::move(items)}};
}

class Previewer {
 public:
  Previewer(ApplyMode mode, CustomGround ground) : mode_(mode), ground_(std::move(ground)) {}

  // Faults begin with `place`.
  Result<CustomPreview> take(const config::Value& document, const std::string& place) {
    auto preview =
        text_of(document, "kind") == kCustomData ? take_items(document) : take_kind(document);
    if (preview) return preview;
    Error error = std::move(preview).error();
    if (error.details.empty()) error.details.push_back(error.message);
    for (std::string& line : error.details) line = place + line;
    return std::unexpected(std::move(error));
  }

 private:
  Result<CustomPreview> take_kind(const config::Value& document) {
    config::Faults faults;
    const auto kind = build_custom_kind(document, faults);
    if (!faults.empty()) return std::unexpected(faults.to_error());
    CustomPreview preview{.kind = std::string(kCustomDataKind), .name = kind->name};
    preview.before = kind_document(ground_.state, kind->name);
    SLUICE_CHECK(make(put_custom_kinds({kind}, mode_)));
    preview.after = kind_document(ground_.state, kind->name);
    preview.change = preview.before.is_null()          ? "created"
                     : preview.before == preview.after ? "unchanged"
                                                       : "updated";
    return preview;
  }

  Result<CustomPreview> take_items(const config::Value& document) {
    config::Faults faults;
    CustomChange change = read_custom_change(document, faults);
    if (faults.empty() && change.kind.empty()) faults.add("name", "is required");
    if (!faults.empty()) return std::unexpected(faults.to_error());
    CustomPreview preview{.kind = std::string(kCustomData), .name = change.kind};
    if (!ground_.knows_all && !ground_.state.kinds.contains(change.kind)) {
      preview.warnings.push_back(
          "name: CustomDataKind " + change.kind +
          " is not in the files, so its items are checked by the server only");
      return preview;
    }
    const CustomState was = ground_.state;
    SLUICE_CHECK(make(change_custom_items(preview.name, std::move(change))));
    compare(was, preview);
    return preview;
  }

  // Puts the state after `edit` in the place of the one before it, as far as it can be one change.
  Result<void> make(const CustomEdit& edit) {
    SLUICE_TRY(const CustomState next, edit(ground_.state));
    const auto changes = changes_between(ground_.state, next);
    std::vector<std::string> unread;
    CustomState after = with_changes(ground_.state, changes, unread);
    SLUICE_CHECK(check_bounds(after));
    if (first_step(changes).size() < changes.size()) return too_much_for_one_change();
    ground_.state = std::move(after);
    return {};
  }

  void compare(const CustomState& was, CustomPreview& preview) const {
    const CustomState::Items& old_items = *was.kinds.at(preview.name).items;
    const CustomState::Items& new_items = *ground_.state.kinds.at(preview.name).items;
    Json before = Json::array();
    Json after = Json::array();
    for (const auto& [id, item] : old_items) {
      const auto now = new_items.find(id);
      if (now != new_items.end() && *now->second == *item) continue;
      before.push_back(*item);
      if (now == new_items.end()) ++preview.deleted;
    }
    for (const auto& [id, item] : new_items) {
      const auto then = old_items.find(id);
      if (then != old_items.end() && *then->second == *item) continue;
      after.push_back(*item);
      ++preview.put;
    }
    preview.change = preview.put + preview.deleted == 0 ? "unchanged" : "updated";
    preview.before = items_document(preview.name, std::move(before));
    preview.after = items_document(preview.name, std::move(after));
  }

  ApplyMode mode_;
  CustomGround ground_;
};

}  // namespace

Result<std::vector<CustomPreview>> preview_custom(const std::vector<config::Value>& documents,
                                                  ApplyMode mode, CustomGround ground) {
  Previewer previewer(mode, std::move(ground));
  std::vector<CustomPreview> previews;
  Error all{ErrorKind::invalid, "", {}};
  for (const bool items : {false, true}) {
    for (std::size_t i = 0; i < documents.size(); ++i) {
      if ((text_of(documents[i], "kind") == kCustomData) != items) continue;
      const std::string place =
          documents.size() > 1 ? "document " + std::to_string(i + 1) + ", " : "";
      auto preview = previewer.take(documents[i], place);
      if (preview) {
        previews.push_back(*std::move(preview));
      } else if (preview.error().kind != ErrorKind::invalid) {
        return std::unexpected(std::move(preview).error());
      } else {
        for (std::string& line : preview.error().details) all.details.push_back(std::move(line));
      }
    }
    // Without a kind, the faults of its items would be echoes.
    if (!all.details.empty()) {
      all.message = all.details.size() == 1 ? all.details.front()
                                            : std::to_string(all.details.size()) + " errors";
      return std::unexpected(std::move(all));
    }
  }
  return previews;
}

}  // namespace sluice::control
