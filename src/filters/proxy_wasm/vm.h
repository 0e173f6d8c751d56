// SPDX-License-Identifier: Apache-2.0
// Vm: the one guest of a filter on a core, which has a context for each exchange. Callbacks run one
// at a time, in the order in which they were asked for; a long one yields to the other work of the
// core. Core-bound.
//
// A guest that fails takes all its contexts with it: they are `lost`, and a new guest follows. The
// request that began a callback may go while it runs: the callback runs on, with its stream parted
// from the exchange.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "filters/proxy_wasm/exports.h"
#include "filters/proxy_wasm/failure_log.h"
#include "filters/proxy_wasm/guest.h"
#include "filters/proxy_wasm/statistics.h"
#include "filters/proxy_wasm/stream.h"
#include "loop/core.h"
#include "loop/event_loop.h"
#include "loop/on_core.h"

namespace sluice::filters::proxy_wasm {

struct VmCall;
struct VmJob;
enum class VmStep : std::uint8_t;

class Vm {
 public:
  // `guest`: null if it is to be made here. `failures` hears of the callbacks for which nobody
  // waits. Requires: `core`, `statistics` and `failures` outlive this.
  Vm(const loop::Core& core, std::shared_ptr<const GuestRecipe> recipe,
     std::unique_ptr<PluginGuest> guest, PluginStatistics& statistics, FailureLog& failures);
  ~Vm();
  Vm(const Vm&) = delete;
  Vm& operator=(const Vm&) = delete;

  // Makes a context for the exchange, which the stream refers to until Stream::part(). Errors as of
  // call().
  [[nodiscard]] Task<Result<std::shared_ptr<Stream>>> open(pipeline::Exchange& exchange);
  // The host needs the context no more: the guest is told so, and logs. Cancels its calls.
  void close(const std::shared_ptr<Stream>& stream);
  // Calls the guest in the context of `stream`. The first argument is that of the context. Returns
  // 0 for a function that the guest does not export. Errors: `timed_out`, `unavailable` (no guest
  // was free in time), `invalid` (the guest has failed, in this callback or in another one).
  [[nodiscard]] Task<Result<U32>> call(const Callback& callback, std::shared_ptr<Stream> stream,
                                       U32 second = 0, U32 third = 0);
  [[nodiscard]] loop::EventLoop& loop() const { return core_.loop; }

 private:
  class Waiting;

  [[nodiscard]] std::shared_ptr<VmJob> make_job(VmStep step, const Callback& callback,
                                                std::shared_ptr<Stream> stream);
  [[nodiscard]] Task<Result<U32>> run(std::shared_ptr<VmJob> job);
  void submit(std::shared_ptr<VmJob> job);
  void submit_soon(std::shared_ptr<VmJob> job);
  void turn();
  void turn_soon();
  // Runs the jobs until there is none, or no guest.
  Task<void> drive();
  void drive_now();
  [[nodiscard]] bool next();
  void begin(const std::shared_ptr<VmJob>& job);
  // Makes the context with which the job begins.
  void give_context(VmJob& job);
  void settle();
  void finish(VmJob& job, Result<U32> result);
  void go_on(const VmJob& job, const Result<U32>& result);
  void farewell(const std::shared_ptr<Stream>& stream, VmStep step);
  // Begins the context's last callbacks. Requires: they have not begun.
  void leave(const std::shared_ptr<Stream>& stream);
  void take_requests();
  void arm_tick();
  void fire_tick();
  // The guest is dead, by this job.
  void lose(const VmJob& job, const Error& error);
  Task<void> replace();
  void adopt(std::unique_ptr<PluginGuest> guest);

  // vm_calls.cc
  void begin_calls();
  void begin_call(CallRequest request);
  Task<void> run_call(VmCall& call);
  void end_call(VmCall& call);
  void give_up_call(VmCall& call);
  void bury(VmCall& call);

  const loop::Core& core_;
  [[no_unique_address]] loop::OnCore on_core_;
  const std::shared_ptr<const GuestRecipe> recipe_;
  PluginStatistics& statistics_;
  PluginCounters& counters_;
  FailureLog& failures_;
  std::unique_ptr<PluginGuest> guest_;  // null: it is being made
  U32 last_context_ = kRootContext;     // of all guests of this
  std::size_t parked_ = 0;              // contexts of guest_ with Stream::parked
  std::deque<std::shared_ptr<VmJob>> queue_;
  std::shared_ptr<VmJob> running_;
  TimePoint running_until_{};
  bool driving_ = false;
  bool tick_waits_ = false;
  Duration tick_{};  // of the timer
  // Before the first tick of a guest, when the last one has died in its tick: each time longer.
  Duration tick_pause_{};
  loop::EventLoop::Timer tick_timer_;
  loop::EventLoop::Timer soon_;
  const pipeline::CustomDataSlot* custom_data_ = nullptr;  // of the last exchange, for calls
  std::deque<CallRequest> to_begin_;
  std::list<std::shared_ptr<VmCall>> calls_;
  // Their tasks may be on the stack: they are destroyed in the loop's next turn.
  std::list<std::shared_ptr<VmCall>> buried_;
  Task<void> driver_;
  Task<void> replacement_;
};

}  // namespace sluice::filters::proxy_wasm
