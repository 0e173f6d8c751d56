// SPDX-License-Identifier: Apache-2.0
#include "net/proxy_header.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/host_port.h"
#include "base/text.h"

namespace sluice::net {
namespace {

using State = ProxyHeader::State;

constexpr std::string_view kSignature1 = "PROXY ";
constexpr std::size_t kLineBytesMax = 107;
constexpr std::string_view kSignature2{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr std::size_t kFixedBytes = 16;  // of version 2
constexpr std::size_t kReadBytes = 512;

ProxyHeader invalid() { return {State::invalid}; }

std::uint8_t byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint8_t>(bytes[at]);
}

std::uint16_t number_at(std::string_view bytes, std::size_t at) {  // 16 bits, network order
  return static_cast<std::uint16_t>(byte_at(bytes, at) << 8 | byte_at(bytes, at + 1));
}

// Formats an address of 4 or 16 bytes, with its port. An IPv4-mapped IPv6 address is formatted as
// IPv4.
std::string endpoint_text(std::string_view raw, std::uint16_t port) {
  constexpr std::string_view kMapped{"\0\0\0\0\0\0\0\0\0\0\xff\xff", 12};
  if (raw.starts_with(kMapped)) raw.remove_prefix(kMapped.size());
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(raw.size() == 4 ? AF_INET : AF_INET6, raw.data(), text.data(), text.size());
  return format_host_port(text.data(), port);
}

// Returns the bytes of a textual address of the family; "" if `text` is not one.
std::string raw_address(std::string_view text, bool v6) {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  std::array<char, 16> raw{};
  if (text.size() >= terminated.size() || text.contains('\0')) return {};
  std::ranges::copy(text, terminated.begin());
  if (inet_pton(v6 ? AF_INET6 : AF_INET, terminated.data(), raw.data()) != 1) return {};
  return {raw.data(), v6 ? std::size_t{16} : std::size_t{4}};
}

// Unlike elsewhere, a port has no leading zero.
std::optional<std::uint16_t> port_in(std::string_view text) {
  return text.size() > 1 && text.front() == '0' ? std::nullopt : parse_port(text);
}

// Parses "PROXY TCP4 192.0.2.1 192.0.2.2 56324 443", without its CRLF.
ProxyHeader parse_line(std::string_view line, std::size_t size) {
  std::string_view rest = line.substr(kSignature1.size());
  const std::string_view family = take_until(rest, ' ');
  if (family == "UNKNOWN") return {State::complete, size};
  if (family != "TCP4" && family != "TCP6") return invalid();
  if (std::ranges::count(line, ' ') != 5) return invalid();
  const bool v6 = family == "TCP6";
  const std::string source = raw_address(take_until(rest, ' '), v6);
  const std::string destination = raw_address(take_until(rest, ' '), v6);
  const auto source_port = port_in(take_until(rest, ' '));
  const auto destination_port = port_in(take_until(rest, ' '));
  if (source.empty() || destination.empty() || !source_port || !destination_port) return invalid();
  return {State::complete, size, endpoint_text(source, *source_port)};
}

ProxyHeader parse_version_1(std::string_view bytes) {
  const std::string_view head = bytes.substr(0, kLineBytesMax);
  const std::size_t end = head.find('\n');
  if (end == head.npos) return head.size() == kLineBytesMax ? invalid() : ProxyHeader{};
  if (head[end - 1] != '\r') return invalid();
  return parse_line(head.substr(0, end - 1), end + 1);
}

ProxyHeader parse_version_2(std::string_view bytes) {
  constexpr unsigned kLocal = 0x20;
  constexpr unsigned kProxy = 0x21;
  constexpr unsigned kTcp4 = 0x11;
  constexpr unsigned kTcp6 = 0x21;
  if (bytes.size() < kFixedBytes) return {};
  const unsigned command = byte_at(bytes, 12);
  const unsigned family = byte_at(bytes, 13);
  const std::size_t size = kFixedBytes + number_at(bytes, 14);
  if (command != kLocal && command != kProxy) return invalid();
  if (family >> 4 > 3 || (family & 0xf) > 2 || size > kProxyHeaderBytesMax) return invalid();
  const bool tells = command == kProxy && (family == kTcp4 || family == kTcp6);
  const std::size_t address = family == kTcp4 ? 4 : 16;
  if (tells && size < kFixedBytes + 2 * address + 4) return invalid();
  if (bytes.size() < size) return {};
  if (!tells) return {State::complete, size};
  return {State::complete, size,
          endpoint_text(bytes.substr(kFixedBytes, address),
                        number_at(bytes, kFixedBytes + 2 * address))};
}

bool begins(std::string_view bytes, std::string_view signature) {
  const std::size_t common = std::min(bytes.size(), signature.size());
  return bytes.substr(0, common) == signature.substr(0, common);
}

}  // namespace

ProxyHeader parse_proxy_header(std::string_view bytes) {
  if (begins(bytes, kSignature1))
    return bytes.size() < kSignature1.size() ? ProxyHeader{} : parse_version_1(bytes);
  return begins(bytes, kSignature2) ? parse_version_2(bytes) : invalid();
}

Task<Result<void>> accept_proxy_header(Stream& stream, TimePoint deadline) {
  stream.set_deadline(deadline);
  std::string bytes;
  ProxyHeader header;
  std::array<char, kReadBytes> buffer;
  while (header.state == State::need_more) {
    const auto count = co_await stream.read_some(buffer);
    if (!count) co_return std::unexpected(count.error());
    if (*count == 0) co_return fail(ErrorKind::closed, "the peer left within its PROXY header");
    bytes.append(buffer.data(), *count);
    header = parse_proxy_header(bytes);
  }
  if (header.state == State::invalid)
    co_return fail(ErrorKind::invalid, "the connection does not begin with a PROXY header");
  stream.clear_deadline();
  stream.put_back(bytes.substr(header.size));
  if (!header.client.empty()) stream.set_peer_address(std::move(header.client));
  co_return Result<void>();
}

}  // namespace sluice::net
