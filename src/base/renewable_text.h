// SPDX-License-Identifier: Apache-2.0
// RenewableText: a text that all copies share, so that its owner may renew it: a password. Any
// thread.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "base/published.h"

namespace sluice {

class RenewableText {
 public:
  explicit RenewableText(std::string text = "") { renew(std::move(text)); }
  // Of all copies.
  void renew(std::string text) {
    shared_->store(std::make_shared<const std::string>(std::move(text)));
  }
  [[nodiscard]] std::string text() const { return *shared_->load(); }

 private:
  std::shared_ptr<Published<std::string>> shared_ = std::make_shared<Published<std::string>>();
};

}  // namespace sluice
