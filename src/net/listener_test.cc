// SPDX-License-Identifier: Apache-2.0
#include "net/listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <string>
#include <vector>

#include "loop/testing/run_to_completion.h"
#include "net/resolver.h"

namespace sluice::net {
namespace {

using loop::EventLoop;
using loop::run_to_completion;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(Listener, FindsAFreePortAndSharesIt) {
  const auto first = Listener::open("127.0.0.1", 0);
  ASSERT_TRUE(first);
  ASSERT_NE(first->port(), 0);
  EXPECT_TRUE(Listener::open("127.0.0.1", first->port()));
  const auto alone = Listener::open("127.0.0.1", first->port(), {.reuse_port = false});
  ASSERT_FALSE(alone);
  EXPECT_EQ(alone.error().kind, ErrorKind::conflict);
}

TEST(Listener, ProbeSeesAPortThatCouldBeShared) {
  const auto taken = Listener::open("", 0);
  ASSERT_TRUE(taken);
  const auto probed = Listener::probe("", taken->port());
  ASSERT_FALSE(probed);
  EXPECT_EQ(probed.error().message,
            "port " + std::to_string(taken->port()) + " is taken by another process");
}

TEST(Listener, ProbeLeavesTheportFree) {
  std::uint16_t port = 0;
  {
    const auto once = Listener::open("", 0);
    ASSERT_TRUE(once);
    port = once->port();
  }
  EXPECT_TRUE(Listener::probe("", port));
  EXPECT_TRUE(Listener::probe("", port));
  EXPECT_TRUE(Listener::open("", port));
}

TEST(Listener, RefusesWhatIsNoAddress) {
  const auto bad = Listener::open("localhost", 0);
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().message, "\"localhost\" is not an IP address");
  const auto foreign = Listener::open("192.0.2.1", 1);
  ASSERT_FALSE(foreign);
  EXPECT_EQ(foreign.error().message, "cannot listen on 192.0.2.1:1: no address of this machine");
  const auto probed = Listener::probe("192.0.2.1", 0);
  ASSERT_FALSE(probed);
  EXPECT_EQ(probed.error().message, "cannot listen on 192.0.2.1: no address of this machine");
}

Task<Result<std::unique_ptr<Stream>>> dial(EventLoop& loop, std::string address,
                                           std::uint16_t port) {
  co_return co_await connect(loop, {address, port}, Clock::now() + std::chrono::seconds(5));
}

TEST(Acceptor, ShowsIpv4PeersPlainly) {
  EventLoop loop;
  auto listener = Listener::open("", 0);
  ASSERT_TRUE(listener);
  Acceptor acceptor(loop, std::move(*listener));
  const auto client = run_to_completion(loop, dial(loop, "127.0.0.1", acceptor.port()));
  ASSERT_TRUE(client) << client.error().message;
  const auto accepted = run_to_completion(loop, acceptor.accept());
  ASSERT_TRUE(accepted);
  EXPECT_THAT((*accepted)->peer_address(), StartsWith("127.0.0.1:"));
}

TEST(Acceptor, ShowsIpv6PeersInBrackets) {
  EventLoop loop;
  auto listener = Listener::open("::1", 0);
  if (!listener) GTEST_SKIP() << "no IPv6 here";
  Acceptor acceptor(loop, std::move(*listener));
  const auto client = run_to_completion(loop, dial(loop, "::1", acceptor.port()));
  ASSERT_TRUE(client) << client.error().message;
  EXPECT_THAT((*run_to_completion(loop, acceptor.accept()))->peer_address(), StartsWith("[::1]:"));
}

TEST(Acceptor, TakesManyConnections) {
  EventLoop loop;
  auto listener = Listener::open("127.0.0.1", 0);
  Acceptor acceptor(loop, std::move(*listener));
  const auto run = [](EventLoop& its_loop, Acceptor& its_acceptor) -> Task<std::size_t> {
    std::vector<std::unique_ptr<Stream>> streams;
    for (int i = 0; i < 100; ++i)
      streams.push_back(*co_await dial(its_loop, "127.0.0.1", its_acceptor.port()));
    for (int i = 0; i < 100; ++i) streams.push_back(*co_await its_acceptor.accept());
    co_return streams.size();
  };
  EXPECT_EQ(run_to_completion(loop, run(loop, acceptor)), 200U);
}

TEST(Acceptor, CloseEndsAPendingAccept) {
  EventLoop loop;
  Acceptor acceptor(loop, *Listener::open("127.0.0.1", 0));
  const auto close = [](EventLoop& its_loop, Acceptor& its_acceptor) -> Task<void> {
    co_await its_loop.sleep_for(std::chrono::milliseconds(5));
    its_acceptor.close();
  };
  loop.spawn(close(loop, acceptor));
  const auto accepted = run_to_completion(loop, acceptor.accept());
  ASSERT_FALSE(accepted);
  EXPECT_EQ(accepted.error().kind, ErrorKind::closed);
}

class LateClient : public ::testing::Test {
 protected:
  // Returns the bytes that a client reads if it sends `text` and waits for longer than the
  // patience.
  std::string answer_to(std::string_view text, const std::string& answer) {
    acceptor_.set_patience(std::chrono::milliseconds(1), [&] {
      ++asked_;
      return answer;
    });
    std::string read;
    loop_.spawn(be_late(text, read));
    EXPECT_FALSE(run_to_completion(loop_, late_accept()));
    return read;
  }

  Task<Result<std::unique_ptr<Stream>>> late_accept() {
    co_await loop_.sleep_for(std::chrono::milliseconds(50));  // the kernel counts in milliseconds
    co_return co_await acceptor_.accept();
  }

  EventLoop loop_;
  Acceptor acceptor_{loop_, *Listener::open("127.0.0.1", 0)};
  int asked_ = 0;

 private:
  Task<void> be_late(std::string_view text, std::string& read) {
    auto client = *co_await dial(loop_, "127.0.0.1", acceptor_.port());
    (void)co_await client->write_all(text);
    std::array<char, 100> buffer{};
    const auto count = co_await client->read_some(buffer);
    read.assign(buffer.data(), count.value_or(0));
    acceptor_.close();
  }
};

TEST_F(LateClient, IsAnsweredAndNotAccepted) {
  EXPECT_EQ(answer_to("GET / HTTP/1.1\r\n\r\n", "too late"), "too late");
  EXPECT_EQ(asked_, 1);
}

TEST_F(LateClient, IsClosedWithoutAnAnswer) {
  EXPECT_EQ(answer_to("anything", ""), "");
  EXPECT_EQ(asked_, 1);
}

TEST_F(LateClient, IsAcceptedIfThereIsNoAnswer) {
  acceptor_.set_patience(std::chrono::milliseconds(1), [&]() -> std::optional<std::string> {
    ++asked_;
    return std::nullopt;
  });
  const auto client = run_to_completion(loop_, dial(loop_, "127.0.0.1", acceptor_.port()));
  EXPECT_TRUE(run_to_completion(loop_, late_accept()));
  EXPECT_EQ(asked_, 1);
}

TEST_F(LateClient, ThatSpeaksHttp2IsClosed) {
  EXPECT_EQ(answer_to("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "too late"), "");
}

TEST(Acceptor, BacksOffWithoutDescriptors) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "UBSan's vptr check opens a pipe itself, and takes its failure for a bad object";
#endif
  EventLoop loop;
  Acceptor acceptor(loop, *Listener::open("127.0.0.1", 0));
  const auto client = run_to_completion(loop, dial(loop, "127.0.0.1", acceptor.port()));
  ASSERT_TRUE(client);
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const int next = ::dup(0);
  ::close(next);
  rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(next);
  ::setrlimit(RLIMIT_NOFILE, &tight);
  const TimePoint start = Clock::now();
  const auto refused = run_to_completion(loop, acceptor.accept());
  ::setrlimit(RLIMIT_NOFILE, &before);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
  EXPECT_GE(Clock::now() - start, std::chrono::milliseconds(10));
  EXPECT_TRUE(run_to_completion(loop, acceptor.accept()));
}

TEST(Resolver, LooksUpNamesAndLiterals) {
  EventLoop loop;
  const auto ask = [&](std::string host) {
    return run_to_completion(
        loop, resolve(loop, std::move(host), 80, Clock::now() + std::chrono::seconds(20)));
  };
  EXPECT_EQ(ask("10.0.0.1"), (std::vector<Endpoint>{{"10.0.0.1", 80}}));
  EXPECT_EQ(ask("[::1]"), (std::vector<Endpoint>{{"::1", 80}}));
  const auto local = ask("localhost");
  ASSERT_TRUE(local);
  EXPECT_EQ(local->front().port, 80);
  const auto unknown = ask("no-such-host.invalid");
  ASSERT_FALSE(unknown);
  EXPECT_THAT(unknown.error().message, HasSubstr("no-such-host.invalid"));
}

TEST(Resolver, ConnectTellsWhyNot) {
  EventLoop loop;
  std::uint16_t port = 0;
  {
    const auto listener = Listener::open("127.0.0.1", 0);
    port = listener->port();
  }
  const auto refused = run_to_completion(loop, dial(loop, "127.0.0.1", port));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(refused.error().message,
            "cannot connect to 127.0.0.1:" + std::to_string(port) + ": Connection refused");
}

TEST(Resolver, ConnectKeepsItsDeadline) {
  EventLoop loop;
  // A listener whose queue is full answers no SYN.
  const auto full = Listener::open("127.0.0.1", 0, {.reuse_port = false, .backlog = 0});
  const auto fill = [](EventLoop& its_loop, std::uint16_t port) -> Task<Result<void>> {
    std::vector<std::unique_ptr<Stream>> streams;
    for (int i = 0; i < 10; ++i) {
      auto stream = co_await connect(its_loop, {"127.0.0.1", port},
                                     Clock::now() + std::chrono::milliseconds(30));
      if (!stream) co_return std::unexpected(stream.error());
      streams.push_back(std::move(*stream));
    }
    co_return Result<void>{};
  };
  const auto result = run_to_completion(loop, fill(loop, full->port()));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::timed_out);
}

}  // namespace
}  // namespace sluice::net
