// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy_wasm/pairs.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::filters::proxy_wasm {
namespace {

using namespace std::string_literals;

TEST(ProxyWasmPairs, AreCountedSizedAndTerminated) {
  const Pairs pairs{{"a", "1"}, {"b", "22"}};
  const std::string bytes = encode_pairs(pairs);
  EXPECT_EQ(bytes, "\2\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\2\0\0\0a\0001\0b\00022\0"s);
  EXPECT_EQ(encoded_size(pairs), bytes.size());
  EXPECT_EQ(decode_pairs(bytes), pairs);
}

TEST(ProxyWasmPairs, NoBytesAndAZeroAreAnEmptyList) {
  EXPECT_EQ(decode_pairs(""), Pairs());
  EXPECT_EQ(decode_pairs("\0"s), Pairs());
  EXPECT_EQ(decode_pairs(encode_pairs({})), Pairs());
}

TEST(ProxyWasmPairs, EveryCutListIsRefused) {
  const std::string whole = encode_pairs({{"name", "value"}, {"", ""}});
  for (std::size_t size = 1; size < whole.size(); ++size)
    EXPECT_EQ(decode_pairs(whole.substr(0, size)), std::nullopt) << size;
}

TEST(ProxyWasmPairs, SizesBeyondTheBytesAreRefused) {
  EXPECT_EQ(decode_pairs("\xff\xff\xff\xff"s), std::nullopt);
  EXPECT_EQ(decode_pairs("\1\0\0\0\xff\xff\xff\xff\1\0\0\0a\0b\0"s), std::nullopt);
  EXPECT_EQ(decode_pairs("\1\0\0\0\1\0\0\0\1\0\0\0axb\0"s), std::nullopt) << "no 0 behind the name";
  EXPECT_EQ(decode_pairs(encode_pairs(Pairs(kPairsMax + 1))), std::nullopt);
  EXPECT_TRUE(decode_pairs(encode_pairs(Pairs(kPairsMax))));
}

}  // namespace
}  // namespace sluice::filters::proxy_wasm
