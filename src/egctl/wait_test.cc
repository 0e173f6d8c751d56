// SPDX-License-Identifier: Apache-2.0
#include "egctl/wait.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include <atomic>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

namespace sluice::egctl {
namespace {

using testing::ElementsAre;

// A server that answers the status of the Pipeline p.
class WaitTest : public testing::Test {
 protected:
  // Returns the states by member at the n-th look; null: there is no such object; a number: the
  // status of the answer.
  using Look = std::function<Json(int look)>;

  void SetUp() override {
    server_.Get("/apis/v2/status/objects/p",
                [this](const httplib::Request&, httplib::Response& response) {
                  response.set_header("X-Config-Version", "1");
                  const Json states = look_(++looks_);
                  if (states.is_null() || states.is_number()) {
                    response.status = states.is_null() ? 404 : states.get<int>();
                    return;
                  }
                  Json answer = Json::object();
                  for (const auto& [member, state] : states.items())
                    answer["eg-traffic-default/p/" + member] = state;
                  response.set_content(answer.dump(), "application/json");
                });
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::yield();  // stop() would not end it
  }
  void TearDown() override {
    server_.stop();
    thread_.join();
  }
  Result<void> await(const Look& look, const Waiting& waiting = {}, std::uint64_t version = 7) {
    look_ = look;
    const auto address = parse_endpoint("127.0.0.1:" + std::to_string(port_));
    const ApiClient client(*address, {});
    Json applied = Json::array({{{"kind", "Pipeline"}, {"name", "p"}}});
    if (version != 0) applied[0]["version"] = version;
    notes_.str("");
    return await_members(client, applied, waiting, notes_);
  }
  Result<void> await_gone(const Look& look, const Waiting& waiting = {}) {
    look_ = look;
    const auto address = parse_endpoint("127.0.0.1:" + std::to_string(port_));
    return await_deletion(ApiClient(*address, {}), {{{"kind", "Pipeline"}, {"name", "p"}}}, waiting,
                          notes_);
  }
  static Json state(const char* word, std::uint64_t version, const char* error = "") {
    return {{"state", word}, {"version", version}, {"error", error}};
  }

  httplib::Server server_;
  int port_ = 0;
  std::thread thread_;
  Look look_;
  std::ostringstream notes_;
  std::atomic<int> looks_ = 0;
};

TEST_F(WaitTest, UntilEveryMemberRunsIt) {
  const auto waited = await([](int look) -> Json {
    return {{"one", state("running", 7)},
            {"two", look == 1   ? state("unknown", 0)
                    : look == 2 ? state("running", 6)
                    : look == 3 ? state("building", 7)
                    : look == 4 ? state("failed", 7, "a port that becomes free")
                                : state("running", 8)}};
  });
  EXPECT_TRUE(waited) << waited.error().message;
  EXPECT_EQ(looks_, 5);
}

TEST_F(WaitTest, TellsOnceWhatAnotherMemberWarnsOf) {
  const auto waited = await([](int look) -> Json {
    Json two = state("running", 7);
    two["warnings"] = {"userFile: users: no such file"};
    return {{"one", state("running", look < 3 ? 6 : 7)}, {"two", two}};
  });
  EXPECT_TRUE(waited) << waited.error().message;
  EXPECT_EQ(notes_.str(), "Warning: two: Pipeline p: userFile: users: no such file\n");
}

TEST_F(WaitTest, TellsNoWarningThatPassesWhileMembersFollow) {
  const auto waited = await([](int look) -> Json {
    Json two = state("running", 7);
    if (look == 1) two["warnings"] = {"there is no Pipeline guarded"};
    return {{"one", state("running", look == 1 ? 6 : 7)}, {"two", two}};
  });
  EXPECT_TRUE(waited) << waited.error().message;
  EXPECT_EQ(notes_.str(), "");
}

TEST_F(WaitTest, SaysWhatALongWaitIsFor) {
  const auto waited = await([](int look) -> Json {  // ten times a second at most
    if (look > 40) return {{"one", state("running", 7)}, {"two", state("running", 7)}};
    return {{"one", state("building", 7)}, {"two", state("running", 6)}};
  });
  EXPECT_TRUE(waited) << waited.error().message;
  EXPECT_THAT(notes_.str(),
              testing::StartsWith("Waiting: one: Pipeline p: building, and 1 more\n"));
}

TEST_F(WaitTest, NamesWhoRefusesAndWhy) {
  const auto waited = await([](int) -> Json {
    return {{"one", state("running", 7)},
            {"two", state("failed", 7, "no such file")},
            {"three", {{"state", "failed"}, {"version", 9}, {"health", "no guest"}}}};
  });
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().kind, ErrorKind::timed_out) << "exit code 6: it is applied";
  EXPECT_THAT(waited.error().details,
              ElementsAre("three: Pipeline p: no guest", "two: Pipeline p: no such file"));
}

TEST_F(WaitTest, EndsAfterItsTime) {
  const auto waited = await(
      [](int) -> Json {
        return {{"one", state("building", 7)}, {"two", state("running", 6)}};
      },
      {.wait = true, .timeout = "200ms"});
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().kind, ErrorKind::timed_out);
  EXPECT_THAT(waited.error().details,
              ElementsAre("one: Pipeline p: building", "two: Pipeline p: has not followed"));
}

TEST_F(WaitTest, SaysWhoHasGoneWithoutHavingFollowed) {
  const auto waited = await([](int look) -> Json {
    if (look == 1)
      return {{"one", state("building", 7)},
              {"two", state("running", 7)},
              {"three", state("running", 6)}};
    return {{"one", state("running", 7)}};
  });
  EXPECT_TRUE(waited) << waited.error().message;
  EXPECT_EQ(notes_.str(),
            "Warning: three: Pipeline p: the member has gone without having followed\n");
}

TEST_F(WaitTest, OutlivesLooksThatFail) {
  const auto waited = await([](int look) -> Json {
    if (look < 3) return 503;
    return {{"one", state("running", 7)}};
  });
  EXPECT_TRUE(waited) << waited.error().message;
  EXPECT_EQ(looks_, 3);
  const auto late = await([](int) -> Json { return 503; }, {.wait = true, .timeout = "200ms"});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::timed_out) << "exit code 6: it is applied";
  EXPECT_FALSE(await([](int) -> Json { return 403; })) << "this does not pass";
}

TEST_F(WaitTest, NotForWhatIsDeletedMeanwhile) {
  EXPECT_TRUE(await([](int) -> Json { return nullptr; }));
}

TEST_F(WaitTest, NotWithoutAClusterAndNotIfNobodyWants) {
  const auto look = [](int) -> Json { return {{"one", state("failed", 7, "no")}}; };
  EXPECT_TRUE(await(look, {}, 0));
  EXPECT_TRUE(await(look, {.wait = false, .timeout = "30s"}));
  EXPECT_EQ(looks_, 0);
}

TEST_F(WaitTest, UntilEveryMemberHasDeletedIt) {
  const auto waited = await_gone([](int look) -> Json {
    if (look == 1) return {{"two", state("running", 7)}, {"three", state("failed", 7)}};
    if (look == 2) return {{"three", state("failed", 7)}};
    return Json::object();
  });
  EXPECT_TRUE(waited) << waited.error().message;
  EXPECT_EQ(looks_, 3);
}

TEST_F(WaitTest, NamesWhoHasNotDeletedIt) {
  const auto waited = await_gone(
      [](int) -> Json {
        return {{"two", state("running", 7)}};
      },
      {.wait = true, .timeout = "200ms"});
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().kind, ErrorKind::timed_out);
  EXPECT_THAT(waited.error().message, testing::HasSubstr("deleted, but after 200ms"));
  EXPECT_THAT(waited.error().details, ElementsAre("two: Pipeline p: has not followed"));
}

TEST_F(WaitTest, ADeletionNeedNotBeWaitedFor) {
  EXPECT_TRUE(await_gone([](int) -> Json { return nullptr; }));  // a server without this
  looks_ = 0;
  EXPECT_TRUE(await_gone(
      [](int) -> Json {
        return {{"two", state("running", 7)}};
      },
      {.wait = false, .timeout = "30s"}));
  EXPECT_EQ(looks_, 0);
}

}  // namespace
}  // namespace sluice::egctl
