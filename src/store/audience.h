// SPDX-License-Identifier: Apache-2.0
// Audience: whom a shared medium tells what other processes do (Medium::attend).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "store/limit.h"
#include "store/write.h"

namespace sluice::store {

// The number of one following of a namespace. Later ones have greater numbers.
using Following = std::uint64_t;

// A whole group that the owner of a namespace has written.
struct SeenGroup {
  struct Change {
    RecordRef record;
    Op op;
  };
  Version version = 0;                // behind the group, as the medium counts
  std::vector<Change> changes;        // each key once
  std::optional<LimitState> limit{};  // that holds behind it; none: the same as before
};

// All functions: one thread at a time, which does not wait in them for other work of the medium.
class Audience {
 public:
  virtual ~Audience() = default;
  // The next group behind the state that Medium::follow() has returned, in order.
  virtual void on_group(const std::string& ns, Following following, SeenGroup group) = 0;
  // No further groups come. `wrong`: what has come is not the state of the medium. Otherwise it is
  // an old state.
  virtual void on_end(const std::string& ns, Following following, bool wrong) = 0;
  // The Outlook of the namespace has changed.
  virtual void on_outlook(const std::string& ns) = 0;
};

}  // namespace sluice::store
