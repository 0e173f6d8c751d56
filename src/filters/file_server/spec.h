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
          {.doc = "the first entry that fits a file sets `Cache-Control: max-age`. Without one "
                  "there is no such field"});
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
    visit("root", root,
          {.required = true,
           .min = 1,
           .doc = "the folder. If it is not there, `egctl apply` warns, and requests get 404 until "
                  "it is"});
    visit("index", index,
          {.unique = true,
           .doc = "the file of a folder: the first that is there. Default: index.html, index.txt"});
    visit("hidden", hidden,
          {.unique = true,
           .doc = "globs of files and folders that are not there for clients. A glob with a slash "
                  "is compared with the path and with each folder above it, any other one with "
                  "each name in the path. A slash at its end does not count"});
    visit("tryFiles", try_files,
          {.doc = "paths to try in order; `{path}` stands for the path of the request. A path that "
                  "ends with a slash is a folder, for `index`. The last may be `=STATUS text`, "
                  "with a status of 400 to 599. Default: `{path}`"});
    visit("rewrite", rewrite,
          {.doc = "an RE2 expression, a space, and what replaces its matches in the path. A query "
                  "is dropped"});
    visit("precompressed", precompressed,
          {.doc = "codings of `gzip`, `br` and `zstd`, as a list or with spaces. If a client "
                  "accepts one, `FILE.gz`, `FILE.br` or `FILE.zst` is sent if it lies beside the "
                  "file. The client's weights decide, then the order here"});
    visit(
        "compress", compress,
        {.one_of = {"gzip"}, .doc = "`gzip`: compresses responses for the clients that accept it"});
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
