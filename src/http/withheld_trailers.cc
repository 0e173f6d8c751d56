// SPDX-License-Identifier: Apache-2.0
#include "http/withheld_trailers.h"

#include <memory>
#include <utility>

#include "http/file_source.h"

namespace sluice::http {
namespace {

std::unique_ptr<Headers> sifted(std::unique_ptr<Headers> trailers, const FieldTwins& names) {
  if (!trailers) return nullptr;
  names.remove_with_twins(*trailers);
  return trailers->empty() ? nullptr : std::move(trailers);
}

// Reads a streamed body, and drops trailers at its end.
class SiftedBody final : public BodyReader {
 public:
  // Puts itself around the reader of `body`, unless it is there already. Null: no trailers come.
  static SiftedBody* around(Body& body) {
    if (auto* const known = dynamic_cast<SiftedBody*>(body.reader())) return known;
    // The output has to see that the bytes lie in a file, which has no trailers.
    if (FileSource::of(*body.reader()) != nullptr) return nullptr;
    const auto length = body.length();
    const bool may_be_held = body.may_be_held();
    auto made = std::make_unique<SiftedBody>(std::exchange(body, Body()));
    SiftedBody* const stage = made.get();
    body = Body(std::move(made), length);
    if (may_be_held) body.let_be_held();
    return stage;
  }

  explicit SiftedBody(Body source) : source_(std::move(source)) {}
  void withhold(const FieldTwins& names) { names_.add(names); }
  void withhold_all() { all_ = true; }
  Task<Result<std::string_view>> read() override { return source_.reader()->read(); }
  std::unique_ptr<Headers> take_trailers() override {
    auto trailers = source_.reader()->take_trailers();
    return all_ ? nullptr : sifted(std::move(trailers), names_);
  }

 private:
  Body source_;
  FieldTwins names_;
  bool all_ = false;
};

FieldTwins names_of(const Headers& fields) {
  FieldTwins names;
  for (const Field& field : fields) names.add(field.name);
  return names;
}

}  // namespace

void withhold_trailers(Body& body, const FieldTwins& names) {
  if (names.empty() || !may_bring_trailers(body)) return;
  if (!body.is_stream()) return body.set_trailers(sifted(body.take_trailers(), names));
  if (SiftedBody* const stage = SiftedBody::around(body)) stage->withhold(names);
}

void withhold_trailers(Body& body, const Headers& fields) {
  if (may_bring_trailers(body)) withhold_trailers(body, names_of(fields));
}

void withhold_trailer(Body& body, std::string_view name) {
  if (!may_bring_trailers(body)) return;
  FieldTwins names;
  names.add(name);
  withhold_trailers(body, names);
}

void withhold_all_trailers(Body& body) {
  if (!body.is_stream()) return body.set_trailers(nullptr);
  if (SiftedBody* const stage = SiftedBody::around(body)) stage->withhold_all();
}

void claim_field(Request& request, std::string_view name) {
  (void)remove_twins(request.headers, name);
  withhold_trailer(request.body, name);
}

void replace_fields(Headers& headers, Body& body, Headers fields) {
  withhold_trailers(body, headers);
  headers = std::move(fields);
  withhold_trailers(body, headers);
}

}  // namespace sluice::http
