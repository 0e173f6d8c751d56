// SPDX-License-Identifier: Apache-2.0
// Inside Vm only: a callback that is to run, and a call that is under way.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "base/result.h"
#include "base/time.h"
#include "filters/proxy_wasm/exports.h"
#include "filters/proxy_wasm/plugin.h"
#include "filters/proxy_wasm/stream.h"
#include "loop/event.h"
#include "loop/event_loop.h"
#include "pipeline/exchange.h"
#include "pipeline/pipeline.h"

namespace sluice::filters::proxy_wasm {

enum class VmStep : std::uint8_t { answer, tick, call_response, done, log, remove };

struct VmCall;

struct VmJob {
  VmJob(loop::EventLoop& loop, VmStep its_step, const Callback& its_callback,
        std::shared_ptr<Stream> its_stream)
      : step(its_step), callback(its_callback), stream(std::move(its_stream)), ended(loop) {}

  const VmStep step;
  const Callback& callback;
  const std::shared_ptr<Stream> stream;  // null: of the root context
  Arguments arguments{};
  bool opens = false;                     // the stream's context begins with it
  std::shared_ptr<VmCall> call{};         // whose response the callback is about
  TimePoint deadline = TimePoint::max();  // to begin
  bool abandoned = false;                 // nobody waits for it any more
  bool is_over = false;
  Result<U32> result = U32{0};
  loop::Event ended;
};

struct VmCall {
  VmCall(const loop::Core& core, CallRequest&& begun, std::shared_ptr<Stream> its_stream)
      : id(begun.id),
        stream(std::move(its_stream)),
        target(std::move(begun.target)),
        exchange(core) {}

  const U32 id;
  const std::shared_ptr<Stream> stream;                    // null: of the root context
  const std::shared_ptr<const pipeline::Pipeline> target;  // null: there is none, the call fails
  pipeline::Exchange exchange;
  CallResponse answer;
  bool is_over = false;
  bool dropped = false;  // the guest is to hear nothing of it
  loop::EventLoop::Timer limit;
  Task<void> task;  // last: destroyed first
};

}  // namespace sluice::filters::proxy_wasm
