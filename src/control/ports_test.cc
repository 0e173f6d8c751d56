// SPDX-License-Identifier: Apache-2.0
#include "control/ports.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>

namespace sluice::control {
namespace {

constexpr unsigned kCores = 2;

using Specs = std::vector<const Ports::Wanted*>;

std::uint16_t free_port() { return net::Listener::open("", 0)->port(); }

Ports::Wanted server(std::string name, std::uint16_t port, std::string address = "") {
  return {std::move(name), std::move(address), port};
}

// Whether a socket listens on the port.
bool answers(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(port);
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool open = ::connect(socket, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0;
  ::close(socket);
  return open;
}

class PortsTest : public ::testing::Test {
 protected:
  // Replaces the sockets of each changed server by its new ones, as the cores do.
  Ports::Changes assign(const Specs& servers) {
    std::vector<Ports::Wanted> wanted;
    for (const auto* server : servers) wanted.push_back(*server);
    Ports::Changes changes = ports_.assign(wanted);
    std::erase_if(accepting_, [&servers](const auto& entry) {
      return std::ranges::none_of(servers, [&](const auto* s) { return s->name == entry.first; });
    });
    for (auto& [name, sockets] : changes.listeners) {
      given_[name] = sockets.size();
      accepting_[name] = std::move(sockets);
    }
    return changes;
  }
  [[nodiscard]] std::uint16_t port_of(const std::string& name) const {
    const auto found = accepting_.find(name);
    return found == accepting_.end() || found->second.empty() ? 0 : found->second[0].port();
  }

  Ports ports_{kCores};
  std::map<std::string, std::vector<net::Listener>> accepting_;
  std::map<std::string, std::size_t> given_;
};

TEST_F(PortsTest, OneSocketPerCoreAndNothingWhereNothingChanges) {
  const auto a = server("a", free_port());
  assign({&a});
  EXPECT_EQ(given_["a"], kCores);
  EXPECT_TRUE(assign({&a}).listeners.empty());
  EXPECT_TRUE(answers(a.port));
}

TEST_F(PortsTest, TwoServersSwap) {
  auto a = server("a", free_port());
  auto b = server("b", free_port());
  assign({&a, &b});
  std::swap(a.port, b.port);
  const auto changes = assign({&a, &b});
  EXPECT_TRUE(changes.errors.empty());
  EXPECT_EQ(port_of("a"), a.port);
  EXPECT_EQ(port_of("b"), b.port);
  EXPECT_TRUE(answers(a.port) && answers(b.port));
}

TEST_F(PortsTest, APortMovesAlongAChainInAnyOrder) {
  for (const bool reverse : {false, true}) {
    auto a = server("a", free_port());
    auto b = server("b", free_port());
    assign({&a, &b});
    b.port = a.port;
    a.port = free_port();
    EXPECT_TRUE(assign(reverse ? Specs{&b, &a} : Specs{&a, &b}).errors.empty());
    EXPECT_EQ(port_of("a"), a.port);
    EXPECT_EQ(port_of("b"), b.port);
    EXPECT_TRUE(answers(a.port) && answers(b.port));
    assign({});
  }
}

TEST_F(PortsTest, AServerThatIsGoneLeavesItsSocketsToTheNext) {
  const auto old = server("old", free_port());
  const auto fresh = server("new", old.port);
  assign({&old});
  // No core accepts this connection: it waits in the socket that is passed on.
  EXPECT_TRUE(answers(old.port));
  assign({&fresh});
  EXPECT_FALSE(accepting_.contains("old"));
  int queued = 0;
  for (const auto& socket : accepting_["new"]) {
    const int taken = ::accept4(socket.descriptor(), nullptr, nullptr, SOCK_CLOEXEC);
    if (taken < 0) continue;
    ++queued;
    ::close(taken);
  }
  EXPECT_EQ(queued, 1);
}

TEST_F(PortsTest, AnotherAddressOfTheSamePortIsOurs) {
  auto a = server("a", free_port());
  assign({&a});
  a.address = "127.0.0.1";
  EXPECT_TRUE(assign({&a}).errors.empty());
  EXPECT_TRUE(answers(a.port));
  a.address = "";
  EXPECT_TRUE(assign({&a}).errors.empty());
  EXPECT_TRUE(answers(a.port));
}

TEST_F(PortsTest, WhoCannotMoveStaysAndIsTriedAgain) {
  auto taken = std::make_optional(net::Listener::open("", 0));
  auto a = server("a", free_port());
  const std::uint16_t before = a.port;
  assign({&a});
  a.port = (*taken)->port();
  for (int i = 0; i < 2; ++i) {
    const auto changes = assign({&a});
    EXPECT_THAT(changes.errors.at("a"), ::testing::HasSubstr("taken by another process"));
    EXPECT_TRUE(changes.listeners.empty());
    EXPECT_TRUE(answers(before));
    ASSERT_EQ(ports_.all().size(), 1U) << "a successor process gets the one that it has";
    EXPECT_EQ(ports_.all()[0].port, before);
  }
  a.port = before;
  const auto back = assign({&a});
  EXPECT_TRUE(back.errors.empty() && back.listeners.empty());
  a.port = (*taken)->port();
  EXPECT_TRUE(assign({&a}).errors.contains("a"));
  taken.reset();
  EXPECT_TRUE(assign({&a}).errors.empty());
  EXPECT_EQ(port_of("a"), a.port);
  EXPECT_FALSE(answers(before));
}

TEST_F(PortsTest, WhoCannotMoveGivesWayToTheServerThatHasItsPortNow) {
  const auto taken = net::Listener::open("", 0);
  auto a = server("a", free_port());
  auto b = server("b", free_port());
  assign({&a, &b});
  b.port = a.port;
  a.port = taken->port();
  const auto changes = assign({&a, &b});
  EXPECT_TRUE(changes.errors.contains("a") && !changes.errors.contains("b"));
  EXPECT_EQ(port_of("a"), 0) << "it is told to accept no more";
  EXPECT_EQ(port_of("b"), b.port);
}

TEST_F(PortsTest, AfterCloseNothingHoldsThePort) {
  const auto a = server("a", free_port());
  assign({&a});
  ports_.close();
  accepting_.clear();
  EXPECT_FALSE(answers(a.port));
}

}  // namespace
}  // namespace sluice::control
