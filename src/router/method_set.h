// SPDX-License-Identifier: Apache-2.0
// A set of standard HTTP methods. Method names are case-sensitive (RFC 9110 section 9.1).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::router {

class MethodSet {
 public:
  // Ignores a method that is not standard.
  void add(std::string_view method) { bits_ |= bit_of(method); }
  void add(MethodSet others) { bits_ |= others.bits_; }
  [[nodiscard]] bool contains(std::string_view method) const {
    return (bits_ & bit_of(method)) != 0;
  }
  [[nodiscard]] bool empty() const { return bits_ == 0; }
  // "GET, POST": the value of an Allow header (RFC 9110 section 10.2.1).
  [[nodiscard]] std::string to_string() const;

 private:
  static std::uint32_t bit_of(std::string_view method);

  std::uint32_t bits_ = 0;
};

}  // namespace sluice::router
