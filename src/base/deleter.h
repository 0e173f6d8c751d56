// SPDX-License-Identifier: Apache-2.0
// Deleter: lets a std::unique_ptr own what a C library frees by a function of its own.
#pragma once

namespace sluice {

template <auto destroy>
struct Deleter {
  template <class T>
  void operator()(T* object) const {
    destroy(object);
  }
};

}  // namespace sluice
