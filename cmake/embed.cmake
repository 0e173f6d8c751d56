# cmake -D OUT=<file.cc> -D FILES=<file|file|...> -D HEADER=<header> -D NAMESPACE=<namespace>
#   -D TYPE=<struct> -D FUNCTION=<function> [-D ROOT=<folder>] -P embed.cmake
# writes the definition of `std::span<const TYPE> FUNCTION()`, whose elements have the name and the
# bytes of each file. The files are texts. Names are relative to ROOT, or without a folder.
string(REPLACE "|" ";" files "${FILES}")
set(text "// Made by cmake/embed.cmake.\n#include \"${HEADER}\"\n\n#include <array>\n\nnamespace ${NAMESPACE} {\nnamespace {\n\nconstexpr std::array kEmbeddedFiles{\n")
foreach(path IN LISTS files)
  if(ROOT)
    file(RELATIVE_PATH name "${ROOT}" "${path}")
  else()
    get_filename_component(name "${path}" NAME)
  endif()
  file(READ "${path}" bytes)
  string(FIND "${bytes}" ")embedded\"" found)
  if(NOT found EQUAL -1)
    message(FATAL_ERROR "${path} holds the end of a literal")
  endif()
  string(APPEND text "    ${TYPE}{\"${name}\", R\"embedded(${bytes})embedded\"},\n")
endforeach()
string(APPEND text "};\n\n}  // namespace\n\nstd::span<const ${TYPE}> ${FUNCTION}() { return kEmbeddedFiles; }\n\n}  // namespace ${NAMESPACE}\n")
file(WRITE "${OUT}" "${text}")
