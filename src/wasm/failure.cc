// SPDX-License-Identifier: Apache-2.0
#include "wasm/failure.h"

#include <algorithm>

#include "base/text.h"

namespace sluice::wasm {
namespace {

constexpr std::size_t kMessageBytesMax = 400;
constexpr std::size_t kFramesMax = 4;
constexpr std::size_t kNameBytesMax = 80;

// Wasmtime numbers the causes: "    1: wasm trap: …".
std::string_view without_number(std::string_view line) {
  const auto digits = std::min(line.find_first_not_of("0123456789"), line.size());
  if (digits > 0 && line.substr(digits).starts_with(": ")) return line.substr(digits + 2);
  return line;
}

std::string describe_frames(const wasm_frame_vec_t& frames, std::string_view entry) {
  std::string out;
  for (std::size_t i = 0; i < std::min(frames.size, kFramesMax); ++i) {
    out += i == 0 ? ", in " : " < ";
    const std::string_view name = view(wasmtime_frame_func_name(frames.data[i]));
    if (name.empty() && i + 1 == frames.size && !entry.empty()) {
      out += entry;
    } else if (name.empty()) {
      out += "function " + std::to_string(wasm_frame_func_index(frames.data[i]));
    } else {
      out += name.substr(0, kNameBytesMax);
    }
  }
  if (frames.size > kFramesMax) {
    out += " < ...";
    const wasm_frame_t* outermost = frames.data[frames.size - 1];
    if (!entry.empty() && view(wasmtime_frame_func_name(outermost)).empty()) {
      out += " < " + std::string(entry);
    }
  }
  return out;
}

std::string frames_of(const wasm_trap_t* trap, const wasmtime_error_t* error,
                      std::string_view entry) {
  wasm_frame_vec_t frames;
  if (trap != nullptr) {
    wasm_trap_trace(trap, &frames);
  } else {
    wasmtime_error_wasm_trace(error, &frames);
  }
  std::string out = describe_frames(frames, entry);
  wasm_frame_vec_delete(&frames);
  return out;
}

}  // namespace

std::string one_line(std::string_view text) {
  constexpr std::string_view kCauses = "Caused by:";
  std::string_view last = text;
  if (const auto causes = text.rfind(kCauses); causes != std::string_view::npos) {
    last = trim_space(text.substr(causes + kCauses.size()));
    // The last numbered cause, with the lines that belong to it.
    for (std::size_t at = last.rfind('\n'); at != std::string_view::npos && at > 0;
         at = last.rfind('\n', at - 1)) {
      const std::string_view line = trim_space(last.substr(at));
      if (without_number(line).size() == line.size()) continue;
      last = line;
      break;
    }
    last = without_number(trim_space(last));
  }
  std::string out(trim_space(last).substr(0, kMessageBytesMax));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  constexpr std::string_view kTrap = "wasm trap: ";
  if (out.starts_with(kTrap)) out.erase(0, kTrap.size());
  return out;
}

std::string message_of(const wasmtime_error_t& error) {
  ByteVec text;
  wasmtime_error_message(&error, text.out());
  return one_line(text.view());
}

std::string message_of(const wasm_trap_t& trap) {
  ByteVec text;
  wasm_trap_message(&trap, text.out());
  std::string_view view = text.view();
  while (view.ends_with('\0')) view.remove_suffix(1);
  return one_line(view);
}

std::string import_fault(const wasmtime_error_t& error) {
  ByteVec text;
  wasmtime_error_message(&error, text.out());
  const std::string_view all = trim_space(text.view());
  const std::string_view first = trim_space(all.substr(0, all.find('\n')));
  const std::string cause = one_line(all);
  return first == cause ? cause : std::string(first) + ": " + cause;
}

std::string exit_text(std::uint32_t status) {
  return "the guest called proc_exit(" + std::to_string(status) + ")";
}

Error guest_failure(const wasm_trap_t* trap, const wasmtime_error_t* error,
                    const std::string& host_error, std::string_view entry) {
  std::string text;
  if (!host_error.empty()) {
    text = host_error.substr(0, kMessageBytesMax);
  } else {
    text = trap != nullptr ? message_of(*trap) : message_of(*error);
  }
  return {ErrorKind::invalid, text + frames_of(trap, error, entry)};
}

}  // namespace sluice::wasm
