// SPDX-License-Identifier: Apache-2.0
// Covers: password_hash.cc
#include "filters/validator/htpasswd.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "filters/validator/password_hash.h"

namespace sluice::filters {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

HtpasswdTable parse(std::string_view text) {
  std::vector<std::string> faults;
  auto table = HtpasswdTable::parse(text, faults);
  EXPECT_THAT(faults, ElementsAre());
  return table;
}

// Made with `openssl passwd` (-apr1, -1, -5, -6) and `htpasswd -B`, for the password "open:sesame".
constexpr const char* kLongest =
    "$6$a1b2c3d4$roAw/"
    "BnctN7NGIZMkdVjebYkvBhIgMfad4VXzJyl5P1XonrpGGjI5pz8DR.7D10RHYflJCrIk8xN3wMLU.Iph.";
constexpr const char* kHashes[] = {"$2y$05$abcdefghijklmnopqrstuubMHTpw5uKdtLGvKw5uzYhbpqtktcY3.",
                                   "$2b$05$abcdefghijklmnopqrstuubMHTpw5uKdtLGvKw5uzYhbpqtktcY3.",
                                   "$apr1$a1b2c3d4$Y7W0.4E5bIOE9NSG3fDXG/",
                                   "$1$a1b2c3d4$.T00wf/RNbwn5tMxQUneV/",
                                   "$5$a1b2c3d4$umBPUEA3YjOWozjEi3hXIjfau.1htmSB72uRHWz9zr/",
                                   kLongest,
                                   "{SHA}k5A+xr53n4Lxr/w+OtkhllTIZrk="};
constexpr const char* kLong = "$apr1$xyz$06U05qmxRRBjly6vmAZHv.";

TEST(Htpasswd, EveryKindOfHash) {
  for (const char* hash : kHashes) {
    const auto table = parse("ann:" + std::string(hash) + "\n");
    EXPECT_TRUE(table.verify("ann", "open:sesame")) << hash;
    EXPECT_FALSE(table.verify("ann", "open")) << hash;
    EXPECT_FALSE(table.verify("ann", "open:sesamf")) << hash;
    EXPECT_FALSE(table.verify("ann", "")) << hash;
    EXPECT_FALSE(table.verify("bob", "open:sesame")) << hash;
  }
}

TEST(Htpasswd, LongPasswordsOfApr1) {
  const auto table = parse("ann:" + std::string(kLong));
  EXPECT_TRUE(
      table.verify("ann", "a password that is longer than sixteen and than thirty-two bytes"));
  EXPECT_FALSE(table.verify("ann", "a password that is longer than sixteen"));
}

TEST(Htpasswd, FormOfTheFile) {
  const std::string hash = kHashes[0];
  const auto table = parse("# users\n\n  ann:" + hash + "\r\nbob:" + hash + ":comment\n");
  EXPECT_EQ(table.size(), 2U);
  EXPECT_TRUE(table.verify("ann", "open:sesame"));
  EXPECT_TRUE(table.verify("bob", "open:sesame"));
  EXPECT_EQ(parse("").size(), 0U);
  EXPECT_FALSE(parse("").verify("ann", "open:sesame"));
}

TEST(Htpasswd, LinesThatAreLeftOutAreNamed) {
  std::vector<std::string> faults;
  const std::string hash = kHashes[0];
  const auto table = HtpasswdTable::parse(
      "secretuser\nann:plaintext\nbob:rqXexS6ZhobKA\n:" + hash + "\neve:$2y$31$" +
          std::string(53, 'a') + "\ndan:$6$rounds=999999999$salt$x\nkim:" + hash + "\nkim:" + hash,
      faults);
  EXPECT_THAT(faults,
              ElementsAre("line 1 is no user:hash", HasSubstr("line 2, user ann, is no known hash"),
                          HasSubstr("line 3, user bob, is no known hash"), "line 4 has no user",
                          "line 5, user eve, is a bcrypt hash of a cost above 14",
                          "line 6, user dan, is a hash of more than 1,000,000 rounds",
                          "line 8, user kim, names a user again"));
  for (const std::string& fault : faults) EXPECT_THAT(fault, Not(HasSubstr("plaintext")));
  EXPECT_EQ(table.size(), 1U);
}

TEST(Htpasswd, NamesOfLinesCannotSpoilALog) {
  std::vector<std::string> faults;
  (void)HtpasswdTable::parse("a\x1b[2Jb:plaintext\n" + std::string(100, 'u') + ":plaintext",
                             faults);
  EXPECT_THAT(faults, ElementsAre(HasSubstr("line 1, user a\\x1b[2Jb, is no known hash"),
                                  HasSubstr("user " + std::string(64, 'u') + "…, is")));
}

TEST(Htpasswd, BoundsOfTheWork) {
  const std::string tail(53, 'a');
  EXPECT_EQ(fault_of_hash("$2y$04$" + tail), "");
  EXPECT_EQ(fault_of_hash("$2y$" + std::to_string(kBcryptCostMax) + "$" + tail), "");
  EXPECT_NE(fault_of_hash("$2y$" + std::to_string(kBcryptCostMax + 1) + "$" + tail), "");
  EXPECT_NE(fault_of_hash("$2y$03$" + tail), "");
  EXPECT_NE(fault_of_hash("$2y$05$" + std::string(53, '!')), "")
      << "the library refuses it at once";
  EXPECT_NE(fault_of_hash("$2y$05a" + tail), "");
  for (const std::string kind : {"$5$", "$6$"}) {
    const auto with = [&kind](std::uint32_t rounds) {
      return kind + "rounds=" + std::to_string(rounds) + "$salt$x";
    };
    EXPECT_EQ(fault_of_hash(with(kShaRoundsMax)), "");
    EXPECT_NE(fault_of_hash(with(kShaRoundsMax + 1)), "");
  }
}

// The sum of the work of these hashes.
std::uint64_t work_of(const std::vector<std::string>& hashes) {
  std::uint64_t sum = 0;
  for (const std::string& hash : hashes) sum += work_of_hash(hash);
  return sum;
}

TEST(Htpasswd, AWrongPasswordIsTheSameWorkForEveryUser) {
  const std::string tail(53, 'a');
  const auto bcrypt = [&tail](const std::string& cost) { return "$2y$" + cost + "$" + tail; };
  const std::string greatest = bcrypt("12");
  EXPECT_EQ(filling_hashes("", greatest), std::vector{greatest});
  EXPECT_EQ(filling_hashes(greatest, greatest), std::vector<std::string>());
  EXPECT_EQ(filling_hashes("", ""), std::vector<std::string>()) << "there is nobody to find";
  for (const char* cost : {"04", "09", "10", "11"}) {
    const auto filling = filling_hashes(bcrypt(cost), greatest);
    EXPECT_EQ(work_of_hash(bcrypt(cost)) + work_of(filling), work_of_hash(greatest)) << cost;
    for (const std::string& each : filling) EXPECT_EQ(fault_of_hash(each), "") << each;
  }
  for (const std::string kind : {"$5$", "$6$"}) {
    const auto filling = filling_hashes(kind + "salt$x", kind + "rounds=20000$salt$x");
    EXPECT_EQ(filling, std::vector{kind + "rounds=15000$salt$x"});
    EXPECT_EQ(filling_hashes(kind + "rounds=7000$s$x", kind + "rounds=7001$salt$x"),
              std::vector{kind + "rounds=1000$salt$x"})
        << "the library makes no fewer";
  }
  // Nothing lies between two kinds.
  EXPECT_EQ(filling_hashes(kHashes[6], greatest), std::vector{greatest});
  EXPECT_EQ(filling_hashes("$5$salt$x", "$6$rounds=20000$salt$x").size(), 1U);
}

TEST(Htpasswd, TheCostliestHashOfAFileIsTheMeasure) {
  const std::string cheap = kHashes[6];
  const std::string costly = kHashes[0];
  EXPECT_GT(work_of_hash(costly), work_of_hash(cheap));
  for (const std::string& text :
       {"ann:" + cheap + "\nbob:" + costly, "bob:" + costly + "\nann:" + cheap}) {
    const auto table = parse(text);
    EXPECT_EQ(table.greatest(), costly) << text;
    for (const char* user : {"ann", "bob"}) EXPECT_TRUE(table.verify(user, "open:sesame"));
    for (const char* user : {"ann", "bob", "eve"}) EXPECT_FALSE(table.verify(user, "wrong"));
  }
  EXPECT_EQ(parse("").greatest(), "");
}

TEST(Htpasswd, PasswordsThatTheLibraryWouldCut) {
  const auto table = parse("ann:" + std::string(kHashes[0]));
  EXPECT_FALSE(table.verify("ann", std::string("open:sesame\0x", 13)));
  EXPECT_FALSE(table.verify("ann", std::string(kPasswordBytesMax + 1, 'x')));
}

}  // namespace
}  // namespace sluice::filters
