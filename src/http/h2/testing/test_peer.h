// SPDX-License-Identifier: Apache-2.0
// For tests: an owner of a Session that records events, and frames to send it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/h2/frame_scanner.h"
#include "http/h2/session.h"

namespace sluice::http::h2 {

// The flags of a HEADERS frame that is a whole message.
inline constexpr std::uint8_t kWhole = kFlagEndStream | kFlagEndHeaders;

// Records a stream's request and its end, in words.
class TestStream final : public SessionStream {
 public:
  explicit TestStream(Session*& session) : session_(session) {}

  Request& request() override { return message; }
  void on_head(const RequestHead& h, bool end) override {
    head = true;
    ended = end;
    log += "head " + std::to_string(h.refusal()) + ' ' + message.method + ' ' + message.host + ' ' +
           message.target() + '\n';
    for (const Field& field : message.headers) log += field.name + ": " + field.value + '\n';
  }
  void on_data(std::string_view bytes) override {
    data += bytes;
    unread += bytes.size();
  }
  void on_trailers(std::unique_ptr<Headers> fields) override {
    for (const Field& field : *fields) log += "trailer " + field.name + ": " + field.value + '\n';
  }
  void on_end() override { ended = true; }
  void on_early_end() override { session_->reset(id, ErrorCode::no_error); }
  void on_close(ErrorCode code, bool by_client) override {
    closed = true;
    log += "closed " + std::to_string(static_cast<unsigned>(code)) +
           (by_client ? " by client\n" : "\n");
    session_->consume_closed(unread);
  }
  Offer offer() override { return {content.size(), all}; }
  std::string_view take(std::size_t size) override {
    const std::string_view piece = content.substr(0, size);
    content.remove_prefix(piece.size());
    return piece;
  }

  const Headers* trailers() override { return response.body.trailers(); }

  Request message;
  Response response;
  std::string log;
  std::string data;
  std::string_view content;
  std::size_t unread = 0;
  bool all = true;
  bool head = false;
  bool ended = false;
  bool closed = false;
  bool answered = false;

 private:
  Session*& session_;
};

class TestOwner final : public SessionOwner {
 public:
  explicit TestOwner(const SessionLimits& limits = {}, PagePool* pool = nullptr)
      : made_(std::make_unique<Session>(*this, limits, pool)) {
    session = made_.get();
  }

  SessionStream& on_stream() override {
    streams.push_back(std::make_unique<TestStream>(session));
    return *streams.back();
  }
  void on_pong() override { ++pongs; }

  // Describes the end of all streams. Includes content only if it is whole: before a fault, more or
  // less of it may have arrived.
  [[nodiscard]] std::string transcript() const {
    std::string out;
    for (const auto& stream : streams) {
      out += stream->log;
      if (stream->ended && !stream->closed) out += stream->data + " ended\n";
    }
    return out + std::string(session->failure());
  }
  void answer(TestStream& stream, std::string_view content) {
    stream.answered = true;
    stream.content = content;
    session->submit_response(stream.id, stream.response, !content.empty() || !stream.all, "");
  }
  [[nodiscard]] std::string output() {
    std::string out;
    session->produce(out, 1 << 20);
    return out;
  }

  std::vector<std::unique_ptr<TestStream>> streams;
  int pongs = 0;
  Session* session = nullptr;

 private:
  std::unique_ptr<Session> made_;
};

[[nodiscard]] inline std::string frame(FrameType type, std::uint8_t flags, StreamId stream,
                                       std::string_view payload) {
  std::string out;
  for (const int shift : {16, 8, 0}) out += static_cast<char>(payload.size() >> shift & 0xff);
  out += static_cast<char>(type);
  out += static_cast<char>(flags);
  for (const int shift : {24, 16, 8, 0}) out += static_cast<char>(stream >> shift & 0xff);
  return out.append(payload);
}

// Encodes a field as a literal without indexing (RFC 7541 section 6.2.2). Requires: both are
// shorter than 127 bytes.
[[nodiscard]] inline std::string literal(std::string_view name, std::string_view value) {
  std::string out(1, '\0');
  out += static_cast<char>(name.size());
  out += name;
  out += static_cast<char>(value.size());
  return out.append(value);
}

[[nodiscard]] inline std::string get_fields(std::string_view method = "GET") {
  return literal(":method", method) + literal(":scheme", "http") + literal(":path", "/a?b") +
         literal(":authority", "shop.example");
}

[[nodiscard]] inline std::string opening() {
  return std::string(kPreface) + frame(FrameType::settings, 0, 0, "");
}

}  // namespace sluice::http::h2
