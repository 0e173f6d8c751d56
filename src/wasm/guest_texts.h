// SPDX-License-Identifier: Apache-2.0
// GuestTexts: the texts of one call of a host function by a component, whose memory the host does
// not see. A host function of the ABI gets the number of an argument in place of its address.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::wasm {

// Used by the thread of the guest.
struct GuestTexts {
  static constexpr std::size_t kMax = 3;

  std::array<std::string_view, kMax> given{};
  // The result. It stays where it is until the guest's next call.
  std::string_view answer;
  std::vector<std::string> answers;

  // Makes a copy of the text the result.
  void keep(std::string_view text) {
    kept_ = text;
    answer = kept_;
  }

 private:
  std::string kept_;
};

}  // namespace sluice::wasm
