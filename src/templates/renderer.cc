// SPDX-License-Identifier: Apache-2.0
#include "templates/renderer.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "templates/skeleton.h"

namespace sluice::templates {
namespace {

constexpr std::size_t kBytesPerStep = 64;

class Renderer {
 public:
  Renderer(const Program& program, const Datum& root, const RenderOptions& options)
      : options_(options),
        output_(options.form, options.output_bytes_max),
        steps_left_(options.steps_max),
        variables_(program.slots) {
    variables_[0] = root;
  }

  Result<Rendered> run(const Program& program, const Datum& root) {
    if (options_.form == OutputForm::values) {
      SLUICE_CHECK(run_actions(program, root));
    } else {
      SLUICE_CHECK(run_nodes(program.nodes, root));
    }
    return output_.take();
  }

 private:
  enum class Flow { on, stop, next };
  using Kind = TemplateNode::Kind;

  [[nodiscard]] Result<void> work(std::size_t steps) {
    if (steps > steps_left_)
      return fail(ErrorKind::too_large,
                  "takes more than " + std::to_string(options_.steps_max) + " steps");
    steps_left_ -= steps;
    return {};
  }
  [[nodiscard]] Result<void> work_on(std::size_t bytes) { return work(bytes / kBytesPerStep); }

  Result<void> run_actions(const Program& program, const Datum& root) {
    for (const Skeleton::Action& action : program.skeleton->actions) {
      SLUICE_CHECK(work(1));
      if (action.makes_value)
        output_.begin_value(action.kind);
      else
        output_.skip_value();
      SLUICE_TRY(const Flow flow, run_node(program.nodes[action.node], root));
      if (flow != Flow::on) break;
    }
    return {};
  }
  Result<Flow> run_nodes(const std::vector<TemplateNode>& nodes, const Datum& dot) {
    for (const TemplateNode& node : nodes) {
      SLUICE_CHECK(work(1));
      SLUICE_TRY(const Flow flow, run_node(node, dot));
      if (flow != Flow::on) return flow;
    }
    return Flow::on;
  }
  Result<Flow> run_node(const TemplateNode& node, const Datum& dot) {
    switch (node.kind) {
      case Kind::text:
        SLUICE_CHECK(output_.append(node.text));
        return Flow::on;
      case Kind::stop:
        return Flow::stop;
      case Kind::next:
        return Flow::next;
      case Kind::print:
        return print(node, dot);
      case Kind::choice:
      case Kind::with: {
        SLUICE_TRY(const Datum value, value_of(node.pipe, dot));
        if (!value.truth()) return run_nodes(node.otherwise, dot);
        return run_nodes(node.body, node.kind == Kind::with ? value : dot);
      }
      case Kind::range:
        return run_range(node, dot);
    }
    return Flow::on;
  }
  Result<Flow> print(const TemplateNode& node, const Datum& dot) {
    SLUICE_TRY(const Datum value, value_of(node.pipe, dot));
    if (is_silent(node)) return Flow::on;
    const int line = node.pipe.commands.front().line;
    SLUICE_CHECK(work_on(value.weight()));
    const auto* words = value.words();
    auto written = words != nullptr ? output_.insert(*words, value.form())
                                    : output_.insert(value.text(), TextForm::plain);
    if (!written) return located(std::move(written).error(), line);
    return Flow::on;
  }

  Result<Flow> run_range(const TemplateNode& node, const Datum& dot) {
    SLUICE_TRY(const Datum value, value_of(node.pipe, dot));
    if (!value.truth()) return run_nodes(node.otherwise, dot);
    if (const auto* count = value.integer()) return run_count(node, *count);
    if (const auto* part = value.object()) return run_object(node, **part);
    if (value.node() == nullptr)
      return located(Error{ErrorKind::invalid, "range cannot go over " + std::string(value.kind())},
                     node.pipe.commands.front().line);
    return run_json(node, *value.node());
  }
  Result<Flow> run_json(const TemplateNode& node, const Datum::Node& json) {
    std::int64_t index = 0;
    for (const auto& [key, item] : json->items()) {
      const Datum place = json->is_array() ? Datum(index++) : Datum::text_in(json, key);
      SLUICE_TRY(const Flow flow, run_round(node, place, Datum(Datum::Node(json, &item))));
      if (flow == Flow::stop) break;
    }
    return Flow::on;
  }
  Result<Flow> run_count(const TemplateNode& node, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) {
      SLUICE_TRY(const Flow flow, run_round(node, Datum(i), Datum(i)));
      if (flow == Flow::stop) break;
    }
    return Flow::on;
  }
  Result<Flow> run_object(const TemplateNode& node, const Object& object) {
    Result<Flow> flow = Flow::on;
    object.each([&](std::string_view name, const Datum& value) {
      flow = run_round(node, Datum(std::string(name)), value);
      return flow && *flow != Flow::stop;
    });
    if (!flow) return flow;
    return Flow::on;
  }
  Result<Flow> run_round(const TemplateNode& node, Datum key, const Datum& value) {
    SLUICE_CHECK(work(1));
    if (node.key_slot != 0) variables_[node.key_slot] = std::move(key);
    if (node.value_slot != 0) variables_[node.value_slot] = value;
    return run_nodes(node.body, value);
  }

  Result<Datum> value_of(const Pipe& pipe, const Datum& dot) {
    Datum value;
    for (std::size_t i = 0; i < pipe.commands.size(); ++i) {
      const Command& command = pipe.commands[i];
      auto result = run_command(command, i == 0 ? nullptr : &value, dot);
      if (!result) return located(std::move(result).error(), command.line);
      value = *std::move(result);
    }
    if (pipe.stores) variables_[pipe.slot] = value;
    return value;
  }
  // The innermost command names its line.
  [[nodiscard]] static std::unexpected<Error> located(Error error, int line) {
    if (!error.message.starts_with("line "))
      error.message.insert(0, "line " + std::to_string(line) + ": ");
    return std::unexpected(std::move(error));
  }

  Result<Datum> run_command(const Command& command, const Datum* piped, const Datum& dot) {
    if (command.function == nullptr) return read(command.operands.front(), dot);
    if (command.function->form != Function::Form::call) return decide(command, piped, dot);
    std::vector<Datum> arguments;
    arguments.reserve(command.operands.size() + 1);
    for (const Operand& operand : command.operands) {
      SLUICE_TRY(Datum value, read(operand, dot));
      arguments.push_back(std::move(value));
    }
    if (piped != nullptr) arguments.push_back(*piped);
    auto made = call(*command.function, arguments);
    if (made || command.operands.empty() || !arguments.front().is_null()) return made;
    return without_value(std::move(made).error(), command.operands.front());
  }
  // The reader looks for the name that stands for nothing.
  static std::unexpected<Error> without_value(Error error, const Operand& operand) {
    if (operand.base == Operand::Base::dot && !operand.fields.empty()) {
      error.message += ": ";
      for (const std::string& field : operand.fields) error.message.append(1, '.').append(field);
      error.message += " is missing";
    }
    return std::unexpected(std::move(error));
  }
  // Of `or` and `and`: the first value that decides, or the last.
  Result<Datum> decide(const Command& command, const Datum* piped, const Datum& dot) {
    const bool sought = command.function->form == Function::Form::any_true;
    Datum value;
    for (const Operand& operand : command.operands) {
      SLUICE_TRY(value, read(operand, dot));
      if (value.truth() == sought) return value;
    }
    return piped != nullptr ? *piped : value;
  }
  Result<void> work_on_arguments(Function::Reads reads, const std::vector<Datum>& arguments) {
    if (reads == Function::Reads::nothing) return {};
    for (std::size_t i = reads == Function::Reads::keys ? 1 : 0; i < arguments.size(); ++i)
      SLUICE_CHECK(work_on(arguments[i].weight()));
    return {};
  }
  Result<Datum> call(const Function& function, const std::vector<Datum>& arguments) {
    SLUICE_CHECK(work_on_arguments(function.reads, arguments));
    const Call call{arguments, options_.host, options_.output_bytes_max};
    SLUICE_TRY(Datum value, function.run(call));
    if (const auto* words = value.words()) {
      keep_escaping(arguments, value);
      if (words->size() > options_.output_bytes_max)
        return fail(ErrorKind::too_large, std::string(function.name) +
                                              " makes a text of more than " +
                                              std::to_string(options_.output_bytes_max) + " bytes");
    }
    if (function.reads == Function::Reads::all) SLUICE_CHECK(work_on(value.weight()));
    return value;
  }

  // A text that is made of an escaped one is escaped.
  static void keep_escaping(const std::vector<Datum>& arguments, Datum& value) {
    const auto escaped = [](const Datum& part) { return part.form() == TextForm::json_escaped; };
    if (value.form() == TextForm::plain && std::ranges::any_of(arguments, escaped))
      value.set_form(TextForm::json_escaped);
  }

  Result<Datum> read(const Operand& operand, const Datum& dot) {
    SLUICE_CHECK(work(1));
    SLUICE_TRY(Datum value, base_of(operand, dot));
    for (const std::string& field : operand.fields) {
      SLUICE_TRY(value, value.member(field));
    }
    return value;
  }
  Result<Datum> base_of(const Operand& operand, const Datum& dot) {
    switch (operand.base) {
      case Operand::Base::dot:
        return dot;
      case Operand::Base::variable:
        return variables_[operand.slot];
      case Operand::Base::literal:
        return operand.literal;
      case Operand::Base::pipe:
        return value_of(*operand.pipe, dot);
    }
    return Datum();
  }

  const RenderOptions& options_;
  Output output_;
  std::size_t steps_left_;
  std::vector<Datum> variables_;
};

}  // namespace

Result<Rendered> render(const Program& program, const Datum& root, const RenderOptions& options) {
  return Renderer(program, root, options).run(program, root);
}

}  // namespace sluice::templates
