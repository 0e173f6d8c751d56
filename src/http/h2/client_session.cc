// SPDX-License-Identifier: Apache-2.0
#include "http/h2/client_session.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <unordered_map>
#include <vector>

#include "base/deleter.h"
#include "http/chars.h"
#include "http/h1/serializer.h"
#include "http/h2/field_block.h"
#include "http/h2/session_callbacks.h"
#include "http/trailers.h"

namespace sluice::http::h2 {
namespace {

using NghttpPtr = std::unique_ptr<nghttp2_session, Deleter<nghttp2_session_del>>;

constexpr std::size_t kRequestHeadBytesMax = std::size_t{256} * 1024;

bool ends_stream(const nghttp2_frame& frame) {
  return (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
}

// Builds the fields of a HEADERS frame for a request (RFC 9113 section 8.3.1).
class RequestFields {
 public:
  RequestFields(const Request& request, const Destination& to, bool secure, bool with_content) {
    for (const char c : request.method) {
      if (is_in(kTokenChars, c)) method_.push_back(c);
    }
    if (method_.empty()) method_ = "GET";
    for (const char c : to.host.empty() ? std::string_view(request.host) : to.host) {
      const bool allowed = is_in(kHostChars, c) || c == ':' || c == '[' || c == ']';
      if (allowed) host_.push_back(c);
    }
    h1::append_target(target_, request, to.path_prefix);
    block_.add(":method", method_);
    block_.add(":scheme", secure ? "https" : "http");
    if (!host_.empty()) block_.add(":authority", host_);
    block_.add(":path", target_);
    const auto length = request.body.length();
    const bool has_length = with_content && length.has_value() && !request.body.is_announced();
    if (has_length) {
      length_ = std::to_string(*length);
      block_.add("content-length", length_);
    }
    if (request.wants_trailers) block_.add("te", "trailers");
    block_.add_regular(request.headers);
  }
  [[nodiscard]] const std::vector<nghttp2_nv>& fields() const { return block_.fields(); }

 private:
  std::string method_;
  std::string host_;
  std::string target_;
  std::string length_;
  FieldBlock block_;
};

// A stream and the parsed part of its response's head.
struct OpenStream {
  ClientStream* stream = nullptr;  // null: forgotten
  bool has_head = false;
  std::optional<std::uint64_t> length;
  std::uint64_t list_bytes = 0;  // of the head with the 1xx before it, or of the trailers
  std::uint32_t field_count = 0;
  std::unique_ptr<Headers> trailers;
};

}  // namespace

struct ClientSession::State {
  explicit State(const ClientLimits& its_limits) : limits(its_limits) {}

  ClientLimits limits;
  NghttpPtr session;
  std::unordered_map<StreamId, OpenStream> entries;
  bool going_away = false;
  ErrorCode goaway = ErrorCode::no_error;
  bool settled = false;
  std::string failure;

  void check(long outcome) {
    if (outcome >= 0 || !failure.empty()) return;
    failure = nghttp2_strerror(static_cast<int>(outcome));
  }
  OpenStream* find(StreamId id) {
    const auto found = entries.find(id);
    return found != entries.end() && found->second.stream != nullptr ? &found->second : nullptr;
  }

  static State& of(void* self) { return *static_cast<State*>(self); }
  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                       std::uint8_t flags, void* self);
  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int on_data(nghttp2_session* session, std::uint8_t flags, std::int32_t id,
                     const std::uint8_t* bytes, std::size_t size, void* self);
  static int on_close(nghttp2_session*, std::int32_t id, std::uint32_t code, void* self);
  static ssize_t read_content(nghttp2_session*, std::int32_t id, std::uint8_t* buffer,
                              std::size_t size, std::uint32_t* flags, nghttp2_data_source*,
                              void* self);
  void finish_head(OpenStream& entry, bool ended);
};

int ClientSession::State::on_header(nghttp2_session*, const nghttp2_frame* frame,
                                    const std::uint8_t* name, std::size_t name_size,
                                    const std::uint8_t* value, std::size_t value_size, std::uint8_t,
                                    void* self) {
  State& state = of(self);
  OpenStream* entry = state.find(frame->hd.stream_id);
  if (frame->hd.type != NGHTTP2_HEADERS || entry == nullptr) return 0;
  entry->list_bytes += name_size + value_size + kFieldOverhead;
  const bool too_large = entry->list_bytes > state.limits.header_list_bytes_max ||
                         ++entry->field_count > state.limits.fields_max;
  if (too_large) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  const std::string_view key = text_of(name, name_size);
  const std::string_view text = text_of(value, value_size);
  if (entry->has_head) {
    add_trailer(entry->trailers, key, text);
    return 0;
  }
  Response& response = entry->stream->response();
  if (key == ":status") {
    std::from_chars(text.data(), text.data() + text.size(), response.status);
    if (response.status < 100) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;  // RFC 9110 section 15
  } else if (key == "content-length") {
    std::uint64_t length = 0;
    std::from_chars(text.data(), text.data() + text.size(), length);
    entry->length = length;
  } else if (!key.starts_with(':')) {
    response.headers.add(key, text);
  }
  return 0;
}

void ClientSession::State::finish_head(OpenStream& entry, bool ended) {
  if (entry.has_head) {
    if (entry.trailers) entry.stream->on_trailers(std::move(entry.trailers));
    return;
  }
  Response& response = entry.stream->response();
  if (response.status < 200) {  // RFC 9110 section 15.2
    entry.stream->on_interim();
    response.clear();
    entry.length.reset();
    return;
  }
  entry.has_head = true;
  entry.list_bytes = entry.field_count = 0;
  entry.stream->on_head(entry.length, ended);
}

int ClientSession::State::on_frame(nghttp2_session*, const nghttp2_frame* frame, void* self) {
  State& state = of(self);
  if (frame->hd.type == NGHTTP2_GOAWAY) {
    state.going_away = true;
    state.goaway = static_cast<ErrorCode>(frame->goaway.error_code);
  }
  if (frame->hd.type == NGHTTP2_SETTINGS && (frame->hd.flags & NGHTTP2_FLAG_ACK) == 0)
    state.settled = true;
  OpenStream* entry = state.find(frame->hd.stream_id);
  if (entry == nullptr) return 0;
  if (frame->hd.type == NGHTTP2_HEADERS) state.finish_head(*entry, ends_stream(*frame));
  const bool carries = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
  if (carries && ends_stream(*frame)) entry->stream->on_end();
  return 0;
}

// Opens the connection's window at once: a stream that is not read must not hold up the others.
int ClientSession::State::on_data(nghttp2_session* session, std::uint8_t, std::int32_t id,
                                  const std::uint8_t* bytes, std::size_t size, void* self) {
  nghttp2_session_consume_connection(session, size);
  OpenStream* entry = of(self).find(id);
  if (entry == nullptr) return 0;
  entry->stream->on_data(text_of(bytes, size));
  return 0;
}

int ClientSession::State::on_close(nghttp2_session*, std::int32_t id, std::uint32_t code,
                                   void* self) {
  State& state = of(self);
  const auto found = state.entries.extract(id);
  if (!found.empty() && found.mapped().stream != nullptr) {
    found.mapped().stream->on_close(static_cast<ErrorCode>(code));
  }
  return 0;
}

ssize_t ClientSession::State::read_content(nghttp2_session* session, std::int32_t id,
                                           std::uint8_t* buffer, std::size_t size,
                                           std::uint32_t* flags, nghttp2_data_source*, void* self) {
  OpenStream* entry = of(self).find(id);
  if (entry == nullptr) return NGHTTP2_ERR_DEFERRED;
  const SessionStream::Offer offer = entry->stream->offer();
  if (offer.size == 0 && !offer.all) return NGHTTP2_ERR_DEFERRED;
  const std::string_view part = entry->stream->take(std::min(size, offer.size));
  std::ranges::copy(part, buffer);  // which may be nothing at all
  if (offer.all && part.size() == offer.size) {
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (submit_trailers(session, id, entry->stream->trailers()))
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
  }
  return static_cast<ssize_t>(part.size());
}

ClientSession::ClientSession(const ClientLimits& limits) : state_(std::make_unique<State>(limits)) {
  nghttp2_session_callbacks* made = nullptr;
  nghttp2_option* options = nullptr;
  state_->check(nghttp2_session_callbacks_new(&made));
  state_->check(nghttp2_option_new(&options));
  const CallbacksPtr callbacks(made);
  const OptionPtr option(options);
  if (!failure().empty()) return;
  nghttp2_session_callbacks_set_on_header_callback(made, State::on_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(made, State::on_frame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, State::on_data);
  nghttp2_session_callbacks_set_on_stream_close_callback(made, State::on_close);
  nghttp2_option_set_no_auto_window_update(options, 1);
  // Exceeds every head that a client may send. Otherwise nghttp2 would refuse to send a head, and
  // the backend would be blamed.
  nghttp2_option_set_max_send_header_block_length(options, kRequestHeadBytesMax);
  nghttp2_session* session = nullptr;
  state_->check(nghttp2_session_client_new2(&session, made, state_.get(), options));
  state_->session.reset(session);
  if (!failure().empty()) return;
  const std::array<nghttp2_settings_entry, 3> settings{{
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE,
       static_cast<std::uint32_t>(limits.stream_window_bytes)},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits.header_list_bytes_max},
  }};
  state_->check(
      nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.data(), settings.size()));
  state_->check(nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0,
                                                      limits.connection_window_bytes));
}

ClientSession::~ClientSession() = default;

void ClientSession::receive(std::string_view bytes) {
  if (!failure().empty()) return;
  state_->check(nghttp2_session_mem_recv(state_->session.get(), bytes_of(bytes), bytes.size()));
}

void ClientSession::produce(std::string& out, std::size_t enough) {
  while (out.size() < enough && state_->session) {
    const std::uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(state_->session.get(), &bytes);
    state_->check(size);
    if (size <= 0) return;
    out.append(text_of(bytes, static_cast<std::size_t>(size)));
  }
}

bool ClientSession::accepts() const {
  if (!failure().empty() || state_->going_away) return false;
  nghttp2_session* session = state_->session.get();
  if (nghttp2_session_check_request_allowed(session) == 0) return false;
  return streams() < streams_max();
}

bool ClientSession::settled() const { return state_->settled; }

std::uint32_t ClientSession::streams_max() const {
  const std::uint32_t allowed = nghttp2_session_get_remote_settings(
      state_->session.get(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
  return std::min(allowed, state_->limits.concurrent_streams_max);
}

StreamId ClientSession::open(ClientStream& stream, const Request& request, const Destination& to,
                             bool secure, bool with_content) {
  if (!accepts()) return 0;
  const RequestFields fields(request, to, secure, with_content);
  nghttp2_data_provider content{};
  content.read_callback = State::read_content;
  const StreamId id =
      nghttp2_submit_request(state_->session.get(), nullptr, fields.fields().data(),
                             fields.fields().size(), with_content ? &content : nullptr, nullptr);
  if (id <= 0) return 0;
  state_->entries[id].stream = &stream;
  return id;
}

void ClientSession::resume(StreamId id) {
  if (failure().empty()) nghttp2_session_resume_data(state_->session.get(), id);
}

void ClientSession::reset(StreamId id, ErrorCode code) {
  if (!failure().empty()) return;
  state_->check(nghttp2_submit_rst_stream(state_->session.get(), NGHTTP2_FLAG_NONE, id,
                                          static_cast<std::uint32_t>(code)));
}

void ClientSession::forget(StreamId id) {
  if (OpenStream* entry = state_->find(id)) entry->stream = nullptr;
}

void ClientSession::consume(StreamId id, std::size_t bytes) {
  if (failure().empty()) nghttp2_session_consume_stream(state_->session.get(), id, bytes);
}

void ClientSession::widen(StreamId id, std::int32_t bytes) {
  if (!failure().empty()) return;
  state_->check(
      nghttp2_session_set_local_window_size(state_->session.get(), NGHTTP2_FLAG_NONE, id, bytes));
}

void ClientSession::ping() {
  if (!failure().empty()) return;
  state_->check(nghttp2_submit_ping(state_->session.get(), NGHTTP2_FLAG_NONE, nullptr));
}

void ClientSession::shut_down() {
  if (failure().empty()) {
    state_->check(nghttp2_session_terminate_session(state_->session.get(), NGHTTP2_NO_ERROR));
  }
}

std::size_t ClientSession::streams() const { return state_->entries.size(); }

bool ClientSession::finished() const {
  if (!failure().empty()) return true;
  nghttp2_session* session = state_->session.get();
  return nghttp2_session_want_read(session) == 0 && nghttp2_session_want_write(session) == 0;
}

ErrorCode ClientSession::goaway() const { return state_->goaway; }

std::string_view ClientSession::failure() const { return state_->failure; }

}  // namespace sluice::http::h2
