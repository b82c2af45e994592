#pragma once
// COSE_Sign1 (RFC 9052, 4.2) as C2PA uses it (2.4, 13.2): the claim is its detached payload, the chain of
// certificates stands in its protected header.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace limner {

/// The protected header: the algorithm and the chain, the signer's certificate first, each in DER.
std::string protected_header(int64_t algorithm, const std::vector<std::string>& chain);

/// What is signed: Sig_structure of RFC 9052, 4.4.
std::string signed_bytes(std::string_view protected_header, std::string_view claim);

/// The signature as it stands in the file, tagged 18. Its payload is nil: the claim stands elsewhere.
std::string write_sign1(std::string_view protected_header, std::string_view signature);

/// What an authority stamps of a signature: it counter-signs (RFC 9052's context "CounterSignature", as C2PA
/// 2.4, 10.3.2.5 has it) the protected header and the signature, the latter as CBOR.
std::string stamped_bytes(std::string_view protected_header, std::string_view signature);

/// The same with a time stamp: a TimeStampToken of at most `room` bytes, or none yet. The result's size
/// depends on the room, and not on the token.
std::string write_stamped_sign1(std::string_view protected_header, std::string_view signature,
                                std::string_view token, size_t room);

/// A signature as it was read.
struct Sign1 {
  int64_t algorithm = 0;
  std::string protected_header;
  std::vector<std::string> chain;  ///< DER, the signer's first; not looked into
  std::string signature;
  std::string time_stamp;  ///< TimeStampToken in DER, not looked into; empty if there is none of C2PA 2's
  bool old_time_stamp = false;  ///< it has one of C2PA 1's kind
};

/// Reads a COSE_Sign1. `invalid` with `field` if it is none; if it carries a payload (a second text that a
/// reader could take for the claim that was signed); if it has critical headers, which we do not know; if it
/// has no algorithm or no certificates.
Result<Sign1> read_sign1(std::string_view bytes, std::string_view field);

}  // namespace limner
