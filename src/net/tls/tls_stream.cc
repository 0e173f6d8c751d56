// SPDX-License-Identifier: Apache-2.0
#include "net/tls/tls_stream.h"

#include <utility>

#include "net/tls/credentials.h"
#include "net/tls/tls_session.h"

namespace sluice::net {
namespace {

class TlsStream final : public Stream {
 public:
  explicit TlsStream(std::shared_ptr<TlsSession> session) : session_(std::move(session)) {}
  ~TlsStream() override { session_->abandon(); }

  void set_deadline(TimePoint when) override { session_->set_deadline(when); }
  void clear_deadline() override { session_->clear_deadline(); }
  void set_patience(Duration patience) override { session_->set_patience(patience); }
  void close() override { session_->close(); }
  void shutdown_write() override { session_->shutdown_write(); }
  void rest() override { session_->rest(); }
  bool is_open() const override { return session_->is_open(); }
  const std::string& peer_address() const override { return session_->peer_address(); }
  bool is_secure() const override { return true; }
  bool ended_cleanly() const override { return session_->ended_cleanly(); }
  std::string_view protocol() const override { return session_->protocol(); }
  [[nodiscard]] std::string peer_common_name() const {
    return tls::common_name_of_peer(session_->ssl());
  }
  [[nodiscard]] const std::shared_ptr<const PeerCertificates>& certificates() const {
    return certificates_;
  }
  // After the handshake of a server.
  void read_certificates() { certificates_ = tls::certificates_of_peer(session_->ssl()); }

 protected:
  bool start_read(std::span<char> buffer, Operation& operation) override {
    return session_->start_read(buffer, operation);
  }
  bool start_write(std::string_view bytes, Operation& operation) override {
    return session_->start_write(bytes, operation);
  }
  bool start_closed(Operation& operation, bool whole) override {
    return session_->start_closed(operation, whole);
  }
  void cancel(Operation& operation) override { session_->cancel(operation); }

 private:
  std::shared_ptr<TlsSession> session_;
  std::shared_ptr<const PeerCertificates> certificates_;
};

}  // namespace

Task<Result<std::unique_ptr<Stream>>> accept_tls(loop::EventLoop& loop,
                                                 std::unique_ptr<Stream> transport,
                                                 std::shared_ptr<const TlsContext> context,
                                                 TimePoint deadline) {
  ssl_st* const ssl = context->new_session();
  auto session = std::make_shared<TlsSession>(loop, std::move(transport), ssl, std::move(context));
  auto stream = std::make_unique<TlsStream>(session);  // a cancelled task abandons the session
  SLUICE_CO_CHECK(co_await session->handshake(deadline));
  stream->read_certificates();
  co_return stream;
}

Task<Result<std::unique_ptr<Stream>>> connect_tls(loop::EventLoop& loop,
                                                  std::unique_ptr<Stream> transport,
                                                  std::shared_ptr<const TlsClientContext> context,
                                                  std::shared_ptr<TlsTickets> tickets,
                                                  std::string host, TimePoint deadline) {
  ssl_st* const ssl = context->new_session(host, *tickets);
  const auto kept = std::make_shared<
      std::pair<std::shared_ptr<const TlsClientContext>, std::shared_ptr<TlsTickets>>>(
      std::move(context), std::move(tickets));
  auto session = std::make_shared<TlsSession>(loop, std::move(transport), ssl, kept);
  auto stream = std::make_unique<TlsStream>(session);
  SLUICE_CO_CHECK(co_await session->handshake(deadline));
  co_return stream;
}

std::string peer_common_name(const Stream& stream) {
  const auto* secure = dynamic_cast<const TlsStream*>(&stream);
  return secure != nullptr ? secure->peer_common_name() : "";
}

std::shared_ptr<const PeerCertificates> peer_certificates(const Stream& stream) {
  const auto* secure = dynamic_cast<const TlsStream*>(&stream);
  return secure != nullptr ? secure->certificates() : nullptr;
}

}  // namespace sluice::net
