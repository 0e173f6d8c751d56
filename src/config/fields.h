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
//     // Optional: the map as it is meant, with a warning; nullopt: it is right as it is.
//     static std::optional<config::Value> mended(const config::Value& map, const std::string& path,
//                                                config::Faults& faults);
//   };
//
// Member types: bool, integers, double, std::string, Duration, std::vector<T>,
// std::map<std::string, T>, std::optional<T>, UndecodedValue, and structs with a field list. The
// default of a field is its value after default construction. decode() reports every fault with its
// path (`filters[0].timeout: "soon" is not a duration, such as 100ms`), unknown keys with a
// suggestion.
#pragma once

#include <string>

#include "base/json.h"
#include "config/decoder.h"
#include "config/encoder.h"
#include "config/faults.h"
#include "config/rule.h"
#include "config/schema.h"

namespace sluice::config {

// Decodes `value` into a new T. Adds all faults to `faults`, with paths below `path`. With a fault,
// the result is incomplete.
template <class T>
T decode(const Value& value, const std::string& path, Faults& faults) {
  T spec{};
  Decoder(value, path, faults).decode(value, spec, {}, path);
  return spec;
}

// Returns the completed spec. To decode it again gives an equal T.
template <class T>
Json encode(T spec) {
  Encoder encoder;
  spec.fields(encoder);
  return encoder.take();
}

// Returns the JSON schema of a spec (draft 2020-12).
template <class T>
Json schema() {
  T spec{};
  SchemaWriter writer;
  spec.fields(writer);
  return writer.take();
}

}  // namespace sluice::config
