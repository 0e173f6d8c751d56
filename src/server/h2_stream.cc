// SPDX-License-Identifier: Apache-2.0
#include "server/h2_stream.h"

#include <algorithm>
#include <utility>

#include "http/h2/response_head.h"
#include "server/limits.h"

namespace sluice::server {

using http::Cause;
using http::h2::ErrorCode;

class H2Stream::BodyStream final : public http::BodyReader {
 public:
  explicit BodyStream(H2Stream& stream) : stream_(stream) {}
  Task<Result<std::string_view>> read() override { return stream_.read_body(); }
  std::unique_ptr<http::Headers> take_trailers() override { return std::move(stream_.trailers_); }

 private:
  H2Stream& stream_;
};

H2Stream::H2Stream(H2Context& connection)
    : connection_(connection),
      served_(connection.server(), connection.peer(), connection.memory()),
      incoming_memory_(*connection.memory(), MemoryUse::request_bodies),
      body_ready_(connection.loop()),
      sent_(connection.loop()) {}

void H2Stream::begin() {
  served_.clear();
  served_.begin();
}

// --- Events: only taken note of

void H2Stream::on_head(const http::h2::RequestHead& head, bool ended) {
  served_.head_complete(head.bytes());
  connection_.add_heads(served_.head_bytes());
  head_complete_ = true;
  ended_ = ended;
  has_body_ = !ended;
  length_ = head.content_length();
  expects_continue_ = head.expects_continue();
  refusal_ = head.refusal();
  if (refusal_ != 0) reason_ = head.reason();
  body_progress_ = Progress(served_.spec().body_timeout);
  sent_progress_ = Progress(served_.spec().write_timeout);
  schedule();
}

void H2Stream::on_data(std::string_view bytes) {
  if (early_end_) return discard(bytes.size());
  incoming_ += bytes;
  charge_incoming();
  if (body_ready_.has_waiter()) schedule();
}

void H2Stream::on_trailers(std::unique_ptr<http::Headers> trailers) {
  const std::size_t before = served_.head_bytes();
  served_.add_trailers(*trailers);
  connection_.add_heads(served_.head_bytes() - before);
  trailers_ = std::move(trailers);
}

void H2Stream::on_end() {
  ended_ = true;
  if (body_ready_.has_waiter()) schedule();
}

// Lets the client send for a moment longer, as with HTTP/1: a client that is still sending reads
// the response only if its stream is not reset at once.
void H2Stream::on_early_end() {
  early_end_ = true;
  record({served_.exchange().client_response()->status});
  stop_due_ = Clock::now() + kLingerTimeout;
  connection_.watch(stop_due_);
  discard(std::exchange(incoming_, {}).size());
}

void H2Stream::discard(std::size_t bytes) {
  // Each byte returns to the connection's window, even if the stream is reset.
  connection_.session().consume(id, bytes);
  discarded_ += bytes;
  if (discarded_ > kDrainBytesMax) connection_.session().reset(id, ErrorCode::no_error);
}

void H2Stream::on_close(ErrorCode code, bool by_client) {
  closed_ = true;
  code_ = code;
  by_client_ = by_client;
  if (!by_client && code != ErrorCode::no_error && !given_up_)
    reason_ = connection_.session().fault_of(id, code);
  connection_.session().consume_closed(incoming_.size());
  connection_.closed().push_back(this);
}

http::h2::SessionStream::Offer H2Stream::offer() { return {unsent_.size(), last_piece_}; }

std::string_view H2Stream::take(std::size_t size) {
  const std::string_view piece = unsent_.substr(0, size);
  unsent_.remove_prefix(piece.size());
  const TimePoint now = Clock::now();
  sent_progress_.end(now, piece.size());
  sent_due_ = unsent_.empty() ? TimePoint::max() : sent_progress_.begin(now);
  if (unsent_.empty() && sent_.has_waiter()) schedule();
  return piece;
}

// --- The exchange

void H2Stream::schedule() {
  if (!std::exchange(scheduled_, true)) connection_.ready().push_back(this);
}

void H2Stream::advance() {
  scheduled_ = false;
  if (closed_) return;
  if (!started_) {
    started_ = true;
    task_ = serve();
    task_.start();
  } else if (body_ready_.has_waiter() && (!incoming_.empty() || ended_ || body_timed_out_)) {
    body_ready_.notify_now();
  } else if (sent_.has_waiter() && unsent_.empty()) {
    sent_.notify_now();
  }
  if (task_.done()) task_.take();
}

Task<void> H2Stream::serve() {
  if (holds_too_many_heads()) {
    refuse_stream(observe::Limit::connection_heads);
    co_return;
  }
  if (refusal_ != 0 && !superseded()) {
    served_.refuse(http::refusal_of_head(refusal_), "refused: " + reason_);
  } else {
    const Answer answer = co_await served_.answer(*this);
    if (answer == Answer::none) co_return;
  }
  http::Response& response = *served_.exchange().client_response();
  const bool with_content = http::h2::has_content(response, served_.method());
  last_piece_ = !response.body.is_stream();
  unsent_ = response.body.bytes();
  trailers_out_ = response.body.trailers();
  responding_ = true;
  connection_.session().submit_response(id, response, with_content, connection_.date());
  connection_.flush();
  if (!unsent_.empty()) wait_for_client();
  if (with_content && response.body.is_stream()) co_await send_stream(*response.body.reader());
}

bool H2Stream::refuses() {
  if (!served_.sheds(Pressure::streams)) return false;
  refuse_stream(observe::Limit::memory_streams);
  return true;
}

Task<bool> H2Stream::send_continue() {
  connection_.session().submit_interim(id, 100);
  connection_.flush();
  co_return true;
}

std::unique_ptr<http::BodyReader> H2Stream::body() { return std::make_unique<BodyStream>(*this); }

void H2Stream::send_interim(int status, const http::Headers& headers) {
  if (closed_ || given_up_ || responding_ || !http::is_passed_on_interim(status)) return;
  for (const http::Field& field : headers)
    interim_bytes_ += field.name.size() + field.value.size() + http::h2::kFieldOverhead;
  if (interim_bytes_ > kInterimBytesMax) return;
  connection_.session().submit_interim(id, status, headers);
  connection_.flush();
}

// Back-pressure: the client may send more only when bytes are passed to the reader.
Task<Result<std::string_view>> H2Stream::read_body() {
  if (incoming_.empty() && !ended_) {
    body_due_ = body_progress_.begin(Clock::now());
    connection_.watch(body_due_);
    co_await body_ready_.wait();
    body_due_ = TimePoint::max();
    body_progress_.end(Clock::now(), incoming_.size());
  }
  if (body_timed_out_) co_return fail(ErrorKind::timed_out, "the client sent the body too slowly");
  reading_.clear();
  std::swap(reading_, incoming_);
  charge_incoming();
  if (!reading_.empty()) {
    connection_.session().consume(id, reading_.size());
    connection_.flush();
  }
  co_return std::string_view(reading_);
}

Task<void> H2Stream::send_stream(http::BodyReader& reader) {
  while (true) {
    const auto piece = co_await reader.read();
    if (!piece) {  // cut short: the client must see it
      give_up(Cause::response_broken_off, "response body: " + piece.error().message);
      co_return;
    }
    unsent_ = *piece;
    last_piece_ = piece->empty();
    if (last_piece_) streamed_trailers_ = reader.take_trailers();
    trailers_out_ = streamed_trailers_.get();
    connection_.session().resume(id);
    connection_.flush();
    if (last_piece_) co_return;
    wait_for_client();
    co_await sent_.wait();
  }
}

void H2Stream::wait_for_client() {
  sent_due_ = sent_progress_.begin(Clock::now());
  connection_.watch(sent_due_);
}

void H2Stream::give_up(http::Cause cause, std::string tag) {
  given_up_ = true;
  cut_ = cause;
  served_.exchange().add_tag(std::move(tag));
  connection_.session().reset(id, ErrorCode::internal_error);
  connection_.flush();
}

// Heads are small on the wire and large in memory: on the wire they refer to the table of header
// compression.
bool H2Stream::holds_too_many_heads() const {
  const std::size_t all = connection_.head_bytes();
  return all > kConnectionHeadBytesMax && all > served_.head_bytes();
}

// RFC 9113 section 8.7: the client may send a refused request again, elsewhere or later.
void H2Stream::refuse_stream(observe::Limit limit) {
  const bool heads = limit == observe::Limit::connection_heads;
  served_.refuse({503, heads ? Cause::connection_heads : Cause::memory_budget}, "");
  served_.note_refusal(limit);
  given_up_ = true;
  responding_ = true;
  if (limit == observe::Limit::memory_streams) connection_.session().pardon_reset();
  connection_.session().reset(id, ErrorCode::refused_stream);
  connection_.flush();
}

// --- Time

TimePoint H2Stream::due() const {
  if (closed_ || given_up_) return TimePoint::max();
  // The reader of the body may be gone after an early end, so the body's deadline does not count
  // then.
  return early_end_ ? stop_due_ : std::min(body_due_, sent_due_);
}

void H2Stream::expire() {
  if (early_end_) {
    stop_due_ = TimePoint::max();
    connection_.session().reset(id, ErrorCode::no_error);
  } else if (body_due_ <= sent_due_) {
    body_due_ = TimePoint::max();
    body_timed_out_ = true;
    schedule();
  } else {
    give_up(Cause::response_unread, "the client took the response too slowly");
  }
}

void H2Stream::on_input_end() {
  if (ended_ || closed_ || early_end_) return;
  cut_off_ = true;
  connection_.session().reset(id, ErrorCode::cancel);
}

// --- The end

// Returns 499 if the client left.
http::Refusal H2Stream::final_outcome() {
  if (!head_complete_) {
    const http::Refusal refusal{400, reason_.empty() ? Cause::head_cut_off : Cause::stream_error};
    served_.refuse(refusal, "refused: " + (reason_.empty() ? "the head is incomplete" : reason_));
    return refusal;
  }
  const bool done = closed_ && responding_ && (code_ == ErrorCode::no_error || given_up_);
  if (done && !by_client_) return {served_.exchange().client_response()->status, cut_};
  if (!closed_ || by_client_ || cut_off_) return served_.left();
  served_.exchange().add_tag("refused: " + reason_);
  return {400, Cause::stream_error};
}

void H2Stream::record(http::Refusal end) {
  recorded_ = true;
  served_.record(end, bytes_received, bytes_sent);
}

void H2Stream::conclude() {
  task_.reset();
  if (!recorded_) record(final_outcome());
}

bool H2Stream::clear() {
  task_.reset();
  const std::size_t head_bytes = served_.head_bytes();
  connection_.subtract_heads(head_bytes);
  served_.clear();
  incoming_memory_.clear();
  length_.reset();
  refusal_ = 0;
  reason_.clear();
  expects_continue_ = head_complete_ = ended_ = has_body_ = body_timed_out_ = false;
  last_piece_ = responding_ = started_ = closed_ = by_client_ = given_up_ = cut_off_ = false;
  incoming_.clear();
  reading_.clear();
  trailers_.reset();
  unsent_ = {};
  trailers_out_ = nullptr;
  streamed_trailers_.reset();
  body_due_ = sent_due_ = stop_due_ = TimePoint::max();
  early_end_ = recorded_ = false;
  discarded_ = interim_bytes_ = 0;
  code_ = ErrorCode::no_error;
  cut_ = Cause::none;
  scheduled_ = false;
  return bytes_received + bytes_sent <= kSpareStreamBytesMax && head_bytes <= kSpareHeadBytesMax;
}

}  // namespace sluice::server
