// SPDX-License-Identifier: Apache-2.0
#include "egctl/nginx/harmless.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace sluice::egctl::nginx {
namespace {

using Name = std::string_view;

// They concern nginx itself, its memory or its connections.
constexpr auto kOfNginxItself = std::to_array<Name>({
    "access_log",
    "aio",
    "charset_types",
    "client_body_buffer_size",
    "client_body_in_file_only",
    "client_body_temp_path",
    "client_header_buffer_size",
    "daemon",
    "debug_connection",
    "directio",
    "env",
    "error_log",
    "etag",
    "events",
    "fastcgi_temp_path",
    "gzip_buffers",
    "gzip_comp_level",
    "gzip_disable",
    "gzip_http_version",
    "gzip_proxied",
    "gzip_types",
    "gzip_vary",
    "http2",
    "keepalive",
    "keepalive_requests",
    "keepalive_timeout",
    "large_client_header_buffers",
    "load_module",
    "log_format",
    "log_not_found",
    "log_subrequest",
    "master_process",
    "open_file_cache",
    "open_file_cache_errors",
    "open_file_cache_min_uses",
    "open_file_cache_valid",
    "output_buffers",
    "pcre_jit",
    "pid",
    "postpone_output",
    "proxy_buffer_size",
    "proxy_buffering",
    "proxy_buffers",
    "proxy_busy_buffers_size",
    "proxy_headers_hash_bucket_size",
    "proxy_headers_hash_max_size",
    "proxy_http_version",
    "proxy_max_temp_file_size",
    "proxy_request_buffering",
    "proxy_socket_keepalive",
    "proxy_temp_file_write_size",
    "proxy_temp_path",
    "resolver",
    "resolver_timeout",
    "rewrite_log",
    "scgi_temp_path",
    "sendfile",
    "sendfile_max_chunk",
    "server_names_hash_bucket_size",
    "server_names_hash_max_size",
    "server_tokens",
    "ssl_session_cache",
    "ssl_session_tickets",
    "ssl_session_timeout",
    "tcp_nodelay",
    "tcp_nopush",
    "thread_pool",
    "timer_resolution",
    "types_hash_bucket_size",
    "types_hash_max_size",
    "user",
    "uwsgi_temp_path",
    "variables_hash_bucket_size",
    "variables_hash_max_size",
    "working_directory",
    "zone",
});

// They shape how fast, how often or in which form something is answered. Definitions (`map`) have
// an effect only where another directive uses them.
constexpr auto kOthers = std::to_array<std::pair<Name, Name>>({
    {"absolute_redirect", "-"},
    {"autoindex", ": a FileServer lists no folders"},
    {"charset", "-"},
    {"client_body_timeout", "bodyTimeout of the HTTPServer"},
    {"client_header_timeout", "headTimeout of the HTTPServer"},
    {"error_page", "docs/egctl.md#error-pages"},
    {"geo", "-"},
    {"keepalive_time", "-"},
    {"limit_conn", "maxConnections of the HTTPServer"},
    {"limit_conn_log_level", "-"},
    {"limit_conn_status", "-"},
    {"limit_conn_zone", "maxConnections of the HTTPServer"},
    {"limit_rate", "-"},
    {"limit_rate_after", "-"},
    {"limit_req_log_level", "-"},
    {"limit_req_status", ": a RateLimiter answers 429"},
    {"map", "-"},
    {"map_hash_bucket_size", "-"},
    {"map_hash_max_size", "-"},
    {"port_in_redirect", "-"},
    {"proxy_bind", "-"},
    {"proxy_cache", "memoryCache of the Proxy's pool"},
    {"proxy_cache_bypass", "memoryCache of the Proxy's pool"},
    {"proxy_cache_key", "memoryCache of the Proxy's pool"},
    {"proxy_cache_lock", "memoryCache of the Proxy's pool"},
    {"proxy_cache_methods", "memoryCache of the Proxy's pool"},
    {"proxy_cache_path", "memoryCache of the Proxy's pool"},
    {"proxy_cache_revalidate", "memoryCache of the Proxy's pool"},
    {"proxy_cache_use_stale", "staleIfError of memoryCache"},
    {"proxy_cache_valid", "memoryCache of the Proxy's pool"},
    {"proxy_no_cache", "memoryCache of the Proxy's pool"},
    {"proxy_ignore_client_abort", "-"},
    {"proxy_intercept_errors", "docs/egctl.md#error-pages"},
    {"proxy_next_upstream_timeout", "retryPolicy of the Proxy's pool"},
    {"proxy_next_upstream_tries", "retryPolicy of the Proxy's pool"},
    {"proxy_redirect", "a ResponseAdaptor"},
    {"proxy_ssl_certificate", "mtls of the Proxy"},
    {"proxy_ssl_certificate_key", "mtls of the Proxy"},
    {"proxy_ssl_name", "-"},
    {"proxy_ssl_protocols", "-"},
    {"proxy_ssl_server_name", ": a Proxy always sends the name"},
    {"proxy_ssl_session_reuse", "-"},
    {"proxy_ssl_trusted_certificate", "mtls of the Proxy"},
    {"proxy_ssl_verify", ": a Proxy verifies, unless insecureSkipVerify of mtls is true"},
    {"proxy_ssl_verify_depth", "-"},
    {"read_ahead", "-"},
    {"reset_timedout_connection", "-"},
    {"send_timeout", "-"},
    {"server_name_in_redirect", "-"},
    {"split_clients", "-"},
    {"ssl_buffer_size", "-"},
    {"ssl_ciphers", "docs/tls.md"},
    {"ssl_dhparam", "docs/tls.md"},
    {"ssl_early_data", "-"},
    {"ssl_ecdh_curve", "docs/tls.md"},
    {"ssl_prefer_server_ciphers", "docs/tls.md"},
    {"ssl_protocols", "docs/tls.md"},
    {"ssl_stapling", "-"},
    {"ssl_stapling_verify", "-"},
    {"ssl_trusted_certificate", "-"},
});

constexpr auto kKeepOut = std::to_array<Name>({
    "allow",
    "auth_basic",
    "auth_basic_user_file",
    "auth_jwt",
    "auth_request",
    "deny",
    "if",
    "limit_except",
    "satisfy",
    "secure_link",
    "secure_link_md5",
    "ssl_crl",
    "ssl_verify_client",
    "ssl_verify_depth",
    "valid_referers",
    "set_real_ip_from",
    "real_ip_header",
    "real_ip_recursive",
});

// The converter's own, and others of a name that no value has.
constexpr auto kMore = std::to_array<Name>({
    "add_header",
    "alias",
    "client_max_body_size",
    "default_type",
    "expires",
    "fastcgi_pass",
    "include",
    "index",
    "limit_req",
    "limit_req_zone",
    "listen",
    "location",
    "proxy_pass",
    "proxy_hide_header",
    "proxy_connect_timeout",
    "proxy_next_upstream",
    "proxy_read_timeout",
    "proxy_send_timeout",
    "proxy_set_header",
    "return",
    "rewrite",
    "root",
    "server_name",
    "ssl_certificate",
    "ssl_certificate_key",
    "ssl_client_certificate",
    "try_files",
});

// Words that are also values of other directives.
constexpr auto kAlsoValues =
    std::to_array<Name>({"charset", "etag", "http2", "index", "root", "user", "zone", "if", "map",
                         "geo", "aio", "env", "pid"});

bool lists(const auto& list, Name name) {
  return std::ranges::find(list, name) != std::ranges::end(list);
}

}  // namespace

std::optional<std::string_view> if_harmless(std::string_view name) {
  if (lists(kOfNginxItself, name) || name.starts_with("worker_") || name.starts_with("http2_"))
    return "";
  const auto found = std::ranges::find(kOthers, name, &std::pair<Name, Name>::first);
  if (found != kOthers.end()) return found->second;
  return std::nullopt;
}

bool keeps_out(std::string_view name) {
  return lists(kKeepOut, name) || name.starts_with("access_by_lua");
}

bool is_directive(std::string_view name) {
  if (lists(kAlsoValues, name)) return false;
  return if_harmless(name) || keeps_out(name) || lists(kMore, name);
}

}  // namespace sluice::egctl::nginx
