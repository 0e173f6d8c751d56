// SPDX-License-Identifier: Apache-2.0
#include "pipeline/exchange.h"

#include <gtest/gtest.h>

#include "loop/event_loop.h"

namespace sluice::pipeline {
namespace {

// A connection uses one exchange for all its requests.
TEST(Exchange, NothingOfOneRequestIsInTheNext) {
  loop::EventLoop loop;
  const loop::Core core{loop, 0, 1};
  Exchange exchange(core);
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(exchange.client_request().method, "");
    EXPECT_EQ(exchange.client_response(), nullptr);
    EXPECT_EQ(exchange.request(), &exchange.client_request());
    EXPECT_TRUE(exchange.tags().empty());
    EXPECT_TRUE(exchange.steps.empty());
    EXPECT_EQ(exchange.real_ip, "");
    EXPECT_EQ(exchange.peer, "");
    EXPECT_EQ(exchange.pipeline_name, "");
    exchange.activate("other");
    EXPECT_EQ(exchange.request(), nullptr);
    EXPECT_EQ(exchange.response(), nullptr);
    exchange.new_response().status = 500;
    exchange.activate(kDefaultNamespace);
    exchange.client_request().method = "PUT";
    exchange.new_response().status = 201;
    exchange.add_tag("tag");
    exchange.steps.push_back({"step", "", Duration()});
    exchange.real_ip = "192.0.2.1";
    exchange.peer = "192.0.2.1:1";
    exchange.pipeline_name = "pipeline";
    exchange.activate("other");
    exchange.clear();
  }
}

}  // namespace
}  // namespace sluice::pipeline
