// SPDX-License-Identifier: Apache-2.0
// Inside net/ only: a TCP stream's operations on its descriptor.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/descriptor.h"
#include "loop/event_loop.h"
#include "loop/on_core.h"
#include "loop/poller.h"
#include "net/file_taker.h"
#include "net/stream.h"
#include "net/unsent_bytes.h"

namespace sluice::net {

class Socket final : public loop::Poller::Watcher {
 public:
  // Takes over the descriptor. Requires: it is connected and non-blocking. If the loop cannot watch
  // it, it is closed at once.
  Socket(loop::EventLoop& loop, int descriptor);
  ~Socket() override;
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  bool start_read(std::span<char> buffer, Stream::Operation& operation);
  bool start_write(std::string_view bytes, Stream::Operation& operation);
  bool start_write_file(const FileTaker::Write& write, Stream::Operation& operation);
  bool start_closed(Stream::Operation& operation, bool whole);
  void cancel(Stream::Operation& operation);
  void set_deadline(TimePoint when);
  void clear_deadline() { deadline_ = TimePoint::max(), expired_ = false; }
  void close();
  void shutdown_write();
  bool is_open() const { return descriptor_.is_open(); }
  // The next reads return `bytes` first.
  void put_back(std::string_view bytes) { put_back_ = std::make_unique<std::string>(bytes); }

 private:
  using Pending = Stream::Operation*;
  class Guard;

  void on_change(loop::Poller::Readiness readiness) override;
  bool refuse(Stream::Operation& operation) const;
  bool read(Stream::Operation& operation);
  bool read_put_back(Stream::Operation& operation);
  bool send(Stream::Operation& operation);
  bool send_file(const FileTaker::Write& write, Stream::Operation& operation);
  void finish_read();
  void finish_write();
  [[nodiscard]] bool is_closed() const;
  void check_closed();
  void end_pending(const Result<std::size_t>& result);
  void bound_unsent(int bytes);
  void show_progress();
  void arm(TimePoint when);
  void on_timer();

  loop::EventLoop& loop_;
  [[no_unique_address]] loop::OnCore on_core_;
  Descriptor descriptor_;
  Pending read_ = nullptr;
  Pending write_ = nullptr;
  Pending closed_ = nullptr;
  std::span<char> buffer_;    // of the pending read
  std::string_view unsent_;   // of the pending write
  bool awaits_room_ = false;  // the pending write is that of a file: it ends when there is room
  std::unique_ptr<std::string> put_back_;
  bool readable_ = false;      // there may be something to read
  bool hung_up_ = false;       // the end of the stream has arrived, perhaps behind unread bytes
  bool ended_ = false;         // the end of the stream, or an error, has been read
  bool broken_ = false;        // neither direction works any more
  bool closed_whole_ = false;  // closed_ waits for both directions
  int reads_at_once_ = 0;
  std::size_t file_bytes_at_once_ = 0;
  std::size_t file_bytes_ = 0;        // of all files that were sent
  int unsent_max_ = kUnsentBytesMax;  // as the kernel has it for an accepted socket
  bool expired_ = false;
  TimePoint deadline_ = TimePoint::max();
  TimePoint timer_at_ = TimePoint::max();
  loop::EventLoop::Timer timer_;
  Guard* guard_ = nullptr;               // the innermost
  std::shared_ptr<Socket*> afterwards_;  // work that close() has deferred
};

}  // namespace sluice::net
