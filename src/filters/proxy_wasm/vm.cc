// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy_wasm/vm.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/assert.h"
#include "filters/proxy_wasm/vm_job.h"

namespace sluice::filters::proxy_wasm {
namespace {

constexpr std::size_t kParkedMax = 1000;
// Of callbacks, of calls that begin, and of what they free: together less than a tick.
constexpr Duration kVmSlice = std::chrono::microseconds(200);
constexpr Duration kFirstVmPause = std::chrono::milliseconds(10);
constexpr Duration kLongestVmPause = std::chrono::seconds(5);

}  // namespace

// The wait of a coroutine for a job. Its end without a result abandons the job.
class Vm::Waiting {
 public:
  Waiting(Vm& vm, std::shared_ptr<VmJob> job) : vm_(vm), job_(std::move(job)) {}
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  ~Waiting() {
    if (!job_) return;
    job_->abandoned = true;
    if (job_->is_over && job_->opens && job_->result) vm_.close(job_->stream);
  }
  // The result was taken.
  void end() { job_.reset(); }

 private:
  Vm& vm_;
  std::shared_ptr<VmJob> job_;
};

Vm::Vm(const loop::Core& core, std::shared_ptr<const GuestRecipe> recipe,
       std::unique_ptr<PluginGuest> guest, PluginStatistics& statistics, FailureLog& failures)
    : core_(core),
      on_core_(core.loop),
      recipe_(std::move(recipe)),
      statistics_(statistics),
      counters_(statistics.counters.at(core.index)),
      failures_(failures) {
  if (guest) {
    adopt(std::move(guest));
    return;
  }
  replacement_ = replace();
  replacement_.start();
}

Vm::~Vm() = default;

std::shared_ptr<VmJob> Vm::make_job(VmStep step, const Callback& callback,
                                    std::shared_ptr<Stream> stream) {
  auto job = std::make_shared<VmJob>(core_.loop, step, callback, std::move(stream));
  job->arguments[0] = job->stream ? job->stream->id : kRootContext;
  return job;
}

Task<Result<std::shared_ptr<Stream>>> Vm::open(pipeline::Exchange& exchange) {
  on_core_.here();
  custom_data_ = exchange.custom_data;
  auto stream = std::make_shared<Stream>(core_.loop, 0);
  auto job = make_job(VmStep::answer, kCallback<kOnContextCreate>, stream);
  job->arguments[1] = kRootContext;
  job->opens = true;
  auto running = run(std::move(job));
  const auto opened = co_await std::move(running);
  if (!opened) co_return std::unexpected(opened.error());
  stream->exchange = &exchange;
  stream->memory = exchange.memory;
  co_return stream;
}

Task<Result<U32>> Vm::call(const Callback& callback, std::shared_ptr<Stream> stream, U32 second,
                           U32 third) {
  on_core_.here();
  auto job = make_job(VmStep::answer, callback, std::move(stream));
  job->arguments[1] = second;
  job->arguments[2] = third;
  return run(std::move(job));
}

Task<Result<U32>> Vm::run(std::shared_ptr<VmJob> job) {
  if (queue_.size() >= kWaitingMax)
    co_return fail(ErrorKind::unavailable, "too many callbacks wait for the VM of this core");
  job->deadline = Clock::now() + recipe_->timeout;
  Waiting waiting(*this, job);
  submit(job);
  while (!job->is_over) {
    const bool waits = running_ != job;  // a callback that runs ends by itself
    const bool told = co_await job->ended.wait(waits ? job->deadline : TimePoint::max());
    if (told || running_ == job || job->is_over) continue;
    co_return fail(ErrorKind::unavailable,
                   "the VM of this core was busy for " + format_duration(recipe_->timeout));
  }
  waiting.end();
  co_return std::move(job->result);
}

void Vm::submit(std::shared_ptr<VmJob> job) {
  queue_.push_back(std::move(job));
  if (!driving_) drive_now();
}

void Vm::submit_soon(std::shared_ptr<VmJob> job) {
  queue_.push_back(std::move(job));
  turn_soon();
}

void Vm::turn_soon() {
  if (soon_.pending()) return;
  // Not an earlier time: a timer that is due already when another one fires is part of that turn of
  // the loop, and so would be all turns of this.
  soon_ = loop::EventLoop::Timer(core_.loop, Clock::now(), [this] { turn(); });
}

void Vm::turn() {
  std::exchange(buried_, {}).clear();
  begin_calls();
  if (!driving_) drive_now();
}

// Begins calls for a slice; the others begin in the next turn.
void Vm::begin_calls() {
  const TimePoint slice_end = Clock::now() + kVmSlice;
  while (!to_begin_.empty() && Clock::now() < slice_end) {
    CallRequest request = std::move(to_begin_.front());
    to_begin_.pop_front();
    begin_call(std::move(request));
  }
  if (!to_begin_.empty()) turn_soon();
}

void Vm::drive_now() {
  driving_ = true;
  driver_ = drive();
  driver_.start();
}

// Callbacks that are short give way, too, when they have lasted for a slice together.
Task<void> Vm::drive() {
  TimePoint slice_end = Clock::now() + kVmSlice;
  while (next()) {
    while (!guest_->instance->poll()) {
      const TimePoint now = Clock::now();
      if (now >= running_until_) break;
      const TimePoint wake = std::min(guest_->instance->wake_at(), running_until_);
      if (wake > now) {
        co_await core_.loop.sleep_for(wake - now);
      } else {
        co_await core_.loop.yield();
      }
    }
    settle();
    if (Clock::now() < slice_end) continue;
    co_await core_.loop.yield();
    slice_end = Clock::now() + kVmSlice;
  }
  driving_ = false;
}

// Begins the next job that is still wanted. False: there is none, or no guest.
bool Vm::next() {
  while (guest_ && !queue_.empty()) {
    const std::shared_ptr<VmJob> job = std::move(queue_.front());
    queue_.pop_front();
    if (job->abandoned || (job->call && job->call->dropped)) continue;
    if (job->stream && job->stream->lost) {
      finish(*job, fail(ErrorKind::invalid, "its VM has failed in another request"));
      continue;
    }
    begin(job);
    if (running_) return true;
  }
  return false;
}

void Vm::give_context(VmJob& job) {
  Plugin& plugin = *guest_->plugin;
  last_context_ = plugin.free_context(last_context_);
  job.stream->id = last_context_;
  job.arguments[0] = last_context_;
  plugin.streams.emplace(last_context_, job.stream);
}

void Vm::begin(const std::shared_ptr<VmJob>& job) {
  Plugin& plugin = *guest_->plugin;
  if (job->opens) give_context(*job);
  if (!guest_->instance->has(job->callback.row)) {
    finish(*job, U32{0});
    return go_on(*job, U32{1});
  }
  plugin.active = job->arguments[0];
  plugin.call_response = job->call ? &job->call->answer : nullptr;
  running_ = job;
  running_until_ = Clock::now() + recipe_->timeout;
  job->callback.start(*guest_->instance, job->arguments);
}

// The running callback has ended, or its time is over.
void Vm::settle() {
  const std::shared_ptr<VmJob> job = std::exchange(running_, nullptr);
  wasm::Instance& instance = *guest_->instance;
  guest_->plugin->call_response = nullptr;
  Result<U32> result = U32{0};
  std::string words;
  if (Clock::now() >= running_until_ && !instance.poll()) {
    words = instance.words();
    instance.kill();
    result = fail(ErrorKind::timed_out, "timed out after " + format_duration(recipe_->timeout));
  } else {
    result = job->callback.finish(instance);
    if (!result) words = instance.words();
  }
  if (!result) {
    std::string text = std::string(job->callback.row.name) + ": " + result.error().message;
    Error error{result.error().kind, with_words(text, words)};
    lose(*job, error);
    return finish(*job, std::unexpected(std::move(error)));
  }
  take_requests();
  finish(*job, *result);
  go_on(*job, *result);
}

void Vm::finish(VmJob& job, Result<U32> result) {
  job.result = std::move(result);
  job.is_over = true;
  job.ended.notify();
}

// Begins the step behind a job that no coroutine waits for.
void Vm::go_on(const VmJob& job, const Result<U32>& result) {
  switch (job.step) {
    case VmStep::answer:
      if (job.opens && job.abandoned) close(job.stream);
      return;
    case VmStep::tick:
      tick_waits_ = false;
      tick_pause_ = Duration();
      return;
    case VmStep::call_response:
      return bury(*job.call);
    case VmStep::done:
      if (*result != 0 || job.stream->done_called || parked_ >= kParkedMax)
        return leave(job.stream);
      job.stream->parked = true;
      ++parked_;
      return;
    case VmStep::log:
      return farewell(job.stream, VmStep::remove);
    case VmStep::remove:
      guest_->plugin->streams.erase(job.stream->id);
  }
}

void Vm::farewell(const std::shared_ptr<Stream>& stream, VmStep step) {
  const Callback& callback = step == VmStep::done  ? kCallback<kOnDone>
                             : step == VmStep::log ? kCallback<kOnLog>
                                                   : kCallback<kOnDelete>;
  submit_soon(make_job(step, callback, stream));
}

void Vm::leave(const std::shared_ptr<Stream>& stream) {
  SLUICE_ASSERT(!stream->leaving, "a context ends once");
  stream->leaving = true;
  if (std::exchange(stream->parked, false)) {
    SLUICE_ASSERT(parked_ > 0, "each parked context is counted");
    --parked_;
  }
  farewell(stream, VmStep::log);
}

void Vm::close(const std::shared_ptr<Stream>& stream) {
  on_core_.here();
  SLUICE_ASSERT(!stream->closed, "the host closes a context once");
  stream->part(false);
  stream->memory.reset();
  stream->closed = true;
  const std::size_t dropped =
      std::erase_if(to_begin_, [&](const CallRequest& each) { return each.context == stream->id; });
  if (guest_ && !stream->lost) guest_->plugin->calls -= dropped;
  for (auto call = calls_.begin(); call != calls_.end();) {
    VmCall& each = **call++;
    if (each.stream == stream) bury(each);
  }
  if (!stream->lost) farewell(stream, VmStep::done);
}

// Begins the calls and ends the contexts that the callback has asked for.
void Vm::take_requests() {
  Plugin& plugin = *guest_->plugin;
  for (const auto& stream : std::exchange(plugin.done, {})) {
    if (stream->parked) leave(stream);
  }
  for (CallRequest& request : std::exchange(plugin.new_calls, {}))
    to_begin_.push_back(std::move(request));
  if (!to_begin_.empty()) turn_soon();
  if (plugin.tick != tick_) arm_tick();
}

void Vm::arm_tick() {
  tick_ = guest_ ? guest_->plugin->tick : Duration();
  tick_timer_.reset();
  if (tick_ > Duration::zero()) {
    const TimePoint next = Clock::now() + std::max(tick_, tick_pause_);
    tick_timer_ = loop::EventLoop::Timer(core_.loop, next, [this] { fire_tick(); });
  }
}

void Vm::fire_tick() {
  arm_tick();
  if (std::exchange(tick_waits_, true)) return;
  submit(make_job(VmStep::tick, kCallback<kOnTick>, nullptr));
}

void Vm::lose(const VmJob& job, const Error& error) {
  statistics_.set_fault(error.message);
  if (job.step != VmStep::answer || job.abandoned) failures_.note(error);
  if (job.step == VmStep::tick)
    tick_pause_ = std::clamp(tick_pause_ * 2, kFirstVmPause, kLongestVmPause);
  Plugin& plugin = *guest_->plugin;
  for (const auto& [id, stream] : plugin.streams) {
    stream->lost = true;
    stream->news.notify();
  }
  while (!calls_.empty()) bury(*calls_.front());
  to_begin_.clear();
  parked_ = 0;
  tick_waits_ = false;
  guest_.reset();
  arm_tick();
  replacement_ = replace();
  replacement_.start();
}

Task<void> Vm::replace() {
  Duration pause = kFirstVmPause;
  co_await core_.loop.yield();  // the dead guest may be on the stack
  while (true) {
    auto making = recipe_->make(wasm::Pace(core_.loop));
    auto made = co_await std::move(making);
    if (made) {
      counters_.replaced.add();
      adopt(*std::move(made));
      if (!queue_.empty()) turn_soon();
      co_return;
    }
    statistics_.set_fault(made.error().message);
    co_await core_.loop.sleep_for(pause);
    pause = std::min(pause * 2, kLongestVmPause);
  }
}

void Vm::adopt(std::unique_ptr<PluginGuest> guest) {
  guest_ = std::move(guest);
  guest_->plugin->core = &core_;
  statistics_.set_fault("");
  arm_tick();
  take_requests();
}

}  // namespace sluice::filters::proxy_wasm
