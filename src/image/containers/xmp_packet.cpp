#include "image/containers/xmp_packet.h"

#include <array>
#include <utility>

namespace limner {
namespace {

constexpr std::string_view kBefore =
    "<?xpacket begin=\"\xEF\xBB\xBF\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>"
    "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">"
    "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">"
    "<rdf:Description rdf:about=\"\" xmlns:limner=\"urn:limner:metadata:1\">";
constexpr std::string_view kOpen = "<limner:parameters>", kClose = "</limner:parameters>";
constexpr std::string_view kAfter = "</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end=\"r\"?>";

// The carriage return is among them because XML parsers turn a bare one into a line feed.
constexpr std::array<std::pair<char, std::string_view>, 4> kEscapes = {
    {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'\r', "&#13;"}}};

}  // namespace

std::string write_xmp_packet(std::string_view json) {
  std::string out(kBefore);
  out += kOpen;
  for (const char c : json) {
    std::string_view written(&c, 1);
    for (const auto& [plain, escape] : kEscapes)
      if (c == plain) written = escape;
    out += written;
  }
  out += kClose;
  out += kAfter;
  return out;
}

std::string read_xmp_packet(std::string_view packet) {
  const size_t open = packet.find(kOpen);
  if (open == packet.npos) return {};
  const size_t begin = open + kOpen.size(), end = packet.find(kClose, begin);
  if (end == packet.npos) return {};
  std::string out;
  for (std::string_view text = packet.substr(begin, end - begin); !text.empty();) {
    std::string_view read = text.substr(0, 1);
    char plain = read[0];
    for (const auto& [character, escape] : kEscapes)
      if (text.starts_with(escape)) plain = character, read = escape;
    out.push_back(plain);
    text.remove_prefix(read.size());
  }
  return out;
}

}  // namespace limner
