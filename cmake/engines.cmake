# The script engines lie where the programs look for them: in ../share/sluice of their own folder.
set(engines_folder ${CMAKE_BINARY_DIR}/share/sluice)
set(engines ${engines_folder}/javascript.wasm ${engines_folder}/lua.wasm)
file(GLOB engine_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/engines/*.c ${CMAKE_SOURCE_DIR}/engines/*.h
     ${CMAKE_SOURCE_DIR}/engines/*.js ${CMAKE_SOURCE_DIR}/engines/*.lua ${CMAKE_SOURCE_DIR}/engines/*.s
     ${CMAKE_SOURCE_DIR}/engines/Cargo.* ${CMAKE_SOURCE_DIR}/engines/compiler.txt)
add_custom_command(
  OUTPUT ${engines}
  COMMAND ${CMAKE_SOURCE_DIR}/tools/build_engines.sh ${engines_folder}
  DEPENDS ${engine_sources} ${CMAKE_SOURCE_DIR}/tools/build_engines.sh
  COMMENT "script engines" VERBATIM)
add_custom_target(script_engines ALL DEPENDS ${engines})
install(FILES ${engines} DESTINATION share/sluice)
