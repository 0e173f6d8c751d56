// SPDX-License-Identifier: Apache-2.0
#include "sluice-server/own_secret.h"

#include <algorithm>
#include <optional>

#include "base/file.h"
#include "base/password.h"
#include "base/text.h"

namespace sluice::server_program {
namespace {

constexpr std::size_t kBytes = 32;

std::optional<std::string> read_secret(const std::filesystem::path& file) {
  constexpr std::size_t kFileBytesMax = 1024;
  auto text = read_file(file.string(), kFileBytesMax);
  if (!text) return std::nullopt;
  text->resize(std::min(text->find('\n'), text->size()));
  const auto bytes = hex_decode(*text);
  return bytes && bytes->size() == kBytes ? std::optional(*std::move(text)) : std::nullopt;
}

}  // namespace

Result<std::string> own_secret(const std::filesystem::path& file) {
  if (auto known = read_secret(file)) return std::move(*known);
  SLUICE_TRY(const std::string bytes, random_bytes(kBytes));
  const std::string text = hex_encode(bytes);
  SLUICE_CHECK(replace_file(file.string(), text + "\n"));
  return text;
}

}  // namespace sluice::server_program
