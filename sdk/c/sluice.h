// SPDX-License-Identifier: Apache-2.0
// The C SDK of Sluice: programs for the WasmHost filter, without a C library.
//
// A program defines sluice_run(), and sluice_init() if it has parameters or state to prepare.
//
// Memory: every text that a function below returns lives in the arena, until sluice_run() or
// sluice_init() returns. Nothing is freed by hand. sluice_keep() copies a text that must live as
// long as the program. The arena grows to SLUICE_ARENA_BYTES_MAX and keeps what it has; beyond
// that, the run fails. A loop takes sluice_mark() before and sluice_release() after each round.
//
// Errors: a call that the gateway refuses, such as a method with a blank, ends the run with
// wasmError. So does sluice_fail(), which logs its reason. Absent values are empty texts.
//
// Texts are bytes. UTF-8 and bytes that are none pass unchanged.
#ifndef SLUICE_H
#define SLUICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Define it before the include to change it.
#ifndef SLUICE_ARENA_BYTES_MAX
#define SLUICE_ARENA_BYTES_MAX (16u << 20)
#endif

// Bytes, not ended by a zero.
typedef struct sluice_text {
  const char* at;
  uint32_t size;
} sluice_text;

// A text of a literal.
#ifdef __cplusplus
#define SLUICE_TEXT(literal) (sluice_text{literal, sizeof(literal) - 1})
#else
#define SLUICE_TEXT(literal) ((sluice_text){literal, sizeof(literal) - 1})
#endif

static inline sluice_text sluice_text_of(const char* at, uint32_t size) {
  const sluice_text text = {at, size};
  return text;
}

// --- what the program defines --------------------------------------------------------------------

// Handles one request. 0 lets the pipeline go on, 1 to 9 are the results wasmResult1 to
// wasmResult9. A run that conflicts with another one is undone and executed again; globals are not.
int32_t sluice_run(void);

// Called once, before the first request. Optional.
__attribute__((weak)) void sluice_init(void);

// --- memory --------------------------------------------------------------------------------------

#define SLUICE_WEAK __attribute__((weak))
#define SLUICE_PAGE_BYTES 65536u
#define SLUICE_FIRST_BYTES 16384u

typedef struct sluice_chunk {
  struct sluice_chunk* next;
  char* end;
} sluice_chunk;

typedef struct sluice_arena {
  sluice_chunk* chunk;  // where the next allocation is tried
  char* top;            // of that chunk; zero before the first allocation
  uint32_t bytes;       // of all chunks
} sluice_arena;

// Weak: a program of several files has one of each.
SLUICE_WEAK __attribute__((aligned(16))) char sluice_first_chunk[SLUICE_FIRST_BYTES];
SLUICE_WEAK sluice_arena sluice_the_arena;
SLUICE_WEAK sluice_arena sluice_run_start;  // what sluice_init() has kept is below
SLUICE_WEAK sluice_text sluice_the_params;

static inline char* sluice_chunk_start(sluice_chunk* chunk) { return (char*)(chunk + 1); }

static inline void sluice_arena_open(void) {
  sluice_chunk* first = (sluice_chunk*)(void*)sluice_first_chunk;
  first->next = NULL;
  first->end = sluice_first_chunk + SLUICE_FIRST_BYTES;
  sluice_the_arena.chunk = first;
  sluice_the_arena.top = sluice_chunk_start(first);
  sluice_the_arena.bytes = SLUICE_FIRST_BYTES;
  sluice_run_start = sluice_the_arena;
}

static inline sluice_chunk* sluice_new_chunk(uint32_t size) {
  const uint64_t wanted = (uint64_t)size + sizeof(sluice_chunk) + SLUICE_PAGE_BYTES - 1;
  const uint64_t pages = wanted / SLUICE_PAGE_BYTES;
  if (sluice_the_arena.bytes + pages * SLUICE_PAGE_BYTES > SLUICE_ARENA_BYTES_MAX) return NULL;
  const size_t page = __builtin_wasm_memory_grow(0, (size_t)pages);
  if (page == (size_t)-1) return NULL;
  sluice_chunk* chunk = (sluice_chunk*)(page * SLUICE_PAGE_BYTES);
  chunk->next = NULL;
  chunk->end = (char*)chunk + pages * SLUICE_PAGE_BYTES;
  sluice_the_arena.bytes += (uint32_t)pages * SLUICE_PAGE_BYTES;
  return chunk;
}

// Memory of the arena, aligned to 8; NULL if there is none left.
static inline void* sluice_try_alloc(uint32_t size) {
  sluice_arena* arena = &sluice_the_arena;
  if (arena->top == NULL) sluice_arena_open();
  if (size > SLUICE_ARENA_BYTES_MAX) return NULL;
  const uint32_t rounded = (size + 7u) & ~7u;
  while ((uint32_t)(arena->chunk->end - arena->top) < rounded) {
    sluice_chunk* next = arena->chunk->next;
    if (next == NULL) {
      next = sluice_new_chunk(rounded);
      if (next == NULL) return NULL;
      arena->chunk->next = next;
    }
    arena->chunk = next;
    arena->top = sluice_chunk_start(next);
  }
  void* found = arena->top;
  arena->top += rounded;
  return found;
}

// How far the arena is used.
typedef struct sluice_mark_of_arena {
  sluice_chunk* chunk;
  char* top;
} sluice_mark_of_arena;

static inline sluice_mark_of_arena sluice_mark(void) {
  if (sluice_the_arena.top == NULL) sluice_arena_open();
  const sluice_mark_of_arena mark = {sluice_the_arena.chunk, sluice_the_arena.top};
  return mark;
}

// Forgets every text made since the mark.
static inline void sluice_release(sluice_mark_of_arena mark) {
  sluice_the_arena.chunk = mark.chunk;
  sluice_the_arena.top = mark.top;
}

// --- the functions of the gateway, as they are imported ------------------------------------------
// An address points at length (u32) and bytes; a string counts a final zero, data has none.

#define SLUICE_IMPORT(name) __attribute__((import_module("easegress"), import_name(#name))) name

uint32_t SLUICE_IMPORT(host_req_get_real_ip)(void);
uint32_t SLUICE_IMPORT(host_req_get_scheme)(void);
uint32_t SLUICE_IMPORT(host_req_get_proto)(void);
uint32_t SLUICE_IMPORT(host_req_get_method)(void);
void SLUICE_IMPORT(host_req_set_method)(uint32_t);
uint32_t SLUICE_IMPORT(host_req_get_host)(void);
void SLUICE_IMPORT(host_req_set_host)(uint32_t);
uint32_t SLUICE_IMPORT(host_req_get_path)(void);
void SLUICE_IMPORT(host_req_set_path)(uint32_t);
uint32_t SLUICE_IMPORT(host_req_get_escaped_path)(void);
uint32_t SLUICE_IMPORT(host_req_get_query)(void);
void SLUICE_IMPORT(host_req_set_query)(uint32_t);
uint32_t SLUICE_IMPORT(host_req_get_fragment)(void);
uint32_t SLUICE_IMPORT(host_req_get_header)(uint32_t);
uint32_t SLUICE_IMPORT(host_req_get_all_header)(void);
void SLUICE_IMPORT(host_req_set_all_header)(uint32_t);
void SLUICE_IMPORT(host_req_set_header)(uint32_t, uint32_t);
void SLUICE_IMPORT(host_req_add_header)(uint32_t, uint32_t);
void SLUICE_IMPORT(host_req_del_header)(uint32_t);
uint32_t SLUICE_IMPORT(host_req_get_cookie)(uint32_t);
uint32_t SLUICE_IMPORT(host_req_get_all_cookie)(void);
void SLUICE_IMPORT(host_req_add_cookie)(uint32_t);
uint32_t SLUICE_IMPORT(host_req_get_body)(void);
void SLUICE_IMPORT(host_req_set_body)(uint32_t);
int32_t SLUICE_IMPORT(host_resp_get_status_code)(void);
void SLUICE_IMPORT(host_resp_set_status_code)(int32_t);
uint32_t SLUICE_IMPORT(host_resp_get_header)(uint32_t);
uint32_t SLUICE_IMPORT(host_resp_get_all_header)(void);
void SLUICE_IMPORT(host_resp_set_header)(uint32_t, uint32_t);
void SLUICE_IMPORT(host_resp_set_all_header)(uint32_t);
void SLUICE_IMPORT(host_resp_add_header)(uint32_t, uint32_t);
void SLUICE_IMPORT(host_resp_del_header)(uint32_t);
void SLUICE_IMPORT(host_resp_set_cookie)(uint32_t);
uint32_t SLUICE_IMPORT(host_resp_get_body)(void);
void SLUICE_IMPORT(host_resp_set_body)(uint32_t);
uint32_t SLUICE_IMPORT(host_cluster_get_binary)(uint32_t);
void SLUICE_IMPORT(host_cluster_put_binary)(uint32_t, uint32_t);
uint32_t SLUICE_IMPORT(host_cluster_get_string)(uint32_t);
void SLUICE_IMPORT(host_cluster_put_string)(uint32_t, uint32_t);
int64_t SLUICE_IMPORT(host_cluster_get_integer)(uint32_t);
void SLUICE_IMPORT(host_cluster_put_integer)(uint32_t, int64_t);
int64_t SLUICE_IMPORT(host_cluster_add_integer)(uint32_t, int64_t);
double SLUICE_IMPORT(host_cluster_get_float)(uint32_t);
void SLUICE_IMPORT(host_cluster_put_float)(uint32_t, double);
double SLUICE_IMPORT(host_cluster_add_float)(uint32_t, double);
void SLUICE_IMPORT(host_cluster_delete)(uint32_t);
int32_t SLUICE_IMPORT(host_cluster_count_key)(uint32_t);
void SLUICE_IMPORT(host_add_tag)(uint32_t);
void SLUICE_IMPORT(host_log)(int32_t, uint32_t);
int64_t SLUICE_IMPORT(host_get_unix_time_in_ms)(void);
double SLUICE_IMPORT(host_rand)(void);
int64_t SLUICE_IMPORT(host_parse_date)(uint32_t, uint32_t);
uint32_t SLUICE_IMPORT(host_parameter)(uint32_t, uint32_t);
uint32_t SLUICE_IMPORT(host_parameter_or)(uint32_t, uint32_t, uint32_t);

#undef SLUICE_IMPORT

static inline char* sluice_alloc_or_trap(uint32_t size) {
  char* found = (char*)sluice_try_alloc(size);
  if (found == NULL) __builtin_trap();
  return found;
}

static inline uint32_t sluice_put_block(const char* at, uint32_t size, uint32_t zeros) {
  if (size > SLUICE_ARENA_BYTES_MAX) __builtin_trap();
  char* block = sluice_alloc_or_trap(4 + size + zeros);
  *(uint32_t*)(void*)block = size + zeros;
  if (size > 0) __builtin_memcpy(block + 4, at, size);
  if (zeros > 0) block[4 + size] = 0;
  return (uint32_t)(uintptr_t)block;
}

static inline uint32_t sluice_string_block(sluice_text text) {
  return sluice_put_block(text.at, text.size, 1);
}
static inline uint32_t sluice_data_block(sluice_text data) {
  return sluice_put_block(data.at, data.size, 0);
}

static inline sluice_text sluice_data_at(uint32_t address) {
  const char* block = (const char*)(uintptr_t)address;
  return sluice_text_of(block + 4, *(const uint32_t*)(const void*)block);
}
static inline sluice_text sluice_string_at(uint32_t address) {
  sluice_text text = sluice_data_at(address);
  if (text.size > 0) --text.size;
  return text;
}

// --- log, addTag, rand, now ----------------------------------------------------------------------

typedef enum sluice_level {
  SLUICE_DEBUG,
  SLUICE_INFO,
  SLUICE_WARNING,
  SLUICE_ERROR,
} sluice_level;

// Writes a line to the log of the gateway.
static inline void sluice_log(sluice_level level, sluice_text message) {
  const sluice_mark_of_arena mark = sluice_mark();
  host_log((int32_t)level, sluice_string_block(message));
  sluice_release(mark);
}

// Logs the reason and ends the run with wasmError. Nothing that the run did remains.
__attribute__((noreturn)) static inline void sluice_fail(sluice_text reason) {
  sluice_log(SLUICE_ERROR, reason);
  __builtin_trap();
}

// Adds a tag to the line of the request in the access log.
static inline void sluice_add_tag(sluice_text tag) {
  const sluice_mark_of_arena mark = sluice_mark();
  host_add_tag(sluice_string_block(tag));
  sluice_release(mark);
}

// A random number, at least 0 and less than 1.
static inline double sluice_rand(void) { return host_rand(); }

// Milliseconds since 1970-01-01 UTC.
static inline int64_t sluice_now(void) { return host_get_unix_time_in_ms(); }

// --- text ----------------------------------------------------------------------------------------

static inline bool sluice_equal(sluice_text a, sluice_text b) {
  if (a.size != b.size) return false;
  for (uint32_t i = 0; i < a.size; ++i) {
    if (a.at[i] != b.at[i]) return false;
  }
  return true;
}

static inline sluice_text sluice_concat(sluice_text a, sluice_text b) {
  char* to = sluice_alloc_or_trap(a.size + b.size);
  if (a.size > 0) __builtin_memcpy(to, a.at, a.size);
  if (b.size > 0) __builtin_memcpy(to + a.size, b.at, b.size);
  return sluice_text_of(to, a.size + b.size);
}

// A copy that lives as long as the program. Requires: called by sluice_init().
static inline sluice_text sluice_keep(sluice_text text) {
  return sluice_concat(text, sluice_text_of(NULL, 0));
}

// The number in decimal.
static inline sluice_text sluice_from_integer(int64_t value) {
  char digits[20];
  uint32_t count = 0;
  uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
  do {
    digits[count++] = (char)('0' + rest % 10);
    rest /= 10;
  } while (rest > 0);
  if (value < 0) digits[count++] = '-';
  char* to = sluice_alloc_or_trap(count);
  for (uint32_t i = 0; i < count; ++i) to[i] = digits[count - 1 - i];
  return sluice_text_of(to, count);
}

// Reads a decimal number such as 100, -3 or 0.4. False if the text is anything else.
static inline bool sluice_to_number(sluice_text text, double* value) {
  uint32_t i = 0;
  const bool negative = text.size > 0 && text.at[0] == '-';
  if (negative) ++i;
  double sum = 0;
  double unit = 0;
  uint32_t digits = 0;
  for (; i < text.size; ++i) {
    const char c = text.at[i];
    if (c == '.' && unit == 0 && digits > 0) {
      unit = 1;
      continue;
    }
    if (c < '0' || c > '9') return false;
    sum = sum * 10 + (c - '0');
    unit *= 10;
    ++digits;
  }
  if (digits == 0 || unit == 1) return false;
  if (unit > 0) sum /= unit;
  *value = negative ? -sum : sum;
  return true;
}

// --- params --------------------------------------------------------------------------------------
// The parameters in the configuration of the filter, as texts.

static inline sluice_text sluice_next_of_array(const char** at) {
  const sluice_text text = sluice_string_at((uint32_t)(uintptr_t)*at);
  *at = text.at + text.size + 1;
  return text;
}

// The number of parameters.
static inline uint32_t sluice_params_count(void) {
  return sluice_the_params.at == NULL ? 0 : sluice_the_params.size / 2;
}

// The parameter of this name in *value; false if there is none.
static inline bool sluice_params_get(sluice_text name, sluice_text* value) {
  const char* at = sluice_the_params.at;
  for (uint32_t i = 0; i < sluice_params_count(); ++i) {
    const sluice_text found = sluice_next_of_array(&at);
    const sluice_text its_value = sluice_next_of_array(&at);
    if (!sluice_equal(found, name)) continue;
    *value = its_value;
    return true;
  }
  return false;
}

// --- what the gateway calls ----------------------------------------------------------------------

__attribute__((weak, export_name("wasm_alloc"))) uint32_t sluice_export_alloc(uint32_t size) {
  return (uint32_t)(uintptr_t)sluice_try_alloc(size);
}

// The arena ends with the run.
__attribute__((weak, export_name("wasm_free"))) void sluice_export_free(uint32_t address) {
  (void)address;
}

__attribute__((weak, export_name("wasm_init"))) void sluice_export_init(uint32_t params) {
  sluice_the_params = sluice_data_at(params);
  if (sluice_init != NULL) sluice_init();
  sluice_run_start = sluice_the_arena;
}

__attribute__((weak, export_name("wasm_run"))) int32_t sluice_export_run(void) {
  const int32_t result = sluice_run();
  if (sluice_run_start.top == NULL) sluice_arena_open();
  const sluice_mark_of_arena start = {sluice_run_start.chunk, sluice_run_start.top};
  sluice_release(start);
  return result;
}

// --- functions of one and two texts --------------------------------------------------------------

#define SLUICE_GET(name, host) \
  static inline sluice_text name(void) { return sluice_string_at(host()); }
#define SLUICE_GET_DATA(name, host) \
  static inline sluice_text name(void) { return sluice_data_at(host()); }
#define SLUICE_FIND(name, host)                              \
  static inline sluice_text name(sluice_text key) {          \
    return sluice_string_at(host(sluice_string_block(key))); \
  }
#define SLUICE_SET_BLOCK(name, host, block)          \
  static inline void name(sluice_text value) {       \
    const sluice_mark_of_arena mark = sluice_mark(); \
    host(block(value));                              \
    sluice_release(mark);                            \
  }
#define SLUICE_SET(name, host) SLUICE_SET_BLOCK(name, host, sluice_string_block)
#define SLUICE_SET_DATA(name, host) SLUICE_SET_BLOCK(name, host, sluice_data_block)
#define SLUICE_PUT_BLOCK(name, host, block)                     \
  static inline void name(sluice_text key, sluice_text value) { \
    const sluice_mark_of_arena mark = sluice_mark();            \
    const uint32_t key_block = sluice_string_block(key);        \
    host(key_block, block(value));                              \
    sluice_release(mark);                                       \
  }
#define SLUICE_PUT(name, host) SLUICE_PUT_BLOCK(name, host, sluice_string_block)
#define SLUICE_NUMBER(type, name, host)                 \
  static inline type name(sluice_text key) {            \
    const sluice_mark_of_arena mark = sluice_mark();    \
    const type result = host(sluice_string_block(key)); \
    sluice_release(mark);                               \
    return result;                                      \
  }
#define SLUICE_CHANGE(result_type, type, name, host)            \
  static inline result_type name(sluice_text key, type value) { \
    const sluice_mark_of_arena mark = sluice_mark();            \
    const uint32_t key_block = sluice_string_block(key);        \
    sluice_release(mark);                                       \
    return host(key_block, value);                              \
  }

// --- request -------------------------------------------------------------------------------------

// The address of the client, behind trusted proxies, too.
SLUICE_GET(sluice_request_get_real_ip, host_req_get_real_ip)
// http or https.
SLUICE_GET(sluice_request_get_scheme, host_req_get_scheme)
// The protocol, such as HTTP/1.1.
SLUICE_GET(sluice_request_get_proto, host_req_get_proto)
SLUICE_GET(sluice_request_get_method, host_req_get_method)
SLUICE_SET(sluice_request_set_method, host_req_set_method)
// The Host header, with the port if there is one.
SLUICE_GET(sluice_request_get_host, host_req_get_host)
SLUICE_SET(sluice_request_set_host, host_req_set_host)
// The path, decoded.
SLUICE_GET(sluice_request_get_path, host_req_get_path)
SLUICE_SET(sluice_request_set_path, host_req_set_path)
// The path with its escapes.
SLUICE_GET(sluice_request_get_escaped_path, host_req_get_escaped_path)
// The query without the question mark.
SLUICE_GET(sluice_request_get_query, host_req_get_query)
SLUICE_SET(sluice_request_set_query, host_req_set_query)
// Empty as a rule: clients do not send the fragment.
SLUICE_GET(sluice_request_get_fragment, host_req_get_fragment)
// The first value of the header, in any case of its name.
SLUICE_FIND(sluice_request_get_header, host_req_get_header)
// All headers but Host, for sluice_next_field().
SLUICE_GET(sluice_request_get_all_header, host_req_get_all_header)
// Replaces all values of the header by this one.
SLUICE_PUT(sluice_request_set_header, host_req_set_header)
SLUICE_PUT(sluice_request_add_header, host_req_add_header)
SLUICE_SET(sluice_request_del_header, host_req_del_header)
// Replaces all headers by these lines: each is name, colon, value, CR LF. See sluice_field().
SLUICE_SET(sluice_request_set_all_header, host_req_set_all_header)
// The cookie of the name as name=value, for sluice_cookie_parse().
SLUICE_FIND(sluice_request_get_cookie_text, host_req_get_cookie)
// The body. The run fails if the server streams it.
SLUICE_GET_DATA(sluice_request_get_body, host_req_get_body)
SLUICE_SET_DATA(sluice_request_set_body, host_req_set_body)

// --- response ------------------------------------------------------------------------------------
// Before another filter has made one, the response is empty and has the status 200.

static inline int32_t sluice_response_get_status_code(void) { return host_resp_get_status_code(); }
static inline void sluice_response_set_status_code(int32_t code) {
  host_resp_set_status_code(code);
}
SLUICE_FIND(sluice_response_get_header, host_resp_get_header)
SLUICE_GET(sluice_response_get_all_header, host_resp_get_all_header)
SLUICE_PUT(sluice_response_set_header, host_resp_set_header)
SLUICE_PUT(sluice_response_add_header, host_resp_add_header)
SLUICE_SET(sluice_response_del_header, host_resp_del_header)
SLUICE_SET(sluice_response_set_all_header, host_resp_set_all_header)
SLUICE_SET(sluice_response_set_cookie_text, host_resp_set_cookie)
SLUICE_GET_DATA(sluice_response_get_body, host_resp_get_body)
SLUICE_SET_DATA(sluice_response_set_body, host_resp_set_body)

// --- headers as a whole --------------------------------------------------------------------------

static inline uint32_t sluice_find(sluice_text text, uint32_t from, char wanted) {
  while (from < text.size && text.at[from] != wanted) ++from;
  return from;
}

static inline sluice_text sluice_trimmed(const char* from, const char* to) {
  while (from < to && (*from == ' ' || *from == '\t' || *from == '\r')) ++from;
  while (from < to && (to[-1] == ' ' || to[-1] == '\t' || to[-1] == '\r')) --to;
  return sluice_text_of(from, (uint32_t)(to - from));
}

// Takes the next line off *rest. False at the end.
static inline bool sluice_next_field(sluice_text* rest, sluice_text* name, sluice_text* value) {
  if (rest->size == 0) return false;
  const uint32_t end = sluice_find(*rest, 0, '\n');
  const sluice_text line = {rest->at, end};
  const uint32_t colon = sluice_find(line, 0, ':');
  *name = sluice_trimmed(line.at, line.at + colon);
  *value = sluice_trimmed(line.at + (colon < end ? colon + 1 : end), line.at + end);
  const uint32_t taken = end < rest->size ? end + 1 : end;
  *rest = sluice_text_of(rest->at + taken, rest->size - taken);
  return true;
}

// The lines and one more. A line break in the value becomes a blank; a name that has one fails.
static inline sluice_text sluice_field(sluice_text lines, sluice_text name, sluice_text value) {
  for (uint32_t i = 0; i < name.size; ++i) {
    if (name.at[i] == '\r' || name.at[i] == '\n' || name.at[i] == ':')
      sluice_fail(SLUICE_TEXT("sluice_field: not the name of a header"));
  }
  const uint32_t start = lines.size + name.size + 2;
  sluice_text out = sluice_concat(lines, name);
  out = sluice_concat(out, SLUICE_TEXT(": "));
  out = sluice_concat(sluice_concat(out, value), SLUICE_TEXT("\r\n"));
  char* at = (char*)(uintptr_t)out.at;
  for (uint32_t i = start; i < start + value.size; ++i) {
    if (at[i] == '\r' || at[i] == '\n') at[i] = ' ';
  }
  return out;
}

// --- cookie --------------------------------------------------------------------------------------

typedef enum sluice_same_site {
  SLUICE_SAME_SITE_UNSET,
  SLUICE_SAME_SITE_LAX,
  SLUICE_SAME_SITE_STRICT,
  SLUICE_SAME_SITE_NONE,
} sluice_same_site;

// A cookie of a request has name and value only.
typedef struct sluice_cookie {
  sluice_text name;
  sluice_text value;
  sluice_text path;
  sluice_text domain;
  sluice_text expires;
  int32_t max_age;  // seconds; 0: no attribute, negative: delete now
  bool secure;
  bool http_only;
  sluice_same_site same_site;
} sluice_cookie;

static inline bool sluice_equal_ignoring_case(sluice_text a, sluice_text lower) {
  if (a.size != lower.size) return false;
  for (uint32_t i = 0; i < a.size; ++i) {
    const char c = a.at[i];
    if ((c >= 'A' && c <= 'Z' ? c + 32 : c) != lower.at[i]) return false;
  }
  return true;
}

static inline int32_t sluice_cookie_age(sluice_text text, int32_t otherwise) {
  double age = 0;
  if (sluice_find(text, 0, '.') < text.size || !sluice_to_number(text, &age)) return otherwise;
  if (age <= 0) return -1;
  return age > INT32_MAX ? INT32_MAX : (int32_t)age;
}

static inline void sluice_cookie_attribute(sluice_cookie* cookie, sluice_text name,
                                           sluice_text value) {
  if (sluice_equal_ignoring_case(name, SLUICE_TEXT("path"))) cookie->path = value;
  if (sluice_equal_ignoring_case(name, SLUICE_TEXT("domain"))) cookie->domain = value;
  if (sluice_equal_ignoring_case(name, SLUICE_TEXT("expires"))) cookie->expires = value;
  if (sluice_equal_ignoring_case(name, SLUICE_TEXT("max-age")))
    cookie->max_age = sluice_cookie_age(value, cookie->max_age);
  if (sluice_equal_ignoring_case(name, SLUICE_TEXT("secure"))) cookie->secure = true;
  if (sluice_equal_ignoring_case(name, SLUICE_TEXT("httponly"))) cookie->http_only = true;
  if (!sluice_equal_ignoring_case(name, SLUICE_TEXT("samesite"))) return;
  cookie->same_site = SLUICE_SAME_SITE_UNSET;
  if (sluice_equal_ignoring_case(value, SLUICE_TEXT("lax")))
    cookie->same_site = SLUICE_SAME_SITE_LAX;
  if (sluice_equal_ignoring_case(value, SLUICE_TEXT("strict")))
    cookie->same_site = SLUICE_SAME_SITE_STRICT;
  if (sluice_equal_ignoring_case(value, SLUICE_TEXT("none")))
    cookie->same_site = SLUICE_SAME_SITE_NONE;
}

// Reads a pair of a Cookie header or a whole Set-Cookie header. False if it has no name.
static inline bool sluice_cookie_parse(sluice_text text, sluice_cookie* cookie) {
  __builtin_memset(cookie, 0, sizeof *cookie);
  uint32_t end = sluice_find(text, 0, ';');
  uint32_t equals = sluice_find(text, 0, '=');
  if (equals >= end) return false;
  cookie->name = sluice_trimmed(text.at, text.at + equals);
  cookie->value = sluice_trimmed(text.at + equals + 1, text.at + end);
  while (end < text.size) {
    const uint32_t start = end + 1;
    end = sluice_find(text, start, ';');
    equals = sluice_find(text, start, '=');
    const uint32_t split = equals < end ? equals : end;
    sluice_cookie_attribute(
        cookie, sluice_trimmed(text.at + start, text.at + split),
        sluice_trimmed(text.at + (split < end ? split + 1 : end), text.at + end));
  }
  return cookie->name.size > 0;
}

static inline sluice_text sluice_cookie_part(sluice_text before, sluice_text name,
                                             sluice_text value) {
  const sluice_text start = sluice_concat(before, name);
  char* to = sluice_alloc_or_trap(start.size + value.size);
  uint32_t size = start.size;
  if (size > 0) __builtin_memcpy(to, start.at, size);
  for (uint32_t i = 0; i < value.size; ++i) {  // without what ends a value early
    const unsigned char c = (unsigned char)value.at[i];
    if (c >= 0x20 && c != ';' && c != 0x7f) to[size++] = value.at[i];
  }
  return sluice_text_of(to, size);
}

static inline bool sluice_is_token(sluice_text name) {
  const sluice_text separators = SLUICE_TEXT("()<>@,;:\\\"/[]?={}");
  for (uint32_t i = 0; i < name.size; ++i) {
    const unsigned char c = (unsigned char)name.at[i];
    if (c <= 0x20 || c >= 0x7f) return false;
    if (sluice_find(separators, 0, name.at[i]) < separators.size) return false;
  }
  return name.size > 0;
}

// Name and value, as a Cookie header has them.
static inline sluice_text sluice_cookie_pair(const sluice_cookie* cookie) {
  if (!sluice_is_token(cookie->name)) sluice_fail(SLUICE_TEXT("cookie: not a name"));
  return sluice_cookie_part(cookie->name, SLUICE_TEXT("="), cookie->value);
}

// The cookie as the text of a Set-Cookie header.
static inline sluice_text sluice_cookie_text(const sluice_cookie* cookie) {
  static const char* const kModes[] = {"", "Lax", "Strict", "None"};
  static const uint32_t kModeSizes[] = {0, 3, 6, 4};
  sluice_text text = sluice_cookie_pair(cookie);
  if (cookie->path.size > 0) text = sluice_cookie_part(text, SLUICE_TEXT("; Path="), cookie->path);
  if (cookie->domain.size > 0)
    text = sluice_cookie_part(text, SLUICE_TEXT("; Domain="), cookie->domain);
  if (cookie->expires.size > 0)
    text = sluice_cookie_part(text, SLUICE_TEXT("; Expires="), cookie->expires);
  if (cookie->max_age != 0) {
    const int32_t age = cookie->max_age < 0 ? 0 : cookie->max_age;
    text = sluice_cookie_part(text, SLUICE_TEXT("; Max-Age="), sluice_from_integer(age));
  }
  if (cookie->secure) text = sluice_concat(text, SLUICE_TEXT("; Secure"));
  if (cookie->http_only) text = sluice_concat(text, SLUICE_TEXT("; HttpOnly"));
  if (cookie->same_site != SLUICE_SAME_SITE_UNSET) {
    const sluice_text mode = {kModes[cookie->same_site], kModeSizes[cookie->same_site]};
    text = sluice_cookie_part(text, SLUICE_TEXT("; SameSite="), mode);
  }
  return text;
}

// The cookie of this name; false if there is none.
static inline bool sluice_request_get_cookie(sluice_text name, sluice_cookie* cookie) {
  return sluice_cookie_parse(sluice_request_get_cookie_text(name), cookie);
}

// All cookies: an array in the arena, its length in *count.
static inline sluice_cookie* sluice_request_get_all_cookie(uint32_t* count) {
  const sluice_text block = sluice_data_at(host_req_get_all_cookie());
  if (block.size > SLUICE_ARENA_BYTES_MAX / sizeof(sluice_cookie)) __builtin_trap();
  const uint32_t bytes = block.size * (uint32_t)sizeof(sluice_cookie);
  sluice_cookie* cookies = (sluice_cookie*)(void*)sluice_alloc_or_trap(bytes);
  const char* at = block.at;
  *count = 0;
  for (uint32_t i = 0; i < block.size; ++i) {
    if (sluice_cookie_parse(sluice_next_of_array(&at), &cookies[*count])) ++*count;
  }
  return cookies;
}

// Adds a cookie to the request, which carries its name and value only.
static inline void sluice_request_add_cookie(const sluice_cookie* cookie) {
  const sluice_mark_of_arena mark = sluice_mark();
  host_req_add_cookie(sluice_string_block(sluice_cookie_pair(cookie)));
  sluice_release(mark);
}

// Adds a Set-Cookie header to the response.
static inline void sluice_response_set_cookie(const sluice_cookie* cookie) {
  const sluice_mark_of_arena mark = sluice_mark();
  sluice_response_set_cookie_text(sluice_cookie_text(cookie));
  sluice_release(mark);
}

// --- cluster -------------------------------------------------------------------------------------
// Data that all instances share, on all members. Each filter has keys of its own. A run is one
// serializable transaction: what it writes counts when it returns, as a whole or not at all.

static inline sluice_text sluice_cluster_get_binary(sluice_text key) {
  return sluice_data_at(host_cluster_get_binary(sluice_string_block(key)));
}
SLUICE_PUT_BLOCK(sluice_cluster_put_binary, host_cluster_put_binary, sluice_data_block)
// The value, empty if there is none.
SLUICE_FIND(sluice_cluster_get_string, host_cluster_get_string)
SLUICE_PUT(sluice_cluster_put_string, host_cluster_put_string)
// The value, 0 if there is none or it is no integer.
SLUICE_NUMBER(int64_t, sluice_cluster_get_integer, host_cluster_get_integer)
SLUICE_CHANGE(void, int64_t, sluice_cluster_put_integer, host_cluster_put_integer)
// Adds, and returns the sum.
SLUICE_CHANGE(int64_t, int64_t, sluice_cluster_add_integer, host_cluster_add_integer)
SLUICE_NUMBER(double, sluice_cluster_get_float, host_cluster_get_float)
SLUICE_CHANGE(void, double, sluice_cluster_put_float, host_cluster_put_float)
SLUICE_CHANGE(double, double, sluice_cluster_add_float, host_cluster_add_float)
// Removes the key, if it is there.
static inline void sluice_cluster_delete(sluice_text key) {
  const sluice_mark_of_arena mark = sluice_mark();
  host_cluster_delete(sluice_string_block(key));
  sluice_release(mark);
}
// The number of keys that begin with the prefix.
SLUICE_NUMBER(int32_t, sluice_cluster_count_key, host_cluster_count_key)

// --- dates ---------------------------------------------------------------------------------------

typedef struct sluice_date_reader {
  sluice_text text;
  uint32_t at;
  bool bad;
} sluice_date_reader;

static inline bool sluice_date_skip(sluice_date_reader* reader, char c) {
  if (reader->at >= reader->text.size || reader->text.at[reader->at] != c) return false;
  ++reader->at;
  return true;
}

static inline int32_t sluice_date_number(sluice_date_reader* reader, uint32_t digits, int32_t low,
                                         int32_t high) {
  int32_t value = 0;
  for (uint32_t i = 0; i < digits; ++i, ++reader->at) {
    const char c = reader->at < reader->text.size ? reader->text.at[reader->at] : 0;
    if (c < '0' || c > '9') reader->bad = true;
    if (reader->bad) return low;
    value = value * 10 + (c - '0');
  }
  if (value < low || value > high) reader->bad = true;
  return reader->bad ? low : value;
}

static inline int64_t sluice_days_before(int64_t year, int64_t month, int64_t day) {
  const int64_t y = month > 2 ? year : year - 1;  // March first: the leap day is a year's last
  const int64_t m = month > 2 ? month - 3 : month + 9;
  return y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

static inline int64_t sluice_date_day(sluice_date_reader* reader) {
  const int32_t year = sluice_date_number(reader, 4, 1, 9999);
  int32_t month = 1;
  int32_t day = 1;
  if (sluice_date_skip(reader, '-')) month = sluice_date_number(reader, 2, 1, 12);
  if (sluice_date_skip(reader, '-')) day = sluice_date_number(reader, 2, 1, 31);
  const int64_t next =
      month == 12 ? sluice_days_before(year + 1, 1, 1) : sluice_days_before(year, month + 1, 1);
  const int64_t days = sluice_days_before(year, month, day);
  if (days >= next) reader->bad = true;
  return days * 86400000;
}

static inline int64_t sluice_date_zone(sluice_date_reader* reader) {
  if (reader->at == reader->text.size || sluice_date_skip(reader, 'Z')) return 0;
  const bool west = sluice_date_skip(reader, '-');
  if (!west && !sluice_date_skip(reader, '+')) reader->bad = true;
  const int64_t hours = sluice_date_number(reader, 2, 0, 23);
  sluice_date_skip(reader, ':');
  const bool more = reader->at < reader->text.size;
  const int64_t minutes = more ? sluice_date_number(reader, 2, 0, 59) : 0;
  return (hours * 60 + minutes) * (west ? -60000 : 60000);
}

// Reads YYYY[-MM[-DD]][Thh:mm[:ss[.fraction]][zone]], a blank for the T too, into milliseconds
// since 1970. The zone is Z, +hh, +hhmm or +hh:mm, or the same with -; none means UTC. False if the
// text is anything else.
static inline bool sluice_parse_date(sluice_text text, int64_t* milliseconds) {
  sluice_date_reader reader = {sluice_trimmed(text.at, text.at + text.size), 0, false};
  int64_t sum = sluice_date_day(&reader);
  if (reader.at < reader.text.size) {
    if (!sluice_date_skip(&reader, 'T') && !sluice_date_skip(&reader, ' ')) reader.bad = true;
    sum += sluice_date_number(&reader, 2, 0, 23) * INT64_C(3600000);
    if (!sluice_date_skip(&reader, ':')) reader.bad = true;
    sum += sluice_date_number(&reader, 2, 0, 59) * INT64_C(60000);
    if (sluice_date_skip(&reader, ':')) sum += sluice_date_number(&reader, 2, 0, 59) * 1000;
    if (sluice_date_skip(&reader, '.')) {
      sum += sluice_date_number(&reader, 1, 0, 9) * 100;
      for (int32_t unit = 10; !reader.bad && reader.at < reader.text.size; unit /= 10) {
        const char c = reader.text.at[reader.at];
        if (c < '0' || c > '9') break;
        sum += (c - '0') * unit;
        ++reader.at;
      }
    }
    sum -= sluice_date_zone(&reader);
  }
  *milliseconds = sum;
  return !reader.bad && reader.at == reader.text.size;
}

#undef SLUICE_GET
#undef SLUICE_GET_DATA
#undef SLUICE_FIND
#undef SLUICE_SET_BLOCK
#undef SLUICE_SET
#undef SLUICE_SET_DATA
#undef SLUICE_PUT_BLOCK
#undef SLUICE_PUT
#undef SLUICE_NUMBER
#undef SLUICE_CHANGE
#undef SLUICE_WEAK

#ifdef __cplusplus
}
#endif

#endif  // SLUICE_H

// Milliseconds since 1970 of a time as above, which may end with the name of a zone behind a blank:
// 2026-11-27 20:00 Europe/Berlin. `zone` is the zone of a text that has none; empty: UTC, of which
// the gateway warns in its log. Any other text ends the run.
static inline int64_t sluice_parse_date_in(sluice_text text, sluice_text zone) {
  const sluice_mark_of_arena mark = sluice_mark();
  const uint32_t first = sluice_string_block(text);
  const int64_t milliseconds = host_parse_date(first, sluice_string_block(zone));
  sluice_release(mark);
  return milliseconds;
}

// --- parameters by name and type -----------------------------------------------------------------
// Call these in sluice_init(). A value that is none of the type, a missing one, and, once there is
// one call, a parameter that nobody asks for are refused with their name when the filter is
// applied. Those with `_or` take the value of a parameter that is not given.

// As it is. The types are text, integer, number, boolean, duration and time.
static inline sluice_text sluice_parameter(sluice_text name, sluice_text type) {
  const uint32_t first = sluice_string_block(name);
  return sluice_string_at(host_parameter(first, sluice_string_block(type)));
}
static inline sluice_text sluice_parameter_or(sluice_text name, sluice_text type,
                                              sluice_text otherwise) {
  const uint32_t first = sluice_string_block(name);
  const uint32_t second = sluice_string_block(type);
  return sluice_string_at(host_parameter_or(first, second, sluice_string_block(otherwise)));
}

static inline int64_t sluice_integer_of(sluice_text decimal) {
  const bool negative = decimal.size > 0 && decimal.at[0] == '-';
  uint64_t value = 0;
  for (uint32_t i = negative ? 1 : 0; i < decimal.size; ++i)
    value = value * 10 + (uint64_t)(decimal.at[i] - '0');
  return (int64_t)(negative ? 0 - value : value);
}

static inline double sluice_number_of(sluice_text decimal) {
  double value = 0;
  sluice_to_number(decimal, &value);
  return value;
}

static inline bool sluice_boolean_of(sluice_text text) { return text.size == 4; }

#define SLUICE_PARAMETER(type, name_of_type, read)                                              \
  static inline type sluice_parameter_##name_of_type(sluice_text name) {                        \
    const sluice_mark_of_arena mark = sluice_mark();                                            \
    const sluice_text given = sluice_parameter(name, SLUICE_TEXT(#name_of_type));               \
    const type value = read(given);                                                             \
    sluice_release(mark);                                                                       \
    return value;                                                                               \
  }                                                                                             \
  static inline type sluice_parameter_##name_of_type##_or(sluice_text name,                     \
                                                          sluice_text otherwise) {              \
    const sluice_mark_of_arena mark = sluice_mark();                                            \
    const sluice_text given = sluice_parameter_or(name, SLUICE_TEXT(#name_of_type), otherwise); \
    const type value = read(given);                                                             \
    sluice_release(mark);                                                                       \
    return value;                                                                               \
  }
SLUICE_PARAMETER(int64_t, integer, sluice_integer_of)
SLUICE_PARAMETER(double, number, sluice_number_of)
SLUICE_PARAMETER(bool, boolean, sluice_boolean_of)
// Milliseconds, of a text such as 1m30s.
SLUICE_PARAMETER(int64_t, duration, sluice_integer_of)
// Milliseconds since 1970, of a time with its zone.
SLUICE_PARAMETER(int64_t, time, sluice_integer_of)
#undef SLUICE_PARAMETER
