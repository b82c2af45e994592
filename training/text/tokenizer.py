"""A byte-pair tokenizer in CLIP's format, trained on captions and on general English.

Training and encoding need nothing but Python, so that whatever machine trains needs no package for it; transformers'
CLIPTokenizer reads the files and gives the same ids.
"""

import collections
import json
import pathlib
import re

import numpy as np

START, END = "<|startoftext|>", "<|endoftext|>"
# CLIP's split of a lower-cased text, for the ASCII that captions are written in.
PARTS = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d|[a-z]+|[0-9]|[^\sa-z0-9]+")


def byte_symbols():
    """The printable character of each byte, in the order in which CLIP's vocabulary has them."""
    keep = [*range(33, 127), *range(161, 173), *range(174, 256)]
    return [chr(b) for b in keep] + [chr(256 + n) for n in range(256 - len(keep))]


_SYMBOLS = dict(zip([*range(33, 127), *range(161, 173), *range(174, 256), *range(33), *range(127, 161), 173], byte_symbols()))


def split(text):
    """The words of a text."""
    return PARTS.findall(text.lower())


def general_words():
    """Everyday English, for words that captions lack: what Python's own help says."""
    from pydoc_data.topics import topics  # PSF-2.0; only statistics of merges are taken

    return [word for text in topics.values() for word in split(text) if word.isascii()]


def learn_merges(words, room):
    """The `room` most useful merges over words ({word: count}), in order."""
    pieces = {word: list(word[:-1]) + [word[-1] + "</w>"] for word in words}
    pairs, where = collections.Counter(), collections.defaultdict(set)
    for word, count in words.items():
        for pair in zip(pieces[word], pieces[word][1:]):
            pairs[pair] += count
            where[pair].add(word)
    merges = []
    while len(merges) < room:
        best = max(pairs.items(), key=lambda item: (item[1], item[0]), default=(None, 0))
        if best[1] < 1:
            break
        (a, b), _ = best
        merges.append((a, b))
        for word in list(where[a, b]):
            old, count = pieces[word], words[word]
            for pair in zip(old, old[1:]):
                pairs[pair] -= count
            new, at = [], 0
            while at < len(old):
                if at + 1 < len(old) and (old[at], old[at + 1]) == (a, b):
                    new.append(a + b)
                    at += 2
                else:
                    new.append(old[at])
                    at += 1
            pieces[word] = new
            for pair in zip(new, new[1:]):
                pairs[pair] += count
                where[pair].add(word)
        del pairs[a, b], where[a, b]
    return merges


class Tokenizer:
    """Encodes as CLIPTokenizer does: start, tokens, end, and then ends up to `length`."""

    def __init__(self, merges, length, vocabulary=None):
        symbols = byte_symbols()
        tokens = symbols + [s + "</w>" for s in symbols]
        seen = set(tokens)
        for a, b in merges:
            if a + b not in seen:
                seen.add(a + b)
                tokens.append(a + b)
        # A vocabulary has the size that the text encoder was made for, also where the merges are fewer.
        spare = max(0, (vocabulary or 0) - len(tokens) - 2)
        tokens += [f"<|spare{n}|>" for n in range(spare)] + [START, END]
        self.tokens = {token: number for number, token in enumerate(tokens)}
        self.merges, self.length = list(merges), length
        self.ranks = {pair: rank for rank, pair in enumerate(self.merges)}
        self.cache = {}

    @classmethod
    def train(cls, captions, vocabulary, length):
        """A tokenizer of `vocabulary` tokens from captions, which count four times as much as general English."""
        words = collections.Counter()
        for caption in captions:
            words.update(split(caption))
        for word in list(words):
            words[word] *= 4
        words.update(general_words())
        return cls(learn_merges({w: c for w, c in words.items() if w.isascii()}, vocabulary - 514), length, vocabulary)

    def word(self, word):
        """Ids of one word."""
        if word not in self.cache:
            letters = [_SYMBOLS[b] for b in word.encode()]
            pieces = letters[:-1] + [letters[-1] + "</w>"]
            while len(pieces) > 1:
                rank, at = min((self.ranks.get(pair, 1 << 30), n) for n, pair in enumerate(zip(pieces, pieces[1:])))
                if rank == 1 << 30:
                    break
                pieces[at : at + 2] = [pieces[at] + pieces[at + 1]]
            self.cache[word] = [self.tokens[p] for p in pieces]
        return self.cache[word]

    def encode(self, text):
        """Ids of one text, without start, end or padding."""
        return [number for word in split(text) for number in self.word(word)]

    def batch(self, texts):
        """int64 [texts, length]."""
        out = np.full((len(texts), self.length), self.tokens[END], np.int64)
        out[:, 0] = self.tokens[START]
        for row, text in enumerate(texts):
            ids = self.encode(text)[: self.length - 2]
            out[row, 1 : 1 + len(ids)] = ids
        return out

    def save(self, folder):
        """vocab.json, merges.txt and the two files that say what is special, as Stable Diffusion 1.x has them."""
        folder = pathlib.Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "vocab.json").write_text(json.dumps(self.tokens, ensure_ascii=False), encoding="utf-8")
        (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in self.merges), encoding="utf-8")
        special = {key: {"content": value, "lstrip": False, "normalized": True, "rstrip": False, "single_word": False}
                   for key, value in (("bos_token", START), ("eos_token", END), ("unk_token", END))} | {"pad_token": END}
        (folder / "special_tokens_map.json").write_text(json.dumps(special, indent=2) + "\n")
        config = {"add_prefix_space": False, "bos_token": START, "eos_token": END, "unk_token": END, "pad_token": END,
                  "do_lower_case": True, "errors": "replace", "model_max_length": self.length,
                  "tokenizer_class": "CLIPTokenizer"}
        (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")

    @classmethod
    def load(cls, folder):
        """Reads what save() wrote."""
        folder = pathlib.Path(folder)
        lines = (folder / "merges.txt").read_text(encoding="utf-8").splitlines()[1:]
        vocabulary = len(json.loads((folder / "vocab.json").read_text(encoding="utf-8")))
        length = json.loads((folder / "tokenizer_config.json").read_text())["model_max_length"]
        return cls([tuple(line.split(" ")) for line in lines], length, vocabulary)
