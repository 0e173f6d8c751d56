// SPDX-License-Identifier: Apache-2.0
#include "admin/data/writer.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/json_string.h"
#include "base/utf8.h"
#include "config/emit.h"

namespace sluice::admin {
namespace {

std::string binary(std::string_view bytes) { return "!!binary \"" + base64_encode(bytes) + "\""; }

bool stands_for_itself(char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

void append_yaml_key(std::string_view key, std::string& out) {
  out += is_utf8(key) ? config::yaml_key(key) : binary(key) + ":";
}

void append_yaml_value(std::string_view value, std::string& out) {
  if (std::ranges::all_of(value, stands_for_itself)) {
    out += '"';
    out += value;
    out += '"';
  } else {
    out += is_utf8(value) ? config::yaml_quoted(value) : binary(value);
  }
}

}  // namespace

void DataWriter::write(std::string_view key, std::string_view value, std::string& out) {
  if (format_ == DataFormat::yaml) {
    append_yaml_key(key, out);
    out += ' ';
    append_yaml_value(value, out);
    out += '\n';
  } else {
    out += empty_ ? "{\n  " : ",\n  ";
    append_json_string(key, out);
    out += ": ";
    append_json_string(value, out);
  }
  empty_ = false;
}

void DataWriter::close(std::string& out) const {
  if (empty_) {
    out += "{}\n";
  } else if (format_ == DataFormat::json) {
    out += "\n}\n";
  }
}

}  // namespace sluice::admin
