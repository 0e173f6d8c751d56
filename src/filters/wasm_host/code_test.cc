// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/code.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

namespace sluice::filters {
namespace {

namespace fs = std::filesystem;

// Sends `answer` to one connection, whatever the request.
class OneAnswer {
 public:
  explicit OneAnswer(std::string answer)
      : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(listener_, generic, size), 0);
    EXPECT_EQ(listen(listener_, 1), 0);
    getsockname(listener_, generic, &size);
    url = "HTTP://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/code.wasm";
    thread_ = std::thread([this, text = std::move(answer)] {
      const int peer = accept(listener_, nullptr, nullptr);
      char buffer[4096];
      EXPECT_GT(read(peer, buffer, sizeof buffer), 0);
      EXPECT_EQ(write(peer, text.data(), text.size()), static_cast<ssize_t>(text.size()));
      close(peer);
    });
  }
  ~OneAnswer() {
    thread_.join();
    close(listener_);
  }
  std::string url;

 private:
  int listener_;
  std::thread thread_;
};

TEST(Code, Base64) {
  const std::string module("\0asm\1\0\0\0", 8);
  EXPECT_EQ(load_code("AGFzbQEAAAA=", false).value(), module);
  EXPECT_EQ(load_code("AGFzbQEAAAA=\n", false).value(), module);
  EXPECT_FALSE(load_code("", false));
  EXPECT_FALSE(load_code("\n", false));
  // Broken base64 of a whole module is not mistaken for a path.
  EXPECT_EQ(load_code(std::string(4000, 'x'), false).value().size(), 3000U);
  for (const std::string path : {"aGVsbG8=", "optimize", "/srv/sale/wasm01", "wasm/go"}) {
    const auto loaded = load_code(path, false);
    ASSERT_FALSE(loaded) << path;
    EXPECT_TRUE(loaded.error().message.starts_with("no such file: \"" + path + "\""));
  }
}

TEST(Code, Files) {
  std::string path = (fs::temp_directory_path() / "sluice-code-XXXXXX").string();
  close(mkstemp(path.data()));
  EXPECT_NE(load_code(path, false).error().message.find("is empty"), std::string::npos);
  std::ofstream(path) << "bytes";
  EXPECT_EQ(load_code(path, false).value(), "bytes");
  EXPECT_EQ(load_code(path + "\n", false).value(), "bytes");
  fs::resize_file(path, kCodeBytesMax + 1);
  EXPECT_EQ(load_code(path, false).error().kind, ErrorKind::too_large);
  fs::remove(path);
  EXPECT_NE(load_code("/", false).error().message.find("not a regular file"), std::string::npos);
  EXPECT_EQ(load_code(path, false).error().kind, ErrorKind::not_found);
}

TEST(Code, Urls) {
  const OneAnswer good("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nbytes");
  EXPECT_EQ(load_code(good.url, false).value(), "bytes");
  const OneAnswer bad("HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nbytes");
  EXPECT_NE(load_code(bad.url, false).error().message.find("status 404 instead of 200"),
            std::string::npos);
  const OneAnswer cut("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nbytes");
  EXPECT_FALSE(load_code(cut.url, false));
  EXPECT_FALSE(load_code("http://127.0.0.1:1/x", false));
}

}  // namespace
}  // namespace sluice::filters
