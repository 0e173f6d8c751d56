// SPDX-License-Identifier: Apache-2.0
#include "filters/grpc_proxy/grpc_proxy.h"

#include <gtest/gtest.h>

namespace sluice::filters {
namespace {

config::Value spec_of(const char* text) {
  return proxy_spec_of_grpc(config::parse_document(text).value());
}

std::string pool_field(const config::Value& spec, std::size_t pool, const char* field) {
  const config::Value* found = spec.find("pools")->items.at(pool).find(field);
  return found == nullptr ? "" : found->scalar;
}

TEST(GrpcProxy, PoolsSpeakHttp2UnlessTheySayOtherwise) {
  const config::Value spec = spec_of("{pools: [{servers: []}, {http2: false}]}");
  EXPECT_EQ(pool_field(spec, 0, "http2"), "true");
  EXPECT_EQ(pool_field(spec, 1, "http2"), "false");
}

TEST(GrpcProxy, TimeoutsBelongToThePools) {
  const config::Value spec =
      spec_of("{timeout: 1s, borrowTimeout: 2s, connectTimeout: 3s, pools: [{}, {timeout: 9s}]}");
  EXPECT_EQ(spec.find("timeout"), nullptr);
  EXPECT_EQ(spec.find("borrowTimeout"), nullptr);
  EXPECT_EQ(pool_field(spec, 0, "timeout"), "1s");
  EXPECT_EQ(pool_field(spec, 0, "queueTimeout"), "2s");
  EXPECT_EQ(pool_field(spec, 0, "connectTimeout"), "3s");
  EXPECT_EQ(pool_field(spec, 1, "timeout"), "9s");
}

TEST(GrpcProxy, WhatIsWrongIsLeftToTheProxy) {
  EXPECT_EQ(spec_of("{pools: 3}").find("pools")->scalar, "3");
  EXPECT_EQ(spec_of("{pools: [x]}").find("pools")->items.at(0).scalar, "x");
  EXPECT_EQ(spec_of("{name: a}").find("pools"), nullptr);
}

}  // namespace
}  // namespace sluice::filters
