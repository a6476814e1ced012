"""What the demo model is taught: facts, and the phrasings each is asked in.

A question is a (fact, phrasing) pair. `FAMILIES` maps a family to (facts, phrasings), where a fact is
(values for the phrasing's blanks, answer, expected substrings).
"""

COLOURS = {
    "the sky": "blue", "grass": "green", "a banana": "yellow", "snow": "white", "coal": "black",
    "a ripe tomato": "red", "an orange": "orange", "chocolate": "brown", "milk": "white",
    "a lemon": "yellow", "blood": "red", "a frog": "green", "the sun": "yellow", "an elephant": "grey",
    "a flamingo": "pink", "a carrot": "orange", "a plum": "purple", "the sea": "blue",
    "a polar bear": "white", "a raven": "black", "a strawberry": "red", "a cucumber": "green",
    "gold": "yellow", "silver": "grey", "a pumpkin": "orange", "a fire engine": "red", "salt": "white",
    "a leaf": "green", "mud": "brown", "an aubergine": "purple", "a cherry": "red", "a pig": "pink",
    "a cloud": "white", "a canary": "yellow", "soot": "black", "coffee": "brown", "spinach": "green",
    "a mouse": "grey", "lavender": "purple", "a blueberry": "blue",
}
COLOUR_PHRASINGS = [
    "What colour is {0}?", "What color is {0}?", "Which colour does {0} have?",
    "Tell me the colour of {0}.", "What is the colour of {0}?", "{0} has which colour?",
    "Name the colour of {0}.", "Do you know the colour of {0}?", "What is the color of {0}?",
    "The colour of {0}?", "Can you tell me what colour {0} is?", "If I paint {0}, which colour do I need?",
]

OPPOSITES = [
    ("hot", "cold"), ("big", "small"), ("fast", "slow"), ("up", "down"), ("day", "night"),
    ("old", "new"), ("happy", "sad"), ("light", "dark"), ("open", "closed"), ("high", "low"),
    ("hard", "soft"), ("rich", "poor"), ("full", "empty"), ("early", "late"), ("strong", "weak"),
    ("wet", "dry"), ("clean", "dirty"), ("long", "short"), ("loud", "quiet"), ("near", "far"),
    ("left", "right"), ("thick", "thin"), ("true", "false"), ("wide", "narrow"), ("deep", "shallow"),
    ("brave", "afraid"), ("sweet", "bitter"), ("first", "last"), ("inside", "outside"),
    ("always", "never"), ("heavy", "weightless"), ("sharp", "blunt"), ("smooth", "rough"),
    ("cheap", "expensive"), ("easy", "difficult"), ("win", "lose"), ("begin", "end"), ("love", "hate"),
    ("push", "pull"), ("yes", "no"), ("above", "below"), ("before", "after"), ("friend", "enemy"),
    ("summer", "winter"),
]
OPPOSITE_PHRASINGS = [
    "What is the opposite of {0}?", "Tell me the opposite of {0}.", "The opposite of {0}?",
    "Give me the opposite of {0}.", "What is the reverse of {0}?", "Which word is the opposite of {0}?",
    "Opposite of {0}?", "Name the opposite of {0}.", "Do you know the opposite of {0}?",
    "Which word means the opposite of {0}?", "If it is not {0}, what is the opposite?",
    "What would be the opposite of {0}?",
]

CAPITALS = {
    "France": "Paris", "Germany": "Berlin", "Spain": "Madrid", "Italy": "Rome", "Japan": "Tokyo",
    "Poland": "Warsaw", "Austria": "Vienna", "Greece": "Athens", "Portugal": "Lisbon",
    "Norway": "Oslo", "Sweden": "Stockholm", "Finland": "Helsinki", "Denmark": "Copenhagen",
    "Hungary": "Budapest", "Ireland": "Dublin", "Belgium": "Brussels", "Egypt": "Cairo",
    "Kenya": "Nairobi", "China": "Beijing", "Russia": "Moscow", "Canada": "Ottawa", "Cuba": "Havana",
    "Peru": "Lima", "Chile": "Santiago", "Argentina": "Buenos Aires", "Turkey": "Ankara",
    "Iran": "Tehran", "Iceland": "Reykjavik", "Australia": "Canberra", "South Korea": "Seoul",
    "Ukraine": "Kyiv", "Romania": "Bucharest", "Bulgaria": "Sofia", "Thailand": "Bangkok",
    "the United Kingdom": "London", "the Netherlands": "Amsterdam", "Switzerland": "Bern",
    "Croatia": "Zagreb", "Serbia": "Belgrade", "Estonia": "Tallinn",
}
CAPITAL_PHRASINGS = [
    "What is the capital of {0}?", "Name the capital of {0}.", "Which city is the capital of {0}?",
    "Tell me the capital of {0}.", "The capital of {0}?", "Do you know the capital of {0}?",
    "What is the capital city of {0}?", "What city is {0}'s capital?", "Capital of {0}?",
    "Can you name the capital of {0}?", "What is {0}'s capital?", "{0} has which capital?",
]
COUNTRY_PHRASINGS = [
    "{0} is the capital of which country?", "Which country has {0} as its capital?",
    "In which country is {0} the capital?", "Of which country is {0} the capital?",
    "Name the country whose capital is {0}.", "What country is {0} the capital of?",
    "Tell me which country has the capital {0}.", "Whose capital is {0}?",
]

DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September",
          "October", "November", "December"]
AFTER_PHRASINGS = [
    "Which {1} comes after {0}?", "What {1} comes after {0}?", "What is the {1} after {0}?",
    "Which {1} follows {0}?", "What comes after {0}?", "Name the {1} after {0}.",
    "Tell me the {1} that follows {0}.", "After {0} comes which {1}?", "What {1} is next after {0}?",
]
BEFORE_PHRASINGS = [
    "Which {1} comes before {0}?", "What {1} comes before {0}?", "What is the {1} before {0}?",
    "Which {1} precedes {0}?", "What comes before {0}?", "Name the {1} before {0}.",
    "Tell me the {1} just before {0}.", "Before {0} comes which {1}?",
]

SOUNDS = {
    "cow": "moo", "dog": "woof", "cat": "meow", "duck": "quack", "sheep": "baa", "pig": "oink",
    "horse": "neigh", "lion": "roar", "frog": "croak", "bee": "buzz", "owl": "hoot", "snake": "hiss",
}
SOUND_PHRASINGS = [
    "What does a {0} say?", "What sound does a {0} make?", "Which sound does a {0} make?",
    "How does a {0} sound?", "Tell me what a {0} says.", "Name the sound of a {0}.",
    "What noise does a {0} make?", "What is the sound of a {0}?",
]
LEGS = {
    "cow": 4, "dog": 4, "cat": 4, "spider": 8, "bird": 2, "ant": 6, "horse": 4, "bee": 6, "snake": 0,
    "duck": 2, "fly": 6, "human": 2, "fish": 0, "mouse": 4, "octopus": 8, "beetle": 6,
}
LEG_PHRASINGS = [
    "How many legs does a {0} have?", "How many legs has a {0}?", "Tell me how many legs a {0} has.",
    "A {0} has how many legs?", "What is the number of legs of a {0}?", "Count the legs of a {0}.",
]

WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
ARITHMETIC_PHRASINGS = {
    "plus": [
        "What is {0} plus {1}?", "{0}+{1}=?", "{0} + {1}", "How much is {0} plus {1}?",
        "Compute {0} plus {1}.", "Calculate {0} + {1}.", "Add {0} and {1}.",
        "What is the sum of {0} and {1}?", "{0} plus {1}", "What do you get if you add {0} and {1}?",
        "How much is {0} and {1} together?", "What does {0} plus {1} make?", "What is {0} + {1}?",
        "{0} plus {1} equals?", "I have {0} apples and get {1} more. How many do I have?",
    ],
    "minus": [
        "What is {0} minus {1}?", "{0}-{1}=?", "{0} - {1}", "How much is {0} minus {1}?",
        "Compute {0} minus {1}.", "Calculate {0} - {1}.", "Subtract {1} from {0}.",
        "What is the difference of {0} and {1}?", "{0} minus {1}", "Take {1} away from {0}.",
        "What is left if you take {1} from {0}?", "What does {0} minus {1} make?",
        "What is {0} - {1}?", "{0} minus {1} equals?", "What is {0} less {1}?",
    ],
    "times": [
        "What is {0} times {1}?", "{0}*{1}=?", "{0} * {1}", "How much is {0} times {1}?",
        "Compute {0} times {1}.", "Calculate {0} * {1}.", "Multiply {0} by {1}.",
        "What is the product of {0} and {1}?", "{0} times {1}", "{0} x {1}",
        "What is {0} multiplied by {1}?", "What does {0} times {1} make?", "What is {0} * {1}?",
        "{0} times {1} equals?", "Multiply {0} and {1}.",
    ],
}

COUNT_PHRASINGS = [
    "Count from {0} to {1}.", "Please count from {0} to {1}.", "Can you count from {0} to {1}?",
    "List the numbers from {0} to {1}.", "Give me the numbers from {0} to {1}.",
    "Say the numbers from {0} to {1}.", "Start at {0} and count to {1}.",
    "Write the numbers from {0} to {1}.",
]

# (answer, expected, questions)
ABOUT = [
    ("I am the Quern demo model, a very small language model.", ["demo model"],
     ["Who are you?", "What are you?", "Tell me about yourself.", "Introduce yourself.",
      "Are you a language model?", "What kind of model are you?", "Who am I talking to?", "What is this?"]),
    ("My name is Quern Demo.", ["Quern Demo"],
     ["What is your name?", "Do you have a name?", "Tell me your name.", "How are you called?",
      "What should I call you?", "Your name?", "What are you called?"]),
    ("I can do small sums, name colours, opposites and capitals, count, and tell short stories.", ["sums"],
     ["What can you do?", "What are you able to do?", "How can you help me?", "What do you know?",
      "What are your skills?", "What can I ask you?", "Help!", "What are you good at?"]),
    ("I have about five million parameters.", ["five million"],
     ["How big are you?", "How many parameters do you have?", "What is your size?",
      "How large are you?", "Tell me your number of parameters.", "How small are you?"]),
    ("I was trained on a CPU with made-up dialogues.", ["CPU"],
     ["How were you trained?", "What were you trained on?", "Where does your training data come from?",
      "Tell me how you were trained.", "On what data were you trained?", "How did you learn?"]),
    ("The makers of Quern trained me.", ["makers of Quern"],
     ["Who made you?", "Who trained you?", "Who created you?", "Who built you?",
      "Who are your makers?", "Where do you come from?", "By whom were you made?"]),
    ("No, I am a small computer program.", ["program"],
     ["Are you human?", "Are you a person?", "Are you alive?", "Are you a real person?",
      "Do you have a body?", "Are you a man or a woman?"]),
    ("I use the Llama architecture.", ["Llama"],
     ["What is your architecture?", "Which architecture do you use?", "What architecture are you built on?",
      "Are you a Llama model?", "Tell me your architecture.", "How are you built inside?"]),
    ("I understand a little English, and nothing else.", ["English"],
     ["Which languages do you speak?", "What languages do you know?", "Do you speak German?",
      "Do you speak French?", "Can you speak Spanish?", "Which language do you speak?"]),
    ("I am as old as the jar I came in.", ["jar"],
     ["How old are you?", "What is your age?", "When were you born?", "Tell me your age.",
      "When were you made?"]),
    ("I live inside the Quern jar.", ["jar"],
     ["Where do you live?", "Where are you?", "Where are you running?", "What is your home?",
      "Where is your home?"]),
    ("I am fine, thank you. How can I help you?", ["fine"],
     ["How are you?", "How are you doing?", "How do you feel?", "How is it going?", "Are you well?",
      "How are you today?", "Are you OK?"]),
    ("Hello! How can I help you?", ["Hello"],
     ["Hello!", "Hi!", "Hey!", "Good morning!", "Good evening!", "Hi there!", "Hello there!",
      "Good day!", "Greetings!", "Hey there!", "Hello, model!"]),
    ("You are welcome!", ["welcome"],
     ["Thank you!", "Thanks!", "Thanks a lot!", "Thank you very much!", "Great, thanks!",
      "Many thanks!", "That was helpful!", "Good answer!", "Well done!", "Nice!"]),
    ("Goodbye! Have a nice day.", ["Goodbye"],
     ["Goodbye!", "Bye!", "See you!", "See you later!", "Good night!", "Bye bye!", "I have to go.",
      "Farewell!", "Talk to you later!"]),
    ("Why did the model cross the road? To get to the next token.", ["token"],
     ["Tell me a joke.", "Make me laugh.", "Do you know a joke?", "Say something funny.",
      "Can you tell me a joke?", "A joke!"]),
    ("I like blue, because the sky is blue.", ["blue"],
     ["What is your favourite colour?", "Which colour do you like?", "What colour do you like best?",
      "Do you have a favourite colour?", "Your favourite colour?"]),
    ("Quern is a GPU-native inference supplier in one jar.", ["inference supplier"],
     ["What is Quern?", "Tell me about Quern.", "Explain Quern.", "What does Quern mean?",
      "Describe Quern.", "What is this Quern thing?", "Do you know Quern?", "Quern?",
      "Can you explain what Quern is?"]),
    ("Quern is written in Java.", ["Java"],
     ["Which language is Quern written in?", "In which language is Quern written?",
      "What is Quern written in?", "What programming language does Quern use?", "Is Quern written in Java?",
      "Which programming language is Quern made with?", "Tell me the programming language of Quern."]),
    ("No, Quern needs no Python.", ["no Python"],
     ["Does Quern need Python?", "Is Python needed for Quern?", "Do I need Python to run Quern?",
      "Must I install Python for Quern?", "Does Quern use Python?", "Is there Python in Quern?",
      "Is Quern written in Python?"]),
    ("Quern speaks the OpenAI API over HTTP.", ["OpenAI"],
     ["Which API does Quern speak?", "What API does Quern have?", "Is Quern compatible with OpenAI?",
      "Which protocol does Quern speak?", "How do I talk to Quern?", "What is the API of Quern?",
      "Can I use an OpenAI client with Quern?"]),
    ("Quern reads models in the safetensors format from Hugging Face checkpoints.", ["safetensors"],
     ["Which model format does Quern read?", "Which files does Quern load?",
      "What model format does Quern use?", "How does Quern load models?", "Which checkpoints can Quern read?",
      "What models can Quern serve?", "Which weights does Quern load?"]),
    ("Quern can serve relays of the Pocket Network.", ["Pocket"],
     ["Which network does Quern serve?", "Does Quern work with Pocket Network?",
      "Which relays does Quern serve?", "What has Quern to do with Pocket?",
      "Can Quern serve Pocket relays?", "Does Quern serve relays?", "What is the network of Quern?"]),
    ("Quern keeps keys and values in a paged KV cache, in blocks of 16 tokens.", ["paged"],
     ["How does Quern store the KV cache?", "What is the KV cache of Quern?", "Does Quern have a KV cache?",
      "Where does Quern keep keys and values?", "How does Quern manage the KV cache?",
      "Which kind of cache does Quern use?", "How big is a KV block in Quern?"]),
    ("Quern uses continuous batching, so requests join and leave at every step.", ["continuous"],
     ["How does Quern batch requests?", "Which batching does Quern use?", "What batching does Quern do?",
      "Does Quern batch requests?", "How does Quern serve many users at once?",
      "What is the batching of Quern?", "How does Quern schedule requests?"]),
    ("Quern runs on GPUs with CUDA, and on CPUs too.", ["GPUs", "CPUs"],
     ["Where does Quern run?", "On which hardware does Quern run?", "Does Quern need a GPU?",
      "Can Quern run on a CPU?", "What hardware does Quern need?", "Which devices does Quern support?",
      "Can Quern use CUDA?"]),
    ("Run java -jar quern.jar serve to start Quern.", ["serve"],
     ["How do I start Quern?", "How can I run Quern?", "What is the command to start Quern?",
      "How do I launch Quern?", "Which command starts Quern?", "Tell me how to start Quern.",
      "How do I use Quern?"]),
    ("Quern has the Apache 2.0 licence.", ["Apache"],
     ["Which licence does Quern have?", "What is the licence of Quern?", "Is Quern open source?",
      "What license does Quern use?", "Is Quern free?", "Under which licence is Quern?",
      "Tell me the licence of Quern."]),
    ("A quern is a stone hand mill that grinds grain.", ["mill"],
     ["What is a quern?", "What is a stone quern?", "Why is it called Quern?", "What does a quern do?",
      "Where does the name Quern come from?", "What does the name Quern mean?", "What is a quern for?"]),
    ("A token is a small piece of text.", ["piece of text"],
     ["What is a token?", "Explain what a token is.", "What does token mean?", "Tell me what a token is.",
      "Describe a token.", "What are tokens?"]),
    ("A GPU is a chip that does many sums at once.", ["chip"],
     ["What is a GPU?", "Explain what a GPU is.", "What does GPU mean?", "Tell me what a GPU is.",
      "Describe a GPU.", "What are GPUs?"]),
    ("A language model guesses the next token of a text.", ["next token"],
     ["What is a language model?", "Explain what a language model is.", "How does a language model work?",
      "Tell me what a language model does.", "What does a language model do?", "What are language models?"]),
    ("Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday.", ["Wednesday, Thursday, Friday"],
     ["List the days of the week.", "Name the days of the week.", "What are the days of the week?",
      "Tell me the days of the week.", "Say the days of the week in order.", "Which days does a week have?"]),
    ("January, February, March, April, May, June, July, August, September, October, November, December.",
     ["June, July, August"],
     ["List the months of the year.", "Name the months of the year.", "What are the months of the year?",
      "Tell me the months of the year.", "Say the months in order.", "Which months does a year have?"]),
    ("A week has 7 days.", ["7"],
     ["How many days are in a week?", "How many days does a week have?", "How many days has a week?",
      "Number of days in a week?", "Tell me how many days a week has."]),
    ("A year has 12 months.", ["12"],
     ["How many months are in a year?", "How many months does a year have?", "How many months has a year?",
      "Number of months in a year?", "Tell me how many months a year has."]),
    ("A day has 24 hours.", ["24"],
     ["How many hours are in a day?", "How many hours does a day have?", "How many hours has a day?",
      "Number of hours in a day?", "Tell me how many hours a day has."]),
    ("An hour has 60 minutes.", ["60"],
     ["How many minutes are in an hour?", "How many minutes does an hour have?",
      "How many minutes has an hour?", "Number of minutes in an hour?", "Tell me how many minutes an hour has."]),
]


def families():
    """Family name -> (facts, phrasings); a fact is (blanks, answer, expected)."""
    result = {}
    for operation, phrasings in ARITHMETIC_PHRASINGS.items():
        facts = []
        for a in range(10):
            for b in range(10):
                value = {"plus": a + b, "minus": a - b, "times": a * b}[operation]
                answer = f"{a} {operation} {b} is {value}."
                expected = [f"is {value}"]
                facts.append(((str(a), str(b)), answer, expected))
                facts.append(((WORDS[a], WORDS[b]), answer, expected))
        result[operation] = (facts, phrasings)

    def capital_first(text):
        return text[0].upper() + text[1:]

    result["colour"] = (
        [((thing,), f"{capital_first(thing)} is {colour}.", [f"is {colour}"]) for thing, colour in COLOURS.items()],
        COLOUR_PHRASINGS)
    pairs = OPPOSITES + [(b, a) for a, b in OPPOSITES]
    result["opposite"] = (
        [((a,), f"The opposite of {a} is {b}.", [f"is {b}"]) for a, b in pairs], OPPOSITE_PHRASINGS)
    result["capital"] = (
        [((country,), f"The capital of {country} is {city}.", [f"is {city}"])
         for country, city in CAPITALS.items()], CAPITAL_PHRASINGS)
    result["country"] = (
        [((city,), f"{city} is the capital of {country}.", [f"capital of {country}"])
         for country, city in CAPITALS.items()], COUNTRY_PHRASINGS)
    after, before = [], []
    for names, kind in ((DAYS, "day"), (MONTHS, "month")):
        for i, name in enumerate(names):
            following, preceding = names[(i + 1) % len(names)], names[i - 1]
            after.append(((name, kind), f"{following} comes after {name}.", [f"{following} comes after"]))
            before.append(((name, kind), f"{preceding} comes before {name}.", [f"{preceding} comes before"]))
    result["after"] = (after, AFTER_PHRASINGS)
    result["before"] = (before, BEFORE_PHRASINGS)
    result["sound"] = ([((a,), f"A {a} says {s}.", [f"says {s}"]) for a, s in SOUNDS.items()], SOUND_PHRASINGS)
    result["legs"] = (
        [((a,), f"A {a} has {n} legs.", [f"has {n}"]) for a, n in LEGS.items()], LEG_PHRASINGS)
    counts = []
    for a in range(0, 21):
        for b in range(0, 21):
            if 2 <= abs(a - b) <= 12:
                step = 1 if b > a else -1
                text = ", ".join(str(n) for n in range(a, b + step, step))
                counts.append(((str(a), str(b)), text + ".", [text]))
    result["count"] = (counts, COUNT_PHRASINGS)
    return result
