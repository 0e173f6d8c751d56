// SPDX-License-Identifier: Apache-2.0
// For tests: the other process that shares a medium with the store under test.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "store/store.h"

namespace sluice::store {

class Contest {
 public:
  using Entries = std::map<std::string, std::string>;
  // How the store under test learns of a loss: by news, or when it next writes or confirms.
  enum class Learns { by_news, by_itself };

  virtual ~Contest() = default;
  // Any thread: the other process owns `ns` from now on.
  virtual void take(const std::string& ns, Learns learns) = 0;
  // Makes one change of the other process. Returns its version as the medium counts. Requires:
  // take().
  virtual Version change(const std::string& ns, const std::function<void(Entries&)>& edit) = 0;
  // Gives `ns` to the store under test, and tells it.
  virtual void give(const std::string& ns) = 0;
};

}  // namespace sluice::store
