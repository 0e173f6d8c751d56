// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/fields.h"
#include "pipeline/filter.h"

namespace sluice::filters {

struct CacheExtensionSpec {
  std::vector<std::string> pattern;
  int etag_max_age = 3600;

  void fields(auto& visit) {
    visit(
        "pattern", pattern,
        {.required = true, .min = 1, .doc = "globs; with a slash: of the path, else of the name"});
    visit("etagMaxAge", etag_max_age,
          {.min = 0, .doc = "seconds for which clients may use the file unasked"});
  }
  void validate(const std::string& path, config::Faults& faults) const;
};

// Buffers are accepted without effect: the kernel holds the files that are in use.
struct FileCacheSpec {
  std::vector<CacheExtensionSpec> extensions;

  void fields(auto& visit) {
    for (const auto name : {"bufferPoolSize", "bufferPoolMaxFileSize", "bufferPoolTTL"})
      visit.note(name, "the system keeps the files in memory that are in use");
    visit("cacheFileExtensionFilters", extensions,
          {.doc = "the first that fits a file sets its Cache-Control"});
  }
};

struct FileServerSpec {
  pipeline::FilterMeta meta;
  std::string root;
  std::vector<std::string> index = {"index.html", "index.txt"};
  std::vector<std::string> hidden;
  std::vector<std::string> try_files;
  std::string rewrite;
  config::UndecodedValue precompressed;
  std::string compress;
  std::optional<FileCacheSpec> cache;

  void fields(auto& visit) {
    meta.fields(visit);
    visit("root", root, {.required = true, .min = 1, .doc = "the folder of the files"});
    visit("index", index, {.unique = true, .doc = "the file of a folder: the first that is there"});
    visit(
        "hidden", hidden,
        {.unique = true,
         .doc = "globs of files that are not there; with a slash: of the path, else of each name"});
    visit("tryFiles", try_files,
          {.doc = "paths to try in order, with {path}; the last may be =STATUS text"});
    visit("rewrite", rewrite, {.doc = "RE2 expression, a space, and what replaces it in the path"});
    visit(
        "precompressed", precompressed,
        {.doc = "of gzip, br, zstd: send FILE.gz, FILE.br, FILE.zst to clients that accept them"});
    visit("compress", compress,
          {.one_of = {"gzip"}, .doc = "compress for the clients that accept it"});
    visit("cache", cache, {.doc = "how long clients may use files unasked"});
  }
  void validate(const std::string& path, config::Faults& faults) const;

  // The codings of `precompressed`, in their order; a fault for each that is none.
  [[nodiscard]] std::vector<std::string> codings(const std::string& path,
                                                 config::Faults& faults) const;
};

// The two words of `rewrite`; the second is empty if there are not two.
[[nodiscard]] std::pair<std::string, std::string> split_rewrite(const std::string& rewrite);

// The status of `=404 text`; nullopt: it is none of an error.
[[nodiscard]] std::optional<int> parse_try_status(std::string_view text);

}  // namespace sluice::filters
