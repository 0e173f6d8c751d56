// SPDX-License-Identifier: Apache-2.0
#include "http/body.h"

#include <gtest/gtest.h>

#include <vector>

#include "http/body_memory.h"

namespace sluice::http {
namespace {

class Pieces : public BodyReader {
 public:
  Pieces(std::vector<std::string> pieces, bool breaks)
      : pieces_(std::move(pieces)), breaks_(breaks) {}
  Task<Result<std::string_view>> read() override {
    if (next_ < pieces_.size()) co_return std::string_view(pieces_[next_++]);
    if (breaks_) co_return fail(ErrorKind::closed, "peer went away");
    co_return std::string_view{};
  }
  std::unique_ptr<Headers> take_trailers() override { return std::move(trailers); }

  std::unique_ptr<Headers> trailers;

 private:
  std::vector<std::string> pieces_;
  bool breaks_;
  std::size_t next_ = 0;
};

Body stream(std::vector<std::string> pieces, std::optional<std::uint64_t> length = std::nullopt,
            bool breaks = false) {
  return Body(std::make_unique<Pieces>(std::move(pieces), breaks), length);
}

Result<void> buffer(Body& body, std::uint64_t bytes_max, BodyMemory* memory = nullptr) {
  auto task = body.buffer(bytes_max, memory);
  task.start();
  EXPECT_TRUE(task.done());
  return task.take();
}

TEST(Body, BufferMakesAStreamWhole) {
  Body body = stream({"ab", "c", "def"});
  EXPECT_TRUE(body.is_stream());
  EXPECT_EQ(body.length(), std::nullopt);
  ASSERT_TRUE(buffer(body, 6));
  EXPECT_FALSE(body.is_stream());
  EXPECT_EQ(body.bytes(), "abcdef");
  EXPECT_EQ(body.length(), 6u);
  EXPECT_TRUE(buffer(body, 6));
}

TEST(Body, AnEmptyBodyIsNotNone) {
  Body none;
  EXPECT_FALSE(none.follows_head());
  Body announced = stream({});
  ASSERT_TRUE(buffer(announced, 6));
  EXPECT_TRUE(announced.is_announced());
  EXPECT_TRUE(announced.follows_head());
  EXPECT_EQ(announced.length(), 0u);
  announced.assign("");
  EXPECT_FALSE(announced.follows_head()) << "somebody has set another one";
  Body known = stream({}, 0);
  ASSERT_TRUE(buffer(known, 6));
  EXPECT_FALSE(known.is_announced()) << "its length says all";
}

TEST(Body, BufferKeepsTheTrailers) {
  auto pieces = std::make_unique<Pieces>(std::vector<std::string>{"ab"}, false);
  pieces->trailers = std::make_unique<Headers>();
  pieces->trailers->add("X-Sum", "1");
  Body body(std::move(pieces), std::nullopt);
  EXPECT_EQ(body.trailers(), nullptr);
  ASSERT_TRUE(buffer(body, 6));
  ASSERT_NE(body.trailers(), nullptr);
  EXPECT_EQ(body.trailers()->get("x-sum"), "1");
}

TEST(Body, HoldKeepsTheTrailers) {
  auto pieces = std::make_unique<Pieces>(std::vector<std::string>{"ab"}, false);
  pieces->trailers = std::make_unique<Headers>();
  pieces->trailers->add("X-Sum", "1");
  Body body(std::move(pieces), std::nullopt);
  auto task = body.hold(6);
  task.start();
  ASSERT_TRUE(task.done());
  EXPECT_EQ(task.take(), true);
  ASSERT_NE(body.trailers(), nullptr);
  EXPECT_EQ(body.trailers()->get("x-sum"), "1");
}

TEST(Body, OtherBytesHaveNoTrailers) {
  const auto with_trailers = [] {
    Body body("abc");
    body.set_trailers(std::make_unique<Headers>());
    return body;
  };
  Body body = with_trailers();
  body.assign("x");
  EXPECT_EQ(body.trailers(), nullptr);
  body = with_trailers();
  body.share(std::make_shared<const std::string>("x"));
  EXPECT_EQ(body.trailers(), nullptr);
  body = with_trailers();
  body.clear();
  EXPECT_EQ(body.trailers(), nullptr);
}

TEST(Body, BufferIsBounded) {
  Body body = stream({"ab", "c", "def"});
  EXPECT_EQ(buffer(body, 5).error().kind, ErrorKind::too_large);
  Body announced = stream({}, 1'000'000'000'000);
  EXPECT_EQ(buffer(announced, 5).error().kind, ErrorKind::too_large);
  Body whole("abc");
  EXPECT_EQ(buffer(whole, 2).error().kind, ErrorKind::too_large);
}

TEST(Body, BufferTakesNoMoreThanItsMemory) {
  MemoryAccount account;
  MemoryHolder holder(account, 1000);
  MemoryCharge charge(holder, MemoryUse::request_bodies);
  const std::string piece(400, 'x');
  Body fits = stream({piece, piece});
  BodyMemory memory{charge};
  ASSERT_TRUE(buffer(fits, 5000, &memory));
  EXPECT_EQ(fits.bytes().size(), 800U);
  EXPECT_GE(charge.bytes(), 800U);
  charge.clear();
  Body large = stream({piece, piece, piece});
  EXPECT_EQ(buffer(large, 5000, &memory).error().kind, ErrorKind::unavailable);
  EXPECT_EQ(memory.refusal, MemoryRefusal::holder);
  charge.clear();
  memory.at_least = 5000;
  Body alone = stream({piece, piece, piece});
  EXPECT_TRUE(buffer(alone, 5000, &memory));
  charge.clear();
  EXPECT_EQ(account.held(), 0U);
}

TEST(Body, ADeclaredLengthIsNotExceededByWhatIsReserved) {
  MemoryAccount account;
  MemoryHolder holder(account, 1 << 20);
  MemoryCharge charge(holder, MemoryUse::request_bodies);
  BodyMemory memory{charge};
  Body body = stream({std::string(100'000, 'x'), std::string(50'000, 'x'), "xx"}, 150'002);
  ASSERT_TRUE(buffer(body, 1 << 20, &memory));
  EXPECT_LE(charge.bytes(), 200'000U);
}

TEST(Body, BufferPassesTheReadersErrorOn) {
  Body body = stream({"ab"}, 3, true);
  EXPECT_EQ(buffer(body, 100).error().kind, ErrorKind::closed);
}

TEST(Body, AssignAndClearDropAStream) {
  Body body = stream({"ab"});
  body.assign("xyz");
  EXPECT_EQ(body.bytes(), "xyz");
  body = stream({"ab"});
  body.clear();
  EXPECT_FALSE(body.is_stream());
  EXPECT_EQ(body.length(), 0u);
}

Result<bool> hold(Body& body, std::uint64_t bytes_max) {
  auto task = body.hold(bytes_max);
  task.start();
  EXPECT_TRUE(task.done());
  return task.take();
}

TEST(Body, HoldsNoMoreThanItMayBeChargedFor) {
  const auto part = std::string(100'000, 'x');
  MemoryAccount account;
  for (const std::size_t allowed : {std::size_t{1} << 20, std::size_t{150'000}}) {
    const auto holder = std::make_shared<MemoryHolder>(account, allowed);
    Body body = stream({part, part});
    auto task = body.hold(1 << 20, std::make_shared<BodyCharge>(holder));
    task.start();
    ASSERT_TRUE(task.done());
    const bool whole = allowed > 2 * part.size();
    EXPECT_EQ(task.take(), whole);
    EXPECT_GT(holder->held(), 0U);
    if (!whole) {
      std::string all;
      while (true) {
        auto read = body.reader()->read();
        read.start();
        const auto piece = read.take();
        ASSERT_TRUE(piece);
        if (piece->empty()) break;
        all += *piece;
      }
      EXPECT_EQ(all, part + part);
    }
    body.clear();
    EXPECT_EQ(holder->held(), 0U);
  }
}

TEST(Body, SharesWhatItHolds) {
  Body body("abc");
  const auto bytes = body.share_whole();
  ASSERT_TRUE(bytes);
  EXPECT_EQ(*bytes, "abc");
  EXPECT_EQ(body.bytes(), "abc");
  EXPECT_EQ(body.share_whole(), bytes);
  EXPECT_EQ(body.held_bytes(), 3U) << "they are still its own";
  Body other;
  other.share(bytes);
  EXPECT_EQ(other.bytes().data(), bytes->data());
  EXPECT_EQ(other.held_bytes(), 0U);
  body.clear();
  EXPECT_EQ(body.bytes(), "");
  EXPECT_EQ(other.bytes(), "abc");
  EXPECT_EQ(stream({"ab"}).share_whole(), nullptr);
}

TEST(Body, HoldMakesWhatIsShortWhole) {
  Body body = stream({"ab", "c"});
  body.let_be_held();
  EXPECT_EQ(hold(body, 3), true);
  EXPECT_FALSE(body.is_stream());
  EXPECT_FALSE(body.may_be_held());
  EXPECT_EQ(body.bytes(), "abc");
}

TEST(Body, HoldLeavesWhatIsLongAStream) {
  for (const auto length : {std::optional<std::uint64_t>(), std::optional<std::uint64_t>(6)}) {
    Body body = stream({"ab", "c", "def"}, length);
    EXPECT_EQ(hold(body, 3), false);
    EXPECT_TRUE(body.is_stream());
    EXPECT_EQ(body.length(), length);
    ASSERT_TRUE(buffer(body, 100));
    EXPECT_EQ(body.bytes(), "abcdef") << "nothing is lost";
  }
}

TEST(Body, HoldFailsWithTheReader) {
  Body body = stream({"ab"}, std::nullopt, true);
  const auto held = hold(body, 3);
  ASSERT_FALSE(held);
  EXPECT_EQ(held.error().kind, ErrorKind::closed);
}

}  // namespace
}  // namespace sluice::http
