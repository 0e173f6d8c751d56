// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/merge.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::filters {
namespace {

std::string merged(std::initializer_list<http::Field> earlier,
                   std::initializer_list<http::Field> backend) {
  http::Headers first;
  http::Headers second;
  for (const http::Field& field : earlier) first.add(field.name, field.value);
  for (const http::Field& field : backend) second.add(field.name, field.value);
  merge_headers(first, second);
  std::string text;
  for (const http::Field& field : second) text += field.name + ": " + field.value + "\n";
  return text;
}

TEST(MergeTest, WhatComesOnlyOnceIsTheBackends) {
  for (const std::string name :
       {"Content-Type", "content-type", "ETag", "Date", "Server", "Location", "Last-Modified",
        "Expires", "Cache-Control", "Content-Length", "Retry-After", "Age",
        "Strict-Transport-Security", "X-Frame-Options", "Access-Control-Allow-Origin"}) {
    EXPECT_EQ(merged({{name, "theirs"}}, {{name, "own"}}), name + ": own\n");
  }
}

TEST(MergeTest, ListsAddUp) {
  for (const std::string name : {"Set-Cookie", "Vary", "Link", "Warning", "X-A", "Via"}) {
    EXPECT_EQ(merged({{name, "a"}}, {{name, "b"}}), name + ": a\n" + name + ": b\n");
  }
}

TEST(MergeTest, WhatOnlyEarlierFiltersHaveSetStays) {
  EXPECT_EQ(merged({{"X-A", "mock"}, {"Content-Type", "text/html"}}, {{"X-B", "b"}}),
            "X-A: mock\nContent-Type: text/html\nX-B: b\n");
}

TEST(MergeTest, WhatDescribesTheBytesOfAnotherBodyGoes) {
  EXPECT_EQ(
      merged({{"Content-Encoding", "gzip"}, {"ETag", "m"}, {"Content-Range", "bytes 0-1/2"}}, {}),
      "");
}

}  // namespace
}  // namespace sluice::filters
