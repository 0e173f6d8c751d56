// SPDX-License-Identifier: Apache-2.0
#include "http/withheld_trailers.h"

#include <gtest/gtest.h>

#include <initializer_list>

#include "http/file_source.h"
#include "loop/testing/run_to_completion.h"

namespace sluice::http {
namespace {

using Names = std::initializer_list<const char*>;

std::unique_ptr<Headers> fields(Names names) {
  auto made = std::make_unique<Headers>();
  for (const char* name : names) made->add(name, "1");
  return made;
}

std::string names_in(const Headers* trailers) {
  if (trailers == nullptr) return "none";
  std::string all;
  for (const Field& field : *trailers) all += (all.empty() ? "" : " ") + field.name;
  return all;
}

class Piece : public BodyReader {
 public:
  Piece(Names names) : trailers_(fields(names)) {}
  Task<Result<std::string_view>> read() override {
    co_return ended_++ == 0 ? std::string_view("piece") : std::string_view();
  }
  std::unique_ptr<Headers> take_trailers() override { return std::move(trailers_); }

 private:
  int ended_ = 0;
  std::unique_ptr<Headers> trailers_;
};

class FilePiece final : public Piece, public FileSource {
 public:
  FilePiece() : Piece({}) {}
  FileBytes at_hand() override { return {}; }
  Task<bool> fetch() override { co_return false; }
  void sent(std::size_t /*size*/) override {}
  bool is_sent() const override { return true; }
};

// Both forms of a body promise the same.
class WithheldTrailers : public ::testing::TestWithParam<bool> {
 protected:
  static Body make(Names trailers) {
    if (GetParam()) return Body(std::make_unique<Piece>(trailers), std::nullopt);
    Body body("piece");
    body.set_trailers(fields(trailers));
    return body;
  }
  static std::string left(Body body) {
    if (!body.is_stream()) {
      EXPECT_EQ(body.bytes(), "piece");
      return names_in(body.trailers());
    }
    loop::EventLoop loop;
    const auto whole = loop::run_to_completion(loop, body.buffer(100));
    EXPECT_TRUE(whole);
    EXPECT_EQ(body.bytes(), "piece");
    return names_in(body.trailers());
  }
};

TEST_P(WithheldTrailers, AreThoseOfTheNameAndItsTwins) {
  Body body = make({"X-AUTH-USER", "x_auth_user", "X.Auth.User", "X-Auth", "grpc-status"});
  withhold_trailer(body, "X-Auth-User");
  EXPECT_EQ(left(std::move(body)), "X-Auth grpc-status");
}

TEST_P(WithheldTrailers, OfSeveralCalls) {
  Body body = make({"X-A", "X-B", "X-C", "X-D", "X-E"});
  withhold_trailer(body, "x_a");
  FieldTwins names;
  names.add("X-B");
  names.add("X-C");
  withhold_trailers(body, names);
  withhold_trailers(body, *fields({"x-d"}));
  EXPECT_EQ(left(std::move(body)), "X-E");
}

TEST_P(WithheldTrailers, TheLastOneIsLikeNone) {
  Body body = make({"X-A"});
  withhold_trailer(body, "X-A");
  EXPECT_EQ(left(std::move(body)), "none");
}

TEST_P(WithheldTrailers, All) {
  Body body = make({"X-A", "X-B"});
  withhold_all_trailers(body);
  EXPECT_EQ(left(std::move(body)), "none");
}

TEST_P(WithheldTrailers, NoNamesWithholdNothing) {
  Body body = make({"X-A"});
  const BodyReader* const reader = body.reader();
  withhold_trailers(body, FieldTwins());
  withhold_trailers(body, Headers());
  EXPECT_EQ(body.reader(), reader);
  EXPECT_EQ(left(std::move(body)), "X-A");
}

TEST_P(WithheldTrailers, AClaimedFieldHasNoTwinAnywhere) {
  Request request;
  request.headers = *fields({"X-User", "X_User", "X-Other"});
  request.body = make({"X-User", "X_User", "X-Other"});
  claim_field(request, "X-User");
  EXPECT_EQ(names_in(&request.headers), "X-User X-Other");
  EXPECT_EQ(left(std::move(request.body)), "X-Other");
}

TEST_P(WithheldTrailers, ReplacedFieldsAreThoseBeforeAndAfter) {
  Request request;
  request.headers = *fields({"X-Before"});
  request.body = make({"X-Before", "X-After", "X-Other"});
  replace_fields(request.headers, request.body, *fields({"X-After"}));
  EXPECT_EQ(names_in(&request.headers), "X-After");
  EXPECT_EQ(left(std::move(request.body)), "X-Other");
}

INSTANTIATE_TEST_SUITE_P(Bodies, WithheldTrailers, ::testing::Bool(),
                         [](const auto& one) { return one.param ? "streamed" : "whole"; });

TEST(WithheldTrailersOfAStream, OneStageForAllNames) {
  Body body(std::make_unique<Piece>(Names{"X-A", "X-B", "X-C"}), 5);
  body.let_be_held();
  withhold_trailer(body, "X-A");
  const BodyReader* const stage = body.reader();
  withhold_trailer(body, "X-B");
  withhold_all_trailers(body);
  EXPECT_EQ(body.reader(), stage);
  EXPECT_EQ(body.length(), 5U);
  EXPECT_TRUE(body.may_be_held());
}

TEST(WithheldTrailersOfAStream, AFileStaysAFile) {
  Body body(std::make_unique<FilePiece>(), 5);
  withhold_trailer(body, "X-A");
  withhold_all_trailers(body);
  EXPECT_NE(FileSource::of(*body.reader()), nullptr);
}

TEST(WithheldTrailersOfAStream, MostBodiesHaveNone) {
  Body body("piece");
  EXPECT_FALSE(may_bring_trailers(body));
  withhold_trailer(body, "X-A");
  EXPECT_EQ(body.bytes(), "piece");
  EXPECT_FALSE(may_bring_trailers(Body()));
}

}  // namespace
}  // namespace sluice::http
