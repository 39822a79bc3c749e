# cmake -DOUTPUT=FILE.cc -DFILES=a;b -P EmbedFiles.cmake: the files as bytes in a C++ source, which
# exporters/page_files.h declares.
set(definitions "")
set(entries "")
set(number 0)
foreach(file IN LISTS FILES)
  cmake_path(GET file FILENAME name)
  file(READ ${file} bytes HEX)
  string(REGEX REPLACE "(................................................................)" "\\1\n" bytes "${bytes}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(APPEND definitions "constexpr unsigned char kFile${number}[] = {\n${bytes}};\n")
  string(APPEND entries
    "    {\"${name}\", {reinterpret_cast<const char*>(kFile${number}), sizeof(kFile${number})}},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUTPUT}.new "// Made by cmake/EmbedFiles.cmake.
#include \"exporters/page_files.h\"

namespace touchstone {
namespace {

${definitions}
}  // namespace

std::span<const PageFile> page_files() {
  static const PageFile kFiles[] = {
${entries}  };
  return kFiles;
}

}  // namespace touchstone
")
file(RENAME ${OUTPUT}.new ${OUTPUT})
