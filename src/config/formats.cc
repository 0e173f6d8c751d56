// SPDX-License-Identifier: Apache-2.0
#include "config/formats.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "base/host_port.h"
#include "base/memory_size.h"
#include "base/text.h"
#include "config/faults.h"
#include "config/ip_prefix.h"

namespace sluice::config {
namespace {

constexpr std::array<std::string_view, 9> kMethods{"GET",    "HEAD",    "POST",    "PUT",  "PATCH",
                                                   "DELETE", "CONNECT", "OPTIONS", "TRACE"};
constexpr std::size_t kNameMax = 253;

// The path of a URL has no place for "." and "..".
bool is_name(std::string_view text) {
  if (text == "." || text == "..") return false;
  return !text.empty() && text.size() <= kNameMax && std::ranges::all_of(text, [](char c) {
    return is_alphanumeric(c) || c == '-' || c == '_' || c == '.' || c == '~';
  });
}

// A host name, an IPv4 address, or an IPv6 address in brackets.
bool is_host(std::string_view text) {
  if (!is_bracketed(text)) return is_name(text);
  const std::string_view inner = without_brackets(text);
  return inner.contains(':') && !inner.contains('/') && IpPrefix::parse(inner);
}

bool is_host_port(std::string_view text) {
  const HostPort parts = split_host_port(text);
  const auto port = parts.port().and_then(parse_port);
  return is_host(parts.host) && port && *port > 0;
}

bool is_url(std::string_view text) {
  if (text.starts_with("http://")) {
    text.remove_prefix(7);
  } else if (text.starts_with("https://")) {
    text.remove_prefix(8);
  } else {
    return false;
  }
  const bool printable = std::ranges::all_of(
      text, [](char c) { return static_cast<unsigned char>(c) > ' ' && c != '\x7f'; });
  std::string_view authority = text.substr(0, text.find_first_of("/?#"));
  if (const std::size_t at = authority.rfind('@'); at != authority.npos) {
    authority.remove_prefix(at + 1);
  }
  const bool has_port = !split_host_port(authority).rest.empty();
  return printable && (has_port ? is_host_port(authority) : is_host(authority));
}

// Returns the URL that a message proposes for `text`. It repeats no text that may have a password.
std::string url_like(std::string_view text) {
  const std::string url = "http://" + std::string(text);
  return is_url(url) && !text.contains('@') ? url : "http://127.0.0.1:9095";
}

// Proposes the host of `text`, and says that a port is missing.
std::string host_port_like(std::string_view text) {
  const std::string_view host = split_host_port(text).host;
  return std::string(is_host(host) ? host : "127.0.0.1") + ":PORT";
}

std::optional<std::string> require(bool holds, std::string_view text, std::string_view reason) {
  if (holds) return std::nullopt;
  return quote(text) + " " + std::string(reason);
}

}  // namespace

std::optional<std::string> check_format(Format format, std::string_view text) {
  switch (format) {
    case Format::none:
      return std::nullopt;
    case Format::name:
      return require(
          is_name(text), text,
          "is not a name: 1 to 253 characters of A-Z a-z 0-9 - _ . ~, and neither . nor ..");
    case Format::http_method:
      return require(std::ranges::find(kMethods, text) != kMethods.end(), text,
                     "is not a method: one of GET, HEAD, POST, PUT, PATCH, DELETE, CONNECT, "
                     "OPTIONS, TRACE, in upper case");
    case Format::path:
      return require(text.starts_with('/'), text, "is not a path, it must begin with /");
    case Format::ip_or_cidr:
      return require(IpPrefix::parse(text).has_value(), text,
                     "is not an IP address or CIDR, try 10.0.0.0/8");
    case Format::base64:
      return require(base64_decode(text).has_value(), text, "is not standard base64");
    case Format::url:
      return require(is_url(text), text, "is not a URL, try " + url_like(text));
    case Format::host_port:
      return require(is_host_port(text), text, "is not host:port, try " + host_port_like(text));
    case Format::memory_size:
      return require(text.empty() || parse_memory_size(text).has_value(), text,
                     "is not a size of memory, try 512MiB or 2GiB");
  }
  return std::nullopt;
}

std::string_view format_name(Format format) {
  switch (format) {
    case Format::none:
      return "";
    case Format::name:
      return "name";
    case Format::http_method:
      return "http-method";
    case Format::path:
      return "path";
    case Format::ip_or_cidr:
      return "ip-or-cidr";
    case Format::base64:
      return "base64";
    case Format::url:
      return "url";
    case Format::host_port:
      return "host-port";
    case Format::memory_size:
      return "memory-size";
  }
  return "";
}

}  // namespace sluice::config
