// SPDX-License-Identifier: Apache-2.0
#include "http/field_kind.h"

#include "http/headers.h"

namespace sluice::http {
namespace {

FieldKind if_name(std::string_view name, std::string_view known, FieldKind kind) {
  return iequals(name, known) ? kind : FieldKind::other;
}

FieldKind of_length_ten(std::string_view name) {
  if (iequals(name, "connection")) return FieldKind::connection;
  return if_name(name, "keep-alive", FieldKind::hop_by_hop);
}

}  // namespace

// Compares the length first: it rules out most names.
FieldKind field_kind(std::string_view name) {
  switch (name.size()) {
    case 2:
      return if_name(name, "te", FieldKind::te);
    case 4:
      return if_name(name, "host", FieldKind::host);
    case 6:
      return if_name(name, "expect", FieldKind::expect);
    case 7:
      return if_name(name, "upgrade", FieldKind::upgrade);
    case 10:
      return of_length_ten(name);
    case 14:
      return if_name(name, "content-length", FieldKind::content_length);
    case 16:
      return if_name(name, "proxy-connection", FieldKind::hop_by_hop);
    case 17:
      return if_name(name, "transfer-encoding", FieldKind::transfer_encoding);
    case 18:
      return if_name(name, "proxy-authenticate", FieldKind::hop_by_hop);
    case 19:
      return if_name(name, "proxy-authorization", FieldKind::hop_by_hop);
    default:
      return FieldKind::other;
  }
}

}  // namespace sluice::http
