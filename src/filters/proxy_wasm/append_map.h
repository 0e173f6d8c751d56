// SPDX-License-Identifier: Apache-2.0
// AppendMap<T>: objects by name that all cores share. Objects are added and never go, so a reader
// needs no lock. Any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::filters::proxy_wasm {

template <class T>
class AppendMap {
 public:
  // At most `max` objects.
  explicit AppendMap(std::size_t max) : max_(max) {}
  AppendMap(const AppendMap&) = delete;
  AppendMap& operator=(const AppendMap&) = delete;
  ~AppendMap() {
    for (auto& first : chains_) {
      for (Node* node = first.load(); node != nullptr;)
        delete std::exchange(node, node->next.load());
    }
  }

  // Returns null if there is none. Valid as long as the map.
  [[nodiscard]] T* find(std::string_view name) const {
    for (Node* node = chain(name).load(); node != nullptr; node = node->next.load()) {
      if (node->name == name) return &node->object;
    }
    return nullptr;
  }
  // Returns the object of that name; makes it of `arguments` if there is none. Null: the map is
  // full.
  template <class... A>
  [[nodiscard]] T* find_or_add(std::string_view name, const A&... arguments) {
    if (T* found = find(name)) return found;
    if (size_.fetch_add(1) >= max_) {
      size_.fetch_sub(1);
      return find(name);
    }
    auto made = std::make_unique<Node>(name, arguments...);
    // Another thread may have added the name since: it stands in the chain before the place of the
    // new one.
    std::atomic<Node*>* place = &chain(name);
    for (Node* there = nullptr; !place->compare_exchange_strong(there, made.get());
         there = nullptr) {
      there = place->load();
      if (there->name == name) {
        size_.fetch_sub(1);
        return &there->object;
      }
      place = &there->next;
    }
    return &made.release()->object;
  }
  // Calls `visit` with name and object of each, in no order.
  template <class Visit>
  void each(const Visit& visit) const {
    for (const auto& first : chains_) {
      for (Node* node = first.load(); node != nullptr; node = node->next.load())
        visit(std::string_view(node->name), node->object);
    }
  }

 private:
  struct Node {
    template <class... A>
    explicit Node(std::string_view its_name, const A&... arguments)
        : name(its_name), object(arguments...) {}
    const std::string name;
    T object;
    std::atomic<Node*> next{nullptr};
  };

  static constexpr std::size_t kChains = 1024;
  std::atomic<Node*>& chain(std::string_view name) const {
    return chains_[std::hash<std::string_view>()(name) % kChains];
  }

  const std::size_t max_;
  std::atomic<std::size_t> size_{0};
  mutable std::array<std::atomic<Node*>, kChains> chains_{};
};

}  // namespace sluice::filters::proxy_wasm
