// SPDX-License-Identifier: Apache-2.0
// AccessFormat: the format of a line of the access log.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "observe/line_escape.h"

namespace sluice::observe {

// The request data available to a line; the views are valid during the call.
struct AccessEntry {
  std::chrono::system_clock::time_point start;
  Duration duration{};
  std::string_view peer;
  std::string_view real_ip;
  std::string_view method;
  std::string_view target;
  std::string_view protocol;
  int status = 0;
  std::uint64_t request_bytes = 0;
  std::uint64_t response_bytes = 0;
  std::string_view pipeline;
  struct FilterRun {
    std::string_view alias;
    std::string_view result;
    Duration duration;
  };
  std::span<const FilterRun> steps;
  std::span<const std::string> tags;
  // "Name: value; Name: value", without secrets. Only if the format has_fields().
  std::string_view request_fields{};
  std::string_view response_fields{};
  std::string_view server{};                // the name of the HTTPServer
  std::string_view host{};                  // as the client sent it; only if the format has_host()
  std::string_view route{};                 // the name of the rule's path
  std::array<std::uint64_t, 2> trace_id{};  // the most significant first; zeros: not traced
  std::string_view request_id{};            // "": the server gives none
};

// A compiled template. Variables: Time RemoteAddr RealIP Method URI Proto StatusCode Duration
// ReqSize RespSize Tags ReqHeaders RespHeaders TraceID RequestId, written {{Name}}. Data of clients and
// programs is escaped for the kind of line: JSON if the template begins with the brace of an object
// or a list of texts, else plain text (LineEscape). Immutable; shared by the cores.
class AccessFormat {
 public:
  // The default: [{{Time}}] [{{RemoteAddr}} {{RealIP}} {{Method}} {{URI}} {{Proto}} {{StatusCode}}]
  // [{{Duration}} rx:{{ReqSize}}B tx:{{RespSize}}B] [{{Tags}}]
  AccessFormat();
  // Lines of JSON with all that is known: time, peer, client, server, host, method, target,
  // protocol, status, durationUs, requestBytes, responseBytes, route, pipeline, filters, tags,
  // traceId, requestId.
  [[nodiscard]] static AccessFormat json_lines();
  // True for AccessFormat(): the server has no format of its own.
  [[nodiscard]] bool is_default() const { return kind_ == Kind::standard; }
  // An error names the unknown variable, or the one outside of quotes in JSON, or says that lines
  // would be no JSON.
  static Result<AccessFormat> parse(std::string_view format);
  // A line has the fields of requests or responses, which are costly to collect.
  [[nodiscard]] bool has_fields() const { return has_fields_; }
  // A line has the host of the request.
  [[nodiscard]] bool has_host() const { return kind_ == Kind::json_lines; }
  // A line has the id of the trace.
  [[nodiscard]] bool has_trace_id() const { return has_trace_id_; }
  // The rendered second of the last line: formatting a date costs more than the rest of the line.
  struct TimeCache {
    std::int64_t second = -1;
    std::string text;  // as of format_rfc3339_ms
  };
  // Appends a line and its line feed. `cache`: one per core.
  void append(std::string& out, const AccessEntry& entry, TimeCache& cache) const;

 private:
  enum class Kind { standard, given, json_lines };
  struct Empty {};
  explicit AccessFormat(Empty) {}
  enum class LogVariable {
    text,
    time,
    peer,
    real_ip,
    method,
    uri,
    proto,
    status,
    duration,
    rx,
    tx,
    tags,
    request_fields,
    response_fields,
    trace_id,
    request_id
  };
  struct FormatItem {
    LogVariable variable;
    std::string text;
  };
  static bool is_number(LogVariable variable);
  void note(LogVariable variable);
  void append_tags(std::string& out, const AccessEntry& entry) const;
  void append_json(std::string& out, const AccessEntry& entry, TimeCache& cache) const;
  struct LineEnd;
  [[nodiscard]] static std::size_t json_bytes_max(const AccessEntry& entry);
  void write_json(LineEnd& out, const AccessEntry& entry, std::string_view time) const;
  void write_json_steps(LineEnd& out, const AccessEntry& entry) const;

  std::vector<FormatItem> items_;
  LineEscape escape_;
  bool has_fields_ = false;
  bool has_trace_id_ = false;
  Kind kind_ = Kind::given;
};

}  // namespace sluice::observe
