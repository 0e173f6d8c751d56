// SPDX-License-Identifier: Apache-2.0
#include "backend/h2_connection.h"

#include <gtest/gtest.h>

#include <vector>

#include "backend/h2_channel.h"
#include "loop/testing/settle.h"
#include "net/testing/idle_stream.h"

namespace sluice::backend {
namespace {

// Takes everything at once, and answers nothing.
class TakingStream final : public net::testing::IdleStream {
 public:
  explicit TakingStream(int& writes) : writes_(writes) {}

 protected:
  bool start_write(std::string_view bytes, Operation& operation) override {
    ++writes_;
    operation.result = bytes.size();
    return true;
  }

 private:
  int& writes_;
};

TEST(H2ConnectionTest, TheRequestsOfATurnAreOneWrite) {
  loop::EventLoop loop;
  const loop::Core core{loop, 0, 1};
  int writes = 0;
  const auto gate = std::make_shared<ConnectionGate>(1);
  const auto connection =
      std::make_shared<H2Connection>(core, std::make_unique<TakingStream>(writes), net::Endpoint(),
                                     ConnectionGate::Pass(), gate, H2Options());
  connection->start({});
  loop::testing::settle(loop);
  writes = 0;
  constexpr std::size_t kRequests = 5;
  std::vector<http::Request> requests(kRequests);
  std::vector<http::Response> responses(kRequests);
  std::vector<std::unique_ptr<H2Channel>> channels;
  std::vector<Task<Outcome<void>>> tasks;
  for (std::size_t i = 0; i < kRequests; ++i) {
    requests[i].method = "POST";
    requests[i].escaped_path = "/";
    requests[i].body.assign("body");
    channels.push_back(
        std::make_unique<H2Channel>(connection, std::chrono::seconds(60), /*kept=*/true));
    tasks.push_back(channels[i]->start(requests[i], {}, false, responses[i], nullptr));
    tasks.back().start();
  }
  loop::testing::settle(loop);
  EXPECT_EQ(writes, 1);
  connection->close();
}

}  // namespace
}  // namespace sluice::backend
