// SPDX-License-Identifier: Apache-2.0
// Covers: abi_cluster.cc, abi_misc.cc, abi_request.cc, abi_response.cc, header_text.cc
// Covers: marshal.cc
// Calls every host function from a guest. Strings are returned as tags, data as the body of the
// response.
#include "filters/wasm_host/abi.h"

#include <memory>
#include <set>

#include "base/memory_budget.h"
#include "filters/wasm_host/testing/test_host.h"

namespace sluice::filters {
namespace {

using testing::data_at;
using testing::guest;
using testing::Host;
using testing::text_at;

// A call whose arguments are the string at address 100 (and the one at 1000).
std::string set1(const char* name) { return std::string("(call $") + name + " (i32.const 100))"; }
std::string set2(const char* name) {
  return std::string("(call $") + name + " (i32.const 100) (i32.const 1000))";
}
std::string tag_of(const std::string& call) { return "(call $host_add_tag " + call + ")"; }
std::string get0(const char* name) { return std::string("(call $") + name + ")"; }

class Abi : public ::testing::Test {
 protected:
  // Runs `body` with the two strings in memory. Returns "" or the tag of the failure.
  std::string run(const std::string& body, const std::string& first = "",
                  const std::string& second = "", const std::string& more = "") {
    host_.use(guest(body + " (i32.const 0)", text_at(100, first) + text_at(1000, second) + more));
    return host_.run().empty() ? "" : host_.tag();
  }
  // The string that a getter returns.
  std::string text(const std::string& call, const std::string& first = "") {
    const std::string fault = run(tag_of(call), first);
    return fault.empty() ? host_.tag() : "failed: " + fault;
  }
  http::Request& request() { return *host_.last->request(); }
  Host host_;
};

// The ABI for which published programs are compiled. Any change of a line would break them.
constexpr std::string_view kPublished =
    R"(host_add_tag i -
host_cluster_add_float iF F
host_cluster_add_integer iI I
host_cluster_count_key i i
host_cluster_delete i -
host_cluster_get_binary i i
host_cluster_get_float i F
host_cluster_get_integer i I
host_cluster_get_string i i
host_cluster_put_binary ii -
host_cluster_put_float iF -
host_cluster_put_integer iI -
host_cluster_put_string ii -
host_get_unix_time_in_ms - I
host_log ii -
host_parameter ii i
host_parameter_or iii i
host_parse_date ii I
host_rand - F
host_req_add_cookie i -
host_req_add_header ii -
host_req_del_header i -
host_req_get_all_cookie - i
host_req_get_all_header - i
host_req_get_body - i
host_req_get_cookie i i
host_req_get_escaped_path - i
host_req_get_fragment - i
host_req_get_header i i
host_req_get_host - i
host_req_get_method - i
host_req_get_path - i
host_req_get_proto - i
host_req_get_query - i
host_req_get_real_ip - i
host_req_get_scheme - i
host_req_set_all_header i -
host_req_set_body i -
host_req_set_header ii -
host_req_set_host i -
host_req_set_method i -
host_req_set_path i -
host_req_set_query i -
host_resp_add_header ii -
host_resp_del_header i -
host_resp_get_all_header - i
host_resp_get_body - i
host_resp_get_header i i
host_resp_get_status_code - i
host_resp_set_all_header i -
host_resp_set_body i -
host_resp_set_cookie i -
host_resp_set_header ii -
host_resp_set_status_code i -
)";

TEST_F(Abi, IsThePublishedOne) {
  std::set<std::string> lines;
  const auto letters = [](std::string_view types) {
    return " " + std::string(types.empty() ? "-" : types);
  };
  for (const auto& module : easegress_abi().modules) {
    EXPECT_FALSE(module.in_nested_calls);
    if (module.name == "sluice") continue;  // for the engines of scripts only
    EXPECT_EQ(module.name, "easegress");
    for (const auto& function : module.functions)
      lines.insert(std::string(function.name) + letters(function.params) +
                   letters(function.result) + "\n");
  }
  std::string all;
  for (const std::string& line : lines) all += line;
  EXPECT_EQ(all, kPublished);
  EXPECT_EQ(lines.size(), 54U);
}

TEST_F(Abi, ReadsTheRequest) {
  EXPECT_EQ(text(get0("host_req_get_real_ip")), "10.1.2.3");
  EXPECT_EQ(text(get0("host_req_get_scheme")), "http");
  EXPECT_EQ(text(get0("host_req_get_proto")), "HTTP/1.1");
  EXPECT_EQ(text(get0("host_req_get_method")), "GET");
  EXPECT_EQ(text(get0("host_req_get_host")), "shop.example:8080");
  EXPECT_EQ(text(get0("host_req_get_path")), "/a b/c");
  EXPECT_EQ(text(get0("host_req_get_escaped_path")), "/a%20b/c");
  EXPECT_EQ(text(get0("host_req_get_query")), "x=1&y");
  EXPECT_EQ(text(get0("host_req_get_fragment")), "");
  EXPECT_EQ(text(set1("host_req_get_header"), "USER-AGENT"), "test");
  EXPECT_EQ(text(set1("host_req_get_header"), "absent"), "");
  EXPECT_EQ(text(get0("host_req_get_all_header")), "Cookie: a=1; b=2\r\nUser-Agent: test\r\n");
  EXPECT_EQ(text(set1("host_req_get_cookie"), "b"), "b=2");
  EXPECT_EQ(text(set1("host_req_get_cookie"), "c"), "");
}

TEST_F(Abi, StringArraysCarryACount) {
  // The second string of the array, "b=2", is at offset 4 + 4 + 4.
  EXPECT_EQ(text("(i32.add (call $host_req_get_all_cookie) (i32.const 12))"), "b=2");
  host_.use(guest("(i32.load (call $host_req_get_all_cookie))"));
  EXPECT_EQ(host_.run(), "wasmResult2");
}

TEST_F(Abi, ChangesTheRequest) {
  EXPECT_EQ(run(set1("host_req_set_method"), "PUT"), "");
  EXPECT_EQ(request().method, "PUT");
  EXPECT_EQ(run(set1("host_req_set_host"), "b.example"), "");
  EXPECT_EQ(request().host, "b.example");
  EXPECT_EQ(run(set1("host_req_set_path"), "/x y"), "");
  EXPECT_EQ(request().path, "/x y");
  EXPECT_EQ(request().escaped_path, "/x%20y");
  EXPECT_NE(run(set1("host_req_set_path"), "/v2/../secret").find("a path with . or .. segments"),
            std::string::npos);
  EXPECT_EQ(run(set1("host_req_set_query"), "q=2"), "");
  EXPECT_EQ(request().target(), "/a%20b/c?q=2");
  EXPECT_EQ(run(set1("host_req_set_query"), ""), "");
  EXPECT_EQ(request().target(), "/a%20b/c");
  EXPECT_EQ(run(set2("host_req_set_header") + set2("host_req_add_header"), "x-new", "v"), "");
  EXPECT_EQ(text(get0("host_req_get_all_header")), "Cookie: a=1; b=2\r\nUser-Agent: test\r\n");
  EXPECT_EQ(run(set1("host_req_del_header"), "cookie"), "");
  EXPECT_FALSE(request().headers.contains("Cookie"));
  EXPECT_EQ(run(set1("host_req_set_all_header"), "b: 2\r\nA: 1\r\n folded\r\nB: 3\r\n"), "");
  EXPECT_EQ(request().headers.size(), 3u);
  EXPECT_EQ(request().headers.get("A"), "1 folded");
  EXPECT_EQ(run(set1("host_req_set_all_header"), ""), "");
  EXPECT_TRUE(request().headers.empty());
  EXPECT_EQ(run(set1("host_req_add_cookie"), "c=3; d=4"), "");
  EXPECT_EQ(request().headers.get("Cookie"), "a=1; b=2; c=3; d=4");
}

// A backend may take either spelling for the other.
TEST_F(Abi, AFieldThatIsDeletedGoesInEverySpelling) {
  EXPECT_EQ(run("(call $host_req_add_header (i32.const 100) (i32.const 2000))"
                "(call $host_req_del_header (i32.const 1000))",
                "x_user", "X-User", text_at(2000, "admin")),
            "");
  EXPECT_EQ(request().headers.size(), 2U) << "those of the client";
}

// Tags of one run, from a loop.
std::string tags(int count) {
  return "(loop $l " + set1("host_add_tag") +
         "(global.set $i (i32.add (global.get $i) (i32.const 1)))"
         "(br_if $l (i32.lt_s (global.get $i) (i32.const " +
         std::to_string(count) + "))))";
}

TEST_F(Abi, TagsHaveALimit) {
  const std::string counter = "(global $i (mut i32) (i32.const 0))";
  EXPECT_EQ(run(tags(100), "t", "", counter), "");
  EXPECT_EQ(host_.last->tags().size(), 100U);
  EXPECT_NE(run(tags(101), "t", "", counter).find("more than 100 tags"), std::string::npos);
}

TEST_F(Abi, HeaderFieldsHaveALimit) {
  const std::string set_all = "(call $host_req_set_all_header (i32.const 1000))";
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "a: 1\r\n";
  EXPECT_EQ(run(set_all, "", text), "");
  EXPECT_EQ(request().headers.size(), 1000U);
  EXPECT_NE(run(set_all, "", text + "a: 1\r\n").find("more than 1000 header fields"),
            std::string::npos);
}

TEST_F(Abi, TheBytesOfHeaderFieldsHaveALimit) {
  const std::string value(60'000, 'v');
  const std::string add = set2("host_req_add_header");
  std::string adds;
  for (int i = 0; i < 17; ++i) adds += add;
  EXPECT_EQ(run(adds, "x-large", value), "");
  EXPECT_NE(run(adds + add, "x-large", value).find("more than 1 MiB of header fields"),
            std::string::npos);
}

TEST_F(Abi, Bodies) {
  const std::string echo =
      "(call $host_req_set_body (i32.const 2000)) (call $host_resp_set_body (call "
      "$host_req_get_body))";
  EXPECT_EQ(run(echo, "", "", data_at(2000, std::string("a\0b", 3))), "");
  EXPECT_EQ(host_.response().body.bytes(), std::string_view("a\0b", 3));
  EXPECT_EQ(run("(call $host_resp_set_body (i32.const 2000)) (call $host_req_set_body (call "
                "$host_resp_get_body))",
                "", "", data_at(2000, "")),
            "");
  EXPECT_EQ(request().body.bytes(), "");
}

class NoReader final : public http::BodyReader {
 public:
  Task<Result<std::string_view>> read() override { co_return std::string_view(); }
};

TEST_F(Abi, StreamsCannotBeReadButReplaced) {
  host_.use(guest("(drop (call $host_req_get_body)) (i32.const 0)"));
  pipeline::Exchange exchange(host_.core);
  exchange.client_request().body = http::Body(std::make_unique<NoReader>(), std::nullopt);
  EXPECT_EQ(host_.run(exchange), "wasmError");
  EXPECT_TRUE(exchange.client_request().body.is_stream());
  host_.use(guest("(call $host_req_set_body (i32.const 100)) unreachable", data_at(100, "x")));
  EXPECT_EQ(host_.run(exchange), "wasmError");
  EXPECT_TRUE(exchange.client_request().body.is_stream());
  host_.use(guest("(call $host_req_set_body (i32.const 100)) (i32.const 0)", data_at(100, "x")));
  EXPECT_EQ(host_.run(exchange), "");
  EXPECT_EQ(exchange.client_request().body.bytes(), "x");
}

TEST_F(Abi, AResponseToHeadHasAnEmptyBody) {
  host_.use(guest("(call $host_req_set_body (call $host_resp_get_body)) (i32.const 0)"));
  for (const std::string_view method : {"HEAD", "GET"}) {
    pipeline::Exchange exchange(host_.core);
    exchange.client_request().method = method;
    exchange.client_request().body.assign("x");
    exchange.new_response().body = http::Body(std::make_unique<NoReader>(), 1234);
    EXPECT_EQ(host_.run(exchange), method == "HEAD" ? "" : "wasmError");
    EXPECT_EQ(exchange.client_request().body.bytes(), method == "HEAD" ? "" : "x");
    if (method == "HEAD") {
      EXPECT_EQ(exchange.client_response()->body.length(), 1234U);
    }
  }
}

TEST_F(Abi, TheResponse) {
  host_.use(guest("(i32.sub (call $host_resp_get_status_code) (i32.const 195))"));
  EXPECT_EQ(host_.run(), "wasmResult5");
  EXPECT_EQ(run("(call $host_resp_set_status_code (i32.const 404))" + set2("host_resp_set_header") +
                    set2("host_resp_add_header"),
                "x-new", "v"),
            "");
  EXPECT_EQ(host_.response().status, 404);
  EXPECT_EQ(host_.response().headers.size(), 2u);
  EXPECT_EQ(run(set2("host_resp_set_header") + tag_of(set1("host_resp_get_header")) +
                    tag_of(get0("host_resp_get_all_header")) + set1("host_resp_del_header"),
                "x-new", "v"),
            "");
  EXPECT_EQ(host_.last->tags(), (std::vector<std::string>{"v", "X-New: v\r\n"}));
  EXPECT_TRUE(host_.response().headers.empty());
  EXPECT_EQ(run(set1("host_resp_set_all_header"), "a: 1\r\nb: 2\r\n"), "");
  EXPECT_EQ(host_.response().headers.size(), 2u);
  EXPECT_EQ(run(set1("host_resp_set_cookie"), "id=1; Path=/; HttpOnly"), "");
  EXPECT_EQ(host_.response().headers.get("Set-Cookie"), "id=1; Path=/; HttpOnly");
  EXPECT_EQ(run(set1("host_resp_set_cookie"), "nonsense"), "");
  EXPECT_TRUE(host_.response().headers.empty());
}

TEST_F(Abi, WhatWouldBreakAMessageIsRefused) {
  for (const char* status : {"0", "99", "100", "101", "199", "600", "-1"}) {
    EXPECT_NE(run(std::string("(call $host_resp_set_status_code (i32.const ") + status + "))"), "")
        << status;
  }
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"", "v"},          {"a b", "v"},  {"a:", "v"},
      {"a", "x\r\ny: z"}, {"a", "x\ny"}, {"a", std::string("x\0", 2)},
      {"a\r\n", "v"}};
  for (const auto& [name, value] : bad) {
    for (const char* call : {"host_req_set_header", "host_req_add_header", "host_resp_set_header",
                             "host_resp_add_header"}) {
      EXPECT_NE(run(set2(call), name, value), "") << call << name << value;
    }
  }
  for (const char* text :
       {"no colon\r\n", "a: 1", "a: 1\r\n\r\n", " a: 1\r\n", ": 1\r\n", "a: \x01\r\n"}) {
    EXPECT_NE(run(set1("host_req_set_all_header"), text), "") << text;
    EXPECT_NE(run(set1("host_resp_set_all_header"), text), "") << text;
  }
  EXPECT_NE(run(set1("host_req_set_method"), "GE T"), "");
  EXPECT_NE(run(set1("host_req_set_host"), "a\r\nb"), "");
  EXPECT_NE(run(set1("host_req_set_query"), "a b"), "");
  EXPECT_NE(run(set1("host_req_set_query"), "a\r\n"), "");
}

TEST_F(Abi, SharedData) {
  EXPECT_EQ(
      run(set2("host_cluster_put_string") + tag_of(set1("host_cluster_get_string")), "k", "v"), "");
  EXPECT_EQ(host_.tag(), "v");
  EXPECT_EQ(text(set1("host_cluster_get_string"), "k"), "v");
  EXPECT_EQ(text(set1("host_cluster_get_string"), "absent"), "");
  EXPECT_EQ(run("(call $host_cluster_put_binary (i32.const 100) (i32.const 2000))"
                "(call $host_resp_set_body (call $host_cluster_get_binary (i32.const 100)))",
                "bin", "", data_at(2000, std::string("\0\xff", 2))),
            "");
  EXPECT_EQ(host_.stored("bin"), "AP8=");
  EXPECT_EQ(host_.response().body.bytes(), std::string_view("\0\xff", 2));
  EXPECT_EQ(
      run("(call $host_resp_set_body (call $host_cluster_get_binary (i32.const 100)))", "absent"),
      "");
  EXPECT_EQ(host_.response().body.bytes(), "");
  EXPECT_EQ(run("(call $host_cluster_put_integer (i32.const 100) (i64.const -5))"
                "(drop (call $host_cluster_add_integer (i32.const 100) (i64.const 2)))",
                "int"),
            "");
  EXPECT_EQ(host_.stored("int"), "-3");
  EXPECT_EQ(run("(call $host_cluster_put_float (i32.const 100) (f64.const 0.5))"
                "(drop (call $host_cluster_add_float (i32.const 100) (call $host_cluster_get_float "
                "(i32.const 100))))",
                "float"),
            "");
  EXPECT_EQ(host_.stored("float"), "1");
  EXPECT_EQ(run(set2("host_cluster_put_string"), "hex", "0x10"), "");
  host_.use(guest(
      "(i32.sub (i32.wrap_i64 (call $host_cluster_get_integer (i32.const 100))) (i32.const 12))",
      text_at(100, "hex")));
  EXPECT_EQ(host_.run(), "wasmResult4");
  host_.use(guest("(call $host_cluster_count_key (i32.const 100))", text_at(100, "in")));
  EXPECT_EQ(host_.run(), "wasmResult1");
  EXPECT_EQ(run(set1("host_cluster_delete"), "int"), "");
  EXPECT_EQ(host_.stored("int"), "(absent)");
  EXPECT_EQ(run(set1("host_cluster_delete"), "absent"), "");
}

// A text of 2 MiB lies at 1 MiB.
TEST_F(Abi, BodiesThatAGuestMakesAreChargedAndBounded) {
  const auto making = [](int size, const char* function) {
    return "(drop (memory.grow (i32.const 400))) (i32.store (i32.const 1048576) (i32.const " +
           std::to_string(size) + ")) (call $" + function + " (i32.const 1048576)) (i32.const 0)";
  };
  MemoryAccount account;
  for (const char* function : {"host_req_set_body", "host_resp_set_body"}) {
    for (const std::size_t limit : {std::size_t{1} << 20, std::size_t{8} << 20}) {
      host_.use(guest(making(2 << 20, function)));
      host_.last = host_.exchange();
      host_.last->memory = std::make_shared<MemoryHolder>(account, limit);
      const bool fits = limit > (2 << 20);
      EXPECT_EQ(host_.run(*host_.last), fits ? "" : "wasmError");
      EXPECT_EQ(account.held() >= (2 << 20), fits);
      host_.last.reset();
      EXPECT_EQ(account.held(), 0U);
    }
    host_.use(guest(making((16 << 20) + 1, function)));
    EXPECT_EQ(host_.run(), "wasmError");
  }
  EXPECT_NE(run("(drop (memory.grow (i32.const 400))) (i32.store (i32.const 1048576) (i32.const "
                "1048577)) (call $host_cluster_put_binary (i32.const 100) (i32.const 1048576))",
                "key"),
            "");
}

TEST_F(Abi, Dates) {
  const std::string is_hour =
      "(if (i64.ne " + set2("host_parse_date") + " (i64.const 3600000)) (then unreachable))";
  EXPECT_EQ(run(is_hour, "1970-01-01T01:00:00Z"), "");
  EXPECT_EQ(run(is_hour, "1970-01-01 02:00 Europe/Berlin"), "");
  EXPECT_EQ(run(is_hour, "1970-01-01 10:00", "Asia/Tokyo"), "");
  EXPECT_NE(run("(drop " + set2("host_parse_date") + ")", "soon"), "");
  EXPECT_NE(run("(drop " + set2("host_parse_date") + ")", "1970", "Nowhere"), "");
}

TEST_F(Abi, ParametersAreDeclaredBeforeTheFirstRun) {
  EXPECT_NE(run("(drop " + set2("host_parameter") + ")", "max", "integer"), "");
}

TEST_F(Abi, TheRest) {
  EXPECT_EQ(run("(call $host_log (i32.const 1) (i32.const 100)) (call $host_log (i32.const 77) "
                "(i32.const 100))",
                "%s%n"),
            "");
  host_.use(
      guest("(f64.lt (f64.abs (f64.sub (call $host_rand) (f64.const 0.5))) (f64.const 0.50001))"));
  EXPECT_EQ(host_.run(), "wasmResult1");
  // After 2023, in milliseconds.
  host_.use(guest("(i64.gt_s (call $host_get_unix_time_in_ms) (i64.const 1672531200000))"));
  EXPECT_EQ(host_.run(), "wasmResult1");
}

TEST_F(Abi, AddressesAndLengthsOutsideAreRefused) {
  const std::string huge = "(i32.store (i32.const 5000) (i32.const ";
  for (const char* address : {"-1", "-4", "262141", "262144", "2147483647"}) {
    for (const char* call :
         {"host_add_tag", "host_req_set_body", "host_resp_set_body", "host_req_set_all_header"}) {
      EXPECT_NE(run(std::string("(call $") + call + " (i32.const " + address + "))"), "")
          << call << address;
    }
  }
  for (const char* length : {"-1", "-2147483648", "2147483647", "300000", "257145"}) {
    for (const char* call : {"host_add_tag", "host_req_set_body"}) {
      EXPECT_NE(run(huge + length + ")) (call $" + call + " (i32.const 5000))"), "")
          << call << length;
    }
  }
  EXPECT_NE(run("(i32.store (i32.const 5000) (i32.const 0)) (call $host_add_tag (i32.const 5000))"),
            "");
}

TEST_F(Abi, AnAllocatorThatLiesIsCaught) {
  for (const char* address : {"0", "-1", "65533", "70000"}) {
    host_.use(
        "(module (import \"easegress\" \"host_req_get_path\" (func $get (result i32)))"
        "(memory (export \"memory\") 1)"
        "(func (export \"wasm_alloc\") (param i32) (result i32) (i32.const " +
        std::string(address) +
        "))"
        "(func (export \"wasm_free\") (param i32))"
        "(func (export \"wasm_run\") (result i32) (drop (call $get)) (i32.const 0)))");
    EXPECT_EQ(host_.run(), "wasmError") << address;
  }
}

TEST_F(Abi, TheAllocatorMayNotCallTheHost) {
  host_.use(
      "(module (import \"easegress\" \"host_req_get_path\" (func $get (result i32)))"
      "(memory (export \"memory\") 1)"
      "(func (export \"wasm_alloc\") (param i32) (result i32) (call $get))"
      "(func (export \"wasm_free\") (param i32))"
      "(func (export \"wasm_run\") (result i32) (drop (call $get)) (i32.const 0)))");
  EXPECT_EQ(host_.run(), "wasmError");
  EXPECT_NE(host_.tag().find("called while the host called the guest"), std::string::npos);
}

}  // namespace
}  // namespace sluice::filters
