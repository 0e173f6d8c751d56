// SPDX-License-Identifier: Apache-2.0
#include "server/server_spec.h"

#include <string_view>

#include "config/core_schema.h"
#include "config/ip_prefix.h"
#include "http/field_kind.h"
#include "http/headers.h"
#include "pipeline/later_kinds.h"

namespace sluice::server {
namespace {

// Returns false for null, false, "", [] and {}.
bool switches_on(const config::UndecodedValue& raw) {
  const config::Value& value = raw.value;
  switch (value.kind) {
    case config::Value::Kind::null:
      return false;
    case config::Value::Kind::scalar:
      return !value.scalar.empty() && config::parse_bool(value.scalar) != false;
    case config::Value::Kind::sequence:
      return !value.items.empty();
    case config::Value::Kind::map:
      return !value.members.empty();
  }
  return true;
}

}  // namespace

bool HttpServerSpec::wants_auto_cert() const { return switches_on(auto_cert); }

void HttpServerSpec::validate(config::Faults& faults) const {
  if (!address.empty() && !config::IpAddress::parse(listen_address())) {
    faults.add("address",
               config::quote(address) + " is not an IP address, try 127.0.0.1 or localhost");
  }
  if (request_id && (!http::is_token(request_id->header) ||
                     http::field_kind(request_id->header) != http::FieldKind::other)) {
    faults.add("requestId.header",
               config::quote(request_id->header) + " is no name of a header that can be set");
  }
  if (switches_on(http3)) faults.add("http3", "HTTP/3 is not supported yet");
  if (wants_auto_cert())
    faults.add("autoCert",
               "is not there: " + std::string(pipeline::advice_on_absent_kind("AutoCertManager")));
}

}  // namespace sluice::server
