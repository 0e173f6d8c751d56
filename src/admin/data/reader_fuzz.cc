// SPDX-License-Identifier: Apache-2.0
// Any bytes: reading must not crash, and the split into pieces must not matter. The entries read
// must survive writing and reading again.
#include <cstdint>
#include <cstdlib>

#include "admin/data/export.h"
#include "admin/data/reader.h"
#include "admin/data/testing/test_entries.h"
#include "admin/data/writer.h"

namespace {

namespace admin = sluice::admin;

void check(bool holds) {
  if (!holds) std::abort();
}

template <class Reader>
sluice::Result<admin::Entries> read(std::string_view text) {
  const auto whole = admin::read_in_pieces<Reader>(text, text.size() + 1);
  const auto bytes = admin::read_in_pieces<Reader>(text, 1);
  check(whole.has_value() == bytes.has_value());
  if (whole) {
    check(*whole == *bytes);
  } else {
    check(!whole.error().message.empty() && whole.error().message == bytes.error().message);
  }
  return whole;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)read<admin::ExportReader>(text);
  const auto entries = read<admin::DataReader>(text);
  if (!entries) return 0;
  std::string written;
  admin::DataWriter writer(admin::DataFormat::yaml);
  for (const auto& [key, value] : *entries) writer.write(key, value, written);
  writer.close(written);
  const auto back = read<admin::DataReader>(written);
  check(back.has_value() && *back == *entries);
  return 0;
}
