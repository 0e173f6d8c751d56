// SPDX-License-Identifier: Apache-2.0
#include "config/redact.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "config/fields.h"

namespace sluice::config {
namespace {

struct Part {
  std::string name;
  std::string token;
  void fields(auto& visit) {
    visit("name", name, {});
    visit("token", token, {.secret = true});
  }
};

struct Whole {
  std::string name;
  std::string key;
  std::map<std::string, std::string> keys;
  std::vector<Part> parts;
  std::optional<Part> extra;
  std::vector<UndecodedValue> filters;
  void fields(auto& visit) {
    visit("name", name, {});
    visit("key", key, {.secret = true});
    visit("keys", keys, {.secret = true});
    visit("parts", parts, {});
    visit("extra", extra, {});
    visit("filters", filters, {});
  }
};

const char* const kText = R"(
name: key
key: k0
keys: {a: k1, b: ""}
parts: [{name: x, token: t1}, {name: y, token: t2}]
extra: {name: z, token: t3}
filters: [{kind: Part, name: f, token: t4}, {kind: Other, token: open}]
)";

SchemaOfKind kinds() {
  return [](const std::string& kind) { return kind == "Part" ? schema<Part>() : Json(); };
}

Json stored() { return Encoder::of(*parse_document(kText)); }

Json redacted() {
  Json spec = stored();
  redact(spec, schema<Whole>(), kinds());
  return spec;
}

TEST(Redact, TakesOutEverySecretAndNothingElse) {
  EXPECT_EQ(redacted(), Json::parse(R"({
    "name": "key", "key": "<redacted>", "keys": {"a": "<redacted>", "b": ""},
    "parts": [{"name": "x", "token": "<redacted>"}, {"name": "y", "token": "<redacted>"}],
    "extra": {"name": "z", "token": "<redacted>"},
    "filters": [{"kind": "Part", "name": "f", "token": "<redacted>"},
                {"kind": "Other", "token": "open"}]})"));
}

Json restored(const Json& sent, const Json& known, Faults& faults) {
  Value document = *parse_document(sent.dump());
  restore(document, known, schema<Whole>(), kinds(), faults);
  return Encoder::of(document);
}

TEST(Restore, PutsBackWhatWasTakenOut) {
  Faults faults;
  EXPECT_EQ(restored(redacted(), stored(), faults), stored());
  EXPECT_TRUE(faults.empty());
}

TEST(Restore, KnowsMembersOfListsByName) {
  Faults faults;
  Json sent = redacted();
  std::swap(sent["parts"][0], sent["parts"][1]);
  sent["parts"][1]["token"] = "new";
  const Json made = restored(sent, stored(), faults);
  EXPECT_EQ(made["parts"][0]["token"], "t2");
  EXPECT_EQ(made["parts"][1]["token"], "new");
}

TEST(Restore, LeavesTheWordWhereItIsNoSecret) {
  Faults faults;
  Json sent = redacted();
  sent["name"] = "<redacted>";
  EXPECT_EQ(restored(sent, stored(), faults)["name"], "<redacted>");
}

TEST(Restore, NamesWhatIsNotThereToKeep) {
  Faults faults;
  Json sent = redacted();
  sent["parts"][0]["name"] = "stranger";
  (void)restored(sent, stored(), faults);
  ASSERT_EQ(faults.count(), 1U);
  EXPECT_TRUE(faults.lines()[0].starts_with("parts[0].token: ")) << faults.lines()[0];
  Faults all;
  (void)restored(redacted(), Json(), all);
  EXPECT_EQ(all.count(), 6U);
}

TEST(Redact, TheCredentialsOfAUrlComeBackForItsHostOnly) {
  const Json schema = {{"type", "object"}, {"properties", {{"code", {{"type", "string"}}}}}};
  const SchemaOfKind none = [](const std::string&) { return Json(); };
  Json spec = {{"code", "https://u:p@host/a.wasm"}};
  const Json stored = spec;
  redact(spec, schema, none);
  EXPECT_EQ(spec["code"], "https://<redacted>@host/a.wasm");

  const auto restored = [&](const std::string& code, Faults& faults) {
    Value document = *parse_document("code: \"" + code + "\"");
    restore(document, stored, schema, none, faults);
    return document.find("code")->scalar;
  };
  Faults faults;
  EXPECT_EQ(restored("https://<redacted>@host/b.wasm", faults), "https://u:p@host/b.wasm");
  EXPECT_EQ(restored("https://x:y@other/b.wasm", faults), "https://x:y@other/b.wasm");
  EXPECT_TRUE(faults.empty());
  (void)restored("https://<redacted>@other/a.wasm", faults);
  EXPECT_EQ(faults.count(), 1U);
}

}  // namespace
}  // namespace sluice::config
