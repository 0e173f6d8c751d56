// SPDX-License-Identifier: Apache-2.0
// Pool: one core's share of a filter's Instances. Core-bound.
//
// A request that finds no free Instance waits in one of two queues. Requests with precedence are
// served before the others, and each queue is first come first served. Once the first of a queue
// has waited for half of its time, the last is served before it: otherwise every request would get
// its guest just before its deadline.
//
// The pool begins with a few Instances and creates the others one by one, so that a new generation
// grows while the previous one shrinks (retire()). A dead Instance is replaced at once. If none can
// be created, the pool tries again after a pause that grows.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "loop/event_loop.h"
#include "loop/on_core.h"
#include "loop/wait_list.h"
#include "wasm/instance.h"

namespace sluice::wasm {

class Pool {
 public:
  using Create = std::function<Task<Result<std::unique_ptr<Instance>>>()>;
  // Called when one more Instance is alive, which replaces a dead one or not, or with the reason
  // for which none could be created. On the core's thread.
  using OnCreated = std::function<void(const Result<void>&, bool replacement)>;

  struct Usage {
    unsigned alive = 0;  // free or taken
    unsigned waiting = 0;
    std::uint64_t created = 0;  // as replacements
  };

  // `size`: the number of Instances when complete. `ready`: at most `size`; `create` makes the
  // others, and replacements. Requires: `loop` outlives this, and no Lease is left when it is
  // destroyed.
  Pool(loop::EventLoop& loop, unsigned size, std::vector<std::unique_ptr<Instance>> ready,
       Create create, OnCreated on_created);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // An Instance on loan; the destructor gives it back. An Instance with a call in progress is
  // killed when it is given back. Requires: the pool outlives it.
  class Lease {
   public:
    Lease() = default;
    Lease(Pool& pool, std::unique_ptr<Instance> instance)
        : pool_(&pool), instance_(std::move(instance)) {}
    Lease(Lease&& other) noexcept = default;
    Lease& operator=(Lease&& other) noexcept {
      give_back();
      pool_ = other.pool_;
      instance_ = std::move(other.instance_);
      return *this;
    }
    ~Lease() { give_back(); }
    explicit operator bool() const { return instance_ != nullptr; }
    Instance* operator->() const { return instance_.get(); }
    Instance& operator*() const { return *instance_; }
    void give_back() {
      if (instance_) pool_->release(std::move(instance_));
    }

   private:
    Pool* pool_ = nullptr;
    std::unique_ptr<Instance> instance_;
  };

  // Returns an Instance that is free now; an empty Lease if none is.
  [[nodiscard]] Lease try_acquire();
  // Returns a free Instance, or waits for the next one. Returns an empty Lease at `deadline`, or if
  // no Instance can be created. `precedence`: before requests without it.
  [[nodiscard]] Task<Lease> acquire(TimePoint deadline, bool precedence = false);

  // Another generation follows: keeps one Instance, for the few requests that still come.
  void retire();

  [[nodiscard]] Usage counts() const;

 private:
  struct Request;
  using Queue = loop::WaitListOf<Request>;
  void release(std::unique_ptr<Instance> instance);
  void make_missing();
  void make_missing_soon();
  void hand_out(std::unique_ptr<Instance> instance);
  Task<void> create_one();
  void created(Result<std::unique_ptr<Instance>> made);
  void fail_waiters();
  [[nodiscard]] std::unique_ptr<Instance> take_free();

  loop::EventLoop& loop_;
  [[no_unique_address]] loop::OnCore on_core_;
  unsigned size_;
  std::vector<std::unique_ptr<Instance>> free_;
  Create create_;
  OnCreated on_created_;
  unsigned alive_;
  unsigned creating_ = 0;
  unsigned to_come_;  // of the first `size`
  std::uint64_t created_ = 0;
  Duration pause_{};              // after the last failure; zero: it was none
  loop::EventLoop::Timer retry_;  // pending during the pause, or until the loop's next turn
  Queue preferred_;               // waiters with precedence
  Queue waiters_;                 // the others
  std::list<Task<void>> creations_;
};

}  // namespace sluice::wasm
