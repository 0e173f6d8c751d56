// SPDX-License-Identifier: Apache-2.0
// SharedData: what the guests of one VM id share on this machine, as long as a filter with this id
// runs. Each value has a number that grows with every change, by which a guest changes it only if
// nobody else has. No lock. Any thread.
//
// A value that was replaced stays until nobody reads it any more. It counts until it is freed: a
// change for which there is no room is refused, so the bounds hold whatever readers do.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "filters/proxy_wasm/append_map.h"
#include "filters/proxy_wasm/readers.h"
#include "filters/proxy_wasm/status.h"

namespace sluice::filters::proxy_wasm {

inline constexpr std::size_t kSharedKeysMax = 10'000;
inline constexpr std::size_t kSharedKeyBytesMax = 1024;
inline constexpr std::size_t kSharedValueBytesMax = std::size_t{1} << 20;
inline constexpr std::size_t kSharedBytesMax = std::size_t{64} << 20;  // of all keys and values
// Of replaced values that are not freed yet, with their overhead.
inline constexpr std::size_t kSharedReplacedBytesMax = std::size_t{64} << 20;

// Bytes of some kind, and their bound.
class SharedRoom {
 public:
  explicit SharedRoom(std::size_t max) : max_(max) {}
  // False, and nothing taken: beyond the bound.
  [[nodiscard]] bool take(std::size_t bytes);
  void give(std::size_t bytes) { used_.fetch_sub(bytes); }
  [[nodiscard]] std::size_t used() const { return used_.load(); }

 private:
  const std::size_t max_;
  std::atomic<std::size_t> used_{0};
};

class SharedData {
 public:
  struct Content {
    std::string bytes;
    std::uint32_t number = 0;  // of a value that was set: not 0
  };

  SharedData() = default;
  SharedData(const SharedData&) = delete;
  SharedData& operator=(const SharedData&) = delete;
  ~SharedData();

  // `expected`: the number of the value that is replaced; 0: whatever it is. `bad_argument` for a
  // key or value over the limits, `internal_failure` if all is full, `cas_mismatch`.
  [[nodiscard]] Status set(std::string_view key, std::string_view bytes, std::uint32_t expected);
  // Nullopt: no value was ever set.
  [[nodiscard]] std::optional<Content> get(std::string_view key) const;
  // Of keys and values.
  [[nodiscard]] std::size_t bytes() const { return room_.used(); }
  [[nodiscard]] std::size_t replaced_bytes() const { return replaced_room_.used(); }

 private:
  struct Value : Content {
    [[nodiscard]] std::size_t cost() const { return sizeof(Value) + bytes.size(); }
    std::uint64_t turn = 0;  // in which it was out of reach
    Value* older = nullptr;
  };
  struct Cell {
    ~Cell() { delete current.load(); }
    std::atomic<Value*> current{nullptr};
    std::atomic<bool> counted{false};  // its key, in room_
  };
  using Retired = std::atomic<Value*>;

  [[nodiscard]] Cell* add(std::string_view key, std::size_t value_bytes);
  // Takes `made` if it succeeds.
  [[nodiscard]] Status replace(Cell& cell, std::unique_ptr<Value>& made, std::uint32_t expected);
  // Takes the room to replace `before`, which may be null. False: there is none.
  [[nodiscard]] bool take_room(const Value& made, const Value* before);
  void give_room(const Value& made, const Value* before);
  void retire(Value* replaced);
  void free_unread();
  void free_unread_of(Retired& retired);

  AppendMap<Cell> cells_{kSharedKeysMax};
  SharedRoom room_{kSharedBytesMax};
  SharedRoom replaced_room_{kSharedReplacedBytesMax};
  Readers readers_;
  // Replaced values, by the remainder of their turn. All but those of the last two turns can go.
  std::array<Retired, 3> retired_{};
};

}  // namespace sluice::filters::proxy_wasm
