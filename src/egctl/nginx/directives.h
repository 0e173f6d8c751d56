// SPDX-License-Identifier: Apache-2.0
// The directives of a configuration file of nginx, with the files that it includes.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice::egctl::nginx {

// Bounds of a configuration with all files that it includes.
inline constexpr std::size_t kConfigBytesMax = 4 << 20;
inline constexpr std::size_t kDirectivesMax = 100'000;
inline constexpr std::size_t kWordsMax = 10'000;  // of one directive
inline constexpr int kBlockDepthMax = 32;
inline constexpr int kIncludeDepthMax = 10;

struct Directive {
  std::string name;
  std::vector<std::string> words{};  // after the name
  std::vector<Directive> block{};
  bool has_block = false;
  std::shared_ptr<const std::string> file{};
  unsigned line = 0;

  // "site.conf:3"
  [[nodiscard]] std::string place() const { return *file + ":" + std::to_string(line); }
};

struct ConfigFile {
  std::string name;  // for messages
  std::string text;
};
// The files that `include PATTERN` means, in order.
using FindFiles = std::function<Result<std::vector<ConfigFile>>(const std::string& pattern)>;

// An `include` of which no file can be read stays where it stands, for the converter to close that.
// The contents of a block of Lua are left out. Errors name the file and the line.
[[nodiscard]] Result<std::vector<Directive>> read_directives(const ConfigFile& file,
                                                             const FindFiles& find);

}  // namespace sluice::egctl::nginx
