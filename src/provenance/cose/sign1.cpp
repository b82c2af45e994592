#include "provenance/cose/sign1.h"

#include <algorithm>

#include "provenance/cbor/value.h"
#include "provenance/x509/certificate.h"

namespace limner {
namespace {

constexpr uint64_t kSign1Tag = 18;
constexpr int64_t kAlgorithm = 1, kCritical = 2, kX5Chain = 33;  // RFC 9052, 3.1; RFC 9360, 2
// C2PA 2.4, 10.3.2.5: the stamp of a signature, and what a header is filled up with.
constexpr std::string_view kTimeStamp = "sigTst2", kPad = "pad", kMorePad = "pad2";
constexpr std::string_view kOldTimeStamp = "sigTst";
// Signatures made by the first editions name it by text and leave it unprotected.
constexpr std::string_view kX5ChainText = "x5chain";

Cbor with_token(std::string_view token) {
  return Cbor::map({{"tstTokens", Cbor::array({Cbor::map({{"val", Cbor::bytes(token)}})})}});
}

// Fills a map up with zeros until it is `size` bytes long, which is at least 12 more than it is. Lengths that
// no single entry has, because its own length grows in steps, are made by two.
void fill_up(Cbor& map, size_t size) {
  const size_t missing = size - encode_cbor(map).size();
  for (const size_t first : {missing, missing - 1 - kMorePad.size() - 1}) {
    if (first != missing) map.add(kMorePad, Cbor::bytes(""));
    for (size_t zeros = first - std::min(first, 1 + kPad.size() + 5); zeros < first; ++zeros) {
      Cbor filled = map;
      filled.add(kPad, Cbor::bytes(std::string(zeros, '\0')));
      if (encode_cbor(filled).size() != size) continue;
      map = std::move(filled);
      return;
    }
  }
}

std::string sign1_with(std::string_view header, Cbor unprotected, std::string_view signature) {
  return encode_cbor(Cbor::tagged(
      kSign1Tag, Cbor::array({Cbor::bytes(header), std::move(unprotected), Cbor(), Cbor::bytes(signature)})));
}

// The one token of a stamp; empty for what is shaped in another way.
std::string token_in(const Cbor& stamp) {
  const Cbor* tokens = stamp.find("tstTokens", Cbor::Kind::array);
  if (!tokens || tokens->items.size() != 1) return {};
  const Cbor* token = tokens->items[0].find("val", Cbor::Kind::bytes);
  return token ? token->string : std::string();
}

Result<std::vector<std::string>> read_x5chain(const Cbor& item, std::string_view field) {
  std::vector<std::string> chain;
  if (item.is(Cbor::Kind::bytes)) chain.push_back(item.string);
  if (item.is(Cbor::Kind::array))
    for (const Cbor& one : item.items) {
      if (!one.is(Cbor::Kind::bytes)) return invalid(std::string(field), "a certificate that is not bytes");
      chain.push_back(one.string);
    }
  if (chain.empty() || chain.size() > kCertificatesMax)
    return invalid(std::string(field), "a signature with no certificates, or too many");
  return chain;
}

}  // namespace

std::string protected_header(int64_t algorithm, const std::vector<std::string>& chain) {
  Cbor certificates;
  if (chain.size() == 1) {
    certificates = Cbor::bytes(chain[0]);  // RFC 9360: one alone stands without an array
  } else {
    std::vector<Cbor> all;
    for (const std::string& der : chain) all.push_back(Cbor::bytes(der));
    certificates = Cbor::array(std::move(all));
  }
  Cbor header = Cbor::map();
  header.add(Cbor::integer(kAlgorithm), Cbor::integer(algorithm));
  header.add(Cbor::integer(kX5Chain), std::move(certificates));
  return encode_cbor(header);
}

std::string signed_bytes(std::string_view header, std::string_view claim) {
  return encode_cbor(
      Cbor::array({Cbor::text("Signature1"), Cbor::bytes(header), Cbor::bytes(""), Cbor::bytes(claim)}));
}

std::string write_sign1(std::string_view header, std::string_view signature) {
  return sign1_with(header, Cbor::map(), signature);
}

std::string stamped_bytes(std::string_view header, std::string_view signature) {
  return encode_cbor(Cbor::array({Cbor::text("CounterSignature"), Cbor::bytes(header), Cbor::bytes(""),
                                  Cbor::bytes(encode_cbor(Cbor::bytes(signature)))}));
}

std::string write_stamped_sign1(std::string_view header, std::string_view signature, std::string_view token,
                                size_t room) {
  Cbor widest = Cbor::map(), unprotected = Cbor::map();
  widest.add(kTimeStamp, with_token(std::string(room, '\0')));
  if (!token.empty()) unprotected.add(kTimeStamp, with_token(token));
  fill_up(unprotected, encode_cbor(widest).size() + 16);
  return sign1_with(header, std::move(unprotected), signature);
}

Result<Sign1> read_sign1(std::string_view bytes, std::string_view field) {
  const std::string name(field);
  const Cbor whole = TRY(decode_cbor(bytes, field));
  const Cbor& parts = whole.is(Cbor::Kind::tag) && whole.number == kSign1Tag ? whole.items[0] : whole;
  if (!parts.is(Cbor::Kind::array) || parts.items.size() != 4 || !parts.items[0].is(Cbor::Kind::bytes) ||
      !parts.items[1].is(Cbor::Kind::map) || !parts.items[3].is(Cbor::Kind::bytes))
    return invalid(name, "not a COSE_Sign1");
  if (!parts.items[2].is(Cbor::Kind::null))
    return invalid(name, "a signature that carries a payload of its own; C2PA's is detached");
  Sign1 sign1;
  sign1.protected_header = parts.items[0].string;
  sign1.signature = parts.items[3].string;
  const Cbor header = TRY(decode_cbor(sign1.protected_header, field));
  const Cbor& unprotected = parts.items[1];
  if (header.find(kCritical)) return invalid(name, "a signature with critical headers, which are not known");
  const Cbor* algorithm = header.find(kAlgorithm);
  if (!algorithm || !algorithm->is(Cbor::Kind::integer) || algorithm->number > INT64_MAX)
    return invalid(name, "a signature that does not say its algorithm");
  const auto number = static_cast<int64_t>(algorithm->number);
  sign1.algorithm = algorithm->negative ? -1 - number : number;
  const Cbor* chain = header.find(kX5Chain);
  if (!chain) chain = unprotected.find(kX5Chain);
  if (!chain) chain = unprotected.find(kX5ChainText);
  if (!chain) return invalid(name, "a signature without certificates");
  sign1.chain = TRY(read_x5chain(*chain, field));
  if (const Cbor* stamp = unprotected.find(kTimeStamp)) sign1.time_stamp = token_in(*stamp);
  sign1.old_time_stamp = unprotected.find(kOldTimeStamp) != nullptr;
  return sign1;
}

}  // namespace limner
