// SPDX-License-Identifier: Apache-2.0
#include "http/body_change.h"

#include <gtest/gtest.h>

#include <vector>

#include "loop/testing/run_to_completion.h"

namespace sluice::http {
namespace {

// Returns pieces, and then trailers or an error. Counts the pieces that were read.
class Source final : public BodyReader {
 public:
  Source(std::vector<std::string> pieces, int& reads, bool breaks = false)
      : pieces_(std::move(pieces)), reads_(reads), breaks_(breaks) {}
  Task<Result<std::string_view>> read() override {
    const auto at = static_cast<std::size_t>(reads_++);
    if (at < pieces_.size()) co_return std::string_view(pieces_[at]);
    if (breaks_) co_return fail(ErrorKind::closed, "peer went away");
    co_return std::string_view();
  }
  std::unique_ptr<Headers> take_trailers() override {
    auto trailers = std::make_unique<Headers>();
    trailers->add("X-Sum", "1");
    trailers->add("X-Other", "2");
    return trailers;
  }

 private:
  std::vector<std::string> pieces_;
  int& reads_;
  bool breaks_;
};

// Doubles every byte but '-', which it drops. Ends with the number of pieces. Fails at '!'.
class Doubling final : public BodyChange {
 public:
  Result<void> change(std::string_view piece, std::string& out) override {
    ++pieces_;
    for (const char c : piece) {
      if (c == '!') return fail(ErrorKind::invalid, "no !");
      if (c != '-') out.append(2, c);
    }
    return {};
  }
  Result<void> finish(std::string& out) override {
    out += std::to_string(pieces_);
    return {};
  }
  std::unique_ptr<Headers> trailers(std::unique_ptr<Headers> trailers) override {
    trailers->remove("X-Sum");
    return trailers;
  }

 private:
  int pieces_ = 0;
};

class BodyChangeTest : public ::testing::Test {
 protected:
  Result<void> change(Body& body) {
    return loop::run_to_completion(loop_, change_body(loop_, body, std::make_unique<Doubling>()));
  }
  std::string read(Body& body) {
    auto piece = loop::run_to_completion(loop_, body.reader()->read());
    return piece ? std::string(*piece) : "error: " + piece.error().message;
  }
  loop::EventLoop loop_;
  int reads_ = 0;
};

TEST_F(BodyChangeTest, AStreamIsChangedWhenItIsRead) {
  Body body(std::make_unique<Source>(std::vector<std::string>{"ab", "c"}, reads_), 3);
  ASSERT_TRUE(change(body));
  EXPECT_EQ(reads_, 0);
  EXPECT_TRUE(body.is_stream());
  EXPECT_EQ(body.length(), std::nullopt) << "of the changed bytes nothing is known";
  EXPECT_EQ(read(body), "aabb");
  EXPECT_EQ(reads_, 1) << "no more than is asked for";
  EXPECT_EQ(read(body), "cc");
  EXPECT_EQ(read(body), "2");
  EXPECT_EQ(read(body), "");
  EXPECT_EQ(read(body), "");
  EXPECT_EQ(reads_, 3);
  const auto trailers = body.reader()->take_trailers();
  ASSERT_NE(trailers, nullptr);
  EXPECT_FALSE(trailers->contains("X-Sum"));
  EXPECT_TRUE(trailers->contains("X-Other"));
}

TEST_F(BodyChangeTest, APieceThatMakesNothingIsNotTheEnd) {
  Body body(std::make_unique<Source>(std::vector<std::string>{"-", "--", "a"}, reads_),
            std::nullopt);
  ASSERT_TRUE(change(body));
  EXPECT_EQ(read(body), "aa");
  EXPECT_EQ(read(body), "3");
  EXPECT_EQ(read(body), "");
}

TEST_F(BodyChangeTest, ErrorsOfTheSenderAndOfTheChangeEndIt) {
  Body broken(std::make_unique<Source>(std::vector<std::string>{"a"}, reads_, true), std::nullopt);
  ASSERT_TRUE(change(broken));
  EXPECT_EQ(read(broken), "aa");
  EXPECT_EQ(read(broken), "error: peer went away");
  reads_ = 0;
  Body refused(std::make_unique<Source>(std::vector<std::string>{"a", "!"}, reads_), std::nullopt);
  ASSERT_TRUE(change(refused));
  EXPECT_EQ(read(refused), "aa");
  EXPECT_EQ(read(refused), "error: no !");
  Body whole{std::string("a!")};
  EXPECT_FALSE(change(whole));
  EXPECT_EQ(whole.bytes(), "");
}

TEST_F(BodyChangeTest, AWholeBodyStaysWholeWithItsTrailers) {
  Body body{std::string("abc")};
  auto trailers = std::make_unique<Headers>();
  trailers->add("X-Sum", "1");
  trailers->add("X-Other", "2");
  body.set_trailers(std::move(trailers));
  ASSERT_TRUE(change(body));
  EXPECT_FALSE(body.is_stream());
  EXPECT_EQ(body.bytes(), "aabbcc1");
  ASSERT_NE(body.trailers(), nullptr);
  EXPECT_EQ(body.trailers()->size(), 1U);
  Body empty;
  ASSERT_TRUE(change(empty));
  EXPECT_EQ(empty.bytes(), "0") << "an end has every body";
}

TEST_F(BodyChangeTest, ALargeWholeBodyLetsOthersRun) {
  Body body(std::string(100'000, 'a'));
  int turns = 0;
  bool changed = false;
  const auto count = [&]() -> Task<void> {
    while (!changed) {
      ++turns;
      co_await loop_.yield();
    }
    loop_.stop();
  };
  const auto work = [&]() -> Task<void> {
    const auto done = co_await change_body(loop_, body, std::make_unique<Doubling>());
    EXPECT_TRUE(done);
    changed = true;
  };
  loop_.spawn(work());
  loop_.spawn(count());
  loop_.run();
  EXPECT_GE(turns, 3);
  EXPECT_EQ(body.bytes().size(), 200'001U);
}

TEST_F(BodyChangeTest, AStreamThatMayBeHeldStillMay) {
  Body body(std::make_unique<Source>(std::vector<std::string>{"ab", "c"}, reads_), 3);
  body.let_be_held();
  ASSERT_TRUE(change(body));
  ASSERT_TRUE(body.may_be_held());
  const auto held = loop::run_to_completion(loop_, body.hold(100));
  ASSERT_TRUE(held);
  EXPECT_EQ(body.bytes(), "aabbcc2");
}

}  // namespace
}  // namespace sluice::http
