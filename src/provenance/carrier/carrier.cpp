#include "provenance/carrier/carrier.h"

namespace limner {

Result<CarriedStore> find_store(Format format, std::string_view file) {
  switch (format) {
    case Format::png:
      return find_png_store(file);
    case Format::jpeg:
      return find_jpeg_store(file);
    case Format::webp:
      return find_webp_store(file);
    case Format::avif:
      TRY(check_avif_has_no_store(file));
      return CarriedStore();
  }
  return unsupported("", "no such format");
}

Result<CarryingFile> carry_store(Format format, std::string_view file, std::string_view store) {
  const CarriedStore found = TRY(find_store(format, file));
  if (!found.store.empty()) return Error{Code::conflict, "", "the file has a C2PA manifest already", ""};
  switch (format) {
    case Format::png:
      return carry_png_store(file, store);
    case Format::jpeg:
      return carry_jpeg_store(file, store);
    case Format::webp:
      return carry_webp_store(file, store);
    case Format::avif:
      break;
  }
  return unsupported("format", "Limner writes no C2PA manifest into AVIF", "write png, jpeg or webp");
}

}  // namespace limner
