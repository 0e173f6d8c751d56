// SPDX-License-Identifier: Apache-2.0
// Link: an element of a circular list that owns nothing. The head of a list is a Link, too.
// Core-bound.
#pragma once

#include "base/assert.h"

namespace sluice::loop {

struct Link {
  Link() = default;
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;
  // Leaves the list. Destroying a head leaves the others in a list without a head.
  ~Link() { unlink(); }

  void unlink() {
    before->after = after;
    after->before = before;
    before = after = this;
  }
  // Requires: this is in no list.
  void insert_behind(Link& place) {
    SLUICE_DEBUG_ASSERT(alone(), "a link stands in one list at a time");
    before = &place;
    after = place.after;
    after->before = this;
    place.after = this;
  }
  // Takes over all elements of the list with the head `other`, in order.
  // Requires: this is in no list.
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
