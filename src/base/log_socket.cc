// SPDX-License-Identifier: Apache-2.0
#include "base/log_socket.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>

namespace sluice {
namespace {

constexpr int kFacilityDaemon = 3;  // RFC 5424 §6.2.1

// "Nov 27 10:00:00", the local time.
std::string time_of_syslog(std::chrono::system_clock::time_point when) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(when);
  std::tm parts{};
  localtime_r(&seconds, &parts);
  constexpr std::array<const char*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::array<char, 32> clock{};
  const std::size_t size = std::strftime(clock.data(), clock.size(), " %e %H:%M:%S", &parts);
  return kMonths.at(static_cast<std::size_t>(parts.tm_mon)) + std::string(clock.data(), size);
}

// The daemon is gone, or another one listens at its path.
bool is_gone(int error) {
  return error == ECONNREFUSED || error == ECONNRESET || error == ENOTCONN || error == EDESTADDRREQ;
}

}  // namespace

std::string LogSocket::default_path(LogDaemon daemon) {
  return daemon == LogDaemon::syslog ? "/dev/log" : "/run/systemd/journal/socket";
}

Result<LogSocket> LogSocket::connect(LogDaemon daemon, std::string path, std::string name) {
  LogSocket made(daemon, std::move(path), std::move(name));
  SLUICE_CHECK(made.open());
  return made;
}

Result<void> LogSocket::open() {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path_.size() >= sizeof(address.sun_path))
    return fail(ErrorKind::invalid, path_ + " is too long for a socket");
  std::memcpy(address.sun_path, path_.data(), path_.size());
  Descriptor fresh(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const timeval patience{.tv_sec = kSendMax.count() / 1000,
                         .tv_usec = kSendMax.count() % 1000 * 1000};
  if (!fresh.is_open() ||
      ::setsockopt(fresh.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) != 0 ||
      ::connect(fresh.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return fail(ErrorKind::unavailable, path_ + ": " + std::strerror(errno));
  }
  socket_ = std::move(fresh);
  return {};
}

std::string LogSocket::datagram(LogSeverity severity, std::string_view text,
                                std::chrono::system_clock::time_point when) const {
  const std::string level = std::to_string(static_cast<int>(severity));
  std::string out;
  if (daemon_ == LogDaemon::journald) {
    out.append("MESSAGE=").append(text).append("\nPRIORITY=").append(level);
    out.append("\nSYSLOG_IDENTIFIER=").append(name_).append("\n");
    return out;
  }
  const int priority = kFacilityDaemon * 8 + static_cast<int>(severity);
  out.append("<").append(std::to_string(priority)).append(">").append(time_of_syslog(when));
  out.append(" ").append(name_).append("[").append(std::to_string(::getpid())).append("]: ");
  return out.append(text);
}

bool LogSocket::send(LogSeverity severity, std::string_view text,
                     std::chrono::system_clock::time_point when) {
  if (Clock::now() < lost_until_) return false;
  const std::string data = datagram(severity, text.substr(0, kTextMax), when);
  for (int attempt = 0; attempt < 2; ++attempt) {
    if (socket_.is_open() && ::send(socket_.get(), data.data(), data.size(), MSG_NOSIGNAL) >= 0)
      return true;
    if (socket_.is_open() && !is_gone(errno)) break;
    socket_.reset();
    if (!open()) break;
  }
  lost_until_ = Clock::now() + kPause;
  return false;
}

}  // namespace sluice
