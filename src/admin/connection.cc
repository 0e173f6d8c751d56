// SPDX-License-Identifier: Apache-2.0
#include "admin/connection.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

namespace sluice::admin {
namespace {

using Outcome = net::TlsSocket::Outcome;

constexpr auto kLook = std::chrono::milliseconds(250);  // for `stopping`
constexpr char kTlsHandshake = 0x16;  // first byte of a record, RFC 8446 section 5.1
constexpr std::string_view kSpeaksTls =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: 60\r\n"
    "Connection: close\r\n\r\n"
    "{\"code\":400,\"message\":\"this port speaks TLS: use https://\"}\n";

struct Peer {
  std::string address;
  int port = 0;
};

Peer peer_of(int descriptor) {
  sockaddr_storage where{};
  socklen_t size = sizeof where;
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> service{};
  auto* address = reinterpret_cast<sockaddr*>(&where);
  if (::getpeername(descriptor, address, &size) != 0) return {};
  if (::getnameinfo(address, size, host.data(), host.size(), service.data(), service.size(),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
    return {};
  Peer peer{host.data(), 0};
  if (peer.address.starts_with("::ffff:")) peer.address.erase(0, 7);
  std::from_chars(service.data(), service.data() + service.size(), peer.port);
  return peer;
}

}  // namespace

Connection::Connection(int descriptor, std::shared_ptr<const net::TlsContext> tls,
                       const std::atomic<bool>& stopping)
    : descriptor_(descriptor),
      stopping_(stopping),
      greeting_until_(Clock::now() + kGreetingTimeout) {
  const Peer peer = peer_of(descriptor);
  peer_ = peer.address;
  peer_port_ = peer.port;
  if (tls) tls_ = std::make_unique<net::TlsSocket>(descriptor, std::move(tls));
}

Connection::~Connection() {
  if (tls_) tls_->shut_down();
  tls_.reset();
  ::shutdown(descriptor_, SHUT_RDWR);
  ::close(descriptor_);
}

TimePoint Connection::limit(short events) const {
  if (greeting_) return greeting_until_;
  return Clock::now() + (events == POLLOUT ? kPauseMax : kReadTimeout);
}

bool Connection::wait(short events) {
  const TimePoint until = limit(events);
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
    if (left.count() <= 0) return false;
    const auto pause = std::min<std::chrono::milliseconds>(left, kLook);
    pollfd source{descriptor_, events, 0};
    const int ready = ::poll(&source, 1, static_cast<int>(pause.count()));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
    if (stopping_) return false;
  }
}

bool Connection::settle(Outcome outcome) {
  if (outcome == Outcome::wants_read) return wait(POLLIN);
  if (outcome == Outcome::wants_write) return wait(POLLOUT);
  return false;
}

bool Connection::speaks_tls() {
  char first = 0;
  ssize_t count = 0;
  while ((count = ::recv(descriptor_, &first, 1, MSG_PEEK)) < 0) {
    if (errno == EINTR) continue;
    if (errno != EAGAIN || !wait(POLLIN)) return false;
  }
  if (count == 0) return false;
  if (first == kTlsHandshake) return true;
  (void)::send(descriptor_, kSpeaksTls.data(), kSpeaksTls.size(), MSG_NOSIGNAL);
  trouble_ = "it speaks no TLS";
  // Unread bytes would turn the close into a reset, and the client would lose the answer.
  std::array<char, 4096> dropped{};
  (void)::recv(descriptor_, dropped.data(), dropped.size(), 0);
  return false;
}

bool Connection::open() {
  if (!tls_) return true;
  if (!speaks_tls()) return false;
  while (true) {
    const Outcome outcome = tls_->handshake();
    if (outcome == Outcome::done) return true;
    if (settle(outcome)) continue;
    trouble_ = tls_->trouble();
    return false;
  }
}

ssize_t Connection::read(char* out, std::size_t size) {
  while (true) {
    if (tls_) {
      std::size_t count = 0;
      const Outcome outcome = tls_->read({out, size}, count);
      if (outcome == Outcome::done) return static_cast<ssize_t>(count);
      if (outcome == Outcome::ended) return 0;
      if (!settle(outcome)) return -1;
      continue;
    }
    const ssize_t count = ::recv(descriptor_, out, size, 0);
    if (count >= 0) return count;
    if (errno != EINTR && (errno != EAGAIN || !wait(POLLIN))) return -1;
  }
}

ssize_t Connection::write(std::string_view bytes) {
  while (true) {
    if (tls_) {
      std::size_t count = 0;
      const Outcome outcome = tls_->write(bytes, count);
      if (outcome == Outcome::done) return static_cast<ssize_t>(count);
      if (!settle(outcome)) return -1;
      continue;
    }
    const ssize_t count = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count >= 0) return count;
    if (errno != EINTR && (errno != EAGAIN || !wait(POLLOUT))) return -1;
  }
}

bool Connection::is_readable() { return (tls_ && tls_->has_pending()) || wait(POLLIN); }

bool Connection::is_writable() {
  if (!wait(POLLOUT)) return false;
  pollfd source{descriptor_, POLLRDHUP, 0};
  return ::poll(&source, 1, 0) == 0;  // otherwise the client has left
}

}  // namespace sluice::admin
