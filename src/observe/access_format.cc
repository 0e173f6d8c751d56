// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <charconv>
#include <utility>

#include "observe/access_log.h"

namespace sluice::observe {
namespace {

constexpr std::size_t kUriBytesMax = 512;
constexpr std::string_view kDefaultFormat =
    "[{{Time}}] [{{RemoteAddr}} {{RealIP}} {{Method}} {{URI}} {{Proto}} {{StatusCode}}] "
    "[{{Duration}} rx:{{ReqSize}}B tx:{{RespSize}}B] [{{Tags}}]";

void append_number(std::string& out, std::uint64_t value) {
  std::array<char, 20> digits;
  const auto [end, _] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  out.append(digits.data(), end);
}

// Microseconds, or milliseconds with three places: enough for a log, and cheap.
void append_duration(std::string& out, Duration duration) {
  const auto us = static_cast<std::uint64_t>(duration.count() < 0 ? 0 : duration.count() / 1000);
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

// Text from outside: a control character or a quote of a terminal must not forge a line.
void append_escaped(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) {
      out += c;
    } else {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
}

// Renders the date once a second and patches the milliseconds in (19 characters, a point, 3
// digits).
void append_time(std::string& out, std::chrono::system_clock::time_point when,
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
  out += cache.text;
}

void append_tags(std::string& out, const AccessEntry& entry) {
  bool first = true;
  if (!entry.pipeline.empty()) {
    out.append("pipeline(").append(entry.pipeline).append("): ");
    if (entry.steps.empty()) out += "<empty>";
    for (std::size_t i = 0; i < entry.steps.size(); ++i) {
      const auto& step = entry.steps[i];
      if (i > 0) out += "->";
      out.append(step.alias).append("(");
      if (!step.result.empty()) out.append(step.result).append(",");
      append_duration(out, step.duration);
      out += ')';
    }
    first = false;
  }
  for (const std::string& tag : entry.tags) {
    if (!std::exchange(first, false)) out += " | ";
    append_escaped(out, tag);
  }
}

}  // namespace

AccessFormat::AccessFormat() : AccessFormat(*parse(kDefaultFormat)) {}

Result<AccessFormat> AccessFormat::parse(std::string_view format) {
  static constexpr std::array kNames{std::pair{std::string_view("Time"), Variable::time},
                                     std::pair{std::string_view("RemoteAddr"), Variable::peer},
                                     std::pair{std::string_view("RealIP"), Variable::real_ip},
                                     std::pair{std::string_view("Method"), Variable::method},
                                     std::pair{std::string_view("URI"), Variable::uri},
                                     std::pair{std::string_view("Proto"), Variable::proto},
                                     std::pair{std::string_view("StatusCode"), Variable::status},
                                     std::pair{std::string_view("Duration"), Variable::duration},
                                     std::pair{std::string_view("ReqSize"), Variable::rx},
                                     std::pair{std::string_view("RespSize"), Variable::tx},
                                     std::pair{std::string_view("Tags"), Variable::tags}};
  AccessFormat out{Empty{}};
  while (!format.empty()) {
    const std::size_t open = format.find("{{");
    if (open != 0) out.parts_.push_back({Variable::text, std::string(format.substr(0, open))});
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
    out.parts_.push_back({found->second, {}});
    format.remove_prefix(close + 2);
  }
  return out;
}

void AccessFormat::append(std::string& out, const AccessEntry& entry, TimeCache& cache) const {
  for (const Part& part : parts_) {
    switch (part.variable) {
      case Variable::text:
        out += part.text;
        break;
      case Variable::time:
        append_time(out, entry.start, cache);
        break;
      case Variable::peer:
        out += entry.peer;
        break;
      case Variable::real_ip:
        append_escaped(out, entry.real_ip);
        break;
      case Variable::method:
        append_escaped(out, entry.method);
        break;
      case Variable::uri:
        append_escaped(out, entry.target.substr(0, kUriBytesMax));
        break;
      case Variable::proto:
        out += entry.protocol;
        break;
      case Variable::status:
        append_number(out, static_cast<std::uint64_t>(entry.status));
        break;
      case Variable::duration:
        append_duration(out, entry.duration);
        break;
      case Variable::rx:
        append_number(out, entry.request_bytes);
        break;
      case Variable::tx:
        append_number(out, entry.response_bytes);
        break;
      case Variable::tags:
        append_tags(out, entry);
        break;
    }
  }
  out += '\n';
}

}  // namespace sluice::observe
