#include "image/containers/xmp_packet.h"

#include <array>
#include <utility>

namespace limner {
namespace {

constexpr std::string_view kBefore =
    "<?xpacket begin=\"\xEF\xBB\xBF\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>"
    "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">"
    "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">"
    "<rdf:Description rdf:about=\"\"";
constexpr std::string_view kJsonSpace = " xmlns:limner=\"urn:limner:metadata:1\"";
constexpr std::string_view kIptcSpace = " xmlns:Iptc4xmpExt=\"http://iptc.org/std/Iptc4xmpExt/2008-02-29/\"";
constexpr std::string_view kJson = "limner:parameters", kSourceType = "Iptc4xmpExt:DigitalSourceType";
constexpr std::string_view kAfter = "</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end=\"r\"?>";

// The carriage return is among them because XML parsers turn a bare one into a line feed.
constexpr std::array<std::pair<char, std::string_view>, 4> kEscapes = {
    {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'\r', "&#13;"}}};

std::string tag(std::string_view before, std::string_view name) {
  return std::string(before).append(name).append(">");
}

void write_property(std::string& out, std::string_view name, std::string_view text) {
  if (text.empty()) return;
  out += tag("<", name);
  for (const char c : text) {
    std::string_view written(&c, 1);
    for (const auto& [plain, escape] : kEscapes)
      if (c == plain) written = escape;
    out += written;
  }
  out += tag("</", name);
}

std::string read_property(std::string_view packet, std::string_view name) {
  const std::string opening = tag("<", name);
  const size_t open = packet.find(opening);
  if (open == packet.npos) return {};
  const size_t begin = open + opening.size(), end = packet.find(tag("</", name), begin);
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

}  // namespace

std::string write_xmp_packet(std::string_view json, std::string_view source_type) {
  std::string out(kBefore);
  if (!json.empty()) out += kJsonSpace;
  if (!source_type.empty()) out += kIptcSpace;
  out += ">";
  write_property(out, kJson, json);
  write_property(out, kSourceType, source_type);
  out += kAfter;
  return out;
}

std::string read_xmp_packet(std::string_view packet) { return read_property(packet, kJson); }

std::string read_xmp_source_type(std::string_view packet) { return read_property(packet, kSourceType); }

}  // namespace limner
