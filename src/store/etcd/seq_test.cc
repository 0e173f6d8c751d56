// SPDX-License-Identifier: Apache-2.0
// Covers: checksum.cc, cluster_record.cc
#include "store/etcd/seq.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/etcd/checksum.h"
#include "store/etcd/cluster_record.h"

namespace sluice::store {
namespace {

using testing::HasSubstr;

RandomId id_of(std::uint8_t number) {
  RandomId id;
  id.bytes.fill(number);
  return id;
}

Seq full() {
  Seq seq;
  seq.version = 0x0102030405060708;
  seq.fence = 42;
  seq.group = id_of(7);
  seq.epoch = {41, 3};
  seq.checksum = 0xfffffffffffffffe;
  seq.writes = 3600;
  seq.sealed = true;
  seq.limit = KeyLimit{"id/", 10'000, 99};
  seq.earlier = {{12, id_of(1)}, {30, id_of(2)}};
  seq.exchanges = {{id_of(3), 1}, {id_of(4), ~std::uint64_t{0}}};
  return seq;
}

TEST(Seq, KeepsEverything) {
  Seq opening;
  opening.opening = true;
  for (const Seq& seq : {Seq(), full(), opening}) {
    const auto decoded = Seq::decode(seq.encode());
    ASSERT_TRUE(decoded) << decoded.error().message;
    EXPECT_EQ(*decoded, seq);
  }
}

TEST(Seq, IsWholeOrNothing) {
  const std::string bytes = full().encode();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(Seq::decode(bytes.substr(0, size))) << size;
  }
  EXPECT_FALSE(Seq::decode(bytes + '\0'));
  std::string flags = bytes;
  flags[1] = static_cast<char>(flags[1] | 0x40);
  EXPECT_FALSE(Seq::decode(flags)) << "a flag of a later version";
  std::string format = bytes;
  format[0] = 2;
  EXPECT_NE(Seq::decode(format).error().message.find("format 2"), std::string::npos);
}

TEST(Seq, RefusesLongLists) {
  Seq seq;
  std::string bytes = seq.encode();
  bytes[bytes.size() - 5] = 1;  // 2^24 exchanges
  EXPECT_FALSE(Seq::decode(bytes));
}

TEST(Seq, TheNextGroupHasItsOwnId) {
  const Seq before = full();
  const Seq same = before.next(42);
  EXPECT_NE(same.group, before.group);
  EXPECT_EQ(same.version, before.version);
  EXPECT_EQ(same.earlier, before.earlier);
  EXPECT_TRUE(same.exchanges.empty());
  EXPECT_EQ(same.writes, 0U);
  EXPECT_EQ(same.limit, before.limit);
  const Seq other = before.next(50);
  EXPECT_EQ(other.fence, 50U);
  EXPECT_EQ(other.earlier.back(), (LastGroup{42, before.group}));
  EXPECT_EQ(other.earlier.size(), 3U);
  EXPECT_TRUE(Seq().next(5).earlier.empty()) << "no owner has written before";
}

TEST(Seq, TellsTheFateOfTheLastGroupOfAnOwner) {
  using enum Seq::GroupFate;
  Seq seq;
  EXPECT_EQ(seq.fate(10, id_of(1)), not_committed);
  seq = seq.next(10);
  const RandomId of_10 = seq.group;
  EXPECT_EQ(seq.fate(10, of_10), committed);
  EXPECT_EQ(seq.fate(10, id_of(1)), not_committed);
  EXPECT_EQ(seq.fate(12, id_of(1)), not_committed) << "nobody has written since";
  for (Fence fence = 20; fence <= 90; fence += 10) {
    seq = seq.next(fence).next(fence);
    EXPECT_EQ(seq.fate(10, of_10), committed) << fence;
    EXPECT_EQ(seq.fate(10, id_of(1)), not_committed) << fence;
    EXPECT_EQ(seq.fate(15, id_of(1)), not_committed) << "that owner has written nothing";
  }
  EXPECT_EQ(seq.earlier.size(), Seq::kEarlierMax);
  seq = seq.next(100);
  EXPECT_EQ(seq.earlier.size(), Seq::kEarlierMax);
  EXPECT_EQ(seq.fate(10, of_10), forgotten);
  EXPECT_EQ(seq.fate(15, id_of(1)), forgotten);
  EXPECT_EQ(seq.fate(25, id_of(1)), not_committed);
  EXPECT_TRUE(Seq::decode(seq.encode()));
}

TEST(Epoch, HasOneSpelling) {
  EXPECT_EQ((Epoch{17, 4}.text()), "17.4");
  EXPECT_EQ(Epoch::parse("17.4"), (Epoch{17, 4}));
  for (const char* text : {"", ".", "1.", ".1", "1", "01.1", "1.1.1", "1.1/", "-1.1", "1.x"}) {
    EXPECT_EQ(Epoch::parse(text), std::nullopt) << text;
  }
}

TEST(RandomId, IsNeverTheSame) {
  EXPECT_NE(RandomId::make(), RandomId::make());
  const RandomId id = RandomId::make();
  EXPECT_EQ(RandomId::parse(id.text()), id);
  EXPECT_EQ(RandomId::parse(id.text().substr(1)), std::nullopt);
}

TEST(Contents, TheChecksumIsThatOfTheEntries) {
  const Hash hash({1, 2});
  Contents step_by_step(hash);
  Contents at_once(hash);
  EXPECT_EQ(step_by_step.checksum(), 0U);
  step_by_step.apply(step_by_step.put("a", "1"));
  step_by_step.apply(step_by_step.put("b", "1"));
  const std::vector changes{step_by_step.put("a", "2"), step_by_step.erase("b"),
                            step_by_step.erase("absent"), step_by_step.put("c", "")};
  const std::uint64_t expected = step_by_step.checksum_after(changes);
  step_by_step.apply(changes);
  at_once.apply({at_once.put("c", ""), at_once.put("a", "2")});
  EXPECT_EQ(step_by_step.checksum(), expected);
  EXPECT_EQ(at_once.checksum(), expected);
  EXPECT_EQ(at_once.size(), 2U);
  at_once.apply({at_once.put("c", "a"), at_once.put("a", "c")});
  EXPECT_NE(at_once.checksum(), expected);
  step_by_step.apply({step_by_step.erase("c"), step_by_step.erase("a")});
  EXPECT_EQ(step_by_step.checksum(), 0U);
  EXPECT_NE(Contents(Hash({1, 3})).put("a", "1").entry, Contents(hash).put("a", "1").entry);
}

TEST(ClusterRecord, KeepsEverything) {
  ClusterRecord record;
  record.name = "prod";
  record.secret = {0xfedcba9876543210, 1};
  record.permit = std::chrono::milliseconds(500);
  const auto decoded = ClusterRecord::decode(record.encode());
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(decoded->name, "prod");
  EXPECT_EQ(decoded->secret, record.secret);
  EXPECT_EQ(decoded->permit, record.permit);
}

TEST(ClusterRecord, RefusesWhatItDoesNotKnow) {
  const auto newer = ClusterRecord::decode(R"({"format":2,"name":"x"})");
  EXPECT_EQ(newer.error().kind, ErrorKind::conflict);
  EXPECT_THAT(newer.error().message, HasSubstr("by a newer version of Sluice (format 2, known"));
  EXPECT_THAT(ClusterRecord::decode(R"({"format":0,"name":"x"})").error().message,
              HasSubstr("it has format 0, known here: 1"));
  for (const char* text :
       {"", "7", "{", R"({"format":1,"name":"x","secret":"12"})", R"({"format":1,"name":7})"}) {
    EXPECT_FALSE(ClusterRecord::decode(text)) << text;
  }
}

TEST(MemberRecord, KeepsEverything) {
  MemberRecord record{.name = "one",
                      .incarnation = id_of(9),
                      .address = "10.0.0.1:2381",
                      .version = "1.2",
                      .zone = "a"};
  const auto decoded = MemberRecord::decode(record.encode());
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->name, record.name);
  EXPECT_EQ(decoded->incarnation, record.incarnation);
  EXPECT_EQ(decoded->address, record.address);
  EXPECT_EQ(decoded->version, record.version);
  EXPECT_EQ(decoded->zone, record.zone);
  for (const char* text : {"", "[]", R"({"incarnation":"00"})", R"({"incarnation":7})"}) {
    EXPECT_FALSE(MemberRecord::decode(text)) << text;
  }
}

}  // namespace
}  // namespace sluice::store
