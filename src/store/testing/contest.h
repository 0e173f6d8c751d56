// SPDX-License-Identifier: Apache-2.0
// For tests: the other process, which shares a medium with the store under test.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "store/store.h"

namespace sluice::store {

class Contest {
 public:
  using Entries = std::map<std::string, std::string>;
  // When the store learns of it: by news, or when it next writes or confirms.
  enum class Learns { by_news, by_itself };

  virtual ~Contest() = default;
  // Any thread. The other process owns `ns` from now on.
  virtual void take(const std::string& ns, Learns learns) = 0;
  // It makes one change, and returns its version as the medium counts. Requires: take().
  virtual Version change(const std::string& ns, const std::function<void(Entries&)>& edit) = 0;
  // The store under test may own `ns` again, and hears of it.
  virtual void give(const std::string& ns) = 0;
};

}  // namespace sluice::store
