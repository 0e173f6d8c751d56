// SPDX-License-Identifier: Apache-2.0
// For bench/attacks.py: a TLS 1.3 client of HTTP/2 that asks for a large answer, reads nothing, and
// asks for key updates as long as it is listened to. key_updates PORT SECONDS; prints how many it
// sent.
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  std::signal(SIGPIPE, SIG_IGN);
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::seconds(std::atoi(argv[2]));
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(static_cast<std::uint16_t>(std::atoi(argv[1])));
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket, reinterpret_cast<sockaddr*>(&where), sizeof where) != 0) return 1;
  const timeval patience{1, 0};
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
  SSL* const ssl = SSL_new(context);
  SSL_set_fd(ssl, socket);
  constexpr unsigned char kProtocols[] = {2, 'h', '2'};
  SSL_set_alpn_protos(ssl, kProtocols, sizeof kProtocols);
  if (SSL_connect(ssl) != 1) return 1;
  // Preface, SETTINGS with the largest window, as much for the connection, GET /big on stream 1.
  constexpr std::string_view kRequest(
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
      "\0\0\x06\x04\0\0\0\0\0\0\x04\x7f\xff\xff\xff"
      "\0\0\x04\x08\0\0\0\0\0\x7f\x00\x00\x00"
      "\0\0\x0b\x01\x05\0\0\0\x01\x82\x87\x04\x04/big\x01\x01"
      "a",
      24 + 15 + 13 + 20);
  if (SSL_write(ssl, kRequest.data(), static_cast<int>(kRequest.size())) <= 0) return 1;
  long sent = 0;
  while (Clock::now() < end && SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED) == 1 &&
         SSL_do_handshake(ssl) == 1)
    ++sent;
  std::printf("%ld\n", sent);
  std::fflush(stdout);
  while (Clock::now() < end) ::usleep(100'000);
  return 0;
}
