# The guides, with the examples that they lead to, are installed in the folders they have in the source, so that their
# links to each other hold. Links to headers lead to the installed headers; links to what is not installed become text.
set(guide_dir ${CMAKE_INSTALL_DATADIR}/doc/cinch)
set(guides
  README.md backends/README.md bench/README.md engine/FORMAT.md engine/PLUGINS.md plugins/README.md
  plugins/quant/README.md plugins/tensor/README.md)
set(beside_guides
  LICENSE bench/loss.svg tools/examples/cinch.toml tools/examples/layers.cpp tools/examples/map_kv_store.hpp
  tools/examples/own_store.cpp tools/examples/token_range.cpp)

# Where a file of the source is installed, below the prefix; nothing if it is not.
function(cinch_installed_path path result)
  set(installed "")
  if(path IN_LIST guides OR path IN_LIST beside_guides)
    set(installed ${guide_dir}/${path})
  elseif(path STREQUAL tools/package/copyright)
    set(installed ${guide_dir}/copyright)
  elseif(BUILD_SHARED_LIBS AND path STREQUAL plugins/one_symbol.map)
    set(installed ${CMAKE_INSTALL_DATADIR}/cinch/one_symbol.map)
  elseif(BUILD_SHARED_LIBS AND path MATCHES "^include/(.*)")
    set(installed ${CMAKE_INSTALL_INCLUDEDIR}/${CMAKE_MATCH_1})
  endif()
  set(${result} "${installed}" PARENT_SCOPE)
endfunction()

function(cinch_install_guide path)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${path})
  file(READ ${PROJECT_SOURCE_DIR}/${path} text)
  cmake_path(GET path PARENT_PATH folder)
  string(REGEX MATCHALL "\\([a-zA-Z0-9_./-]+\\)" links "${text}")  # and other words in brackets, which are left alone
  list(REMOVE_DUPLICATES links)
  foreach(link IN LISTS links)
    string(REGEX REPLACE "[()]" "" target ${link})
    cmake_path(SET linked NORMALIZE "${folder}/${target}")
    string(REGEX REPLACE "^/" "" linked ${linked})
    cinch_installed_path(${linked} installed)
    if(installed)
      file(RELATIVE_PATH there /${guide_dir}/${folder} /${installed})
      string(REPLACE "](${target})" "](${there})" text "${text}")
    else()
      string(REPLACE "." "\\." target ${target})
      string(REGEX REPLACE "\\[([^]]*)\\]\\(${target}\\)" "\\1" text "${text}")
    endif()
  endforeach()
  file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/guides/${path} "${text}")
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/guides/${path} DESTINATION ${guide_dir}/${folder})
endfunction()

function(cinch_install_guides)
  foreach(guide IN LISTS guides)
    cinch_install_guide(${guide})
  endforeach()
  foreach(path IN LISTS beside_guides)
    cmake_path(GET path PARENT_PATH folder)
    install(FILES ${PROJECT_SOURCE_DIR}/${path} DESTINATION ${guide_dir}/${folder})
  endforeach()
  install(FILES copyright DESTINATION ${guide_dir})
endfunction()
