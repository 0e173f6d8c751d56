// SPDX-License-Identifier: Apache-2.0
// Notes: what a conversion leaves out, each with its place.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "egctl/nginx/directives.h"

namespace sluice::egctl::nginx {

class Notes {
 public:
  // "site.conf:3: expires: is not converted". Each line once, though a server may be converted for
  // several ports.
  void add(const Directive& at, const std::string& text) {
    std::string line = at.place() + ": " + at.name + ": " + text;
    if (std::ranges::find(lines_, line) == lines_.end()) lines_.push_back(std::move(line));
  }
  void not_converted(const Directive& at) { add(at, "is not converted"); }
  [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::vector<std::string> lines_;
};

}  // namespace sluice::egctl::nginx
