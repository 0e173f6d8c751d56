// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/verdict.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace sluice::filters {
namespace {

using backend::Blame;
using backend::Stage;
using enum ErrorKind;

struct Row {
  Stage stage;
  ErrorKind kind;
  bool overdue;
  int status;
  std::string result;
};

TEST(VerdictTest, Table) {
  const std::array rows = {
      Row{Stage::choose, unavailable, false, 503, "internalError"},
      Row{Stage::connect, unavailable, false, 503, "serverError"},
      Row{Stage::connect, timed_out, false, 503, "serverError"},  // connectTimeout
      Row{Stage::connect, timed_out, true, 504, "timeout"},       // timeout of the pool
      Row{Stage::connect, internal, false, 503, "internalError"},
      Row{Stage::queue, unavailable, false, 503, "serverError"},
      Row{Stage::queue, timed_out, false, 503, "serverError"},  // queueTimeout
      Row{Stage::queue, timed_out, true, 504, "timeout"},
      Row{Stage::refused, closed, false, 503, "serverError"},
      Row{Stage::head, closed, false, 502, "serverError"},
      Row{Stage::head, invalid, false, 502, "serverError"},
      Row{Stage::head, timed_out, true, 504, "timeout"},
      Row{Stage::head, timed_out, false, 504, "timeout"},  // silenceTimeout
      Row{Stage::upload, closed, false, 502, "serverError"},
      Row{Stage::rejected, closed, false, 502, "serverError"},
      Row{Stage::body, internal, false, 503, "internalError"},
      Row{Stage::body, closed, false, 502, "internalError"},
      Row{Stage::body, invalid, false, 502, "internalError"},
      Row{Stage::body, timed_out, true, 504, "timeout"},
      Row{Stage::body, too_large, false, 500, "internalError"},
      Row{Stage::request_body, invalid, false, 400, "clientError"},
      Row{Stage::request_body, timed_out, true, 408, "clientError"},
      Row{Stage::request_body, too_large, false, 413, "clientError"},
      Row{Stage::request_body, closed, false, 499, "clientError"},
      Row{Stage::request_body, unavailable, false, 503, "internalError"},
  };
  for (const Row& row : rows) {
    const Verdict verdict = verdict_of({row.stage, {row.kind, ""}}, row.overdue);
    EXPECT_EQ(verdict.status, row.status) << static_cast<int>(row.stage);
    EXPECT_EQ(verdict.result, row.result) << static_cast<int>(row.stage);
  }
}

// A browser repeats a request that gets 408 (RFC 9110 section 15.5.9).
TEST(VerdictTest, OnlyTheClientsFaultIsToldAsTheClients) {
  for (int stage = 0; stage <= static_cast<int>(Stage::rejected); ++stage) {
    for (int kind = 0; kind <= static_cast<int>(internal); ++kind) {
      for (const bool overdue : {false, true}) {
        const backend::Failure failure{static_cast<Stage>(stage),
                                       {static_cast<ErrorKind>(kind), ""}};
        const Verdict verdict = verdict_of(failure, overdue);
        const bool clients = backend::blame_of(failure) == Blame::client;
        EXPECT_EQ(verdict.status / 100, clients ? 4 : 5) << stage << " " << kind;
        EXPECT_EQ(verdict.result == proxy_result::kClientError, clients) << stage << " " << kind;
      }
    }
  }
}

}  // namespace
}  // namespace sluice::filters
