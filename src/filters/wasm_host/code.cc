// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/code.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>

#include "base/encoding.h"
#include "base/file.h"
#include "base/text.h"
#include "config/url_credentials.h"
#include "http/headers.h"

namespace sluice::filters {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kPathBytesMax = 4095;
constexpr std::size_t kShownCodeBytesMax = 60;  // of a `code` that is not a path

Result<std::string> read_code(const std::string& path) {
  if (::access(path.c_str(), R_OK) != 0) {
    return fail(ErrorKind::invalid, path + ": " + std::generic_category().message(errno));
  }
  auto bytes = read_file(path, kCodeBytesMax);
  if (!bytes && bytes.error().kind == ErrorKind::too_large)
    return fail(ErrorKind::too_large, path + " is larger than 64 MiB");
  if (!bytes) return fail(ErrorKind::invalid, std::move(bytes.error().message));
  if (bytes->empty()) return fail(ErrorKind::invalid, path + " is empty");
  return bytes;
}

// Shows a path whole, so that a typo is visible, and shortens broken base64.
std::string shorten(const std::string& written) {
  std::string code = config::without_credentials(written);
  const bool path = code.starts_with('/') || code.starts_with('.') || code.ends_with(".wasm");
  if (code.size() <= kShownCodeBytesMax || (path && code.size() <= kPathBytesMax)) return code;
  return code.substr(0, kShownCodeBytesMax) + "…";
}

// For tests: a module or a component in text form.
bool is_text_form(std::string_view code) {
  return code.starts_with("(module") || code.starts_with("(component");
}

// Many paths are valid base64, too. A module is recognized by its magic number, and a broken module
// by its length.
std::optional<std::string> decoded_module(const std::string& code) {
  constexpr std::size_t kFileNameBytesMax = 255;
  auto bytes = base64_decode(code);
  if (!bytes || (!is_module(*bytes) && code.size() <= kFileNameBytesMax)) {
    return std::nullopt;
  }
  return std::move(*bytes);
}

}  // namespace

bool is_module(std::string_view bytes) {
  constexpr std::string_view kMagic("\0asm", 4);
  return bytes.starts_with(kMagic);
}

bool is_url(std::string_view code) {
  const std::string_view text = trim_space(code);
  const auto starts = [text](std::string_view scheme) {
    return text.size() > scheme.size() && http::iequals(text.substr(0, scheme.size()), scheme);
  };
  return starts("http://") || starts("https://");
}

std::optional<std::string> path_in(const std::string& code) {
  std::string path(trim_space(code));  // a block scalar (`code: |`) ends in a line break
  if (is_url(path) || path.size() > kPathBytesMax || is_text_form(path)) return std::nullopt;
  std::error_code error;
  if (fs::exists(path, error) || !decoded_module(path)) return path;
  return std::nullopt;
}

Result<std::string> read_code_file(const std::string& path) {
  std::error_code error;
  if (!fs::exists(path, error)) {
    const std::string_view where =
        path.starts_with('/') ? "" : "; sluice-server looks in its own working directory";
    return fail(ErrorKind::not_found, path + " is missing" + std::string(where));
  }
  return read_code(path);
}

Result<std::string> load_code(const std::string& given, bool accept_text,
                              const std::stop_token& stop) {
  if (accept_text && is_text_form(given)) return given;
  const std::string code(trim_space(given));
  if (is_url(code)) return fetch_url(code, stop);
  struct stat status {};
  if (code.size() <= kPathBytesMax && ::stat(code.c_str(), &status) == 0) return read_code(code);
  const int missing = errno;
  if (auto bytes = decoded_module(code)) return *std::move(bytes);
  if (missing == EACCES) {
    return fail(ErrorKind::invalid, code + ": " + std::generic_category().message(missing) +
                                        " (in a folder on the way)");
  }
  const std::string_view where =
      code.starts_with('/') ? "" : "sluice-server looks in its own working directory; ";
  return fail(ErrorKind::not_found, "no such file: \"" + shorten(code) + "\" (" +
                                        std::string(where) +
                                        "a URL begins with http:// or https://, a module in base64 "
                                        "with AGFzbQ)");
}

}  // namespace sluice::filters
