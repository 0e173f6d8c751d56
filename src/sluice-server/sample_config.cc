// SPDX-License-Identifier: Apache-2.0
#include "sluice-server/sample_config.h"

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/json.h"
#include "config/emit.h"
#include "config/fields.h"
#include "sluice-server/flags.h"
#include "sluice-server/options.h"

namespace sluice::server_program {
namespace {

constexpr std::size_t kColumns = 88;

constexpr std::string_view kHead =
    "# Configuration of sluice-server. Every option stands here with its default, behind a #.\n"
    "# A flag takes precedence over an environment variable, and a variable over this file.\n"
    "# sluice-server --print-config --config-file FILE checks a file, and prints what is in "
    "force.\n"
    "# SIGHUP puts the options marked \"reload\" into force, a hot restart (SIGUSR2) all but "
    "data-dir.\n";

// Appends `text` as a comment, broken at blanks.
void add_comment(std::string& out, std::string_view text) {
  while (text.size() > kColumns) {
    const std::size_t blank = text.rfind(' ', kColumns);
    if (blank == std::string_view::npos) break;
    out.append("# ").append(text.substr(0, blank)).append("\n");
    text.remove_prefix(blank + 1);
  }
  out.append("# ").append(text).append("\n");
}

std::string ways_of(std::string_view key, const config::Rule& rule, const OptionUse& use) {
  std::string text = use.file_only ? "only in this file" : flag_of(key) + ", " + variable_of(key);
  std::string values;
  for (const std::string_view value : rule.one_of)
    values.append(values.empty() ? "" : " or ").append(value);
  if (!values.empty()) text += "; " + values;
  if (use.live) text += "; reload";
  return text;
}

}  // namespace

std::string sample_config() {
  Options defaults;
  const Json values = without_secrets(defaults);
  std::string out(kHead);
  const auto add = [&]<class T>(std::string_view key, T&, const config::Rule& rule,
                                OptionUse use = {}) {
    out += "\n";
    add_comment(out, rule.doc);
    add_comment(out, ways_of(key, rule, use));
    const std::string name(key);
    out += "#" + config::emit_yaml(Json{{name, values.at(name)}});
  };
  defaults.each(add);
  return out;
}

}  // namespace sluice::server_program
