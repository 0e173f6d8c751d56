// SPDX-License-Identifier: Apache-2.0
#include "tracing/encoding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tracing/otlp.pb.h>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "tracing/http_attributes.h"

namespace sluice::tracing {
namespace {

using std::chrono::microseconds;

// A request with a server span, and one to a backend that has failed.
class Encoding : public ::testing::Test {
 protected:
  void SetUp() override {
    auto trace = std::make_unique<Recording>(TraceId{0xa, 0xb}, "rojo=1", SpanLimits());
    const TimePoint now = Clock::now();
    trace->set_clocks(now, std::chrono::system_clock::time_point(std::chrono::seconds(1000)));
    Span server{.id = 1, .parent = 9, .kind = SpanKind::server, .name = "GET /shop"};
    server.began = now;
    server.ended = now + microseconds(250);
    Span& added = *trace->add(std::move(server));
    trace->set(added, "url.path", "/shop\xff");
    trace->set(added, "http.response.status_code", 200);
    trace->add_event(added, {now + microseconds(5), "conflict"});
    Span client{.id = 2, .parent = 1, .kind = SpanKind::client, .name = "GET"};
    client.began = client.ended = now + microseconds(100);
    set_failure(*trace, *trace->add(std::move(client)), "timeout");
    batch_.spans = 2;
    batch_.traces.push_back(std::move(trace));
    settings_.service_name = "shop";
    settings_.attributes = {{"place", "rack 7"}};
  }
  Batch batch_;
  Settings settings_;
};

TEST_F(Encoding, Otlp) {
  pb::ExportRequest request;
  ASSERT_TRUE(request.ParseFromString(encode_otlp(batch_, settings_)));
  ASSERT_EQ(request.resource_spans_size(), 1);
  const auto& resource = request.resource_spans(0);
  EXPECT_EQ(resource.resource().attributes(0).key(), "service.name");
  EXPECT_EQ(resource.resource().attributes(0).value().string_value(), "shop");
  EXPECT_EQ(resource.resource().attributes(1).key(), "place");
  const auto& spans = resource.scope_spans(0).spans();
  ASSERT_EQ(spans.size(), 2);
  EXPECT_EQ(spans[0].trace_id(), to_bytes(TraceId{0xa, 0xb}));
  EXPECT_EQ(spans[0].span_id(), to_bytes(SpanId{1}));
  EXPECT_EQ(spans[0].parent_span_id(), to_bytes(SpanId{9}));
  EXPECT_EQ(spans[0].trace_state(), "rojo=1");
  EXPECT_EQ(spans[0].kind(), pb::Span::SERVER);
  EXPECT_EQ(spans[0].start_time_unix_nano(), 1'000'000'000'000U);
  EXPECT_EQ(spans[0].end_time_unix_nano(), 1'000'000'250'000U);
  EXPECT_EQ(spans[0].attributes(0).value().string_value(), "/shop\xef\xbf\xbd");
  EXPECT_EQ(spans[0].attributes(1).value().int_value(), 200);
  EXPECT_EQ(spans[0].events(0).name(), "conflict");
  EXPECT_EQ(spans[0].events(0).time_unix_nano(), 1'000'000'005'000U);
  EXPECT_EQ(spans[0].status().code(), pb::Span::Status::UNSET);
  EXPECT_EQ(spans[0].flags(), 0x301U) << "sampled, and its parent is remote";
  EXPECT_EQ(spans[1].kind(), pb::Span::CLIENT);
  EXPECT_EQ(spans[1].status().code(), pb::Span::Status::ERROR);
  EXPECT_EQ(spans[1].flags(), 0x101U);
}

TEST_F(Encoding, Zipkin) {
  const Json spans = Json::parse(encode_zipkin(batch_, settings_));
  ASSERT_EQ(spans.size(), 2U);
  EXPECT_EQ(spans[0]["traceId"], "000000000000000a000000000000000b");
  EXPECT_EQ(spans[0]["id"], "0000000000000001");
  EXPECT_EQ(spans[0]["parentId"], "0000000000000009");
  EXPECT_EQ(spans[0]["kind"], "SERVER");
  EXPECT_EQ(spans[0]["timestamp"], 1'000'000'000U);
  EXPECT_EQ(spans[0]["duration"], 250);
  EXPECT_EQ(spans[0]["localEndpoint"]["serviceName"], "shop");
  EXPECT_EQ(spans[0]["tags"]["http.response.status_code"], "200");
  EXPECT_EQ(spans[0]["tags"]["place"], "rack 7");
  EXPECT_FALSE(spans[0]["tags"].contains("error"));
  EXPECT_EQ(spans[0]["annotations"][0],
            (Json{{"timestamp", 1'000'000'005U}, {"value", "conflict"}}));
  EXPECT_EQ(spans[1]["duration"], 1) << "0 means unknown there";
  EXPECT_EQ(spans[1]["tags"]["error"], "timeout");
}

TEST(Answer, MayRefuseSpans) {
  pb::ExportResponse response;
  EXPECT_EQ(rejected_spans(response.SerializeAsString()), 0U);
  response.mutable_partial_success()->set_rejected_spans(7);
  EXPECT_EQ(rejected_spans(response.SerializeAsString()), 7U);
  response.mutable_partial_success()->set_rejected_spans(-7);
  EXPECT_EQ(rejected_spans(response.SerializeAsString()), 0U);
  EXPECT_EQ(rejected_spans("\xff\xff<html>"), 0U);
}

}  // namespace
}  // namespace sluice::tracing
