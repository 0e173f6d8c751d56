// SPDX-License-Identifier: Apache-2.0
// Stream: a two-way flow of bytes with a peer; TCP and TLS look alike from here. Core-bound.
//
// Requires: at most one read, one write and one closed() or broken() is pending at a time.
// Destroying a suspended awaiter cancels its wait; bytes that a cancelled read or write has moved
// already are lost. After an error, only close() is allowed. A Stream must outlive its awaiters.
#pragma once

#include <coroutine>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/host_port.h"
#include "base/result.h"
#include "base/time.h"

namespace sluice::net {

class Stream {
 public:
  class Operation;
  template <class Self>
  class Started;
  class Room;
  class Read;
  class Write;
  class Closed;

  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  virtual ~Stream() = default;

  // co_await: Result<std::size_t>. Bytes read into `buffer` (not empty), 0 at the end of the
  // stream. Errors: `closed` (reset, or close() was called), `timed_out`.
  [[nodiscard]] Read read_some(std::span<char> buffer);
  // Like read_some(), but asks `room` for the buffer when bytes are there, so that the wait needs
  // no memory. Requires: `room` outlives the wait.
  [[nodiscard]] Read read_into(Room& room);

  // co_await: Result<void>. Does not suspend as long as the peer keeps up. Errors: as of
  // read_some().
  [[nodiscard]] Write write_all(std::string_view bytes);

  // co_await: bool. Resolves with true when the peer has ended its side or reset the connection,
  // with false after close(). Unread bytes hide the end behind them. Deadlines do not end this
  // wait. It may be pending together with reads and writes.
  [[nodiscard]] Closed closed();
  // Like closed(), for the end of both directions: the connection was reset. A peer that has ended
  // its side may still read. A peer that has closed for good is detected only once we send
  // something (RFC 9293 section 3.10.7.1).
  [[nodiscard]] Closed broken();

  // Ends reads and writes (not closed()) with `timed_out` if they are pending at `when`, or begin
  // later. Cheap: the timer behind it is moved only when it fires.
  virtual void set_deadline(TimePoint when) = 0;
  // Ends the effect of set_deadline(), so that later operations wait without limit.
  virtual void clear_deadline() = 0;

  // The next bytes of the peer are new work. Newer work of the loop may overtake them once they
  // have waited for `patience`. kAtHand, the default: they belong to work in progress
  // (loop/poller.h).
  virtual void set_patience(Duration patience) = 0;
  static constexpr Duration kAtHand{-1};

  // Closes both directions. Pending operations end with `closed`, after this call returns.
  virtual void close() = 0;
  // Ends our side: the peer reads the end of the stream.
  virtual void shutdown_write() = 0;
  [[nodiscard]] virtual bool is_open() const = 0;

  // The address and port of the peer: "10.0.0.1:4711", "[::1]:80".
  [[nodiscard]] virtual const std::string& peer_address() const = 0;
  // Gives back memory that only traffic needs. The next traffic allocates it again. Callable at any
  // time.
  virtual void rest() {}

  // A PROXY header may name another peer than the socket's. It may have been read together with
  // bytes that follow it: put_back() makes the next reads return `bytes` first. Requires: a TCP
  // stream with no pending operation.
  virtual void set_peer_address(std::string) {}
  virtual void put_back(std::string_view) {}

  // True for TLS.
  [[nodiscard]] virtual bool is_secure() const { return false; }
  // Requires: a read returned 0. True if the peer itself has announced the end. False with TLS if
  // there was no close_notify: an attacker may have cut the stream short (RFC 8446 section 6.1).
  [[nodiscard]] virtual bool ended_cleanly() const { return true; }
  // The protocol that ALPN selected ("h2", "http/1.1"); "" if none was requested (RFC 7301).
  [[nodiscard]] virtual std::string_view protocol() const { return {}; }

 protected:
  // Each returns true if the operation is done, with its outcome in operation.result. Otherwise the
  // stream calls finish() later, never before this call returns. `buffer` is empty if the operation
  // has a Room.
  virtual bool start_read(std::span<char> buffer, Operation& operation) = 0;
  virtual bool start_write(std::string_view bytes, Operation& operation) = 0;
  // `whole`: the operation is a broken().
  virtual bool start_closed(Operation& operation, bool whole) = 0;
  // The operation was started, is not finished, and is about to be destroyed.
  virtual void cancel(Operation& operation) = 0;
};

// Provides the buffer of a read.
class Stream::Room {
 public:
  virtual ~Room() = default;
  // Returns a buffer that is not empty and stays valid until the next call. Read bytes begin at its
  // front. Called right before each attempt to read, even one that finds nothing.
  virtual std::span<char> room() = 0;
};

// One wait, in the frame of the waiting coroutine. It does not use loop::Event: the stream decides
// whether the wait suspends at all, and fills in the result in place.
class Stream::Operation {
 public:
  explicit Operation(Stream& stream) : stream_(stream) {}
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;
  ~Operation() {
    if (awaiter_) stream_.cancel(*this);
  }

  // For implementations: resumes the awaiter, which may destroy the Stream.
  void finish() { std::exchange(awaiter_, {}).resume(); }
  // Returns the buffer of a read that began with `buffer`.
  [[nodiscard]] std::span<char> target(std::span<char> buffer) const {
    return room_ != nullptr ? room_->room() : buffer;
  }
  // Leaves the awaiter suspended for good, because its Stream is destroyed first.
  void abandon() { awaiter_ = {}; }

  Result<std::size_t> result = 0;

 protected:
  Stream& stream_;
  Room* room_ = nullptr;
  std::coroutine_handle<> awaiter_;
};

// Self::start() begins the operation and returns true if it is done.
template <class Self>
class Stream::Started : public Operation {
 public:
  using Operation::Operation;
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> awaiter) {
    awaiter_ = awaiter;
    const bool done = static_cast<Self*>(this)->start();
    if (done) awaiter_ = {};
    return !done;
  }
};

class Stream::Read : public Started<Read> {
 public:
  Read(Stream& stream, std::span<char> buffer) : Started(stream), buffer_(buffer) {}
  Read(Stream& stream, Room& room) : Started(stream) { room_ = &room; }
  bool start() { return stream_.start_read(buffer_, *this); }
  Result<std::size_t> await_resume() { return std::move(result); }

 private:
  std::span<char> buffer_;
};

class Stream::Write : public Started<Write> {
 public:
  Write(Stream& stream, std::string_view bytes) : Started(stream), bytes_(bytes) {}
  bool start() { return stream_.start_write(bytes_, *this); }
  Result<void> await_resume() {
    if (!result) return std::unexpected(std::move(result).error());
    return {};
  }

 private:
  std::string_view bytes_;
};

class Stream::Closed : public Started<Closed> {
 public:
  Closed(Stream& stream, bool whole) : Started(stream), whole_(whole) {}
  bool start() { return stream_.start_closed(*this, whole_); }
  bool await_resume() const { return result.has_value(); }

 private:
  bool whole_;
};

// Returns "10.0.0.1" for "10.0.0.1:4711", "::1" for "[::1]:80".
[[nodiscard]] constexpr std::string_view ip_of(std::string_view address) {
  return without_brackets(split_host_port(address).host);
}

inline Stream::Read Stream::read_some(std::span<char> buffer) { return {*this, buffer}; }
inline Stream::Read Stream::read_into(Room& room) { return {*this, room}; }
inline Stream::Write Stream::write_all(std::string_view bytes) { return {*this, bytes}; }
inline Stream::Closed Stream::closed() { return {*this, false}; }
inline Stream::Closed Stream::broken() { return {*this, true}; }

}  // namespace sluice::net
