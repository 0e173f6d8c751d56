// SPDX-License-Identifier: Apache-2.0
// SharedData: what the guests of one VM id share on this machine, as long as a filter with this id
// runs. Each value has a number that grows with every change, by which a guest changes it only if
// nobody else has. No lock. Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "filters/proxy_wasm/append_map.h"
#include "filters/proxy_wasm/status.h"

namespace sluice::filters::proxy_wasm {

inline constexpr std::size_t kSharedKeysMax = 10'000;
inline constexpr std::size_t kSharedKeyBytesMax = 1024;
inline constexpr std::size_t kSharedValueBytesMax = std::size_t{1} << 20;
inline constexpr std::size_t kSharedBytesMax = std::size_t{64} << 20;  // of all values

class SharedCell {
 public:
  struct Content {
    std::string bytes;
    std::uint32_t number;  // never 0
  };
  SharedCell() = default;
  SharedCell(const SharedCell&) = delete;
  SharedCell& operator=(const SharedCell&) = delete;
  ~SharedCell();

  // Nullopt: no value was ever set.
  [[nodiscard]] std::optional<Content> get() const;
  // Sets the value if its number is `expected`; 0: whatever it is. Adds to `total` by how much the
  // value has grown. False: it has another number.
  [[nodiscard]] bool set(std::string_view bytes, std::uint32_t expected,
                         std::atomic<std::size_t>& total);

 private:
  struct Value : Content {
    Value* older = nullptr;  // of the replaced ones
  };
  class Reading;
  void drop(Value* replaced);
  static void destroy(Value* first);

  std::atomic<Value*> current_{nullptr};
  // A thread counts itself among the readers before it takes current_. A thread that replaces a
  // value destroys the replaced ones once it sees no reader.
  mutable std::atomic<std::uint32_t> readers_{0};
  std::atomic<Value*> replaced_{nullptr};
};

class SharedData {
 public:
  // `bad_argument` for a key or value over the limits, `internal_failure` if all is full.
  [[nodiscard]] Status set(std::string_view key, std::string_view bytes, std::uint32_t expected);
  [[nodiscard]] std::optional<SharedCell::Content> get(std::string_view key) const;

 private:
  AppendMap<SharedCell> cells_{kSharedKeysMax};
  std::atomic<std::size_t> bytes_{0};
};

}  // namespace sluice::filters::proxy_wasm
