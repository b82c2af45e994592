#!/usr/bin/env python3
"""Checks what a compiler does not: who includes whom, where third-party headers go, what every header owes its reader.

    tests/tidy.py             the checks below over src/ and tests/
    tests/tidy.py --headers   also compiles each header of src/ alone that no source of the build includes first

Rules come from src/LAYERS; ARCHITECTURE.md explains them. Exit status 1 if anything is wrong. Long files and functions
are listed for a second look and fail nothing.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
SRC = ROOT / "src"
FILE_LINES_SECOND_LOOK = 700
FUNCTION_LINES_SECOND_LOOK = 70

# What may not stand in the tree: pattern, where it is allowed after all, what to do instead.
BANNED = [
    (r"\b(TODO|FIXME|XXX|HACK)\b", None, "do it, or file an issue; the tree holds no promises"),
    (r"\bstd::(cout|cerr)\b", r"^(src/cli/|tests/tools/)", "return a value or an Error; only cli/ talks to a terminal"),
    (r"\bprintf\s*\(", r"^(src/cli/|src/base/result\.cpp|tests/tools/)",
     "return a value or an Error; only cli/ talks to a terminal"),
    (r"[\"' (=](/home/|/root/|/tmp/|/Users/)", r"^tests/fuzz/corpus/",
     "a path of one machine; take it from an argument"),
    (r"\busing namespace (std|limner)\s*;", r"^tests/", "name what you use; sources open namespace limner instead"),
    (r"\bcatch\s*\(\.\.\.\)\s*\{\s*\}", None, "an error that nobody hears of; turn it into an Error"),
]
TEXT_SUFFIXES = {".h", ".cpp", ".cu", ".inc", ".py", ".md", ".txt", ".cmake", ""}
VAGUE_NAMES = re.compile(r"(^|_)(utils?|common|helpers?|manager|misc)(_|\.|$)")
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')


class Complaints:
    def __init__(self):
        self.lines = []

    def add(self, path, line, what, do):
        place = f"{path.relative_to(ROOT)}:{line}" if line else f"{path.relative_to(ROOT)}"
        self.lines.append(f"tidy: {place} {what}. {do[0].upper()}{do[1:]}.")


class Layers:
    """src/LAYERS: `folder: folders`, where `folder!` means only the headers directly in it, and third-party headers."""

    def __init__(self, path):
        self.allowed = {}
        self.third_party = []
        for number, line in enumerate(path.read_text().splitlines(), 1):
            line = line.split("#")[0].strip()
            if not line:
                continue
            left, colon, right = line.partition(":")
            if not colon:
                sys.exit(f"tidy: src/LAYERS:{number} is not `folder: folders` or `third-party headers: folders`.")
            names = right.replace(",", " ").split()
            if left.startswith("third-party"):
                self.third_party += [(prefix, names) for prefix in left.split()[1:]]
            else:
                self.allowed[left.strip()] = [] if names == ["-"] else names

    def may_include(self, folder, other):
        """None if not at all, "!" if only the headers directly in `other`, else "yes"."""
        for name in self.allowed.get(folder, []):
            if name in (other, "*"):
                return "yes"
            if name == other + "!":
                return "!"
        return None


def sources(*suffixes):
    return sorted(path for path in SRC.rglob("*") if path.suffix in suffixes and path.is_file())


def relative(path):
    return path.relative_to(ROOT).as_posix()


def includes(path):
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match[1] == "<", match[2]


def check_own_include(path, number, target, layers, complaints):
    folder, parts = path.relative_to(SRC).parts[0], target.split("/")
    if not (SRC / target).exists():
        complaints.add(path, number, f"includes {target}, which is not in src/",
                       "include by the path from src/, or a library's header in <>")
        return
    other = parts[0]
    if other == folder:
        return
    # Named support headers for tests of other folders lie in the open like any header; the same rules hold for them.
    permission = layers.may_include(folder, other)
    allowed = " ".join(layers.allowed.get(folder, [])) or "nothing"
    if permission is None:
        complaints.add(path, number, f"includes {target}; {folder} may include {allowed}",
                       "move the code to the folder that may, or pass what you need as an argument")
    elif len(parts) > 2:
        complaints.add(path, number, f"includes {target}, which is private to {other}",
                       f"include a header directly in src/{other}/, or ask for what you need there")


def check_third_party(path, number, target, layers, complaints):
    place = path.relative_to(SRC).as_posix()
    for prefix, folders in layers.third_party:
        matches = target.startswith(prefix) if not prefix.endswith(".h") else target == prefix
        if not matches or "*" in folders:
            continue
        if not any(place.startswith(folder + "/") for folder in folders):
            complaints.add(path, number, f"includes <{target}>, which belongs in {' '.join(folders)}",
                           "call it through that folder's header")


def check_includes(layers, complaints):
    for path in sources(".h", ".cpp", ".cu", ".inc"):
        folder = path.relative_to(SRC).parts[0]
        if folder not in layers.allowed:
            complaints.add(path, 0, f"lies in src/{folder}, which src/LAYERS does not know",
                           "add its line there: what the folder may include")
            continue
        for number, angled, target in includes(path):
            if angled:
                check_third_party(path, number, target, layers, complaints)
            else:
                check_own_include(path, number, target, layers, complaints)


def check_cycles(layers, complaints):
    """The arrows in src/LAYERS may not run in a circle."""
    graph = {folder: [name.rstrip("!") for name in names] for folder, names in layers.allowed.items()}

    def visit(folder, way):
        if folder in way:
            complaints.add(SRC / "LAYERS", 0, f"has a circle: {' -> '.join(way + [folder])}", "remove one of the arrows")
            return
        for other in graph.get(folder, []):
            visit(other, way + [folder])

    for folder in graph:
        visit(folder, [])


def check_headers(complaints):
    for path in sources(".h"):
        lines = path.read_text().splitlines()
        if not lines or lines[0] != "#pragma once":
            complaints.add(path, 1, "does not begin with #pragma once", "put it on the first line")
        described = lines[1:2] and lines[1].startswith("// ") or any(line.startswith("///") for line in lines)
        if not described:
            complaints.add(path, 2, "does not say what it is for",
                           "write `// What is here.` under #pragma once, and `///` above what it declares")


def check_names_and_tests(complaints):
    cmake = (SRC / "CMakeLists.txt").read_text()
    built = set(re.findall(r"^limner_folder\((\w+)", cmake, re.M))
    for path in sources(".h", ".cpp", ".cu"):
        folder = path.relative_to(SRC).parts[0]
        if path.name.endswith("_test.cpp") and folder not in built:
            complaints.add(path, 0, f"is never built: src/CMakeLists.txt has no limner_folder({folder})", "add it there")
        if VAGUE_NAMES.search(path.name):
            complaints.add(path, 0, "is named for no idea", "name the file for the one thing that it holds")
        if path.name != path.name.lower():
            complaints.add(path, 0, "has capitals in its name", "files are named like_this")
    for path in sorted((ROOT / "tests/fuzz").glob("*_fuzz.cpp")):
        if not any((ROOT / "tests/fuzz/corpus" / path.stem).glob("*")):
            complaints.add(path, 0, "has no corpus", f"put a few real inputs into tests/fuzz/corpus/{path.stem}/")


def without_brackets(text, pairs):
    """`text` without what stands inside brackets of these kinds, innermost first."""
    for pair in pairs:
        inner = re.compile(re.escape(pair[0]) + r"[^%s]*" % re.escape(pair) + re.escape(pair[1]))
        while inner.search(text):
            text = inner.sub("", text)
    return text


def declared(statement):
    """The names that one declaration gives; a function's with its parameters' types, as it may be overloaded."""
    found = (re.match(r"(?:template <.*?> )?(?:struct|class|enum class|enum|union) (\w+)", statement) or
             re.match(r"[\w:<>,&* ]+ \(\*(\w+)", statement))  # or a pointer to functions
    if found:
        return [found[1]]
    found = re.match(r"[\w:<>,&*\[\] ]+?[ &*](\w+)\(", statement)
    if found and "=" not in found[0]:
        inside = without_brackets(statement[found.end():].split(") {")[0].split(");")[0], ["<>", "{}"])
        types = [re.sub(r"\s+\w+$", "", part.split("=")[0].strip()) for part in inside.rstrip(")").split(",")]
        return [f"{found[1]}({', '.join(types)})"]
    plain = without_brackets(re.sub(r'"[^"]*"', "", statement).split(";")[0], ["()", "{}", "[]", "<>"])
    plain = re.split(r"[({[]", plain)[0]  # what goes on beyond the lines that were joined
    names = [re.search(r"(?<![:\w])(\w+)$", part.split("=")[0].strip()) for part in plain.split(",")]
    return [name[1] for name in names if name]


def anonymous_names(path):
    """(line, name) of what a source declares in anonymous namespaces. Layout is clang-format's: at the margin, and only there,
    something begins."""
    inside = raw = False
    lines = path.read_text().splitlines()
    for number, line in enumerate(lines, 1):
        if not raw and line in ("namespace {", "}  // namespace"):
            inside = line.endswith("{")
        elif inside and not raw and re.match(r"[A-Za-z_]", line) and not re.match(
                r"(TEST|TYPED_|INSTANTIATE_|using |namespace |public:|private:|protected:|template <.*>$)", line):
            joined = " ".join(part.strip() for part in lines[number - 1:number + 8])
            for name in declared(joined.split("; ")[0]):
                yield number, name
        if line.count('R"(') > line.count(')"'):
            raw = True
        elif raw and ')"' in line:
            raw = False


def check_anonymous_names(complaints):
    """Sources of a folder are compiled several at a time, where two of them may not use one name for two things."""
    seen = {}
    for path in sources(".cpp"):
        if re.search(r"_avx\w*\.cpp$|/_template\.cpp$|/cli/main\.cpp$", path.as_posix()):
            continue
        folder, kind = path.relative_to(SRC).parts[0], re.search(r"(_test|_bench)?\.cpp$", path.name)[1]
        for number, name in anonymous_names(path):
            other = seen.setdefault((folder, kind, name), path)
            if other != path:
                complaints.add(path, number, f"gives the name {name}, as {relative(other)} does, in an anonymous namespace",
                               "give it a name of its own, or declare what both need in a header")


def check_types_once(complaints):
    """Two types of one name are one to the linker, which keeps the code of either one's templates for both."""
    seen = {}
    for path in sources(".h", ".cpp"):
        namespaces = []
        for number, line in enumerate(path.read_text().splitlines(), 1):
            opened = re.match(r"(?:inline )?namespace ([\w:]*) ?\{$", line)
            if opened:
                namespaces.append(opened[1])
            elif line.startswith("}  // namespace") and namespaces:
                namespaces.pop()
            found = re.match(r"(?:template <.*> )?(?:struct|class|union) (\w+)(?: final)?(?: : .*)? ?\{", line)
            if found and "" not in namespaces:
                name = "::".join([*namespaces, found[1]])
                other = seen.setdefault(name, path)
                if other != path:
                    complaints.add(path, number, f"defines {name}, as {relative(other)} does", "give one another name")


def project_texts():
    """Every text file that is the project's own: what git tracks or would track, where there is git, else src and tests."""
    listing = subprocess.run(["git", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
                             capture_output=True)
    if listing.returncode == 0:
        paths = [ROOT / name for name in listing.stdout.decode().split("\0") if name]
    else:
        paths = [path for folder in ("src", "tests", "docs") for path in (ROOT / folder).rglob("*")]
    skipped = re.compile(r"^(models/|tests/fuzz/corpus/|LICENSE|tests/tidy\.py$)")
    return sorted(path for path in paths
                  if path.is_file() and path.suffix in TEXT_SUFFIXES and not skipped.match(relative(path)))


def check_python_names(complaints):
    """pytest imports all tests into one room: two files of one name are one module to it."""
    seen = {}
    for path in sorted((ROOT / "tests").rglob("*.py")):
        if path.name == "conftest.py":  # read by pytest itself, a folder at a time
            continue
        if path.name in seen:
            complaints.add(path, 1, f"is called as {relative(seen[path.name])} is", "give it a name of its own")
        seen[path.name] = path


def check_words(complaints):
    for path in project_texts():
        name = relative(path)
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            for pattern, allowed_in, do in BANNED:
                match = re.search(pattern, line)
                if match and not (allowed_in and re.match(allowed_in, name)):
                    complaints.add(path, number, f"has `{match[0].strip()}`", do)


def long_functions(path):
    """Functions by clang-format's look of them: a line at the margin that ends in `{`, up to the `}` at the margin."""
    begun = None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if re.match(r"^[\w\[:~].*\{$", line) and not re.match(r"^(namespace|extern|class|struct|enum|union|constexpr)\b", line):
            begun = number, line
        elif line.startswith("}") and begun:
            if number - begun[0] > FUNCTION_LINES_SECOND_LOOK:
                yield begun[0], number - begun[0], begun[1]
            begun = None


def second_looks():
    for path in sources(".h", ".cpp", ".cu"):
        lines = len(path.read_text().splitlines())
        if lines > FILE_LINES_SECOND_LOOK:
            yield f"{relative(path)}: {lines} lines"
        for number, length, head in long_functions(path):
            yield f"{relative(path)}:{number}: {length} lines: {head[:80]}"


def included_first(path):
    """Whether the build proves that a header stands alone: its own source, or its test, includes it before all else. (Of
    sources that are compiled as one, only the first proves it; ./dev lint looks at each changed one by itself.)"""
    for source in (path.with_suffix(".cpp"), path.with_name(path.stem + "_test.cpp")):
        first = next((target for _, _, target in includes(source)), None) if source.exists() else None
        if first == path.relative_to(SRC).as_posix():
            return True
    return False


def compile_headers(complaints):
    """R3 of the architecture: a header needs nothing included before it."""
    flags = subprocess.run(["pkg-config", "--cflags", "vips", "libutf8proc"], capture_output=True, text=True).stdout.split()
    compiler = os.environ.get("CXX", "g++")

    def compile_one(path):
        command = [compiler, "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-mavx512f", "-mavx512bw", f"-I{SRC}",
                   f'-DLIMNER_SOURCE_DIR="{ROOT}"', *flags, "-x", "c++", "-"]
        text = f'#include "{path.relative_to(SRC).as_posix()}"\n'
        return path, subprocess.run(command, input=text, capture_output=True, text=True)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, run in pool.map(compile_one, [path for path in sources(".h") if not included_first(path)]):
            if run.returncode != 0:
                first = next((line for line in run.stderr.splitlines() if "error" in line), run.stderr[:200])
                complaints.add(path, 0, f"does not compile alone: {first}", "include what it uses")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--headers", action="store_true", help="compile each header alone")
    options = arguments.parse_args()
    complaints = Complaints()
    layers = Layers(SRC / "LAYERS")
    check_cycles(layers, complaints)
    check_includes(layers, complaints)
    check_headers(complaints)
    check_names_and_tests(complaints)
    check_anonymous_names(complaints)
    check_types_once(complaints)
    check_python_names(complaints)
    check_words(complaints)
    if options.headers:
        compile_headers(complaints)
    looks = list(second_looks())
    if looks:
        print("Long, for a second look:", *looks, sep="\n  ")
    print(*complaints.lines, sep="\n", end="\n" if complaints.lines else "")
    print(f"tidy: {len(complaints.lines)} complaints, {len(looks)} long files and functions")
    return 1 if complaints.lines else 0


if __name__ == "__main__":
    sys.exit(main())
