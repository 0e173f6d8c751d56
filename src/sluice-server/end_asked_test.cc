// SPDX-License-Identifier: Apache-2.0
#include "sluice-server/end_asked.h"

#include <gtest/gtest.h>

namespace sluice::server_program {
namespace {

class EndAskedTest : public testing::Test {
 protected:
  bool look(bool pending, bool named) {
    pending_ = pending;
    named_ = named;
    end_.look();
    return end_.asked();
  }
  bool pending_ = false;
  bool named_ = true;
  EndAsked end_{[this] { return pending_; }, [this] { return named_; }};
};

TEST_F(EndAskedTest, WhileThePidFileNamesThisProcess) {
  EXPECT_FALSE(look(false, true));
  EXPECT_TRUE(look(true, true));
  EXPECT_TRUE(look(true, false)) << "it has been asked";
}

TEST_F(EndAskedTest, InTheMomentInWhichThePidFileChanges) {
  EXPECT_FALSE(look(false, true));
  EXPECT_TRUE(look(true, false));
}

TEST_F(EndAskedTest, NotOnceThePidFileNamesAnother) {
  EXPECT_FALSE(look(false, true));
  EXPECT_FALSE(look(false, false));
  EXPECT_FALSE(look(true, false));
  EXPECT_FALSE(look(true, false));
}

}  // namespace
}  // namespace sluice::server_program
