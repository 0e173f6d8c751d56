// SPDX-License-Identifier: Apache-2.0
#include "sluice-server/flags.h"

#include <CLI/CLI.hpp>
#include <concepts>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "base/time.h"
#include "config/from_json.h"

namespace sluice::server_program {
namespace {

std::string is_duration(const std::string& text) {
  if (parse_duration(text)) return "";
  return "\"" + text + "\" is no duration: " +
         (parse_duration(text + "s") ? "it has no unit, try " + text + "s" : "try 30s or 10m");
}

// The visitor that declares a flag for each option. An option whose type has no add() does not
// compile.
class Declarer {
 public:
  explicit Declarer(CLI::App& app) : app_(app) {}

  template <class T>
  void operator()(std::string_view key, T& value, const config::Rule& rule, OptionUse use = {}) {
    if (use.file_only) return;
    CLI::Option* option = add(flag_of(key), value, rule);
    if (option != nullptr) option->envname(variable_of(key));
  }

 private:
  CLI::Option* add(const std::string& flag, bool& value, const config::Rule& rule) {
    return app_.add_flag(flag, value, std::string(rule.doc));
  }
  CLI::Option* add(const std::string& flag, std::string& value, const config::Rule& rule) {
    CLI::Option* option = app_.add_option(flag, value, std::string(rule.doc));
    if (!rule.one_of.empty())
      option->check(
          CLI::IsMember(std::vector<std::string>(rule.one_of.begin(), rule.one_of.end())));
    return option->capture_default_str();
  }
  template <std::unsigned_integral T>
  CLI::Option* add(const std::string& flag, T& value, const config::Rule& rule) {
    constexpr T kHighest = std::numeric_limits<T>::max();
    const T min = std::cmp_greater(rule.min, 0) ? static_cast<T>(rule.min) : T{0};
    const T max = std::cmp_less(rule.max, kHighest) ? static_cast<T>(rule.max) : kHighest;
    return app_.add_option(flag, value, std::string(rule.doc))
        ->check(CLI::Range(min, max))
        ->capture_default_str();
  }
  CLI::Option* add(const std::string& flag, Duration& value, const config::Rule& rule) {
    const auto take = [&value](const std::string& text) {
      value = parse_duration(text).value_or(value);
    };
    return app_.add_option_function<std::string>(flag, take, std::string(rule.doc))
        ->check(is_duration)
        ->default_str(format_duration(value));
  }
  CLI::Option* add(const std::string& flag, std::vector<std::string>& value,
                   const config::Rule& rule) {
    return app_.add_option(flag, value, std::string(rule.doc))->delimiter(',');
  }
  // A map has no form on a command line: such an option is OptionUse::file_only.
  template <class T>
  CLI::Option* add(const std::string&, std::map<std::string, T>&, const config::Rule&) {
    return nullptr;
  }

  CLI::App& app_;
};

}  // namespace

std::string flag_of(std::string_view key) { return "--" + std::string(key); }

std::string variable_of(std::string_view key) {
  std::string name = "EG_";
  for (const char letter : key) {
    const char upper = is_lower(letter) ? static_cast<char>(letter - 'a' + 'A') : letter;
    name += letter == '-' ? '_' : upper;
  }
  return name;
}

Flags::Flags(CLI::App& app) : app_(app) {
  Declarer declare(app);
  given_.each(declare);
}

Result<Options> Flags::over(const Options& file) const {
  Json merged = config::encode(file);
  const Json given = config::encode(given_);
  for (const auto& [key, value] : given.items()) {
    const CLI::Option* flag = app_.get_option_no_throw(flag_of(key));
    if (flag != nullptr && flag->count() > 0) merged[key] = value;
  }
  config::Faults faults;
  Options options = config::decode<Options>(config::from_json(merged), "", faults);
  if (!faults.empty()) return std::unexpected(faults.to_error());
  return options;
}

}  // namespace sluice::server_program
