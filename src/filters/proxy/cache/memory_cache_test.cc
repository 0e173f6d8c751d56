// SPDX-License-Identifier: Apache-2.0
// Covers: flights.cc
#include "filters/proxy/cache/memory_cache.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/memory_budget.h"
#include "filters/proxy/cache/flights.h"
#include "loop/testing/run_to_completion.h"

namespace sluice::filters {
namespace {

// Two cores, whose loops run one after the other.
class MemoryCacheTest : public ::testing::Test {
 protected:
  MemoryCacheTest() {
    MemoryCacheSpec spec;
    spec.expiration = std::chrono::minutes(10);
    spec.max_entry_bytes = 1000;
    spec.max_bytes = 4000;
    spec.codes = {200};
    spec.methods = {"GET"};
    make(spec);
  }
  void make(const MemoryCacheSpec& spec) {
    cache_ = std::make_shared<MemoryCache>(spec, 2, stamps_);
    cache_->join(zero_);
    cache_->join(one_);
  }
  static http::Request request(const std::string& path) {
    http::Request request;
    request.method = "GET";
    request.scheme = "http";
    request.host = "shop";
    request.set_path(path);
    return request;
  }
  void store(const loop::Core& core, const std::string& path, const std::string& body,
             std::int64_t stamp = -1) {
    const http::Request asked = request(path);
    http::Response response;
    response.body.assign(body);
    auto stored = to_store(asked, plan_for(asked, cache_->spec()), response, cache_->spec(),
                           {Clock::now(), 0, {}});
    stored->stamp = stamp < 0 ? cache_->stamp(stored->key) : static_cast<std::uint32_t>(stamp);
    cache_->store(core, std::move(stored));
  }
  // Returns "" if the cache has no answer.
  std::string find(const loop::Core& core, const std::string& path) {
    const http::Request asked = request(path);
    const auto found =
        cache_->find(core, cache_key(asked), asked, plan_for(asked, cache_->spec()), Clock::now());
    return found.use == Use::answer ? *found.entry->body : "";
  }
  static void deliver(loop::EventLoop& loop) {
    loop::run_to_completion(loop, [](loop::EventLoop& l) -> Task<void> {
      for (int i = 0; i < 3; ++i) co_await l.yield();
    }(loop));
  }
  void deliver_all() {
    deliver(loop_zero_);
    deliver(loop_one_);
    deliver(loop_zero_);
  }

  MemoryBudget budget_{std::size_t{64} << 20, 2};
  loop::EventLoop loop_zero_;
  loop::EventLoop loop_one_;
  loop::Core zero_{loop_zero_, 0, 2};
  loop::Core one_{loop_one_, 1, 2};
  std::shared_ptr<InvalidationStamps> stamps_ = std::make_shared<InvalidationStamps>();
  std::shared_ptr<MemoryCache> cache_;
};

TEST_F(MemoryCacheTest, WhatOneCoreStoresAllHave) {
  store(zero_, "/a", "hello");
  EXPECT_EQ(find(zero_, "/a"), "hello");
  EXPECT_EQ(find(one_, "/a"), "");
  deliver_all();
  EXPECT_EQ(find(one_, "/a"), "hello");
  EXPECT_EQ(cache_->status()["entries"], 1);
  cache_->count(zero_, true);
  cache_->count(one_, true);
  cache_->count(one_, false);
  EXPECT_EQ(cache_->status()["hits"], 2);
  EXPECT_EQ(cache_->status()["misses"], 1);
}

TEST_F(MemoryCacheTest, WhatOneEvictsAllForget) {
  for (const char* path : {"/a", "/b", "/c", "/d", "/e"}) {
    store(zero_, path, std::string(500, 'x'));
    deliver_all();
  }
  int found = 0;
  for (const char* path : {"/a", "/b", "/c", "/d", "/e"}) {
    EXPECT_EQ(find(zero_, path), find(one_, path)) << path;
    found += find(one_, path).empty() ? 0 : 1;
  }
  EXPECT_EQ(found, 1) << "2,000 bytes for each core";
  EXPECT_LE(cache_->status()["bytes"], 2000);
}

TEST_F(MemoryCacheTest, InvalidationIsForAllAtOnce) {
  store(zero_, "/a", "hello");
  deliver_all();
  stamps_->invalidate(cache_key(request("/a")));
  EXPECT_EQ(find(zero_, "/a"), "");
  EXPECT_EQ(find(one_, "/a"), "");
  store(one_, "/a", "again");
  deliver_all();
  EXPECT_EQ(find(zero_, "/a"), "again");
}

TEST_F(MemoryCacheTest, WhatOneForgetsAllForget) {
  store(zero_, "/a", "hello");
  deliver_all();
  const http::Request asked = request("/a");
  const auto found =
      cache_->find(one_, cache_key(asked), asked, plan_for(asked, cache_->spec()), Clock::now());
  cache_->forget(one_, found.entry);
  EXPECT_EQ(find(one_, "/a"), "");
  deliver_all();
  EXPECT_EQ(find(zero_, "/a"), "");
  EXPECT_EQ(cache_->status()["entries"], 0);
  EXPECT_EQ(cache_->status()["bytes"], 0);
}

TEST_F(MemoryCacheTest, AnswerFromBeforeAnInvalidationIsNotKept) {
  const std::uint32_t before = cache_->stamp(cache_key(request("/a")));
  stamps_->invalidate(cache_key(request("/a")));
  store(zero_, "/a", "old", before);
  EXPECT_EQ(find(zero_, "/a"), "");
  store(zero_, "/a", "new");
  store(zero_, "/a", "old", before);
  EXPECT_EQ(find(zero_, "/a"), "new") << "nor does it take the place of a later one";
}

TEST_F(MemoryCacheTest, IsChargedAndGivesWayWhenMemoryIsTight) {
  const auto in_caches = [&] { return budget_.held(MemoryUse::caches); };
  loop_zero_.memory().join(budget_, 0);
  loop_one_.memory().join(budget_, 1);
  make(cache_->spec());
  store(zero_, "/a", "hello");
  deliver_all();
  EXPECT_GT(in_caches(), 0U);
  EXPECT_EQ(cache_->status()["bytes"], in_caches());
  const std::size_t before = in_caches();
  loop_zero_.memory().take(MemoryUse::request_bodies, std::size_t{63} << 20);
  store(zero_, "/b", "hello");
  EXPECT_EQ(find(zero_, "/b"), "");
  EXPECT_EQ(find(zero_, "/a"), "hello");
  EXPECT_EQ(in_caches(), before);
  loop_zero_.memory().give(MemoryUse::request_bodies, std::size_t{63} << 20);
  store(zero_, "/b", "hello");
  EXPECT_EQ(find(zero_, "/b"), "hello");
  cache_.reset();
  EXPECT_EQ(in_caches(), 0U);
}

TEST_F(MemoryCacheTest, NewsForACacheThatIsGone) {
  store(zero_, "/a", "hello");
  cache_.reset();
  deliver_all();
}

// --- Flights

Task<void> wait_and_note(Flights& flights, std::string& log, std::string name) {
  co_await flights.wait("k");
  log += name;
}

TEST(Flights, OthersWaitForTheFirst) {
  loop::EventLoop loop;
  Flights flights(loop);
  std::string log;
  EXPECT_FALSE(flights.worth_waiting("k"));
  auto lead = std::make_unique<Flights::Lead>(flights, "k");
  EXPECT_TRUE(flights.worth_waiting("k"));
  Task<void> one = wait_and_note(flights, log, "1");
  Task<void> gone = wait_and_note(flights, log, "x");
  Task<void> two = wait_and_note(flights, log, "2");
  one.start();
  gone.start();
  two.start();
  gone.reset();
  lead->keepable();
  lead.reset();
  EXPECT_EQ(log, "") << "they do not run inside the one that ends";
  loop::run_to_completion(loop, [](loop::EventLoop& l) -> Task<void> {
    for (int i = 0; i < 3; ++i) co_await l.yield();
  }(loop));
  EXPECT_EQ(log, "12");
  EXPECT_FALSE(flights.worth_waiting("k"));
}

TEST(Flights, NobodyWaitsAgainForWhatCannotBeKept) {
  loop::EventLoop loop;
  Flights flights(loop);
  { const Flights::Lead lead(flights, "k"); }
  const Flights::Lead lead(flights, "k");
  EXPECT_FALSE(flights.worth_waiting("k"));
  const Flights::Lead other(flights, "l");
  EXPECT_TRUE(flights.worth_waiting("l"));
}

}  // namespace
}  // namespace sluice::filters
