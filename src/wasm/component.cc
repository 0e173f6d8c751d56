// SPDX-License-Identifier: Apache-2.0
#include "wasm/component.h"

#include "wasm/handles.h"

namespace sluice::wasm {

OwnedBytes::~OwnedBytes() {
  if (bytes_ != nullptr) sluice_bytes_delete(bytes_);
}

std::string_view OwnedBytes::view() const {
  return bytes_ == nullptr ? std::string_view() : to_text(sluice_bytes_view(bytes_));
}

Result<ComponentPtr> compile_component(const sluice_components& components,
                                       std::string_view bytes) {
  sluice_component* made = nullptr;
  OwnedBytes error;
  if (!sluice_component_compile(&components, to_view(bytes), &made, error.out())) {
    return fail(ErrorKind::invalid, "the component does not compile: " + one_line(error.view()));
  }
  return ComponentPtr(made);
}

ComponentPtr load_component(const sluice_components& components, std::string_view compiled) {
  sluice_component* made = nullptr;
  OwnedBytes error;
  const bool good =
      sluice_component_deserialize(&components, to_view(compiled), &made, error.out());
  return ComponentPtr(good ? made : nullptr);
}

std::string save_component(const sluice_component& component) {
  OwnedBytes bytes;
  OwnedBytes error;
  if (!sluice_component_serialize(&component, bytes.out(), error.out())) return {};
  return std::string(bytes.view());
}

}  // namespace sluice::wasm
