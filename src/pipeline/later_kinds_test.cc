// SPDX-License-Identifier: Apache-2.0
#include "pipeline/later_kinds.h"

#include <gtest/gtest.h>

namespace sluice::pipeline {
namespace {

TEST(LaterKinds, HaveAdvice) {
  EXPECT_EQ(advice_on_absent_kind("MQTTProxy"), kHttpOnly);
  EXPECT_NE(advice_on_absent_kind("ConsulServiceRegistry"), "");
  EXPECT_NE(advice_on_absent_kind("ZookeeperServiceRegistry"), "");
  EXPECT_EQ(advice_on_absent_kind("Proxy"), "");
  EXPECT_EQ(advice_on_absent_kind("mqttproxy"), "");
  EXPECT_EQ(advice_on_absent_kind(""), "");
}

}  // namespace
}  // namespace sluice::pipeline
