// SPDX-License-Identifier: Apache-2.0
// The resource /backup on real controllers and stores. Covers: restore.cc
#include "admin/backup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>

#include "control/testing/process.h"
#include "store/etcd/testing/etcd_under_test.h"

namespace sluice::admin {
namespace {

using control::testing::eventually;
using control::testing::Folder;
using control::testing::http_server_text;
using control::testing::kCores;
using control::testing::pipeline_text;
using control::testing::Process;
using control::testing::Script;
using testing::ElementsAre;
using testing::HasSubstr;

// The resource of a gateway.
class Resource1 {
 public:
  explicit Resource1(control::Controller& controller)
      : controller_(controller),
        context_{.options = {.address = "", .member_name = "me"},
                 .start_options = {},
                 .logger = Logger(),
                 .controller = controller} {
    add_backup(router_, context_);
  }

  [[nodiscard]] Result<ApiResponse> get(bool by_admin = true) {
    ApiRequest request = call("GET");
    request.by_admin = by_admin;
    return router_.find(request)->route->handler(request, {});
  }
  [[nodiscard]] std::string backup() {
    const auto response = get();
    EXPECT_TRUE(response) << response.error().message;
    return response ? text_of(*response) : "";
  }
  [[nodiscard]] static std::string text_of(const ApiResponse& response) {
    std::string text;
    EXPECT_TRUE(response.stream([&](std::string_view piece) {
      text += piece;
      return true;
    }));
    return text;
  }
  // The whole restoration, or the part up to `size` bytes.
  [[nodiscard]] Result<Json> restore(std::string_view text, bool force = false,
                                     std::size_t size = std::string::npos) {
    ApiRequest request = call("PUT");
    if (force) request.query["force"] = "true";
    SLUICE_TRY(const auto intake, router_.find(request)->route->intake(request, {}));
    SLUICE_CHECK(intake->take(text.substr(0, size)));
    if (size < text.size()) return Json();
    SLUICE_TRY(const ApiResponse response, intake->finish());
    return Json::parse(response.body);
  }
  [[nodiscard]] std::vector<std::string> names() {
    std::vector<std::string> names;
    for (const Json& spec : controller_.list()) names.push_back(spec.value("name", ""));
    return names;
  }
  [[nodiscard]] std::uint64_t keys(const std::string& ns) {
    return controller_.store().count(ns, {}).value_or(0);
  }

 private:
  static ApiRequest call(const std::string& method) {
    ApiRequest request;
    request.method = method;
    request.path = {"backup"};
    return request;
  }

  control::Controller& controller_;
  Context context_;
  ApiRouter router_;
};

struct Embedded {
  Embedded() { EXPECT_TRUE(process_->start()); }
  [[nodiscard]] Process& process() { return process_; }
  [[nodiscard]] Script& script() { return script_; }
  [[nodiscard]] const std::string& folder() const { return folder_.path(); }

 private:
  Folder folder_;
  Script script_;
  Process process_{folder_.path(), script_};
};

struct Gateway : Embedded, Resource1 {
  Gateway() : Resource1(*process()) {}
};

// A member of a cluster that has no other.
class OnEtcd {
 public:
  OnEtcd() {
    workers_.start();
    EXPECT_TRUE(controller_.start());
  }
  ~OnEtcd() {
    controller_.end_changes();
    controller_.stop();
    workers_.drain(Duration::zero());
    workers_.stop();
  }
  OnEtcd(const OnEtcd&) = delete;
  OnEtcd& operator=(const OnEtcd&) = delete;
  [[nodiscard]] control::Controller& controller() { return controller_; }

 private:
  Script script_;
  server::Workers workers_{kCores, control::testing::kMemoryBytes, nullptr, Logger()};
  std::unique_ptr<store::Store> store_ =
      store::open_etcd_store(store::new_cluster("me"), kCores, Logger()).value();
  control::Controller controller_{{.core_count = kCores, .member_name = "me"},
                                  Logger(),
                                  *store_,
                                  workers_,
                                  control::testing::scripted_kinds(script_)};
};

class BackupTest : public testing::Test {
 protected:
  // A sale with two users, saved.
  std::string sale() {
    EXPECT_EQ(one_.process().error(pipeline_text("p") +
                                   http_server_text("s", control::testing::free_port(), "p")),
              "");
    EXPECT_TRUE(one_.process().store().apply("p/f", {{"id/1", "true"}, {"id/2", "\xff"}}));
    std::string text = one_.backup();
    EXPECT_TRUE(one_.process()->remove_all());
    return text;
  }

  Gateway one_;
  Gateway two_;
};

TEST_F(BackupTest, MovesToAnotherGateway) {
  const auto restored = two_.restore(sale());
  ASSERT_TRUE(restored) << restored.error().message;
  EXPECT_EQ((*restored)["entries"], 2);
  EXPECT_THAT(two_.names(), ElementsAre("p", "s"));
  EXPECT_EQ(two_.process().store().list("p/f", "id/2", {}, 2)->entries.at(0).value, "\xff");
  // All but the time and the version of the store is the same.
  EXPECT_EQ(two_.process().state("p"), "running");
}

TEST_F(BackupTest, AChangeIsInItWhollyOrNotAtAll) {
  ASSERT_EQ(one_.process().error(pipeline_text("p") + pipeline_text("q")), "");
  const auto response = one_.get();
  ASSERT_TRUE(response);
  ASSERT_EQ(one_.process().error(pipeline_text("p", "new") + pipeline_text("q", "new")), "");
  const std::string before = Gateway::text_of(*response);
  EXPECT_THAT(before, Not(HasSubstr("new")));
  ASSERT_TRUE(two_.restore(before));
  EXPECT_EQ(two_.process().text("p"), "one");
  ASSERT_TRUE(two_.restore(one_.backup(), true));
  EXPECT_EQ(two_.process().text("p"), "new");
  EXPECT_EQ(two_.process().text("q"), "new");
}

TEST_F(BackupTest, IsForAdminsOnly) {
  EXPECT_EQ(one_.get(false).error().kind, ErrorKind::forbidden);
}

TEST_F(BackupTest, EndsWhenTheClientLeaves) {
  (void)sale();
  const auto response = one_.get();
  EXPECT_FALSE(response->stream([](std::string_view) { return false; }));
}

TEST_F(BackupTest, APartChangesNothing) {
  const std::string text = sale();
  for (std::size_t size = 0; size < text.size(); size += 37) {
    EXPECT_TRUE(two_.restore(text, false, size));
    const auto cut = two_.restore(std::string_view(text).substr(0, size));
    ASSERT_FALSE(cut);
    EXPECT_THAT(cut.error().message, HasSubstr("nothing was changed"));
  }
  EXPECT_THAT(two_.names(), ElementsAre());
  EXPECT_EQ(two_.keys("p/f"), 0U);
}

TEST_F(BackupTest, OnlyOneAtATimeAndOnlyIntoAnEmptyGateway) {
  const std::string text = sale();
  ASSERT_TRUE(two_.process().store().apply("old/f", {{"k", "v"}}));
  EXPECT_EQ(two_.restore(text).error().kind, ErrorKind::conflict) << "there is data";
  ASSERT_TRUE(two_.restore(text, true));
  EXPECT_EQ(two_.keys("old/f"), 0U);
  EXPECT_EQ(two_.restore(text).error().kind, ErrorKind::conflict);
}

TEST_F(BackupTest, ReplacesTheDataOfTheSameFilter) {
  const std::string text = sale();
  ASSERT_TRUE(two_.process().store().apply("p/f", {{"id/9", "true"}, {"id/1", "false"}}));
  ASSERT_TRUE(two_.restore(text, true));
  EXPECT_EQ(two_.keys("p/f"), 2U);
  EXPECT_EQ(two_.process().store().list("p/f", {}, {}, 2)->entries.at(0).value, "true");
}

TEST_F(BackupTest, MovesToAStoreOfAnotherKindAndBack) {
  const std::string text = sale();
  OnEtcd cluster;
  Resource1 there(cluster.controller());
  for (const bool force : {false, true}) {
    const auto restored = there.restore(text, force);
    ASSERT_TRUE(restored) << restored.error().message << " "
                          << testing::PrintToString(restored.error().details);
    EXPECT_THAT(there.names(), ElementsAre("p", "s"));
    EXPECT_EQ(there.keys("p/f"), 2U);
  }
  const std::string again = there.backup();
  ASSERT_TRUE(cluster.controller().remove_all());
  ASSERT_TRUE(two_.restore(again));
  EXPECT_EQ(two_.keys("p/f"), 2U);
  EXPECT_THAT(two_.names(), ElementsAre("p", "s"));
}

// The disk fails between the pipelines and the data.
TEST_F(BackupTest, AFailureSaysWhatIsDone) {
  const std::string text = sale();
  const std::string file = two_.folder() + "/sluice.db";
  two_.script().on_instantiate([&] {  // once for each core
    std::error_code ignored;
    std::filesystem::rename(file, file + ".away", ignored);
  });
  const auto failed = two_.restore(text);
  two_.script().on_instantiate({});
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().message, HasSubstr("the restoration is incomplete: "));
  EXPECT_THAT(failed.error().details,
              ElementsAre("done: created Pipeline p", HasSubstr("restore the backup again")));
  EXPECT_THAT(two_.names(), ElementsAre("p")) << "no server listens";
  std::filesystem::rename(file + ".away", file);
  ASSERT_TRUE(eventually([&] { return two_.process().store().health().empty(); }));
  const auto again = two_.restore(text, true);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_THAT(two_.names(), ElementsAre("p", "s"));
  EXPECT_EQ(two_.keys("p/f"), 2U);
}

}  // namespace
}  // namespace sluice::admin
