// SPDX-License-Identifier: Apache-2.0
// Record: one version of one key, in one allocation, reference-counted and shared by the views of
// all cores. Immutable once it is part of a chain. Any thread may drop the last reference.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>
#include <utility>

#include "store/store.h"

namespace sluice::store {

class RecordRef;

class Record {
 public:
  [[nodiscard]] static RecordRef make(std::string_view key, std::string_view value);
  Record(const Record&) = delete;
  Record& operator=(const Record&) = delete;

  [[nodiscard]] std::string_view key() const { return {bytes(), key_size_}; }
  [[nodiscard]] std::string_view value() const { return {bytes() + key_size_, value_size_}; }
  [[nodiscard]] Version version() const { return version_; }
  // Before publication only.
  void stamp(Version version) { version_ = version; }

  void retain() const { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() const {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy();
  }

 private:
  // The bytes begin right behind the last member, in its padding, so a permitted user
  // ("id/user123456", "true") fits into 48 bytes of heap.
  static constexpr std::size_t kHeader = 20;

  Record(std::uint32_t key_size, std::uint32_t value_size)
      : key_size_(key_size), value_size_(value_size) {}
  ~Record() = default;
  void destroy() const;
  [[nodiscard]] const char* bytes() const { return reinterpret_cast<const char*>(this) + kHeader; }

  Version version_ = 0;
  mutable std::atomic<std::uint32_t> references_{1};
  std::uint32_t key_size_;
  std::uint32_t value_size_;
};

// Owns one reference.
class RecordRef {
 public:
  RecordRef() = default;
  // Takes over a reference that the caller holds.
  static RecordRef adopt(Record* record) { return RecordRef(record); }
  static RecordRef share(Record* record) {
    record->retain();
    return RecordRef(record);
  }
  RecordRef(RecordRef&& other) noexcept : record_(std::exchange(other.record_, nullptr)) {}
  RecordRef& operator=(RecordRef&& other) noexcept {
    std::swap(record_, other.record_);
    return *this;
  }
  ~RecordRef() {
    if (record_ != nullptr) record_->release();
  }

  explicit operator bool() const { return record_ != nullptr; }
  Record* operator->() const { return record_; }
  Record& operator*() const { return *record_; }
  [[nodiscard]] Record* get() const { return record_; }
  [[nodiscard]] Record* give() { return std::exchange(record_, nullptr); }

 private:
  explicit RecordRef(Record* record) : record_(record) {}
  Record* record_ = nullptr;
};

}  // namespace sluice::store
