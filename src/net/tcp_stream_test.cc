// SPDX-License-Identifier: Apache-2.0
// Covers: socket.cc
#include "net/tcp_stream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/tcp.hpp>

#include "loop/testing/run_to_completion.h"
#include "net/file_taker.h"
#include "net/listener.h"
#include "net/memory_file.h"
#include "net/resolver.h"
#include "net/testing/read_once.h"

namespace sluice::net {
namespace {

using loop::EventLoop;
using loop::run_to_completion;
using std::chrono::milliseconds;
using testing::read_once;

struct Pair {
  std::unique_ptr<Stream> client;
  std::unique_ptr<Stream> server;
};

Task<Pair> connected_pair(EventLoop& loop) {
  auto listener = Listener::open("127.0.0.1", 0);
  const std::uint16_t port = listener->port();
  Acceptor acceptor(loop, std::move(*listener));
  Pair pair;
  pair.client = *co_await connect(loop, {"127.0.0.1", port}, TimePoint::max());
  pair.server = *co_await acceptor.accept();
  co_return pair;
}

Task<std::string> read_all(Stream& stream) {
  std::string all;
  std::array<char, 1000> buffer;
  while (true) {
    const auto count = co_await stream.read_some(buffer);
    if (!count || *count == 0) co_return all;
    all.append(buffer.data(), *count);
  }
}

template <class T>
Task<void> store(Task<T> task, std::optional<T>& out) {
  out.emplace(co_await std::move(task));
}

Task<bool> wait_closed(Stream& stream) { co_return co_await stream.closed(); }
Task<bool> wait_broken(Stream& stream) { co_return co_await stream.broken(); }

class TcpStreamTest : public ::testing::Test {
 protected:
  void SetUp() override { pair_ = run_to_completion(loop_, connected_pair(loop_)); }
  Stream& client() { return *pair_.client; }
  Stream& server() { return *pair_.server; }
  template <class T>
  T run(Task<T> task) {
    return run_to_completion(loop_, std::move(task));
  }
  EventLoop loop_;
  Pair pair_;
};

TEST(FormatEndpoint, IsTheAddressWithoutItsZone) {
  using boost::asio::ip::address_v6;
  using boost::asio::ip::make_address_v6;
  address_v6 local = make_address_v6("fe80::1");
  local.scope_id(1);
  EXPECT_EQ(format_endpoint({local, 80}), "[fe80::1]:80");
  EXPECT_EQ(format_endpoint({make_address_v6("2001:db8::1"), 80}), "[2001:db8::1]:80");
  EXPECT_EQ(format_endpoint({make_address_v6("::ffff:10.0.0.1"), 80}), "10.0.0.1:80");
}

TEST_F(TcpStreamTest, CarriesBytesBothWays) {
  const auto talk = [](Stream& client, Stream& server) -> Task<std::string> {
    co_await client.write_all("ping");
    std::string heard = co_await read_once(server);
    co_await server.write_all(heard + " pong");
    co_return co_await read_once(client);
  };
  for (int i = 0; i < 100; ++i) EXPECT_EQ(run(talk(client(), server())), "ping pong");
  EXPECT_TRUE(client().peer_address().starts_with("127.0.0.1:"));
}

TEST_F(TcpStreamTest, WaitsForASlowReaderWithoutLosingBytes) {
  std::string big(8 << 20, 'x');
  for (std::size_t i = 0; i < big.size(); i += 1000)
    big[i] = static_cast<char>('a' + i / 1000 % 26);
  std::optional<Result<void>> written;
  const auto write = [](Stream& stream, std::string_view bytes) -> Task<Result<void>> {
    auto result = co_await stream.write_all(bytes);
    stream.shutdown_write();
    co_return result;
  };
  Task<void> writer = store(write(client(), big), written);
  writer.start();
  EXPECT_FALSE(written) << "the socket buffers took 8 MiB";
  EXPECT_EQ(run(read_all(server())), big);
  ASSERT_TRUE(written);
  EXPECT_TRUE(written->has_value());
}

// Sends `head` and a file of `size` bytes, as often as it takes. Returns the number of calls that
// sent nothing, or -1 after an error.
Task<int> write_file(Stream& stream, std::string head, int file, std::size_t size) {
  FileTaker& taker = *FileTaker::of(stream);
  int waits = 0;
  for (std::size_t done = 0; done < size;) {
    const auto count = co_await taker.write_file(head, file, done, size - done);
    if (!count) co_return -1;
    if (*count == 0) ++waits;
    const std::size_t of_head = std::min(head.size(), *count);
    head.erase(0, of_head);
    done += *count - of_head;
  }
  stream.shutdown_write();
  co_return waits;
}

TEST_F(TcpStreamTest, SendsAFileToASlowReader) {
  std::string big(8 << 20, 'x');
  for (std::size_t i = 0; i < big.size(); i += 1000)
    big[i] = static_cast<char>('a' + i / 1000 % 26);
  const auto file = write_memory_file(big);
  ASSERT_TRUE(file);
  std::optional<int> waits;
  Task<void> writer = store(write_file(client(), "head", file->get(), big.size()), waits);
  writer.start();
  EXPECT_FALSE(waits) << "the socket buffers took 8 MiB";
  EXPECT_EQ(run(read_all(server())), "head" + big);
  EXPECT_GT(waits.value(), 0) << "a wait ends without a further attempt to send";
}

TEST_F(TcpStreamTest, AFileThatCannotBeSentLeavesTheStream) {
  const auto talk = [](Stream& from, Stream& to) -> Task<std::string> {
    const auto none = co_await FileTaker::of(from)->write_file("", -1, 0, 10);
    if (none || none.error().kind != ErrorKind::internal) co_return "no error";
    co_await from.write_all("bytes");
    co_return co_await read_once(to);
  };
  EXPECT_EQ(run(talk(client(), server())), "bytes");
}

TEST_F(TcpStreamTest, TheEndOfAFileIsNoWait) {
  const auto file = write_memory_file("short");
  ASSERT_TRUE(file);
  const auto send = [](Stream& from, int descriptor) -> Task<std::vector<std::size_t>> {
    std::vector<std::size_t> counts;
    for (const std::uint64_t offset : {0U, 5U}) {
      const auto count = co_await FileTaker::of(from)->write_file("", descriptor, offset, 10);
      counts.push_back(count.value());
    }
    co_return counts;
  };
  EXPECT_EQ(run(send(client(), file->get())), (std::vector<std::size_t>{5, 0}));
}

TEST_F(TcpStreamTest, DeadlineEndsTheWaitOfAFile) {
  const auto file = write_memory_file(std::string(8 << 20, 'x'));
  ASSERT_TRUE(file);
  client().set_deadline(Clock::now() + milliseconds(20));
  EXPECT_EQ(run(write_file(client(), "", file->get(), 8 << 20)), -1);
}

TEST_F(TcpStreamTest, ReadsTheEndAndReportsAReset) {
  client().close();
  EXPECT_EQ(run(read_once(server())), "");
  const auto write_twice = [](EventLoop& loop, Stream& stream) -> Task<Result<void>> {
    co_await stream.write_all("x");
    co_await loop.sleep_for(milliseconds(20));
    co_return co_await stream.write_all("y");
  };
  const auto result = run(write_twice(loop_, server()));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::closed);
}

// One event announces the bytes and the end, and the bytes do not fill the buffer.
TEST_F(TcpStreamTest, ReadsTheEndThatCameWithTheBytes) {
  const auto talk = [](EventLoop& loop, Stream& client, Stream& server) -> Task<std::string> {
    co_await client.write_all("last words");
    client.shutdown_write();
    co_await loop.sleep_for(milliseconds(20));
    const std::string heard = co_await read_once(server);
    co_return heard + "|" + co_await read_once(server);
  };
  EXPECT_EQ(run(talk(loop_, client(), server())), "last words|");
}

TEST_F(TcpStreamTest, OwnCloseEndsAPendingRead) {
  std::optional<std::string> heard;
  Task<void> reader = store(read_once(server()), heard);
  reader.start();
  const auto close = [](EventLoop& loop, Stream& stream) -> Task<void> {
    stream.close();
    co_await loop.sleep_for(milliseconds(5));
  };
  run(close(loop_, server()));
  EXPECT_EQ(heard, "error: connection closed");
  EXPECT_EQ(run(read_once(server())), "error: connection closed");
}

TEST_F(TcpStreamTest, CancelledReadTouchesNothing) {
  {
    std::optional<std::string> heard;
    Task<void> reader = store(read_once(server()), heard);
    reader.start();
  }
  const auto speak = [](EventLoop& loop, Stream& stream) -> Task<void> {
    co_await stream.write_all("late");
    co_await loop.sleep_for(milliseconds(5));
  };
  run(speak(loop_, client()));
  EXPECT_EQ(run(read_once(server())), "late");
}

TEST_F(TcpStreamTest, StreamMayGoAwayUnderItsHandlers) {
  std::optional<std::string> heard;
  Task<void> reader = store(read_once(server()), heard);
  reader.start();
  reader.reset();
  pair_ = {};
  const auto pause = [](EventLoop& loop) -> Task<void> {
    co_await loop.sleep_for(milliseconds(5));
  };
  run(pause(loop_));
  EXPECT_FALSE(heard);
}

TEST_F(TcpStreamTest, DeadlineEndsAReadAndLaterOnes) {
  server().set_deadline(Clock::now() + milliseconds(20));
  EXPECT_EQ(run(read_once(server())), "error: took too long");
  EXPECT_EQ(run(read_once(server())), "error: took too long");
  server().clear_deadline();
  const auto talk = [](Stream& from, Stream& to) -> Task<std::string> {
    co_await from.write_all("still here");
    co_return co_await read_once(to);
  };
  EXPECT_EQ(run(talk(client(), server())), "still here");
  server().set_deadline(Clock::now() + milliseconds(1));
  EXPECT_EQ(run(read_once(server())), "error: took too long");
  server().set_deadline(Clock::now() + std::chrono::hours(1));
  EXPECT_EQ(run(talk(client(), server())), "still here") << "the new deadline has not passed";
}

TEST_F(TcpStreamTest, BytesThatArePutBackComeFirstAndOnce) {
  const auto talk = [](Stream& from, Stream& to) -> Task<std::string> {
    co_await from.write_all("ghi");
    to.put_back("abcdef");
    std::string heard;
    std::array<char, 4> buffer;
    while (!heard.ends_with("i|") && heard.size() < 20) {
      const auto count = co_await to.read_some(buffer);
      heard.append(buffer.data(), count.value_or(0)).append("|");
    }
    co_return heard;
  };
  for (int round = 0; round < 2; ++round) EXPECT_EQ(run(talk(client(), server())), "abcd|ef|ghi|");
}

TEST_F(TcpStreamTest, DeadlineEndsAWrite) {
  const std::string big(64 << 20, 'x');
  client().set_deadline(Clock::now() + milliseconds(20));
  const auto write = [](Stream& stream, std::string_view bytes) -> Task<Result<void>> {
    co_return co_await stream.write_all(bytes);
  };
  const auto result = run(write(client(), big));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::timed_out);
}

TEST_F(TcpStreamTest, DeadlineMovesLaterAndEarlier) {
  const TimePoint start = Clock::now();
  server().set_deadline(start + milliseconds(10));
  server().set_deadline(start + milliseconds(60));
  EXPECT_EQ(run(read_once(server())), "error: took too long");
  EXPECT_GE(Clock::now() - start, milliseconds(60));
  server().set_deadline(start + std::chrono::hours(1));
  server().set_deadline(Clock::now() + milliseconds(10));
  EXPECT_EQ(run(read_once(server())), "error: took too long");
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(10));
}

TEST_F(TcpStreamTest, ClosedTellsOfThePeersClose) {
  std::optional<bool> closed;
  Task<void> watcher = store(wait_closed(server()), closed);
  watcher.start();
  const auto close = [](EventLoop& loop, Stream& stream) -> Task<void> {
    co_await loop.sleep_for(milliseconds(5));
    stream.close();
    co_await loop.sleep_for(milliseconds(5));
  };
  run(close(loop_, client()));
  EXPECT_EQ(closed, true);
}

TEST_F(TcpStreamTest, ClosedLooksBehindBytesOnceTheyAreRead) {
  std::optional<bool> closed;
  Task<void> watcher = store(wait_closed(server()), closed);
  watcher.start();
  const auto speak_and_close = [](EventLoop& loop, Stream& stream) -> Task<void> {
    co_await stream.write_all("pipelined");
    co_await loop.sleep_for(milliseconds(5));
    stream.close();
    co_await loop.sleep_for(milliseconds(5));
  };
  run(speak_and_close(loop_, client()));
  EXPECT_FALSE(closed);
  EXPECT_EQ(run(read_once(server())), "pipelined");
  EXPECT_EQ(run(read_once(server())), "");
  const auto pause = [](EventLoop& loop) -> Task<void> {
    co_await loop.sleep_for(milliseconds(5));
  };
  run(pause(loop_));
  EXPECT_EQ(closed, true);
}

TEST_F(TcpStreamTest, ClosedIsToldWhenAPendingReadMeetsTheEnd) {
  std::optional<std::string> heard;
  std::optional<bool> closed;
  Task<void> reader = store(read_once(server()), heard);
  reader.start();
  Task<void> watcher = store(wait_closed(server()), closed);
  watcher.start();
  const auto close = [](EventLoop& loop, Stream& stream) -> Task<void> {
    stream.close();
    co_await loop.sleep_for(milliseconds(5));
  };
  run(close(loop_, client()));
  EXPECT_EQ(heard, "");
  EXPECT_EQ(closed, true);
}

TEST_F(TcpStreamTest, OwnCloseResolvesClosedEvenBehindBytes) {
  std::optional<bool> closed;
  Task<void> watcher = store(wait_closed(server()), closed);
  watcher.start();
  const auto speak = [](EventLoop& loop, Stream& from, Stream& to) -> Task<void> {
    co_await from.write_all("x");
    co_await loop.sleep_for(milliseconds(5));
    to.close();
    co_await loop.sleep_for(milliseconds(5));
  };
  run(speak(loop_, client(), server()));
  EXPECT_EQ(closed, false);
}

TEST_F(TcpStreamTest, APeerThatEndsItsSideBreaksNothing) {
  client().shutdown_write();
  EXPECT_TRUE(run(wait_closed(server())));
  std::optional<bool> broken;
  Task<void> watcher = store(wait_broken(server()), broken);
  watcher.start();
  const auto talk = [](Stream& from, Stream& to) -> Task<std::string> {
    co_await from.write_all("answer");
    co_return co_await read_once(to);
  };
  EXPECT_EQ(run(talk(server(), client())), "answer");
  EXPECT_FALSE(broken);
}

TEST_F(TcpStreamTest, APeerThatHasClosedShowsOnceItIsSentSomething) {
  client().close();
  EXPECT_TRUE(run(wait_closed(server())));
  std::optional<bool> broken;
  Task<void> watcher = store(wait_broken(server()), broken);
  watcher.start();
  const auto speak = [](EventLoop& loop, Stream& stream) -> Task<void> {
    co_await loop.sleep_for(milliseconds(5));
    co_await stream.write_all("x");
  };
  run(speak(loop_, server()));
  const auto wait = [](EventLoop& loop, std::optional<bool>& told) -> Task<void> {
    while (!told) {
      co_await loop.sleep_for(milliseconds(1));
    }
  };
  run(wait(loop_, broken));
  EXPECT_EQ(broken, true);
  EXPECT_TRUE(run(wait_broken(server()))) << "it stays so";
}

TEST_F(TcpStreamTest, OwnCloseResolvesBroken) {
  std::optional<bool> broken;
  Task<void> watcher = store(wait_broken(server()), broken);
  watcher.start();
  const auto close = [](EventLoop& loop, Stream& stream) -> Task<void> {
    stream.close();
    co_await loop.sleep_for(milliseconds(5));
  };
  run(close(loop_, server()));
  EXPECT_EQ(broken, false);
}

TEST_F(TcpStreamTest, ClosedMayBeCancelledAndAskedAgain) {
  for (int i = 0; i < 3; ++i) {
    Task<bool> watcher = wait_closed(server());
    watcher.start();
  }
  const auto talk = [](Stream& from, Stream& to) -> Task<std::string> {
    co_await from.write_all("hello");
    co_return co_await read_once(to);
  };
  EXPECT_EQ(run(talk(client(), server())), "hello");
  client().close();
  EXPECT_TRUE(run(wait_closed(server())));
}

}  // namespace
}  // namespace sluice::net
