// SPDX-License-Identifier: Apache-2.0
// Covers: spec.cc
#include "filters/file_server/file_paths.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace sluice::filters {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::StartsWith;

class FilePathsTest : public ::testing::Test {
 protected:
  FilePathsTest() {
    std::string name = (fs::temp_directory_path() / "paths-test-XXXXXX").string();
    root_ = ::mkdtemp(name.data());
    for (const auto path :
         {"index.html", "a.html", "a.html.gz", "a.html.br", ".git/config", "d/index.txt",
          "d/x.conf", "build/out.js", "empty/.keep", "users.php"}) {
      fs::create_directories((root_ / path).parent_path());
      std::ofstream(root_ / path) << path;
    }
  }
  ~FilePathsTest() override { fs::remove_all(root_); }

  FilePaths make(const std::string& yaml) {
    config::Faults faults;
    const auto value = config::parse_document("name: f\nkind: FileServer\nroot: " + root_.string() +
                                              "\n" + yaml + "\n");
    const auto spec = config::decode<FileServerSpec>(*value, "f", faults);
    FilePaths paths(spec, "f", faults);
    EXPECT_THAT(faults.lines(), ElementsAre());
    return paths;
  }
  // The path of the file, with its coding; "slash", or "none".
  std::string find(const std::string& yaml, const std::string& path,
                   const std::vector<std::string>& codings = {}) {
    const FilePaths::Found found = make(yaml).find(path, codings, DiskWait::allowed);
    if (found.answer != DiskAnswer::found) return "none";
    return found.wants_slash ? "slash"
                             : found.path + (found.coding.empty() ? "" : " " + found.coding);
  }

  fs::path root_;
};

TEST_F(FilePathsTest, FindsFilesAndIndexes) {
  EXPECT_EQ(find("", "/a.html"), "/a.html");
  EXPECT_EQ(find("", "/"), "/index.html");
  EXPECT_EQ(find("", "/d/"), "/d/index.txt");
  EXPECT_EQ(find("", "/d"), "slash");
  EXPECT_EQ(find("", "/empty/"), "none");
  EXPECT_EQ(find("", "/none"), "none");
  EXPECT_EQ(find("index: [a.html]", "/"), "/a.html");
  EXPECT_EQ(find("index: []", "/"), "none");
  EXPECT_EQ(find("", "/a.html/"), "none");
}

TEST_F(FilePathsTest, HiddenFilesAreNotThere) {
  constexpr const char* kHidden = "hidden: ['.git', '/build', '*/*.conf', index.txt]";
  for (const auto path : {"/.git/config", "/.git", "/.git/", "/build/out.js", "/d/x.conf", "/d/"})
    EXPECT_EQ(find(kHidden, path), "none") << path;
  EXPECT_EQ(find(kHidden, "/a.html"), "/a.html");
  for (const auto path : {"/.git/config", "/.git", "/build/out.js"})
    EXPECT_EQ(find("hidden: ['.git/', '/build//']", path), "none") << path;
  EXPECT_EQ(find("", "/.git/config"), "/.git/config");
}

TEST_F(FilePathsTest, TriesInOrder) {
  constexpr const char* kTries = "tryFiles: ['{path}', '{path}.html', '{path}/', /index.html]";
  EXPECT_EQ(find(kTries, "/a"), "/a.html");
  EXPECT_EQ(find(kTries, "/d"), "slash");
  EXPECT_EQ(find("tryFiles: ['{path}.html', '{path}/']", "/d"), "/d/index.txt");
  EXPECT_EQ(find(kTries, "/none"), "/index.html");
  EXPECT_EQ(find("tryFiles: ['{path}', /none]", "/none"), "none");
  const FilePaths paths = make("tryFiles: ['{path}', '=410 it is gone']");
  EXPECT_EQ(paths.absent_status(), 410);
  EXPECT_EQ(paths.absent_text(), "it is gone");
  EXPECT_EQ(make("").absent_status(), 404);
}

TEST_F(FilePathsTest, TakesAFileBesideIt) {
  EXPECT_EQ(find("", "/a.html", {"br", "gzip"}), "/a.html br");
  EXPECT_EQ(find("", "/a.html", {"zstd", "gzip"}), "/a.html gzip");
  EXPECT_EQ(find("", "/index.html", {"br", "gzip"}), "/index.html");
}

TEST_F(FilePathsTest, Rewrites) {
  const FilePaths paths = make("rewrite: '^/users/(\\d+)$ /users.php?id=$1'");
  EXPECT_EQ(paths.rewritten("/users/7"), "/users.php");
  EXPECT_EQ(paths.rewritten("/users/x"), "/users/x");
  EXPECT_EQ(make("rewrite: '^/v1(.*)$ $1'").rewritten("/v1/../a"), std::nullopt);
  EXPECT_EQ(make("rewrite: '^/v1/(.*)$ $1'").rewritten("/v1/a"), std::nullopt);
  EXPECT_EQ(make("").rewritten("/a/../b"), std::nullopt);
  EXPECT_EQ(make("").rewritten(std::string("/a\0b", 4)), std::nullopt);
  EXPECT_EQ(make("").rewritten("*"), std::nullopt);
  EXPECT_EQ(make("").rewritten("/" + std::string(5000, 'a')), std::nullopt);
}

TEST_F(FilePathsTest, SetsCacheControl) {
  const FilePaths paths = make(
      "cache: {cacheFileExtensionFilters: [{pattern: ['*.html'], etagMaxAge: 5}, "
      "{pattern: ['/usr/*.js', 'd/*']}]}");
  EXPECT_EQ(paths.cache_control("/d/a.html"), "max-age=5");
  EXPECT_EQ(paths.cache_control("/usr/a.js"), "max-age=3600");
  EXPECT_EQ(paths.cache_control("/d/a.js"), "max-age=3600");
  EXPECT_EQ(paths.cache_control("/a.js"), "");
}

std::vector<std::string> faults_of(const std::string& yaml) {
  config::Faults faults;
  const auto value = config::parse_document("name: f\nkind: FileServer\n" + yaml + "\n");
  const auto spec = config::decode<FileServerSpec>(*value, "f", faults);
  if (faults.empty()) FilePaths(spec, "f", faults);
  return faults.lines();
}

TEST(FileServerSpec, FaultsNameTheirPlace) {
  EXPECT_THAT(faults_of(""), ElementsAre("f.root: is required"));
  EXPECT_THAT(faults_of("root: /srv/../etc"),
              ElementsAre(StartsWith("f.root: \"/srv/../etc\" has")));
  EXPECT_THAT(faults_of("root: /a\nrewrite: '^/a'"), ElementsAre(StartsWith("f.rewrite: must be")));
  EXPECT_THAT(faults_of("root: /a\nrewrite: '( /a'"), ElementsAre(StartsWith("f.rewrite: \"(\"")));
  EXPECT_THAT(faults_of("root: /a\nrewrite: '(b) /$2'"),
              ElementsAre("f.rewrite: the pattern has no group \"2\""));
  EXPECT_THAT(faults_of("root: /a\ncompress: br"), ElementsAre(StartsWith("f.compress: ")));
  EXPECT_THAT(faults_of("root: /a\ncache: {cacheFileExtensionFilters: [{pattern: ['[']}]}"),
              ElementsAre(StartsWith("f.cache.cacheFileExtensionFilters[0].pattern[0]: ")));
  EXPECT_THAT(faults_of("root: /a\ntryFiles: ['=x']"), ElementsAre(StartsWith("f.tryFiles[0]: ")));
  EXPECT_THAT(faults_of("root: /a\ntryFiles: ['=404', /a]"),
              ElementsAre("f.tryFiles[0]: must be the last"));
  EXPECT_THAT(faults_of("root: /a\ntryFiles: [a, /../b]"),
              ElementsAre("f.tryFiles[0]: \"a\" must begin with / or {path}",
                          "f.tryFiles[1]: leads out of its folder"));
  EXPECT_THAT(faults_of("root: /a\nhidden: ['/']"), ElementsAre(StartsWith("f.hidden[0]: ")));
  EXPECT_THAT(faults_of("root: /a\nhidden: ['[']"), ElementsAre(StartsWith("f.hidden[0]: ")));
  EXPECT_THAT(faults_of("root: /a\nindex: [a/b]"), ElementsAre(StartsWith("f.index[0]: ")));
  EXPECT_THAT(faults_of("root: /a\nprecompressed: zip br"),
              ElementsAre("f.precompressed: \"zip\" is not one of gzip, br, zstd"));
  EXPECT_THAT(faults_of("root: /a\nprecompressed: [gzip, {a: b}]").size(), 1U);
  EXPECT_THAT(faults_of("root: /a\nprecompressed: [gzip, br]"), ElementsAre());
}

}  // namespace
}  // namespace sluice::filters
