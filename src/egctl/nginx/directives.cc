// SPDX-License-Identifier: Apache-2.0
#include "egctl/nginx/directives.h"

#include <optional>

#include "egctl/nginx/harmless.h"
#include "egctl/nginx/lexer.h"

namespace sluice::egctl::nginx {
namespace {

struct Totals {
  std::size_t bytes = 0;
  std::size_t directives = 0;
};

class FileParser {
 public:
  FileParser(const ConfigFile& file, const FindFiles& find, Totals& totals, int include_depth)
      : name_(std::make_shared<const std::string>(file.name)),
        lexer_(file.text),
        find_(find),
        totals_(totals),
        include_depth_(include_depth) {
    totals_.bytes += file.text.size();
  }

  Result<std::vector<Directive>> all(int depth) {
    if (totals_.bytes > kConfigBytesMax) return wrong(1, "the files together are too large");
    return block(depth, 0);
  }

 private:
  // Up to the closing brace of a block that began at line `opened`, or to the end of the file if
  // that is 0.
  Result<std::vector<Directive>> block(int depth, unsigned opened) {
    std::vector<Directive> out;
    if (depth > kBlockDepthMax) return wrong(opened, "too many blocks one inside the other");
    while (true) {
      SLUICE_TRY(const Token token, next());
      if (token.kind == Token::Kind::end) {
        if (opened == 0) return out;
        return wrong(opened, "the block that begins here is not closed");
      }
      if (token.kind == Token::Kind::close) {
        if (opened != 0) return out;
        return wrong(token.line, "unexpected \"}\"");
      }
      if (token.kind != Token::Kind::word)
        return wrong(token.line, "the name of a directive is missing");
      SLUICE_TRY(Directive made, directive(token, depth));
      if (made.name == "include" && !made.has_block) {
        SLUICE_CHECK(include(made, depth, out));
      } else {
        out.push_back(std::move(made));
      }
    }
  }

  Result<Directive> directive(const Token& name, int depth) {
    if (++totals_.directives > kDirectivesMax) return wrong(name.line, "too many directives");
    Directive made{.name = name.text, .file = name_, .line = name.line};
    while (true) {
      SLUICE_TRY(Token token, next());
      if (token.kind == Token::Kind::semicolon) return made;
      if (token.kind == Token::Kind::open) {
        made.has_block = true;
        if (made.name.ends_with("_by_lua_block")) {
          SLUICE_CHECK(skip_lua());
          return made;
        }
        SLUICE_TRY(made.block, block(depth + 1, token.line));
        return made;
      }
      if (token.kind != Token::Kind::word)
        return wrong(name.line, "\"" + name.text + "\" does not end with ; or a block");
      // nginx itself would refuse most of them, and a lost directive may be one that protects.
      if (!token.quoted && token.line > name.line && is_directive(token.text))
        return wrong(name.line, "\"" + name.text + "\" has no ; before \"" + token.text + "\"");
      if (made.words.size() >= kWordsMax) return wrong(token.line, "too many words");
      made.words.push_back(std::move(token.text));
    }
  }

  Result<void> include(const Directive& made, int depth, std::vector<Directive>& out) {
    if (made.words.size() != 1) return wrong(made.line, "include wants one name");
    if (include_depth_ >= kIncludeDepthMax)
      return wrong(made.line, "too many files include one another");
    const auto files = find_(made.words[0]);
    if (!files) {
      out.push_back(made);
      return {};
    }
    for (const ConfigFile& file : *files) {
      SLUICE_TRY(std::vector<Directive> inner,
                 FileParser(file, find_, totals_, include_depth_ + 1).all(depth));
      for (Directive& one : inner) out.push_back(std::move(one));
    }
    return {};
  }

  Result<Token> next() {
    auto token = lexer_.next();
    if (token) return token;
    return fail(ErrorKind::invalid, *name_ + ", " + token.error().message);
  }
  Result<void> skip_lua() {
    auto skipped = lexer_.skip_lua();
    if (skipped) return skipped;
    return fail(ErrorKind::invalid, *name_ + ", " + skipped.error().message);
  }
  [[nodiscard]] std::unexpected<Error> wrong(unsigned line, const std::string& why) const {
    return fail(ErrorKind::invalid, *name_ + ":" + std::to_string(line) + ": " + why);
  }

  std::shared_ptr<const std::string> name_;
  Lexer lexer_;
  const FindFiles& find_;
  Totals& totals_;
  const int include_depth_;
};

}  // namespace

Result<std::vector<Directive>> read_directives(const ConfigFile& file, const FindFiles& find) {
  Totals totals;
  return FileParser(file, find, totals, 0).all(0);
}

}  // namespace sluice::egctl::nginx
