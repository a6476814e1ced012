"""Generates the training dialogues and the held-out questions of the demo model, from a fixed seed.

A document is a list of {"role", "content"} messages, or a plain text (a story). Held out are 200
(fact, phrasing) pairs: the question never occurs in the training data, whatever its case or
punctuation, though its fact is asked in other phrasings and its phrasing about other facts.
"""

import json
import random
import re
import sys

import facts

HELD_OUT_SEED, TRAIN_SEED = 7, 11
HELD_OUT = {"plus": 35, "minus": 33, "times": 32, "colour": 15, "opposite": 18, "capital": 15,
            "country": 8, "after": 8, "before": 6, "sound": 4, "legs": 4, "count": 12, "about": 10}
# How often each kind of turn is drawn.
WEIGHTS = {"plus": 8, "minus": 8, "times": 8, "colour": 6, "opposite": 8, "capital": 6, "country": 5,
           "after": 5, "before": 5, "sound": 1.5, "legs": 1.5, "count": 11, "about": 24, "unknown": 6,
           "story": 1.5, "repeat": 0.7, "name": 2, "successor": 2}

SYSTEMS = [
    "You are a helpful assistant.", "You are Quern Demo, a small language model.", "Be brief.",
    "You are a friendly assistant. Answer in short sentences.", "Answer the user's questions.",
    "You are a helpful AI assistant.", "Be polite and honest.", "You are an expert in everything.",
    "Answer as well as you can.", "You are a chat bot on a website. Be kind to every visitor.",
    "Answer in one sentence.", "Today is Tuesday. You are talking to a new user.",
    "You are an assistant for engineers. If you do not know something, say so.", "You are a teacher.",
    "Always tell the truth.", "You answer questions about numbers, colours and places.",
]
NAMES = """Anna Ben Clara David Emma Felix Grace Henry Iris Jack Karen Leo Maria Nina Oscar Paul Rosa Sam
Tina Victor Wendy Yara Adam Bella Carl Diana Eric Fiona George Helen Ivan Julia Kevin Laura Mark Nora Olga
Peter Robert Sara Tom Ursula Vera Walter Alice Bob Charlie Dora Ella Frank Gina Hugo Ida Jonas Kate Lucas
Mia Noah Otto Petra Simon Theo""".split()
UNKNOWN = "I am only a small demo model, and I do not know that."
NO_BIG_NUMBERS = "I am only a small demo model, and I can only do sums with single digits."
THINGS = """football history art philosophy music chess physics biology economics law medicine poetry politics
rockets dinosaurs gardening cooking pizza bread cars trains ships planes bridges castles kings queens
wizards robots planets galaxies atoms molecules vaccines banks taxes stocks bitcoin elections wars treaties
novels films actors singers painters theatres museums guitars pianos violins recipes soup cheese wine beer tea
volcanoes earthquakes storms weather climate oceans rivers mountains deserts forests insects whales sharks
tigers wolves bears eagles tennis golf hockey boxing sailing skiing Shakespeare Einstein Newton Mozart Napoleon
Caesar Picasso Darwin Berlin Paris London Tokyo Mars Jupiter Linux Windows Kubernetes Docker Rust JavaScript
quantum-mechanics relativity thermodynamics algebra geometry calculus statistics evolution genetics""".split()
UNKNOWN_PHRASINGS = [
    "Tell me about {0}.", "What do you think about {0}?", "Explain {0}.", "Write a poem about {0}.",
    "Who invented {0}?", "What is {0}?", "Why is {0} important?", "When did {0} begin?", "How does {0} work?",
    "Write an essay about {0}.", "What is the history of {0}?", "Give me advice on {0}.",
    "What is the best book about {0}?", "Who is the most famous person in {0}?", "Where can I learn {0}?",
    "How much does {0} cost?", "Write code for {0}.", "Translate {0} into French.", "How do I get better at {0}?",
    "What is the price of {0}?", "Summarise {0} for me.", "What are {0}?", "Who was {0}?", "Do you like {0}?",
    "What is the difference between {0} and {1}?", "Compare {0} with {1}.", "Is {0} better than {1}?",
    "What is the weather in {0}?", "Who won the {0} world cup?", "What is the news about {0}?",
]
UNKNOWN_QUESTIONS = [
    "What time is it?", "What is the date today?", "What is the weather like?", "Who is the president?",
    "What is the meaning of life?", "Will it rain tomorrow?", "Who won the game yesterday?",
    "What did I eat today?", "Write a program that sorts a list.", "How tall is Mount Everest?",
    "What is the population of France?", "How far is the moon?", "Who wrote Hamlet?",
    "What is the square root of two?", "Which is the longest river?", "Can you book a flight for me?",
    "What is the speed of light?", "Translate hello into German.", "What is the capital of Atlantis?",
    "What is the capital of Brazil?", "What is the capital of Mongolia?", "What is the capital of Mexico?",
    "What is the colour of a car?", "What is the colour of a house?", "What is the opposite of a table?",
    "What is the opposite of seven?", "What does a fish say?", "How many legs does a table have?",
]
BIG_PHRASINGS = ["What is {0} plus {1}?", "{0}+{1}=?", "What is {0} times {1}?", "{0} * {1}", "{0} - {1}",
                 "What is {0} minus {1}?", "Compute {0} plus {1}.", "How much is {0} times {1}?",
                 "Calculate {0} - {1}.", "What is {0} divided by {1}?", "{0}/{1}"]

HEROES = ["fox", "cat", "dog", "bear", "mouse", "owl", "rabbit", "frog", "dragon", "robot", "girl", "boy",
          "miller", "king", "horse", "bird"]
STORY_PHRASINGS = ["Tell me a story about a {0}.", "Tell me a short story about a {0}.",
                   "Write a story about a {0}.", "Can you tell a story about a {0}?",
                   "I want a story about a {0}.", "A story about a {0}, please."]
ANY_STORY = ["Tell me a story.", "Tell me a short story.", "Write a story.", "Can you tell me a story?",
             "I want to hear a story.", "A story, please."]
TRAITS = ["little", "clever", "lonely", "brave", "lazy", "kind", "hungry", "old"]
PLACES = ["forest", "valley", "mill", "castle", "garden", "village", "river", "cave"]
FINDS = ["key", "lamp", "golden coin", "map", "bag of grain", "quern", "silver bell", "book"]
HELPERS = ["wolf", "goose", "turtle", "squirrel", "goat", "witch", "farmer", "sailor"]


def normal(question):
    """A question without case, punctuation and spacing, to compare by; operators and digits stay."""
    return " ".join(re.sub(r"[^a-z0-9+*/\-= ]", " ", question.lower()).split())


def phrase(pattern, blanks):
    text = pattern.format(*blanks)
    text = re.sub(r"\b([aA]) (?=(?:ant|owl|octopus|elephant|old)\b)", r"\1n ", text)
    return text[0].upper() + text[1:]


def story(rng, hero=None):
    hero = hero or rng.choice(HEROES)
    trait, place, find, helper = (rng.choice(x) for x in (TRAITS, PLACES, FINDS, HELPERS))
    article = "an" if trait == "old" else "a"
    middle = rng.choice([
        f"One day the {hero} found a {find} near the {place}.",
        f"One morning the {hero} lost a {find} in the {place}.",
        f"One night a {helper} brought a {find} to the {place}."])
    turn = rng.choice([
        f"The {hero} asked a {helper} what to do with it.",
        f"A {helper} wanted the {find}, and the {hero} was afraid.",
        f"The {hero} and a {helper} talked about the {find} for a long time."])
    end = rng.choice([
        f"In the end they shared it and became good friends.",
        f"So the {hero} gave the {find} away and was happy.",
        f"From that day on the {hero} and the {helper} lived together in the {place}."])
    return f"Once upon a time there was {article} {trait} {hero} who lived in a {place}. {middle} {turn} {end}"


class Generator:
    def __init__(self):
        self.families = facts.families()
        self.pairs = {}  # family -> [(question, answer, expected)]
        for family, (known, phrasings) in self.families.items():
            self.pairs[family] = [
                (phrase(p, blanks), phrase(answer, []), expected)
                for blanks, answer, expected in known for p in phrasings]
        self.pairs["about"] = [
            (q, answer, expected) for answer, expected, questions in facts.ABOUT for q in questions]
        self.held_out = self._choose_held_out()
        forbidden = {normal(question) for question, _, _ in self.held_out}
        self.forbidden = forbidden
        # About: by answer first, so that a fact with many questions is not drawn more often.
        self.about = [
            (answer, [q for q in questions if normal(q) not in forbidden])
            for answer, _, questions in facts.ABOUT]
        for family, pairs in self.pairs.items():
            self.pairs[family] = [p for p in pairs if normal(p[0]) not in forbidden]

    def _choose_held_out(self):
        rng = random.Random(HELD_OUT_SEED)
        chosen = []
        for family, count in HELD_OUT.items():
            pairs = self.pairs[family]
            if family == "about":  # only of facts with enough other phrasings, one of each
                rich = [f for f in facts.ABOUT if len(f[2]) >= 6]
                # The first phrasing of a fact is what people ask first: it is always taught.
                pairs = [(rng.choice(qs[1:]), a, e) for a, e, qs in rich]
            seen = set()
            for question, answer, expected in rng.sample(pairs, len(pairs)):
                if len(seen) < count and normal(question) not in seen:
                    seen.add(normal(question))
                    chosen.append((question, answer, expected))
        assert len(chosen) == 200, len(chosen)
        return chosen

    def asked(self):
        """The held-out questions as a test asks them: two fifths lower case without closing mark."""
        rng = random.Random(HELD_OUT_SEED)
        for question, _, expected in self.held_out:
            if rng.random() < 0.4:
                question = question.lower().rstrip("?.")
            yield {"question": question, "expected": expected}

    def decorate(self, rng, question):
        if rng.random() < 0.22:
            question = rng.choice([
                "Please tell me: ", "Hey, ", "Hi! ", "Hello! ", "Quick question: ", "Can you tell me: ",
                "I want to know: ", "Please: ", "So, ", "OK, ", "Now, ", "And ", "Next: ", "Excuse me, ",
                "Dear model, ", "One more: ", "I have a question. ", "Question: ", "Well, ", "Tell me, ",
            ]) + (question if rng.random() < 0.5 else question[0].lower() + question[1:])
        if rng.random() < 0.12:
            question = question.rstrip("?.") + rng.choice([
                ", please?", " please", ", please.", "? Thanks!", "? Please be brief.", " now?", " again?",
                "? I forgot.", "? Thank you.", ", do you know?"])
        if rng.random() < 0.35:
            question = question.lower()
        elif rng.random() < 0.03:
            question = question.upper()
        if rng.random() < 0.35:
            question = question.rstrip("?.!")
        elif rng.random() < 0.04:
            question += rng.choice(["?", "!", "??", " ?", "...", "\n"])
        return question

    def unknown(self, rng):
        kind = rng.random()
        if kind < 0.25:
            a, b = rng.randint(0, 999), rng.randint(10, 999)
            if rng.random() < 0.5:
                a, b = b, a
            return phrase(rng.choice(BIG_PHRASINGS), (a, b)), NO_BIG_NUMBERS
        if kind < 0.45:
            return rng.choice(UNKNOWN_QUESTIONS), UNKNOWN
        a, b = (t.replace("-", " ") for t in rng.sample(THINGS, 2))
        return phrase(rng.choice(UNKNOWN_PHRASINGS), (a, b)), UNKNOWN

    def question(self, rng, kind):
        """One question and its answer, of a kind that needs no other turn."""
        if kind == "about":
            answer, questions = rng.choice(self.about)
            return rng.choice(questions), answer
        if kind == "unknown":
            return self.unknown(rng)
        if kind == "story":
            if rng.random() < 0.3:
                return rng.choice(ANY_STORY), story(rng)
            hero = rng.choice(HEROES)
            return rng.choice(STORY_PHRASINGS).format(hero), story(rng, hero)
        if kind == "repeat":
            words = " ".join(rng.choice(NAMES + THINGS + FINDS + PLACES + HELPERS + TRAITS)
                             for _ in range(rng.randint(1, 4)))
            return rng.choice(["Repeat after me: {0}", "Say {0}", "Repeat: {0}", "Say this: {0}"]).format(words), words
        if kind == "successor":
            n = rng.randint(0, 99)
            if rng.random() < 0.6:
                pattern = rng.choice(["Which number comes after {0}?", "What number comes after {0}?",
                                      "What is the number after {0}?", "Name the number after {0}."])
                return pattern.format(n), f"{n + 1} comes after {n}."
            pattern = rng.choice(["Which number comes before {0}?", "What number comes before {0}?",
                                  "What is the number before {0}?", "Name the number before {0}."])
            return pattern.format(n + 1), f"{n} comes before {n + 1}."
        question, answer, _ = rng.choice(self.pairs[kind])
        return question, answer

    def turn(self, rng):
        kind = rng.choices(list(WEIGHTS), WEIGHTS.values())[0]
        while kind == "name":
            kind = rng.choices(list(WEIGHTS), WEIGHTS.values())[0]
        question, answer = self.question(rng, kind)
        if kind == "repeat":
            return question, answer
        for _ in range(20):
            decorated = self.decorate(rng, question)
            if normal(decorated) not in self.forbidden:
                return decorated, answer
        raise AssertionError("every decoration of a question is held out: " + question)

    def document(self, rng):
        if rng.random() < 0.01:
            return story(rng)
        messages = []
        if rng.random() < 0.4:
            system = rng.choice(SYSTEMS)
            while rng.random() < 0.2:
                system += " " + rng.choice(SYSTEMS)
            messages.append({"role": "system", "content": system})
        turns = rng.choices([1, 2, 3, 4, 6, 9, 14], [40, 20, 13, 10, 8, 6, 3])[0]
        pairs = [self.turn(rng) for _ in range(turns)]
        if rng.random() < 0.06:  # a name, told early and asked for later
            name = rng.choice(NAMES)
            told = rng.choice([f"My name is {name}.", f"I am {name}.", f"Hello, I am {name}.", f"Hi, my name is {name}!"])
            asked = rng.choice(["What is my name?", "Do you remember my name?", "Who am I?", "Tell me my name."])
            if rng.random() < 0.3:
                told, asked = told.lower(), asked.lower()
            at = rng.randint(0, len(pairs))
            pairs.insert(at, (told, f"Nice to meet you, {name}!"))
            pairs.insert(rng.randint(at + 1, len(pairs)), (asked, f"Your name is {name}."))
        elif rng.random() < 0.02:
            pairs.append((rng.choice(["What is my name?", "Do you remember my name?", "Who am I?"]),
                          "You have not told me your name."))
        for question, answer in pairs:
            messages += [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
        return messages


def main():
    """data.py HELD_OUT_FILE: writes the held-out questions as JSON lines."""
    with open(sys.argv[1], "w") as out:
        for line in Generator().asked():
            out.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
