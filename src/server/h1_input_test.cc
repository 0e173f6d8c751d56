// SPDX-License-Identifier: Apache-2.0
#include "server/h1_input.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "loop/event_loop.h"
#include "loop/testing/run_to_completion.h"
#include "net/testing/idle_stream.h"
#include "server/limits.h"

namespace sluice::server {
namespace {

constexpr Duration kPatience = std::chrono::seconds(60);

// Each read gets one of the pieces at most. The stream ends behind the last.
class GivingStream final : public net::testing::IdleStream {
 public:
  std::deque<std::string> pieces;

 protected:
  bool start_read(std::span<char> buffer, Operation& operation) override {
    if (pieces.empty()) {
      operation.result = 0;
      return true;
    }
    const std::span<char> target = operation.target(buffer);
    std::string& piece = pieces.front();
    const std::size_t size = std::min(piece.size(), target.size());
    std::ranges::copy(piece.substr(0, size), target.begin());
    piece.erase(0, size);
    if (piece.empty()) pieces.pop_front();
    operation.result = size;
    return true;
  }
};

class H1InputTest : public ::testing::Test {
 protected:
  template <class T>
  T run(Task<T> task) {
    return loop::run_to_completion(loop_, std::move(task));
  }
  H1Input::Head read_head() {
    request_.clear();
    input_.start(request_);
    const H1Input::Head head = run(input_.read_head(kPatience));
    input_.set_body_patience(kPatience);
    return head;
  }

  loop::EventLoop loop_;
  std::shared_ptr<MemoryHolder> memory_ =
      std::make_shared<MemoryHolder>(loop_.memory(), std::size_t{1} << 20);
  GivingStream stream_;
  H1Input input_{stream_, *memory_};
  http::Request request_;
};

TEST_F(H1InputTest, EachRequestHasItsOwnBytes) {
  const std::string first = "GET /a HTTP/1.1\r\nHost: shop\r\n\r\n";
  const std::string second = "POST /b HTTP/1.1\r\nHost: shop\r\nContent-Length: 3\r\n\r\nabc";
  stream_.pieces = {first + second + first};
  ASSERT_EQ(read_head(), H1Input::Head::complete);
  EXPECT_EQ(input_.received(), first.size());
  ASSERT_EQ(read_head(), H1Input::Head::complete);
  EXPECT_TRUE(run(input_.skip_body()));
  EXPECT_EQ(input_.received(), second.size());
  ASSERT_EQ(read_head(), H1Input::Head::complete);
  EXPECT_EQ(input_.received(), first.size());
  EXPECT_EQ(read_head(), H1Input::Head::ended);
}

TEST_F(H1InputTest, SkipsABodyOfABoundedSize) {
  for (const std::size_t more : {0, 1}) {
    const std::size_t size = kDrainBytesMax + more;
    stream_.pieces = {"POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: " + std::to_string(size) +
                      "\r\n\r\n"};
    for (std::size_t left = size; left > 0;) {
      const std::size_t part = std::min(left, std::size_t{1} << 16);
      stream_.pieces.emplace_back(part, 'x');
      left -= part;
    }
    ASSERT_EQ(read_head(), H1Input::Head::complete);
    EXPECT_EQ(run(input_.skip_body()), more == 0);
  }
}

TEST_F(H1InputTest, AfterAnUpgradeEveryByteComesOnce) {
  const std::string head =
      "GET / HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
  stream_.pieces = {head + "ab", "cd", "ef"};
  ASSERT_EQ(read_head(), H1Input::Head::complete);
  for (const char* piece : {"ab", "cd", "ef", ""}) {
    const auto bytes = run(input_.read_upgraded(kPatience));
    ASSERT_TRUE(bytes);
    EXPECT_EQ(*bytes, piece);
  }
  EXPECT_EQ(input_.received(), head.size() + 6);
}

}  // namespace
}  // namespace sluice::server
