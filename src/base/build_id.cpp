#include "base/build_id.h"

#include <elf.h>
#include <fmt/format.h>
#include <link.h>

#include <cstddef>
#include <cstring>
#include <filesystem>
#include <span>
#include <string_view>

#include "base/files.h"
#include "base/sha256.h"

namespace limner {
namespace {

constexpr size_t kProgramBytesMax = size_t{1} << 30;

std::string hexadecimal(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte byte : bytes) text += fmt::format("{:02x}", static_cast<unsigned>(byte));
  return text;
}

size_t whole_words(size_t bytes) { return (bytes + 3) / 4 * 4; }

// Notes lie one after the other: a header, an owner's name, a description, each filled up to whole words.
std::string build_id_in(std::span<const std::byte> notes) {
  while (notes.size() >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) note;
    std::memcpy(&note, notes.data(), sizeof note);
    const size_t name = sizeof note, text = name + whole_words(note.n_namesz);
    const size_t end = text + whole_words(note.n_descsz);
    if (end > notes.size()) return {};
    const std::string_view owner(reinterpret_cast<const char*>(notes.data()) + name, note.n_namesz);
    if (note.n_type == NT_GNU_BUILD_ID && owner == std::string_view("GNU\0", 4))
      return hexadecimal(notes.subspan(text, note.n_descsz));
    notes = notes.subspan(end);
  }
  return {};
}

std::string build_id_of(const dl_phdr_info& object) {
  for (size_t i = 0; i < object.dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = object.dlpi_phdr[i];
    if (segment.p_type != PT_NOTE) continue;
    // Where the loader has put what the file says.
    const auto* data = reinterpret_cast<const std::byte*>(
        object.dlpi_addr + segment.p_vaddr);  // NOLINT(performance-no-int-to-ptr)
    if (std::string id = build_id_in({data, segment.p_memsz}); !id.empty()) return id;
  }
  return {};
}

struct Search {
  const std::string& library;
  std::string program, libraries;
  bool first = true;  ///< the program itself comes first
};

int visit(dl_phdr_info* object, size_t, void* data) {
  auto& search = *static_cast<Search*>(data);
  if (search.first)
    search.program = build_id_of(*object);
  else if (std::filesystem::path(object->dlpi_name).filename().string().find(search.library) !=
           std::string::npos)
    search.libraries += " " + build_id_of(*object);
  search.first = false;
  return 0;
}

}  // namespace

std::string build_id(const std::string& library) {
  Search search{.library = library, .program = {}, .libraries = {}};
  dl_iterate_phdr(visit, &search);
  if (search.program.empty())
    if (const Result<std::string> file = read_file("/proc/self/exe", kProgramBytesMax); file)
      search.program = sha256_hex(std::as_bytes(std::span(*file)));
  return search.program + search.libraries;
}

}  // namespace limner
