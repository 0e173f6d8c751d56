// SPDX-License-Identifier: Apache-2.0
// Covers: early_output.cc
#include "server/h1_output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "http/file_source.h"
#include "loop/event_loop.h"
#include "loop/testing/run_to_completion.h"
#include "net/file_taker.h"
#include "net/testing/idle_stream.h"
#include "server/limits.h"

namespace sluice::server {
namespace {

using http::h1::Framing;
using Question = EarlyOutput::Question;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr Duration kWritePatience = std::chrono::seconds(60);

// Takes all bytes at once. Its client never leaves.
class TakingStream final : public net::testing::IdleStream {
 public:
  std::string taken;

 protected:
  bool start_write(std::string_view bytes, Operation& operation) override {
    taken += bytes;
    operation.result = bytes.size();
    return true;
  }
};

// One piece, and then trailers.
class PieceWithTrailers final : public http::BodyReader {
 public:
  Task<Result<std::string_view>> read() override {
    const std::string_view piece = std::exchange(piece_, {});
    co_return piece;
  }
  std::unique_ptr<http::Headers> take_trailers() override {
    auto trailers = std::make_unique<http::Headers>();
    trailers->add("X-Sum", "1");
    return trailers;
  }

 private:
  std::string_view piece_ = "hello";
};

// Takes files, a few bytes at a time; every other call takes none.
class FileTakingStream final : public net::testing::IdleStream, public net::FileTaker {
 public:
  std::string taken;  // the bytes of a file as "<offset+size>"
  int refusals = 0;   // the next calls end so
  int calls = 0;

 protected:
  Stream& stream() override { return *this; }
  bool start_write(std::string_view bytes, Operation& operation) override {
    taken += bytes;
    operation.result = bytes.size();
    return true;
  }
  bool start_write_file(const FileTaker::Write& write, Operation& operation) override {
    if (refusals > 0) {
      --refusals;
      operation.result = fail(ErrorKind::internal, "no files");
    } else if (++calls % 2 == 0) {
      operation.result = 0;
    } else if (write.head.size() > 3) {
      taken += write.head.substr(0, 3);
      operation.result = 3;
    } else {
      const std::size_t size = std::min<std::size_t>(write.size, 40);
      taken += std::string(write.head) + "<" + std::to_string(write.offset) + "+" +
               std::to_string(size) + ">";
      operation.result = write.head.size() + size;
    }
    return true;
  }
};

// A file of 100 bytes, of which the first 60 are in memory.
class FileBody final : public http::BodyReader, public http::FileSource {
 public:
  bool can_fetch = true;
  std::uint64_t at = 0;
  int fetches = 0;

  Task<Result<std::string_view>> read() override {
    if (at == 100) co_return std::string_view();
    if (!can_fetch) co_return fail(ErrorKind::internal, "it is shorter");
    at = 100;
    co_return std::string_view("the rest");
  }
  http::FileBytes at_hand() override {
    const std::uint64_t end = fetches > 0 ? 100 : 60;
    return {7, at, static_cast<std::size_t>(end - at)};
  }
  Task<bool> fetch() override {
    ++fetches;
    co_return can_fetch;
  }
  void sent(std::size_t size) override { at += size; }
  [[nodiscard]] bool is_sent() const override { return at == 100; }
};

class H1FileTest : public ::testing::Test {
 protected:
  // Sends a response with the file. Returns the bytes that follow its head.
  std::string send(Framing framing = Framing::content_length) {
    output_.start();
    http::Response response;
    output_.start_response(response, {.framing = framing, .length = 100}, kWritePatience);
    result_ = loop::run_to_completion(loop_, output_.write_stream(body_, framing, false));
    const std::size_t head = stream_.taken.find("\r\n\r\n") + 4;
    EXPECT_THAT(stream_.taken, StartsWith("HTTP/1.1 200 OK\r\n"));
    head_size_ = head;
    return stream_.taken.substr(head);
  }

  loop::EventLoop loop_;
  FileTakingStream stream_;
  FileBody body_;
  H1Output output_{stream_};
  Result<bool> result_;
  std::size_t head_size_ = 0;
};

TEST_F(H1FileTest, GoesWithoutBeingRead) {
  EXPECT_EQ(send(), "<0+40><40+20><60+40>");
  EXPECT_EQ(body_.fetches, 1);
  EXPECT_TRUE(result_ && *result_);
  EXPECT_EQ(output_.sent(), head_size_ + 100);
}

TEST_F(H1FileTest, IsReadIfItCannotGoSo) {
  stream_.refusals = 1;
  EXPECT_EQ(send(), "the rest");
  EXPECT_TRUE(result_ && *result_);
  EXPECT_EQ(output_.sent(), head_size_ + 8);
}

TEST_F(H1FileTest, IsReadIfItIsSentInChunks) {
  EXPECT_EQ(send(Framing::chunked), "8\r\nthe rest\r\n0\r\n\r\n");
}

TEST_F(H1FileTest, ThatBecomesShorterBreaksOff) {
  body_.can_fetch = false;
  EXPECT_EQ(send(), "<0+40><40+20>");
  EXPECT_FALSE(result_);
  EXPECT_EQ(output_.sent(), head_size_ + 60);
}

class H1OutputTest : public ::testing::Test {
 protected:
  template <class T>
  T run(Task<T> task) {
    return loop::run_to_completion(loop_, std::move(task));
  }
  // Answers a request with "hello". Returns the bytes.
  std::string answer() {
    stream_.taken.clear();
    output_.early().close();
    EXPECT_TRUE(run(output_.finish_early()));
    http::Response response;
    response.body.assign("hello");
    output_.start_response(response, {.length = 5}, kWritePatience);
    EXPECT_TRUE(run(output_.write_whole(&response.body, Framing::content_length)));
    return stream_.taken;
  }
  void begin() {
    output_.start();
    output_.early().open(true, kWritePatience);
    stream_.taken.clear();
  }

  loop::EventLoop loop_;
  TakingStream stream_;
  H1Output output_{stream_};
};

TEST_F(H1OutputTest, EachRequestHasItsOwnBytes) {
  for (int i = 0; i < 3; ++i) {
    begin();
    const std::string bytes = answer();
    EXPECT_THAT(bytes, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_EQ(output_.sent(), bytes.size());
  }
}

TEST_F(H1OutputTest, EarlyBytesCount) {
  begin();
  http::Headers link;
  link.add("Link", "</a.css>");
  output_.early().send_interim(103, link);
  const std::string early = stream_.taken;
  EXPECT_THAT(early, StartsWith("HTTP/1.1 103 "));
  EXPECT_EQ(output_.sent() + output_.early().sent(), early.size());
  const std::string rest = answer();
  EXPECT_EQ(output_.sent(), early.size() + rest.size());
}

// A question sends the beginning of whatever comes next.
TEST_F(H1OutputTest, AStatusLineBeginsOnce) {
  begin();
  output_.early().ask(Question::status_line);
  output_.early().ask(Question::status_line);
  EXPECT_EQ(stream_.taken, "HTTP/1.1 ");
  output_.early().send_interim(103, {});
  EXPECT_EQ(stream_.taken, "HTTP/1.1 103 Early Hints\r\n\r\n");
  output_.early().ask(Question::status_line);
  EXPECT_THAT(answer(), StartsWith("200 OK\r\n"));
}

TEST_F(H1OutputTest, InterimResponsesAreBounded) {
  begin();
  http::Headers link;
  link.add("Link", std::string(1000, 'x'));
  for (int i = 0; i < 1000; ++i) output_.early().send_interim(103, link);
  EXPECT_LE(stream_.taken.size(), kInterimBytesMax);
  EXPECT_GT(stream_.taken.size(), kInterimBytesMax - 2000);
  EXPECT_THAT(answer(), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(H1OutputTest, TrailersAreForWhoAcceptsThem) {
  for (const bool accepts : {false, true}) {
    begin();
    output_.early().close();
    EXPECT_TRUE(run(output_.finish_early()));
    const http::Response response;
    output_.start_response(response, {.framing = Framing::chunked}, kWritePatience);
    PieceWithTrailers reader;
    const auto written = run(output_.write_stream(reader, Framing::chunked, accepts));
    EXPECT_TRUE(written && *written);
    EXPECT_THAT(stream_.taken, HasSubstr("\r\n5\r\nhello\r\n"));
    EXPECT_THAT(stream_.taken, EndsWith(accepts ? "\r\n0\r\nX-Sum: 1\r\n\r\n" : "\r\n0\r\n\r\n"));
  }
}

}  // namespace
}  // namespace sluice::server
