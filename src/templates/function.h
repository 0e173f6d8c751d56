// SPDX-License-Identifier: Apache-2.0
// Function: an entry of the tables of functions. Any thread.
#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include "templates/datum.h"

namespace sluice::templates {

// The services of the caller of a template.
class Host {
 public:
  virtual ~Host() = default;
  // A line of the function `log`; `text` comes from outside and is not escaped.
  virtual void log(std::string_view level, std::string_view text) = 0;
};

struct Call {
  std::span<const Datum> arguments;
  Host* host = nullptr;                                             // null: `log` writes nothing
  std::size_t bytes_max = std::numeric_limits<std::size_t>::max();  // of a text that is made

  [[nodiscard]] const Datum& operator[](std::size_t i) const { return arguments[i]; }
  [[nodiscard]] std::size_t size() const { return arguments.size(); }
};

struct Function {
  enum class Form { call, any_true, all_true };  // `or` and `and` stop at the first that decides
  static constexpr std::size_t kAnyNumber = std::numeric_limits<std::size_t>::max();

  std::string_view name;
  std::size_t arguments_min = 0;
  std::size_t arguments_max = kAnyNumber;
  Result<Datum> (*run)(const Call& call) = nullptr;
  Form form = Form::call;
  // The arguments that the function reads as a whole: they count as work.
  enum class Reads { all, keys, nothing };  // `keys`: all but the first
  Reads reads = Reads::all;
};

}  // namespace sluice::templates
