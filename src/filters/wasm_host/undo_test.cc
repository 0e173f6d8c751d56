// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/undo.h"

#include <gtest/gtest.h>

#include "loop/event_loop.h"

namespace sluice::filters {
namespace {

class UndoTest : public ::testing::Test {
 protected:
  UndoTest() {
    http::Request& request = exchange_.client_request();
    request.method = "PUT";
    request.scheme = "https";
    request.host = "shop.example";
    (void)request.set_target("/a%20b?c=d");
    request.headers.add("X-A", "1");
    request.body.assign("the request");
    http::Response& response = exchange_.new_response();
    response.status = 201;
    response.headers.add("X-B", "2");
    response.body.assign("the response");
    exchange_.add_tag("before");
  }
  // Saves, then changes, as a guest's call does.
  void change_all(Undo& undo, int round) {
    http::Request& request = *exchange_.request();
    http::Response& response = *exchange_.response();
    const std::string text = "round " + std::to_string(round);
    undo.save_head(request);
    undo.save_body(request);
    undo.save_head(response);
    undo.save_body(response);
    request.method = "POST";
    request.scheme = "http";
    request.host = text;
    (void)request.set_target("/other");
    request.headers.clear();
    request.body.assign(text);
    response.status = 500;
    response.headers.set("X-B", text);
    response.body.assign(text);
    exchange_.add_tag(text);
  }
  [[nodiscard]] std::string told() {
    const http::Request& request = *exchange_.request();
    const http::Response& response = *exchange_.response();
    std::string out = request.method + " " + request.scheme + "://" + request.host + " " +
                      request.target() + " " + request.path + " " +
                      std::string(request.headers.get("X-A").value_or("-")) + " " +
                      std::string(request.body.bytes()) + " | " + std::to_string(response.status) +
                      " " + std::string(response.headers.get("X-B").value_or("-")) + " " +
                      std::string(response.body.bytes()) + " |";
    for (const std::string& tag : exchange_.tags()) out += " " + tag;
    return out;
  }

  loop::EventLoop loop_;
  loop::Core core_{loop_, 0, 1};
  pipeline::Exchange exchange_{core_};
};

// A run may be undone any number of times before it counts.
TEST_F(UndoTest, EveryRoundIsTakenBackWhole) {
  const std::string before = told();
  EXPECT_NE(before.find("PUT https://shop.example /a%20b?c=d /a b 1 the request"),
            std::string::npos)
      << before;
  Undo undo(exchange_);
  for (int round = 1; round <= 3; ++round) {
    change_all(undo, round);
    EXPECT_NE(told(), before);
    undo.restore();
    EXPECT_EQ(told(), before) << "round " << round;
  }
}

TEST_F(UndoTest, WhatIsChangedTwiceInARoundIsWhatItWasBefore) {
  const std::string before = told();
  Undo undo(exchange_);
  change_all(undo, 1);
  change_all(undo, 2);
  undo.restore();
  EXPECT_EQ(told(), before);
}

TEST_F(UndoTest, WhatIsNotTakenBackStays) {
  Undo undo(exchange_);
  change_all(undo, 1);
  undo.restore();
  change_all(undo, 2);
  EXPECT_EQ(exchange_.request()->body.bytes(), "round 2");
  EXPECT_EQ(exchange_.tags().back(), "round 2");
}

class UndoClaims : public UndoTest {
 protected:
  UndoClaims() {
    for (http::Body* body : {&exchange_.request()->body, &exchange_.response()->body}) {
      auto trailers = std::make_unique<http::Headers>();
      trailers->add("X-A", "1");
      trailers->add("X_B", "1");
      body->set_trailers(std::move(trailers));
    }
  }
  // The names of the trailers of both messages.
  [[nodiscard]] std::string left() {
    std::string out;
    for (const http::Body* body : {&exchange_.request()->body, &exchange_.response()->body}) {
      if (body->trailers() == nullptr) {
        out += " none";
        continue;
      }
      for (const http::Field& field : *body->trailers()) out += " " + field.name;
    }
    return out;
  }
};

TEST_F(UndoClaims, CountWithTheRun) {
  Undo undo(exchange_);
  EXPECT_TRUE(undo.claim(*exchange_.request(), "x-a"));
  EXPECT_TRUE(undo.claim(*exchange_.response(), "X-B"));
  EXPECT_EQ(left(), " X-A X_B X-A X_B");
  undo.keep();
  EXPECT_EQ(left(), " X_B X-A");
}

TEST_F(UndoClaims, OfAnUndoneRunAreForgotten) {
  Undo undo(exchange_);
  EXPECT_TRUE(undo.claim(*exchange_.request(), "X-A"));
  EXPECT_TRUE(undo.claim(*exchange_.response(), "X-A"));
  undo.restore();
  EXPECT_TRUE(undo.claim(*exchange_.response(), "X-B"));
  undo.keep();
  EXPECT_EQ(left(), " X-A X_B X-A");
}

TEST_F(UndoClaims, HaveABound) {
  Undo undo(exchange_);
  for (int i = 0; i < 1000; ++i)
    ASSERT_TRUE(undo.claim(*exchange_.request(), "x-" + std::to_string(i)));
  EXPECT_EQ(undo.claim(*exchange_.request(), "x-more").error().kind, ErrorKind::too_large);
  EXPECT_TRUE(undo.claim(*exchange_.response(), "x-more"));
}

TEST_F(UndoClaims, WithoutTrailersThereIsNone) {
  exchange_.request()->body.set_trailers(nullptr);
  Undo undo(exchange_);
  for (int i = 0; i < 1001; ++i)
    ASSERT_TRUE(undo.claim(*exchange_.request(), "x-" + std::to_string(i)));
  undo.keep();
  EXPECT_EQ(left(), " none X-A X_B");
}

}  // namespace
}  // namespace sluice::filters
