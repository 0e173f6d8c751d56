// SPDX-License-Identifier: Apache-2.0
// For tests and fuzzing: the results of a parser for bytes in pieces, as text to compare.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/h1/request_parser.h"
#include "http/h1/response_parser.h"

namespace sluice::http::h1 {

inline std::string describe(const Headers& headers) {
  std::string out;
  for (const Field& field : headers) out += field.name + ": " + field.value + "\n";
  return out;
}

inline std::string describe(const Request& r) {
  std::string out = r.method + " " + r.escaped_path;
  if (r.has_query) out += "?" + r.query;
  out += " " + std::string(to_string(r.version)) + " host=" + r.host + " path=" + r.path + "\n";
  return out + describe(r.headers);
}

inline std::string describe(const Response& r) {
  return std::to_string(r.status) + "\n" + describe(r.headers);
}

template <class Parser>
std::string describe_framing(const Parser& parser) {
  std::string out = "-- ";
  const auto length = parser.content_length();
  out += parser.has_body() ? "body" : "no body";
  out += length ? " " + std::to_string(*length) : std::string(" unknown length");
  if constexpr (requires { parser.expects_continue(); }) {
    if (parser.expects_continue()) out += " expects 100";
    if (!parser.upgrade().empty()) out += " upgrade " + std::string(parser.upgrade());
  } else {
    if (parser.kept_for().timeout) out += " timeout " + std::to_string(*parser.kept_for().timeout);
  }
  return out + (parser.keep_alive() ? " keep-alive\n" : " close\n");
}

template <class Parser>
std::string describe_trailers(Parser& parser) {
  const auto trailers = parser.take_trailers();
  return trailers ? "\ntrailers\n" + describe(*trailers) : "";
}

// Feeds the pieces and passes every result but need_more to `on`; stops when it returns false.
template <class Parser, class On>
void feed(Parser& parser, const std::vector<std::string_view>& pieces, On on) {
  std::string unread;
  for (const std::string_view piece : pieces) {
    unread += piece;
    std::size_t consumed = 0;
    while (true) {
      const auto result = parser.parse(std::string_view(unread).substr(consumed));
      if (result.state == ParseState::need_more) {
        consumed += result.consumed;
        break;
      }
      if (!on(result)) return;
      consumed += result.consumed;
    }
    unread.erase(0, consumed);
  }
}

// Writes every request in the bytes, up to the first refusal.
inline std::string transcript(const std::vector<std::string_view>& pieces,
                              RequestLimits limits = {}) {
  RequestParser parser(limits);
  Request request;
  parser.start(request);
  std::string out;
  feed(parser, pieces, [&](const RequestParser::ParseResult& result) {
    switch (result.state) {
      case ParseState::head:
        out += describe(request) + describe_framing(parser);
        break;
      case ParseState::body:
        out += result.body;
        break;
      case ParseState::refused:
        out += "refused " + std::to_string(parser.refusal().status) + " " +
               parser.refusal().reason + "\n";
        return false;
      default:
        out += describe_trailers(parser) + "\ndone\n";
        parser.start(request);
    }
    return true;
  });
  return out + (parser.started() ? "started" : "idle");
}

// Writes every response in the bytes to requests of the method, up to the first refusal.
inline std::string transcript_of_all(std::string_view bytes, std::string_view method,
                                     ResponseLimits limits = {}) {
  ResponseParser parser(limits);
  Response response;
  parser.start(response, method);
  std::string out;
  feed(parser, {bytes}, [&](const ResponseParser::ParseResult& result) {
    switch (result.state) {
      case ParseState::head:
        out += describe(response) + describe_framing(parser);
        break;
      case ParseState::body:
        out += result.body;
        break;
      case ParseState::refused:
        out += "refused " + parser.error();
        return false;
      default:
        out += describe_trailers(parser) + "\ndone\n";
        parser.start(response, method);
    }
    return true;
  });
  return out;
}

// Writes one response; `eof`: the backend closes after the last piece.
inline std::string transcript(const std::vector<std::string_view>& pieces, std::string_view method,
                              bool eof, ResponseLimits limits = {}) {
  ResponseParser parser(limits);
  Response response;
  parser.start(response, method);
  std::string out;
  bool open = true;
  feed(parser, pieces, [&](const ResponseParser::ParseResult& result) {
    switch (result.state) {
      case ParseState::head:
        out += describe(response) + describe_framing(parser);
        break;
      case ParseState::body:
        out += result.body;
        break;
      case ParseState::refused:
        out += "refused " + parser.error();
        open = false;
        break;
      default:
        out += describe_trailers(parser) + "\ndone";
        open = false;
    }
    return open;
  });
  if (open && eof) out += parser.parse_eof() == ParseState::done ? "\neof" : "\n" + parser.error();
  return out;
}

inline std::vector<std::string_view> cut_at(std::string_view bytes, std::size_t at) {
  return {bytes.substr(0, at), bytes.substr(at)};
}

inline std::vector<std::string_view> single_bytes(std::string_view bytes) {
  std::vector<std::string_view> pieces;
  for (std::size_t i = 0; i < bytes.size(); ++i) pieces.push_back(bytes.substr(i, 1));
  return pieces;
}

}  // namespace sluice::http::h1
