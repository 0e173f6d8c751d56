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

TEST(Htpasswd, LinesThatAreLeftOutAreNamedByNumber) {
  std::vector<std::string> faults;
  const std::string hash = kHashes[0];
  const auto table = HtpasswdTable::parse(
      "secretuser\nann:plaintext\nbob:rqXexS6ZhobKA\n:" + hash + "\neve:$2y$31$" +
          std::string(53, 'a') + "\ndan:$6$rounds=999999999$salt$x\nkim:" + hash + "\nkim:" + hash,
      faults);
  EXPECT_THAT(faults, ElementsAre("line 1 is no user:hash", HasSubstr("line 2 is no known hash"),
                                  HasSubstr("line 3 is no known hash"), "line 4 has no user",
                                  "line 5 is a bcrypt hash of a cost above 14",
                                  "line 6 is a hash of more than 1,000,000 rounds",
                                  "line 8 names a user again"));
  for (const std::string& fault : faults) EXPECT_THAT(fault, Not(HasSubstr("plaintext")));
  EXPECT_EQ(table.size(), 1U);
}

TEST(Htpasswd, PasswordsThatTheLibraryWouldCut) {
  const auto table = parse("ann:" + std::string(kHashes[0]));
  EXPECT_FALSE(table.verify("ann", std::string("open:sesame\0x", 13)));
  EXPECT_FALSE(table.verify("ann", std::string(kPasswordBytesMax + 1, 'x')));
}

}  // namespace
}  // namespace sluice::filters
