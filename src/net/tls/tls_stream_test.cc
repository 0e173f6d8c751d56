// SPDX-License-Identifier: Apache-2.0
// Covers: credentials.cc, tls_context.cc
#include "net/tls/tls_stream.h"

#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <functional>
#include <thread>

#include "loop/testing/run_to_completion.h"
#include "net/listener.h"
#include "net/tls/testing/test_certificates.h"
#include "net/tls/testing/test_client.h"

namespace sluice::net {
namespace {

using namespace std::chrono_literals;
using testing::connect_plain;
using testing::make_pair;
using testing::TlsClient;
using testing::TlsClientOptions;

using Served = Result<std::unique_ptr<Stream>>;

class TlsStreamTest : public ::testing::Test {
 protected:
  TlsStreamTest() { use({.pairs = {shop_, other_}, .client_ca = "", .protocols = {"http/1.1"}}); }

  void use(const TlsServerOptions& options) {
    auto made = TlsContext::create(options, tickets_);
    ASSERT_TRUE(made) << made.error().front().text;
    context_ = *std::move(made);
  }

  // Runs `client` on its own thread against `server`, which gets the accepted stream.
  void talk(std::function<void(std::uint16_t)> client, std::function<Task<void>(Served)> server,
            Duration patience = 20s) {
    auto listener = Listener::open("127.0.0.1", 0);
    ASSERT_TRUE(listener);
    std::thread thread(std::move(client), listener->port());
    loop::run_to_completion(loop_, serve(*std::move(listener), std::move(server), patience));
    thread.join();
  }

  Task<void> serve(Listener listener, std::function<Task<void>(Served)> server, Duration patience) {
    Acceptor acceptor(loop_, std::move(listener));
    auto transport = co_await acceptor.accept();
    auto stream =
        co_await accept_tls(loop_, *std::move(transport), context_, Clock::now() + patience);
    co_await server(std::move(stream));
  }

  static Task<void> echo(Served served) {
    if (!served) co_return;
    Stream& stream = **served;
    std::array<char, 5000> buffer;
    bool more = true;
    while (more) {
      const auto count = co_await stream.read_some(buffer);
      more = count && *count > 0;
      if (!more) break;
      const auto sent = co_await stream.write_all(std::string_view(buffer.data(), *count));
      more = sent.has_value();
    }
    stream.close();
  }

  const KeyPair shop_ = make_pair("shop.example");
  const KeyPair other_ = make_pair("other.example");
  std::shared_ptr<TicketKeys> tickets_ = std::make_shared<TicketKeys>();
  std::shared_ptr<const TlsContext> context_;
  loop::EventLoop loop_;
};

std::string name_shown(TlsClient& client) {
  X509* certificate = SSL_get0_peer_certificate(client.handle());
  for (const char* name : {"shop.example", "other.example"}) {
    if (X509_check_host(certificate, name, 0, 0, nullptr) == 1) return name;
  }
  return "";
}

TEST_F(TlsStreamTest, CarriesBytesBothWaysInBothVersions) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    talk(
        [&](std::uint16_t port) {
          TlsClient client(port, {.max_version = version, .min_version = version});
          ASSERT_TRUE(client.connected());
          std::string sent(1 << 20, 'x');
          for (std::size_t i = 0; i < sent.size(); i += 997) sent[i] = static_cast<char>(i % 251);
          std::thread writer([&] { EXPECT_TRUE(client.write(sent)); });
          writer.join();
          client.shutdown();
          EXPECT_TRUE(client.read(sent.size()) == sent);
          EXPECT_EQ(client.read(1), "");
          EXPECT_TRUE(client.ended_well());
        },
        [](Served served) -> Task<void> {
          EXPECT_TRUE(served);
          if (!served) co_return;
          EXPECT_TRUE((*served)->is_secure());
          std::string all;
          std::array<char, 3000> buffer;
          bool more = true;
          while (more) {
            const auto count = co_await (*served)->read_some(buffer);
            EXPECT_TRUE(count);
            more = count && *count > 0;
            if (more) all.append(buffer.data(), *count);
          }
          const auto sent = co_await (*served)->write_all(all);
          EXPECT_TRUE(sent);
          (*served)->close();
        });
  }
}

Task<void> write_whole(Stream& stream, const std::string& bytes) {
  const auto sent = co_await stream.write_all(bytes);
  EXPECT_FALSE(sent);
}

// Each key update requests one in return. A client that reads none of them is disconnected, whether
// its server reads or only waits for its end.
TEST_F(TlsStreamTest, EndsAClientThatAsksForKeyUpdatesAndReadsNothing) {
  constexpr int kUpdatesMax = 50'000;
  ::signal(SIGPIPE, SIG_IGN);
  for (const bool reads : {false, true}) {
    int updates = 0;
    talk(
        [&](std::uint16_t port) {
          TlsClient client(port, {});
          ASSERT_TRUE(client.connected());
          bool going = true;
          while (going && updates < kUpdatesMax) {
            going = SSL_key_update(client.handle(), SSL_KEY_UPDATE_REQUESTED) == 1 &&
                    SSL_do_handshake(client.handle()) == 1;
            ++updates;
          }
        },
        [&](Served served) -> Task<void> {
          EXPECT_TRUE(served);
          if (!served) co_return;
          Stream& stream = **served;
          const std::string large(std::size_t{64} << 20, 'x');
          Task<void> writing = write_whole(stream, large);
          writing.start();
          if (reads) {
            std::array<char, 100> buffer;
            const auto count = co_await stream.read_some(buffer);
            EXPECT_FALSE(count);
            EXPECT_EQ(count ? ErrorKind::internal : count.error().kind, ErrorKind::invalid);
          } else {
            const bool gone = co_await stream.closed();
            EXPECT_TRUE(gone);
          }
          stream.close();
          co_await loop_.yield();
          writing.reset();
        });
    EXPECT_LT(updates, kUpdatesMax) << reads;
  }
}

// Echoes, and rests between any two operations.
Task<void> echo_and_rest(Served served) {
  if (!served) co_return;
  Stream& stream = **served;
  std::array<char, 5000> buffer;
  bool more = true;
  while (more) {
    stream.rest();
    const auto count = co_await stream.read_some(buffer);
    stream.rest();
    more = count && *count > 0;
    if (!more) break;
    const auto sent = co_await stream.write_all(std::string_view(buffer.data(), *count));
    more = sent.has_value();
    stream.rest();
  }
  stream.rest();
  EXPECT_EQ(stream.protocol(), "http/1.1");
  stream.rest();
  stream.close();
}

TEST_F(TlsStreamTest, RestChangesNothing) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    talk(
        [&](std::uint16_t port) {
          TlsClient client(port, {.max_version = version,
                                  .min_version = version,
                                  .protocols = std::string("\x08http/1.1")});
          ASSERT_TRUE(client.connected());
          for (const std::size_t size : {1, 10, 1000, 16'384, 40'000, 3}) {
            const std::string sent(size, static_cast<char>('a' + size % 26));
            if (version == TLS1_3_VERSION)
              SSL_key_update(client.handle(), SSL_KEY_UPDATE_REQUESTED);
            ASSERT_TRUE(client.write(sent));
            EXPECT_TRUE(client.read(size) == sent);
          }
          client.shutdown();
          EXPECT_EQ(client.read(1), "");
          EXPECT_TRUE(client.ended_well());
        },
        echo_and_rest);
  }
}

TEST_F(TlsStreamTest, ChoosesTheCertificateByName) {
  for (const auto& [asked, shown] :
       {std::pair("shop.example", "shop.example"), std::pair("other.example", "other.example"),
        std::pair("unknown.example", "shop.example")}) {
    talk(
        [&](std::uint16_t port) {
          TlsClient client(port, {.server_name = asked});
          ASSERT_TRUE(client.connected());
          EXPECT_EQ(name_shown(client), shown);
        },
        echo);
  }
}

TEST_F(TlsStreamTest, AgreesOnAProtocolOrEnds) {
  talk(
      [&](std::uint16_t port) {
        TlsClient client(port, {.protocols = "\x02h2\x08http/1.1"});
        EXPECT_TRUE(client.connected());
      },
      [](Served served) -> Task<void> {
        EXPECT_TRUE(served);
        if (served) {
          EXPECT_EQ((*served)->protocol(), "http/1.1");
        }
        co_return;
      });
  talk(
      [&](std::uint16_t port) {
        EXPECT_FALSE(TlsClient(port, {.protocols = "\x04spdy"}).connected());
      },
      [](Served served) -> Task<void> {
        EXPECT_FALSE(served);
        co_return;
      });
}

TEST_F(TlsStreamTest, RefusesOldVersionsAndWhatIsNotTls) {
  talk(
      [&](std::uint16_t port) {
        TlsClientOptions options{.max_version = TLS1_1_VERSION, .min_version = TLS1_VERSION};
        EXPECT_FALSE(TlsClient(port, options).connected());
      },
      [](Served served) -> Task<void> {
        EXPECT_FALSE(served);
        if (!served) {
          EXPECT_EQ(served.error().kind, ErrorKind::invalid);
        }
        co_return;
      });
  talk(
      [](std::uint16_t port) {
        const Descriptor plain = connect_plain(port);
        ASSERT_TRUE(plain.is_open());
        const std::string_view text = "GET / HTTP/1.1\r\n\r\n";
        EXPECT_EQ(::send(plain.get(), text.data(), text.size(), 0),
                  static_cast<ssize_t>(text.size()));
        char byte = 0;
        while (::recv(plain.get(), &byte, 1, 0) > 0) {
        }
      },
      [](Served served) -> Task<void> {
        EXPECT_FALSE(served);
        if (!served) {
          EXPECT_EQ(served.error().kind, ErrorKind::not_found);
        }
        co_return;
      });
}

TEST_F(TlsStreamTest, DoesNotWaitForEverForAHandshake) {
  talk(
      [&](std::uint16_t port) {
        const Descriptor plain = connect_plain(port);
        ASSERT_TRUE(plain.is_open());
        char byte = 0;
        EXPECT_EQ(::recv(plain.get(), &byte, 1, 0), 0);
      },
      [](Served served) -> Task<void> {
        EXPECT_FALSE(served);
        if (!served) {
          EXPECT_EQ(served.error().kind, ErrorKind::timed_out);
        }
        co_return;
      },
      50ms);
}

TEST_F(TlsStreamTest, DemandsAClientCertificateOfTheRightAuthority) {
  const KeyPair friendly = make_pair("client.example");
  const KeyPair stranger = make_pair("client.example");
  use({.pairs = {shop_}, .client_ca = friendly.certificate, .protocols = {}});
  const auto reads = [&](const KeyPair* own) {
    bool good = false;
    talk(
        [&](std::uint16_t port) {
          TlsClient client(port, {.own = own});
          // In TLS 1.3 the client finishes before the server has checked its certificate.
          good = client.connected() && client.write("x") && client.read(1) == "x";
        },
        echo);
    return good;
  };
  EXPECT_TRUE(reads(&friendly));
  EXPECT_FALSE(reads(&stranger));
  EXPECT_FALSE(reads(nullptr));
}

TEST_F(TlsStreamTest, KnowsTheNameInTheCertificateOfTheClient) {
  const KeyPair named = make_pair("client.example");
  const auto name_seen = [&](const std::string& authority, const KeyPair* own) {
    use({.pairs = {shop_}, .client_ca = authority, .protocols = {}});
    std::string name = "?";
    talk([&](std::uint16_t port) { const TlsClient client(port, {.own = own}); },
         [&](Served served) -> Task<void> {
           if (served) name = peer_common_name(**served);
           co_return;
         });
    return name;
  };
  EXPECT_EQ(name_seen(named.certificate, &named), "client.example");
  EXPECT_EQ(name_seen("", nullptr), "");
}

// A resumed session has the same chain, although the client shows none.
TEST_F(TlsStreamTest, KnowsTheChainOfTheClient) {
  const KeyPair named = make_pair("client.example");
  use({.pairs = {shop_}, .client_ca = named.certificate, .protocols = {}});
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    SSL_SESSION* session = nullptr;
    for (const bool resumed : {false, true}) {
      std::vector<std::string> names;
      talk(
          [&](std::uint16_t port) {
            TlsClient client(
                port,
                {.max_version = version, .own = &named, .behind = &other_, .resume = session});
            ASSERT_TRUE(client.connected() && client.write("x"));
            EXPECT_EQ(client.read(1), "x");
            EXPECT_EQ(client.resumed(), resumed);
            if (!resumed) session = SSL_get1_session(client.handle());
            client.shutdown();
          },
          [&](Served served) -> Task<void> {
            if (!served) return echo(std::move(served));
            if (const auto shown = peer_certificates(**served)) {
              for (const auto& certificate : shown->chain)
                names.push_back(certificate.subject.front().second + " " +
                                certificate.issuer.front().second);
            }
            return echo(std::move(served));
          });
      EXPECT_EQ(names, (std::vector<std::string>{"client.example client.example",
                                                 "other.example other.example"}))
          << version << resumed;
    }
    SSL_SESSION_free(session);
  }
}

TEST_F(TlsStreamTest, ClientsWithoutACertificateHaveNoChain) {
  bool none = false;
  talk([](std::uint16_t port) { const TlsClient client(port, {}); },
       [&](Served served) -> Task<void> {
         none = served && peer_certificates(**served) == nullptr;
         co_return;
       });
  EXPECT_TRUE(none);
}

TEST_F(TlsStreamTest, ResumesAcrossContextsWithTheSameTicketKeys) {
  SSL_SESSION* session = nullptr;
  const auto connect = [&](SSL_SESSION* resume) {
    bool resumed = false;
    talk(
        [&](std::uint16_t port) {
          TlsClient client(port, {.resume = resume});
          ASSERT_TRUE(client.connected() && client.write("x"));
          EXPECT_EQ(client.read(1), "x");  // tickets come with the first data
          resumed = client.resumed();
          if (session == nullptr) session = SSL_get1_session(client.handle());
          client.shutdown();
        },
        echo);
    return resumed;
  };
  EXPECT_FALSE(connect(nullptr));
  use({.pairs = {shop_, other_}, .client_ca = "", .protocols = {}});
  EXPECT_TRUE(connect(session));
  tickets_ = std::make_shared<TicketKeys>();
  use({.pairs = {shop_, other_}, .client_ca = "", .protocols = {}});
  EXPECT_FALSE(connect(session));
  SSL_SESSION_free(session);
}

// A client that comes back with a ticket of the previous key goes on with one of the present key.
TEST_F(TlsStreamTest, TicketsOfThePreviousKeyAreReplaced) {
  const auto connect = [&](SSL_SESSION* resume) {
    SSL_SESSION* session = nullptr;
    talk(
        [&](std::uint16_t port) {
          TlsClient client(port, {.max_version = TLS1_2_VERSION, .resume = resume});
          ASSERT_TRUE(client.connected());
          EXPECT_EQ(client.resumed(), resume != nullptr);
          session = SSL_get1_session(client.handle());
          client.shutdown();
        },
        echo);
    return session;
  };
  const auto ticket = [](const SSL_SESSION* session) {
    const unsigned char* bytes = nullptr;
    std::size_t size = 0;
    SSL_SESSION_get0_ticket(session, &bytes, &size);
    return std::string(bytes, bytes + size);
  };
  SSL_SESSION* const first = connect(nullptr);
  SSL_SESSION* const second = connect(first);
  EXPECT_EQ(ticket(second), ticket(first)) << "the key is the present one";
  (void)tickets_->current(Clock::now() + TicketKeys::kSealsFor + 1min);
  SSL_SESSION* const third = connect(second);
  EXPECT_NE(ticket(third), ticket(first));
  for (SSL_SESSION* session : {first, second, third}) SSL_SESSION_free(session);
}

TEST_F(TlsStreamTest, SeesTheClientLeaveAlsoBehindDataThatWaits) {
  for (const bool data_first : {false, true}) {
    talk(
        [&](std::uint16_t port) {
          TlsClient client(port, {});
          ASSERT_TRUE(client.connected());
          if (data_first) {
            EXPECT_TRUE(client.write("late"));
          }
          client.shutdown();
          client.read(1);  // until the server has closed
        },
        [data_first](Served served) -> Task<void> {
          EXPECT_TRUE(served);
          if (!served) co_return;
          Stream& stream = **served;
          if (data_first) {
            std::array<char, 4> buffer;
            const auto count = co_await stream.read_some(buffer);
            EXPECT_EQ(count.value_or(0), 4U);
          }
          const bool by_peer = co_await stream.closed();
          EXPECT_TRUE(by_peer);
          stream.close();
        });
  }
}

TEST_F(TlsStreamTest, AClientThatEndsItsSideGetsTheAnswer) {
  talk(
      [](std::uint16_t port) {
        TlsClient client(port, {});
        ASSERT_TRUE(client.connected());
        client.shutdown();
        EXPECT_EQ(client.read(6), "answer");
      },
      [](Served served) -> Task<void> {
        EXPECT_TRUE(served);
        if (!served) co_return;
        Stream& stream = **served;
        const bool ended = co_await stream.closed();
        EXPECT_TRUE(ended);
        const auto sent = co_await stream.write_all("answer");
        EXPECT_TRUE(sent);
        stream.close();
      });
}

TEST_F(TlsStreamTest, AClientThatHasClosedBreaksTheStream) {
  talk(
      [](std::uint16_t port) {
        TlsClient client(port, {});
        ASSERT_TRUE(client.connected());
        client.shutdown();
      },
      [](Served served) -> Task<void> {
        EXPECT_TRUE(served);
        if (!served) co_return;
        Stream& stream = **served;
        const bool ended = co_await stream.closed();
        EXPECT_TRUE(ended);
        bool sent = true;
        while (sent) {  // the first bytes that arrive are answered by a reset
          const auto written = co_await stream.write_all("x");
          sent = written.has_value();
        }
        const bool broken = co_await stream.broken();
        EXPECT_TRUE(broken);
        stream.close();
      });
}

// A ticket is valid only for what its handshake has shown.
TEST_F(TlsStreamTest, TicketsAreForTheAuthoritiesOfTheirHandshake) {
  const KeyPair friends = make_pair("friend.example");
  const KeyPair others = make_pair("others.example");
  const std::string both = friends.certificate + others.certificate;
  const auto with = [&](const std::string& authorities) {
    use({.pairs = {shop_}, .client_ca = authorities, .protocols = {}});
    return context_->client_authorities();
  };
  EXPECT_EQ(with(""), "");
  EXPECT_NE(with(friends.certificate), with(others.certificate));
  EXPECT_NE(with(friends.certificate), with(both));
  EXPECT_EQ(with(both), with(others.certificate + friends.certificate + others.certificate));
}

TEST_F(TlsStreamTest, DeadlinesEndReads) {
  talk(
      [&](std::uint16_t port) {
        TlsClient client(port, {});
        ASSERT_TRUE(client.connected());
        client.read(1);
      },
      [](Served served) -> Task<void> {
        EXPECT_TRUE(served);
        if (!served) co_return;
        (*served)->set_deadline(Clock::now() + 20ms);
        std::array<char, 4> buffer;
        const auto count = co_await (*served)->read_some(buffer);
        EXPECT_FALSE(count);
        if (!count) {
          EXPECT_EQ(count.error().kind, ErrorKind::timed_out);
        }
        (*served)->close();
      });
}

TEST(TlsContext, NamesFaults) {
  const KeyPair good = make_pair("a.example");
  const KeyPair other = make_pair("b.example");
  const auto fault = [](const TlsServerOptions& options) {
    const auto made = TlsContext::create(options, std::make_shared<TicketKeys>());
    return made ? "" : made.error().front().path + ": " + made.error().front().text;
  };
  EXPECT_EQ(fault({.pairs = {good}, .client_ca = "", .protocols = {}}), "");
  EXPECT_EQ(fault({.pairs = {{"p", "", good.key}}, .client_ca = "", .protocols = {}}),
            "p: holds no PEM certificate");
  EXPECT_EQ(fault({.pairs = {{"p", "certs/shop.pem", good.key}}, .client_ca = "", .protocols = {}}),
            "p: holds no PEM certificate: give the text of the file");
  EXPECT_EQ(
      fault({.pairs = {{"p", good.certificate, other.key}}, .client_ca = "", .protocols = {}}),
      "p: the key does not belong to the certificate");
  EXPECT_TRUE(fault({.pairs = {{"p", good.certificate, "junk"}}, .client_ca = "", .protocols = {}})
                  .starts_with("p: the key is not an unencrypted PEM private key"));
  EXPECT_EQ(fault({.pairs = {good}, .client_ca = "junk", .protocols = {}}),
            "caCertBase64: holds no PEM certificate");
}

}  // namespace
}  // namespace sluice::net
