// SPDX-License-Identifier: Apache-2.0
// Inside net/ only: what a TCP stream does, apart from its owner, so that pending Asio handlers can
// keep it alive after the Stream is gone.
#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "loop/event_loop.h"
#include "net/stream.h"

namespace sluice::net {

class Socket : public std::enable_shared_from_this<Socket> {
 public:
  Socket(loop::EventLoop& loop, boost::asio::ip::tcp::socket socket);

  bool start_read(std::span<char> buffer, Stream::Operation& operation);
  bool start_write(std::string_view bytes, Stream::Operation& operation);
  bool start_closed(Stream::Operation& operation);
  void cancel(Stream::Operation& operation);
  void set_deadline(TimePoint when);
  void clear_deadline() { deadline_ = TimePoint::max(), expired_ = false; }
  void close();
  void shutdown_write();
  // The Stream goes away.
  void abandon();
  bool is_open() const { return socket_.is_open(); }
  void put_back(std::string_view bytes) { put_back_ = std::make_unique<std::string>(bytes); }

 private:
  // One kind of operation: who waits, and how to call the wait off.
  struct Slot {
    Stream::Operation* operation = nullptr;
    std::uint64_t ticket = 0;  // tells the handler of a cancelled wait from that of the current one
    boost::asio::cancellation_signal signal;

    Stream::Operation* take() { return std::exchange(operation, nullptr); }
    Stream::Operation* cancel() {
      ++ticket;
      signal.emit(boost::asio::cancellation_type::terminal);
      return take();
    }
  };

  bool refuse(Stream::Operation& operation) const;
  bool read_put_back(Stream::Operation& operation);
  bool read_now(Stream::Operation& operation);
  void on_read(std::uint64_t ticket, const boost::system::error_code& error, std::size_t count);
  void note_read(const boost::system::error_code& error, std::size_t count,
                 Stream::Operation& operation);
  bool send(Stream::Operation& operation);
  void wait_writable();
  void on_writable(std::uint64_t ticket, const boost::system::error_code& error);
  void watch();
  void on_watch(std::uint64_t ticket, const boost::system::error_code& error);
  void resolve_read();
  void resolve_closed(bool by_peer);
  void arm(TimePoint when);
  void on_timer();

  loop::EventLoop& loop_;
  boost::asio::ip::tcp::socket socket_;
  Slot read_;
  Slot write_;
  Slot closed_;
  std::span<char> buffer_;  // of the pending read
  std::unique_ptr<std::string> put_back_;
  std::string_view unsent_;    // of the pending write
  bool more_to_read_ = false;  // the last read filled its buffer
  int reads_at_once_ = 0;
  bool ended_ = false;   // the end of the stream or an error was seen; Asio tells it once only
  bool parked_ = false;  // closed() waits for a read() to take what lies before the end
  char peeked_ = 0;
  bool expired_ = false;
  TimePoint deadline_ = TimePoint::max();
  TimePoint timer_at_ = TimePoint::max();
  loop::EventLoop::Timer timer_;
};

}  // namespace sluice::net
