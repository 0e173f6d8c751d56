// SPDX-License-Identifier: Apache-2.0
// One field list per spec serves decoding, defaults, encoding and JSON schema. A spec is a struct:
//
//   struct MockRule {
//     int code = 200;
//     std::string body;
//     Duration delay{};
//     void fields(auto& visit) {
//       visit("code", code, {.required = true, .min = 100, .max = 599, .doc = "status"});
//       visit("body", body, {.doc = "body of the response"});
//       visit("delay", delay, {.min = 0, .doc = "wait before answering"});
//     }
//     // Optional: checks across fields; called once all fields have decoded without a fault.
//     void validate(const std::string& path, config::Faults& faults) const;
//   };
//
// Member types: bool, integers, double, std::string, Duration, std::vector<T>,
// std::map<std::string, T>, std::optional<T>, UndecodedValue, and structs with a field list. The
// value that a default construction leaves is the default. decode() reports every fault with its
// path
// (`filters[0].timeout: "100" is not a duration, try 100ms`), unknown keys with a suggestion.
#pragma once

#include <string>

#include "base/json.h"
#include "config/decoder.h"
#include "config/encoder.h"
#include "config/faults.h"
#include "config/rule.h"
#include "config/schema.h"

namespace sluice::config {

// Decodes `value` into a fresh T; all faults go to `faults` with paths below `path`.
template <class T>
T decode(const Value& value, const std::string& path, Faults& faults) {
  T spec{};
  Decoder(value, path, faults).decode(value, spec, {}, path);
  return spec;
}

// The completed spec: decoding it again gives an equal one.
template <class T>
Json encode(T spec) {
  Encoder encoder;
  spec.fields(encoder);
  return encoder.take();
}

template <class T>
Json schema() {
  T spec{};
  SchemaWriter writer;
  spec.fields(writer);
  return writer.take();
}

}  // namespace sluice::config
