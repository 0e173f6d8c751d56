// SPDX-License-Identifier: Apache-2.0
#include "http/field_twins.h"

#include <algorithm>
#include <array>

#include "http/chars.h"

namespace sluice::http {
namespace {

constexpr CharTable kPlain = make_table("-");
constexpr std::string_view kForwarded = "x-forwarded-";
constexpr std::array<std::string_view, 9> kGateway{
    "x-real-ip",  "x-request-id",    "content-length", "content-type",    "transfer-encoding",
    "keep-alive", "accept-encoding", "max-forwards",   "proxy-connection"};

}  // namespace

bool is_plain_name(std::string_view name) { return all_in(kPlain, name); }

std::string plain_name(std::string_view name) {
  std::string out;
  for (const char c : name) out += is_in(kPlain, c) ? to_lower(c) : '-';
  return out;
}

FieldTwins FieldTwins::of_gateway() {
  FieldTwins twins;
  twins.forwarding_ = true;
  for (const std::string_view name : kGateway) twins.add(name);
  return twins;
}

void FieldTwins::add(std::string_view name) { add_plain(plain_name(name)); }

void FieldTwins::add(const FieldTwins& other) {
  forwarding_ = forwarding_ || other.forwarding_;
  for (const std::string& name : other.names_) add_plain(name);
}

void FieldTwins::add_plain(std::string name) {
  if (std::ranges::find(names_, name) == names_.end()) names_.push_back(std::move(name));
}

bool FieldTwins::is_twin(std::string_view name) const {
  if (is_plain_name(name)) return false;
  const std::string plain = plain_name(name);
  return (forwarding_ && plain.starts_with(kForwarded)) ||
         std::ranges::find(names_, plain) != names_.end();
}

void FieldTwins::remove_with_twins(Headers& headers) const {
  std::vector<std::string> found;
  for (const Field& field : headers) {
    if (std::ranges::find(names_, plain_name(field.name)) != names_.end())
      found.push_back(field.name);
  }
  for (const std::string& name : found) headers.remove(name);
}

bool has_plain_names_only(const Headers& headers) {
  const auto plain = [](const Field& field) { return is_plain_name(field.name); };
  return std::all_of(headers.begin(), headers.end(), plain);
}

std::size_t remove_twins(Headers& headers, std::string_view name) {
  if (has_plain_names_only(headers)) return 0;
  FieldTwins twins;
  twins.add(name);
  return twins.remove_from(headers, name);
}

std::size_t FieldTwins::remove_from(Headers& headers, std::string_view but) const {
  if (names_.empty()) return 0;
  std::vector<std::string> found;
  for (const Field& field : headers) {
    if (is_twin(field.name) && !iequals(field.name, but)) found.push_back(field.name);
  }
  std::size_t removed = 0;
  for (const std::string& name : found) removed += headers.remove(name);
  return removed;
}

}  // namespace sluice::http
