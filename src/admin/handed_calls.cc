// SPDX-License-Identifier: Apache-2.0
#include "admin/handed_calls.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <map>
#include <stop_token>
#include <thread>
#include <utility>

#include "admin/handed_message.h"
#include "control/controller.h"
#include "control/crew.h"

namespace sluice::admin {
namespace {

HandedReply come_again() {
  return {.again = true, .response = respond_error(503, "the owner of the data has changed")};
}

HandedReply refused(const Error& error) { return {.response = respond_error(error)}; }

// A call from its begin on. One step at a time.
struct OpenCall {
  Mutex mutex;
  ApiRequest request;
  RouteMatch match{};
  std::string from;
  std::unique_ptr<Intake> intake;  // null: the route has a handler, or the call has ended
  std::uint64_t next = 1;          // the number of the next step
  bool ended = false;
  HandedReply last;  // the reply to the step before
};

HandedReply answer_of(Result<ApiResponse> response) {
  if (!response) return refused(response.error());
  return {.response = *std::move(response)};
}

}  // namespace

// The calls from a start() to a stop().
class HandedCalls::Desk {
 public:
  Desk(const ApiRouter& router, Context& context, Duration silence_max)
      : router_(router),
        context_(context),
        silence_max_(silence_max),
        sweeper_([this](const std::stop_token& stop) { sweep(stop); }) {}

  void take(std::string message, Reply reply) {
    auto work = [this, message = std::move(message), reply] { reply(answer(message).encode()); };
    if (!crew_.run(std::move(work))) reply(come_again().encode());
  }
  void stop() {
    crew_.stop();
    sweeper_ = std::jthread();
  }

 private:
  struct Entry {
    std::shared_ptr<OpenCall> call;
    TimePoint heard;
    int answering = 0;  // steps in progress; a commit may take longer than the silence
    bool ended = false;
  };

  // A step of a call that find() has found. The silence begins behind it.
  class Answering {
   public:
    Answering(Desk& desk, const std::string& id) : desk_(desk), id_(id) {}
    ~Answering() { desk_.note_answered(id_); }
    Answering(const Answering&) = delete;
    Answering& operator=(const Answering&) = delete;

   private:
    Desk& desk_;
    const std::string& id_;
  };

  HandedReply answer(const std::string& message) try {
    const auto step = HandedStep::decode(message);
    if (!step) return refused(step.error());
    if (step->kind == HandedStep::Kind::begin) return begin(*step);
    const auto call = find(step->id);
    if (!call) return come_again();
    const Answering answering(*this, step->id);
    const MutexLock one_at_a_time(call->mutex);
    if (step->number < call->next || call->ended) return call->last;  // a copy
    if (step->number > call->next)
      return refused({ErrorKind::invalid, "a step of this call is missing", {}});
    ++call->next;
    call->last = refused({ErrorKind::internal, "internal error", {}});  // if the step throws
    call->last = take_step(*call, *step);
    if (call->ended) note_ended(step->id);
    return call->last;
  } catch (const std::exception& error) {
    context_.logger.error(std::string("admin API: ") + error.what());
    return refused({ErrorKind::internal, std::string("internal error: ") + error.what(), {}});
  }

  HandedReply take_step(OpenCall& call, const HandedStep& step) {
    HandedReply reply;
    if (step.kind == HandedStep::Kind::piece) reply = add(call, step);
    if (step.kind == HandedStep::Kind::piece && reply.response.status < 400) return reply;
    call.ended = true;
    if (step.kind == HandedStep::Kind::end) reply = end(call);
    call.intake.reset();
    return reply;
  }

  HandedReply begin(const HandedStep& step) {
    auto call = std::make_shared<OpenCall>();
    call->from = step.from;
    call->request.method = step.method;
    call->request.accept = step.accept;
    call->request.handed = true;
    if (const auto parsed = parse_target(step.target, call->request); !parsed)
      return refused(parsed.error());
    const auto match = router_.find(call->request);
    if (!match) return {.response = match.error()};
    if (!match->route->by_owner)
      return refused({ErrorKind::forbidden, "this call is not for the owner of data", {}});
    call->match = *match;
    const std::string ns = match->names[0] + "/" + match->names[1];
    if (!context_.controller.store().status(ns).owned) return come_again();
    if (match->route->intake) {
      auto intake = match->route->intake(call->request, call->match.names);
      if (!intake) return refused(intake.error());
      call->intake = *std::move(intake);
    }
    const MutexLock lock(mutex_);
    if (calls_.contains(step.id)) return {};  // a copy
    if (open() >= kOpenMax) {
      return refused({ErrorKind::unavailable,
                      "too many calls of other members at once, at most " +
                          std::to_string(kOpenMax) + ": try again",
                      {}});
    }
    calls_[step.id] = {std::move(call), Clock::now()};
    return {};
  }
  [[nodiscard]] std::size_t open() const SLUICE_REQUIRES(mutex_) {
    return static_cast<std::size_t>(
        std::ranges::count_if(calls_, [](const auto& item) { return !item.second.ended; }));
  }

  // The caller makes an Answering of what it finds.
  std::shared_ptr<OpenCall> find(const std::string& id) {
    const MutexLock lock(mutex_);
    const auto found = calls_.find(id);
    if (found == calls_.end()) return nullptr;
    ++found->second.answering;
    return found->second.call;
  }
  void note_answered(const std::string& id) {
    const MutexLock lock(mutex_);
    const auto found = calls_.find(id);
    if (found == calls_.end()) return;
    --found->second.answering;
    found->second.heard = Clock::now();
  }
  // An ended call stays for its copies, as one of the last.
  void note_ended(const std::string& id) {
    const MutexLock lock(mutex_);
    if (const auto found = calls_.find(id); found != calls_.end()) found->second.ended = true;
    ended_.push_back(id);
    if (ended_.size() <= kEndedMax) return;
    calls_.erase(ended_.front());
    ended_.pop_front();
  }

  static HandedReply add(OpenCall& call, const HandedStep& step) {
    if (!call.intake) return refused({ErrorKind::invalid, "this call has no body", {}});
    const auto taken = call.intake->take(step.body);
    return taken ? HandedReply() : refused(taken.error());
  }

  HandedReply end(OpenCall& call) {
    const std::unique_ptr<Intake> intake = std::move(call.intake);
    HandedReply reply = answer_of(
        intake ? intake->finish() : call.match.route->handler(call.request, call.match.names));
    context_.logger.info("admin API: " + call.request.method + " " + call.match.names[0] + "/" +
                         call.match.names[1] + " for member " + call.from + " " +
                         std::to_string(reply.response.status));
    return reply;
  }

  // Destroys outside of the lock what is dropped: it may hold much.
  void sweep(const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any wake;
    while (!stop.stop_requested()) {
      std::vector<std::shared_ptr<OpenCall>> dropped;
      {
        const MutexLock lock(mutex_);
        std::erase_if(calls_, [&](const auto& item) {
          const Entry& its = item.second;
          if (its.ended || its.answering > 0 || Clock::now() - its.heard < silence_max_)
            return false;
          dropped.push_back(item.second.call);
          return true;
        });
      }
      dropped.clear();
      std::unique_lock lock(mutex);
      wake.wait_for(lock, stop, silence_max_ / 4, [] { return false; });
    }
  }

  const ApiRouter& router_;
  Context& context_;
  const Duration silence_max_;
  Mutex mutex_;
  std::map<std::string, Entry> calls_ SLUICE_GUARDED_BY(mutex_);  // by id
  std::deque<std::string> ended_ SLUICE_GUARDED_BY(mutex_);       // of calls_, the oldest first
  control::Crew crew_{kOpenMax};
  std::jthread sweeper_;  // last
};

HandedCalls::HandedCalls(Duration silence_max) : silence_max_(silence_max) {}
HandedCalls::~HandedCalls() { stop(); }

void HandedCalls::start(const ApiRouter& router, Context& context) {
  auto desk = std::make_shared<Desk>(router, context, silence_max_);
  const MutexLock lock(mutex_);
  desk_ = std::move(desk);
}

void HandedCalls::stop() {
  std::shared_ptr<Desk> desk;
  {
    const MutexLock lock(mutex_);
    desk.swap(desk_);
  }
  if (desk) desk->stop();
}

void HandedCalls::take(std::string message, Reply reply) {
  std::shared_ptr<Desk> desk;
  {
    const MutexLock lock(mutex_);
    desk = desk_;
  }
  if (!desk) return reply(come_again().encode());
  desk->take(std::move(message), std::move(reply));
}

}  // namespace sluice::admin
