// SPDX-License-Identifier: Apache-2.0
// As strict as the request parser: ambiguous framing from a backend could pass one client's
// response to another.
#include "http/h1/response_parser.h"

#include <algorithm>
#include <charconv>

#include "http/chars.h"
#include "http/h1/body_decoder.h"
#include "http/h1/framing.h"

namespace sluice::http::h1 {
namespace {

constexpr std::size_t kStatusLineBytesMax = std::size_t{8} * 1024;

// HTTP-version SP 3DIGIT [ SP reason-phrase ] (RFC 9112 section 4; some leave out the last SP).
Fault parse_status_line(std::string_view line, Version& version, int& status) {
  if (!line.starts_with("HTTP/1.") || line.size() < 12) return {502, "not an HTTP/1 response"};
  if (line[7] != '0' && line[7] != '1') return {502, "HTTP version not supported"};
  version = line[7] == '1' ? Version::http11 : Version::http10;
  status = 0;
  for (const char c : line.substr(9, 3)) {
    if (!is_digit(c)) return {502, "invalid status code"};
    status = status * 10 + (c - '0');
  }
  const std::string_view reason = line.substr(12);
  if (line[8] != ' ' || status < 100) return {502, "invalid status line"};
  if (!reason.empty() && (reason.front() != ' ' || !is_field_value(reason))) {
    return {502, "invalid status line"};
  }
  return {};
}

// A parameter of Keep-Alive that is not a number counts as 0: the connection is not relied on.
void read_keep_alive(std::string_view list, KeepAlive& out) {
  while (!list.empty()) {
    std::string_view parameter = take_until(list, ',');
    const std::string_view name = trim_ows(take_until(parameter, '='));
    const std::string_view text = trim_ows(parameter);
    std::uint32_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    if (iequals(name, "timeout")) out.timeout = number;
    if (iequals(name, "max")) out.max = number;
  }
}

bool never_has_body(int status) { return status < 200 || status == 204 || status == 304; }

}  // namespace

struct ResponseParser::State {
  enum class Phase { status_line, fields, body, done, refused };

  ResponseLimits limits;
  BodyDecoder decoder;
  Response* response = nullptr;
  InterimSink* interim = nullptr;
  KeepAlive kept_for;
  Phase phase = Phase::done;
  LineReader lines;
  HeadFraming framing;
  std::string error;
  Version version = Version::http11;
  std::uint32_t head_bytes = 0;   // including preceding 1xx responses
  std::uint32_t field_count = 0;  // likewise
  bool bodiless = false;          // the method or the status allow no body
  bool clean_end = false;         // the end of the message is certain: the connection may be reused
  bool head_method = false;
  bool connect_method = false;

  explicit State(ResponseLimits l) : limits(l), decoder({l.head_bytes_max, l.fields_max}) {}

  void start(Response& r, std::string_view method, InterimSink* sink);
  Progress parse_head(std::string_view input);
  Progress parse_body(std::string_view input);
  Progress refuse(std::string_view reason);

  // Read one line each and set the bytes consumed; 0 without a fault: need more.
  Fault read_line(std::string_view input, std::size_t& consumed);
  Fault read_status_line();
  Fault read_field();
  Fault finish_head();
  Fault finish_interim();
  void start_body();
};

void ResponseParser::State::start(Response& r, std::string_view method, InterimSink* sink) {
  response = &r;
  interim = sink;
  kept_for = {};
  r.clear();
  phase = Phase::status_line;
  lines.reset();
  head_bytes = field_count = 0;
  bodiless = clean_end = false;
  head_method = method == "HEAD";
  connect_method = method == "CONNECT";
  error.clear();
}

ResponseParser::Progress ResponseParser::State::refuse(std::string_view reason) {
  phase = Phase::refused;
  error = reason;
  return {ParseState::refused, 0};
}

ResponseParser::Progress ResponseParser::State::parse_head(std::string_view input) {
  std::size_t consumed = 0;
  while (phase == Phase::status_line || phase == Phase::fields) {
    std::size_t line_bytes = 0;
    Fault fault = read_line(input.substr(consumed), line_bytes);
    if (!fault && line_bytes == 0) return {ParseState::need_more, consumed};
    if (!fault) fault = phase == Phase::status_line ? read_status_line() : read_field();
    if (fault) return refuse(fault.reason);
    consumed += line_bytes;
    head_bytes += static_cast<std::uint32_t>(line_bytes);
  }
  return {ParseState::head, consumed};
}

Fault ResponseParser::State::read_line(std::string_view input, std::size_t& consumed) {
  std::size_t bytes_max = limits.head_bytes_max - head_bytes;
  if (phase == Phase::status_line) bytes_max = std::min(bytes_max, kStatusLineBytesMax);
  switch (lines.next(input, bytes_max)) {
    case LineReader::Found::need_more:
      return {};
    case LineReader::Found::too_long:
      return {502, "head too large"};
    case LineReader::Found::bad_end:
      return {502, "bare LF"};
    case LineReader::Found::line:
      break;
  }
  consumed = lines.line().size() + 2;
  return {};
}

Fault ResponseParser::State::read_status_line() {
  phase = Phase::fields;
  const Fault fault = parse_status_line(lines.line(), version, response->status);
  framing.reset(version);
  return fault;
}

Fault ResponseParser::State::read_field() {
  if (lines.line().empty()) return finish_head();
  FieldLine field;
  if (const Fault fault = parse_field_line(lines.line(), field, SpaceBeforeColon::drop))
    return fault;
  if (++field_count > limits.fields_max) return {502, "too many fields"};
  const FieldKind kind = field_kind(field.name);
  switch (kind) {
    case FieldKind::content_length:
    case FieldKind::transfer_encoding:
    case FieldKind::connection:
      // Other parsers may have ignored such a field.
      if (field.spaced) return {502, "space before the colon of a framing field"};
      return framing.add(kind, field.value);
    case FieldKind::hop_by_hop:
      if (iequals(field.name, "Keep-Alive")) read_keep_alive(field.value, kept_for);
      response->headers.add(field.name, field.value);
      return {};
    default:
      response->headers.add(field.name, field.value);
      return {};
  }
}

Fault ResponseParser::State::finish_head() {
  const int status = response->status;
  if (status < 200 && status != 101) return finish_interim();
  framing.remove_named(response->headers);
  const bool framed = framing.chunked() || framing.content_length().value_or(0) > 0;
  if (status == 101 && framed) return {502, "101 with a body"};
  bodiless = head_method || never_has_body(status) || (connect_method && status < 300);
  // RFC 9112 6.3 rule 1. A 204 that announces a body may also send one.
  clean_end = status != 101 && !connect_method && !(status == 204 && framed);
  start_body();
  phase = Phase::body;
  return {};
}

// RFC 9110 section 15.2: 1xx have no body, and any number of them may come, within the limits of
// the head.
Fault ResponseParser::State::finish_interim() {
  if (framing.chunked() || framing.content_length()) return {502, "1xx response with a body"};
  framing.remove_named(response->headers);
  if (interim != nullptr) interim->send_interim(response->status, response->headers);
  response->clear();
  phase = Phase::status_line;
  return {};
}

void ResponseParser::State::start_body() {
  if (response->status == 101) return decoder.start_until_close();
  if (bodiless) return decoder.start_length(0);
  if (framing.chunked()) return decoder.start_chunked();
  if (framing.content_length()) return decoder.start_length(*framing.content_length());
  decoder.start_until_close();
  clean_end = false;
}

ResponseParser::Progress ResponseParser::State::parse_body(std::string_view input) {
  const BodyDecoder::Step step = decoder.decode(input);
  if (decoder.fault()) return refuse(decoder.fault().reason);
  if (!step.bytes.empty()) return {ParseState::body, step.consumed, step.bytes};
  if (!decoder.done()) return {ParseState::need_more, step.consumed};
  phase = Phase::done;
  return {ParseState::done, step.consumed};
}

ResponseParser::ResponseParser(ResponseLimits limits) : state_(std::make_unique<State>(limits)) {}
ResponseParser::~ResponseParser() = default;
ResponseParser::ResponseParser(ResponseParser&&) noexcept = default;
ResponseParser& ResponseParser::operator=(ResponseParser&&) noexcept = default;

void ResponseParser::start(Response& response, std::string_view method, InterimSink* interim) {
  state_->start(response, method, interim);
}

ResponseParser::Progress ResponseParser::parse(std::string_view input) {
  switch (state_->phase) {
    case State::Phase::status_line:
    case State::Phase::fields:
      return state_->parse_head(input);
    case State::Phase::body:
      return state_->parse_body(input);
    case State::Phase::done:
      return {ParseState::done, 0};
    case State::Phase::refused:
      break;
  }
  return {ParseState::refused, 0};
}

ParseState ResponseParser::parse_eof() {
  State& state = *state_;
  if (state.phase == State::Phase::body) {
    if (state.decoder.done() || state.decoder.until_close()) state.phase = State::Phase::done;
  }
  if (state.phase == State::Phase::done) return ParseState::done;
  if (state.phase == State::Phase::refused) return ParseState::refused;
  return state.refuse("connection closed before the end of the response").state;
}

std::unique_ptr<Headers> ResponseParser::take_trailers() {
  return without_named(state_->framing, state_->decoder.take_trailers());
}

bool ResponseParser::has_body() const {
  if (state_->response->status == 101) return true;
  if (state_->bodiless) return false;
  return state_->framing.chunked() || state_->framing.content_length().value_or(1) > 0;
}

std::optional<std::uint64_t> ResponseParser::content_length() const {
  return state_->framing.content_length();
}

bool ResponseParser::keep_alive() const {
  return state_->phase != State::Phase::refused && state_->clean_end &&
         state_->framing.keep_alive();
}

const KeepAlive& ResponseParser::kept_for() const { return state_->kept_for; }

const std::string& ResponseParser::error() const { return state_->error; }

}  // namespace sluice::http::h1
