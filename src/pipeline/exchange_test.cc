// SPDX-License-Identifier: Apache-2.0
#include "pipeline/exchange.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/memory_budget.h"
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

TEST(Exchange, FiltersFillOtherNamespaces) {
  loop::EventLoop loop;
  const loop::Core core{loop, 0, 1};
  Exchange exchange(core);
  http::Request& client = exchange.client_request();
  client.version = http::Version::http2;
  client.method = "POST";
  client.host = "shop:8080";
  client.scheme = "https";
  client.headers.add("X-A", "1");
  exchange.activate("stock");
  http::Request& stock = exchange.new_request();
  EXPECT_EQ(stock.method, "GET");
  EXPECT_EQ(stock.host, "shop:8080");
  EXPECT_EQ(stock.scheme, "https");
  EXPECT_EQ(stock.path, "/");
  EXPECT_EQ(stock.escaped_path, "/");
  EXPECT_TRUE(stock.headers.empty());
  exchange.new_response().status = 404;
  exchange.activate(kDefaultNamespace);
  EXPECT_EQ(exchange.request_of("stock"), &stock);
  EXPECT_EQ(exchange.response_of("stock")->status, 404);
  EXPECT_EQ(exchange.request_of(kDefaultNamespace), &client);
  EXPECT_EQ(exchange.response_of(kDefaultNamespace), nullptr);
  EXPECT_EQ(exchange.request_of("price"), nullptr);
  EXPECT_EQ(exchange.response_of("price"), nullptr);
  std::string seen;
  exchange.each_namespace([&](std::string_view name, const auto* request, const auto* response) {
    seen +=
        std::string(name) + (request != nullptr ? "+" : "-") + (response != nullptr ? "+ " : "- ");
  });
  EXPECT_EQ(seen, "DEFAULT+- stock++ ");
  EXPECT_EQ(&exchange.new_request(), &client);
  EXPECT_EQ(client.method, "GET");
  EXPECT_EQ(client.version, http::Version::http2) << "the client still speaks it";
  EXPECT_TRUE(client.headers.empty());
  exchange.clear();
  EXPECT_EQ(exchange.response_of("stock"), nullptr);
}

TEST(Exchange, DataHasABoundAndIsCharged) {
  loop::EventLoop loop;
  const loop::Core core{loop, 0, 1};
  constexpr std::size_t kConnectionBytes = 300'000;
  const auto holder = std::make_shared<MemoryHolder>(loop.memory(), kConnectionBytes);
  Exchange exchange(core);
  const Json of_pipeline{{"a", 1}};
  exchange.set_pipeline_data(&of_pipeline);
  EXPECT_EQ(exchange.data_of("PIPELINE"), &of_pipeline);
  EXPECT_EQ(exchange.data_of("own"), nullptr);
  ASSERT_TRUE(exchange.set_data("own", Json{{"b", 2}}));
  ASSERT_TRUE(exchange.set_data("own", Json{{"b", 3}}));
  EXPECT_EQ(*exchange.data_of("own"), (Json{{"b", 3}}));
  // No limit but its own.
  ASSERT_TRUE(exchange.set_data("large", std::string(900'000, 'x')));
  const auto over = exchange.set_data("more", std::string(200'000, 'x'));
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().kind, ErrorKind::too_large);
  ASSERT_TRUE(exchange.set_data("large", "small")) << "a value takes the place of the one before";
  ASSERT_TRUE(exchange.set_data("more", std::string(200'000, 'x')));
  exchange.clear();
  EXPECT_EQ(exchange.data_of("own"), nullptr);
  EXPECT_EQ(exchange.data_of("PIPELINE"), nullptr);
  exchange.memory = holder;
  ASSERT_TRUE(exchange.set_data("own", std::string(200'000, 'x')));
  EXPECT_GE(holder->held(), 200'000U);
  const auto refused = exchange.set_data("more", std::string(200'000, 'x'));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(exchange.data_of("more"), nullptr);
  exchange.clear();
  EXPECT_EQ(holder->held(), 0U);
}

}  // namespace
}  // namespace sluice::pipeline
