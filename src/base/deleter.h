// SPDX-License-Identifier: Apache-2.0
// Deleter: lets a std::unique_ptr own an object that a C library frees with its own function.
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
