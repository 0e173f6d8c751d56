// SPDX-License-Identifier: Apache-2.0
#include "filters/file_server/file_paths.h"

#include <algorithm>

#include "base/glob.h"
#include "base/text.h"
#include "http/path.h"

namespace sluice::filters {
namespace {

constexpr std::size_t kPathBytesMax = 4096;  // PATH_MAX
constexpr std::string_view kOwnPath = "{path}";

std::string_view suffix_of(std::string_view coding) {
  if (coding == "gzip") return ".gz";
  return coding == "br" ? ".br" : ".zst";
}

bool fits_path(const std::string& pattern, std::string_view path) {
  return glob_matches(pattern, pattern.starts_with('/') ? path : path.substr(1));
}

std::string_view name_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

FilePaths::FilePaths(const FileServerSpec& spec, const std::string& path, config::Faults& faults)
    : root_(spec.root),
      has_links_(!open_plainly(spec.root, "/", DiskWait::allowed)),
      index_(spec.index) {
  for (std::string pattern : spec.hidden) {
    while (pattern.ends_with('/')) pattern.pop_back();
    (pattern.contains('/') ? hidden_paths_ : hidden_names_).push_back(pattern);
  }
  for (const std::string& one : spec.try_files) {
    if (!one.starts_with('=')) {
      tries_.push_back(one);
      continue;
    }
    std::string_view text = one;
    absent_status_ = parse_try_status(text).value_or(404);
    (void)take_until(text, ' ');
    absent_text_ = text;
  }
  if (tries_.empty()) tries_.emplace_back(kOwnPath);
  if (spec.cache) {
    for (const CacheExtensionSpec& rule : spec.cache->extensions)
      cache_.push_back({rule.pattern, "max-age=" + std::to_string(rule.etag_max_age)});
  }
  if (spec.rewrite.empty()) return;
  const auto [from, to] = split_rewrite(spec.rewrite);
  const std::string where = config::join_path(path, "rewrite");
  pattern_ = router::Pattern::compile(from, where, faults);
  if (pattern_) replacement_ = router::Replacement::parse(to, *pattern_, where, faults);
}

std::optional<std::string> FilePaths::rewritten(const std::string& path) const {
  std::string out = path;
  if (replacement_ && pattern_->found_in(path)) {
    auto replaced = replacement_->apply(*pattern_, path, kPathBytesMax);
    if (!replaced) return std::nullopt;
    out = replaced->substr(0, replaced->find('?'));
  }
  const bool good = out.starts_with('/') && out.size() < kPathBytesMax && !out.contains('\0') &&
                    !http::has_dot_segments(out);
  return good ? std::optional(std::move(out)) : std::nullopt;
}

// A folder that is hidden hides everything below it.
bool FilePaths::is_hidden(std::string_view path) const {
  for (std::size_t end = 1; end <= path.size(); ++end) {
    if (end < path.size() && path[end] != '/') continue;
    const std::string_view part = path.substr(0, end);
    const std::string_view name = name_of(part);
    if (name.empty()) continue;
    const auto hides_name = [&](const std::string& glob) { return glob_matches(glob, name); };
    const auto hides_path = [&](const std::string& glob) { return fits_path(glob, part); };
    if (std::ranges::any_of(hidden_names_, hides_name)) return true;
    if (std::ranges::any_of(hidden_paths_, hides_path)) return true;
  }
  return false;
}

std::string_view FilePaths::cache_control(std::string_view path) const {
  for (const CacheRule& rule : cache_) {
    const bool fits = std::ranges::any_of(rule.patterns, [&](const std::string& pattern) {
      return pattern.contains('/') ? fits_path(pattern, path)
                                   : glob_matches(pattern, name_of(path));
    });
    if (fits) return rule.value;
  }
  return "";
}

// The root during one search. It is opened once, and only if a name cannot be opened without.
class FilePaths::Root {
 public:
  Root(const FilePaths& paths, DiskWait wait) : paths_(paths), wait_(wait) {}
  [[nodiscard]] Opened open(const std::string& path) {
    if (!paths_.has_links_) {
      if (auto opened = open_plainly(paths_.root_, path, wait_)) return *std::move(opened);
    }
    if (!root_) root_ = open_root(paths_.root_, wait_);
    if (root_->answer != DiskAnswer::found) return {root_->answer, {}};
    return open_beneath(root_->file.file, path, wait_);
  }

 private:
  const FilePaths& paths_;
  DiskWait wait_;
  std::optional<Opened> root_;
};

FilePaths::Found FilePaths::find(const std::string& path, const std::vector<std::string>& codings,
                                 DiskWait wait) const {
  Root root(*this, wait);
  for (const std::string& one : tries_) {
    const bool own = one == kOwnPath;
    std::string wanted = own ? path : one;
    if (const std::size_t at = own ? std::string::npos : wanted.find(kOwnPath);
        at != std::string::npos)
      wanted.replace(at, kOwnPath.size(), path);
    const auto slashes =
        std::ranges::unique(wanted, [](char a, char b) { return a == '/' && b == '/'; });
    wanted.erase(slashes.begin(), slashes.end());
    Found found = try_one(root, wanted, own);
    if (found.answer == DiskAnswer::absent) continue;
    if (found.answer == DiskAnswer::found && !found.wants_slash) use_coding(root, codings, found);
    return found;
  }
  return {};
}

FilePaths::Found FilePaths::try_one(Root& root, const std::string& path, bool own) const {
  if (is_hidden(path)) return {};
  Opened opened = root.open(path);
  if (opened.answer != DiskAnswer::found) return {.answer = opened.answer};
  if (opened.file.is_folder) {
    if (path.ends_with('/')) return try_index(root, path);
    return own ? Found{.answer = DiskAnswer::found, .wants_slash = true} : Found{};
  }
  return {.answer = DiskAnswer::found, .file = std::move(opened.file), .path = path};
}

FilePaths::Found FilePaths::try_index(Root& root, const std::string& folder) const {
  for (const std::string& name : index_) {
    const std::string path = folder + name;
    if (is_hidden(path)) continue;
    Opened opened = root.open(path);
    if (opened.answer == DiskAnswer::absent || opened.file.is_folder) continue;
    return {.answer = opened.answer, .file = std::move(opened.file), .path = path};
  }
  return {};
}

void FilePaths::use_coding(Root& root, const std::vector<std::string>& codings, Found& found) {
  for (const std::string& coding : codings) {
    Opened opened = root.open(found.path + std::string(suffix_of(coding)));
    if (opened.answer == DiskAnswer::would_wait) {
      found.answer = DiskAnswer::would_wait;
      return;
    }
    if (opened.answer != DiskAnswer::found || opened.file.is_folder) continue;
    found.file = std::move(opened.file);
    found.coding = coding;
    return;
  }
}

}  // namespace sluice::filters
