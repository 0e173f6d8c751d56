// SPDX-License-Identifier: Apache-2.0
// Inside wasm/ only: owners for what component_api.h has, and the components of an Engine.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/deleter.h"
#include "base/result.h"
#include "wasm/component_api.h"

namespace sluice::wasm {

using ComponentsPtr = std::unique_ptr<sluice_components, Deleter<sluice_components_delete>>;
using ComponentPtr = std::unique_ptr<sluice_component, Deleter<sluice_component_delete>>;
using LinkedPtr = std::unique_ptr<sluice_linked, Deleter<sluice_component_unlink>>;
using GuestPtr = std::unique_ptr<sluice_guest, Deleter<sluice_guest_delete>>;

// Bytes that the library fills.
class OwnedBytes {
 public:
  [[nodiscard]] sluice_bytes** out() { return &bytes_; }
  [[nodiscard]] std::string_view view() const;
  OwnedBytes() = default;
  OwnedBytes(const OwnedBytes&) = delete;
  OwnedBytes& operator=(const OwnedBytes&) = delete;
  ~OwnedBytes();

 private:
  sluice_bytes* bytes_ = nullptr;
};

inline sluice_view to_view(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view to_text(sluice_view view) { return {view.data, view.size}; }

// Compiles with `components`. Error `invalid`.
[[nodiscard]] Result<ComponentPtr> compile_component(const sluice_components& components,
                                                     std::string_view bytes);
// Null if the bytes are of another compiler or processor.
[[nodiscard]] ComponentPtr load_component(const sluice_components& components,
                                          std::string_view compiled);
// "" if it cannot be kept.
[[nodiscard]] std::string save_component(const sluice_component& component);

}  // namespace sluice::wasm
