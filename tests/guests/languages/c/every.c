// SPDX-License-Identifier: Apache-2.0
// Does what X-Mode says; see README.md in the folder above. Built with wasi-libc.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../../../../sdk/c/sluice.h"

#define T SLUICE_TEXT

static sluice_text out;
static sluice_text parameters;
static double ratio;
static volatile int32_t depth_sum;

static void say(sluice_text name, sluice_text value) {
  out = sluice_concat(sluice_concat(sluice_concat(out, name), T("=")), value);
  out = sluice_concat(out, T("\n"));
}

static void say_ok(sluice_text name, bool ok) { say(name, ok ? T("ok") : T("wrong")); }

static sluice_text append(sluice_text list, sluice_text item) {
  if (list.size > 0) list = sluice_concat(list, T("|"));
  return sluice_concat(list, item);
}

static sluice_text all_of(sluice_text headers, sluice_text wanted) {
  sluice_text list = {0};
  sluice_text name;
  sluice_text value;
  while (sluice_next_field(&headers, &name, &value)) {
    if (sluice_equal(name, wanted)) list = append(list, value);
  }
  return list;
}

static sluice_text pair(const sluice_cookie* cookie) {
  return sluice_concat(sluice_concat(cookie->name, T(":")), cookie->value);
}

static sluice_text all_cookies(void) {
  sluice_text list = {0};
  uint32_t count = 0;
  const sluice_cookie* cookies = sluice_request_get_all_cookie(&count);
  for (uint32_t i = 0; i < count; ++i) list = append(list, pair(&cookies[i]));
  return list;
}

static void read_request(void) {
  sluice_cookie cookie;
  say(T("realIp"), sluice_request_get_real_ip());
  say(T("scheme"), sluice_request_get_scheme());
  say(T("proto"), sluice_request_get_proto());
  say(T("method"), sluice_request_get_method());
  say(T("host"), sluice_request_get_host());
  say(T("path"), sluice_request_get_path());
  say(T("escapedPath"), sluice_request_get_escaped_path());
  say(T("query"), sluice_request_get_query());
  say(T("fragment"), sluice_request_get_fragment());
  say(T("user"), sluice_request_get_header(T("x-user")));
  say(T("missing"), sluice_request_get_header(T("X-Missing")));
  say(T("many"), all_of(sluice_request_get_all_header(), T("X-Many")));
  say(T("cookie"), sluice_request_get_cookie(T("a"), &cookie) ? pair(&cookie) : T("none"));
  say_ok(T("noCookie"), !sluice_request_get_cookie(T("z"), &cookie));
  say(T("cookies"), all_cookies());
  say(T("body"), sluice_request_get_body());
}

static void change_request(void) {
  sluice_request_set_method(T("PUT"));
  sluice_request_set_host(T("probe.example:8080"));
  sluice_request_set_path(T("/n w/ü"));
  sluice_request_set_query(T("r=%20"));
  sluice_request_set_header(T("X-Set"), T("old"));
  sluice_request_set_header(T("X-Set"), T("new"));
  sluice_request_add_header(T("X-Set"), T("more"));
  sluice_request_set_header(T("X-Gone"), T("x"));
  sluice_request_del_header(T("x-gone"));
  sluice_request_add_cookie(&(sluice_cookie){.name = T("c"), .value = T("3=3")});
  sluice_request_set_body(T("new body"));
  say(T("method"), sluice_request_get_method());
  say(T("host"), sluice_request_get_host());
  say(T("path"), sluice_request_get_path());
  say(T("query"), sluice_request_get_query());
  say(T("set"), all_of(sluice_request_get_all_header(), T("X-Set")));
  say(T("gone"), sluice_request_get_header(T("X-Gone")));
  say(T("cookies"), all_cookies());
  say(T("body"), sluice_request_get_body());
  sluice_text lines = sluice_field((sluice_text){0}, T("X-Whole"), T("1"));
  lines = sluice_field(lines, T("X-Whole"), T("2\r\nInjected: yes"));
  sluice_request_set_all_header(lines);
  say(T("whole"), all_of(sluice_request_get_all_header(), T("X-Whole")));
}

static void change_response(void) {
  say(T("status"), sluice_from_integer(sluice_response_get_status_code()));
  sluice_response_set_status_code(201);
  say(T("status"), sluice_from_integer(sluice_response_get_status_code()));
  sluice_response_set_header(T("X-R"), T("new"));
  sluice_response_add_header(T("X-R"), T("more"));
  sluice_response_set_header(T("X-Gone"), T("x"));
  sluice_response_del_header(T("X-Gone"));
  say(T("response"), sluice_response_get_header(T("x-r")));
  say(T("response"), all_of(sluice_response_get_all_header(), T("X-R")));
  sluice_text lines = sluice_field((sluice_text){0}, T("X-Whole"), T("a"));
  sluice_response_set_all_header(sluice_field(lines, T("X-Whole"), T("b")));
  sluice_cookie cookie = {.name = T("wasm"),
                          .value = T("a=b"),
                          .path = T("/shop"),
                          .domain = T("example.com; x"),
                          .expires = T("Thu, 01 Jan 1970 00:00:00 GMT"),
                          .max_age = 3600,
                          .secure = true,
                          .http_only = true,
                          .same_site = SLUICE_SAME_SITE_LAX};
  sluice_response_set_cookie(&cookie);
  const sluice_text text = sluice_cookie_text(&cookie);
  sluice_cookie again;
  say_ok(T("parsed"), sluice_cookie_parse(text, &again));
  say(T("setCookie"), sluice_cookie_text(&again));
  sluice_response_set_body(T("first"));
  say(T("body"), sluice_response_get_body());
}

static void share_data(void) {
  char bytes[256];
  for (uint32_t i = 0; i < 256; ++i) bytes[i] = (char)i;
  const sluice_text binary = {bytes, 256};
  say(T("count"), sluice_from_integer(sluice_cluster_count_key(T("e/"))));
  sluice_cluster_put_binary(T("e/b"), binary);
  say_ok(T("binary"), sluice_equal(sluice_cluster_get_binary(T("e/b")), binary));
  say(T("none"), sluice_cluster_get_string(T("e/none")));
  sluice_cluster_put_string(T("e/zwölf"), T("时间 😀"));
  say(T("string"), sluice_cluster_get_string(T("e/zwölf")));
  sluice_cluster_put_integer(T("e/i"), INT64_MIN);
  say(T("integer"), sluice_from_integer(sluice_cluster_get_integer(T("e/i"))));
  sluice_cluster_put_integer(T("e/i"), 40);
  say(T("sum"), sluice_from_integer(sluice_cluster_add_integer(T("e/i"), -3)));
  sluice_cluster_put_float(T("e/f"), 0.5);
  say_ok(T("float"), sluice_cluster_get_float(T("e/f")) == 0.5);
  say_ok(T("floatSum"), sluice_cluster_add_float(T("e/f"), 1.25) == 1.75);
  say(T("count"), sluice_from_integer(sluice_cluster_count_key(T("e/"))));
  sluice_cluster_delete(T("e/f"));
  sluice_cluster_delete(T("e/none"));
  say(T("count"), sluice_from_integer(sluice_cluster_count_key(T("e/"))));
}

static void every(void) {
  read_request();
  change_request();
  change_response();
  share_data();
  sluice_add_tag(T("tag é"));
  sluice_log(SLUICE_DEBUG, T("every debug"));
  sluice_log(SLUICE_INFO, T("every info"));
  sluice_log(SLUICE_WARNING, T("every warning"));
  sluice_log(SLUICE_ERROR, T("every error"));
  say_ok(T("now"), sluice_now() > INT64_C(1600000000000));
  const double number = sluice_rand();
  say_ok(T("rand"), number >= 0 && number < 1);
  const int64_t date = sluice_parse_date_in(T("2026-11-27 20:00"), T("Europe/Berlin"));
  say(T("date"), sluice_from_integer(date));
  say(T("parameters"), parameters);
  say_ok(T("number"), ratio == 0.5);
  sluice_response_set_body(out);
}

static int32_t depth(int32_t n) {
  if (n == 0) return 0;
  return depth(n + 1) + ++depth_sum;
}

static void grow(void) {
  while (true) {
    volatile char* more = malloc(1 << 20);
    if (more == NULL) sluice_fail(T("no memory"));
    more[0] = 1;
  }
}

static void misbehave(sluice_text mode) {
  if (sluice_equal(mode, T("loop"))) {
    while (true) ++depth_sum;
  }
  if (sluice_equal(mode, T("recurse"))) depth(1);
  if (sluice_equal(mode, T("grow"))) grow();
  if (sluice_equal(mode, T("sleep"))) nanosleep(&(struct timespec){.tv_sec = 20}, NULL);
  if (sluice_equal(mode, T("exception"))) sluice_fail(T("thrown by every"));
}

static sluice_text look_outside(sluice_text mode) {
  bool found = false;
  if (sluice_equal(mode, T("file"))) found = fopen("/etc/passwd", "r") != NULL;
  if (sluice_equal(mode, T("environment"))) found = getenv("PATH") != NULL;
  return found ? T("there") : T("none");
}

static void also(sluice_text text) { parameters = append(parameters, text); }

void sluice_init(void) {
  also(sluice_parameter_or(T("greeting"), T("text"), T("hello ü")));
  also(sluice_from_integer(sluice_parameter_integer_or(T("amount"), T("-7"))));
  also(sluice_parameter_boolean_or(T("open"), T("true")) ? T("true") : T("false"));
  also(sluice_from_integer(sluice_parameter_duration_or(T("wait"), T("1m30s"))));
  also(sluice_from_integer(sluice_parameter_time_or(T("start"), T("2026-11-27 20:00 Europe/Berlin"))));
  parameters = sluice_keep(parameters);
  ratio = sluice_parameter_number_or(T("ratio"), T("0.5"));
}

int32_t sluice_run(void) {
  const sluice_text mode = sluice_request_get_header(T("X-Mode"));
  const sluice_text key = sluice_request_get_header(T("X-Key"));
  out = (sluice_text){0};
  if (sluice_equal(mode, T("every"))) {
    every();
  } else if (sluice_equal(mode, T("put"))) {
    sluice_cluster_put_string(key, sluice_request_get_header(T("X-Value")));
    sluice_response_set_body(key);
  } else if (sluice_equal(mode, T("get"))) {
    sluice_response_set_body(sluice_cluster_get_string(key));
  } else {
    misbehave(mode);
    sluice_response_set_body(look_outside(mode));
  }
  return 0;
}
