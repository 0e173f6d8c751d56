// SPDX-License-Identifier: Apache-2.0
#include "filters/builder/multipart.h"

#include "base/password.h"
#include "base/text.h"

namespace sluice::filters {
namespace {

constexpr std::size_t kBoundaryBytes = 16;  // random, so that no value holds it

// RFC 7578 section 2: line breaks and quotes as the forms of browsers have them.
void append_form_name(std::string& out, std::string_view name) {
  out += '"';
  for (const char c : name) {
    if (c == '"' || static_cast<unsigned char>(c) < 0x20) {
      append_percent_encoded(out, c);
    } else {
      out += c;
    }
  }
  out += '"';
}

}  // namespace

Result<FormBody> encode_form(const std::vector<FormPart>& parts) {
  SLUICE_TRY(const std::string random, random_bytes(kBoundaryBytes));
  const std::string boundary = hex_encode(random);
  FormBody form{"multipart/form-data; boundary=" + boundary, {}};
  for (const FormPart& part : parts) {
    form.bytes += "--" + boundary + "\r\nContent-Disposition: form-data; name=";
    append_form_name(form.bytes, part.name);
    if (!part.file_name.empty()) {
      form.bytes += "; filename=";
      append_form_name(form.bytes, part.file_name);
      form.bytes += "\r\nContent-Type: application/octet-stream";
    }
    form.bytes += "\r\n\r\n" + part.value + "\r\n";
  }
  form.bytes += "--" + boundary + "--\r\n";
  return form;
}

}  // namespace sluice::filters
