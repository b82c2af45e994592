#!/usr/bin/env python3
"""Writes src/policy/homoglyph_table.inc: which characters look like a letter of the Latin alphabet.

    tools/make_homoglyphs.py          needs ICU (Debian: libicu72, or what --icu names) and rewrites the table

Two sources agree on nothing and are joined:

* UTS #39's confusables, asked of ICU: what has the same skeleton as one small letter from a to z. Pairs of letters (m is
  as good as rn there, so that "pom" would be "porn") are left out, and so is everything that the text's folding
  (compatibility decomposition, marks dropped) makes Latin by itself. Capitals are asked for as they are: a Greek capital
  nu is an n, a small one a v.
* Names of characters: a LATIN LETTER SMALL CAPITAL N, SMALL LETTER D WITH STROKE or SMALL LETTER TURNED E is one to the
  eye, and so are the letters in circles, squares and flags that do not decompose.

The table is committed: drawing needs no ICU, which is thirty times the size of what Limner uses of Unicode.
"""

import argparse
import ctypes
import ctypes.util
import pathlib
import re
import string
import unicodedata

TABLE = pathlib.Path(__file__).resolve().parents[1] / "src/policy/homoglyph_table.inc"
NAMED = re.compile(
    r"^(?:LATIN (?:LETTER SMALL CAPITAL|SMALL LETTER|CAPITAL LETTER|LETTER)|MODIFIER LETTER SMALL)"
    r"(?: (?:TURNED|REVERSED|INVERTED|SIDEWAYS|DOTLESS|LONG|SMALL CAPITAL|OPEN|BARRED))* ([A-Z])(?: WITH .*)?$")
# Letters in black circles and squares and the letters of flags; the white ones decompose.
ALPHABETS = [0x1F150, 0x1F170, 0x1F1E6]
# Greek kappa's skeleton, and letters that play Latin ones in faux-Cyrillic print.
PLAYED = dict(zip("ĸиИяЯпшШщЩгцЦэЭғҒ€", "knnrrnwwwwruueeffe"))
# What looks like an upright stroke may be an i or an l.
STROKE = "|"


class Icu:
    """uspoof_getSkeleton of whatever ICU this machine has."""

    def __init__(self, path):
        version = re.search(r"\.so\.(\d+)", path)[1]
        library = ctypes.CDLL(path)
        self.skeleton_of = getattr(library, f"uspoof_getSkeletonUTF8_{version}")
        self.skeleton_of.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_char_p, ctypes.c_int32,
                                     ctypes.c_char_p, ctypes.c_int32, ctypes.POINTER(ctypes.c_int)]
        open_checker = getattr(library, f"uspoof_open_{version}")
        open_checker.restype, open_checker.argtypes = ctypes.c_void_p, [ctypes.POINTER(ctypes.c_int)]
        self.checker = open_checker(ctypes.byref(ctypes.c_int(0)))

    def skeleton(self, text):
        source, out, status = text.encode(), ctypes.create_string_buffer(256), ctypes.c_int(0)
        size = self.skeleton_of(self.checker, 0, source, len(source), out, 256, ctypes.byref(status))
        return out.raw[:size].decode() if status.value <= 0 else text


def without_marks(text):
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.category(c).startswith("M"))


def named_letter(c):
    """The letter that a character is called after, or None."""
    named = NAMED.match(unicodedata.name(c, "")) if len(c) == 1 else None
    return named[1].lower() if named else None


def homoglyphs(icu):
    letters = {}
    for letter in string.ascii_lowercase:
        letters.setdefault(icu.skeleton(letter), letter)
    table = {}
    for code in range(0x80, 0x110000):
        c = chr(code)
        if unicodedata.category(c) in ("Cn", "Cs", "Co", "Cc", "Cf", "Mn", "Me"):
            continue
        if without_marks(c) != c:  # decomposing rewrites it before the table is asked
            continue
        skeleton = without_marks(icu.skeleton(c)).lower()
        letter = PLAYED.get(c) or named_letter(c) or letters.get(skeleton) or named_letter(skeleton) or PLAYED.get(skeleton)
        if not letter and skeleton in string.ascii_lowercase:
            letter = skeleton
        if letter == "l" and not named_letter(c):
            letter = STROKE
        if letter:
            table[code] = letter
    for first in ALPHABETS:
        table |= {first + i: letter for i, letter in enumerate(string.ascii_lowercase)}
    return table


def write(table):
    lines = ["// Made by tools/make_homoglyphs.py from ICU's data for UTS #39 (Unicode licence) and character names.",
             "// clang-format off"]
    row = ""
    for code in sorted(table):
        entry = f"{{0x{code:04X}, '{table[code]}'}}, "
        if len(row) + len(entry) > 108:
            lines.append(row.rstrip())
            row = ""
        row += entry
    lines += [row.rstrip(), "// clang-format on"]
    TABLE.write_text("\n".join(lines) + "\n")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--icu", default="libicui18n.so.72", help="ICU's library, with its version")
    table = homoglyphs(Icu(arguments.parse_args().icu))
    write(table)
    print(f"{TABLE}: {len(table)} characters")


if __name__ == "__main__":
    main()
