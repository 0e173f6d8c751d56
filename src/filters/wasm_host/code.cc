// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/code.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "base/encoding.h"

namespace sluice::filters {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kPathBytesMax = 4095;
constexpr std::size_t kShownBytesMax = 60;  // of what is no path

bool is_url(std::string_view code) {
  const auto starts = [code](std::string_view scheme) {
    return code.size() > scheme.size() &&
           std::equal(scheme.begin(), scheme.end(), code.begin(), [](char a, char b) {
             return a == static_cast<char>(std::tolower(static_cast<unsigned char>(b)));
           });
  };
  return starts("http://") || starts("https://");
}

Result<std::string> read_file(const std::string& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error))
    return fail(ErrorKind::invalid, path + " is not a regular file");
  if (fs::file_size(path, error) > kCodeBytesMax || error) {
    return fail(ErrorKind::too_large, path + " is larger than 64 MiB");
  }
  std::ifstream file(path, std::ios::binary);
  std::string bytes(kCodeBytesMax, '\0');
  if (!file) return fail(ErrorKind::invalid, path + " cannot be read (check its permissions)");
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  if (bytes.empty()) return fail(ErrorKind::invalid, path + " is empty");
  return bytes;
}

// A path is shown whole, wherever it was mistyped; base64 gone wrong is not.
std::string shorten(const std::string& code) {
  const bool path = code.starts_with('/') || code.starts_with('.') || code.ends_with(".wasm");
  if (code.size() <= kShownBytesMax || (path && code.size() <= kPathBytesMax)) return code;
  return code.substr(0, kShownBytesMax) + "…";
}

}  // namespace

Result<std::string> load_code(const std::string& code, bool accept_text) {
  if (accept_text && code.starts_with("(module")) return code;
  if (is_url(code)) return fetch_url(code);
  std::error_code error;
  if (code.size() <= kPathBytesMax && fs::exists(code, error)) return read_file(code);
  if (auto bytes = base64_decode(code); bytes && !bytes->empty()) return std::move(*bytes);
  return fail(ErrorKind::not_found,
              "\"" + shorten(code) +
                  "\" is not an http(s) URL, not the path of an existing file, and not base64");
}

}  // namespace sluice::filters
