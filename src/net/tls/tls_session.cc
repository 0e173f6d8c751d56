// SPDX-License-Identifier: Apache-2.0
#include "net/tls/tls_session.h"

#include <openssl/buffer.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <utility>

#include "net/failures.h"

namespace sluice::net {
namespace {

// The least input buffer. A busy session grows it to take a record at a time.
constexpr std::size_t kInputBytesMin = 1 << 10;
constexpr std::size_t kInputBytesMax = 16 << 10;
constexpr std::size_t kChunkBytes = 64 << 10;   // sealed in one go
constexpr std::size_t kRestBytesMax = 4 << 10;  // kept of an empty buffer
// The most unsent answers to a peer that does not read: a hundred key updates and more.
constexpr std::size_t kUnreadAnswersMax = 4 << 10;
constexpr auto kFarewellMax = std::chrono::seconds(1);

// The caller of accept_tls() tells a client without TLS, and one without the certificate that is
// asked for, from others.
ErrorKind kind_of_failure(const SSL* session, int reason) {
  if (SSL_is_server(session) == 0) return ErrorKind::invalid;
  if (reason == SSL_R_HTTP_REQUEST || reason == SSL_R_HTTPS_PROXY_REQUEST)
    return ErrorKind::not_found;
  const bool lacks_certificate = reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE ||
                                 SSL_get_verify_result(session) != X509_V_OK;
  return lacks_certificate ? ErrorKind::forbidden : ErrorKind::invalid;
}

std::unexpected<Error> protocol_failure(const SSL* session) {
  const auto error = ERR_peek_last_error();
  const ErrorKind kind = kind_of_failure(session, ERR_GET_REASON(error));
  const char* reason = ERR_reason_error_string(error);
  std::string text = "TLS: ";
  text += reason != nullptr ? reason : "protocol error";
  ERR_clear_error();
  if (const long fault = SSL_get_verify_result(session); fault != X509_V_OK) {
    text.append(": ").append(X509_verify_cert_error_string(fault));
  }
  return fail(kind, std::move(text));
}

// Shrinks an empty buffer to `kept` bytes.
void shrink(BIO* buffer, std::size_t kept) {
  BUF_MEM* memory = nullptr;
  BIO_ctrl(buffer, BIO_C_GET_BUF_MEM_PTR, 0, &memory);
  if (memory == nullptr || memory->max <= kept || memory->length > 0) return;
  if (BUF_MEM* const fresh = BUF_MEM_new()) BIO_ctrl(buffer, BIO_C_SET_BUF_MEM, BIO_CLOSE, fresh);
}

}  // namespace

TlsSession::TlsSession(loop::EventLoop& loop, std::unique_ptr<Stream> transport, ssl_st* session,
                       std::shared_ptr<const void> context)
    : loop_(loop),
      on_core_(loop),
      transport_(std::move(transport)),
      context_(std::move(context)),
      session_(session),
      received_(BIO_new(BIO_s_mem())),
      produced_(BIO_new(BIO_s_mem())),
      input_size_(kInputBytesMin),
      output_memory_(loop.memory(), MemoryUse::connections) {
  if (session_ == nullptr || received_ == nullptr || produced_ == nullptr) {
    BIO_free(received_);
    BIO_free(produced_);
    open_ = false;
    return;
  }
  BIO_set_mem_eof_return(received_, -1);  // an empty buffer means: wait for more
  SSL_set_bio(session_, received_, produced_);
}

TlsSession::~TlsSession() { SSL_free(session_); }

std::string_view TlsSession::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(session_, &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

Task<Result<void>> TlsSession::handshake(TimePoint deadline) {
  if (!open_) co_return fail(ErrorKind::unavailable, "out of memory");
  transport_->set_deadline(deadline);
  Result<void> outcome;
  bool done = false;
  while (!done) {
    ERR_clear_error();
    const int code = SSL_do_handshake(session_);
    const bool wants_more = code != 1 && SSL_get_error(session_, code) == SSL_ERROR_WANT_READ;
    if (code != 1 && !wants_more) outcome = protocol_failure(session_);
    const auto sent = co_await flush();  // includes the alert
    if (outcome && !sent) outcome = std::unexpected(sent.error());
    done = code == 1 || !outcome;
    if (done) continue;
    const auto count = co_await transport_->read_into(*this);
    if (!count) {
      outcome = std::unexpected(count.error());
    } else if (*count == 0) {
      outcome = fail(ErrorKind::closed, "the peer left during the TLS handshake");
    } else {
      feed(*count);
    }
    done = !outcome;
  }
  transport_->clear_deadline();
  if (!outcome) close();
  co_return outcome;
}

// Sends everything produced so far to the transport.
Task<Result<void>> TlsSession::flush() {
  while (fill_output()) {
    auto sent = co_await transport_->write_all(output_);
    if (!sent) co_return sent;
  }
  co_return Result<void>();
}

// Moves OpenSSL's output to output_; if there is none, seals the next part of unsent_.
bool TlsSession::fill_output() {
  if (BIO_pending(produced_) == 0 && !unsent_.empty()) {
    const std::string_view chunk = unsent_.substr(0, kChunkBytes);
    std::size_t written = 0;
    ERR_clear_error();
    if (SSL_write_ex(session_, chunk.data(), chunk.size(), &written) != 1) {
      ERR_clear_error();
      broken_ = true;
      return false;
    }
    unsent_.remove_prefix(chunk.size());
  }
  output_.resize(static_cast<std::size_t>(BIO_pending(produced_)));
  if (output_.empty()) return false;
  if (output_.capacity() > kRestBytesMax) output_memory_.set(2 * output_.capacity());
  BIO_read(produced_, output_.data(), static_cast<int>(output_.size()));
  return true;
}

// Before a wait, gives back the memory with which a large message has grown the buffers.
void TlsSession::shrink_input() {
  if (input_size_ != kInputBytesMin) return;
  shrink(received_, kRestBytesMax);
  if (input_.size() > kInputBytesMin) std::string().swap(input_);  // an assignment would keep it
}

// The buffer for the transport's bytes.
std::span<char> TlsSession::room() {
  if (input_.size() != input_size_) input_ = std::string(input_size_, '\0');
  return input_;
}

void TlsSession::rest() {
  std::string().swap(input_);
  if (!open_ || sending_out_) return;
  std::string().swap(output_);
  shrink(received_, 0);
  shrink(produced_, 0);
}

void TlsSession::feed(std::size_t count) {
  BIO_write(received_, input_.data(), static_cast<int>(count));
  input_size_ = count == input_.size() ? kInputBytesMax : kInputBytesMin;
}

// --- Input

bool TlsSession::refuse(Stream::Operation& operation) const {
  if (!is_open()) {
    operation.result = connection_closed();
    return true;
  }
  if (expired_) operation.result = deadline_passed();
  return expired_;
}

bool TlsSession::start_read(std::span<char> buffer, Stream::Operation& operation) {
  on_core_.here();
  if (refuse(operation)) return true;
  buffer_ = buffer;
  if (try_read(operation)) {
    if (awaits_end()) look_later();  // these bytes may have hidden the end
    return true;
  }
  read_ = starting_ = &operation;
  need_input();
  starting_ = nullptr;
  return read_ != &operation;
}

// Returns true with the outcome in the operation; false if there is nothing to read yet.
bool TlsSession::try_read(Stream::Operation& operation) {
  if (!ended_ && BIO_pending(received_) == 0 && SSL_has_pending(session_) == 0) return false;
  const std::span<char> buffer = operation.target(buffer_);
  std::size_t count = 0;
  ERR_clear_error();
  const int code = SSL_read_ex(session_, buffer.data(), buffer.size(), &count);
  send_answers();
  if (code == 1) {
    operation.result = count;
    return true;
  }
  note_end(SSL_get_error(session_, code));
  if (ended_) operation.result = end_;
  return ended_;
}

// Sends the output that reading has made OpenSSL write into memory: answers to key updates, and
// alerts. Ends the input if kUnreadAnswersMax is exceeded: otherwise a peer that asks on without
// reading would fill the memory (RFC 8446 section 4.6.3).
void TlsSession::send_answers() {
  const auto waiting = static_cast<std::size_t>(BIO_pending(produced_));
  if (waiting == 0) return;
  if (!flushing_ || waiting <= kUnreadAnswersMax) return need_output();
  if (std::exchange(ended_, true)) return;
  end_ = fail(ErrorKind::invalid, "TLS: the peer does not read the answers that it asks for");
}

// `error`: why the read returned nothing.
void TlsSession::note_end(int error) {
  if (error == SSL_ERROR_WANT_READ || ended_) return;
  ended_ = true;
  said_goodbye_ = error == SSL_ERROR_ZERO_RETURN;
  if (!said_goodbye_) end_ = protocol_failure(session_);
}

bool TlsSession::data_waits() {
  char byte = 0;
  std::size_t count = 0;
  ERR_clear_error();
  const int code = SSL_peek_ex(session_, &byte, 1, &count);
  send_answers();
  if (code == 1) return true;
  note_end(SSL_get_error(session_, code));
  ERR_clear_error();
  return false;
}

// data_waits() may find the end behind the data, so ended_ is tested again.
bool TlsSession::wants_input() {
  if (!is_open() || ended_) return false;
  return read_ != nullptr || (awaits_end() && !data_waits() && !ended_);
}

void TlsSession::need_input() {
  if (taking_in_ || !wants_input()) return advance();
  taking_in_ = true;
  loop_.spawn(take_in(shared_from_this()));
}

Task<void> TlsSession::take_in(std::shared_ptr<TlsSession> self) {
  while (self->wants_input()) {
    self->shrink_input();
    const auto count = co_await self->transport_->read_into(*self);
    if (count && *count > 0) {
      self->feed(*count);
    } else {
      self->ended_ = true;
      self->end_ = count ? Result<std::size_t>(0) : std::unexpected(count.error());
    }
    self->advance();
  }
  self->taking_in_ = false;
}

// Passes the input to the waiting operations. From inside a start_…(), no other operation is
// resumed: its coroutine might destroy the caller.
void TlsSession::advance() {
  const bool others = starting_ != nullptr && ((read_ != nullptr && read_ != starting_) ||
                                               (awaits_end() && closed_ != starting_));
  if (others) look_later();
  if (read_ != nullptr && (starting_ == nullptr || starting_ == read_) && try_read(*read_)) {
    auto outcome = read_->result;
    resolve(read_, std::move(outcome));
  }
  if (!awaits_end() || (starting_ != nullptr && starting_ != closed_)) return;
  const bool waits = data_waits();
  if (ended_ && !waits) resolve(closed_, 0);
}

void TlsSession::look_later() {
  loop_.post([self = shared_from_this()] { self->need_input(); });
}

void TlsSession::resolve(Stream::Operation*& slot, Result<std::size_t> outcome) {
  Stream::Operation* operation = std::exchange(slot, nullptr);
  if (operation == nullptr) return;
  operation->result = std::move(outcome);
  if (operation != starting_) operation->finish();
}

bool TlsSession::start_closed(Stream::Operation& operation, bool whole) {
  on_core_.here();
  if (!is_open()) {
    operation.result = connection_closed();
    return true;
  }
  closed_ = starting_ = &operation;
  closed_whole_ = whole;
  if (!whole) {
    need_input();
  } else if (broken_) {
    note_broken();
  } else if (!std::exchange(watching_, true)) {
    loop_.spawn(watch_transport(shared_from_this()));
  }
  starting_ = nullptr;
  return closed_ != &operation;
}

// Runs from the first broken() until the transport closes.
Task<void> TlsSession::watch_transport(std::shared_ptr<TlsSession> self) {
  const bool broken = co_await self->transport_->broken();
  if (broken) self->note_broken();
}

void TlsSession::note_broken() {
  broken_ = true;
  if (closed_whole_) resolve(closed_, 0);
}

// --- Output

bool TlsSession::start_write(std::string_view bytes, Stream::Operation& operation) {
  on_core_.here();
  if (refuse(operation)) return true;
  if (broken_ || shut_down_) {
    operation.result = connection_closed();
    return true;
  }
  unsent_ = bytes;
  write_ = starting_ = &operation;
  need_output();
  starting_ = nullptr;
  return write_ != &operation;
}

void TlsSession::need_output() {
  if (sending_out_) return;
  sending_out_ = true;
  loop_.spawn(send_out(shared_from_this()));
}

Task<void> TlsSession::send_out(std::shared_ptr<TlsSession> self) {
  bool more = true;
  while (more) {
    self->flushing_ = true;
    const auto sent = co_await self->flush();
    self->flushing_ = false;
    if (!sent || self->broken_) {
      self->broken_ = true;
      self->resolve(self->write_, sent ? Result<std::size_t>(connection_closed())
                                       : std::unexpected(sent.error()));
      self->note_broken();
      break;
    }
    self->resolve(self->write_, 0);
    more = !self->unsent_.empty() || BIO_pending(self->produced_) > 0;
  }
  if (self->output_.capacity() > kRestBytesMax) {
    std::string().swap(self->output_);
    shrink(self->produced_, kRestBytesMax);
    self->output_memory_.clear();
  }
  self->sending_out_ = false;
  if (!self->open_) {
    self->transport_->close();
  } else if (self->shut_down_) {
    self->transport_->shutdown_write();
  }
}

void TlsSession::shutdown_write() {
  if (std::exchange(shut_down_, true)) return;
  ERR_clear_error();
  SSL_shutdown(session_);
  ERR_clear_error();
  need_output();
}

// --- The end

void TlsSession::cancel(Stream::Operation& operation) {
  if (read_ == &operation) read_ = nullptr;
  if (closed_ == &operation) closed_ = nullptr;
  if (write_ != &operation) return;
  write_ = nullptr;
  unsent_ = {};
}

void TlsSession::close() {
  if (!open_) return;
  // Without a close_notify, the client could not tell the end from an attack (RFC 8446 section
  // 6.1).
  if (!broken_ && SSL_is_init_finished(session_) == 1) shutdown_write();
  open_ = false;
  timer_.reset();
  timer_at_ = TimePoint::max();
  unsent_ = {};
  if (sending_out_ && !flushing_) {
    // The caller is the writer that send_out() has just resumed. send_out() continues with the
    // close_notify.
    transport_->set_deadline(loop::EventLoop::now() + kFarewellMax);
  } else {
    transport_->close();
  }
  loop_.post([self = shared_from_this()] {
    for (Stream::Operation** slot : {&self->read_, &self->write_, &self->closed_}) {
      self->resolve(*slot, connection_closed());
    }
  });
}

void TlsSession::abandon() {
  for (Stream::Operation** slot : {&read_, &write_, &closed_}) {
    if (Stream::Operation* operation = std::exchange(*slot, nullptr)) operation->abandon();
  }
  close();
}

void TlsSession::set_deadline(TimePoint when) {
  deadline_ = when;
  expired_ = false;
  if (when < timer_at_ && open_) arm(when);
}

void TlsSession::clear_deadline() {
  deadline_ = TimePoint::max();
  expired_ = false;
}

void TlsSession::arm(TimePoint when) {
  timer_at_ = when;
  timer_ = loop::EventLoop::Timer(loop_, when, [this] { on_timer(); });
}

// The transport has no deadline: its pending read continues, and the bytes are kept for later.
void TlsSession::on_timer() {
  timer_at_ = TimePoint::max();
  if (deadline_ == TimePoint::max()) return;
  if (loop::EventLoop::now() < deadline_) return arm(deadline_);
  expired_ = true;
  const auto self = shared_from_this();
  resolve(read_, deadline_passed());
  unsent_ = {};
  resolve(write_, deadline_passed());
}

}  // namespace sluice::net
