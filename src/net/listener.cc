// SPDX-License-Identifier: Apache-2.0
#include "net/listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <cstring>
#include <deque>
#include <optional>

#include "base/descriptor.h"
#include "base/host_port.h"
#include "loop/event.h"
#include "loop/poller.h"
#include "net/errno_text.h"
#include "net/tcp_stream.h"
#include "net/unsent_bytes.h"

namespace sluice::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

// The connections that an Acceptor takes at its end: a full backlog. If connections arrive faster
// than they are taken, those beyond this number are reset.
constexpr std::size_t kLastAcceptsMax = 4096;
constexpr Duration kBackOffFirst = std::chrono::milliseconds(10);
constexpr Duration kBackOffMax = std::chrono::seconds(1);

bool set_option(int descriptor, int level, int name, int value) {
  return ::setsockopt(descriptor, level, name, &value, sizeof value) == 0;
}

// Returns the socket's errno, or 0. `dual`: an IPv6 socket accepts IPv4 too.
int bind_socket(int descriptor, const tcp::endpoint& where, bool reuse_port, bool dual) {
  set_option(descriptor, SOL_SOCKET, SO_REUSEADDR,
             1);  // old connections in TIME_WAIT do not block the port
  if (reuse_port && !set_option(descriptor, SOL_SOCKET, SO_REUSEPORT, 1)) return errno;
  if (where.protocol() == tcp::v6())
    set_option(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, dual ? 0 : 1);
  return ::bind(descriptor, where.data(), static_cast<socklen_t>(where.size())) == 0 ? 0 : errno;
}

std::string name_of(std::string_view address, std::uint16_t port) {
  if (address.empty()) return "port " + std::to_string(port);
  return port == 0 ? std::string(address) : format_host_port(address, port);
}

std::unexpected<Error> bind_failure(std::string_view address, std::uint16_t port, int error) {
  const std::string name = name_of(address, port);
  if (error == EADDRINUSE) return fail(ErrorKind::conflict, name + " is taken by another process");
  const std::string text = "cannot listen on " + name + ": ";
  if (error == EADDRNOTAVAIL) return fail(ErrorKind::invalid, text + "no address of this machine");
  return fail(ErrorKind::internal, text + errno_text(error));
}

Result<Descriptor> open_bound(std::string_view address, std::uint16_t port, bool reuse_port) {
  const std::string literal(without_brackets(address));
  error_code bad;
  const auto parsed = literal.empty() ? asio::ip::address(asio::ip::address_v6::any())
                                      : asio::ip::make_address(literal, bad);
  if (bad) return fail(ErrorKind::invalid, "\"" + literal + "\" is not an IP address");
  const auto attempt = [&](const tcp::endpoint& where, int& error) {
    Descriptor made(
        ::socket(where.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    error = made.get() < 0 ? errno : bind_socket(made.get(), where, reuse_port, literal.empty());
    return error == 0 ? std::move(made) : Descriptor();
  };
  int error = 0;
  Descriptor bound = attempt({parsed, port}, error);
  const bool without_ipv6 = error == EAFNOSUPPORT || error == EADDRNOTAVAIL;
  if (!bound.is_open() && literal.empty() && without_ipv6)
    bound = attempt({tcp::v4(), port}, error);
  if (!bound.is_open()) return bind_failure(address, port, error);
  return bound;
}

std::uint16_t bound_port(int descriptor) {
  tcp::endpoint where;
  socklen_t size = static_cast<socklen_t>(where.capacity());
  if (::getsockname(descriptor, where.data(), &size) != 0) return 0;
  return where.port();
}

}  // namespace

Result<Listener> Listener::open(std::string_view address, std::uint16_t port,
                                ListenOptions options) {
  SLUICE_TRY(Descriptor descriptor, open_bound(address, port, options.reuse_port));
  // Accepted sockets inherit these.
  set_option(descriptor.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(descriptor.get(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, kUnsentBytesMax);
  if (::listen(descriptor.get(), options.backlog) != 0) return bind_failure(address, port, errno);
  const std::uint16_t actual = bound_port(descriptor.get());
  return Listener(std::move(descriptor), actual);
}

Result<void> Listener::probe(std::string_view address, std::uint16_t port) {
  SLUICE_TRY(const Descriptor descriptor, open_bound(address, port, false));
  // bind() is not enough: Linux lets two sockets bind with SO_REUSEADDR as long as neither listens.
  if (::listen(descriptor.get(), 1) != 0) return bind_failure(address, port, errno);
  return {};
}

Listener Listener::adopt(int descriptor) {
  return {Descriptor(descriptor), bound_port(descriptor)};
}

Result<Listener> Listener::duplicate() const {
  Descriptor copy(::fcntl(descriptor_.get(), F_DUPFD_CLOEXEC, 0));
  if (copy.is_open()) return Listener(std::move(copy), port_);
  return fail(ErrorKind::unavailable, "cannot duplicate a socket: " + errno_text(errno));
}

struct Acceptor::State final : loop::Poller::Watcher {
  State(loop::EventLoop& its_loop, Listener listener);
  ~State() override { close(); }
  // A report that nobody waits for is dropped: each wait asks anew.
  void on_change(loop::Poller::Readiness /*readiness*/) override {
    if (readable.has_waiter()) readable.notify_now();
  }
  // co_await: there may be a connection, or the socket is closed.
  [[nodiscard]] loop::Event::Wait may_accept() {
    loop.poller().tell_again(socket.get(), *this);
    return readable.wait();
  }
  void close();

  loop::EventLoop& loop;
  Descriptor socket;
  const std::uint16_t port;
  loop::Event readable;
  int accepts_at_once = 0;
  int batch = Acceptor::kBatch;
  bool waited = false;                       // a connection is probably queued
  std::deque<std::unique_ptr<Stream>> last;  // accepted by finish()
  Duration back_off = kBackOffFirst;
  Duration patience = Duration::max();
  std::function<std::optional<std::string>()> on_late;
};

namespace {

enum class Accepted { stream, nothing, again, out_of_resources, broken };

// Returns the time since the peer sent something, or else since it connected.
Duration silent_for(int descriptor) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return {};
  return std::chrono::milliseconds(info.tcpi_last_data_recv);
}

// Discards the bytes at hand before it answers: closing a socket with unread bytes resets it, and
// the answer would be lost.
void refuse_unread(int descriptor, const std::string& answer) {
  std::array<char, 4096> unread;
  if (answer.empty() || ::recv(descriptor, unread.data(), unread.size(), 0) <= 0) return;
  if (std::string_view(unread.data(), 4) == "PRI ") return;  // HTTP/2 would not understand it
  (void)::send(descriptor, answer.data(), answer.size(), MSG_NOSIGNAL);
}

Accepted classify(int error) {
  switch (error) {
    case EAGAIN:
      return Accepted::nothing;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      return Accepted::out_of_resources;
    case EBADF:
    case EINVAL:
    case ENOTSOCK:
    case EOPNOTSUPP:
    case EFAULT:
      return Accepted::broken;
    default:  // the connection failed while queued: ECONNABORTED and others, see accept(2)
      return Accepted::again;
  }
}

Accepted accept_one(Acceptor::State& state, std::unique_ptr<Stream>& out) {
  const int listener = state.socket.get();
  tcp::endpoint peer;
  socklen_t size = static_cast<socklen_t>(peer.capacity());
  Descriptor descriptor(::accept4(listener, peer.data(), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (descriptor.get() < 0) return classify(errno);
  peer.resize(size);
  if (state.patience != Duration::max() && silent_for(descriptor.get()) > state.patience) {
    if (const auto answer = state.on_late()) {
      refuse_unread(descriptor.get(), *answer);
      return Accepted::again;
    }
  }
  out = make_tcp_stream(state.loop, descriptor.release(), peer);
  return out ? Accepted::stream : Accepted::out_of_resources;
}

}  // namespace

Acceptor::State::State(loop::EventLoop& its_loop, Listener listener)
    : loop(its_loop), port(listener.port()), readable(its_loop) {
  socket = Descriptor(listener.release());
  if (!loop.poller().add(socket.get(), *this)) socket.reset();
}

void Acceptor::State::close() {
  if (!socket.is_open()) return;
  loop.poller().remove(socket.get(), *this);
  socket.reset();
  readable.notify();
}

Acceptor::Acceptor(loop::EventLoop& loop, Listener listener)
    : state_(std::make_shared<State>(loop, std::move(listener))) {}

Acceptor::Acceptor(Acceptor&&) noexcept = default;

Acceptor::~Acceptor() {
  if (state_) close();
}

void Acceptor::set_backlog(int connections) {
  if (state_->socket.is_open()) (void)::listen(state_->socket.get(), connections);
}

void Acceptor::set_batch(int connections) { state_->batch = connections; }

void Acceptor::set_patience(Duration patience,
                            std::function<std::optional<std::string>()> on_late) {
  state_->patience = patience;
  state_->on_late = std::move(on_late);
}

std::uint16_t Acceptor::port() const { return state_->port; }

void Acceptor::close() { state_->close(); }

void Acceptor::finish() {
  while (state_->socket.is_open() && state_->last.size() < kLastAcceptsMax) {
    std::unique_ptr<Stream> stream;
    const Accepted outcome = accept_one(*state_, stream);
    if (outcome == Accepted::stream) {
      state_->last.push_back(std::move(stream));
    } else if (outcome != Accepted::again) {
      break;
    }
  }
  close();
}

Task<Result<std::unique_ptr<Stream>>> Acceptor::accept() {
  const auto state = state_;
  while (state->socket.is_open()) {
    if (state->waited && ++state->accepts_at_once <= state->batch) {
      std::unique_ptr<Stream> stream;
      const Accepted outcome = accept_one(*state, stream);
      if (outcome == Accepted::again) continue;
      if (outcome == Accepted::broken) break;
      if (outcome == Accepted::stream) {
        state->back_off = kBackOffFirst;
        co_return stream;
      }
      if (outcome == Accepted::out_of_resources) {
        co_await state->loop.sleep_for(state->back_off);
        state->back_off = std::min(state->back_off * 2, kBackOffMax);
        co_return fail(ErrorKind::unavailable,
                       "cannot accept connections: out of file descriptors or memory");
      }
    }
    state->accepts_at_once = 0;
    (void)co_await state->may_accept();
    state->waited = true;
  }
  if (!state->last.empty()) {
    auto stream = std::move(state->last.front());
    state->last.pop_front();
    co_return stream;
  }
  co_return fail(ErrorKind::closed, "listener closed");
}

}  // namespace sluice::net
