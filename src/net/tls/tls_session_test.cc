// SPDX-License-Identifier: Apache-2.0
// TlsSession: both ends of a connection on one loop.
#include "net/tls/tls_session.h"

#include <gtest/gtest.h>

#include <array>

#include "base/memory_budget.h"
#include "loop/testing/run_to_completion.h"
#include "loop/testing/settle.h"
#include "net/listener.h"
#include "net/resolver.h"
#include "net/testing/read_once.h"
#include "net/tls/testing/test_certificates.h"
#include "net/tls/tls_stream.h"

namespace sluice::net {
namespace {

using namespace std::chrono_literals;
using testing::read_once;

Task<Result<void>> write(Stream& stream, std::string_view bytes) {
  co_return co_await stream.write_all(bytes);
}

class TlsSessionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const TlsServerOptions options{
        .pairs = {testing::make_pair("shop.example")}, .client_ca = "", .protocols = {}};
    loop_.spawn(accept(*this, *TlsContext::create(options, std::make_shared<TicketKeys>())));
    TlsClientOptions trusting;
    trusting.verify = false;
    client_ = loop::run_to_completion(loop_, connect(*this, *TlsClientContext::create(trusting)));
    while (server_ == nullptr) loop::testing::settle(loop_);
  }
  static Task<void> accept(TlsSessionTest& self, std::shared_ptr<const TlsContext> context) {
    auto transport = co_await self.acceptor_.accept();
    auto stream =
        co_await accept_tls(self.loop_, *std::move(transport), context, Clock::now() + 20s);
    self.server_ = *std::move(stream);
  }
  static Task<std::unique_ptr<Stream>> connect(TlsSessionTest& self,
                                               std::shared_ptr<const TlsClientContext> context) {
    Endpoint endpoint("127.0.0.1", self.acceptor_.port());
    auto transport = co_await net::connect(self.loop_, endpoint, Clock::now() + 20s);
    auto stream =
        co_await connect_tls(self.loop_, *std::move(transport), context,
                             std::make_shared<TlsTickets>(), "shop.example", Clock::now() + 20s);
    co_return *std::move(stream);
  }
  template <class T>
  T run(Task<T> task) {
    return loop::run_to_completion(loop_, std::move(task));
  }
  // Returns false if it is not done in time.
  template <class T>
  bool finish(Task<T>& task) {
    const TimePoint end = Clock::now() + 20s;
    while (!task.done() && Clock::now() < end) loop::testing::settle(loop_);
    return task.done();
  }

  loop::EventLoop loop_;
  Acceptor acceptor_{loop_, *Listener::open("127.0.0.1", 0)};
  std::unique_ptr<Stream> client_;
  std::unique_ptr<Stream> server_;
};

TEST_F(TlsSessionTest, DeadlinesEndWrites) {
  server_->set_deadline(Clock::now() + 20ms);
  const std::string large(32 << 20, 'x');
  Task<Result<void>> writer = write(*server_, large);  // nobody reads it
  writer.start();
  ASSERT_TRUE(finish(writer));
  const auto written = writer.take();
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind, ErrorKind::timed_out);
}

TEST_F(TlsSessionTest, ADeadlineThatHasPassedCanBeTakenBack) {
  for (const bool moved : {false, true}) {
    server_->set_deadline(Clock::now() + 1ms);
    EXPECT_EQ(run(read_once(*server_)), "error: took too long");
    EXPECT_EQ(run(read_once(*server_)), "error: took too long");
    moved ? server_->set_deadline(Clock::now() + 1h) : server_->clear_deadline();
    EXPECT_TRUE(run(write(*client_, "still here")));
    EXPECT_EQ(run(read_once(*server_)), "still here");
  }
}

TEST_F(TlsSessionTest, MemoryOfALargeWriteIsGivenBack) {
  const std::size_t before = loop_.memory().held();
  const std::string large(8 << 20, 'x');
  for (int round = 0; round < 2; ++round) {
    Task<Result<void>> writer = write(*server_, large);
    writer.start();
    EXPECT_GT(loop_.memory().held(), before) << "the client does not read yet";
    std::size_t left = large.size();
    while (left > 0) left -= run(read_once(*client_)).size();
    ASSERT_TRUE(finish(writer));
    loop::testing::settle(loop_);
    EXPECT_EQ(loop_.memory().held(), before);
  }
}

}  // namespace
}  // namespace sluice::net
