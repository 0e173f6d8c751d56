// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy_wasm/shared_data.h"

#include <memory>
#include <utility>

namespace sluice::filters::proxy_wasm {

class SharedCell::Reading {
 public:
  explicit Reading(const SharedCell& cell) : cell_(cell) { cell_.readers_.fetch_add(1); }
  ~Reading() { cell_.readers_.fetch_sub(1); }
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;

 private:
  const SharedCell& cell_;
};

SharedCell::~SharedCell() {
  delete current_.load();
  destroy(replaced_.load());
}

void SharedCell::destroy(Value* first) {
  while (first != nullptr) delete std::exchange(first, first->older);
}

std::optional<SharedCell::Content> SharedCell::get() const {
  const Reading reading(*this);
  const Value* value = current_.load();
  if (value == nullptr) return std::nullopt;
  return *value;
}

bool SharedCell::set(std::string_view bytes, std::uint32_t expected,
                     std::atomic<std::size_t>& total) {
  auto made = std::make_unique<Value>();
  made->bytes = bytes;
  Value* before = nullptr;
  {
    const Reading reading(*this);
    do {
      before = current_.load();
      const std::uint32_t number = before != nullptr ? before->number : 0;
      if (expected != 0 && expected != number) return false;
      made->number = number + 1 != 0 ? number + 1 : 1;
    } while (!current_.compare_exchange_strong(before, made.get()));
  }
  (void)made.release();  // published: it may be gone by now
  total.fetch_add(bytes.size());
  if (before == nullptr) return true;
  total.fetch_sub(before->bytes.size());
  drop(before);
  return true;
}

// A reader that comes after the replacement finds the new value. So nobody has the replaced ones
// once there is no reader.
void SharedCell::drop(Value* replaced) {
  Value* first = replaced_.exchange(nullptr);
  replaced->older = first;
  if (readers_.load() == 0) return destroy(replaced);
  Value* last = replaced;
  while (last->older != nullptr) last = last->older;
  Value* there = replaced_.load();
  do {
    last->older = there;
  } while (!replaced_.compare_exchange_strong(there, replaced));
}

Status SharedData::set(std::string_view key, std::string_view bytes, std::uint32_t expected) {
  if (key.size() > kSharedKeyBytesMax || bytes.size() > kSharedValueBytesMax)
    return Status::bad_argument;
  if (bytes_.load() + bytes.size() > kSharedBytesMax) return Status::internal_failure;
  SharedCell* cell = expected != 0 ? cells_.find(key) : cells_.find_or_add(key);
  if (cell == nullptr) return expected != 0 ? Status::cas_mismatch : Status::internal_failure;
  return cell->set(bytes, expected, bytes_) ? Status::ok : Status::cas_mismatch;
}

std::optional<SharedCell::Content> SharedData::get(std::string_view key) const {
  const SharedCell* cell = cells_.find(key);
  return cell != nullptr ? cell->get() : std::nullopt;
}

}  // namespace sluice::filters::proxy_wasm
