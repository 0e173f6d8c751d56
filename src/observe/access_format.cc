// SPDX-License-Identifier: Apache-2.0
#include "observe/access_format.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.h"

namespace sluice::observe {
namespace {

// A client chooses these texts, which may be as long as a head: a line has their beginning.
constexpr std::size_t kMethodBytesMax = 64;
constexpr std::size_t kTagBytesMax = 1024;
constexpr std::size_t kUriBytesMax = 512;
constexpr std::size_t kDigitsMax = 20;      // of a number
constexpr char kNoEscape = 'z';             // no escape of JSON has it
constexpr std::size_t kHostBytesMax = 261;  // a name of 255 octets and a port
constexpr std::string_view kDefaultFormat =
    "[{{Time}}] [{{RemoteAddr}} {{RealIP}} {{Method}} {{URI}} {{Proto}} {{StatusCode}}] "
    "[{{Duration}} rx:{{ReqSize}}B tx:{{RespSize}}B] [{{Tags}}]";

void append_number(std::string& out, std::uint64_t value) {
  std::array<char, kDigitsMax> digits;
  const auto [end, _] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  out.append(digits.data(), end);
}

std::uint64_t whole_microseconds(Duration duration) {
  return static_cast<std::uint64_t>(std::max<Duration::rep>(0, duration.count()) / 1000);
}

// Microseconds, or milliseconds with three places: enough for a log, and cheap.
void append_duration(std::string& out, Duration duration) {
  const std::uint64_t us = whole_microseconds(duration);
  if (us < 1000) {
    append_number(out, us);
    out += "us";
    return;
  }
  append_number(out, us / 1000);
  out += '.';
  const auto rest = us % 1000;
  out += static_cast<char>('0' + rest / 100);
  out += static_cast<char>('0' + rest / 10 % 10);
  out += static_cast<char>('0' + rest % 10);
  out += "ms";
}

// Renders the date once a second and patches the milliseconds in (19 characters, a point, 3
// digits).
std::string_view time_text(std::chrono::system_clock::time_point when,
                           AccessFormat::TimeCache& cache) {
  const auto ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(when.time_since_epoch()).count();
  if (cache.second != ms / 1000) {
    cache.second = ms / 1000;
    cache.text = format_rfc3339_ms(when);
  }
  const auto rest = ms % 1000;
  cache.text[20] = static_cast<char>('0' + rest / 100);
  cache.text[21] = static_cast<char>('0' + rest / 10 % 10);
  cache.text[22] = static_cast<char>('0' + rest % 10);
  return cache.text;
}

std::string_view cut(const std::string& tag) {
  return std::string_view(tag).substr(0, kTagBytesMax);
}

bool is_traced(const AccessEntry& entry) {
  return std::ranges::any_of(entry.trace_id, [](std::uint64_t half) { return half != 0; });
}

void append_trace_id(std::string& out, const AccessEntry& entry) {
  constexpr int kDigits = 16;
  for (const std::uint64_t half : entry.trace_id) append_hex(out, half, kDigits);
}

// A JSON template begins with the brace of an object, or the bracket of a list of texts.
bool is_json(std::string_view format) {
  format.remove_prefix(std::min(format.find_first_not_of(" \t"), format.size()));
  return (format.starts_with('{') && !format.starts_with("{{")) || format.starts_with("[\"");
}

// The number of quotes in `literal` that open or close a JSON text.
std::size_t quotes_in(std::string_view literal) {
  std::size_t quotes = 0;
  for (std::size_t i = 0; i < literal.size(); ++i) {
    if (literal[i] == '\\') {
      ++i;
    } else if (literal[i] == '"') {
      ++quotes;
    }
  }
  return quotes;
}

}  // namespace

AccessFormat::AccessFormat() : AccessFormat(*parse(kDefaultFormat)) { kind_ = Kind::standard; }

AccessFormat AccessFormat::json_lines() {
  AccessFormat made{Empty{}};
  made.escape_ = LineEscape::json();
  made.kind_ = Kind::json_lines;
  made.has_trace_id_ = true;
  return made;
}

Result<AccessFormat> AccessFormat::parse(std::string_view format) {
  static constexpr std::array kNames{
      std::pair{std::string_view("Time"), LogVariable::time},
      std::pair{std::string_view("RemoteAddr"), LogVariable::peer},
      std::pair{std::string_view("RealIP"), LogVariable::real_ip},
      std::pair{std::string_view("Method"), LogVariable::method},
      std::pair{std::string_view("URI"), LogVariable::uri},
      std::pair{std::string_view("Proto"), LogVariable::proto},
      std::pair{std::string_view("StatusCode"), LogVariable::status},
      std::pair{std::string_view("Duration"), LogVariable::duration},
      std::pair{std::string_view("ReqSize"), LogVariable::rx},
      std::pair{std::string_view("RespSize"), LogVariable::tx},
      std::pair{std::string_view("Tags"), LogVariable::tags},
      std::pair{std::string_view("ReqHeaders"), LogVariable::request_fields},
      std::pair{std::string_view("RespHeaders"), LogVariable::response_fields},
      std::pair{std::string_view("TraceID"), LogVariable::trace_id},
      std::pair{std::string_view("RequestId"), LogVariable::request_id}};
  AccessFormat out{Empty{}};
  const bool json = is_json(format);
  std::string literals;
  std::string sample;  // a line, with the least of each variable
  while (!format.empty()) {
    const std::size_t open = format.find("{{");
    if (open != 0) out.items_.push_back({LogVariable::text, std::string(format.substr(0, open))});
    literals += format.substr(0, open);
    sample += format.substr(0, open);
    if (open == std::string_view::npos) break;
    const std::size_t close = format.find("}}", open);
    if (close == std::string_view::npos) return fail(ErrorKind::invalid, "a {{ has no }}");
    std::string_view name = format.substr(open + 2, close - open - 2);
    while (name.starts_with(' ')) name.remove_prefix(1);
    while (name.ends_with(' ')) name.remove_suffix(1);
    const auto* found = kNames.begin();
    while (found != kNames.end() && found->first != name) ++found;
    if (found == kNames.end()) {
      std::string list;
      for (const auto& known : kNames) list.append(list.empty() ? "" : ", ").append(known.first);
      return fail(ErrorKind::invalid,
                  "{{" + std::string(name) + "}} is unknown (variables: " + list + ")");
    }
    if (json && !is_number(found->second) && quotes_in(literals) % 2 == 0)
      return fail(ErrorKind::invalid,
                  "{{" + std::string(name) + "}} is text: in JSON it needs \"\"");
    out.note(found->second);
    sample += is_number(found->second) ? '0' : kNoEscape;
    if (found->second == LogVariable::tags) literals += '|';  // separates two tags
    out.items_.push_back({found->second, {}});
    format.remove_prefix(close + 2);
  }
  if (json && !nlohmann::json::accept(sample))
    return fail(ErrorKind::invalid, "it begins as JSON, and its lines would be no JSON: " + sample);
  out.escape_ = json ? LineEscape::json() : LineEscape::text(literals);
  return out;
}

void AccessFormat::note(LogVariable variable) {
  if (variable == LogVariable::trace_id) has_trace_id_ = true;
  if (variable == LogVariable::request_fields || variable == LogVariable::response_fields)
    has_fields_ = true;
}

bool AccessFormat::is_number(LogVariable variable) {
  return variable == LogVariable::status || variable == LogVariable::rx ||
         variable == LogVariable::tx;
}

// The operator chooses filter names, but they may still contain a quote.
void AccessFormat::append_tags(std::string& out, const AccessEntry& entry) const {
  bool first = true;
  if (!entry.pipeline.empty()) {
    out += "pipeline(";
    escape_.append(out, entry.pipeline);
    out += "): ";
    if (entry.steps.empty()) out += "<empty>";
    for (std::size_t i = 0; i < entry.steps.size(); ++i) {
      const auto& step = entry.steps[i];
      if (i > 0) out += "->";
      escape_.append(out, step.alias);
      out += '(';
      if (!step.result.empty()) out.append(step.result).append(",");
      append_duration(out, step.duration);
      out += ')';
    }
    first = false;
  }
  for (const std::string& tag : entry.tags) {
    if (!std::exchange(first, false)) out += " | ";
    escape_.append(out, cut(tag));
  }
}

// Where a line is written, into room that was made for it.
struct AccessFormat::LineEnd {
  char* at;

  void put(std::string_view text) {
    std::memcpy(at, text.data(), text.size());
    at += text.size();
  }
  void put(std::uint64_t value) { at = std::to_chars(at, at + kDigitsMax, value).ptr; }
  void put(Duration duration) { put(whole_microseconds(duration)); }
};

// The most that the values of a line of JSON take, without its literals.
std::size_t AccessFormat::json_bytes_max(const AccessEntry& entry) {
  constexpr std::size_t kStep = 64;
  std::size_t texts = entry.real_ip.size() + entry.server.size() + kMethodBytesMax + kHostBytesMax +
                      kUriBytesMax + entry.route.size() + entry.pipeline.size();
  std::size_t whole = entry.peer.size() + entry.protocol.size();
  for (const AccessEntry::FilterRun& step : entry.steps) {
    texts += step.alias.size();
    whole += step.result.size() + kStep;
  }
  for (const std::string& tag : entry.tags) {
    texts += cut(tag).size();
    whole += kStep;
  }
  return whole + texts * LineEscape::kGrowthMax;
}

void AccessFormat::write_json_steps(LineEnd& out, const AccessEntry& entry) const {
  out.put(",\"filters\":[");
  bool first = true;
  for (const AccessEntry::FilterRun& step : entry.steps) {
    out.put(std::exchange(first, false) ? "{\"name\":\"" : ",{\"name\":\"");
    out.at = escape_.write(out.at, step.alias);
    out.put("\",\"result\":\"");
    out.put(step.result);
    out.put("\",\"durationUs\":");
    out.put(step.duration);
    out.put("}");
  }
  out.put("],\"tags\":[");
  first = true;
  for (const std::string& tag : entry.tags) {
    out.put(std::exchange(first, false) ? "\"" : ",\"");
    out.at = escape_.write(out.at, cut(tag));
    out.put("\"");
  }
  out.put("]");
}

// Each piece of text between two values is one literal, and the room is made once: a line costs
// little more than one of text.
void AccessFormat::write_json(LineEnd& out, const AccessEntry& entry, std::string_view time) const {
  const auto text = [&](std::string_view before, std::string_view value) {
    out.put(before);
    out.at = escape_.write(out.at, value);
  };
  out.put("{\"time\":\"");
  out.put(time);
  out.put("\",\"peer\":\"");
  out.put(entry.peer);
  text("\",\"client\":\"", entry.real_ip);
  text("\",\"server\":\"", entry.server);
  text("\",\"host\":\"", entry.host.substr(0, kHostBytesMax));
  text("\",\"method\":\"", entry.method.substr(0, kMethodBytesMax));
  text("\",\"target\":\"", entry.target.substr(0, kUriBytesMax));
  out.put("\",\"protocol\":\"");
  out.put(entry.protocol);
  out.put("\",\"status\":");
  out.put(static_cast<std::uint64_t>(entry.status));
  out.put(",\"durationUs\":");
  out.put(entry.duration);
  out.put(",\"requestBytes\":");
  out.put(entry.request_bytes);
  out.put(",\"responseBytes\":");
  out.put(entry.response_bytes);
  text(",\"route\":\"", entry.route);
  text("\",\"pipeline\":\"", entry.pipeline);
  out.put("\"");
  write_json_steps(out, entry);
}

void AccessFormat::append_json(std::string& out, const AccessEntry& entry, TimeCache& cache) const {
  constexpr std::size_t kLiterals = 512;
  const std::size_t begin = out.size();
  const std::string_view time = time_text(entry.start, cache);
  out.resize_and_overwrite(begin + kLiterals + json_bytes_max(entry), [&](char* data, std::size_t) {
    LineEnd end{data + begin};
    write_json(end, entry, time);
    return static_cast<std::size_t>(end.at - data);
  });
  if (is_traced(entry)) {
    out += ",\"traceId\":\"";
    append_trace_id(out, entry);
    out += '"';
  }
  if (!entry.request_id.empty()) {
    out += ",\"requestId\":\"";
    escape_.append(out, entry.request_id);
    out += '"';
  }
  out += "}\n";
}

void AccessFormat::append(std::string& out, const AccessEntry& entry, TimeCache& cache) const {
  if (kind_ == Kind::json_lines) return append_json(out, entry, cache);
  for (const FormatItem& item : items_) {
    switch (item.variable) {
      case LogVariable::text:
        out += item.text;
        break;
      case LogVariable::time:
        out += time_text(entry.start, cache);
        break;
      case LogVariable::peer:
        out += entry.peer;
        break;
      case LogVariable::real_ip:
        escape_.append(out, entry.real_ip);
        break;
      case LogVariable::method:
        escape_.append(out, entry.method.substr(0, kMethodBytesMax));
        break;
      case LogVariable::uri:
        escape_.append(out, entry.target.substr(0, kUriBytesMax));
        break;
      case LogVariable::proto:
        out += entry.protocol;
        break;
      case LogVariable::status:
        append_number(out, static_cast<std::uint64_t>(entry.status));
        break;
      case LogVariable::duration:
        append_duration(out, entry.duration);
        break;
      case LogVariable::rx:
        append_number(out, entry.request_bytes);
        break;
      case LogVariable::tx:
        append_number(out, entry.response_bytes);
        break;
      case LogVariable::tags:
        append_tags(out, entry);
        break;
      case LogVariable::request_fields:
        escape_.append(out, entry.request_fields);
        break;
      case LogVariable::response_fields:
        escape_.append(out, entry.response_fields);
        break;
      case LogVariable::trace_id:
        if (is_traced(entry)) append_trace_id(out, entry);
        break;
      case LogVariable::request_id:
        escape_.append(out, entry.request_id);
        break;
    }
  }
  out += '\n';
}

}  // namespace sluice::observe
