// SPDX-License-Identifier: Apache-2.0
#include "http/h1/body_decoder.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "http/trailers.h"

namespace sluice::http::h1 {
namespace {

constexpr std::string_view kChunkEnd = "\r\n";
constexpr std::size_t kChunkLineBytesMax = 1024;
constexpr auto kChunkBytesMax =
    static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

// Parses chunk-size [ chunk-ext ]. The extension is ignored. Space before it is refused: RFC 9112
// section 7.1.1 calls it bad.
bool parse_chunk_line(std::string_view line, std::uint64_t& size, std::size_t& extension_bytes) {
  const char* const end = line.data() + line.size();
  const auto parsed = std::from_chars(line.data(), end, size, 16);
  if (parsed.ec != std::errc{} || size > kChunkBytesMax) return false;
  const std::string_view extension(parsed.ptr, end);
  extension_bytes = extension.size();
  return extension.empty() || (extension.front() == ';' && is_field_value(extension));
}

}  // namespace

void BodyDecoder::start_length(std::uint64_t length) {
  trailers_.reset();
  fault_ = {};
  left_ = length;
  phase_ = length == 0 ? Phase::done : Phase::length;
}

void BodyDecoder::start_until_close() {
  trailers_.reset();
  fault_ = {};
  phase_ = Phase::until_close;
}

void BodyDecoder::start_chunked() {
  lines_.reset();
  fault_ = {};
  overhead_ = 0;
  trailer_count_ = 0;
  trailers_.reset();
  phase_ = Phase::chunk_size;
}

BodyDecoder::Decoded BodyDecoder::decode(std::string_view input) {
  std::size_t consumed = 0;
  while (phase_ != Phase::done && !fault_) {
    const std::string_view rest = input.substr(consumed);
    std::size_t line_bytes = 0;
    switch (phase_) {
      case Phase::chunk_size:
        line_bytes = read_chunk_size(rest);
        break;
      case Phase::chunk_end:
        line_bytes = read_chunk_end(rest);
        break;
      case Phase::trailers:
        line_bytes = read_trailer(rest);
        break;
      default: {
        Decoded decoded = take_data(rest);
        decoded.consumed += consumed;
        return decoded;
      }
    }
    if (line_bytes == 0) break;
    consumed += line_bytes;
  }
  return {consumed};
}

BodyDecoder::Decoded BodyDecoder::take_data(std::string_view input) {
  if (phase_ == Phase::until_close) return {input.size(), input};
  const std::size_t size = std::min<std::uint64_t>(left_, input.size());
  left_ -= size;
  if (left_ == 0) phase_ = phase_ == Phase::length ? Phase::done : Phase::chunk_end;
  return {size, input.substr(0, size)};
}

std::size_t BodyDecoder::read_chunk_size(std::string_view input) {
  switch (lines_.next(input, kChunkLineBytesMax)) {
    case LineReader::LineStatus::need_more:
      return 0;
    case LineReader::LineStatus::too_long:
      return refuse(400, "chunk size line too long");
    case LineReader::LineStatus::bad_end:
      return refuse(400, "chunk size line without CRLF");
    case LineReader::LineStatus::line:
      break;
  }
  std::size_t extension_bytes = 0;
  if (!parse_chunk_line(lines_.line(), left_, extension_bytes)) {
    return refuse(400, "invalid chunk size");
  }
  overhead_ += extension_bytes;
  if (overhead_ > limits_.overhead_bytes_max) return refuse(400, "too many chunk extensions");
  if (left_ == 0) overhead_ = 0;
  phase_ = left_ == 0 ? Phase::trailers : Phase::chunk_data;
  return lines_.line().size() + 2;
}

std::size_t BodyDecoder::read_chunk_end(std::string_view input) {
  if (!kChunkEnd.starts_with(input.substr(0, 2))) return refuse(400, "chunk longer than its size");
  if (input.size() < 2) return 0;
  phase_ = Phase::chunk_size;
  return 2;
}

// RFC 9112 section 7.1.2.
std::size_t BodyDecoder::read_trailer(std::string_view input) {
  switch (lines_.next(input, limits_.overhead_bytes_max - overhead_)) {
    case LineReader::LineStatus::need_more:
      return 0;
    case LineReader::LineStatus::too_long:
      return refuse(431, "trailers too large");
    case LineReader::LineStatus::bad_end:
      return refuse(400, "trailer without CRLF");
    case LineReader::LineStatus::line:
      break;
  }
  const std::size_t bytes = lines_.line().size() + 2;
  overhead_ += bytes;
  if (lines_.line().empty()) {
    phase_ = Phase::done;
    return bytes;
  }
  FieldLine field;
  if (const Fault fault = parse_field_line(lines_.line(), field)) {
    return refuse(fault.status, fault.reason);
  }
  if (++trailer_count_ > limits_.fields_max) return refuse(431, "too many trailers");
  add_trailer(trailers_, field.name, field.value);
  return bytes;
}

std::size_t BodyDecoder::refuse(int status, std::string_view reason) {
  fault_ = {status, reason};
  return 0;
}

}  // namespace sluice::http::h1
