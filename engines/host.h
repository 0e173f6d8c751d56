/* SPDX-License-Identifier: Apache-2.0 */
/* The imports and the memory blocks that the script engines share. ABI:
   src/filters/wasm_host/marshal.h for the blocks, src/filters/wasm_host/abi_script.cc for the
   functions of the module "sluice". */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Block {
  uint32_t size; /* of data: the bytes. Of a string: the text and its final 0. */
  char bytes[];
} Block;

#define EXPORT(name) __attribute__((export_name(#name)))
#define EASEGRESS(name) __attribute__((import_module("easegress"), import_name(#name)))
#define SLUICE(name) __attribute__((import_module("sluice"), import_name(#name)))

#define GET0(name) EASEGRESS(name) Block* name(void)
#define GET1(name) EASEGRESS(name) Block* name(const Block*)
#define DO1(name) EASEGRESS(name) void name(const Block*)
#define DO2(name) EASEGRESS(name) void name(const Block*, const Block*)

GET0(host_req_get_real_ip);
GET0(host_req_get_scheme);
GET0(host_req_get_proto);
GET0(host_req_get_method);
DO1(host_req_set_method);
GET0(host_req_get_host);
DO1(host_req_set_host);
GET0(host_req_get_path);
DO1(host_req_set_path);
GET0(host_req_get_escaped_path);
GET0(host_req_get_query);
DO1(host_req_set_query);
GET0(host_req_get_fragment);
GET1(host_req_get_header);
GET0(host_req_get_all_header);
DO1(host_req_set_all_header);
DO2(host_req_set_header);
DO2(host_req_add_header);
DO1(host_req_del_header);
GET1(host_req_get_cookie);
GET0(host_req_get_all_cookie);
DO1(host_req_add_cookie);
GET0(host_req_get_body);
DO1(host_req_set_body);
EASEGRESS(host_resp_get_status_code) int32_t host_resp_get_status_code(void);
EASEGRESS(host_resp_set_status_code) void host_resp_set_status_code(int32_t);
GET1(host_resp_get_header);
GET0(host_resp_get_all_header);
DO1(host_resp_set_all_header);
DO2(host_resp_set_header);
DO2(host_resp_add_header);
DO1(host_resp_del_header);
DO1(host_resp_set_cookie);
GET0(host_resp_get_body);
DO1(host_resp_set_body);
GET1(host_cluster_get_binary);
DO2(host_cluster_put_binary);
GET1(host_cluster_get_string);
DO2(host_cluster_put_string);
EASEGRESS(host_cluster_get_integer) int64_t host_cluster_get_integer(const Block*);
EASEGRESS(host_cluster_put_integer) void host_cluster_put_integer(const Block*, int64_t);
EASEGRESS(host_cluster_add_integer) int64_t host_cluster_add_integer(const Block*, int64_t);
EASEGRESS(host_cluster_get_float) double host_cluster_get_float(const Block*);
EASEGRESS(host_cluster_put_float) void host_cluster_put_float(const Block*, double);
EASEGRESS(host_cluster_add_float) double host_cluster_add_float(const Block*, double);
DO1(host_cluster_delete);
EASEGRESS(host_cluster_count_key) int32_t host_cluster_count_key(const Block*);
DO1(host_add_tag);
EASEGRESS(host_log) void host_log(uint32_t level, const Block*);
EASEGRESS(host_get_unix_time_in_ms) int64_t host_get_unix_time_in_ms(void);
EASEGRESS(host_rand) double host_rand(void);
EASEGRESS(host_parse_date) int64_t host_parse_date(const Block*, const Block*);
EASEGRESS(host_parameter) Block* host_parameter(const Block*, const Block*);
EASEGRESS(host_parameter_or) Block* host_parameter_or(const Block*, const Block*, const Block*);

/* From now on, the error of a host function does not end the guest: its message goes to this block.
 */
SLUICE(errors_to) void sluice_errors_to(Block* place, uint32_t bytes_max);
/* 1: the call has used up its time, and ends itself. */
SLUICE(time_is_over) int32_t sluice_time_is_over(void);
/* The call fails, and says why and where. */
SLUICE(failed) void sluice_failed(uint32_t time_is_over, const Block* text);

/* The message of the last host function that has failed; size 0: none has. */
enum { kErrorBytesMax = 508 };
static union {
  Block block;
  char room[sizeof(Block) + kErrorBytesMax];
} host_error;

/* Most results are small and live only until they have become values of the script. */
enum { kResultBytesMax = 8192 };
static _Alignas(16) char result_room[kResultBytesMax];
static bool result_room_taken;

/* An engine that collects garbage defines it. */
#ifndef COLLECT_GARBAGE
#define COLLECT_GARBAGE() ((void)0)
#endif

static void* allocate_block(size_t size) {
  void* block = malloc(size);
  if (block) return block;
  COLLECT_GARBAGE();
  return malloc(size);
}

EXPORT(wasm_alloc) void* wasm_alloc(uint32_t size) {
  if (result_room_taken || size > kResultBytesMax) return allocate_block(size ? size : 1);
  result_room_taken = true;
  return result_room;
}

EXPORT(wasm_free) void wasm_free(void* block) {
  if (block == result_room) {
    result_room_taken = false;
  } else {
    free(block);
  }
}

/* An argument of a host function. Small ones have a place of their own. */
enum { kPlaces = 3, kPlaceBytes = 2048 };
static _Alignas(16) char places[kPlaces][kPlaceBytes];

/* `rest`: 1 for a string, whose final 0 counts, 0 for data. NULL: out of memory. */
static Block* make_block(int place, const char* bytes, uint32_t size, uint32_t rest) {
  Block* block = (Block*)places[place];
  if (size + rest + sizeof(Block) > kPlaceBytes)
    block = allocate_block(sizeof(Block) + size + rest);
  if (!block) return NULL;
  if (size) memcpy(block->bytes, bytes, size);
  block->size = size + rest;
  if (rest) block->bytes[size] = 0;
  return block;
}

static void drop(Block* block) {
  for (int i = 0; i < kPlaces; ++i)
    if (block == (Block*)places[i]) return;
  free(block);
}

/* The text of a string block. */
static inline uint32_t text_size(const Block* block) { return block->size - 1; }

/* The script, for messages. */
static struct {
  char name[256];
  char* text; /* ends in 0 */
  uint32_t size;
} script;

/* Takes [name, text] from a string array. */
static bool keep_script(const char* array) {
  const Block* name = (const Block*)(array + 4);
  const Block* text = (const Block*)(name->bytes + name->size);
  snprintf(script.name, sizeof script.name, "%s", name->bytes);
  script.size = text_size(text);
  script.text = malloc(text->size);
  if (script.text) memcpy(script.text, text->bytes, text->size);
  return script.text != NULL;
}

/* A message in the making: "<script>:<line>:<column>: <reason> | <text of the line>". */
enum { kMessageBytesMax = 1000, kReasonBytesMax = 400, kLineBytesMax = 160 };
static union {
  Block block;
  char room[sizeof(Block) + kMessageBytesMax];
} message;

static void fail_at(int line, int column, const char* reason, bool time_is_over) {
  char* out = message.block.bytes;
  int size = 0;
  if (line > 0 && column > 0) {
    size = snprintf(out, 320, "%s:%d:%d: ", script.name, line, column);
  } else if (line > 0) {
    size = snprintf(out, 320, "%s:%d: ", script.name, line);
  } else {
    size = snprintf(out, 320, "%s: ", script.name);
  }
  size += snprintf(out + size, kReasonBytesMax, "%.*s", kReasonBytesMax - 1, reason);
  const char* at = script.text;
  for (int i = 1; at && i < line; ++i) {
    at = strchr(at, '\n');
    if (at) ++at;
  }
  if (at && line > 0) {
    at += strspn(at, " \t");
    int length = (int)strcspn(at, "\r\n");
    if (length > kLineBytesMax) length = kLineBytesMax;
    if (length > 0) size += snprintf(out + size, kLineBytesMax + 4, " | %.*s", length, at);
  }
  message.block.size = (uint32_t)size + 1;
  sluice_failed(time_is_over, &message.block);
}

static int last_line(void) {
  int line = 1;
  for (const char* at = script.text; (at = strchr(at, '\n')) && at[1]; ++at) ++line;
  return line;
}
