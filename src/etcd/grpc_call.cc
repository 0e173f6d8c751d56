// SPDX-License-Identifier: Apache-2.0
#include "etcd/grpc_call.h"

#include <algorithm>
#include <utility>

#include "http/body.h"

namespace sluice::etcd {

using http::h2::ErrorCode;

namespace {

// Announces a body without a length. offer() and take() give its bytes.
class NoReader final : public http::BodyReader {
 public:
  Task<Result<std::string_view>> read() override { co_return std::string_view(); }
};

http::Request request_of(const GrpcHead& head) {
  http::Request request;
  request.method = "POST";
  request.host = head.authority;
  request.escaped_path = head.path;
  request.wants_trailers = true;
  request.headers.add("content-type", "application/grpc");
  request.headers.add("user-agent", "sluice");
  if (head.timeout > Duration{}) request.headers.add("grpc-timeout", timeout_value(head.timeout));
  if (!head.token.empty()) request.headers.add("token", head.token);
  if (head.needs_leader) request.headers.add("hasleader", "true");
  request.body = http::Body(std::make_unique<NoReader>(), std::nullopt);
  return request;
}

}  // namespace

GrpcCall::GrpcCall(std::shared_ptr<GrpcConnection> connection, std::size_t message_bytes_max)
    : connection_(std::move(connection)),
      frames_(message_bytes_max),
      changed_(connection_->loop()) {
  connection_->add(*this);
}

GrpcCall::~GrpcCall() { connection_->remove(*this, id_); }

bool GrpcCall::open(const GrpcHead& head) {
  if (!connection_->open()) return false;
  id_ = connection_->session().open(*this, request_of(head), {}, connection_->is_secure(), true);
  return id_ != 0;
}

void GrpcCall::send(std::string_view framed, bool last) {
  if (taken_ == outgoing_.size()) {
    outgoing_.clear();
    taken_ = 0;
  }
  outgoing_.append(framed);
  sends_last_ = last;
  if (id_ == 0) return;
  connection_->session().resume(id_);
  connection_->pump();
}

http::h2::SessionStream::Offer GrpcCall::offer() {
  return {outgoing_.size() - taken_, sends_last_};
}

std::string_view GrpcCall::take(std::size_t size) {
  const std::string_view part = std::string_view(outgoing_).substr(taken_, size);
  taken_ += part.size();
  sent_all_ = sent_all_ || taken_ == outgoing_.size();
  return part;
}

Task<GrpcCall::Received> GrpcCall::receive(TimePoint deadline) {
  while (true) {
    if (frames_.has_message()) {
      message_ = frames_.take();
      co_return Received::message;
    }
    if (frames_.fault() != GrpcFrames::FrameFault::none) {
      has_end_ = true;  // whatever status follows
      end_ = fault_of_frames();
    }
    if (has_end_) co_return Received::end;
    take_unread();
    if (loop::EventLoop::now() >= deadline) co_return Received::nothing;
    const bool notified = co_await changed_.wait(deadline);
    if (!notified && !frames_.has_message() && !has_end_) co_return Received::nothing;
  }
}

void GrpcCall::take_unread() {
  if (unread_ == 0 || id_ == 0) return;
  connection_->session().consume(id_, std::exchange(unread_, 0));
  connection_->pump();
}

CallEnd GrpcCall::fault_of_frames() const {
  if (frames_.fault() == GrpcFrames::FrameFault::compressed)
    return {Status::internal, "the answer is compressed, though no compression was offered"};
  return {Status::resource_exhausted, "the answer is too large: read it in parts"};
}

// --- What the session reports

void GrpcCall::on_head(std::optional<std::uint64_t>, bool) {
  heard_at_ = loop::EventLoop::now();
  const auto type = response_.headers.get("content-type");
  is_grpc_ = response_.status == 200 && type && type->starts_with("application/grpc");
}

void GrpcCall::on_data(std::string_view bytes) {
  heard_at_ = loop::EventLoop::now();
  unread_ += bytes.size();
  if (!is_grpc_) return;
  frames_.feed(bytes);
  changed_.notify();
}

void GrpcCall::on_trailers(std::unique_ptr<http::Headers> trailers) {
  if (auto end = is_grpc_ ? end_in(*trailers) : std::nullopt) finish(std::move(*end));
}

// The end without trailers, or the head is all there is.
void GrpcCall::on_end() {
  if (has_end_) return;
  if (auto end = end_in(response_.headers)) {
    finish(std::move(*end));
  } else if (!is_grpc_) {
    finish(end_of_http(response_.status));
  } else {
    finish({Status::internal, "the answer has no gRPC status"});
  }
}

void GrpcCall::on_close(ErrorCode code) {
  id_ = 0;
  unprocessed_ = code == ErrorCode::refused_stream;
  finish(end_of_reset(code));
}

void GrpcCall::on_lost() {
  id_ = 0;
  finish({Status::unavailable, std::string(connection_->reason())});
}

// The first end counts.
void GrpcCall::finish(CallEnd end) {
  if (std::exchange(has_end_, true)) return;
  end_ = std::move(end);
  changed_.notify();
}

}  // namespace sluice::etcd
