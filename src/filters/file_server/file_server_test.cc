// SPDX-License-Identifier: Apache-2.0
// Covers: file_body.cc
#include "filters/file_server/file_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <vector>

#include "filters/file_server/file_body.h"
#include "loop/blocking_pool.h"
#include "loop/testing/run_to_completion.h"
#include "pipeline/exchange.h"

namespace sluice::filters {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FileServerTest : public ::testing::Test {
 protected:
  FileServerTest() {
    std::string name = (fs::temp_directory_path() / "files-test-XXXXXX").string();
    root_ = ::mkdtemp(name.data());
    write("a.txt", "0123456789");
    write("d/index.html", "index");
  }
  ~FileServerTest() override { fs::remove_all(root_); }

  void write(const std::string& path, const std::string& text) const {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  std::string run(const std::string& target, const std::string& more = "") {
    config::Faults faults;
    const auto value = config::parse_document("name: f\nkind: FileServer\nroot: " + root_.string() +
                                              "\n" + more + "\n");
    const auto prototype = make_file_server_kind(pool_)->build(
        *value, {.pipeline = "p", .name = "f", .path = "f"}, faults);
    EXPECT_THAT(faults.lines(), ElementsAre());
    http::Request& request = *exchange_.request();
    EXPECT_TRUE(request.set_target(target));
    if (request.method.empty()) request.method = "GET";
    exchange_.drop_response();
    filter_ = prototype->instantiate(core_);
    return std::string(loop::run_to_completion(loop_, filter_->handle(exchange_)));
  }
  http::Request& fresh() {
    exchange_.clear();
    return *exchange_.request();
  }
  http::Response& response() { return *exchange_.response(); }
  std::string header(std::string_view name) {
    return std::string(response().headers.get(name).value_or("none"));
  }
  std::string body() {
    std::string text(response().body.bytes());
    while (response().body.is_stream()) {
      const auto bytes = loop::run_to_completion(loop_, response().body.reader()->read());
      if (!bytes) return text + "|" + bytes.error().message;
      if (bytes->empty()) break;
      text += *bytes;
    }
    return text;
  }

  fs::path root_;
  loop::EventLoop loop_;
  loop::Core core_{loop_, 0, 1};
  std::shared_ptr<loop::BlockingPool> pool_ = std::make_shared<loop::BlockingPool>(1);
  pipeline::Exchange exchange_{core_};
  std::unique_ptr<pipeline::Filter> filter_;
};

TEST_F(FileServerTest, SendsAFile) {
  EXPECT_EQ(run("/a.txt"), "");
  EXPECT_EQ(response().status, 200);
  EXPECT_EQ(body(), "0123456789");
  EXPECT_EQ(header("Content-Type"), "text/plain; charset=utf-8");
  EXPECT_EQ(header("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(header("Accept-Ranges"), "bytes");
  EXPECT_THAT(header("ETag"), ::testing::MatchesRegex("\"[0-9a-f]{16}-10\""));
}

TEST_F(FileServerTest, AnswersConditions) {
  EXPECT_EQ(run("/a.txt"), "");
  const std::string tag = header("ETag");
  const std::string changed = header("Last-Modified");
  fresh().headers.add("If-None-Match", tag);
  EXPECT_EQ(run("/a.txt"), "");
  EXPECT_EQ(response().status, 304);
  EXPECT_EQ(body(), "");
  EXPECT_EQ(header("ETag"), tag);
  fresh().headers.add("If-None-Match", "\"other\"");
  EXPECT_EQ(run("/a.txt"), "");
  EXPECT_EQ(response().status, 200);
  fresh().headers.add("If-Modified-Since", changed);
  EXPECT_EQ(run("/a.txt"), "");
  EXPECT_EQ(response().status, 304);
}

TEST_F(FileServerTest, SendsParts) {
  fresh().headers.add("Range", "bytes=2-4");
  EXPECT_EQ(run("/a.txt"), "");
  EXPECT_EQ(response().status, 206);
  EXPECT_EQ(header("Content-Range"), "bytes 2-4/10");
  EXPECT_EQ(body(), "234");
  fresh().headers.add("Range", "bytes=-1");
  EXPECT_EQ(run("/a.txt"), "");
  EXPECT_EQ(body(), "9");
  fresh().headers.add("Range", "bytes=0-0,2-2");
  EXPECT_EQ(run("/a.txt"), "");
  EXPECT_EQ(response().status, 200);
  fresh().headers.add("Range", "bytes=10-");
  EXPECT_EQ(run("/a.txt"), "clientError");
  EXPECT_EQ(response().status, 416);
  EXPECT_EQ(header("Content-Range"), "bytes */10");
  EXPECT_EQ(header("ETag"), "none");
  fresh().headers.add("Range", "bytes=2-4");
  exchange_.request()->headers.add("If-Range", "\"other\"");
  EXPECT_EQ(run("/a.txt"), "");
  EXPECT_EQ(response().status, 200);
}

TEST_F(FileServerTest, SendsAPartOfAnySize) {
  const std::string text = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  write("letters", text);
  for (std::size_t size = 1; size < text.size(); ++size) {
    fresh().headers.add("Range", "bytes=1-" + std::to_string(size));
    EXPECT_EQ(run("/letters"), "");
    EXPECT_EQ(body(), text.substr(1, size));
  }
}

TEST_F(FileServerTest, StreamsALargeFile) {
  std::string text;
  while (text.size() <= 3 * kFilePieceBytes) text += std::to_string(text.size());
  write("large", text);
  EXPECT_EQ(run("/large"), "");
  EXPECT_TRUE(response().body.is_stream());
  EXPECT_EQ(response().body.length(), text.size());
  EXPECT_EQ(body(), text);
  fresh().headers.add("Range", "bytes=70000-200000");
  EXPECT_EQ(run("/large"), "");
  EXPECT_EQ(body(), text.substr(70000, 130001));
  fresh();
  EXPECT_EQ(run("/large"), "");
  fs::resize_file(root_ / "large", 100);
  EXPECT_THAT(body(), HasSubstr("a file has become shorter while it was sent"));
}

TEST_F(FileServerTest, AnswersHeadWithoutABody) {
  fresh().method = "HEAD";
  EXPECT_EQ(run("/a.txt"), "");
  EXPECT_EQ(response().status, 200);
  EXPECT_EQ(response().body.length(), 10U);
}

TEST_F(FileServerTest, RefusesOtherMethodsAndPaths) {
  fresh().method = "POST";
  EXPECT_EQ(run("/a.txt"), "clientError");
  EXPECT_EQ(response().status, 405);
  EXPECT_EQ(header("Allow"), "GET, HEAD");
  fresh();
  EXPECT_EQ(run("/d/%2e%2e/a.txt"), "clientError");
  EXPECT_EQ(response().status, 400);
  EXPECT_EQ(run("/none"), "notFound");
  EXPECT_EQ(response().status, 404);
  EXPECT_EQ(run("/none", "tryFiles: ['=503 back soon']"), "serverError");
  EXPECT_EQ(body(), "back soon");
  EXPECT_EQ(run("/none", "tryFiles: ['=410']"), "clientError");
}

TEST_F(FileServerTest, AFullPoolIsAServerError) {
  std::promise<void> begun;
  std::promise<void> open;
  std::vector<Task<Result<int>>> waiting;
  const auto add = [&](auto work) {
    waiting.push_back(pool_->run(loop_, std::move(work)));
    waiting.back().start();
  };
  add([&] {
    begun.set_value();
    open.get_future().wait();
    return 1;
  });
  begun.get_future().wait();
  for (std::size_t i = 0; i < loop::BlockingPool::kQueueMax; ++i) add([] { return 2; });
  // The kernel has not looked the name up yet.
  EXPECT_EQ(run("/never-asked-for"), "serverError");
  EXPECT_EQ(response().status, 503);
  open.set_value();
  filter_.reset();
  pool_.reset();  // the work refers to the promises
}

TEST_F(FileServerTest, AddsTheSlashOfAFolder) {
  EXPECT_EQ(run("/d?a=1"), "");
  EXPECT_EQ(response().status, 301);
  EXPECT_EQ(header("Location"), "./d/?a=1");
  EXPECT_EQ(run("///d"), "");
  EXPECT_EQ(header("Location"), "./d/") << "a Location with two slashes names a host";
}

TEST_F(FileServerTest, SendsWhatIsCompressed) {
  write("a.txt.gz", "gz");
  write("a.txt.br", "br");
  constexpr const char* kBoth = "precompressed: gzip br";
  fresh().headers.add("Accept-Encoding", "br;q=0.5, gzip");
  EXPECT_EQ(run("/a.txt", kBoth), "");
  EXPECT_EQ(body(), "gz");
  EXPECT_EQ(header("Content-Encoding"), "gzip");
  EXPECT_EQ(header("Content-Type"), "text/plain; charset=utf-8");
  EXPECT_THAT(header("ETag"), HasSubstr("-2-gzip\""));
  EXPECT_EQ(header("Vary"), "Accept-Encoding");
  fresh().headers.add("Accept-Encoding", "br, gzip");
  EXPECT_EQ(run("/a.txt", kBoth), "");
  EXPECT_EQ(body(), "gz") << "the order of the spec";
  fresh();
  EXPECT_EQ(run("/a.txt", kBoth), "");
  EXPECT_EQ(body(), "0123456789");
  EXPECT_EQ(header("Vary"), "Accept-Encoding");
}

TEST_F(FileServerTest, Compresses) {
  write("b.txt", std::string(5000, 'b'));
  fresh().headers.add("Accept-Encoding", "gzip");
  EXPECT_EQ(run("/b.txt", "compress: gzip"), "");
  EXPECT_EQ(header("Content-Encoding"), "gzip");
  EXPECT_LT(response().body.bytes().size(), 500U);
  fresh();
  EXPECT_EQ(run("/b.txt", "compress: gzip"), "");
  EXPECT_EQ(header("Content-Encoding"), "none");
}

TEST_F(FileServerTest, WarnsOfARootThatIsNotThere) {
  config::Faults faults;
  const auto value = config::parse_document("{name: f, kind: FileServer, root: /none/at/all}");
  const auto prototype = make_file_server_kind(pool_)->build(
      *value, {.pipeline = "p", .name = "f", .path = "f"}, faults);
  EXPECT_NE(prototype, nullptr);
  ASSERT_EQ(faults.warnings().size(), 1U);
  EXPECT_THAT(faults.warnings()[0], HasSubstr("\" is no folder"));
  exchange_.request()->method = "GET";
  (void)exchange_.request()->set_target("/a");
  filter_ = prototype->instantiate(core_);
  EXPECT_EQ(loop::run_to_completion(loop_, filter_->handle(exchange_)), "notFound");
}

}  // namespace
}  // namespace sluice::filters
