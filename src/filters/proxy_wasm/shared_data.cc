// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy_wasm/shared_data.h"

#include <algorithm>
#include <utility>

namespace sluice::filters::proxy_wasm {
namespace {

// By how much a value grows.
std::size_t growth(std::size_t from, std::size_t to) { return to - std::min(from, to); }

}  // namespace

bool SharedRoom::take(std::size_t bytes) {
  std::size_t used = used_.load();
  do {
    if (bytes > max_ - used) return false;
  } while (!used_.compare_exchange_weak(used, used + bytes));
  return true;
}

SharedData::~SharedData() {
  for (Retired& retired : retired_) {
    for (Value* value = retired.load(); value != nullptr;)
      delete std::exchange(value, value->older);
  }
}

std::optional<SharedData::Content> SharedData::get(std::string_view key) const {
  const Cell* cell = cells_.find(key);
  if (cell == nullptr) return std::nullopt;
  const Readers::Reading reading(readers_);
  const Value* value = cell->current.load();
  if (value == nullptr) return std::nullopt;
  return Content{value->bytes, value->number};
}

Status SharedData::set(std::string_view key, std::string_view bytes, std::uint32_t expected) {
  if (key.size() > kSharedKeyBytesMax || bytes.size() > kSharedValueBytesMax)
    return Status::bad_argument;
  Cell* cell = cells_.find(key);
  if (cell == nullptr && expected != 0) return Status::cas_mismatch;
  if (cell == nullptr) cell = add(key, bytes.size());
  if (cell == nullptr) return Status::internal_failure;
  auto made = std::make_unique<Value>();
  made->bytes = bytes;
  Status status = replace(*cell, made, expected);
  if (status == Status::internal_failure) {
    free_unread();
    status = replace(*cell, made, expected);
  }
  return status;
}

// Null: no room for the key with its value.
SharedData::Cell* SharedData::add(std::string_view key, std::size_t value_bytes) {
  if (!room_.take(key.size() + value_bytes)) return nullptr;
  room_.give(value_bytes);
  Cell* cell = cells_.find_or_add(key);
  if (cell == nullptr || cell->counted.exchange(true)) room_.give(key.size());
  return cell;
}

Status SharedData::replace(Cell& cell, std::unique_ptr<Value>& made, std::uint32_t expected) {
  const std::size_t size = made->bytes.size();
  Value* before = nullptr;
  {
    const Readers::Reading reading(readers_);
    while (true) {
      before = cell.current.load();
      const std::uint32_t number = before != nullptr ? before->number : 0;
      if (expected != 0 && expected != number) return Status::cas_mismatch;
      if (!take_room(*made, before)) return Status::internal_failure;
      made->number = number + 1 != 0 ? number + 1 : 1;
      Value* there = before;
      if (cell.current.compare_exchange_strong(there, made.get())) break;
      give_room(*made, before);
    }
  }
  (void)made.release();  // published: it may be gone by now
  if (before == nullptr) return Status::ok;
  room_.give(growth(size, before->bytes.size()));
  retire(before);
  return Status::ok;
}

bool SharedData::take_room(const Value& made, const Value* before) {
  if (before == nullptr) return room_.take(made.bytes.size());
  if (!room_.take(growth(before->bytes.size(), made.bytes.size()))) return false;
  if (replaced_room_.take(before->cost())) return true;
  room_.give(growth(before->bytes.size(), made.bytes.size()));
  return false;
}

void SharedData::give_room(const Value& made, const Value* before) {
  room_.give(growth(before != nullptr ? before->bytes.size() : 0, made.bytes.size()));
  if (before != nullptr) replaced_room_.give(before->cost());
}

// Requires: no reader finds it any more.
void SharedData::retire(Value* replaced) {
  replaced->turn = readers_.turn();
  Retired& retired = retired_[replaced->turn % retired_.size()];
  replaced->older = retired.load();
  while (!retired.compare_exchange_weak(replaced->older, replaced)) {
  }
  free_unread();
}

// Without readers, two turns end here, and all replaced values go.
void SharedData::free_unread() {
  for (int turns = 0; turns < 2; ++turns) {
    const auto ended = readers_.end_turn();
    if (!ended) return;
    free_unread_of(retired_[(*ended + 2) % retired_.size()]);  // of the turn before
  }
}

// Another thread may have put a value there since.
void SharedData::free_unread_of(Retired& retired) {
  Value* value = retired.exchange(nullptr);
  while (value != nullptr) {
    Value* const each = std::exchange(value, value->older);
    if (readers_.over(each->turn)) {
      replaced_room_.give(each->cost());
      delete each;
      continue;
    }
    each->older = retired.load();
    while (!retired.compare_exchange_weak(each->older, each)) {
    }
  }
}

}  // namespace sluice::filters::proxy_wasm
