// SPDX-License-Identifier: Apache-2.0
// Refused beyond the grammar, because two parsers could read it differently:
//   bare LF or CR as a line end (RFC 9112 2.2), more than two empty lines before a request (2.2),
//   anything but single spaces in the request line (3), obs-fold (5.2), space before a colon
//   (5.1), Content-Length twice, as a list, or beside Transfer-Encoding (6.3, RFC 9110 8.6),
//   Transfer-Encoding other than "chunked", or in HTTP/1.0 (6.1), Host missing in HTTP/1.1,
//   repeated, empty or with other characters than a host's (3.2), '#' in a target.
#include "http/h1/request_parser.h"

#include <algorithm>

#include "http/chars.h"
#include "http/h1/body_decoder.h"
#include "http/h1/framing.h"
#include "http/trailers.h"

namespace sluice::http::h1 {
namespace {

constexpr std::size_t kMethodBytesMax = 32;
constexpr std::size_t kVersionBytes = 8;
constexpr int kEmptyLinesMax = 2;

// Checks the method at the start of a request line that may be incomplete.
Fault check_method(std::string_view line, std::size_t& length) {
  length = 0;
  while (length < line.size() && is_in(kTokenChars, line[length])) {
    if (++length > kMethodBytesMax) return {400, "method too long"};
  }
  if (length == line.size()) return {};
  if (length == 0 || line[length] != ' ') return {400, "invalid method"};
  return {};
}

Fault parse_version(std::string_view text, Version& version) {
  const bool http = text.size() == kVersionBytes && text.starts_with("HTTP/") &&
                    is_digit(text[5]) && text[6] == '.' && is_digit(text[7]);
  if (!http) return {400, "invalid request line"};
  if (text[5] != '1' || text[7] > '1') return {505, "HTTP version not supported"};
  version = text[7] == '1' ? Version::http11 : Version::http10;
  return {};
}

Fault parse_target(std::string_view target, Request& request) {
  if (request.method == "CONNECT") return {501, "CONNECT not implemented"};
  if (target == "*" && request.method != "OPTIONS") return {400, "invalid target"};
  return request.set_target(target) ? Fault{} : Fault{400, "invalid target"};
}

}  // namespace

struct RequestParser::State {
  enum class Phase { request_line, fields, body, done, refused };

  RequestLimits limits;
  BodyDecoder decoder;
  Request* request = nullptr;
  Phase phase = Phase::done;
  LineReader lines;
  HeadFraming framing;
  Refusal refusal;
  std::uint32_t head_bytes = 0;
  std::uint32_t field_count = 0;
  int empty_lines = 0;
  bool started = false;
  bool absolute = false;  // the target contains the host
  bool host_seen = false;
  bool expects_continue = false;

  explicit State(RequestLimits l) : limits(l), decoder({l.head_bytes_max, l.fields_max}) {}

  void start(Request& r);
  ParseResult parse_head(std::string_view input);
  ParseResult parse_body(std::string_view input);
  ParseResult refuse(Fault fault);

  Fault skip_empty_lines(std::string_view input, std::size_t& consumed);
  // Each reads one line and sets the bytes consumed; 0 without a fault: need more.
  Fault read_request_line(std::string_view input, std::size_t& consumed);
  Fault read_field(std::string_view input, std::size_t& consumed);

  Fault parse_request_line(std::string_view line, std::size_t method_size);
  Fault add_field(const FieldLine& field);
  Fault add_host(std::string_view value);
  Fault add_expect(std::string_view value);
  Fault finish_head();
};

void RequestParser::State::start(Request& r) {
  request = &r;
  r.clear();
  phase = Phase::request_line;
  lines.reset();
  head_bytes = field_count = 0;
  empty_lines = 0;
  started = absolute = host_seen = expects_continue = false;
}

RequestParser::ParseResult RequestParser::State::refuse(Fault fault) {
  phase = Phase::refused;
  refusal.status = fault.status;
  refusal.reason = fault.reason;
  return {ParseState::refused, 0};
}

RequestParser::ParseResult RequestParser::State::parse_head(std::string_view input) {
  std::size_t consumed = 0;
  if (!started) {
    if (const Fault fault = skip_empty_lines(input, consumed)) return refuse(fault);
    if (!started) return {ParseState::need_more, consumed};
  }
  while (phase == Phase::request_line || phase == Phase::fields) {
    const std::string_view rest = input.substr(consumed);
    std::size_t line_bytes = 0;
    const Fault fault = phase == Phase::request_line ? read_request_line(rest, line_bytes)
                                                     : read_field(rest, line_bytes);
    if (fault) return refuse(fault);
    if (line_bytes == 0) return {ParseState::need_more, consumed};
    consumed += line_bytes;
    head_bytes += static_cast<std::uint32_t>(line_bytes);
  }
  return {ParseState::head, consumed};
}

// RFC 9112 section 2.2: old clients send a CRLF after a body.
Fault RequestParser::State::skip_empty_lines(std::string_view input, std::size_t& consumed) {
  while (consumed < input.size() && input[consumed] == '\r') {
    if (input.size() - consumed < 2) return {};
    if (input[consumed + 1] != '\n') return {400, "bare CR"};
    if (++empty_lines > kEmptyLinesMax) return {400, "empty lines before the request"};
    consumed += 2;
  }
  started = consumed < input.size();
  return {};
}

Fault RequestParser::State::read_request_line(std::string_view input, std::size_t& consumed) {
  // Garbage, such as TLS, is refused at once, before a line of it is complete.
  std::size_t method_size = 0;
  if (const Fault fault = check_method(input, method_size)) return fault;
  const std::size_t line_max = limits.target_bytes_max + kMethodBytesMax + kVersionBytes + 4;
  switch (lines.next(input, std::min<std::size_t>(line_max, limits.head_bytes_max))) {
    case LineReader::LineStatus::need_more:
      return {};
    case LineReader::LineStatus::too_long:
      return {414, "request line too long"};
    case LineReader::LineStatus::bad_end:
      return {400, "bare LF"};
    case LineReader::LineStatus::line:
      break;
  }
  consumed = lines.line().size() + 2;
  phase = Phase::fields;
  return parse_request_line(lines.line(), method_size);
}

Fault RequestParser::State::parse_request_line(std::string_view line, std::size_t method_size) {
  request->method = line.substr(0, method_size);
  line.remove_prefix(std::min(method_size + 1, line.size()));
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) return {400, "invalid request line"};
  const std::string_view target = line.substr(0, space);
  if (const Fault fault = parse_version(line.substr(space + 1), request->version)) return fault;
  if (target.size() > limits.target_bytes_max) return {414, "target too long"};
  if (const Fault fault = parse_target(target, *request)) return fault;
  absolute = !request->host.empty();
  framing.reset(request->version);
  return {};
}

Fault RequestParser::State::read_field(std::string_view input, std::size_t& consumed) {
  switch (lines.next(input, limits.head_bytes_max - head_bytes)) {
    case LineReader::LineStatus::need_more:
      return {};
    case LineReader::LineStatus::too_long:
      return {431, "head too large"};
    case LineReader::LineStatus::bad_end:
      return {400, "bare LF"};
    case LineReader::LineStatus::line:
      break;
  }
  consumed = lines.line().size() + 2;
  if (lines.line().empty()) return finish_head();
  FieldLine field;
  if (const Fault fault = parse_field_line(lines.line(), field)) return fault;
  return add_field(field);
}

Fault RequestParser::State::add_field(const FieldLine& field) {
  if (++field_count > limits.fields_max) return {431, "too many fields"};
  const FieldKind kind = field_kind(field.name);
  switch (kind) {
    case FieldKind::host:
      return add_host(field.value);
    case FieldKind::expect:
      if (const Fault fault = add_expect(field.value)) return fault;
      break;
    case FieldKind::content_length:
    case FieldKind::transfer_encoding:
    case FieldKind::connection:
    case FieldKind::upgrade:
      if (const Fault fault = framing.add(kind, field.value)) return fault;
      break;
    case FieldKind::te:
      request->wants_trailers = request->wants_trailers || wants_trailers(field.value);
      break;
    case FieldKind::hop_by_hop:
    case FieldKind::other:
      break;
  }
  request->headers.add(field.name, field.value);
  return {};
}

// RFC 9112 section 3.2; with an absolute target the value is checked and not used (3.2.2).
Fault RequestParser::State::add_host(std::string_view value) {
  if (host_seen) return {400, "more than one Host"};
  host_seen = true;
  if (!is_host(value)) return {400, "invalid Host"};
  if (!absolute) request->host = value;
  return {};
}

// RFC 9110 section 10.1.1.
Fault RequestParser::State::add_expect(std::string_view value) {
  if (!iequals(value, "100-continue")) return {417, "unknown expectation"};
  expects_continue = request->version != Version::http10;
  return {};
}

Fault RequestParser::State::finish_head() {
  if (!host_seen && request->version == Version::http11) return {400, "no Host"};
  framing.remove_named(request->headers);
  if (framing.chunked()) {
    decoder.start_chunked();
  } else {
    decoder.start_length(framing.content_length().value_or(0));
  }
  phase = Phase::body;
  return {};
}

RequestParser::ParseResult RequestParser::State::parse_body(std::string_view input) {
  const BodyDecoder::Decoded decoded = decoder.decode(input);
  if (decoder.fault()) return refuse(decoder.fault());
  if (!decoded.bytes.empty()) return {ParseState::body, decoded.consumed, decoded.bytes};
  if (!decoder.done()) return {ParseState::need_more, decoded.consumed};
  phase = Phase::done;
  return {ParseState::done, decoded.consumed};
}

RequestParser::RequestParser(RequestLimits limits) : state_(std::make_unique<State>(limits)) {}
RequestParser::~RequestParser() = default;
RequestParser::RequestParser(RequestParser&&) noexcept = default;
RequestParser& RequestParser::operator=(RequestParser&&) noexcept = default;

void RequestParser::start(Request& request) { state_->start(request); }

RequestParser::ParseResult RequestParser::parse(std::string_view input) {
  switch (state_->phase) {
    case State::Phase::request_line:
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

std::unique_ptr<Headers> RequestParser::take_trailers() {
  return without_named(state_->framing, state_->decoder.take_trailers());
}

bool RequestParser::has_body() const {
  return state_->framing.chunked() || state_->framing.content_length().value_or(0) > 0;
}

std::optional<std::uint64_t> RequestParser::content_length() const {
  if (state_->framing.chunked()) return std::nullopt;
  return state_->framing.content_length().value_or(0);
}

bool RequestParser::keep_alive() const {
  return state_->phase != State::Phase::refused && state_->framing.keep_alive();
}

bool RequestParser::expects_continue() const { return state_->expects_continue && has_body(); }
std::string_view RequestParser::upgrade() const { return state_->framing.upgrade(); }
const Refusal& RequestParser::refusal() const { return state_->refusal; }
bool RequestParser::started() const { return state_->started; }

}  // namespace sluice::http::h1
