// SPDX-License-Identifier: Apache-2.0
#include "base/log_socket.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <optional>

#include "base/log.h"

namespace sluice {
namespace {

// A daemon's end of the socket.
class Daemon {
 public:
  explicit Daemon(std::string path) : path_(std::move(path)) {
    std::filesystem::remove(path_);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.data(), path_.size());
    socket_ = Descriptor(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)),
              0);
  }
  ~Daemon() { std::filesystem::remove(path_); }
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;
  // The next datagram.
  std::string receive() {
    std::string data(std::size_t{128} << 10, '\0');
    const ssize_t size = ::recv(socket_.get(), data.data(), data.size(), 0);
    data.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return data;
  }

 private:
  std::string path_;
  Descriptor socket_;
};

std::string path_of(const char* name) {
  return (std::filesystem::path(testing::TempDir()) / name).string();
}

TEST(LogSocket, SyslogHasPriorityTimeAndName) {
  Daemon daemon(path_of("log_socket_syslog"));
  auto log = LogSocket::connect(LogDaemon::syslog, path_of("log_socket_syslog"), "gate");
  ASSERT_TRUE(log);
  std::tm parts{};
  parts.tm_sec = 5;
  parts.tm_min = 4;
  parts.tm_hour = 3;
  parts.tm_mday = 2;
  parts.tm_year = 126;
  parts.tm_isdst = -1;
  const auto when = std::chrono::system_clock::from_time_t(std::mktime(&parts));
  EXPECT_TRUE(log->send(LogSeverity::warning, "a line", when));
  EXPECT_EQ(daemon.receive(),
            "<28>Jan  2 03:04:05 gate[" + std::to_string(::getpid()) + "]: a line");
}

TEST(LogSocket, JournaldHasFields) {
  Daemon daemon(path_of("log_socket_journald"));
  auto log = LogSocket::connect(LogDaemon::journald, path_of("log_socket_journald"), "gate");
  ASSERT_TRUE(log);
  EXPECT_TRUE(log->send(LogSeverity::error, "a=b", {}));
  EXPECT_EQ(daemon.receive(), "MESSAGE=a=b\nPRIORITY=3\nSYSLOG_IDENTIFIER=gate\n");
}

TEST(LogSocket, ALongLineIsCut) {
  Daemon daemon(path_of("log_socket_long"));
  auto log = LogSocket::connect(LogDaemon::journald, path_of("log_socket_long"), "gate");
  ASSERT_TRUE(log);
  EXPECT_TRUE(log->send(LogSeverity::info, std::string(1'000'000, 'x'), {}));
  const std::string got = daemon.receive();
  EXPECT_EQ(std::count(got.begin(), got.end(), 'x'),
            static_cast<std::ptrdiff_t>(LogSocket::kTextMax));
}

TEST(LogSocket, AnAbsentDaemonIsAnErrorWithItsPath) {
  const auto log = LogSocket::connect(LogDaemon::syslog, path_of("log_socket_absent"), "gate");
  ASSERT_FALSE(log);
  EXPECT_NE(log.error().message.find("log_socket_absent"), std::string::npos);
}

TEST(LogSocket, ADaemonThatBeganAgainIsFound) {
  const std::string path = path_of("log_socket_again");
  std::optional<Daemon> daemon(path);
  auto log = LogSocket::connect(LogDaemon::journald, path, "gate");
  ASSERT_TRUE(log);
  EXPECT_TRUE(log->send(LogSeverity::info, "first", {}));
  daemon.reset();
  daemon.emplace(path);
  EXPECT_TRUE(log->send(LogSeverity::info, "second", {}));
  EXPECT_NE(daemon->receive().find("second"), std::string::npos);
}

// It reads nothing: lines are lost, and soon without a wait.
TEST(LogSocket, ADaemonThatDoesNotReadLosesLines) {
  Daemon daemon(path_of("log_socket_full"));
  auto log = LogSocket::connect(LogDaemon::syslog, path_of("log_socket_full"), "gate");
  ASSERT_TRUE(log);
  const std::string text(1000, 'x');
  int sent = 0;
  while (sent < 100'000 && log->send(LogSeverity::info, text, {})) ++sent;
  ASSERT_LT(sent, 100'000);
  EXPECT_FALSE(log->send(LogSeverity::info, text, {}));
}

TEST(LogSocket, LinesOfALogger) {
  Daemon daemon(path_of("log_socket_logger"));
  auto log = LogSocket::connect(LogDaemon::journald, path_of("log_socket_logger"), "gate");
  ASSERT_TRUE(log);
  {
    const Logger logger = Logger::open(std::move(*log), LogFormat::text, false);
    logger.error("a\nforged line");
  }
  EXPECT_EQ(daemon.receive(), "MESSAGE=a\\nforged line\nPRIORITY=3\nSYSLOG_IDENTIFIER=gate\n");
}

}  // namespace
}  // namespace sluice
