// SPDX-License-Identifier: Apache-2.0
// Any bytes: decoding must not crash, and what decodes must encode to the same bytes.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "store/etcd/seq.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto seq = sluice::store::Seq::decode(bytes);
  if (seq && seq->encode() != bytes) std::abort();
  if (seq) (void)seq->fate(seq->fence / 2, seq->group);
  const auto epoch = sluice::store::Epoch::parse(bytes);
  if (epoch && epoch->text() != bytes) std::abort();
  return 0;
}
