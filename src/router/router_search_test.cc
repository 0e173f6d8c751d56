// SPDX-License-Identifier: Apache-2.0
// Covers: router.cc
// Router against a search of all rules in order.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "base/text.h"
#include "router/router.h"
#include "router/testing/linear_router.h"
#include "router/testing/random_rules.h"

namespace sluice::router {
namespace {

constexpr int kServers = 3000;
constexpr int kRequests = 100;

unsigned first_seed() {
  const char* const text = std::getenv("SLUICE_SEED");
  return text == nullptr ? 1 : to_number<unsigned>(text).value_or(1);
}

// Returns all that a client or a backend could see of a match.
std::string seen(const Match& match, const http::Request& received) {
  if (match.status != 0)
    return std::to_string(match.status) + " " + match.allow + " " + match.reason;
  http::Request request;
  request.copy_head(received);
  const int status = match.route->rewrite(request);
  return match.route->backend + " " + std::to_string(match.route->treatment) + " " +
         std::to_string(status) + " " + (status == 0 ? request.escaped_path : "");
}

class Verdicts {
 public:
  void add(const Match& match) {
    ++(match.status == 0 ? found_ : match.status == 400 && *match.reason != 0 ? near_ : refused_);
  }
  // A test whose requests all end alike shows nothing.
  void check(int all) const {
    EXPECT_GT(found_, all / 10);
    EXPECT_GT(near_, all / 200);
    EXPECT_GT(refused_, all / 10);
  }

 private:
  int found_ = 0;
  int near_ = 0;
  int refused_ = 0;
};

TEST(RouterSearch, AnswersAsTheRulesInOrder) {
  RandomRules random(first_seed());
  Verdicts verdicts;
  for (int i = 0; i < kServers; ++i) {
    const RouterSpec spec = random.server();
    config::Faults faults;
    const Router router = Router::build(spec, faults);
    ASSERT_TRUE(faults.empty()) << faults.to_error().message;
    const LinearRouter linear(spec);
    for (int j = 0; j < kRequests; ++j) {
      http::Request request = random.request();
      const std::string received = request.host + " " + request.target();
      const http::PathDoubts doubts = router.receive(request).doubts;
      const std::string_view address = random.address();
      const Match match = router.route(request, address, doubts);
      verdicts.add(match);
      const Match expected = linear.route(request, address, doubts);
      ASSERT_EQ(seen(match, request), seen(expected, request))
          << request.method << " " << received << " from " << address << ", server " << i
          << ", SLUICE_SEED=" << first_seed();
    }
  }
  verdicts.check(kServers * kRequests);
}

}  // namespace
}  // namespace sluice::router
