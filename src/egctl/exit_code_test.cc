// SPDX-License-Identifier: Apache-2.0
#include "egctl/exit_code.h"

#include <gtest/gtest.h>

#include <sstream>

namespace sluice::egctl {
namespace {

class ExitCodeTest : public ::testing::Test {
 protected:
  ExitCode code(ErrorKind kind) { return exit_code_of(Error{kind, "x", {}}, invocation_); }

  std::ostringstream out_;
  std::ostringstream err_;
  Invocation invocation_{out_, err_};
};

TEST_F(ExitCodeTest, FollowsTheKindOfTheError) {
  EXPECT_EQ(code(ErrorKind::closed), ExitCode::done);
  EXPECT_EQ(code(ErrorKind::invalid), ExitCode::refused);
  EXPECT_EQ(code(ErrorKind::internal), ExitCode::refused);
  EXPECT_EQ(code(ErrorKind::too_large), ExitCode::refused);
  EXPECT_EQ(code(ErrorKind::forbidden), ExitCode::not_reached);
  EXPECT_EQ(code(ErrorKind::not_found), ExitCode::not_there);
  EXPECT_EQ(code(ErrorKind::conflict), ExitCode::conflict);
  EXPECT_EQ(code(ErrorKind::timed_out), ExitCode::not_everywhere);
}

TEST_F(ExitCodeTest, AServerThatSaysUnavailableWasReached) {
  EXPECT_EQ(code(ErrorKind::unavailable), ExitCode::refused);
  invocation_.contact->unreached = true;
  EXPECT_EQ(code(ErrorKind::unavailable), ExitCode::not_reached);
  EXPECT_EQ(code(ErrorKind::invalid), ExitCode::refused) << "a fault of the file itself";
}

TEST_F(ExitCodeTest, AMisuseIsWrongUse) {
  const Error error = invocation_.misuse("wants names").error();
  EXPECT_EQ(error.message, "wants names");
  EXPECT_EQ(exit_code_of(error, invocation_), ExitCode::wrong_use);
}

}  // namespace
}  // namespace sluice::egctl
