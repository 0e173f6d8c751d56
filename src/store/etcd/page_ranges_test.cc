// SPDX-License-Identifier: Apache-2.0
#include "store/etcd/page_ranges.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace sluice::store {
namespace {

constexpr std::int64_t kPage = 100;

struct Pass {
  std::vector<std::string> keys;
  std::int64_t requests = 0;
  std::int64_t collected = 0;  // the keys of all ranges that were asked for
};

pb::RangeResponse answer(const std::set<std::string>& all, const pb::RangeRequest& request) {
  pb::RangeResponse response;
  auto key = all.lower_bound(request.key());
  const auto end = all.lower_bound(request.range_end());
  response.set_count(request.key() < request.range_end() ? std::distance(key, end) : 0);
  for (; key != end && response.kvs_size() < request.limit(); ++key) {
    response.add_kvs()->set_key(*key);
  }
  response.set_more(key != end);
  return response;
}

Pass pass(const std::set<std::string>& all, const std::string& from = "e/",
          const std::string& to = "e0") {
  Pass pass;
  PageRanges ranges(from, to, kPage);
  while (!ranges.is_done()) {
    pb::RangeRequest request;
    ranges.fill(request);
    EXPECT_LT(request.key(), request.range_end());
    const auto response = answer(all, request);
    for (const auto& kv : response.kvs()) pass.keys.push_back(kv.key());
    ++pass.requests;
    pass.collected += response.count();
    ranges.note(response);
    if (pass.requests > 100'000) {
      ADD_FAILURE() << "it does not end";
      break;
    }
  }
  return pass;
}

void expect_all(const Pass& pass, const std::set<std::string>& all) {
  EXPECT_TRUE(std::ranges::equal(pass.keys, all)) << pass.keys.size() << " of " << all.size();
}

// What etcd does for a pass is a small multiple of the keys, besides the first pages.
void expect_cheap(const Pass& pass, const std::set<std::string>& all) {
  const auto keys = static_cast<std::int64_t>(all.size());
  EXPECT_LT(pass.collected, 20 * keys);
  EXPECT_LT(pass.requests, 10 * (keys / kPage + 3));
}

std::string decimal(int number, const char* prefix = "e/k/id/user") {
  std::string digits = std::to_string(number);
  return prefix + std::string(7 - digits.size(), '0') + digits;
}

std::string random_bytes(std::mt19937& random, std::size_t length) {
  std::string bytes(length, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random() & 0xff);
  return bytes;
}

TEST(PageRanges, NoKeysTakeOneRequest) {
  EXPECT_EQ(pass({}).requests, 1);
  EXPECT_EQ(pass({}).keys.size(), 0U);
}

TEST(PageRanges, AnEmptyRangeTakesNoRequest) { EXPECT_EQ(pass({"e/a"}, "e/b", "e/b").requests, 0); }

TEST(PageRanges, FewKeysAreNotCut) {
  std::set<std::string> all;
  for (int i = 0; i < 4 * kPage; ++i) all.insert(decimal(i));
  const Pass its = pass(all);
  expect_all(its, all);
  EXPECT_LE(its.requests, 5);
}

TEST(PageRanges, ConsecutiveNumbersAreCheap) {
  std::set<std::string> all;
  for (int i = 0; i < 50'000; ++i) all.insert(decimal(i));
  const Pass its = pass(all);
  expect_all(its, all);
  expect_cheap(its, all);
}

TEST(PageRanges, RandomBytesAreCheap) {
  std::mt19937 random(1);
  std::set<std::string> all;
  while (all.size() < 50'000) all.insert("e/" + random_bytes(random, 16));
  const Pass its = pass(all);
  expect_all(its, all);
  expect_cheap(its, all);
}

TEST(PageRanges, RandomHexBehindALongPrefixIsCheap) {
  std::mt19937 random(2);
  std::set<std::string> all;
  while (all.size() < 50'000) {
    std::string key = "e/" + std::string(200, 'p');
    for (int i = 0; i < 32; ++i) key += "0123456789abcdef"[random() & 15];
    all.insert(std::move(key));
  }
  const Pass its = pass(all);
  expect_all(its, all);
  expect_cheap(its, all);
}

TEST(PageRanges, AHugeGapIsCheap) {
  std::set<std::string> all;
  for (int i = 0; i < 20'000; ++i) {
    all.insert(decimal(i, "e/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
    all.insert(decimal(i, "e/zz"));
  }
  const Pass its = pass(all);
  expect_all(its, all);
  expect_cheap(its, all);
}

TEST(PageRanges, DensityThatFallsAndRisesIsCheap) {
  std::set<std::string> falls;
  std::set<std::string> rises;
  std::uint64_t place = 0;
  std::uint64_t step = 1;
  for (int i = 0; i < 20'000; ++i) {
    std::string down;
    std::string up;
    for (int byte = 7; byte >= 0; --byte) {
      down += static_cast<char>(place >> (8 * byte) & 0xff);
      up += static_cast<char>((~place) >> (8 * byte) & 0xff);
    }
    falls.insert("e/" + down);
    rises.insert("e/" + up);
    place += step;
    if (i % 500 == 0) step *= 2;
  }
  for (const auto& all : {falls, rises}) {
    const Pass its = pass(all);
    expect_all(its, all);
    expect_cheap(its, all);
  }
}

TEST(PageRanges, KeysThatBeginWithOneAnotherAreAllSeen) {
  std::set<std::string> all;
  for (std::size_t i = 0; i < 2000; ++i) {
    all.insert("e/" + std::string(i, 'a'));
    all.insert("e/" + std::string(i, '\0'));
    all.insert("e/" + std::string(i, '\xff'));
  }
  expect_all(pass(all), all);
}

TEST(PageRanges, MixedKeysAreAllSeen) {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    std::set<std::string> all;
    const std::size_t keys = random() % 3000;
    std::string stem;
    for (std::size_t i = 0; i < keys; ++i) {
      if (random() % 50 == 0) stem = random_bytes(random, random() % 30);
      all.insert("e/" + stem + random_bytes(random, random() % 3));
    }
    expect_all(pass(all), all);
  }
}

// As a caller that takes only a part of some pages, and does not want all keys.
TEST(PageRanges, ThePositionMovesBackAndForth) {
  std::mt19937 random(4);
  std::set<std::string> all;
  for (int i = 0; i < 20'000; ++i) all.insert(decimal(i));
  const std::string unwanted = "e/k/id/user00150";
  PageRanges ranges("e/", "e0", kPage);
  std::vector<std::string> keys;
  std::int64_t collected = 0;
  while (!ranges.is_done() && keys.size() <= all.size()) {
    pb::RangeRequest request;
    ranges.fill(request);
    const auto page = answer(all, request);
    collected += page.count();
    ranges.note(page);
    for (int i = 0; i < page.kvs_size(); ++i) {
      const std::string& key = page.kvs(i).key();
      if (key.starts_with(unwanted)) {
        ranges.go_on_at("e/k/id/user00151");
        break;
      }
      if (i > 0 && random() % 300 == 0) {
        ranges.go_on_at(key);
        break;
      }
      keys.push_back(key);
    }
    EXPECT_TRUE(ranges.is_done() || keys.empty() || ranges.position() > keys.back());
  }
  std::erase_if(all, [&](const std::string& key) { return key.starts_with(unwanted); });
  EXPECT_TRUE(std::ranges::equal(keys, all)) << keys.size() << " of " << all.size();
  EXPECT_LT(collected, 20 * static_cast<std::int64_t>(all.size()));
}

TEST(PageRanges, TheFirstKeyOfEachFolderIsCheap) {
  std::set<std::string> all;
  for (int folder = 0; folder < 200; ++folder) {
    const std::string name = "e/sale-" + std::to_string(1000 + folder) + "/";
    all.insert(name + "owner");
    for (int i = 0; i < (folder == 150 ? 50'000 : 20); ++i) all.insert(name + decimal(i, "k"));
  }
  PageRanges ranges("e/", "e0", 1);
  int folders = 0;
  std::int64_t collected = 0;
  while (!ranges.is_done() && folders < 1000) {
    pb::RangeRequest request;
    ranges.fill(request);
    const auto page = answer(all, request);
    collected += page.count();
    ranges.note(page);
    if (page.kvs_size() == 0) continue;
    ++folders;
    ranges.go_on_at(page.kvs(0).key().substr(0, 11) + "0");
  }
  EXPECT_EQ(folders, 200);
  EXPECT_LT(collected, 20 * static_cast<std::int64_t>(all.size()));
}

// A count that is missing or wrong costs time only.
TEST(PageRanges, TheCountIsOnlyAGuess) {
  std::set<std::string> all;
  for (int i = 0; i < 5000; ++i) all.insert(decimal(i * 7));
  for (const std::int64_t count : {std::int64_t{0}, std::int64_t{1} << 62}) {
    PageRanges ranges("e/", "e0", kPage);
    std::vector<std::string> keys;
    while (!ranges.is_done() && keys.size() <= all.size()) {
      pb::RangeRequest request;
      ranges.fill(request);
      auto response = answer(all, request);
      response.set_count(count);
      for (const auto& kv : response.kvs()) keys.push_back(kv.key());
      ranges.note(response);
    }
    EXPECT_TRUE(std::ranges::equal(keys, all)) << count;
  }
}

// With what an earlier read has learnt, the first range has few keys; also behind another stem, and
// with a key far before all others.
TEST(PageRanges, AReadThatRemembersBeginsNarrow) {
  std::set<std::string> all{"e/counter"};
  for (int i = 0; i < 50'000; ++i) all.insert(decimal(i, "e/id/user"));
  PageMemory memory;
  PageRanges before("e/", "e0", kPage);
  pb::RangeRequest request;
  for (int page = 0; page < 5; ++page) {
    before.fill(request);
    before.note(answer(all, request));
  }
  before.teach(memory, 2);
  std::set<std::string> others;
  for (const std::string& key : all) others.insert("other/" + key.substr(2));
  PageRanges ranges("other/", "other0", kPage);
  ranges.begin_with(memory, 6);
  std::vector<std::string> keys;
  std::int64_t collected = 0;
  while (!ranges.is_done() && keys.size() <= others.size()) {
    ranges.fill(request);
    const auto page = answer(others, request);
    EXPECT_TRUE(!keys.empty() || page.count() < 5 * kPage) << page.count();
    collected += page.count();
    for (const auto& kv : page.kvs()) keys.push_back(kv.key());
    ranges.note(page);
  }
  EXPECT_TRUE(std::ranges::equal(keys, others)) << keys.size() << " of " << others.size();
  EXPECT_LT(collected, 20 * static_cast<std::int64_t>(all.size()));
}

// What was learnt may be wrong by now.
TEST(PageRanges, AWrongMemoryCostsTimeOnly) {
  std::mt19937 random(5);
  std::set<std::string> all;
  for (int i = 0; i < 5000; ++i) all.insert(decimal(i * 7));
  for (int round = 0; round < 200; ++round) {
    PageMemory memory{.first = random_bytes(random, random() % 12),
                      .last = random_bytes(random, random() % 12),
                      .keys = static_cast<std::int64_t>(random() % 100),
                      .page_keys_max = static_cast<std::int64_t>(random() % 200)};
    PageRanges ranges("e/", "e0", kPage);
    ranges.begin_with(memory, 2);
    std::vector<std::string> keys;
    while (!ranges.is_done() && keys.size() <= all.size()) {
      pb::RangeRequest request;
      ranges.fill(request);
      const auto response = answer(all, request);
      for (const auto& kv : response.kvs()) keys.push_back(kv.key());
      ranges.note(response);
    }
    EXPECT_TRUE(std::ranges::equal(keys, all)) << round;
  }
}

// Reads all, while ranges of more than `most` keys do not come, but for the first. Returns how many
// did not.
int late_pages(const std::set<std::string>& all, std::int64_t most, PageMemory& memory) {
  PageRanges ranges("e/", "e0", kPage);
  ranges.begin_with(memory, 2);
  std::vector<std::string> keys;
  int late = 0;
  while (!ranges.is_done() && keys.size() <= all.size()) {
    pb::RangeRequest request;
    ranges.fill(request);
    const auto page = answer(all, request);
    if (page.count() > most && !keys.empty()) {
      ranges.narrow();
      if (++late < 5000) continue;
      ADD_FAILURE() << "it does not become narrow enough";
      break;
    }
    for (const auto& kv : page.kvs()) keys.push_back(kv.key());
    ranges.note(page);
  }
  EXPECT_TRUE(std::ranges::equal(keys, all)) << keys.size() << " of " << all.size();
  ranges.teach(memory, 2);
  return late;
}

TEST(PageRanges, PagesThatDoNotComeBecomeNarrower) {
  std::mt19937 random(6);
  std::set<std::string> all;
  while (all.size() < 20'000) all.insert("e/" + random_bytes(random, 16));
  PageMemory memory;
  EXPECT_EQ(late_pages(all, 1000, memory), 0);
  EXPECT_EQ(memory.page_keys_max, 0);
  const int late = late_pages(all, 60, memory);
  EXPECT_GT(late, 0);
  EXPECT_LT(late, 100);
  EXPECT_GT(memory.page_keys_max, 0) << "the next read begins with what has worked";
  EXPECT_LT(memory.page_keys_max, kPage);
}

// Numbers are far apart at each carry.
TEST(PageRanges, PagesOfNumbersBecomeNarrower) {
  std::set<std::string> all;
  for (int i = 0; i < 20'000; ++i) all.insert(decimal(i));
  PageMemory memory;
  for (const std::int64_t most : {150, 20}) EXPECT_LT(late_pages(all, most, memory), 5000);
}

TEST(PageRanges, EmptyRangesAreFew) {
  std::set<std::string> all;
  for (int i = 0; i < 500; ++i) all.insert(decimal(i, "e/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
  all.insert("e/z");
  const Pass its = pass(all);
  expect_all(its, all);
  EXPECT_LE(its.requests, 8 + 2 * PageRanges::kEmptyMax);
}

}  // namespace
}  // namespace sluice::store
