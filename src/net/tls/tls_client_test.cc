// SPDX-License-Identifier: Apache-2.0
// Covers: client_setup.cc, tls_client_context.cc
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <array>

#include "loop/testing/run_to_completion.h"
#include "net/listener.h"
#include "net/resolver.h"
#include "net/tls/testing/test_certificates.h"
#include "net/tls/tls_stream.h"

namespace sluice::net {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::make_pair;

class TlsClientTest : public ::testing::Test {
 protected:
  void serve(const TlsServerOptions& options) {
    acceptor_.emplace(loop_, *Listener::open("127.0.0.1", 0));
    loop_.spawn(serve(loop_, *acceptor_, *TlsContext::create(options, keys_), greeting_));
  }
  // Greets each client once the client has sent something.
  static Task<void> serve(loop::EventLoop& loop, Acceptor& acceptor,
                          std::shared_ptr<const TlsContext> context, const std::string& greeting) {
    while (true) {
      auto transport = co_await acceptor.accept();
      if (!transport) co_return;
      auto stream = co_await accept_tls(loop, std::move(*transport), context, Clock::now() + 20s);
      if (!stream) continue;
      std::array<char, 10> buffer;
      const auto count = co_await (*stream)->read_some(buffer);
      if (count && *count > 0) (void)co_await (*stream)->write_all(greeting);
      (*stream)->close();
    }
  }
  void trust(const TlsClientOptions& options) {
    auto made = TlsClientContext::create(options);
    ASSERT_TRUE(made) << made.error().front().text;
    context_ = *std::move(made);
  }
  // Returns the server's reply, or the error.
  std::string talk(const std::string& host = "shop.example") {
    tickets_ = std::make_shared<TlsTickets>();
    return talk_again(host);
  }
  std::string talk_again(const std::string& host = "shop.example") {
    return loop::run_to_completion(loop_, talk(loop_, acceptor_->port(), context_, tickets_, host));
  }
  static Task<std::string> talk(loop::EventLoop& loop, std::uint16_t port,
                                std::shared_ptr<const TlsClientContext> context,
                                std::shared_ptr<TlsTickets> tickets, std::string host) {
    Endpoint endpoint("127.0.0.1", port);
    auto transport = co_await connect(loop, endpoint, Clock::now() + 20s);
    if (!transport) co_return transport.error().message;
    auto stream = co_await connect_tls(loop, std::move(*transport), context, tickets, host,
                                       Clock::now() + 20s);
    if (!stream) co_return stream.error().message;
    std::string all((*stream)->protocol());
    (void)co_await (*stream)->write_all("hello");
    std::array<char, 100> buffer;
    bool more = true;
    while (more) {
      const auto count = co_await (*stream)->read_some(buffer);
      if (!count) co_return all + count.error().message;
      more = *count > 0;
      all.append(buffer.data(), *count);
    }
    co_return all;
  }

  loop::EventLoop loop_;
  std::shared_ptr<TicketKeys> keys_ = std::make_shared<TicketKeys>();
  std::optional<Acceptor> acceptor_;
  std::shared_ptr<const TlsClientContext> context_;
  std::shared_ptr<TlsTickets> tickets_ = std::make_shared<TlsTickets>();
  const std::string greeting_ = " welcome";
  const KeyPair shop_ = make_pair("shop.example");
  const KeyPair other_ = make_pair("other.example");
};

TEST_F(TlsClientTest, TrustsItsAuthority) {
  serve({.pairs = {shop_}, .client_ca = "", .protocols = {"h2", "http/1.1"}});
  trust({.own = {}, .authorities = shop_.certificate, .protocols = {"http/1.1"}});
  EXPECT_EQ(talk(), "http/1.1 welcome");
}

TEST_F(TlsClientTest, RefusesStrangers) {
  serve({.pairs = {shop_}, .client_ca = "", .protocols = {}});
  trust({.own = {}, .authorities = other_.certificate});
  EXPECT_THAT(talk(), HasSubstr("certificate verify failed: self-signed certificate"));
  trust({});
  EXPECT_THAT(talk(), HasSubstr("certificate verify failed")) << "the system knows it neither";
  trust({.own = {}, .authorities = "", .verify = false});
  EXPECT_EQ(talk(), " welcome");
}

TEST_F(TlsClientTest, TheNameMustFit) {
  serve({.pairs = {shop_}, .client_ca = "", .protocols = {}});
  trust({.own = {}, .authorities = shop_.certificate});
  EXPECT_EQ(talk("SHOP.example"), " welcome");
  EXPECT_THAT(talk("other.example"), HasSubstr("hostname mismatch"));
  EXPECT_THAT(talk("127.0.0.1"), HasSubstr("IP address mismatch"));
}

TEST_F(TlsClientTest, ShowsItsOwnCertificate) {
  serve({.pairs = {shop_}, .client_ca = other_.certificate, .protocols = {}});
  trust({.own = other_, .authorities = shop_.certificate});
  EXPECT_EQ(talk(), " welcome");
  trust({.own = {}, .authorities = shop_.certificate});
  EXPECT_THAT(talk(), HasSubstr("TLS: ")) << "TLS 1.3: the alert comes after the handshake";
}

TEST_F(TlsClientTest, ARenewedContextIsThatOfTheNextSessions) {
  serve({.pairs = {shop_}, .client_ca = other_.certificate + shop_.certificate, .protocols = {}});
  const auto made = TlsClientContext::create({.own = other_, .authorities = shop_.certificate});
  ASSERT_TRUE(made);
  context_ = *made;
  EXPECT_EQ(talk(), " welcome");
  const auto strange = make_pair("stranger");
  (*made)->renew(**TlsClientContext::create({.own = strange, .authorities = shop_.certificate}));
  EXPECT_THAT(talk_again(), HasSubstr("TLS: ")) << "the ticket of the old certificate is of no use";
  (*made)->renew(**TlsClientContext::create({.own = shop_, .authorities = strange.certificate}));
  EXPECT_THAT(talk_again(), HasSubstr("certificate verify failed"));
  (*made)->renew(**TlsClientContext::create({.own = shop_, .authorities = shop_.certificate}));
  EXPECT_EQ(talk_again(), " welcome");
}

TEST_F(TlsClientTest, TellsWhenItsCertificatesEnd) {
  const auto end = std::chrono::sys_days(std::chrono::year(2031) / 3 / 14) + 1s;
  const auto own = make_pair("own", {.end = end});
  auto made = *TlsClientContext::create({.own = own, .authorities = own.certificate});
  EXPECT_EQ(made->certificates(),
            (CertificateEnds{{"certBase64", "CN=own", end}, {"rootCertBase64", "CN=own", end}}));
  made->renew(**TlsClientContext::create({}));
  EXPECT_EQ(made->certificates(), CertificateEnds());
  const auto server =
      TlsContext::create({.pairs = {own}, .client_ca = own.certificate, .protocols = {}}, keys_);
  EXPECT_EQ((*server)->certificates(),
            (CertificateEnds{{"pair own", "CN=own", end}, {"caCertBase64", "CN=own", end}}));
}

TEST_F(TlsClientTest, FaultsOfTheOptions) {
  const auto made = TlsClientContext::create(
      {.own = {"", shop_.certificate, other_.key}, .authorities = "nonsense"});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error()[0].path, "certBase64");
  EXPECT_EQ(made.error()[0].text, "the key does not belong to the certificate");
  EXPECT_EQ(made.error()[1].path, "rootCertBase64");
}

TEST_F(TlsClientTest, ResumesSessions) {
  serve({.pairs = {shop_}, .client_ca = "", .protocols = {}});
  trust({.own = {}, .authorities = shop_.certificate});
  EXPECT_EQ(talk(), " welcome");
  SSL* session = context_->new_session("shop.example", *tickets_);
  ASSERT_NE(session, nullptr);
  EXPECT_NE(SSL_get_session(session), nullptr) << "a ticket of the first connection";
  SSL_free(session);
  EXPECT_EQ(talk_again(), " welcome");
}

TEST_F(TlsClientTest, AServerThatSpeaksNoTls) {
  acceptor_.emplace(loop_, *Listener::open("127.0.0.1", 0));
  loop_.spawn([](Acceptor& acceptor) -> Task<void> {
    auto stream = co_await acceptor.accept();
    (void)co_await (*stream)->write_all("HTTP/1.1 400 Bad Request\r\n\r\n");
    (void)co_await (*stream)->closed();
  }(*acceptor_));
  trust({});
  EXPECT_THAT(talk(), HasSubstr("TLS: wrong version number"));
}

}  // namespace
}  // namespace sluice::net
