// SPDX-License-Identifier: Apache-2.0
// One process hands over to its successor: rehearsal, sockets, knowledge, the last snapshot.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <optional>

#include "control/rehearsal.h"
#include "control/testing/process.h"

namespace sluice::control {
namespace {

using namespace std::chrono_literals;
using namespace testing;  // control's
using ::testing::HasSubstr;

class HandOverTest : public ::testing::Test {
 protected:
  HandOverTest() : old_(std::in_place, folder_.path(), script_) {
    EXPECT_TRUE((*old_)->start());
    EXPECT_EQ(old_->error(pipeline_text("p") + http_server_text("s", port_, "p")), "");
  }
  Result<void> rehearse_here() {
    return rehearse((*old_)->rehearsal(), {all_kinds(), scripted_kinds(script_), kCores});
  }
  // Copies of the old process's sockets, as the successor receives them.
  std::vector<InheritedPort> sockets() {
    std::vector<InheritedPort> inherited;
    for (const Ports::Open& open : (*old_)->ports()) {
      InheritedPort& one = inherited.emplace_back(InheritedPort{open.address, open.port, {}});
      for (const int descriptor : open.descriptors)
        one.listeners.push_back(net::Listener::adopt(::fcntl(descriptor, F_DUPFD_CLOEXEC, 0)));
    }
    return inherited;
  }
  bool is_open() { return !net::Listener::probe("", port_).has_value(); }

  Folder folder_;
  Script script_;
  Script successor_;
  const std::uint16_t port_ = free_port();
  std::optional<Process> old_;
};

TEST_F(HandOverTest, ARehearsalBuildsWhatRunsAndChangesNothing) {
  const auto builds = script_.seen().size();
  const auto rehearsed = rehearse_here();
  EXPECT_TRUE(rehearsed) << rehearsed.error().message;
  ASSERT_EQ(script_.seen().size(), builds + 1);
  EXPECT_EQ(script_.seen().back().pin, "one");
  EXPECT_EQ(old_->state("p"), "running");
  EXPECT_TRUE(rehearse(Json(), {all_kinds(), {}, kCores})) << "nothing to rehearse";
}

TEST_F(HandOverTest, WhatWouldNotRunRefusesTheHandOver) {
  ASSERT_TRUE(old_->apply(pipeline_text("q")));
  script_.fail("p", "too new");
  const auto refused = rehearse_here();
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("would not run in the new process: Pipeline p: "));
  EXPECT_THAT(refused.error().message, HasSubstr("too new"));
  EXPECT_THAT(refused.error().message, ::testing::Not(HasSubstr("Pipeline q")));
  EXPECT_EQ(old_->state("p"), "running");
  EXPECT_TRUE(is_open());
  EXPECT_EQ(old_->error(pipeline_text("q", "two")), "") << "changes go on";
  // The new program lacks this kind of filter.
  const auto unknown = rehearse((*old_)->rehearsal(), {all_kinds(), {}, kCores});
  EXPECT_THAT(unknown.error().message, HasSubstr("kind \"Scripted\" not found"));
}

TEST_F(HandOverTest, WhatDoesNotRunIsNotRehearsed) {
  script_.fail("p", "is gone");
  old_.reset();
  old_.emplace(folder_.path(), script_);
  ASSERT_TRUE((*old_)->start());
  EXPECT_EQ(old_->state("p"), "failed");
  EXPECT_TRUE(rehearse_here()) << "it would not be worse";
}

TEST_F(HandOverTest, KnowledgeAndSocketsReachTheNextProcess) {
  const Json known = (*old_)->knowledge();
  EXPECT_EQ(known["p"], (Json{{"f", {{"learnt", "one"}}}}));
  EXPECT_FALSE(known["s"].value("tickets", "").empty());
  auto inherited = sockets();
  ASSERT_EQ(inherited.size(), 1U);
  EXPECT_EQ(inherited[0].port, port_);
  EXPECT_EQ(inherited[0].listeners.size(), kCores);
  old_.reset();
  EXPECT_TRUE(is_open()) << "the copies hold the port";
  Process next(folder_.path(), script_);
  ASSERT_TRUE(next->start(std::move(inherited), config::parse_document(known.dump()).value()));
  EXPECT_EQ(next.state("s"), "running") << "the port is not taken: it is its own";
  EXPECT_EQ(script_.seen().back().knowledge, "one");
  EXPECT_EQ(next->knowledge(), known);
}

TEST_F(HandOverTest, SocketsThatNobodyWantsAreClosed) {
  auto inherited = sockets();
  ASSERT_TRUE((*old_)->remove("s"));
  old_.reset();
  EXPECT_TRUE(is_open());
  Process next(folder_.path(), script_);
  ASSERT_TRUE(next->start(std::move(inherited)));
  EXPECT_FALSE(is_open());
}

TEST_F(HandOverTest, TheLastSnapshotSendsEveryServerToTheSuccessor) {
  std::atomic<int> made{0};
  successor_.on_instantiate([&made] { ++made; });
  (*old_)->end_changes();
  (*old_)->stop();
  EXPECT_TRUE((*old_)->hand_over(scripted_kinds(successor_), 10s));
  ASSERT_EQ(successor_.seen().size(), 1U) << "one way out per server";
  EXPECT_EQ(successor_.seen()[0].pipeline, "s");
  EXPECT_EQ(made, kCores);
  EXPECT_EQ(old_->error(pipeline_text("q")).empty(), false);
  (*old_)->let_go();
  EXPECT_TRUE((*old_)->list().empty());
}

TEST_F(HandOverTest, PortsCloseOnlyWhenTheyAreLetGo) {
  (*old_)->end_changes();
  EXPECT_EQ((*old_)->ports().size(), 1U);
  (*old_)->close_ports();
  EXPECT_TRUE((*old_)->ports().empty());
  EXPECT_TRUE(is_open()) << "the cores accept still";
  old_->workers().stop_accepting();
  EXPECT_FALSE(is_open());
}

}  // namespace
}  // namespace sluice::control
