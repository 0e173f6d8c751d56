// SPDX-License-Identifier: Apache-2.0
#include "base/zoned_time.h"

#include <cctz/civil_time.h>
#include <cctz/time_zone.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <system_error>
#include <vector>

#include "base/text.h"

namespace sluice {
namespace {

using Zones = std::map<std::string, cctz::time_zone, std::less<>>;
namespace fs = std::filesystem;

constexpr int kFolderDepthMax = 3;  // America/Argentina/Ushuaia

// Names of zones begin with a capital. The folders `posix` and `right` hold the same ones again.
Zones read_zones() {
  const char* set = std::getenv("TZDIR");  // NOLINT(concurrency-mt-unsafe): nobody sets it
  const fs::path root = set != nullptr ? set : "/usr/share/zoneinfo";
  Zones zones;
  std::error_code error;
  fs::recursive_directory_iterator at(root, error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    const std::string name = at->path().lexically_relative(root).string();
    const bool is_name = !name.empty() && name.front() >= 'A' && name.front() <= 'Z';
    if (at->is_directory(error) && (!is_name || at.depth() >= kFolderDepthMax))
      at.disable_recursion_pending();
    cctz::time_zone zone;
    if (is_name && at->is_regular_file(error) && cctz::load_time_zone(name, &zone))
      zones.emplace(name, zone);
  }
  return zones;
}

const Zones& time_zones() {
  static const Zones kZones = read_zones();
  return kZones;
}

Result<cctz::time_zone> find_zone(std::string_view name) {
  if (name == "UTC") return cctz::utc_time_zone();
  const Zones& zones = time_zones();
  if (const auto found = zones.find(name); found != zones.end()) return found->second;
  if (zones.empty())
    return fail(ErrorKind::invalid, "this machine knows no time zones: install tzdata");
  std::string message("there is no time zone ");
  message.append(name.substr(0, 64)).append(": write a name such as Europe/Berlin");
  for (const auto& [known, zone] : zones) {
    if (lower_case(known) != lower_case(name)) continue;
    message = "there is no time zone " + std::string(name) + ", did you mean " + known + "?";
  }
  return fail(ErrorKind::invalid, std::move(message));
}

// Reads the text from the left. `bad` stays true once something did not fit.
class TimeReader {
 public:
  explicit TimeReader(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool bad() const { return bad_; }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] std::string_view rest() const { return rest_; }
  bool skip(char expected) {
    if (rest_.empty() || rest_.front() != expected) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char expected) { bad_ = !skip(expected) || bad_; }
  // Of one or two digits, or of `digits_min` to `digits_max`.
  int number(int least, int most, unsigned digits_min = 1, unsigned digits_max = 2) {
    unsigned digits = 0;
    int value = 0;
    for (; digits < digits_max && at_digit(); ++digits) value = value * 10 + digit();
    if (digits < digits_min || value < least || value > most) bad_ = true;
    return value;
  }
  // Milliseconds.
  int fraction() {
    int unit = 100;
    int value = 0;
    if (!at_digit()) bad_ = true;
    for (; at_digit(); unit /= 10) value += unit * digit();
    return value;
  }

 private:
  [[nodiscard]] bool at_digit() const {
    return !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9';
  }
  int digit() {
    const int value = rest_.front() - '0';
    rest_.remove_prefix(1);
    return value;
  }

  std::string_view rest_;
  bool bad_ = false;
};

struct WrittenTime {
  cctz::civil_second local;
  int ms = 0;
  bool has_offset = false;
  int offset_minutes = 0;
  std::string_view zone{};
};

// Behind the day: blank or T, the time, and perhaps a fraction.
void read_clock(TimeReader& reader, cctz::civil_day day, WrittenTime& out) {
  const int hour = reader.number(0, 23);
  reader.expect(':');
  const int minute = reader.number(0, 59);
  int second = 0;
  if (reader.skip(':')) {
    second = reader.number(0, 59);
    if (reader.skip('.')) out.ms = reader.fraction();
  }
  out.local = cctz::civil_second(day.year(), day.month(), day.day(), hour, minute, second);
}

void read_offset(TimeReader& reader, WrittenTime& out) {
  if (reader.skip(' ')) {
    out.zone = reader.rest();
    return;
  }
  out.has_offset = true;
  if (reader.skip('Z') || reader.skip('z')) return;
  const bool west = reader.skip('-');
  if (!west) reader.expect('+');
  const int hours = reader.number(0, 23, 2);
  const bool more = reader.skip(':') || !reader.at_end();
  const int minutes = more ? reader.number(0, 59, 2) : 0;
  out.offset_minutes = (hours * 60 + minutes) * (west ? -1 : 1);
}

bool read(std::string_view text, WrittenTime& out) {
  TimeReader reader(text);
  const int year = reader.number(0, 9999, 4, 4);
  int month = 1;
  int day = 1;
  if (reader.skip('-')) {
    month = reader.number(1, 12);
    if (reader.skip('-')) day = reader.number(1, 31);
  }
  const cctz::civil_day date(year, month, day);
  if (date.month() != month || date.day() != day) return false;
  out.local = cctz::civil_second(date);
  if (reader.at_end()) return !reader.bad();
  if (!reader.skip('T') && !reader.skip('t')) reader.expect(' ');
  const char next = reader.at_end() ? '\0' : reader.rest().front();
  if (next >= 'A' && next <= 'Z') {  // the name of a zone behind a date
    out.zone = reader.rest();
    return !reader.bad();
  }
  read_clock(reader, date, out);
  if (!reader.at_end()) read_offset(reader, out);
  return !reader.bad() && (reader.at_end() || !out.zone.empty());
}

// Seconds since 1970. `pre` is the first of two moments, and a gap ends at `trans`.
std::int64_t moment(const cctz::time_zone& zone, const cctz::civil_second& local) {
  const auto found = zone.lookup(local);
  const bool skipped = found.kind == cctz::time_zone::civil_lookup::SKIPPED;
  return (skipped ? found.trans : found.pre).time_since_epoch().count();
}

}  // namespace

void load_time_zones() { (void)time_zones(); }

Result<ZonedTime> parse_zoned_time(std::string_view text, std::string_view zone) {
  WrittenTime written;
  if (!read(trim_space(text), written)) {
    std::string message("\"");
    message.append(text.substr(0, 64)).append("\" is no time such as 2026-11-27T20:00:00+01:00");
    return fail(ErrorKind::invalid, std::move(message));
  }
  const std::string_view name = written.zone.empty() && !written.has_offset ? zone : written.zone;
  SLUICE_TRY(const cctz::time_zone found, find_zone(name.empty() ? "UTC" : name));
  const std::int64_t ms = moment(found, written.local) * 1000 + written.ms;
  return ZonedTime{ms - std::int64_t{written.offset_minutes} * 60'000,
                   written.has_offset || !name.empty()};
}

}  // namespace sluice
