// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/verdict.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace sluice::filters {
namespace {

using backend::Blame;
using backend::Stage;
using http::Cause;
using enum ErrorKind;

struct Row {
  Stage stage;
  ErrorKind kind;
  bool overdue;
  int status;
  std::string result;
  http::Cause cause;
};

TEST(VerdictTest, Table) {
  const std::array rows = {
      Row{Stage::choose, unavailable, false, 503, "internalError", Cause::no_healthy_server},
      Row{Stage::connect, unavailable, false, 503, "serverError", Cause::connect_failed},
      Row{Stage::connect, timed_out, false, 503, "serverError",
          Cause::connect_timeout},  // connectTimeout
      Row{Stage::connect, timed_out, true, 504, "timeout",
          Cause::connect_timeout},  // timeout of the pool
      Row{Stage::connect, internal, false, 503, "internalError", Cause::no_resources},
      Row{Stage::queue, unavailable, false, 503, "serverError", Cause::queue_full},
      Row{Stage::queue, timed_out, false, 503, "serverError",
          Cause::queue_timeout},  // queueTimeout
      Row{Stage::queue, timed_out, true, 504, "timeout", Cause::queue_timeout},
      Row{Stage::refused, closed, false, 503, "serverError", Cause::server_busy},
      Row{Stage::head, closed, false, 502, "serverError", Cause::response_missing},
      Row{Stage::head, invalid, false, 502, "serverError", Cause::response_malformed},
      Row{Stage::head, timed_out, true, 504, "timeout", Cause::response_timeout},
      Row{Stage::head, timed_out, false, 504, "timeout",
          Cause::response_timeout},  // silenceTimeout
      Row{Stage::upload, closed, false, 502, "serverError", Cause::upload_refused},
      Row{Stage::rejected, closed, false, 502, "serverError", Cause::request_rejected},
      Row{Stage::body, internal, false, 503, "internalError", Cause::memory_budget},
      Row{Stage::body, closed, false, 502, "internalError", Cause::response_broken_off},
      Row{Stage::body, invalid, false, 502, "internalError", Cause::response_malformed},
      Row{Stage::body, timed_out, true, 504, "timeout", Cause::response_timeout},
      Row{Stage::body, too_large, false, 500, "internalError", Cause::response_too_large},
      Row{Stage::request_body, invalid, false, 400, "clientError", Cause::body_malformed},
      Row{Stage::request_body, timed_out, true, 408, "clientError", Cause::body_timeout},
      Row{Stage::request_body, too_large, false, 413, "clientError", Cause::body_too_large},
      Row{Stage::request_body, closed, false, 499, "clientError", Cause::body_cut_off},
      Row{Stage::request_body, unavailable, false, 503, "internalError", Cause::memory_budget},
  };
  for (const Row& row : rows) {
    const Verdict verdict = verdict_of({row.stage, {row.kind, ""}}, row.overdue);
    EXPECT_EQ(verdict.status, row.status) << static_cast<int>(row.stage);
    EXPECT_EQ(verdict.result, row.result) << static_cast<int>(row.stage);
    EXPECT_EQ(verdict.cause, row.cause) << static_cast<int>(row.stage);
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
