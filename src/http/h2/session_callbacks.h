// SPDX-License-Identifier: Apache-2.0
// Inside http/h2 only: the functions that nghttp2 calls for a Session.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/deleter.h"

namespace sluice::http::h2 {

using CallbacksPtr =
    std::unique_ptr<nghttp2_session_callbacks, Deleter<nghttp2_session_callbacks_del>>;

// The functions of nghttp2's interface; `self` is the SessionState.
struct SessionCallbacks {
  [[nodiscard]] static CallbacksPtr make();

  static int on_begin_frame(nghttp2_session*, const nghttp2_frame_hd* head, void* self);
  static int on_invalid_frame(nghttp2_session*, const nghttp2_frame* frame, int error, void* self);
  static int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                       std::uint8_t flags, void* self);
  static int on_invalid_header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t*,
                               std::size_t, const std::uint8_t*, std::size_t, std::uint8_t, void*);
  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* bytes,
                     std::size_t size, void* self);
  static int on_sent(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int on_not_sent(nghttp2_session*, const nghttp2_frame* frame, int error, void* self);
  static int on_close(nghttp2_session*, std::int32_t id, std::uint32_t code, void* self);
  static int on_error(nghttp2_session*, int, const char* text, std::size_t size, void* self);
  static ssize_t read_content(nghttp2_session*, std::int32_t id, std::uint8_t*, std::size_t max,
                              std::uint32_t* flags, nghttp2_data_source*, void* self);
  static int send_content(nghttp2_session*, nghttp2_frame* frame, const std::uint8_t* head,
                          std::size_t size, nghttp2_data_source*, void* self);
};

}  // namespace sluice::http::h2
