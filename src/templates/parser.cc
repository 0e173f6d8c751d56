// SPDX-License-Identifier: Apache-2.0
#include "templates/parser.h"

#include <algorithm>
#include <array>
#include <ranges>
#include <utility>

#include "config/faults.h"
#include "templates/functions.h"

namespace sluice::templates {
namespace {

constexpr std::array<std::string_view, 3> kMissing = {"define", "template", "block"};
constexpr std::array<std::string_view, 7> kKeywords = {"if",  "with",  "range",   "else",
                                                       "end", "break", "continue"};

bool is_one_of(std::string_view word, auto words) {
  return std::ranges::find(words, word) != words.end();
}

class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  Result<Program> run() {
    SLUICE_CHECK(parse_nodes(program_.nodes));
    if (peek().kind != TokenKind::end)
      return fault(config::quote(after_open()) + " has no beginning");
    return std::move(program_);
  }

 private:
  using Nodes = std::vector<TemplateNode>;
  using Kind = TemplateNode::Kind;

  // The variables and the meaning of the dot end with the block.
  class Scope {
   public:
    explicit Scope(Parser& parser)
        : parser_(parser), variables_(parser.variables_.size()), dot_(parser.dot_is_root_) {
      ++parser_.depth_;
    }
    ~Scope() {
      parser_.variables_.resize(variables_);
      parser_.dot_is_root_ = dot_;
      --parser_.depth_;
    }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Parser& parser_;
    std::size_t variables_;
    bool dot_;
  };

  [[nodiscard]] const Token& peek(std::size_t ahead = 0) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  const Token& take() {
    const Token& token = peek();
    if (at_ + 1 < tokens_.size()) ++at_;
    return token;
  }
  [[nodiscard]] std::unexpected<Error> fault(const std::string& reason) const {
    return fault_at(peek().line, reason);
  }
  [[nodiscard]] static std::unexpected<Error> fault_at(int line, const std::string& reason) {
    return fail(ErrorKind::invalid, "line " + std::to_string(line) + ": " + reason);
  }
  // The word after the open delimiter; "" if the next token is none.
  [[nodiscard]] std::string_view after_open() const {
    if (peek().kind != TokenKind::open || peek(1).kind != TokenKind::word) return "";
    return peek(1).text;
  }
  [[nodiscard]] Result<void> check_depth() const {
    if (depth_ <= kTemplateDepthMax) return {};
    return fault("is nested more than " + std::to_string(kTemplateDepthMax) + " deep");
  }
  Result<void> expect_close() {
    if (peek().kind != TokenKind::close)
      return fault("the action has one value too many, or an operator too few");
    take();
    return {};
  }

  // Reads up to `end`, `else` or the end of the text, and leaves those.
  Result<void> parse_nodes(Nodes& out) {
    SLUICE_CHECK(check_depth());
    for (;;) {
      if (peek().kind == TokenKind::end) return {};
      if (peek().kind == TokenKind::text) {
        out.emplace_back().text = take().text;
        continue;
      }
      const std::string_view word = after_open();
      if (word == "end" || word == "else") return {};
      SLUICE_CHECK(parse_action(word, out.emplace_back()));
    }
  }
  Result<void> parse_action(std::string_view word, TemplateNode& node) {
    if (word == "if") return parse_block(node, Kind::choice);
    if (word == "with") return parse_block(node, Kind::with);
    if (word == "range") return parse_block(node, Kind::range);
    if (word == "break" || word == "continue") return parse_leap(node);
    if (is_one_of(word, kMissing))
      return fault("{{" + std::string(word) +
                   "}} is not supported: repeat the text, or put it into data");
    take();
    node.kind = Kind::print;
    if (peek().kind == TokenKind::close) return fault("the action is empty");
    SLUICE_CHECK(parse_pipe(node.pipe));
    return expect_close();
  }
  Result<void> parse_leap(TemplateNode& node) {
    take();
    const Token& word = take();
    node.kind = word.text == "break" ? Kind::stop : Kind::next;
    if (loops_ == 0) return fault_at(word.line, word.text + " stands outside of range");
    return expect_close();
  }

  Result<void> parse_block(TemplateNode& node, Kind kind) {
    take();
    const Token& word = take();
    return parse_block_after(node, kind, word.text, word.line);
  }
  // Requires: the word that begins the block is taken.
  Result<void> parse_block_after(TemplateNode& node, Kind kind, const std::string& word, int line) {
    const Scope scope(*this);
    node.kind = kind;
    SLUICE_CHECK(parse_head(node));
    loops_ += kind == Kind::range ? 1 : 0;
    SLUICE_CHECK(parse_body(node));
    loops_ -= kind == Kind::range ? 1 : 0;
    if (peek().kind == TokenKind::end) return fault_at(line, "{{" + word + "}} has no {{end}}");
    if (after_open() == "else") return parse_else(node, word, line);
    return parse_end();
  }
  Result<void> parse_body(TemplateNode& node) {
    const Scope scope(*this);
    if (node.kind != Kind::choice) dot_is_root_ = false;
    return parse_nodes(node.body);
  }
  Result<void> parse_end() {
    take();
    take();
    return expect_close();
  }
  Result<void> parse_else(TemplateNode& node, const std::string& word, int line) {
    take();
    take();
    if (peek().kind == TokenKind::word) {
      const Token& next = take();
      const bool chains = (next.text == "if" || next.text == "with") && next.text == word;
      if (!chains)
        return fault_at(next.line, "{{else " + next.text + "}} does not follow {{" + word + "}}");
      return parse_block_after(node.otherwise.emplace_back(), node.kind, word, line);
    }
    SLUICE_CHECK(expect_close());
    SLUICE_CHECK(parse_nodes(node.otherwise));
    if (after_open() == "else") return fault("{{" + word + "}} has two {{else}}");
    if (peek().kind == TokenKind::end) return fault_at(line, "{{" + word + "}} has no {{end}}");
    return parse_end();
  }

  Result<void> parse_head(TemplateNode& node) {
    if (peek().kind == TokenKind::close) return fault("a condition or a value is missing");
    if (node.kind == Kind::range && peek().kind == TokenKind::variable) {
      const bool two = peek(1).kind == TokenKind::comma;
      if (two || peek(1).kind == TokenKind::declare) return parse_range_head(node, two);
    }
    SLUICE_CHECK(parse_pipe(node.pipe));
    return expect_close();
  }
  // The variables exist in the body, and not in the pipe.
  Result<void> parse_range_head(TemplateNode& node, bool two) {
    const std::string first = take().text;
    std::string second;
    if (two) {
      take();
      if (peek().kind != TokenKind::variable) return fault("a variable follows the comma");
      second = take().text;
    }
    if (peek().kind != TokenKind::declare) return fault("range declares its variables with :=");
    take();
    SLUICE_CHECK(parse_pipe(node.pipe));
    const std::size_t slot = declare(first);
    if (two) {
      node.key_slot = slot;
      node.value_slot = declare(second);
    } else {
      node.value_slot = slot;
    }
    return expect_close();
  }
  std::size_t declare(const std::string& name) {
    variables_.emplace_back(name, program_.slots);
    return program_.slots++;
  }
  [[nodiscard]] Result<std::size_t> find_variable(const Token& token) const {
    if (token.text == "$") return std::size_t{0};
    for (const auto& [name, slot] : std::views::reverse(variables_)) {
      if (name == token.text) return slot;
    }
    return fault_at(token.line, token.text + " is not declared: " + token.text + " := value");
  }

  Result<void> parse_pipe(Pipe& pipe) {
    const bool declares = peek(1).kind == TokenKind::declare;
    const bool stores = declares || peek(1).kind == TokenKind::assign;
    std::string declared;
    if (peek().kind == TokenKind::variable && stores) {
      const Token& variable = take();
      if (variable.text == "$") return fault("$ is the data: it keeps its value");
      if (!declares) {
        SLUICE_TRY(pipe.slot, find_variable(variable));
      }
      declared = variable.text;
      pipe.stores = true;
      take();
    }
    do {
      const bool piped = !pipe.commands.empty();
      SLUICE_CHECK(parse_command(pipe.commands.emplace_back(), piped));
    } while (take_if(TokenKind::pipe));
    if (pipe.stores && declares) pipe.slot = declare(declared);
    return {};
  }
  bool take_if(TokenKind kind) {
    if (peek().kind != kind) return false;
    take();
    return true;
  }

  Result<void> parse_command(Command& command, bool piped) {
    const Token& first = peek();
    command.line = first.line;
    const bool calls = first.kind == TokenKind::word && !is_literal(first.text);
    if (calls) {
      SLUICE_TRY(command.function, function_of(take()));
    }
    while (begins_operand()) SLUICE_CHECK(parse_operand(command.operands.emplace_back()));
    if (!calls) return check_value(command, piped);
    return check_count(*command.function, command.operands.size() + (piped ? 1 : 0), command.line);
  }
  Result<void> check_value(const Command& command, bool piped) const {
    if (command.operands.empty()) return fault("a value or a function is missing");
    if (piped) return fault_at(command.line, "a function follows |");
    if (command.operands.size() > 1)
      return fault_at(command.line,
                      "only a function takes arguments: write header .req.Header \"X-User\", not "
                      ".req.Header.Get \"X-User\"");
    return {};
  }
  [[nodiscard]] static Result<void> check_count(const Function& function, std::size_t count,
                                                int line) {
    if (count >= function.arguments_min && count <= function.arguments_max) return {};
    const bool few = count < function.arguments_min;
    const std::size_t bound = few ? function.arguments_min : function.arguments_max;
    return fault_at(line, std::string(function.name) + " takes " +
                              (few ? "at least " : "at most ") + std::to_string(bound) +
                              (bound == 1 ? " argument" : " arguments") + ", not " +
                              std::to_string(count));
  }
  [[nodiscard]] static Result<const Function*> function_of(const Token& word) {
    if (const Function* function = find_function(word.text)) return function;
    if (is_one_of(word.text, kKeywords))
      return fault_at(word.line, config::quote(word.text) + " stands in the wrong place");
    return fault_at(word.line, config::quote(word.text) + " is no function" +
                                   config::suggestion(word.text, function_names()) +
                                   " (docs/templates.md lists them)");
  }
  [[nodiscard]] static bool is_literal(std::string_view word) {
    return word == "true" || word == "false" || word == "nil";
  }
  [[nodiscard]] bool begins_operand() const {
    using enum TokenKind;
    constexpr std::array kBegins = {dot, field, variable, word, string, integer, real, left_paren};
    return std::ranges::find(kBegins, peek().kind) != kBegins.end();
  }

  Result<void> parse_operand(Operand& operand) {
    SLUICE_CHECK(parse_base(operand));
    while (peek().kind == TokenKind::field && !peek().after_space)
      operand.fields.push_back(take().text);
    note_reads(operand);
    return {};
  }
  Result<void> parse_base(Operand& operand) {
    const Token& token = take();
    switch (token.kind) {
      case TokenKind::dot:
        return {};
      case TokenKind::field:
        operand.fields.push_back(token.text);
        return {};
      case TokenKind::variable: {
        operand.base = Operand::Base::variable;
        SLUICE_TRY(operand.slot, find_variable(token));
        return {};
      }
      case TokenKind::left_paren:
        return parse_parentheses(operand, token.line);
      case TokenKind::word:
        if (!is_literal(token.text)) return parse_call(operand, token);
        [[fallthrough]];
      default:
        operand.base = Operand::Base::literal;
        operand.literal = literal(token);
        return {};
    }
  }
  // A function without arguments, among the arguments of another one.
  Result<void> parse_call(Operand& operand, const Token& word) {
    operand.base = Operand::Base::pipe;
    operand.pipe = std::make_unique<Pipe>();
    Command& command = operand.pipe->commands.emplace_back();
    command.line = word.line;
    SLUICE_TRY(command.function, function_of(word));
    return check_count(*command.function, 0, word.line);
  }
  Result<void> parse_parentheses(Operand& operand, int line) {
    const Scope scope(*this);
    SLUICE_CHECK(check_depth());
    operand.base = Operand::Base::pipe;
    operand.pipe = std::make_unique<Pipe>();
    SLUICE_CHECK(parse_pipe(*operand.pipe));
    if (!take_if(TokenKind::right_paren)) return fault_at(line, "a ) is missing");
    return {};
  }
  Datum literal(const Token& token) {
    if (token.kind == TokenKind::integer) return Datum(token.integer);
    if (token.kind == TokenKind::real) return Datum(token.real);
    if (token.kind == TokenKind::string) {
      program_.reads.loose.push_back(token.text);
      return Datum(token.text);
    }
    return token.text == "nil" ? Datum() : Datum(token.text == "true");
  }
  void note_reads(const Operand& operand) {
    using enum Operand::Base;
    if (operand.base == literal) return;
    const bool rooted =
        operand.base == dot ? dot_is_root_ : operand.base == variable && operand.slot == 0;
    Reads& reads = program_.reads;
    if (rooted) {
      reads.rooted.push_back(operand.fields);
    } else {
      reads.loose.insert(reads.loose.end(), operand.fields.begin(), operand.fields.end());
    }
  }

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  Program program_;
  std::vector<std::pair<std::string, std::size_t>> variables_;  // in scope, the innermost last
  bool dot_is_root_ = true;
  int depth_ = 0;
  int loops_ = 0;
};

}  // namespace

Result<Program> parse(std::string_view text, const Delimiters& delimiters) {
  SLUICE_TRY(auto tokens, tokenize(text, delimiters));
  return Parser(std::move(tokens)).run();
}

}  // namespace sluice::templates
