# Everything from Debian 12 packages but Wasmtime (cargo, third_party/wasmtime).
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(yaml-cpp 0.7 REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(CURL 7.85 REQUIRED)
find_package(Protobuf 3.21 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(NGHTTP2 REQUIRED IMPORTED_TARGET libnghttp2>=1.52)
pkg_check_modules(HTTPLIB REQUIRED IMPORTED_TARGET cpp-httplib)
if(SLUICE_TESTS)
  find_package(GTest REQUIRED)
  include(GoogleTest)
endif()

# SLUICE_WASMTIME_DIR: the SDK of tools/build_wasmtime.sh. Its headers are there before its library,
# which is built beside our own code: only programs wait for it.
set(SLUICE_WASMTIME_DIR "" CACHE PATH "folder with lib/libsluice_wasmtime.a and include/")
if(NOT EXISTS ${SLUICE_WASMTIME_DIR}/include/wasmtime.h)
  message(FATAL_ERROR "SLUICE_WASMTIME_DIR has no include/wasmtime.h: run `make build`, "
                      "or tools/build_wasmtime.sh and pass -DSLUICE_WASMTIME_DIR=<what it prints>")
endif()
add_library(wasmtime INTERFACE)
target_include_directories(wasmtime SYSTEM INTERFACE ${SLUICE_WASMTIME_DIR}/include)
if(SLUICE_SANITIZE STREQUAL "thread")
  # TSan would report Rust's own threads in a static library; a shared one it can be told to ignore.
  set(wasmtime_file libsluice_wasmtime.so)
else()
  set(wasmtime_file libsluice_wasmtime.a)
  target_link_libraries(wasmtime INTERFACE Threads::Threads ${CMAKE_DL_LIBS} m)
endif()
# A link of our own: cleaning the build leaves the SDK alone.
set(wasmtime_library ${CMAKE_BINARY_DIR}/wasmtime/${wasmtime_file})
add_custom_command(
  OUTPUT ${wasmtime_library}
  COMMAND test -e ${SLUICE_WASMTIME_DIR}/lib/${wasmtime_file} || ${CMAKE_SOURCE_DIR}/tools/build_wasmtime.sh
  COMMAND ${CMAKE_COMMAND} -E create_symlink ${SLUICE_WASMTIME_DIR}/lib/${wasmtime_file} ${wasmtime_library}
  COMMENT "Wasmtime" VERBATIM)
add_custom_target(wasmtime_build DEPENDS ${wasmtime_library})
target_link_libraries(wasmtime INTERFACE ${wasmtime_library})
