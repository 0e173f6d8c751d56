// SPDX-License-Identifier: Apache-2.0
// The whole API over a socket, on a controller with a memory store and one kind of filter.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include <algorithm>
#include <cctype>
#include <future>
#include <nlohmann/json.hpp>
#include <vector>

#include "admin/api.h"
#include "admin/handed_calls.h"
#include "admin/handed_message.h"
#include "control/controller.h"
#include "server/workers.h"

namespace sluice::admin {
namespace {

using testing::HasSubstr;

constexpr std::size_t kMemoryBytes = std::size_t{64} << 20;

// The outcome of the next reload of every guest.
enum class NextReload { unchanged, changed, refused };

class GuestPrototype final : public pipeline::FilterPrototype {
 public:
  GuestPrototype(Json spec, const NextReload& next) : spec_(std::move(spec)), next_(next) {}
  [[nodiscard]] Json spec() const override { return spec_; }
  [[nodiscard]] Json status() const override { return {{"codeHash", "0123"}}; }
  [[nodiscard]] std::unique_ptr<pipeline::Filter> instantiate(const loop::Core&) const override {
    return nullptr;
  }
  [[nodiscard]] Result<std::shared_ptr<const FilterPrototype>> reload(
      const pipeline::StateScope&, const pipeline::ReloadInputs&) const override {
    if (next_ == NextReload::refused) return fail(ErrorKind::invalid, "not a module");
    if (next_ == NextReload::unchanged) return nullptr;
    return std::make_shared<GuestPrototype>(spec_, next_);
  }
  [[nodiscard]] bool has_shared_data() const override { return true; }

 private:
  Json spec_;
  const NextReload& next_;
};

class GuestKind final : public pipeline::FilterKind {
 public:
  explicit GuestKind(const NextReload& next) : next_(next) {}
  [[nodiscard]] std::string_view name() const override { return "WasmHost"; }
  [[nodiscard]] std::span<const std::string_view> results() const override { return kResults; }
  [[nodiscard]] std::string_view description() const override { return "runs a guest"; }
  [[nodiscard]] bool has_code() const override { return true; }
  [[nodiscard]] Json schema() const override { return {{"type", "object"}}; }
  [[nodiscard]] std::shared_ptr<const pipeline::FilterPrototype> build(
      const config::Value&, const pipeline::FilterContext& context,
      config::Faults&) const override {
    return std::make_shared<GuestPrototype>(Json{{"name", context.name}, {"kind", "WasmHost"}},
                                            next_);
  }

 private:
  static constexpr std::array<std::string_view, 1> kResults{"wasmError"};
  const NextReload& next_;
};

constexpr const char* kPipeline =
    "name: demo\nkind: Pipeline\nfilters:\n- name: wasm\n  kind: WasmHost\n";

class ApiTest : public testing::Test {
 public:
  ApiTest(const ApiTest&) = delete;
  ApiTest& operator=(const ApiTest&) = delete;

 protected:
  ApiTest() {
    std::vector<std::unique_ptr<pipeline::FilterKind>> kinds;
    kinds.push_back(std::make_unique<GuestKind>(next_reload_));
    controller_ = std::make_unique<control::Controller>(
        control::Controller::Options{.core_count = 1, .member_name = "me"}, Logger(), *store_,
        workers_, std::move(kinds));
    workers_.start();
    EXPECT_TRUE(controller_->start());
    auto api = Api::start({.address = "127.0.0.1:0",
                           .member_name = "me",
                           .log_file = "",
                           .start_options = {},
                           .handed = handed_},
                          Logger(), *controller_);
    EXPECT_TRUE(api) << api.error().message;
    api_ = *std::move(api);
    client_ = std::make_unique<httplib::Client>("127.0.0.1", api_->port());
  }
  ~ApiTest() override {
    api_.reset();
    controller_->stop();
    workers_.drain(Duration::zero());
    workers_.stop();
  }

  httplib::Result get(const std::string& path) { return client_->Get("/apis/v2" + path); }
  httplib::Result post(const std::string& path, const std::string& body) {
    return client_->Post("/apis/v2" + path, body, "text/x-yaml");
  }
  httplib::Result put(const std::string& path, const std::string& body) {
    return client_->Put("/apis/v2" + path, body, "text/x-yaml");
  }
  httplib::Result erase(const std::string& path) { return client_->Delete("/apis/v2" + path); }
  Json json(const std::string& path) { return Json::parse(get(path)->body); }

  // The answer to a step that another member hands over.
  HandedReply hand_over(HandedStep::Kind kind, std::uint64_t number, std::string_view body = {}) {
    const HandedStep step{.kind = kind,
                          .id = "1",
                          .number = number,
                          .from = "other",
                          .method = "PUT",
                          .target = "/apis/v2/wasm/data/demo/wasm",
                          .accept = "",
                          .body = body};
    std::promise<std::string> answer;
    handed_->take(step.encode(), [&](std::string text) { answer.set_value(std::move(text)); });
    const auto reply = HandedReply::decode(answer.get_future().get());
    EXPECT_TRUE(reply);
    return reply.value_or(HandedReply());
  }

  const std::shared_ptr<HandedCalls> handed_ = std::make_shared<HandedCalls>();
  NextReload next_reload_ = NextReload::unchanged;
  std::unique_ptr<store::Store> store_ = store::open_memory_store(1);
  server::Workers workers_{1, kMemoryBytes, nullptr, Logger()};
  std::unique_ptr<control::Controller> controller_;
  std::unique_ptr<Api> api_;
  std::unique_ptr<httplib::Client> client_;
};

TEST_F(ApiTest, ObjectsFromCreationToDeletion) {
  const auto created = post("/objects", kPipeline);
  EXPECT_EQ(created->status, 201) << created->body;
  EXPECT_EQ(Json::parse(created->body)[0],
            (Json{{"name", "demo"}, {"kind", "Pipeline"}, {"change", "created"}}));
  EXPECT_EQ(post("/objects", kPipeline)->status, 409);
  EXPECT_EQ(json("/objects")[0]["name"], "demo");
  EXPECT_EQ(json("/objects/demo")["kind"], "Pipeline");
  EXPECT_EQ(put("/objects/demo", kPipeline)->status, 200);
  EXPECT_EQ(put("/objects/other", kPipeline)->status, 400);
  EXPECT_THAT(post("/objects?mode=apply", kPipeline)->body, HasSubstr("unchanged"));
  EXPECT_EQ(post("/objects?mode=maybe", kPipeline)->status, 400);
  EXPECT_EQ(erase("/objects/demo")->status, 200);
  EXPECT_EQ(erase("/objects/demo")->status, 404);
  EXPECT_EQ(get("/objects/demo")->status, 404);
}

TEST_F(ApiTest, AStepThatComesTwiceCountsOnce) {
  using Kind = HandedStep::Kind;
  ASSERT_EQ(post("/objects", kPipeline)->status, 201);
  for (int copies = 0; copies < 2; ++copies)
    EXPECT_EQ(hand_over(Kind::begin, 0).response.status, 200);
  for (const auto& [number, piece] :
       {std::pair(1, "a: one\n"), {1, "a: one\n"}, {2, "b: two\n"}, {1, "a: one\n"}})
    EXPECT_LT(hand_over(Kind::piece, number, piece).response.status, 400);
  EXPECT_EQ(hand_over(Kind::piece, 7, "c: three\n").response.status, 400) << "3 to 6 are missing";
  const HandedReply first = hand_over(Kind::end, 3);
  EXPECT_LT(first.response.status, 300) << first.response.body;
  ASSERT_EQ(erase("/wasm/data/demo/wasm?key=a")->status, 200);
  const HandedReply second = hand_over(Kind::end, 3);
  EXPECT_EQ(second.response.status, first.response.status);
  EXPECT_EQ(second.response.body, first.response.body);
  EXPECT_EQ(json("/wasm/data/demo/wasm"), (Json{{"b", "two"}}));
}

TEST_F(ApiTest, AllDocumentsOrNone) {
  const auto refused = post("/objects", std::string(kPipeline) + "---\nkind: Pipeline\n");
  EXPECT_EQ(refused->status, 400);
  const Json body = Json::parse(refused->body);
  EXPECT_EQ(body["code"], 400);
  EXPECT_THAT(body["errors"][0].get<std::string>(), HasSubstr("document 2, "));
  EXPECT_EQ(json("/objects"), Json::array());
  EXPECT_EQ(post("/objects", "---\n")->status, 400);
  EXPECT_EQ(post("/objects", "a: [")->status, 400);
}

TEST_F(ApiTest, DeletesAllOnlyIfToldSo) {
  ASSERT_EQ(post("/objects", kPipeline)->status, 201);
  EXPECT_EQ(erase("/objects")->status, 400);
  EXPECT_EQ(erase("/objects?all=true")->status, 200);
  EXPECT_EQ(json("/objects"), Json::array());
}

TEST_F(ApiTest, SharedData) {
  ASSERT_EQ(post("/objects", kPipeline)->status, 201);
  const std::string path = "/wasm/data/demo/wasm";
  EXPECT_EQ(get(path)->body, "{}\n");
  EXPECT_EQ(put(path, "id/user1: \"true\"\ncounter: 100\n")->status, 200);
  EXPECT_EQ(json(path), (Json{{"counter", "100"}, {"id/user1", "true"}}));
  EXPECT_EQ(json(path + "?prefix=id/"), (Json{{"id/user1", "true"}}));
  EXPECT_EQ(json(path + "?limit=1"), (Json{{"counter", "100"}}));
  EXPECT_EQ(put(path, "a: 1\nb: [2]\n")->status, 400);
  EXPECT_EQ(erase(path + "?prefix=id/")->status, 200);
  EXPECT_EQ(json(path), (Json{{"counter", "100"}}));
  EXPECT_EQ(erase(path)->status, 200);
  EXPECT_EQ(get(path)->body, "{}\n");
  EXPECT_EQ(get("/wasm/data/demo/none")->status, 404);
  EXPECT_EQ(put("/wasm/data/none/wasm", "a: 1")->status, 404);
}

TEST_F(ApiTest, CountsExportsAndImports) {
  ASSERT_EQ(post("/objects", kPipeline)->status, 201);
  const std::string path = "/wasm/data/demo/wasm";
  EXPECT_EQ(Json::parse(put(path, "id/a: 1\nid/b: 2\nc: 3\n")->body), (Json{{"entries", 3}}));
  EXPECT_EQ(json(path + "/count"), (Json{{"count", 3}}));
  EXPECT_EQ(json(path + "/count?prefix=id/"), (Json{{"count", 2}}));
  const std::string exported = get(path + "/export?prefix=id/")->body;
  EXPECT_EQ(erase(path)->status, 200);
  const std::string damaged = exported.substr(0, exported.size() / 2);
  EXPECT_EQ(put(path + "/import", damaged)->status, 400);
  EXPECT_EQ(json(path + "/count"), (Json{{"count", 0}}));
  EXPECT_EQ(Json::parse(put(path + "/import", exported)->body), (Json{{"entries", 2}}));
  EXPECT_EQ(json(path), (Json{{"id/a", "1"}, {"id/b", "2"}}));
  EXPECT_EQ(put(path, "")->status, 400);
  EXPECT_EQ(put(path, "a: 1\n" + std::string(5000, 'k') + ": 1\n")->status, 413);
  EXPECT_EQ(erase(path + "?prefx=id/")->status, 400);
  EXPECT_EQ(erase(path + "?prefix=")->status, 400);
  EXPECT_EQ(get("/wasm/data/demo/none/export")->status, 404);
  EXPECT_EQ(json(path + "/count"), (Json{{"count", 2}}));
}

TEST_F(ApiTest, ListsMoreThanAPage) {
  ASSERT_EQ(post("/objects", kPipeline)->status, 201);
  Json data = Json::object();
  for (int i = 0; i < 2500; ++i) data["id/" + std::to_string(i)] = std::to_string(i);
  ASSERT_EQ(put("/wasm/data/demo/wasm", data.dump())->status, 200);
  EXPECT_EQ(json("/wasm/data/demo/wasm"), data);
  EXPECT_EQ(json("/wasm/data/demo/wasm?limit=1500").size(), 1500U);
}

TEST_F(ApiTest, ReloadSaysWhatBecameOfEachFilter) {
  EXPECT_EQ(Json::parse(post("/wasm/code", "")->body), (Json{{"reloaded", Json::array()}}));
  ASSERT_EQ(post("/objects", kPipeline)->status, 201);
  const Json unchanged = Json::parse(post("/wasm/code", "")->body)["reloaded"][0];
  EXPECT_EQ(unchanged, (Json{{"pipeline", "demo"},
                             {"filter", "wasm"},
                             {"changed", false},
                             {"codeHash", "0123"},
                             {"error", ""}}));
  next_reload_ = NextReload::changed;
  EXPECT_EQ(Json::parse(post("/wasm/code", "")->body)["reloaded"][0]["changed"], true);
  next_reload_ = NextReload::refused;
  const auto refused = post("/wasm/code", "");
  EXPECT_EQ(refused->status, 400);
  EXPECT_EQ(Json::parse(refused->body)["errors"], Json::array({"demo/wasm: not a module"}));
}

TEST_F(ApiTest, StatusAndMembers) {
  ASSERT_EQ(post("/objects", kPipeline)->status, 201);
  EXPECT_TRUE(json("/status/objects").contains("eg-traffic-default/demo/me"));
  EXPECT_TRUE(json("/status/objects/demo").contains("eg-traffic-default/demo/me"));
  EXPECT_EQ(get("/status/objects/none")->status, 404);
  const Json member = json("/status/members")[0];
  EXPECT_EQ(member["options"]["name"], "me");
  EXPECT_EQ(member["objects"]["running"], 1) << member.dump();
  EXPECT_EQ(member["objects"]["failures"], Json::array());
  EXPECT_EQ(member["version"], SLUICE_VERSION);
  EXPECT_EQ(json("/store/owners"), Json::array());
  EXPECT_EQ(put("/store/owners/demo/wasm", "")->status, 400);
  const auto alone = put("/store/owners/demo/wasm?member=you", "");
  EXPECT_EQ(alone->status, 400);
  EXPECT_THAT(alone->body, HasSubstr("the store is not shared"));
  EXPECT_EQ(erase("/status/members/me")->status, 400);
  EXPECT_EQ(erase("/status/members/you")->status, 404);
  EXPECT_EQ(get("/healthz")->status, 200);
}

TEST_F(ApiTest, Metadata) {
  EXPECT_EQ(json("/object-kinds"), (Json{"HTTPServer", "Pipeline", "GlobalFilter"}));
  EXPECT_EQ(json("/object-api-resources")[0]["Name"], "httpserver");
  EXPECT_THAT(get("/objects-yaml/hs/demo")->body, HasSubstr("kind: HTTPServer\n"));
  EXPECT_EQ(get("/objects-yaml/nope/demo")->status, 404);
  EXPECT_EQ(json("/metadata/objects/pipeline/filters"), (Json{"WasmHost"}));
  EXPECT_EQ(json("/metadata/objects/pipeline/filters/WasmHost/results"), (Json{"wasmError"}));
  EXPECT_EQ(get("/metadata/objects/pipeline/filters/WasmHost/description")->body, "runs a guest\n");
  EXPECT_EQ(get("/metadata/objects/pipeline/filters/None/schema")->status, 404);
  EXPECT_EQ(json("")[0]["group"], "admin");
}

TEST_F(ApiTest, EveryRouteIsInTheOpenApiDocument) {
  const Json document = json("/openapi");
  EXPECT_EQ(document["openapi"], "3.1.0");
  for (const Json& group : json("")) {
    for (const Json& entry : group["entries"]) {
      const std::string path = entry["path"].get<std::string>().substr(std::size("/apis/v2") - 1);
      if (path.starts_with("/picture/")) continue;
      std::string method = entry["method"];
      std::ranges::transform(method, method.begin(),
                             [](char c) { return static_cast<char>(std::tolower(c)); });
      const Json& operation = document.at("paths").at(path.empty() ? "/" : path).at(method);
      EXPECT_NE(operation.at("summary"), "") << method << path;
      EXPECT_TRUE(operation.at("responses").contains("503")) << method << path;
      for (const Json& parameter : operation.value("parameters", Json::array()))
        EXPECT_TRUE(parameter.contains("schema")) << method << path << parameter;
    }
  }
  EXPECT_EQ(get("/openapi")->get_header_value("Content-Type"), "application/json");
  EXPECT_THAT(client_->Get("/apis/v2/openapi", {{"Accept", "text/x-yaml"}})->body,
              HasSubstr("\nopenapi: "));
}

TEST_F(ApiTest, EveryReferenceOfTheOpenApiDocumentIsThere) {
  const Json document = json("/openapi");
  std::vector<const Json*> rest{&document};
  int references = 0;
  while (!rest.empty()) {
    const Json& value = *rest.back();
    rest.pop_back();
    if (!value.is_structured()) continue;
    for (const Json& inner : value) rest.push_back(&inner);
    if (!value.is_object() || !value.contains("$ref") || !value["$ref"].is_string()) continue;
    const auto place = value["$ref"].get<std::string>();
    ASSERT_TRUE(place.starts_with("#/components/")) << place;
    EXPECT_TRUE(document.contains(Json::json_pointer(place.substr(1)))) << place;
    ++references;
  }
  EXPECT_GT(references, 100);
}

TEST_F(ApiTest, AQueryIsAsItIsDeclared) {
  ASSERT_EQ(post("/objects", kPipeline)->status, 201);
  for (const char* path : {"/objects?secrets=maybe", "/status/objects/demo?own=2",
                           "/wasm/data/demo/wasm?limit=0", "/metrics?names=other"}) {
    const auto refused = get(path);
    EXPECT_EQ(refused->status, 400) << path;
    EXPECT_THAT(Json::parse(refused->body)["message"], HasSubstr("= wants ")) << path;
  }
  for (const char* value : {"", "true", "1", "false", "0"})
    EXPECT_EQ(get(std::string("/status/objects/demo?own=") + value)->status, 200) << value;
  EXPECT_EQ(Json::parse(erase("/objects?all=yes")->body)["message"], "?all= wants true or false");
  EXPECT_EQ(Json::parse(post("/objects?mode=replace", kPipeline)->body)["message"],
            "?mode= wants create, update or apply");
  EXPECT_EQ(get("/status/objects/demo?unknown=1")->status, 200);
}

TEST_F(ApiTest, Logs) {
  EXPECT_EQ(get("/logs")->status, 404);
  EXPECT_EQ(put("/logs/level/debug", "")->status, 200);
  EXPECT_EQ(put("/logs/level/loud", "")->status, 400);
  EXPECT_EQ(get("/logs/level")->status, 200);
}

TEST_F(ApiTest, TheVersionCountsChanges) {
  const auto version = [this] { return get("/healthz")->get_header_value("X-Config-Version"); };
  const std::string before = version();
  ASSERT_EQ(post("/objects", kPipeline)->status, 201);
  EXPECT_NE(version(), before);
}

TEST_F(ApiTest, OnlyAnAdminSeesSecrets) {
  ASSERT_EQ(post("/objects", kPipeline)->status, 201);
  const auto locked = Api::start(
      {.address = "127.0.0.1:0",
       .member_name = "me",
       .credentials = {.users = {{"alice", "apple"}, {"bob", "banana"}}, .readers = {"bob"}}},
      Logger(), *controller_);
  ASSERT_TRUE(locked) << locked.error().message;
  httplib::Client reader("127.0.0.1", (*locked)->port());
  reader.set_basic_auth("bob", "banana");
  httplib::Client admin("127.0.0.1", (*locked)->port());
  admin.set_basic_auth("alice", "apple");
  for (const char* path : {"/apis/v2/objects", "/apis/v2/objects/demo"}) {
    const std::string with_secrets = std::string(path) + "?secrets=true";
    EXPECT_EQ(reader.Get(path)->status, 200) << path;
    EXPECT_EQ(reader.Get(with_secrets)->status, 403) << path;
    EXPECT_EQ(admin.Get(with_secrets)->status, 200) << path;
  }
}

TEST(ApiStart, LoopbackOnly) {
  const std::unique_ptr<store::Store> store = store::open_memory_store(1);
  server::Workers workers(1, kMemoryBytes, nullptr, Logger());
  control::Controller controller({.core_count = 1, .member_name = "me"}, Logger(), *store, workers,
                                 {});
  const auto api =
      Api::start({.address = "0.0.0.0:0", .member_name = "me", .log_file = "", .start_options = {}},
                 Logger(), controller);
  ASSERT_FALSE(api);
  EXPECT_EQ(api.error().kind, ErrorKind::invalid);
}

}  // namespace
}  // namespace sluice::admin
