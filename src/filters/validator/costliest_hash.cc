// SPDX-License-Identifier: Apache-2.0
#include "filters/validator/costliest_hash.h"

#include <nlohmann/json.hpp>

#include "filters/validator/password_hash.h"

namespace sluice::filters {

std::string hash_in_item(const Json& item) {
  if (!item.is_object()) return "";
  const auto found = item.find("password");
  if (found == item.end() || !found->is_string()) return "";
  const auto& hash = found->get_ref<const std::string&>();
  return fault_of_hash(hash).empty() ? hash : "";
}

std::string CostliestHash::among(const std::shared_ptr<const Items>& items) {
  if (items == nullptr) return "";
  const MutexLock lock(mutex_);
  if (items_.lock() == items) return hash_;
  items_ = items;
  hash_.clear();
  std::uint64_t most = 0;
  for (const auto& [id, item] : *items) {
    std::string hash = hash_in_item(*item);
    const std::uint64_t work = hash.empty() ? 0 : work_of_hash(hash);
    if (work <= most) continue;
    most = work;
    hash_ = std::move(hash);
  }
  return hash_;
}

}  // namespace sluice::filters
