"""A scene put into words, with synonyms and in many ways. A caption never says what is not so."""

from . import colours

NUMBERS = {2: ("two", "two", "2", "a pair of"), 3: ("three", "three", "3"), 4: ("four", "four", "4"), 5: ("five", "five", "5")}
SMALL, LARGE = ("small", "small", "tiny", "little"), ("large", "big", "huge")

STYLES = {
    "3d": ("a 3d render of {}", "a 3d render of {}", "3d render of {}", "{}, 3d render", "{}, 3d style", "a 3d icon of {}",
           "a glossy 3d render of {}", "{} in 3d", "a 3d model of {}", "a computer render of {}"),
    "flat": ("a flat drawing of {}", "a flat drawing of {}", "a flat icon of {}", "{}, flat style", "{}, flat drawing",
             "flat vector art of {}", "{}, flat vector art", "a flat design of {}", "a flat sticker of {}"),
    "cartoon": ("a cartoon of {}", "a cartoon of {}", "a cartoon drawing of {}", "{}, cartoon style", "{}, cartoon",
                "a cartoon picture of {}", "{} as a cartoon", "a comic drawing of {}"),
}
ADJECTIVES = {"3d": "3d", "flat": "flat", "cartoon": "cartoon"}
NEUTRAL = ("a picture of {}", "an image of {}", "a photo of {}", "{}, high quality", "a nice picture of {}")

GROUNDS = (" on {} background",) * 3 + (" with {} background", " against {} background", " in front of {} background")

RELATIONS = {
    "left": ("{} to the left of {}", "{} left of {}", "{} on the left of {}", "{} and {}", "{} next to {}", "{} beside {}",
             "{} on the left and {} on the right"),
    "right": ("{} to the right of {}", "{} right of {}", "{} on the right of {}", "{} on the right and {} on the left"),
    "above": ("{} above {}", "{} over {}", "{} on top of {}", "{} at the top and {} at the bottom"),
    "below": ("{} below {}", "{} under {}", "{} beneath {}", "{} underneath {}"),
}


def article(words):
    """Words with the indefinite article that they sound right with."""
    vowel = words[0] in "aeio" or (words[0] == "u" and not words.startswith(("uni", "ufo")))
    vowel = (vowel and not words.startswith(("one", "euro"))) or words.startswith(("hourglass", "8"))
    return ("an " if vowel else "a ") + words


def colour_word(rng, colour):
    """The colour's name or a synonym."""
    others = colours.SYNONYMS.get(colour)
    return rng.choice(others) if others and rng.random() < 0.3 else colour


class Writer:
    """Captions of scenes over a Vocabulary."""

    def __init__(self, words):
        self.things = words.things
        self.shapes = words.shapes
        self.natural = words.natural

    def caption(self, scene, rng):
        """One line. rng: random.Random."""
        text = self._subject(scene, rng)
        text = self._styled(scene, text, rng)
        text += self._ground(scene, rng)
        lot = rng.random()
        if lot < 0.04:
            text = text[0].upper() + text[1:]
        elif lot < 0.07:
            text += "."
        return text

    def _thing(self, scene, item):
        return self.shapes[item.thing] if scene.style == "shape" else self.things[item.thing]

    def phrase(self, scene, item, rng, number=1):
        """ "a small blue fox", "three foxes", "fox"."""
        thing = self._thing(scene, item)
        if number > 1:
            name = thing.plural
        else:
            name = rng.choice(thing.synonyms) if thing.synonyms and rng.random() < 0.2 else thing.name
        colour = item.colour or (self.natural.get(item.thing) if item.colour_said else "")
        words = [colour_word(rng, colour)] if colour else []
        if scene.size:
            words.insert(0, rng.choice(SMALL if scene.size == "small" else LARGE))
        words.append(name)
        body = " ".join(words)
        if number > 1:
            return f"{rng.choice(NUMBERS[number])} {body}"
        if not thing.plural and name == thing.name:
            return "some " + body if rng.random() < 0.15 else body
        lot = rng.random()
        if lot < 0.12:
            return body
        return "one " + body if lot < 0.17 else article(body)

    def _subject(self, scene, rng):
        first = scene.items[0]
        if scene.kind == "relation":
            pair = [self.phrase(scene, item, rng) for item in scene.items]
            return rng.choice(RELATIONS[scene.relation]).format(*pair)
        text = self.phrase(scene, first, rng, len(scene.items))
        if scene.place:
            if " " in scene.place:
                text += rng.choice((f" in the {scene.place} corner", f" in the {scene.place} corner", f" at the {scene.place}"))
            else:
                text += rng.choice((f" on the {scene.place}", f" at the {scene.place}")) if scene.place in ("left", "right") \
                    else f" at the {scene.place}"
        return text

    def _styled(self, scene, text, rng):
        if scene.style_said:
            if rng.random() < 0.12:
                return self._adjective(ADJECTIVES[scene.style], text, len(scene.items))
            return rng.choice(STYLES[scene.style]).format(text)
        return rng.choice(NEUTRAL).format(text) if rng.random() < 0.25 else text

    @staticmethod
    def _adjective(style, text, number):
        """ "a flat fox"; of several things, "three foxes, flat"."""
        if number > 1:
            return f"{text}, {style}"
        for start in ("a ", "an "):
            if text.startswith(start):
                return article(f"{style} {text[len(start):]}")
        return f"{style} {text}"

    def _ground(self, scene, rng):
        if not scene.ground_said:
            return ""
        words = [colour_word(rng, c) for c in scene.ground]
        text = " to ".join(words) + (" gradient" if scene.gradient else "")
        if not scene.gradient and rng.random() < 0.12:
            return rng.choice((f" on {text}", f", {text} background"))
        if rng.random() < 0.1:
            return f", {text} background"
        return rng.choice(GROUNDS).format(article(text))
