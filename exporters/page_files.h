// The files of the live page and the OpenAPI document, carried in the program; made by cmake/Page.cmake.
#pragma once

#include <span>
#include <string_view>

namespace touchstone {

struct PageFile {
  std::string_view name;  ///< index.html, page.js, page.css, icon.svg, openapi.json
  std::string_view bytes;
};

[[nodiscard]] std::span<const PageFile> page_files();

}  // namespace touchstone
