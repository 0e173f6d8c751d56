// SPDX-License-Identifier: Apache-2.0
#include "filters/file_server/spec.h"

#include <algorithm>
#include <array>

#include "base/glob.h"
#include "base/text.h"
#include "http/path.h"

namespace sluice::filters {
namespace {

constexpr std::array<std::string_view, 3> kCodings = {"gzip", "br", "zstd"};

void check_globs(const std::vector<std::string>& globs, const std::string& path,
                 config::Faults& faults) {
  for (std::size_t i = 0; i < globs.size(); ++i) {
    if (globs[i].find_first_not_of('/') == std::string::npos || !is_glob(globs[i])) {
      faults.add(path + "[" + std::to_string(i) + "]",
                 config::quote(globs[i]) + " is no pattern of names, try *.conf");
    }
  }
}

void check_try_files(const std::vector<std::string>& tries, const std::string& path,
                     config::Faults& faults) {
  for (std::size_t i = 0; i < tries.size(); ++i) {
    const std::string where = path + "[" + std::to_string(i) + "]";
    if (tries[i].starts_with('=')) {
      if (!parse_try_status(tries[i]))
        faults.add(where, config::quote(tries[i]) + " has no status of an error, try =404");
      if (i + 1 != tries.size()) faults.add(where, "must be the last");
    } else if (!tries[i].starts_with('/') && !tries[i].starts_with("{path}")) {
      faults.add(where, config::quote(tries[i]) + " must begin with / or {path}");
    } else if (http::has_dot_segments(tries[i])) {
      faults.add(where, "leads out of its folder");
    }
  }
}

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::string_view word = take_until(text, ' ');
    if (!word.empty()) out.emplace_back(word);
  }
  return out;
}

}  // namespace

std::pair<std::string, std::string> split_rewrite(const std::string& rewrite) {
  const auto parts = words(rewrite);
  return parts.size() == 2 ? std::pair(parts[0], parts[1]) : std::pair(rewrite, std::string());
}

std::optional<int> parse_try_status(std::string_view text) {
  text.remove_prefix(1);
  const auto status = to_number<int>(take_until(text, ' '));
  return status && *status >= 400 && *status <= 599 ? status : std::nullopt;
}

void CacheExtensionSpec::validate(const std::string& path, config::Faults& faults) const {
  check_globs(pattern, config::join_path(path, "pattern"), faults);
}

std::vector<std::string> FileServerSpec::codings(const std::string& path,
                                                 config::Faults& faults) const {
  const config::Value& value = precompressed.value;
  std::vector<std::string> names = words(value.scalar);
  for (const config::Value& item : value.items) names.push_back(item.scalar);
  const std::string where = config::join_path(path, "precompressed");
  if (value.kind == config::Value::Kind::map) faults.add(where, "must be a list of codings");
  for (const std::string& name : names) {
    if (std::ranges::find(kCodings, name) == kCodings.end())
      faults.add(where, config::quote(name) + " is not one of gzip, br, zstd");
  }
  return names;
}

void FileServerSpec::validate(const std::string& path, config::Faults& faults) const {
  if (http::has_dot_segments(root)) {
    faults.add(config::join_path(path, "root"),
               config::quote(root) + " has dot segments, name the folder itself");
  }
  for (std::size_t i = 0; i < index.size(); ++i) {
    if (index[i].empty() || index[i].contains('/') || http::has_dot_segments(index[i])) {
      faults.add(config::join_path(path, "index") + "[" + std::to_string(i) + "]",
                 config::quote(index[i]) + " is not the name of a file");
    }
  }
  check_globs(hidden, config::join_path(path, "hidden"), faults);
  check_try_files(try_files, config::join_path(path, "tryFiles"), faults);
  if (!rewrite.empty() && split_rewrite(rewrite).second.empty()) {
    faults.add(config::join_path(path, "rewrite"),
               "must be an expression, a space, and what replaces it");
  }
  (void)codings(path, faults);
}

}  // namespace sluice::filters
