// SPDX-License-Identifier: Apache-2.0
#include "sluice-server/own_secret.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <system_error>

#include "base/encoding.h"
#include "base/password.h"
#include "base/read_file.h"

namespace sluice::server_program {
namespace {

constexpr std::size_t kBytes = 32;
constexpr mode_t kOwnerOnly = 0600;

std::optional<std::string> read_secret(const std::filesystem::path& file) {
  constexpr std::size_t kFileBytesMax = 1024;
  auto text = read_file(file.string(), kFileBytesMax);
  if (!text) return std::nullopt;
  text->resize(std::min(text->find('\n'), text->size()));
  const auto bytes = hex_decode(*text);
  return bytes && bytes->size() == kBytes ? std::optional(*std::move(text)) : std::nullopt;
}

bool write_whole(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(descriptor, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return ::fsync(descriptor) == 0;
}

std::unexpected<Error> cannot_write(const std::filesystem::path& file) {
  return fail(ErrorKind::unavailable,
              "cannot write " + file.string() + ": " + std::generic_category().message(errno));
}

}  // namespace

Result<std::string> own_secret(const std::filesystem::path& file) {
  if (auto known = read_secret(file)) return std::move(*known);
  SLUICE_TRY(const std::string bytes, random_bytes(kBytes));
  const std::string text = hex_encode(bytes);
  const std::filesystem::path fresh = file.string() + ".new";
  ::unlink(fresh.c_str());
  const int descriptor = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kOwnerOnly);
  if (descriptor < 0) return cannot_write(fresh);
  const bool written = write_whole(descriptor, text + "\n");
  const bool closed = ::close(descriptor) == 0;
  if (!written || !closed || ::rename(fresh.c_str(), file.c_str()) != 0) return cannot_write(file);
  return text;
}

}  // namespace sluice::server_program
