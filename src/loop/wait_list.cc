// SPDX-License-Identifier: Apache-2.0
#include "loop/wait_list.h"

#include "base/assert.h"

namespace sluice::loop {

WaitList::~WaitList() {
  while (Wait* wait = first()) wait->leave();
  while (!passing_.alone()) passing_.after->unlink();
}

WaitList::Wait* WaitList::at(Link* link) const {
  return link == &waits_ ? nullptr : static_cast<Wait*>(link);
}

WaitList::Wait* WaitList::next(const Wait& wait) const { return at(wait.after); }
WaitList::Wait* WaitList::previous(const Wait& wait) const { return at(wait.before); }

void WaitList::insert(Wait& wait, Wait* place) {
  SLUICE_ASSERT(!wait.listed_, "a wait has one place in one list");
  wait.list_ = this;
  wait.listed_ = true;
  wait.insert_behind(place != nullptr ? *place : waits_);
  ++size_;
}

void WaitList::take(Wait& wait) {
  SLUICE_ASSERT(wait.listed_, "a wait that moves stands in a list");
  --wait.list_->size_;
  wait.unlink();
  wait.listed_ = false;
  insert(wait, last());
}

WaitList::Wait& WaitList::pop() {
  Wait& wait = *first();
  wait.leave();
  wait.notified_ = true;
  return wait;
}

void WaitList::notify(Wait& wait) {
  SLUICE_ASSERT(wait.listed_ && wait.list_ == this, "the wait stands in this list");
  wait.leave();
  wait.notified_ = true;
  wait.resume_soon();
}

void WaitList::notify_one() {
  if (empty()) return;
  Wait& wait = pop();
  wait.passing_.insert_behind(*passing_.before);
  wait.resume_soon();
}

void WaitList::notify_all() {
  while (!empty()) pop().resume_soon();
}

void WaitList::notify_one_now() {
  if (!empty()) pop().resume_now();
}

// A resumed waiter may destroy this, or others in `batch`, which then leave it. Waits that begin
// meanwhile are in waits_.
void WaitList::notify_all_now() {
  Link batch;
  while (!empty()) {
    Wait& wait = pop();
    wait.insert_behind(*batch.before);
  }
  while (!batch.alone()) static_cast<Wait*>(batch.after)->resume_now();
}

}  // namespace sluice::loop
