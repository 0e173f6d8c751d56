// SPDX-License-Identifier: Apache-2.0
// Inside http/h2 only: the state of a Session.
#pragma once

#include <nghttp2/nghttp2.h>

#include <memory>
#include <string>
#include <vector>

#include "http/h2/closed_streams.h"
#include "http/h2/flood_guard.h"
#include "http/h2/frame_scanner.h"
#include "http/h2/native_session.h"
#include "http/h2/request_head.h"
#include "http/h2/response_head.h"
#include "http/h2/session_stream.h"

namespace sluice::http::h2 {

struct SessionState {
  SessionState(SessionOwner& o, const SessionLimits& l, PagePool* pool);

  void submit_settings();
  [[nodiscard]] bool take_preface(std::string_view& bytes);
  [[nodiscard]] bool judge(const FrameHead& frame);
  void feed(std::string_view bytes);
  void note_refused();
  void act_on_fault();
  // Records a fatal outcome of a call.
  void check(int outcome);
  void fail(ErrorCode code, const char* reason);
  [[nodiscard]] SessionStream* stream(StreamId id);
  // Returns false if the list is unreasonably large.
  [[nodiscard]] bool add_trailer(std::string_view name, std::string_view value);
  [[nodiscard]] bool trailers_too_large() const {
    return trailer_bytes > limits.header_list_bytes_max || trailer_count > limits.fields_max;
  }
  void end_with_trailers(SessionStream& stream);
  void note_fault(StreamId id, std::string_view text);
  // Checks bytes of a SETTINGS frame before nghttp2 gets them. Returns false if the frame ends the
  // session.
  [[nodiscard]] bool judge_settings(const FrameScanner::Piece& piece);
  [[nodiscard]] bool overflows(std::uint32_t initial_window);
  [[nodiscard]] bool usable() const { return !broken && failure.empty(); }

  SessionOwner& owner;
  const SessionLimits limits;
  NativeSession session;
  FrameScanner scanner;
  RequestHead head;  // of the stream whose head is arriving, one at a time
  ResponseHead response_head;
  std::vector<nghttp2_nv> fields;  // scratch
  FloodGuard guard;
  ClosedStreams closed;
  std::vector<StreamId> open_streams;
  std::string settings_payload;  // of the SETTINGS frame that is arriving
  std::size_t settings_left = 0;
  std::string* out = nullptr;  // during produce()
  std::size_t enough = 0;
  std::size_t preface_size = 0;
  StreamId last_stream = 0;     // the highest that the client has used
  StreamId opening_stream = 0;  // the same, while its admission is undecided
  StreamId begun_stream = 0;    // the last admitted one
  StreamId reset_stream = 0;    // the last one that the client reset
  std::string failure;
  StreamId frame_stream = 0;  // of the frame that is read
  StreamId fault_stream = 0;
  std::string fault;                    // why `fault_stream` is malformed
  std::string farewell;                 // the error of the GOAWAY that was sent; "": none was
  const char* pending_fault = nullptr;  // found in a place that could not act on it
  // The trailers that are arriving, if the current head has trailers.
  std::unique_ptr<Headers> trailers;
  std::uint64_t trailer_bytes = 0;
  std::uint32_t trailer_count = 0;
  bool settings_seen = false;
  bool head_open = false;
  bool going_away = false;
  bool broken = false;  // nghttp2 must not be called any more
};

}  // namespace sluice::http::h2
