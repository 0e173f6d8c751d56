// SPDX-License-Identifier: Apache-2.0
#include <curl/curl.h>

#include <cstdlib>
#include <memory>

#include "config/url_credentials.h"
#include "filters/wasm_host/code.h"

namespace sluice::filters {
namespace {

constexpr long kSecondsMax = 30;
constexpr long kConnectSecondsMax = 10;
constexpr long kRedirectsMax = 5;

struct CurlDeleter {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using CurlPtr = std::unique_ptr<CURL, CurlDeleter>;

std::size_t append(char* bytes, std::size_t one, std::size_t count, void* out) {
  auto& body = *static_cast<std::string*>(out);
  if (body.size() + one * count > kCodeBytesMax) return 0;  // ends the transfer
  body.append(bytes, one * count);
  return one * count;
}

// curl calls this about once a second at least. A result other than 0 ends the transfer.
int go_on(void* stop, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const std::stop_token*>(stop)->stop_requested() ? 1 : 0;
}

CurlPtr make_handle() {
  static const CURLcode kReady = curl_global_init(CURL_GLOBAL_DEFAULT);
  return CurlPtr(kReady == CURLE_OK ? curl_easy_init() : nullptr);
}

// Local URLs bypass the proxy: a proxy would resolve them on its own machine.
std::string hosts_without_proxy() {
  const char* given = std::getenv("no_proxy");
  if (given == nullptr) given = std::getenv("NO_PROXY");
  const std::string own = "localhost,127.0.0.0/8,::1";
  return given == nullptr || *given == '\0' ? own : own + "," + given;
}

// The proxy that the environment names for `url`, for an error message.
std::string proxy_hint(const std::string& url) {
  const bool tls = url.size() > 4 && (url[4] == 's' || url[4] == 'S');
  for (const char* name :
       {tls ? "https_proxy" : "http_proxy", tls ? "HTTPS_PROXY" : "", "all_proxy", "ALL_PROXY"}) {
    const char* value = *name == '\0' ? nullptr : std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    return " (" + std::string(name) + " is " + config::without_credentials(value) + ")";
  }
  return "";
}

void set_options(CURL* handle, const std::string& url, const std::stop_token& stop,
                 std::string& body) {
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(handle, CURLOPT_MAXREDIRS, kRedirectsMax);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT, kSecondsMax);
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, kConnectSecondsMax);
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_NOPROXY, hosts_without_proxy().c_str());
  curl_easy_setopt(handle, CURLOPT_USERAGENT, "sluice/" SLUICE_VERSION);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, append);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &body);
  curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, go_on);
  curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &stop);
}

}  // namespace

Result<std::string> fetch_url(const std::string& url, const std::stop_token& stop) {
  const CurlPtr handle = make_handle();
  if (!handle) return fail(ErrorKind::internal, "the HTTP client cannot be set up");
  std::string body;
  set_options(handle.get(), url, stop, body);
  const CURLcode code = curl_easy_perform(handle.get());
  const std::string what = "GET " + config::without_credentials(url);
  if (code == CURLE_WRITE_ERROR) return fail(ErrorKind::too_large, what + ": more than 64 MiB");
  if (code == CURLE_ABORTED_BY_CALLBACK) return fail(ErrorKind::unavailable, what + ": given up");
  if (code != CURLE_OK) {
    return fail(code == CURLE_OPERATION_TIMEDOUT ? ErrorKind::timed_out : ErrorKind::unavailable,
                what + ": " + curl_easy_strerror(code) + proxy_hint(url));
  }
  long status = 0;
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) {
    return fail(ErrorKind::unavailable,
                what + ": status " + std::to_string(status) + " instead of 200");
  }
  return body;
}

}  // namespace sluice::filters
