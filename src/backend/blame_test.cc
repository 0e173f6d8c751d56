// SPDX-License-Identifier: Apache-2.0
#include "backend/blame.h"

#include <gtest/gtest.h>

#include <array>
#include <utility>

namespace sluice::backend {
namespace {

using enum Blame;
using enum ErrorKind;

constexpr std::array kKinds = {invalid,   not_found, forbidden, conflict, unavailable,
                               timed_out, too_large, closed,    internal};

struct Row {
  Stage stage;
  ErrorKind kind;
  Blame blame;
  const char* what;
};

// All failures of an exchange.
constexpr std::array kRows = {
    Row{Stage::connect, unavailable, backend, "connection refused, no such name"},
    Row{Stage::connect, timed_out, backend, "it does not answer"},
    Row{Stage::connect, invalid, backend, "its certificate is not believed"},
    Row{Stage::connect, closed, backend, "it left during the TLS handshake"},
    Row{Stage::connect, internal, gateway, "no descriptor or local port is left"},
    Row{Stage::request_body, timed_out, client, "the client sends too slowly"},
    Row{Stage::request_body, closed, client, "the client left in the middle of its body"},
    Row{Stage::request_body, invalid, client, "the framing of its body is broken"},
    Row{Stage::request_body, too_large, client, "its body is larger than it may be"},
    Row{Stage::request_body, unavailable, gateway, "the gateway has no memory for its body"},
    Row{Stage::upload, closed, gateway,
        "the backend closes on a client that is slow, or sends much"},
    Row{Stage::rejected, closed, gateway, "the backend calls the request wrong"},
    Row{Stage::head, timed_out, backend, "it has the request and does not answer"},
    Row{Stage::head, closed, backend, "it closes instead of an answer"},
    Row{Stage::head, invalid, backend, "its answer is no response"},
    Row{Stage::body, timed_out, backend, "its response stalls"},
    Row{Stage::body, closed, backend, "its response breaks off"},
    Row{Stage::body, invalid, backend, "the framing of its response is broken"},
    Row{Stage::body, too_large, gateway, "its response is larger than serverMaxBodySize"},
    Row{Stage::body, internal, gateway, "the gateway has no memory for its response"},
    Row{Stage::refused, closed, gateway, "it has too many streams already"},
    Row{Stage::choose, unavailable, gateway, "no server is healthy"},
    Row{Stage::queue, unavailable, gateway, "too many wait for maxConnsPerHost"},
    Row{Stage::queue, timed_out, gateway, "nobody gave a connection back"},
};

TEST(BlameTest, Table) {
  for (const Row& row : kRows) EXPECT_EQ(blame_of(row.stage, row.kind), row.blame) << row.what;
}

TEST(BlameTest, NothingInTheBodyOfARequestCountsAgainstABackend) {
  for (const ErrorKind kind : kKinds) {
    EXPECT_NE(blame_of(Stage::request_body, kind), backend);
    EXPECT_EQ(blame_of(Stage::upload, kind), gateway);
  }
}

TEST(BlameTest, WhatNoBackendHasActedOnMayGoOutAgain) {
  using enum Stage;
  for (const Stage stage : {Stage::connect, choose, queue, refused}) EXPECT_TRUE(is_unsent(stage));
  for (const Stage stage : {request_body, upload, rejected, head, body})
    EXPECT_FALSE(is_unsent(stage));
}

}  // namespace
}  // namespace sluice::backend
