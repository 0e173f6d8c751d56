// SPDX-License-Identifier: Apache-2.0
#include "admin/pipe.h"

#include <exception>
#include <string>
#include <utility>

#include "base/mutex.h"
#include "loop/event.h"

namespace sluice::admin {
namespace {

std::unexpected<Error> cut_short() { return fail(ErrorKind::closed, "the rest cannot be read"); }

// The bytes between one thread, which writes, and the loop, which reads.
class Pipe : public std::enable_shared_from_this<Pipe> {
 public:
  explicit Pipe(loop::EventLoop& loop) : loop_(loop), news_(loop) {}

  // Blocks while the pipe is full. False once the reader has left. The thread's.
  bool write(std::string_view piece) {
    const MutexLock lock(mutex_);
    while (!left_ && waiting_.size() > kPipeBytesMax) room_.wait(mutex_);
    if (left_) return false;
    if (!piece.empty() && waiting_.empty()) tell();
    waiting_ += piece;
    return true;
  }
  // `whole`: all was written. The thread's last call.
  void end(bool whole) {
    const MutexLock lock(mutex_);
    ended_ = true;
    whole_ = whole;
    tell();
  }

  // Moves the bytes that wait to `out`, which is empty; it stays empty at the end. The loop's.
  Task<Result<void>> read(std::string& out) {
    while (!take(out)) {
      co_await news_.wait();
    }
    if (!out.empty() || is_whole()) co_return Result<void>();
    co_return cut_short();
  }
  // The loop's last call.
  void leave() {
    const MutexLock lock(mutex_);
    left_ = true;
    room_.notify_all();
  }

 private:
  // Returns false if there is nothing yet.
  bool take(std::string& out) {
    const MutexLock lock(mutex_);
    std::swap(out, waiting_);
    room_.notify_all();
    return !out.empty() || ended_;
  }
  bool is_whole() {
    const MutexLock lock(mutex_);
    return whole_;
  }
  void tell() {
    loop_.post([self = shared_from_this()] { self->news_.notify_now(); });
  }

  loop::EventLoop& loop_;
  loop::Event news_;  // used on the loop only
  Mutex mutex_;
  Condition room_;
  std::string waiting_ SLUICE_GUARDED_BY(mutex_);
  bool ended_ SLUICE_GUARDED_BY(mutex_) = false;
  bool whole_ SLUICE_GUARDED_BY(mutex_) = false;
  bool left_ SLUICE_GUARDED_BY(mutex_) = false;
};

class StreamReader final : public http::BodyReader {
 public:
  StreamReader(loop::EventLoop& loop, Threads& threads, WriteBody stream)
      : threads_(threads), pipe_(std::make_shared<Pipe>(loop)), stream_(std::move(stream)) {}
  ~StreamReader() override { pipe_->leave(); }
  StreamReader(const StreamReader&) = delete;
  StreamReader& operator=(const StreamReader&) = delete;

  Task<Result<std::string_view>> read() override {
    if (stream_) begin(std::exchange(stream_, {}));
    piece_.clear();
    SLUICE_CO_CHECK(co_await pipe_->read(piece_));
    co_return std::string_view(piece_);
  }

 private:
  void begin(WriteBody stream) {
    threads_.start([pipe = pipe_, stream = std::move(stream)] {
      bool whole = false;
      try {
        whole = stream([&pipe](std::string_view piece) { return pipe->write(piece); });
      } catch (const std::exception&) {
        whole = false;
      }
      pipe->end(whole);
    });
  }

  Threads& threads_;
  const std::shared_ptr<Pipe> pipe_;
  WriteBody stream_;  // until the first read()
  std::string piece_;
};

class EventsReader final : public http::BodyReader {
 public:
  EventsReader(loop::EventLoop& loop, Threads& threads, Events events)
      : loop_(loop), threads_(threads), state_(std::make_shared<State>(std::move(events))) {}

  Task<Result<std::string_view>> read() override {
    while (!state_->ended) {
      state_->piece.clear();
      // Not a temporary of the co_await: GCC 12 would destroy its capture twice.
      const std::function<void()> ask = [state = state_] { state->ask(); };
      co_await threads_.run(Threads::WorkClass::any, ask);
      if (state_->failed) co_return cut_short();
      if (!state_->piece.empty()) co_return std::string_view(state_->piece);
      if (!state_->ended) co_await loop_.sleep_for(state_->events.pause);
    }
    co_return std::string_view();
  }

 private:
  // Apart from the reader, which may be destroyed while a thread works.
  struct State {
    explicit State(Events its_events) : events(std::move(its_events)) {}
    void ask() try { ended = !events.next(piece); } catch (const std::exception&) {
      failed = true;
    }
    Events events;
    std::string piece;
    bool ended = false;
    bool failed = false;
  };

  loop::EventLoop& loop_;
  Threads& threads_;
  const std::shared_ptr<State> state_;
};

}  // namespace

std::unique_ptr<http::BodyReader> read_stream(loop::EventLoop& loop, Threads& threads,
                                              WriteBody stream) {
  return std::make_unique<StreamReader>(loop, threads, std::move(stream));
}

std::unique_ptr<http::BodyReader> read_events(loop::EventLoop& loop, Threads& threads,
                                              Events events) {
  return std::make_unique<EventsReader>(loop, threads, std::move(events));
}

}  // namespace sluice::admin
