// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/script.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "filters/wasm_host/code.h"

namespace sluice::filters {
namespace {

constexpr std::string_view kBuiltin = "builtin:";
constexpr std::string_view kFormat = "sluice script 1 ";
constexpr std::array<std::string_view, 2> kLanguages{"javascript", "lua"};
constexpr std::array<std::string_view, 3> kPathEnds{".js", ".mjs", ".lua"};
constexpr std::array<std::string_view, 3> kPathBegins{"/", "./", "../"};
constexpr std::array<std::string_view, 2> kBodyReaders{"getBody", "get_body"};
constexpr std::string_view kNotInPaths = " \t(){}[]=;,'\"";
constexpr std::string_view kInlineName = "script";
constexpr std::string_view kSentName = "uploaded";

struct Parts {
  std::string_view language;
  std::string_view script;
};

Parts parts_of(std::string_view source) {
  const std::size_t end = source.find('\n');
  const std::string_view script =
      end == std::string_view::npos ? std::string_view() : source.substr(end + 1);
  return {source.substr(0, end).substr(kBuiltin.size()), script};
}

std::string document(std::string_view language, std::string_view name, std::string_view text) {
  std::string out(kFormat);
  out.append(language).append(" ").append(name).append("\n").append(text);
  return out;
}

// True for one line that defines no function.
bool looks_like_path(std::string_view script) {
  script = trim_space(script);
  return !script.empty() && !script.contains('\n') &&
         script.find_first_of(kNotInPaths) == std::string_view::npos;
}

Result<std::string> checked(std::string_view language, std::string_view name,
                            std::string_view text) {
  if (text.size() > kScriptBytesMax) {
    return fail(ErrorKind::too_large, std::string(name) + " is larger than 1 MiB");
  }
  if (text.find('\0') != std::string_view::npos) {
    return fail(ErrorKind::invalid, std::string(name) + " is no text: it has a byte 0");
  }
  return document(language, name, text);
}

}  // namespace

bool is_builtin(std::string_view code) { return code.starts_with(kBuiltin); }

std::span<const std::string_view> script_languages() { return kLanguages; }

std::string builtin_codes() {
  std::string codes;
  for (const std::string_view language : kLanguages)
    codes.append(codes.empty() ? "" : " or ").append(kBuiltin).append(language);
  return codes;
}

std::string script_source(const std::string& code, const std::string& script) {
  return code + "\n" + script;
}

std::optional<std::string> script_path(std::string_view source) {
  const std::string_view script = trim_space(parts_of(source).script);
  if (script.find('\n') != std::string_view::npos) return std::nullopt;
  const bool ends = std::ranges::any_of(
      kPathEnds, [script](std::string_view end) { return script.ends_with(end); });
  const bool begins = std::ranges::any_of(
      kPathBegins, [script](std::string_view begin) { return script.starts_with(begin); });
  if (!ends && (!begins || script.starts_with("//"))) return std::nullopt;
  return std::string(script);
}

Result<std::string> read_script(std::string_view source) {
  const auto [language, script] = parts_of(source);
  const auto path = script_path(source);
  if (!path && looks_like_path(script)) {
    return fail(ErrorKind::invalid, "\"" + std::string(trim_space(script)) +
                                        "\" is no script. A path ends in .js, .mjs or .lua, or "
                                        "begins with /, ./ or ../");
  }
  if (!path) return checked(language, kInlineName, script);
  SLUICE_TRY(const std::string text, read_code_file(*path));
  return checked(language, *path, text);
}

Result<std::string> sent_script(std::string_view source, const std::string& text) {
  return checked(parts_of(source).language, kSentName, text);
}

std::optional<Script> parse_script(std::string_view bytes) {
  if (!bytes.starts_with(kFormat)) return std::nullopt;
  bytes.remove_prefix(kFormat.size());
  const std::size_t end = bytes.find('\n');
  const std::size_t blank = bytes.find(' ');
  if (end == std::string_view::npos || blank > end) return std::nullopt;
  if (std::ranges::find(kLanguages, bytes.substr(0, blank)) == kLanguages.end())
    return std::nullopt;
  return Script{std::string(bytes.substr(0, blank)),
                std::string(bytes.substr(blank + 1, end - blank - 1)),
                std::string(bytes.substr(end + 1))};
}

bool script_reads_responses(const Script& script) {
  return std::ranges::any_of(kBodyReaders, [&script](std::string_view function) {
    return script.text.contains(function);
  });
}

}  // namespace sluice::filters
