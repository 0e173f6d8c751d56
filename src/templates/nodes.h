// SPDX-License-Identifier: Apache-2.0
// The parsed form of a template. Immutable after parsing.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "templates/datum.h"
#include "templates/function.h"
#include "templates/yaml_place.h"

namespace sluice::templates {

struct Pipe;

// A dot, a variable, a literal or a pipe in parentheses, and the fields that are read from it.
struct Operand {
  enum class Base { dot, variable, literal, pipe };
  Base base = Base::dot;
  std::size_t slot = 0;  // of the variable
  Datum literal{};
  std::unique_ptr<Pipe> pipe{};
  std::vector<std::string> fields{};
};

struct Command {
  const Function* function = nullptr;  // null: the value of the only operand
  std::vector<Operand> operands{};
  int line = 0;
};

// Invariant: not empty; every command but the first has a function.
struct Pipe {
  std::vector<Command> commands{};
  bool stores = false;  // into the variable of `slot`
  std::size_t slot = 0;
};

struct TemplateNode {
  enum class Kind { text, print, choice, with, range, stop, next };
  Kind kind = Kind::text;
  std::string text{};
  Pipe pipe{};
  std::vector<TemplateNode> body{};
  std::vector<TemplateNode> otherwise{};
  // Of `range`; slot 0, which is the root, stands for none.
  std::size_t key_slot = 0;
  std::size_t value_slot = 0;
};

// The parts of the data that a template reads, as far as its text shows.
struct Reads {
  std::vector<std::vector<std::string>> rooted;  // field by field, from the root
  std::vector<std::string> loose;                // fields of variables and elements; texts
};

// See skeleton.h.
struct Skeleton {
  struct Action {
    std::size_t node;  // of the program
    bool makes_value;  // in the place of the next mark
    YamlPlace::Kind kind = YamlPlace::Kind::plain;
  };
  std::string text;  // with marks (rendered.h)
  std::vector<Action> actions;
};

struct Program {
  std::vector<TemplateNode> nodes;
  std::size_t slots = 1;  // of variables; the first is the root
  Reads reads;
  std::optional<Skeleton> skeleton{};
};

}  // namespace sluice::templates
