// SPDX-License-Identifier: Apache-2.0
#include "wasm/snapshot.h"

#include <gtest/gtest.h>

namespace sluice::wasm {
namespace {

TEST(Snapshot, HoldsWhatDiffers) {
  const std::string before(5 * 4096, 'a');
  std::string after = before;
  after[4096] = 'b';
  after[3 * 4096 - 1] = 'c';
  after[4 * 4096 + 7] = 'd';
  const auto pieces = differing_pieces(before, after);
  ASSERT_EQ(pieces.size(), 2);
  EXPECT_EQ(pieces[0].address, 4096);
  EXPECT_EQ(pieces[0].bytes, after.substr(4096, 2 * 4096));
  EXPECT_EQ(pieces[1].address, 4 * 4096);
  EXPECT_EQ(pieces[1].bytes, after.substr(4 * 4096));
}

TEST(Snapshot, GrownMemoryIsZeroUnlessItIsWritten) {
  const std::string before(4096, 'a');
  std::string after = before + std::string(3 * 4096, '\0');
  EXPECT_TRUE(differing_pieces(before, after).empty());
  after.back() = 'b';
  const auto pieces = differing_pieces(before, after);
  ASSERT_EQ(pieces.size(), 1);
  EXPECT_EQ(pieces[0].address, 3 * 4096);
}

}  // namespace
}  // namespace sluice::wasm
