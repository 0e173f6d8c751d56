// SPDX-License-Identifier: Apache-2.0
#include "http/h2/session.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "http/h2/field_block.h"
#include "http/h2/session_callbacks.h"
#include "http/h2/session_state.h"
#include "http/trailers.h"

namespace sluice::http::h2 {
namespace {

constexpr std::size_t kSettingBytes = 6;
constexpr std::int64_t kWindowMax = 0x7fffffff;

OptionPtr make_options(const SessionLimits& limits) {
  nghttp2_option* option = nullptr;
  if (nghttp2_option_new(&option) != 0) return nullptr;
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_no_recv_client_magic(option, 1);
  nghttp2_option_set_no_closed_streams(option, 1);
  nghttp2_option_set_builtin_recv_extension_type(option, NGHTTP2_PRIORITY_UPDATE);
  nghttp2_option_set_max_send_header_block_length(option, limits.response_head_bytes_max);
  nghttp2_option_set_max_outbound_ack(option, limits.outbound_acks_max);
  nghttp2_option_set_max_settings(option, limits.settings_entries_max);
  nghttp2_option_set_max_deflate_dynamic_table_size(option, limits.header_table_bytes);
  // FloodGuard is stricter, and answers as RFC 9113 section 10.5 suggests.
  nghttp2_option_set_max_continuations(option, std::size_t{limits.continuations_max} + 1);
  nghttp2_option_set_stream_reset_rate_limit(option, 1'000'000, 1'000'000);
  return OptionPtr(option);
}

nghttp2_data_provider provider() {
  nghttp2_data_provider result{};
  result.read_callback = SessionCallbacks::read_content;
  return result;
}

}  // namespace

SessionState::SessionState(SessionOwner& o, const SessionLimits& l, PagePool* pool)
    : owner(o), limits(l), session(pool), head(l), guard(l) {
  const CallbacksPtr callbacks = SessionCallbacks::make();
  const OptionPtr options = make_options(limits);
  if (!callbacks || !options || !session.start(callbacks.get(), this, options.get())) {
    broken = true;
    failure = "out of memory";
    return;
  }
  submit_settings();
}

void SessionState::submit_settings() {
  const std::array<nghttp2_settings_entry, 5> settings{{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.concurrent_streams_max},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE,
       static_cast<std::uint32_t>(limits.stream_window_bytes)},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits.header_list_bytes_max},
      {NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, limits.header_table_bytes},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
  }};
  check(
      nghttp2_submit_settings(session.get(), NGHTTP2_FLAG_NONE, settings.data(), settings.size()));
  check(nghttp2_session_set_local_window_size(session.get(), NGHTTP2_FLAG_NONE, 0,
                                              limits.connection_window_bytes));
}

void SessionState::check(int outcome) {
  if (outcome >= NGHTTP2_ERR_FATAL || broken) return;
  broken = true;
  failure = nghttp2_strerror(outcome);
}

void SessionState::fail(ErrorCode code, const char* reason) {
  if (broken || !failure.empty()) return;
  failure = reason;
  check(nghttp2_session_terminate_session(session.get(), static_cast<std::uint32_t>(code)));
}

// Takes the bytes before the first frame. Returns true once they are complete.
bool SessionState::take_preface(std::string_view& bytes) {
  const std::string_view expected = kPreface.substr(preface_size, bytes.size());
  if (!bytes.starts_with(expected)) {
    fail(ErrorCode::protocol_error, "no HTTP/2 preface");
    return false;
  }
  preface_size += expected.size();
  bytes.remove_prefix(expected.size());
  return preface_size == kPreface.size();
}

// Records a refused stream as closed by us: the client may not know of the refusal yet.
void SessionState::note_refused() {
  const StreamId opened = std::exchange(opening_stream, 0);
  if (opened != begun_stream && opened != 0) closed.add(opened, ClosedStreams::How::by_us);
}

// Returns false if the frame ends the session.
bool SessionState::judge(const FrameHead& frame) {
  if (frame.type != FrameType::continuation) note_refused();
  if (const char* flood = guard.admit(frame)) {
    fail(ErrorCode::enhance_your_calm, flood);
    return false;
  }
  if (frame.type == FrameType::priority && frame.stream == 0) {  // RFC 9113 section 6.3
    fail(ErrorCode::protocol_error, "PRIORITY on stream 0");
    return false;
  }
  const bool opens_or_fills = frame.type == FrameType::data || frame.type == FrameType::headers;
  if (!opens_or_fills || frame.stream % 2 == 0 || going_away) return true;
  if (frame.stream > last_stream) {
    if (frame.type == FrameType::headers) last_stream = opening_stream = frame.stream;
    return true;
  }
  if (stream(frame.stream) != nullptr) return true;
  switch (closed.find(frame.stream)) {
    case ClosedStreams::How::by_us:
      return true;
    case ClosedStreams::How::by_client:
      fail(ErrorCode::stream_closed, "frame on a closed stream");
      return false;
    case ClosedStreams::How::unknown:
      break;
  }
  fail(frame.type == FrameType::data ? ErrorCode::stream_closed : ErrorCode::protocol_error,
       "stream identifiers do not grow");
  return false;
}

// RFC 9113 section 6.9.2: an overflow is a connection error. nghttp2 would make it an error of each
// stream.
bool SessionState::overflows(std::uint32_t initial_window) {
  const std::int64_t more =
      std::int64_t{initial_window} -
      nghttp2_session_get_remote_settings(session.get(), NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE);
  return std::ranges::any_of(open_streams, [&](StreamId id) {
    return more + nghttp2_session_get_stream_remote_window_size(session.get(), id) > kWindowMax;
  });
}

bool SessionState::judge_settings(const FrameScanner::Piece& piece) {
  std::string_view bytes = piece.bytes;
  if (piece.head) {
    const bool judged = piece.head->type == FrameType::settings && !open_streams.empty() &&
                        piece.head->length <= limits.settings_entries_max * kSettingBytes;
    settings_payload.clear();
    settings_left = judged ? piece.head->length : 0;
    // A head that arrived in parts is a separate piece. Otherwise the payload begins in this piece.
    bytes.remove_prefix(std::min(bytes.size(), kFrameHeadBytes));
  }
  if (settings_left == 0) return true;
  bytes = bytes.substr(0, settings_left);
  settings_payload.append(bytes);
  settings_left -= bytes.size();
  if (settings_left > 0) return true;
  std::optional<std::uint32_t> window;
  for (std::size_t at = 0; at + kSettingBytes <= settings_payload.size(); at += kSettingBytes) {
    const auto byte = [&](std::size_t i) {
      return std::uint32_t{static_cast<unsigned char>(settings_payload[at + i])};
    };
    if ((byte(0) << 8 | byte(1)) != NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE) continue;
    window = byte(2) << 24 | byte(3) << 16 | byte(4) << 8 | byte(5);  // the last entry counts
  }
  if (!window || *window > kWindowMax || !overflows(*window)) return true;
  fail(ErrorCode::flow_control_error, "SETTINGS_INITIAL_WINDOW_SIZE overflows a stream's window");
  return false;
}

SessionStream* SessionState::stream(StreamId id) {
  return static_cast<SessionStream*>(nghttp2_session_get_stream_user_data(session.get(), id));
}

bool SessionState::add_trailer(std::string_view name, std::string_view value) {
  trailer_bytes += name.size() + value.size() + kFieldOverhead;
  ++trailer_count;
  if (!trailers_too_large()) http::add_trailer(trailers, name, value);
  return trailer_bytes <= limits.header_list_bytes_fatal;
}

// The text goes into the access log.
void SessionState::note_fault(StreamId id, std::string_view text) {
  constexpr std::size_t kFaultBytesMax = 200;
  fault_stream = id;
  fault = text.substr(0, kFaultBytesMax);
}

void SessionState::end_with_trailers(SessionStream& stream) {
  if (trailers_too_large()) {
    note_fault(stream.id, "trailers too large");
    check(nghttp2_submit_rst_stream(session.get(), NGHTTP2_FLAG_NONE, stream.id,
                                    NGHTTP2_ENHANCE_YOUR_CALM));
    return;
  }
  if (trailers) stream.on_trailers(std::move(trailers));
  stream.on_end();
}

void SessionState::feed(std::string_view bytes) {
  const auto taken = nghttp2_session_mem_recv(
      session.get(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (taken < 0) check(static_cast<int>(taken));
  act_on_fault();
}

void SessionState::act_on_fault() {
  if (pending_fault != nullptr) fail(ErrorCode::enhance_your_calm, pending_fault);
}

Session::Session(SessionOwner& owner, const SessionLimits& limits, PagePool* pool)
    : state_(std::make_unique<SessionState>(owner, limits, pool)) {}
Session::~Session() = default;

void Session::receive(std::string_view bytes) {
  SessionState& s = *state_;
  if (s.preface_size < kPreface.size() && s.usable() && !s.take_preface(bytes)) return;
  while (!bytes.empty() && s.usable()) {
    const FrameScanner::Piece piece = s.scanner.next(bytes);
    if (piece.head && !s.judge(*piece.head)) return;
    if (!s.judge_settings(piece)) return;
    if (!piece.bytes.empty()) s.feed(piece.bytes);
  }
}

void Session::produce(std::string& out, std::size_t enough) {
  SessionState& s = *state_;
  s.out = &out;
  s.enough = enough;
  while (!s.broken && out.size() < enough) {
    const std::uint8_t* bytes = nullptr;
    const auto size = nghttp2_session_mem_send(s.session.get(), &bytes);
    if (size < 0) s.check(static_cast<int>(size));
    s.act_on_fault();
    if (size <= 0) break;
    out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  }
  s.out = nullptr;
}

void Session::submit_interim(StreamId id, int status, const Headers& headers) {
  SessionState& s = *state_;
  if (s.broken) return;
  const std::string number = std::to_string(status);
  FieldBlock block;
  block.add(":status", number);
  block.add_regular(headers);
  const auto& fields = block.fields();
  s.check(nghttp2_submit_headers(s.session.get(), NGHTTP2_FLAG_NONE, id, nullptr, fields.data(),
                                 fields.size(), nullptr));
}

void Session::submit_response(StreamId id, const Response& response, bool with_content,
                              std::string_view date) {
  SessionState& s = *state_;
  if (s.broken) return;
  s.fields.clear();
  for (const ResponseHead::FieldView& field : s.response_head.fields(response, date)) {
    const auto bytes = [](std::string_view text) {  // nghttp2 copies them, and changes nothing
      return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
    };
    s.fields.push_back({bytes(field.name), bytes(field.value), field.name.size(),
                        field.value.size(), NGHTTP2_NV_FLAG_NONE});
  }
  const nghttp2_data_provider content = provider();
  s.check(nghttp2_submit_response(s.session.get(), id, s.fields.data(), s.fields.size(),
                                  with_content ? &content : nullptr));
}

void Session::resume(StreamId id) {
  if (!state_->broken) state_->check(nghttp2_session_resume_data(state_->session.get(), id));
}

void Session::reset(StreamId id, ErrorCode code) {
  if (state_->broken) return;
  state_->check(nghttp2_submit_rst_stream(state_->session.get(), NGHTTP2_FLAG_NONE, id,
                                          static_cast<std::uint32_t>(code)));
}

void Session::pardon_reset() { state_->guard.pardon_reset(); }

void Session::consume(StreamId id, std::size_t bytes) {
  if (!state_->broken) state_->check(nghttp2_session_consume(state_->session.get(), id, bytes));
}

void Session::consume_closed(std::size_t bytes) {
  if (!state_->broken)
    state_->check(nghttp2_session_consume_connection(state_->session.get(), bytes));
}

void Session::ping() {
  if (!state_->broken)
    state_->check(nghttp2_submit_ping(state_->session.get(), NGHTTP2_FLAG_NONE, nullptr));
}

void Session::announce_shutdown() {
  if (state_->broken) return;
  state_->going_away = true;
  state_->check(nghttp2_submit_shutdown_notice(state_->session.get()));
}

void Session::shut_down() {
  if (state_->broken) return;
  state_->going_away = true;
  nghttp2_session* session = state_->session.get();
  state_->check(nghttp2_submit_goaway(session, NGHTTP2_FLAG_NONE,
                                      nghttp2_session_get_last_proc_stream_id(session),
                                      NGHTTP2_NO_ERROR, nullptr, 0));
}

void Session::fail(ErrorCode code, const char* reason) { state_->fail(code, reason); }

void Session::rest() {
  state_->session.rest();
  state_->fields = {};
  state_->response_head = {};
}

bool Session::finished() const {
  if (state_->broken) return true;
  nghttp2_session* session = state_->session.get();
  return nghttp2_session_want_read(session) == 0 && nghttp2_session_want_write(session) == 0;
}

std::string_view Session::failure() const { return state_->failure; }

std::string_view Session::protocol_error() const {
  return state_->failure.empty() ? state_->farewell : state_->failure;
}

std::string Session::fault_of(StreamId id, ErrorCode code) const {
  if (state_->fault_stream == id) return state_->fault;
  return std::string("the stream is malformed: ") +
         nghttp2_http2_strerror(static_cast<std::uint32_t>(code));
}

std::size_t Session::waiting_frames() const {
  return state_->broken ? 0 : nghttp2_session_get_outbound_queue_size(state_->session.get());
}

StreamId Session::open_head() const {
  if (!state_->settings_seen) return -1;
  return state_->head_open ? state_->last_stream : 0;
}

}  // namespace sluice::http::h2
