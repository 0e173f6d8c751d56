// SPDX-License-Identifier: Apache-2.0
#include "admin/handed_message.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::admin {
namespace {

TEST(HandedMessageTest, AStepArrivesAsItWas) {
  const HandedStep step{.kind = HandedStep::Kind::begin,
                        .id = "1f",
                        .number = 7,
                        .from = "one",
                        .method = "DELETE",
                        .target = "/apis/v2/wasm/data/p/f?prefix=a%26b",
                        .accept = "text/x-yaml",
                        .body = {}};
  const std::string message = step.encode();
  const auto read = HandedStep::decode(message);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->kind, HandedStep::Kind::begin);
  EXPECT_EQ(read->id, "1f");
  EXPECT_EQ(read->number, 7U);
  EXPECT_EQ(read->from, "one");
  EXPECT_EQ(read->method, "DELETE");
  EXPECT_EQ(read->target, step.target);
  EXPECT_EQ(read->accept, "text/x-yaml");
  EXPECT_EQ(read->body, "");
}

TEST(HandedMessageTest, ABodyMayBeAnyBytes) {
  const std::string bytes("a\n\0\xff{\"", 6);
  for (const auto kind : {HandedStep::Kind::piece, HandedStep::Kind::end}) {
    const HandedStep step{.kind = kind,
                          .id = "x",
                          .number = 1,
                          .from = {},
                          .method = {},
                          .target = {},
                          .accept = {},
                          .body = bytes};
    const std::string message = step.encode();
    const auto read = HandedStep::decode(message);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->kind, kind);
    EXPECT_EQ(read->body, bytes);
  }
  HandedReply reply{.again = true, .response = {.status = 404, .content_type = "t", .body = bytes}};
  const auto read = HandedReply::decode(reply.encode());
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->again);
  EXPECT_EQ(read->response.status, 404);
  EXPECT_EQ(read->response.content_type, "t");
  EXPECT_EQ(read->response.body, bytes);
}

TEST(HandedMessageTest, OtherBytesAreRefused) {
  for (const std::string& text :
       {std::string(), std::string("\n"), std::string("{}\n"), std::string("[]\n"),
        std::string(R"({"step":"begin","id":"x","number":0})"),
        std::string("{\"step\":\"end\",\"id\":\"x\"}\n"),
        std::string("{\"step\":\"end\",\"id\":\"x\",\"number\":-1}\n"),
        std::string("{\"step\":\"go\",\"id\":\"x\"}\n"),
        std::string("{\"step\":\"end\",\"id\":\"\"}\n"), std::string("{\"step\":7,\"id\":\"x\"}\n"),
        "{\"step\":\"end\",\"id\":\"" + std::string(kHandedLineMax, 'x') + "\"}\n"}) {
    EXPECT_FALSE(HandedStep::decode(text)) << text.substr(0, 60);
    EXPECT_FALSE(HandedReply::decode(text)) << text.substr(0, 60);
  }
  EXPECT_FALSE(HandedReply::decode("{\"again\":1,\"status\":200}\n"));
  EXPECT_FALSE(HandedReply::decode("{\"again\":true,\"status\":\"200\"}\n"));
}

}  // namespace
}  // namespace sluice::admin
