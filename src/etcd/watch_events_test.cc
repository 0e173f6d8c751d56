// SPDX-License-Identifier: Apache-2.0
#include "etcd/watch_events.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::etcd {
namespace {

constexpr WatchBounds kWide{.part_bytes = 1 << 20, .revision_bytes_max = 1 << 20};

// A response with an event of each revision.
pb::WatchResponse response(std::initializer_list<int> revisions, bool fragment = false,
                           std::size_t bytes = 0) {
  pb::WatchResponse made;
  made.set_fragment(fragment);
  made.set_watch_id(5);
  for (const int revision : revisions) {
    made.mutable_header()->set_revision(revision);
    pb::Event& event = *made.add_events();
    event.mutable_kv()->set_mod_revision(revision);
    event.mutable_kv()->set_value(std::string(bytes, 'x'));
  }
  return made;
}

// The revisions of the events that can be taken now.
std::string take(WatchEvents& events) {
  if (!events.ready()) return "-";
  std::string text;
  const pb::WatchResponse part = events.take();
  EXPECT_FALSE(part.fragment());
  EXPECT_EQ(part.watch_id(), 5);
  for (const pb::Event& event : part.events()) {
    text += (text.empty() ? "" : " ") + std::to_string(event.kv().mod_revision());
  }
  return text;
}

TEST(WatchEvents, AWholeResponseIsDeliveredAtOnce) {
  WatchEvents events(0, kWide);
  events.add(response({3, 3, 4}));
  EXPECT_EQ(take(events), "3 3 4");
  EXPECT_EQ(take(events), "-");
  events.add(response({5}));
  EXPECT_EQ(take(events), "5");
}

TEST(WatchEvents, FragmentsAreJoined) {
  WatchEvents events(0, kWide);
  events.add(response({3, 3}, true));
  EXPECT_EQ(take(events), "-");
  events.add(response({3, 4}, true));
  EXPECT_EQ(take(events), "-");
  events.add(response({4}));
  EXPECT_EQ(take(events), "3 3 3 4 4");
}

TEST(WatchEvents, ALongAnswerIsDeliveredInWholeRevisions) {
  WatchEvents events(0, {.part_bytes = 250, .revision_bytes_max = 10'000});
  events.add(response({3, 3}, true, 100));
  EXPECT_EQ(take(events), "-");
  events.add(response({3, 4}, true, 100));
  EXPECT_EQ(take(events), "3 3 3");
  events.add(response({4, 4}, true, 100));
  EXPECT_EQ(take(events), "-") << "one revision, though long";
  events.add(response({4, 5, 6}, true, 100));
  EXPECT_EQ(take(events), "4 4 4 4 5");
  events.add(response({6}, false, 100));
  EXPECT_EQ(take(events), "6 6");
  EXPECT_FALSE(events.too_large());
}

TEST(WatchEvents, ARevisionHasABound) {
  WatchEvents events(0, {.part_bytes = 250, .revision_bytes_max = 500});
  events.add(response({3, 3, 3}, true, 100));
  EXPECT_FALSE(events.too_large());
  events.add(response({4, 4, 4}, true, 100));
  EXPECT_FALSE(events.too_large());
  events.add(response({4, 4}, true, 100));
  EXPECT_TRUE(events.too_large());
}

TEST(WatchEvents, WhatWasDeliveredIsNotDeliveredAgain) {
  WatchEvents events(3, kWide);
  events.add(response({1, 2}));
  EXPECT_EQ(take(events), "-") << "before the start";
  events.add(response({2, 3, 4}));
  EXPECT_EQ(take(events), "3 4");
  events.add(response({4}));
  EXPECT_EQ(take(events), "-");
  events.add(response({4, 5}));
  EXPECT_EQ(take(events), "5");
}

}  // namespace
}  // namespace sluice::etcd
