// SPDX-License-Identifier: Apache-2.0
// The calls of a guest to pipelines.
#include <algorithm>
#include <memory>
#include <utility>

#include "filters/proxy_wasm/vm.h"
#include "filters/proxy_wasm/vm_job.h"

namespace sluice::filters::proxy_wasm {
namespace {

constexpr const char* kCallAddress = "127.0.0.1";

std::uint32_t count_of(const http::Headers* fields) {
  return fields != nullptr ? static_cast<std::uint32_t>(fields->size()) : 0;
}

void fill(http::Request& out, http::Request&& from) {
  out.copy_head(from);
  out.body = std::move(from.body);
}

}  // namespace

void Vm::begin_call(CallRequest request) {
  std::shared_ptr<Stream> stream;
  if (request.context != kRootContext) {
    const auto found = guest_->plugin->streams.find(request.context);
    if (found == guest_->plugin->streams.end()) {
      --guest_->plugin->calls;
      return;
    }
    stream = found->second;
  }
  if (!request.target) request.target = guest_->plugin->callable(request.name);
  const Duration limit = request.timeout;
  http::Request head = std::move(request.request);
  auto call = std::make_shared<VmCall>(core_, std::move(request), std::move(stream));
  fill(call->exchange.client_request(), std::move(head));
  if (call->stream && call->stream->exchange != nullptr)
    call->stream->exchange->trace.pass_on(call->exchange.client_request());
  call->exchange.custom_data = custom_data_;
  call->exchange.real_ip = kCallAddress;
  call->exchange.peer = kCallAddress;
  calls_.push_back(call);
  if (!call->target) return end_call(*call);
  call->limit = loop::EventLoop::Timer(core_.loop, Clock::now() + limit,
                                       [this, each = call.get()] { give_up_call(*each); });
  call->task = run_call(*call);
  call->task.start();
}

Task<void> Vm::run_call(VmCall& call) {
  auto handling = call.target->handle(call.exchange);
  co_await std::move(handling);
  if (http::Response* response = call.exchange.client_response(); response != nullptr) {
    auto reading = response->body.buffer(kCallBodyBytesMax);
    const auto read = co_await std::move(reading);
    if (read) {
      call.answer.failed = false;
      call.answer.response = std::move(*response);
    }
  }
  end_call(call);
}

void Vm::give_up_call(VmCall& call) {
  if (call.is_over) return;
  call.task.reset();
  end_call(call);
}

// The guest hears of it from the loop: this may be the call's own task.
void Vm::end_call(VmCall& call) {
  call.is_over = true;
  call.limit.reset();
  (call.answer.failed ? counters_.calls_failed : counters_.calls_answered).add();
  const auto found = std::ranges::find(calls_, &call, &std::shared_ptr<VmCall>::get);
  if (found == calls_.end()) return;
  auto job = make_job(VmStep::call_response, kCallback<kOnCallResponse>, call.stream);
  job->call = *found;
  const http::Response& response = call.answer.response;
  // A failed call has no fields.
  const std::uint32_t fields = call.answer.failed ? 0 : count_of(&response.headers) + 1;
  job->arguments = {job->arguments[0], call.id, fields,
                    static_cast<std::uint32_t>(response.body.bytes().size()),
                    count_of(response.body.trailers())};
  submit_soon(std::move(job));
}

void Vm::bury(VmCall& call) {
  const auto found = std::ranges::find(calls_, &call, &std::shared_ptr<VmCall>::get);
  if (found == calls_.end()) return;
  call.limit.reset();
  call.dropped = true;
  if (guest_) --guest_->plugin->calls;
  if (call.stream) {
    --call.stream->calls;
    call.stream->news.notify();
  }
  buried_.splice(buried_.end(), calls_, found);
  turn_soon();
}

}  // namespace sluice::filters::proxy_wasm
