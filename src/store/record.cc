// SPDX-License-Identifier: Apache-2.0
#include "store/record.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace sluice::store {

RecordRef Record::make(std::string_view key, std::string_view value) {
  const std::size_t size = std::max(sizeof(Record), kHeader + key.size() + value.size());
  auto* record = new (::operator new(size))
      Record(static_cast<std::uint32_t>(key.size()), static_cast<std::uint32_t>(value.size()));
  char* bytes = const_cast<char*>(record->bytes());
  if (!key.empty()) std::memcpy(bytes, key.data(), key.size());
  if (!value.empty()) std::memcpy(bytes + key.size(), value.data(), value.size());
  return RecordRef::adopt(record);
}

void Record::destroy() const {
  this->~Record();
  ::operator delete(const_cast<Record*>(this));
}

}  // namespace sluice::store
