// SPDX-License-Identifier: Apache-2.0
#include "pipeline/custom_data.h"

#include <nlohmann/json.hpp>

namespace sluice::pipeline {

const Json* CustomDataSnapshot::find(std::string_view kind, std::string_view id) const {
  const auto items = kinds_.find(kind);
  if (items == kinds_.end()) return nullptr;
  const auto item = items->second->find(id);
  return item != items->second->end() ? item->second.get() : nullptr;
}

std::shared_ptr<const CustomDataSnapshot::Items> CustomDataSnapshot::items(
    std::string_view kind) const {
  const auto found = kinds_.find(kind);
  return found != kinds_.end() ? found->second : nullptr;
}

}  // namespace sluice::pipeline
