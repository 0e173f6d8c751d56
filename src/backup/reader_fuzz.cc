// SPDX-License-Identifier: Apache-2.0
// Any bytes: reading must not crash, and the split into pieces must not matter.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "backup/reader.h"

namespace {

namespace backup = sluice::backup;

// The error, or the number of entries.
std::string outcome(std::string_view text, std::size_t piece) {
  backup::Receiver nobody;
  backup::Reader reader(nobody);
  while (!text.empty()) {
    const std::string copy(text.substr(0, piece));
    if (const auto fed = reader.feed(copy); !fed) return fed.error().message;
    text.remove_prefix(copy.size());
  }
  const auto done = reader.finish();
  return done ? std::to_string(reader.totals().entries) : done.error().message;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (outcome(text, size + 1) != outcome(text, 1)) std::abort();
  return 0;
}
