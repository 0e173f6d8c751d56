// SPDX-License-Identifier: Apache-2.0
#include "http/h2/session_callbacks.h"

#include <algorithm>

#include "http/h2/field_block.h"
#include "http/h2/session_state.h"

namespace sluice::http::h2 {
namespace {

bool is_request(const nghttp2_frame& frame) {
  return frame.hd.type == NGHTTP2_HEADERS && frame.headers.cat == NGHTTP2_HCAT_REQUEST;
}

bool has_flag(const nghttp2_frame& frame, std::uint8_t flag) {
  return (frame.hd.flags & flag) != 0;
}

}  // namespace

CallbacksPtr SessionCallbacks::make() {
  nghttp2_session_callbacks* made = nullptr;
  if (nghttp2_session_callbacks_new(&made) != 0) return nullptr;
  nghttp2_session_callbacks_set_on_begin_frame_callback(made, on_begin_frame);
  nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(made, on_invalid_frame);
  nghttp2_session_callbacks_set_on_begin_headers_callback(made, on_begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(made, on_header);
  nghttp2_session_callbacks_set_on_invalid_header_callback(made, on_invalid_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(made, on_frame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, on_data);
  nghttp2_session_callbacks_set_on_frame_send_callback(made, on_sent);
  nghttp2_session_callbacks_set_on_frame_not_send_callback(made, on_not_sent);
  nghttp2_session_callbacks_set_on_stream_close_callback(made, on_close);
  nghttp2_session_callbacks_set_error_callback2(made, on_error);
  nghttp2_session_callbacks_set_send_data_callback(made, send_content);
  return CallbacksPtr(made);
}

int SessionCallbacks::on_begin_headers(nghttp2_session* session, const nghttp2_frame* frame,
                                       void* self) {
  auto& state = *static_cast<SessionState*>(self);
  state.head_open = true;
  state.trailers.reset();
  state.trailer_bytes = state.trailer_count = 0;
  if (!is_request(*frame)) return 0;
  state.begun_stream = frame->hd.stream_id;
  state.open_streams.push_back(frame->hd.stream_id);
  SessionStream& stream = state.owner.on_stream();
  stream.id = frame->hd.stream_id;
  stream.bytes_received = stream.bytes_sent = 0;
  nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, &stream);
  state.head.start(stream.request());
  return 0;
}

int SessionCallbacks::on_header(nghttp2_session*, const nghttp2_frame* frame,
                                const std::uint8_t* name, std::size_t name_size,
                                const std::uint8_t* value, std::size_t value_size, std::uint8_t,
                                void* self) {
  auto& state = *static_cast<SessionState*>(self);
  const std::string_view key = text_of(name, name_size);
  const std::string_view text = text_of(value, value_size);
  if (is_request(*frame) ? state.head.add(key, text) : state.add_trailer(key, text)) return 0;
  state.pending_fault = "a head of many times the allowed size";
  return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

// Refuses the request. nghttp2 would drop the field, but a request that other parsers read
// differently is malformed.
int SessionCallbacks::on_invalid_header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t*,
                                        std::size_t, const std::uint8_t*, std::size_t, std::uint8_t,
                                        void*) {
  return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

int SessionCallbacks::on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* self) {
  auto& state = *static_cast<SessionState*>(self);
  const bool ended = has_flag(*frame, NGHTTP2_FLAG_END_STREAM);
  SessionStream* stream = nullptr;
  switch (frame->hd.type) {
    case NGHTTP2_SETTINGS:
      state.settings_seen = true;
      return 0;
    case NGHTTP2_PING:
      if (has_flag(*frame, NGHTTP2_FLAG_ACK)) state.owner.on_pong();
      return 0;
    case NGHTTP2_RST_STREAM:
      state.reset_stream = frame->hd.stream_id;
      return 0;
    case NGHTTP2_HEADERS:
      state.head_open = false;
      stream = state.stream(frame->hd.stream_id);
      if (stream == nullptr) return 0;
      stream->bytes_received += frame->hd.length + kFrameHeadBytes;
      if (is_request(*frame)) {
        state.head.finish();
        if (!state.head.has_priority()) {  // round-robin, unless the client sets a priority
          const nghttp2_extpri fair{NGHTTP2_EXTPRI_DEFAULT_URGENCY, 1};
          nghttp2_session_change_extpri_stream_priority(session, stream->id, &fair, 0);
        }
        stream->on_head(state.head, ended);
      } else if (ended) {
        state.end_with_trailers(*stream);
      }
      return 0;
    case NGHTTP2_DATA:
      stream = state.stream(frame->hd.stream_id);
      if (stream == nullptr) return 0;
      stream->bytes_received += frame->hd.length + kFrameHeadBytes;
      if (ended) stream->on_end();
      return 0;
    default:
      return 0;
  }
}

int SessionCallbacks::on_data(nghttp2_session* session, std::uint8_t, std::int32_t id,
                              const std::uint8_t* bytes, std::size_t size, void* self) {
  auto& state = *static_cast<SessionState*>(self);
  if (SessionStream* stream = state.stream(id)) {
    stream->on_data(text_of(bytes, size));
  } else {
    nghttp2_session_consume_connection(session, size);
  }
  return 0;
}

int SessionCallbacks::on_sent(nghttp2_session* session, const nghttp2_frame* frame, void* self) {
  auto& state = *static_cast<SessionState*>(self);
  const std::int32_t id = frame->hd.stream_id;
  if (frame->hd.type == NGHTTP2_RST_STREAM) {
    const std::uint32_t code = frame->rst_stream.error_code;
    const bool our_doing =
        code == NGHTTP2_NO_ERROR || code == NGHTTP2_INTERNAL_ERROR || code == NGHTTP2_CANCEL;
    if (our_doing) return 0;
    if (const char* flood = state.guard.admit_reset()) state.pending_fault = flood;
    return 0;
  }
  if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR)
    state.farewell = nghttp2_http2_strerror(frame->goaway.error_code);
  if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
  if (frame->hd.type == NGHTTP2_DATA) state.guard.data_sent();
  SessionStream* stream = state.stream(id);
  if (stream == nullptr) return 0;
  stream->bytes_sent += frame->hd.length + kFrameHeadBytes;
  if (has_flag(*frame, NGHTTP2_FLAG_END_STREAM) &&
      nghttp2_session_get_stream_remote_close(session, id) == 0) {
    stream->on_early_end();
  }
  return 0;
}

// Resets the stream of a head too large to send. Otherwise the client would wait.
int SessionCallbacks::on_not_sent(nghttp2_session* session, const nghttp2_frame* frame, int,
                                  void*) {
  if (frame->hd.type != NGHTTP2_HEADERS) return 0;
  nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
                            NGHTTP2_INTERNAL_ERROR);
  return 0;
}

int SessionCallbacks::on_close(nghttp2_session* session, std::int32_t id, std::uint32_t code,
                               void* self) {
  auto& state = *static_cast<SessionState*>(self);
  std::erase(state.open_streams, id);
  const bool by_client =
      state.reset_stream == id || nghttp2_session_get_stream_remote_close(session, id) == 1;
  state.closed.add(id, by_client ? ClosedStreams::How::by_client : ClosedStreams::How::by_us);
  if (state.head_open && state.begun_stream == id) state.head_open = false;
  if (SessionStream* stream = state.stream(id)) {
    nghttp2_session_set_stream_user_data(session, id, nullptr);
    stream->on_close(static_cast<ErrorCode>(code), state.reset_stream == id);
  }
  return 0;
}

// It is about the frame that is read. That of an invalid field ends with the value, which may be a
// secret.
int SessionCallbacks::on_error(nghttp2_session*, int, const char* text, std::size_t size,
                               void* self) {
  auto& state = *static_cast<SessionState*>(self);
  const std::string_view fault(text, size);
  state.note_fault(state.frame_stream, fault.substr(0, fault.find(", value: ")));
  return 0;
}

int SessionCallbacks::on_begin_frame(nghttp2_session*, const nghttp2_frame_hd* head, void* self) {
  static_cast<SessionState*>(self)->frame_stream = head->stream_id;
  return 0;
}

// on_error() may have said more.
int SessionCallbacks::on_invalid_frame(nghttp2_session*, const nghttp2_frame* frame, int error,
                                       void* self) {
  auto& state = *static_cast<SessionState*>(self);
  if (state.fault_stream != frame->hd.stream_id)
    state.note_fault(frame->hd.stream_id, nghttp2_strerror(error));
  return 0;
}

ssize_t SessionCallbacks::read_content(nghttp2_session* session, std::int32_t id, std::uint8_t*,
                                       std::size_t max, std::uint32_t* flags, nghttp2_data_source*,
                                       void* self) {
  SessionStream* stream = static_cast<SessionState*>(self)->stream(id);
  if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  const SessionStream::Offer offer = stream->offer();
  if (offer.size == 0 && !offer.all) return NGHTTP2_ERR_DEFERRED;
  const std::size_t size = std::min(max, offer.size);
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (offer.all && size == offer.size) {
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (submit_trailers(session, id, stream->trailers())) *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
  }
  return static_cast<ssize_t>(size);
}

int SessionCallbacks::send_content(nghttp2_session*, nghttp2_frame* frame, const std::uint8_t* head,
                                   std::size_t size, nghttp2_data_source*, void* self) {
  auto& state = *static_cast<SessionState*>(self);
  if (state.out->size() >= state.enough) return NGHTTP2_ERR_WOULDBLOCK;
  SessionStream* stream = state.stream(frame->hd.stream_id);
  if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  state.out->append(text_of(head, kFrameHeadBytes));
  state.out->append(stream->take(size));
  return 0;
}

}  // namespace sluice::http::h2
