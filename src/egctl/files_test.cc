// SPDX-License-Identifier: Apache-2.0
#include "egctl/files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <iterator>

#include "base/file.h"

namespace sluice::egctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class FilesTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string file(const std::string& name, const std::string& text) {
    std::string path = folder_ + "/" + name;
    EXPECT_TRUE(write_file(path, text));
    return path;
  }
  std::string folder_ = testing::TempDir() + "files_test_" + std::to_string(::getpid());
};

TEST_F(FilesTest, OneObject) {
  const auto objects = read_objects({file("a.yaml", "---\nkind: Pipeline\nname: p\n---\n")});
  ASSERT_TRUE(objects) << objects.error().message;
  EXPECT_EQ(objects->label, "Pipeline p");
  EXPECT_THAT(objects->names, ElementsAre("p"));
}

TEST_F(FilesTest, FaultsNameTheirFile) {
  const std::string a = file("a.yaml", "name: x");
  const std::string b = file("b.yaml", "name: y\n---\nname: z\n");
  const auto objects = read_objects({a, b});
  ASSERT_TRUE(objects);
  EXPECT_EQ(objects->label, "3 objects");
  std::vector<std::string> lines = {"document 1, port: is required",
                                    "document 3, kind: is required", "document 9, x: y",
                                    "port: is required"};
  name_places(objects->places, lines);
  EXPECT_THAT(lines, ElementsAre(a + ": port: is required", b + ": document 2, kind: is required",
                                 "document 9, x: y", "port: is required"));
}

TEST_F(FilesTest, AFolderStandsForItsFiles) {
  EXPECT_THAT(read_objects({folder_}).error().message, HasSubstr("holds no file .yaml"));
  file("b.yml", "kind: Pipeline\nname: b\n");
  file("a.json", R"({"kind": "Pipeline", "name": "a"})");
  file("notes.txt", "[");
  const auto objects = read_objects({folder_});
  ASSERT_TRUE(objects) << objects.error().message;
  EXPECT_THAT(objects->names, ElementsAre("a", "b"));
  EXPECT_THAT(objects->places, ElementsAre(folder_ + "/a.json: ", folder_ + "/b.yml: "));
}

TEST_F(FilesTest, SyntaxErrorsNameTheirFile) {
  const std::string path = file("a.yaml", "kind: [\n");
  const auto objects = read_objects({path});
  ASSERT_FALSE(objects);
  EXPECT_THAT(objects.error().message, testing::StartsWith(path + ": "));
  EXPECT_THAT(read_objects({file("b.yaml", "\n")}).error().message, HasSubstr("holds no object"));
  EXPECT_THAT(read_objects({folder_ + "/none"}).error().message, HasSubstr("No such file"));
}

TEST_F(FilesTest, AFileAppearsWhenItIsComplete) {
  const std::string path = file("a.yaml", "old");
  const auto count = [this] {
    return std::distance(std::filesystem::directory_iterator(folder_), {});
  };
  {
    auto dropped = OutputFile::create(path);
    ASSERT_TRUE(dropped && dropped->write("new"));
    EXPECT_EQ(count(), 2);
  }
  EXPECT_EQ(count(), 1);
  EXPECT_EQ(read_input(path), "old");
  auto kept = OutputFile::create(path);
  ASSERT_TRUE(kept && kept->write("ne") && kept->write("w"));
  EXPECT_EQ(read_input(path), "old");
  ASSERT_TRUE(kept->commit());
  EXPECT_EQ(read_input(path), "new");
  EXPECT_EQ(count(), 1);
}

TEST_F(FilesTest, APartBelongsToOneWriter) {
  const std::string path = folder_ + "/a";
  const OutputOptions options{.mode = 0600, .suffix = ".partial"};
  const std::string left = file("a.partial", "of a process that was killed");
  std::filesystem::permissions(left, std::filesystem::perms::all);
  auto first = OutputFile::create(path, options);
  ASSERT_TRUE(first && first->write("first"));
  const auto second = OutputFile::create(path, options);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message, HasSubstr("is being written by another process"));
  ASSERT_TRUE(first->commit());
  EXPECT_EQ(read_input(path), "first");
  using std::filesystem::perms;
  EXPECT_EQ(std::filesystem::status(path).permissions(), perms::owner_read | perms::owner_write);
}

TEST_F(FilesTest, ReadsInPieces) {
  const std::string text(200'000, 'x');
  auto input = InputFile::open(file("a", text));
  ASSERT_TRUE(input);
  EXPECT_EQ(input->read_all(), text);
  EXPECT_EQ(input->read(), "");
  EXPECT_THAT(InputFile::open(folder_).value().read().error().message, HasSubstr("directory"));
}

// `-f - -f -`: the second one is empty, and standard input stays open.
TEST_F(FilesTest, StandardInputIsReadTwice) {
  const Descriptor old(::dup(STDIN_FILENO));
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const Descriptor out(ends[0]);
  Descriptor in(ends[1]);
  ASSERT_TRUE(sluice::write_all(in.get(), "text"));
  in.reset();
  ASSERT_EQ(::dup2(out.get(), STDIN_FILENO), STDIN_FILENO);
  EXPECT_EQ(read_input("-"), "text");
  EXPECT_EQ(read_input(""), "");
  ::dup2(old.get(), STDIN_FILENO);
}

}  // namespace
}  // namespace sluice::egctl
