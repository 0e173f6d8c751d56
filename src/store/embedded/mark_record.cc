// SPDX-License-Identifier: Apache-2.0
#include "store/embedded/mark_record.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

#include "base/text.h"

namespace sluice::store {
namespace {

constexpr std::string_view kBegin = "sluice-mark 1 ";
constexpr std::size_t kFields = 11;

void add(std::string& line, std::uint64_t value, int base = 10) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, base).ptr;
  line.append(digits.data(), end);
  line += ' ';
}
void add(std::string& line, std::string_view word) {
  line += word.empty() ? "-" : word;
  line += ' ';
}

// FNV-1a, 64 bits: detects torn writes, not tampering.
std::uint64_t checksum(std::string_view text) {
  std::uint64_t sum = 0xcbf29ce484222325U;
  for (const char c : text) sum = (sum ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return sum;
}

bool number(std::string_view text, std::uint64_t& value, int base = 10) {
  const auto found = to_number<std::uint64_t>(text, base);
  value = found.value_or(0);
  return found.has_value();
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

bool read_logs(std::span<const std::string_view> words, std::vector<LogSalts>& logs) {
  if (words.size() > kMarkLogsMax) return false;
  for (const std::string_view word : words) {
    std::uint64_t both = 0;
    if (!number(word, both, 16)) return false;
    logs.push_back({static_cast<std::uint32_t>(both >> 32), static_cast<std::uint32_t>(both)});
  }
  return true;
}

}  // namespace

std::string to_line(const MarkRecord& record, std::uint64_t line_number) {
  std::string line(kBegin);
  line.reserve(kMarkLineMax);
  add(line, line_number);
  add(line, record.store);
  add(line, record.was);
  add(line, std::string_view(record.running ? "running" : "stopped"));
  add(line, std::string_view(record.durability == Durability::disk ? "disk" : "process"));
  add(line, record.boot.size() > 40 ? std::string_view() : std::string_view(record.boot));
  for (const std::uint64_t value : {record.told, record.on_disk, record.cycle, record.size}) {
    add(line, value);
  }
  add(line, record.logs.size());
  for (const LogSalts& log : record.logs) {
    add(line, std::uint64_t{log.first} << 32 | log.second, 16);
  }
  add(line, checksum(line), 16);
  line.back() = '\n';
  return line;
}

std::optional<MarkLine> parse_mark_line(std::string_view text) {
  const std::size_t end = text.find('\n');
  if (!text.starts_with(kBegin) || end == std::string_view::npos) return std::nullopt;
  text = text.substr(0, end);
  const std::size_t last = text.rfind(' ') + 1;
  std::uint64_t sum = 0;
  if (!number(text.substr(last), sum, 16) || sum != checksum(text.substr(0, last))) {
    return std::nullopt;
  }
  const auto words = words_of(text.substr(kBegin.size(), last - kBegin.size()));
  if (words.size() < kFields) return std::nullopt;
  MarkLine line;
  MarkRecord& record = line.record;
  record.store = words[1] == "-" ? "" : words[1];
  record.was = words[2] == "-" ? "" : words[2];
  record.running = words[3] == "running";
  record.durability = words[4] == "disk" ? Durability::disk : Durability::process;
  record.boot = words[5] == "-" ? "" : words[5];
  std::uint64_t logs = 0;
  if (!number(words[0], line.number) || !number(words[6], record.told) ||
      !number(words[7], record.on_disk) || !number(words[8], record.cycle) ||
      !number(words[9], record.size) || !number(words[10], logs) ||
      words.size() != kFields + logs ||
      !read_logs(std::span(words).subspan(kFields), record.logs)) {
    return std::nullopt;
  }
  return line;
}

}  // namespace sluice::store
