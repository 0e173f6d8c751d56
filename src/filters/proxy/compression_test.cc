// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/compression.h"

#include <gtest/gtest.h>

#include <vector>

#include "http/inflater.h"
#include "loop/testing/run_to_completion.h"

namespace sluice::filters {
namespace {

// The part of the input that can be decoded so far; a stream may go on behind it.
std::string unpack(std::string_view packed) {
  http::Inflater inflater(std::size_t{64} << 20);
  std::string out;
  EXPECT_TRUE(inflater.feed(packed, out));
  return out;
}

// Text that is neither constant nor random.
std::string text(std::size_t size) {
  std::string all;
  std::uint32_t seed = 1;
  while (all.size() < size) {
    seed = seed * 1664525 + 1013904223;
    all += "line " + std::to_string(seed >> 20U) + "\n";
  }
  all.resize(size);
  return all;
}

class Pieces final : public http::BodyReader {
 public:
  explicit Pieces(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {}
  Task<Result<std::string_view>> read() override {
    if (next_ == pieces_.size()) co_return std::string_view();
    co_return std::string_view(pieces_[next_++]);
  }

 private:
  std::vector<std::string> pieces_;
  std::size_t next_ = 0;
};

class CompressionTest : public ::testing::Test {
 protected:
  CompressionTest() {
    request_.method = "GET";
    request_.headers.add("Accept-Encoding", "gzip");
    response_.body.assign(text(2000));
  }
  bool apply() {
    Compression compression(core_, {.min_length = 100, .max_streams = places_});
    return loop::run_to_completion(loop_, compression.apply(request_, response_));
  }
  std::string field(const char* name) {
    return std::string(response_.headers.get(name).value_or(""));
  }

  loop::EventLoop loop_;
  loop::Core core_{loop_, 0, 1};
  std::uint32_t places_ = 4;
  http::Request request_;
  http::Response response_;
};

TEST_F(CompressionTest, SmallAndLargeBodies) {
  for (const std::size_t size : {100U, 32'768U, 32'769U, 1'000'000U}) {
    const std::string plain = text(size);
    response_ = {};
    response_.body.assign(plain);
    EXPECT_TRUE(apply());
    EXPECT_FALSE(response_.body.is_stream());
    EXPECT_LT(response_.body.bytes().size(), size);
    EXPECT_EQ(unpack(std::string(response_.body.bytes())), plain);
    EXPECT_EQ(field("Content-Encoding"), "gzip");
    EXPECT_EQ(field("Vary"), "Accept-Encoding");
  }
}

TEST_F(CompressionTest, OneAfterTheOther) {
  Compression compression(core_, {.min_length = 1, .max_streams = 1});
  for (int i = 0; i < 3; ++i) {
    response_ = {};
    response_.body.assign("number " + std::to_string(i));
    EXPECT_TRUE(loop::run_to_completion(loop_, compression.apply(request_, response_)));
    EXPECT_EQ(unpack(std::string(response_.body.bytes())), "number " + std::to_string(i));
  }
}

TEST_F(CompressionTest, EachPieceOfAStreamComesOutAtOnce) {
  const std::string large = text(100'000);
  response_.body =
      http::Body(std::make_unique<Pieces>(std::vector<std::string>{"first", large}), std::nullopt);
  ASSERT_TRUE(apply());
  ASSERT_TRUE(response_.body.is_stream());
  std::string packed;
  const auto read = [&] {
    const auto piece = loop::run_to_completion(loop_, response_.body.reader()->read());
    packed += *piece;
    return piece->size();
  };
  EXPECT_GT(read(), 0U);
  EXPECT_EQ(unpack(packed), "first");
  while (read() > 0) {
  }
  EXPECT_EQ(unpack(packed), "first" + large);
}

TEST_F(CompressionTest, AStreamMayBeHeldIfItMightBefore) {
  for (const bool may : {false, true}) {
    response_ = {};
    response_.body =
        http::Body(std::make_unique<Pieces>(std::vector<std::string>{"one", "two"}), std::nullopt);
    if (may) response_.body.let_be_held();
    ASSERT_TRUE(apply());
    EXPECT_EQ(response_.body.may_be_held(), may);
  }
  EXPECT_EQ(loop::run_to_completion(loop_, response_.body.hold(1000)), true);
  EXPECT_EQ(unpack(std::string(response_.body.bytes())), "onetwo");
}

TEST_F(CompressionTest, PlacesAreBoundedAndComeBack) {
  Compression compression(core_, {.min_length = 1, .max_streams = 1});
  const auto stream = [] {
    http::Response response;
    response.body =
        http::Body(std::make_unique<Pieces>(std::vector<std::string>{"x"}), std::nullopt);
    return response;
  };
  http::Response one = stream();
  http::Response two = stream();
  EXPECT_TRUE(loop::run_to_completion(loop_, compression.apply(request_, one)));
  EXPECT_FALSE(loop::run_to_completion(loop_, compression.apply(request_, two)));
  EXPECT_FALSE(two.headers.contains("Content-Encoding"));
  one.body.clear();
  EXPECT_TRUE(loop::run_to_completion(loop_, compression.apply(request_, two)));
}

TEST_F(CompressionTest, WhatStaysAsItIs) {
  const auto stays = [&](const char* name, const char* value, int status = 200) {
    response_ = {};
    response_.status = status;
    response_.body.assign(text(2000));
    if (*name != '\0') response_.headers.add(name, value);
    return !apply() && response_.body.bytes() == text(2000) && field("Vary").empty();
  };
  EXPECT_TRUE(stays("Content-Encoding", "br"));
  EXPECT_TRUE(stays("Cache-Control", "max-age=5, no-transform"));
  EXPECT_TRUE(stays("Content-Range", "bytes 0-1/2"));
  EXPECT_TRUE(stays("Content-Type", "image/png"));
  EXPECT_TRUE(stays("Content-Digest", "sha-256=:x:"));
  for (const int status : {204, 205, 206}) EXPECT_TRUE(stays("", "", status)) << status;
  EXPECT_FALSE(stays("Content-Type", "image/svg+xml"));
  EXPECT_FALSE(stays("Content-Encoding", "identity"));
  request_.headers.add("Cache-Control", "no-transform");
  EXPECT_TRUE(stays("", "")) << "the client forbids it";
  request_.headers.remove("Cache-Control");
  EXPECT_FALSE(stays("", ""));
  response_ = {};
  response_.body.assign(text(99));
  EXPECT_FALSE(apply());
  response_.body.clear();
  EXPECT_FALSE(apply());
}

TEST_F(CompressionTest, ClientsThatTakeNoGzipHearThatItVaries) {
  request_.headers.set("Accept-Encoding", "br");
  EXPECT_FALSE(apply());
  EXPECT_EQ(field("Vary"), "Accept-Encoding");
  request_.headers.set("Accept-Encoding", "gzip");
  request_.method = "HEAD";
  EXPECT_FALSE(apply());
  request_.method = "GET";
  request_.headers.add("Cache-Control", "no-transform");
  EXPECT_FALSE(apply());
}

TEST_F(CompressionTest, AllFieldsOfContentEncodingCount) {
  response_.headers.add("Content-Encoding", "identity");
  response_.headers.add("Content-Encoding", "gzip");
  EXPECT_FALSE(apply());
  EXPECT_EQ(response_.body.bytes(), text(2000));
}

TEST_F(CompressionTest, HeadHasTheFieldsOfGet) {
  response_.headers.add("ETag", "\"a\"");
  response_.headers.add("Accept-Ranges", "bytes");
  request_.method = "HEAD";
  EXPECT_FALSE(apply());
  EXPECT_EQ(field("Content-Encoding"), "gzip");
  EXPECT_EQ(field("ETag"), "W/\"a\"");
  EXPECT_EQ(field("Vary"), "Accept-Encoding");
  EXPECT_FALSE(response_.headers.contains("Accept-Ranges"));
  EXPECT_FALSE(response_.body.length()) << "the length of the packed body is not known";
  response_ = {};
  response_.body.assign(text(99));
  EXPECT_FALSE(apply());
  EXPECT_EQ(response_.body.length(), 99U) << "GET's stays as it is, too";
}

TEST_F(CompressionTest, NotModifiedHasTheFieldsOfWhatTheClientHolds) {
  const auto tag_for = [&](const char* held, const char* name = "", const char* value = "") {
    response_ = {};
    response_.status = 304;
    response_.headers.add("ETag", "\"a\"");
    if (*name != '\0') response_.headers.add(name, value);
    request_.headers.set("If-None-Match", held);
    EXPECT_FALSE(apply());
    return field("ETag");
  };
  EXPECT_EQ(tag_for("W/\"a\""), "W/\"a\"");
  EXPECT_EQ(field("Vary"), "Accept-Encoding");
  EXPECT_EQ(tag_for("\"b\", \"a\""), "\"a\"") << "it holds the plain form";
  EXPECT_EQ(tag_for("\"A\""), "W/\"a\"") << "another tag";
  EXPECT_EQ(tag_for("W/\"a\"", "Content-Encoding", "br"), "\"a\"");
  EXPECT_EQ(tag_for("W/\"a\"", "Cache-Control", "no-transform"), "\"a\"");
  EXPECT_EQ(field("Vary"), "");
  request_.headers.set("Accept-Encoding", "br");
  EXPECT_EQ(tag_for("\"a\""), "\"a\"");
  EXPECT_EQ(field("Vary"), "Accept-Encoding");
}

TEST_F(CompressionTest, Headers) {
  response_.headers.add("ETag", "\"a\"");
  response_.headers.add("Vary", "Origin, accept-encoding");
  response_.headers.add("Accept-Ranges", "bytes");
  EXPECT_TRUE(apply());
  EXPECT_EQ(field("ETag"), "W/\"a\"");
  EXPECT_EQ(field("Vary"), "Origin, accept-encoding");
  EXPECT_FALSE(response_.headers.contains("Accept-Ranges"));
}

}  // namespace
}  // namespace sluice::filters
