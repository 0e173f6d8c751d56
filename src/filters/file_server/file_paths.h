// SPDX-License-Identifier: Apache-2.0
// The files that may answer a request, by name. Immutable; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/faults.h"
#include "filters/file_server/disk.h"
#include "filters/file_server/spec.h"
#include "router/pattern.h"

namespace sluice::filters {

class FilePaths {
 public:
  FilePaths(const FileServerSpec& spec, const std::string& path, config::Faults& faults);

  // The path after `rewrite`; nullopt: it is none that a file can have.
  [[nodiscard]] std::optional<std::string> rewritten(const std::string& path) const;

  struct Found {
    DiskAnswer answer = DiskAnswer::absent;
    DiskFile file{};
    std::string path{};        // of the file, from the root, for its type
    std::string coding{};      // of its contents; "": none
    bool wants_slash = false;  // the path names a folder: a redirect to the path with a slash
  };
  // Looks for the file of `path`, and for one of `codings` beside it.
  [[nodiscard]] Found find(const std::string& path, const std::vector<std::string>& codings,
                           DiskWait wait) const;

  // The answer if there is no file: {404, ""}, or the last of tryFiles.
  [[nodiscard]] int absent_status() const { return absent_status_; }
  [[nodiscard]] const std::string& absent_text() const { return absent_text_; }
  // Cache-Control of a file; "": none.
  [[nodiscard]] std::string_view cache_control(std::string_view path) const;

 private:
  struct CacheRule {
    std::vector<std::string> patterns;
    std::string value;
  };
  [[nodiscard]] bool is_hidden(std::string_view path) const;
  class Root;
  [[nodiscard]] Found try_one(Root& root, const std::string& path, bool own) const;
  [[nodiscard]] Found try_index(Root& root, const std::string& folder) const;
  static void use_coding(Root& root, const std::vector<std::string>& codings, Found& found);

  std::string root_;
  bool has_links_ = false;  // on the way to the root, when this was made
  std::vector<std::string> index_;
  std::vector<std::string> hidden_names_;
  std::vector<std::string> hidden_paths_;
  std::vector<std::string> tries_;  // with {path}
  int absent_status_ = 404;
  std::string absent_text_;
  std::optional<router::Pattern> pattern_;
  std::optional<router::Replacement> replacement_;
  std::vector<CacheRule> cache_;
};

}  // namespace sluice::filters
