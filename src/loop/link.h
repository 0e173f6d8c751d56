// SPDX-License-Identifier: Apache-2.0
// Link: a place in a circular list that owns nothing; its head is a Link, too. Core-bound.
#pragma once

#include "base/assert.h"

namespace sluice::loop {

struct Link {
  Link() = default;
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;
  // Leaves the list. The destruction of a head leaves the others in a list without one.
  ~Link() { unlink(); }

  void unlink() {
    before->after = after;
    after->before = before;
    before = after = this;
  }
  // Requires: this is alone.
  void insert_behind(Link& place) {
    SLUICE_DEBUG_ASSERT(alone(), "a link stands in one list at a time");
    before = &place;
    after = place.after;
    after->before = this;
    place.after = this;
  }
  // Takes over all that stand in the list with the head `other`, in their order.
  // Requires: this is alone.
  void take_all(Link& other) {
    if (other.alone()) return;
    before = other.before;
    after = other.after;
    before->after = this;
    after->before = this;
    other.before = other.after = &other;
  }
  [[nodiscard]] bool alone() const { return after == this; }

  Link* before = this;
  Link* after = this;
};

}  // namespace sluice::loop
