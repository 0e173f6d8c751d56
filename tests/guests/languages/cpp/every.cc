// SPDX-License-Identifier: Apache-2.0
// Does what X-Mode says; see README.md in the folder above.
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "../../../../sdk/cpp/sluice.hpp"

namespace {

using namespace sluice;

volatile std::int32_t depth_sum;

std::int32_t depth(std::int32_t n) {
  if (n == 0) return 0;
  const std::int32_t below = depth(n + 1);
  depth_sum = depth_sum + 1;
  return below + depth_sum;
}

std::string all_of(const Headers& headers, std::string_view wanted) {
  std::string list;
  for (const auto& [name, value] : headers) {
    if (name == wanted) list += (list.empty() ? "" : "|") + value;
  }
  return list;
}

std::string all_cookies() {
  std::string list;
  for (const Cookie& cookie : request::get_all_cookie())
    list += (list.empty() ? "" : "|") + cookie.name + ":" + cookie.value;
  return list;
}

class Every {
 public:
  explicit Every(const Params& params) : params_(params) {
    also(parameter::text("greeting", "hello ü"));
    also(std::to_string(parameter::integer("amount", -7)));
    also(parameter::boolean("open", true) ? "true" : "false");
    also(std::to_string(parameter::duration("wait", "1m30s")));
    also(std::to_string(parameter::time("start", "2026-11-27 20:00 Europe/Berlin")));
  }

  std::int32_t run() {
    const std::string mode = request::get_header("X-Mode");
    const std::string key = request::get_header("X-Key");
    out_.clear();
    if (mode == "every") {
      every();
    } else if (mode == "put") {
      cluster::put_string(key, request::get_header("X-Value"));
      response::set_body(key);
    } else if (mode == "get") {
      response::set_body(cluster::get_string(key));
    } else {
      misbehave(mode);
      response::set_body(look_outside(mode));
    }
    return 0;
  }

 private:
  void also(const std::string& text) { parameters_ += (parameters_.empty() ? "" : "|") + text; }
  void say(std::string_view name, std::string_view value) {
    out_.append(name).append("=").append(value).append("\n");
  }
  void say_ok(std::string_view name, bool ok) { say(name, ok ? "ok" : "wrong"); }

  void every() {
    read_request();
    change_request();
    change_response();
    share_data();
    add_tag("tag é");
    log(Level::debug, "every debug");
    log(Level::info, "every info");
    log(Level::warning, "every warning");
    log(Level::error, "every error");
    say_ok("now", now() > 1'600'000'000'000);
    const double number = sluice::rand();
    say_ok("rand", number >= 0 && number < 1);
    say("date", std::to_string(parse_date_in("2026-11-27 20:00", "Europe/Berlin")));
    say("parameters", parameters_);
    say_ok("number", ratio_ == 0.5);
    response::set_body(out_);
  }

  void read_request() {
    say("realIp", request::get_real_ip());
    say("scheme", request::get_scheme());
    say("proto", request::get_proto());
    say("method", request::get_method());
    say("host", request::get_host());
    say("path", request::get_path());
    say("escapedPath", request::get_escaped_path());
    say("query", request::get_query());
    say("fragment", request::get_fragment());
    say("user", request::get_header("x-user"));
    say("missing", request::get_header("X-Missing"));
    say("many", all_of(request::get_all_header(), "X-Many"));
    const auto cookie = request::get_cookie("a");
    say("cookie", cookie ? cookie->name + ":" + cookie->value : "none");
    say_ok("noCookie", !request::get_cookie("z"));
    say("cookies", all_cookies());
    say("body", request::get_body());
  }

  void change_request() {
    request::set_method("PUT");
    request::set_host("probe.example:8080");
    request::set_path("/n w/ü");
    request::set_query("r=%20");
    request::set_header("X-Set", "old");
    request::set_header("X-Set", "new");
    request::add_header("X-Set", "more");
    request::set_header("X-Gone", "x");
    request::del_header("x-gone");
    Cookie cookie;
    cookie.name = "c";
    cookie.value = "3=3";
    request::add_cookie(cookie);
    request::set_body("new body");
    say("method", request::get_method());
    say("host", request::get_host());
    say("path", request::get_path());
    say("query", request::get_query());
    say("set", all_of(request::get_all_header(), "X-Set"));
    say("gone", request::get_header("X-Gone"));
    say("cookies", all_cookies());
    say("body", request::get_body());
    request::set_all_header({{"X-Whole", "1"}, {"X-Whole", "2\r\nInjected: yes"}});
    say("whole", all_of(request::get_all_header(), "X-Whole"));
  }

  void change_response() {
    say("status", std::to_string(response::get_status_code()));
    response::set_status_code(201);
    say("status", std::to_string(response::get_status_code()));
    response::set_header("X-R", "new");
    response::add_header("X-R", "more");
    response::set_header("X-Gone", "x");
    response::del_header("X-Gone");
    say("response", response::get_header("x-r"));
    say("response", all_of(response::get_all_header(), "X-R"));
    response::set_all_header({{"X-Whole", "a"}, {"X-Whole", "b"}});
    Cookie cookie;
    cookie.name = "wasm";
    cookie.value = "a=b";
    cookie.path = "/shop";
    cookie.domain = "example.com; x";
    cookie.expires = "Thu, 01 Jan 1970 00:00:00 GMT";
    cookie.max_age = 3600;
    cookie.secure = true;
    cookie.http_only = true;
    cookie.same_site = SameSite::lax;
    response::set_cookie(cookie);
    const auto again = Cookie::parse(cookie.text());
    say_ok("parsed", again.has_value());
    say("setCookie", again->text());
    response::set_body("first");
    say("body", response::get_body());
  }

  void share_data() {
    std::string bytes(256, '\0');
    for (int i = 0; i < 256; ++i) bytes[static_cast<std::size_t>(i)] = static_cast<char>(i);
    say("count", std::to_string(cluster::count_key("e/")));
    cluster::put_binary("e/b", bytes);
    say_ok("binary", cluster::get_binary("e/b") == bytes);
    say("none", cluster::get_string("e/none"));
    cluster::put_string("e/zwölf", "时间 😀");
    say("string", cluster::get_string("e/zwölf"));
    cluster::put_integer("e/i", INT64_MIN);
    say("integer", std::to_string(cluster::get_integer("e/i")));
    cluster::put_integer("e/i", 40);
    say("sum", std::to_string(cluster::add_integer("e/i", -3)));
    cluster::put_float("e/f", 0.5);
    say_ok("float", cluster::get_float("e/f") == 0.5);
    say_ok("floatSum", cluster::add_float("e/f", 1.25) == 1.75);
    say("count", std::to_string(cluster::count_key("e/")));
    cluster::delete_key("e/f");
    cluster::delete_key("e/none");
    say("count", std::to_string(cluster::count_key("e/")));
  }

  void misbehave(std::string_view mode) {
    if (mode == "loop") {
      while (true) depth_sum = depth_sum + 1;
    }
    if (mode == "recurse") depth(1);
    if (mode == "grow") {
      while (true) kept_.push_back(std::string(1 << 20, 'x'));
    }
    if (mode == "sleep") {
      const timespec time{20, 0};
      nanosleep(&time, nullptr);
    }
    if (mode == "exception") fail("thrown by every");
  }

  static std::string_view look_outside(std::string_view mode) {
    bool found = false;
    if (mode == "file") found = std::fopen("/etc/passwd", "r") != nullptr;
    if (mode == "environment") found = std::getenv("PATH") != nullptr;
    return found ? "there" : "none";
  }

  Params params_;
  std::string parameters_;
  double ratio_ = parameter::number("ratio", "0.5");
  std::string out_;
  std::vector<std::string> kept_;
};

}  // namespace

SLUICE_PROGRAM(Every)
