// SPDX-License-Identifier: Apache-2.0
// Script: a program in the language of a builtin engine, in place of a module.
//
// `code: builtin:lua` and `script:` together are one source, as RunningCode knows it: the code, a
// line break, and the script. The store keeps a document of it: a line with the format, the
// language and the name, and the text.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::filters {

inline constexpr std::size_t kScriptBytesMax = 1 << 20;

struct Script {
  std::string language;  // "javascript", "lua"
  std::string name;      // in messages: the path, or "script"
  std::string text;
};

// True if `code` (of a spec, or a source) begins with "builtin:".
[[nodiscard]] bool is_builtin(std::string_view code);
// The languages of the engines.
[[nodiscard]] std::span<const std::string_view> script_languages();
// "builtin:javascript or builtin:lua".
[[nodiscard]] std::string builtin_codes();
// The source that a spec's `code` and `script` make.
[[nodiscard]] std::string script_source(const std::string& code, const std::string& script);

// The path of the file that holds the script of `source`; nullopt if `source` has its text.
[[nodiscard]] std::optional<std::string> script_path(std::string_view source);
// The document of `source`, whose file it reads. Blocks.
[[nodiscard]] Result<std::string> read_script(std::string_view source);
// The document of a script that was sent in place of that of `source`.
[[nodiscard]] Result<std::string> sent_script(std::string_view source, const std::string& text);
// The script of a document; nullopt if `bytes` are none.
[[nodiscard]] std::optional<Script> parse_script(std::string_view bytes);
// True if `script` may read the body of the response: it names the function.
[[nodiscard]] bool script_reads_responses(const Script& script);

}  // namespace sluice::filters
