// SPDX-License-Identifier: Apache-2.0
#include "http/date.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "base/text.h"

namespace sluice::http {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// Writes the last two digits of a number.
void put_digits(char* to, unsigned number) {
  to[0] = static_cast<char>('0' + number / 10 % 10);
  to[1] = static_cast<char>('0' + number % 10);
}

// Takes pieces off the text, one after the other. A piece that does not match makes the scanner
// bad.
class DateScanner {
 public:
  explicit DateScanner(std::string_view text) : rest_(text) {}

  int digits(std::size_t count) {
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (i >= rest_.size() || !is_digit(rest_[i])) {
        good_ = false;
        return 0;
      }
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }
  // In asctime, a day may have a space in place of its first digit.
  int padded() {
    if (!rest_.starts_with(' ')) return digits(2);
    rest_.remove_prefix(1);
    return digits(1);
  }
  unsigned month() {
    const auto found = std::ranges::find(kMonths, rest_.substr(0, 3));
    if (found == kMonths.end()) {
      good_ = false;
      return 1;
    }
    rest_.remove_prefix(3);
    return static_cast<unsigned>(found - kMonths.begin()) + 1;
  }
  void expect(std::string_view text) {
    if (!rest_.starts_with(text)) {
      good_ = false;
      return;
    }
    rest_.remove_prefix(text.size());
  }
  [[nodiscard]] bool done() const { return good_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

struct DateTime {
  int year = 0;
  unsigned month = 1;
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;

  void time(DateScanner& in) {
    hour = in.digits(2);
    in.expect(":");
    minute = in.digits(2);
    in.expect(":");
    second = in.digits(2);
  }
  [[nodiscard]] std::optional<std::int64_t> seconds() const {
    using namespace std::chrono;
    const year_month_day date{std::chrono::year(year), std::chrono::month(month),
                              std::chrono::day(static_cast<unsigned>(day))};
    if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
    const std::int64_t days = sys_days(date).time_since_epoch().count();
    return ((days * 24 + hour) * 60 + minute) * 60 + second;
  }
};

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::optional<std::int64_t> imf_fixdate(std::string_view after_day) {
  DateScanner in(after_day);
  DateTime date;
  date.day = in.digits(2);
  in.expect(" ");
  date.month = in.month();
  in.expect(" ");
  date.year = in.digits(4);
  in.expect(" ");
  date.time(in);
  in.expect(" GMT");
  return in.done() ? date.seconds() : std::nullopt;
}

// "Sunday, 06-Nov-94 08:49:37 GMT"
std::optional<std::int64_t> rfc850(std::string_view after_day, std::int64_t now) {
  DateScanner in(after_day);
  DateTime date;
  date.day = in.digits(2);
  in.expect("-");
  date.month = in.month();
  in.expect("-");
  const int year = in.digits(2);
  in.expect(" ");
  date.time(in);
  in.expect(" GMT");
  if (!in.done()) return std::nullopt;
  using namespace std::chrono;
  const year_month_day today(floor<days>(sys_seconds(seconds(now))));
  const int this_year = static_cast<int>(today.year());
  date.year = this_year - this_year % 100 + year;
  if (date.year > this_year + 50) date.year -= 100;
  return date.seconds();
}

// "Sun Nov  6 08:49:37 1994"
std::optional<std::int64_t> asctime(std::string_view after_day) {
  DateScanner in(after_day);
  DateTime date;
  date.month = in.month();
  in.expect(" ");
  date.day = in.padded();
  in.expect(" ");
  date.time(in);
  in.expect(" ");
  date.year = in.digits(4);
  return in.done() ? date.seconds() : std::nullopt;
}

}  // namespace

std::optional<std::int64_t> parse_date(std::string_view text, std::int64_t now) {
  const std::size_t day = text.find_first_of(", ");
  if (day == std::string_view::npos || day < 3) return std::nullopt;
  if (text[day] == ' ') return asctime(text.substr(day + 1));
  if (!text.substr(day).starts_with(", ")) return std::nullopt;
  const std::string_view rest = text.substr(day + 2);
  return day == 3 ? imf_fixdate(rest) : rfc850(rest, now);
}

std::string format_date(std::int64_t seconds) {
  using namespace std::chrono;
  constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed",
                                                     "Thu", "Fri", "Sat"};
  const sys_seconds when{std::chrono::seconds(seconds)};
  const sys_days day = floor<days>(when);
  const year_month_day date(day);
  const hh_mm_ss time(when - day);
  const auto year = static_cast<unsigned>(static_cast<int>(date.year()));
  std::string out = "Sun, 06 Nov 1994 08:49:37 GMT";
  char* const text = out.data();
  kDays.at(weekday(day).c_encoding()).copy(text, 3);
  put_digits(text + 5, static_cast<unsigned>(date.day()));
  kMonths.at(static_cast<unsigned>(date.month()) - 1).copy(text + 8, 3);
  put_digits(text + 12, year / 100);
  put_digits(text + 14, year);
  put_digits(text + 17, static_cast<unsigned>(time.hours().count()));
  put_digits(text + 20, static_cast<unsigned>(time.minutes().count()));
  put_digits(text + 23, static_cast<unsigned>(time.seconds().count()));
  return out;
}

}  // namespace sluice::http
