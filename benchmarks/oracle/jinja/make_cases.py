"""Makes the cases of the Jinja interpreter's tests: what jinja2, set up as transformers does, renders.

    python make_cases.py ../../../engine/src/test/resources/jinja/cases.json

Each case is {"template", "variables", "expected"} or, where jinja2 refuses, {"template", "variables", "error"}.
`strftime_now` reads a fixed clock: 2026-11-24 15:04:05.006 UTC.
"""

import datetime
import json
import sys

import jinja2
import jinja2.ext
from jinja2.sandbox import ImmutableSandboxedEnvironment

NOW = datetime.datetime(2026, 11, 24, 15, 4, 5, 6000)


class Generation(jinja2.ext.Extension):
    """The tag that marks the assistant's own text, as transformers parses it."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)

    def _body(self, caller):
        return caller()


def environment():
    env = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, "jinja2.ext.loopcontrols"]
    )

    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = NOW.strftime
    return env


VARIABLES = {
    "s": "Hello, World",
    "empty": "",
    "text": "  two  words \n",
    "lines": "one\ntwo\n\nfour",
    "uni": "héllo ß ğ 日本 😀!",
    "quote": "it's \"q\" \\ \t\x01\u00ad\u2028",
    "html": "<b>&'\"</b>",
    "n": 7,
    "neg": -7,
    "big": 123456789012345678901234567890,
    "f": 2.5,
    "yes": True,
    "no": False,
    "nothing": None,
    "list": [3, 1, 2],
    "words": ["b", "A", "c", "a"],
    "nested": [[1, 2], [3], []],
    "d": {"a": 1, "b": "two", "c": None, "items": "shadow", "_hidden": 9},
    "mixed": {"x": [1, 2.0, "s", True, None, {"y": []}], "1": {"é": "\n"}},
    "users": [
        {"name": "ann", "age": 30, "on": True, "addr": {"city": "Rome"}},
        {"name": "Bob", "age": 25, "on": False, "addr": {"city": "oslo"}},
        {"name": "cid", "age": 30, "on": True, "addr": {"city": "Oslo"}},
    ],
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Hi"}, {"type": "image"}]},
        {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "f", "arguments": {"a": 1}}}]},
    ],
}

# Each line is an expression, printed as it is.
EXPRESSIONS = r"""
1 + 2 * 3 - 4
(1 + 2) * 3
7 // 2, -7 // 2, 7 // -2, 7 % 3, -7 % 3, 7 % -3
7 / 2, 6 / 3, 1 / 3, 2 ** 10, 2 ** -1, 2 ** 3 ** 2, -2 ** 2
7.5 // 2, -7.5 // 2, 7.5 % 2, -7.5 % 2, 1e3 % -7
2 ** 100, big * big, big // 7, big % 1000, -big // 7, big / 3
9223372036854775807 + 1, -9223372036854775807 - 2, 9223372036854775807 * 2
1_000, 0x1F, 0b101, 0o17, 1e3, 1.5e-7, 12_3.4_5
0.1 + 0.2, 1e16, 1e15, 123456789.0, 1e-4, 1e-5, 5e-324, 1.7976931348623157e308, 100.0, 2.0e-3
1e22, 1e21, 9007199254740993.0, 0.1, 1.1e16, 4.35, 2e0
-0.0, 3.0, -2.50
true + true, true * 3, not true, not 0, -true
yes and no, yes or no, 0 or "x", "" and 1, nothing or empty or "z"
1 < 2 < 3, 1 < 3 < 2, 1 == 1.0, 1 == true, "a" < "b", [1, 2] < [1, 3], (1, 2) == [1, 2]
1 != 2, "a" != "a", none == none, nothing == 0, undefd == none, undefd == undefd2
"a" in "abc", "z" not in "abc", 1 in [1, 2], 1 not in [1], "a" in d, "zz" in d, 2.0 in [1, 2], 1 in (1,)
1 in {1.0: "x"}, {1: "a", 1.0: "b", true: "c"}
"a" ~ 1 ~ none ~ true ~ 1.0 ~ [1, "x"] ~ {"k": "v"}
"a" + "b" * 3, 2 * "xy", "x" * 0, "x" * -1, [1] * 2 + [2], (1,) + (2, 3), [1, [2]] * 2
"x" if yes else "y", "x" if no else "y", "x" if no, ("a" if no) is defined, 1 if no else 2 if no else 3
1 if 2 if no else 3 else 4
not yes or yes and not no
not 1 == 2
1 + 1 ~ 2 + 2
"a" ~ "b" | upper
-5 | abs, -5.5 | abs, (-5) | abs
10 - 2 - 3, 2 * 3 % 4, 100 // 7 // 2, 2 + 3 ~ 4 * 2
[1, 2, 3][0], [1, 2, 3][-1], [1, 2, 3][5] is defined, "abc"[1], "abc"[-1], (1, 2)[1], list.0, nested.0.1
[1, 2, 3, 4, 5][1:3], [1, 2, 3][:2], [1, 2, 3][1:], [1, 2, 3][:], [1, 2, 3][::-1], [1, 2, 3, 4, 5][::2], [1, 2, 3, 4][-3:-1]
"hello"[1:3], "hello"[::-1], "hello"[-3:], "hello"[:-1], "hello"[10:], "hello"[4:1:-1], uni[-2:], uni[::-1], uni[10]
[1, 2, 3, 4][list | length - 1 :], messages[1:] | length, [0, 1, 2, 3][n - 5 : n - 3], [1, 2, 3][5::-2], [1, 2, 3][-1:-9:-1]
(1, 2, 3)[1:], range(10)[2:8:3] | list, range(5)[::-1] | list
d.a, d["a"], d.b, d["zz"] is defined, d.items is string, d["items"], d._hidden, d["_hidden"]
d.get("a"), d.get("zz"), d.get("zz", 5), d.get("c", 1)
d.keys() | list, d.values() | list, mixed.items() | list
d.keys(), {"a": 1}.values(), {"a": 1}.items()
d | length, d | list, d.keys() | length, "a" in d.keys(), 1 in d.values(), ("a", 1) in d.items()
mixed, [mixed], d
[], {}, (), (1,), [(), [()]], {"a": {"b": [1, {"c": (1, 2)}]}}
[true, false, none, 1, -1, 1.5, "s", 'it\'s', "q\"q", "both ' and \""]
quote, [quote], [uni], ["\n\t\r\\\x00\x7f\x80\xff\u1234"], ["\u200b\u3000\ue000"]
"a\nb\tc\\d\'e\"f\x41\u00e9\101\0", "\q\é", "\N{BULLET}", "a" "b" 'c'
"single", 'double "q"', "multi
line"
s.upper(), s.lower(), s.title(), s.swapcase(), s.capitalize(), "hELLO wORLD".capitalize(), "ß".upper(), "ǆ".capitalize(), "they're bill's".title()
text.strip() ~ "|", text.lstrip() ~ "|", text.rstrip() ~ "|", "xxhixx".strip("x"), "abcba".lstrip("ab"), "abcba".rstrip("ab"), "\u3000a\u00a0".strip()
s.split(), s.split(", "), s.split("o"), s.split("o", 1), s.rsplit("o", 1), "a  b c".split(" "), "a b c d".split(none, 2), "a b c d".rsplit(none, 1), " a  b ".split(maxsplit=1), "".split(), "".split(","), "aXbXc".split(sep="X")
"<think>a</think>b".split("</think>")[-1].lstrip("\n"), "x".split("y")[0]
lines.splitlines(), lines.splitlines(true), "a\r\nb\rc".splitlines(), "".splitlines(), "a\n\n".splitlines(), "a\x0bb\x1cc\u2028d".splitlines()
s.startswith("Hell"), s.startswith(("x", "H")), s.endswith("d"), s.startswith("World", 7), s.endswith("Hello", 0, 5), s.endswith(()), s.startswith("")
s.replace("l", "L"), s.replace("l", "L", 1), s.replace("", "-"), s.replace("", "-", 2), "aaa".replace("aa", "b"), "ab".replace("zz", "y")
s.find("o"), s.rfind("o"), s.find("zz"), s.index("W"), s.find("o", 5), s.count("l"), s.count(""), uni.find("日"), s.find("o", -3), s.count("l", 3)
", ".join(words), "".join(["a"]), "-".join("abc"), ",".join(d), "x".join([])
"ab".center(7) ~ "|", "abc".center(6, "*"), "ab".ljust(5, ".") ~ "|", "ab".rjust(5), "42".zfill(5), "-42".zfill(5), "+1".zfill(4), "abc".zfill(2), "abc".center(8, "*")
"abc".isalpha(), "ab1".isalnum(), "12".isdigit(), "²".isdigit(), "½".isnumeric(), "12".isdecimal(), " ".isspace(), "".isspace(), "Ab".istitle(), "ab".islower(), "AB1".isupper(), "a_1".isidentifier(), "1a".isidentifier(), "é".isascii(), "a".isprintable(), "123".isalpha()
s.partition(", "), s.rpartition("o"), s.partition("zz"), s.rpartition("zz"), s.removeprefix("Hello"), s.removesuffix("World"), s.removeprefix("x"), "a\tb".expandtabs(4), "STRAßE".casefold()
"{} {}".format(1, "a"), "{0}{1}{0}".format("a", "b"), "{x} {y!r}".format(x=1, y="s"), "{{}}".format(), "{:>5}|{:<5}|{:^5}|".format("a", "b", "c"), "{:05d} {:+d} {:,} {:_}".format(42, 7, 1234567, 1234567)
"{:.2f} {:.0f} {:e} {:g} {:%} {:.1%}".format(3.14159, 2.5, 12345.678, 0.0001, 0.5, 0.123), "{:x} {:X} {:#x} {:b} {:o} {:c}".format(255, 255, 255, 5, 8, 65), "{:*^9}".format("mid"), "{:10.3}|".format("abcdef"), "{!s:>6}".format(true)
"{0[a]} {0.b} {1[0]}".format(d, [5]), "{:{w}}|".format("a", w=4), "{:>{w}.{p}f}".format(3.14159, w=8, p=2), "{}".format(none), "{}".format([1, "a"]), "{:,.2f}".format(1234567.891), "{:010.2f}|{:<8d}|{:^8}|{:=+6d}".format(-3.14159, 5, 7, 3)
"{:g} {:g} {:g} {:.3g} {}".format(1e10, 123456789, 0.5, 1234.5, 1e100), "{:n} {:d}".format(5, true), "{:.3}".format(1234.5), "{:s}".format("x"), "{: d}".format(4), "{a}".format_map({"a": 1})
"%s and %s" % ("a", 1), "%d%%" % 50, "%5.2f|" % 3.14159, "%-5s|" % "a", "%05d" % 42, "%x %X %o" % (255, 255, 8), "%r" % "a", "%(k)s" % {"k": "v"}, "%s" % none, "%+d" % 5, "%e" % 12345.678, "%g" % 0.00001, "%c" % "x", "%s" % [1], "%.3s" % "abcdef", "%d" % 3.7, "%i" % true, "%5s|%-5d|" % ("ab", 3), "%.3d" % 5
"%s" | format("x"), "%s-%s" | format(1, 2), "%(a)s" | format(a=3)
range(5) | list, range(1, 5) | list, range(5, 0, -2) | list, range(0) | list, range(3), range(1, 9, 2)[1], range(3) | length, 2 in range(3), range(2, 5).start
dict(a=1, b="x"), dict([("a", 1), ("b", 2)]), dict({"z": 1}, y=2), dict(), dict.fromkeys(["a", "b"], 0), {"a": 1}.copy()
undefd, undefd ~ "x", [undefd], undefd | default("dflt"), undefd is defined, undefd is undefined, undefd | length, undefd | list, "x" in undefd, undefd | upper, undefd | string
empty | default("e"), empty | default("e", true), nothing | default("n"), nothing | default("n", boolean=true), none | d("x", true), 0 | default(5, true), undefd | default, d.zz | default("q"), undefd | default(default_value="kw")
n is number, f is number, yes is number, s is number, n is integer, yes is integer, f is float, n is float, yes is boolean, n is boolean, yes is true, 1 is true, no is false, nothing is none, undefd is none
s is string, n is string, d is mapping, list is mapping, list is sequence, s is sequence, d is sequence, n is sequence, undefd is sequence, undefd is iterable, list is iterable, s is iterable, n is iterable, nothing is iterable, range(3) is iterable, d.items() is sequence, d.items() is iterable
n is odd, n is even, n is divisibleby 7, n is divisibleby(2), n is eq 7, n is == 7, n is ne 3, n is gt 3, n is lessthan 9, n is ge(7), n is in [7], s is in "xHello, Worldx", n is sameas 7, none is sameas none, "abc" is lower, "ABC" is upper, s is lower, 3 is not odd, "upper" is filter, "nope" is filter, "odd" is test, namespace is callable, s is callable, s.upper is callable, range is callable, undefd is callable, s is escaped
s | upper, s | lower, "hELLO wORLD-foo (bar)" | title, "hELLO" | capitalize, text | trim ~ "|", "xxaxx" | trim("x"), s | length, s | count, uni | length, 5 | string + "x", 5 | upper, none | upper, [1] | string
list | sort, list | sort(reverse=true), words | sort, words | sort(case_sensitive=true), users | sort(attribute="age") | map(attribute="name") | list, users | sort(attribute="age,name", reverse=true) | map(attribute="name") | list, d.keys() | sort, ["b", "a"] | sort(true)
list | first, list | last, [] | first is defined, [] | last, s | first, s | last, d | first, d | last, (1, 2) | last, range(4) | last, list | reverse | list, s | reverse, d | reverse | list
list | join, list | join(", "), words | join("-"), users | join(", ", attribute="name"), [1, none, true] | join("|"), "abc" | join("."), d | join(","), [] | join("x"), undefd | join(","), list | join(d="+")
users | map(attribute="name") | list, users | map(attribute="addr.city") | join(","), words | map("upper") | list, users | map(attribute="zz", default="none") | list, [1, 2] | map("string") | list, ["a b"] | map("replace", " ", "_") | list, users | map("tojson") | first, nested | map("length") | list, nested | map(attribute="0", default=9) | list, [] | map("nope") | list
[1, 2, 3, 4] | select("odd") | list, [1, 2, 3] | reject("odd") | list, [0, 1, "", "a", none] | select | list, [0, 1] | reject | list, [1, 5, 9] | select("gt", 3) | list, words | select("in", ["a", "b"]) | list, users | selectattr("on") | map(attribute="name") | list, users | rejectattr("on") | map(attribute="name") | list, users | selectattr("age", "equalto", 30) | map(attribute="name") | list, users | selectattr("zz", "defined") | list, users | selectattr("name", "eq", "Bob") | list | length, users | selectattr("addr.city", "ne", "Rome") | map(attribute="name") | list, messages | rejectattr("role", "in", ["system", "tool"]) | list | length, [1, none] | reject("none") | list
d | dictsort, {"b": 1, "A": 2} | dictsort, {"b": 1, "A": 2} | dictsort(true), {"b": 1, "a": 2} | dictsort(false, "value"), {"b": 1, "a": 2} | dictsort(by="value", reverse=true), {"b": 1, "a": 2} | items | list, undefd | items | list
["a", "A", "b"] | unique | list, ["a", "A", "b"] | unique(case_sensitive=true) | list, [1, 1.0, true, 2] | unique | list, users | unique(attribute="age") | map(attribute="name") | list
users | groupby("age"), users | groupby("addr.city") | map("first") | list, users | groupby("zz", default="q") | map("first") | list
[1, 2, 3, 4, 5] | batch(2) | list, [1, 2, 3] | batch(2, "x") | list, [1, 2, 3, 4, 5] | slice(2) | list, [1, 2, 3] | slice(2, "f") | list, [] | batch(3) | list
[1, 2, 3] | sum, [0.5, 1] | sum, users | sum(attribute="age"), [1] | sum(start=10), [[1], [2]] | sum(start=[]), list | min, list | max, words | min, words | max, words | max(case_sensitive=true), users | max(attribute="age"), [] | max, (1.5, 1) | min
"42" | int, "42.9" | int, "x" | int, "x" | int(5), "0x1f" | int(base=16), "1_000" | int, 3.9 | int, -3.9 | int, true | int, none | int, "" | int(default=-1), " 7 " | int, "1e3" | int, "0b11" | int(0, 2), "ff" | int(0, 16), "12" | int(0, 8), [1] | int
"1.5" | float, "x" | float, "x" | float(2.5), 3 | float, "1e3" | float, "inf" | float, "nan" | float, " 2 " | float, "1_0.5" | float, none | float, ".5" | float, "5." | float, "." | float
2.5 | round, 3.5 | round, 2.675 | round(2), 42.55 | round(1), 42.55 | round(1, "floor"), 42.51 | round(1, "ceil"), 42 | round, 1234 | round(-2), 2.5 | round | int, -2.5 | round, 0.5 | round, 1e300 | round(2), 42 | round(1, "ceil"), 1.005 | round(precision=2), -0.4 | round
lines | indent, lines | indent(2), lines | indent(2, true), lines | indent(width=2, first=true, blank=true), lines | indent(">> "), lines | indent(first=True), "" | indent(2, true), "a\n" | indent ~ "|", "x" | indent(blank=true)
s | replace("o", "0"), s | replace("o", "0", 1), s | replace("Hello", ""), 123 | replace("2", "x"), "a\nb" | replace("\n", "\\n")
"one two three four" | truncate(10), "one two three four" | truncate(10, true), "one two three" | truncate(9, false, "!", 0), "short" | truncate(10), "one two three four" | truncate(length=8, end="..", leeway=0), "the quick brown fox" | wordcount, "a-b c" | wordcount, "the quick brown fox jumps" | wordwrap(10), "aaaaaaaaaaaa bb" | wordwrap(5), "aaaaaaaaaaaa bb" | wordwrap(5, false), "a b\n\nc d e" | wordwrap(3, wrapstring="|"), "x" | center(5) ~ "|"
html | escape, html | e, html | safe, html | safe | upper, (html | safe) + "<i>", "<i>" + (html | safe), "a" ~ (html | safe) ~ "<", html | forceescape, html | striptags, "<p>a  &amp; b</p>" | striptags, (html | safe) ~ 1, ("<%s>" | safe) % "<x>", [html | safe], (html | e) | e, (html | safe).replace("b", "<"), ("a" | safe) == "a", ("," | safe).join(["<", "a" | safe]), html | escape | length, ("<{}>" | safe).format("<"), {("a" | safe): 1}["a"], ("a<b" | safe).split("<"), ("a" | safe) is string, ("a" | safe) * 2
"a b&c/d?é" | urlencode, {"a b": "c&d", "e": 1} | urlencode, [("k", "v w")] | urlencode, {"class": "my", "n": none, "id": 3} | xmlattr, 1000 | filesizeformat, 1 | filesizeformat, 1234567 | filesizeformat, 1048576 | filesizeformat(true), 999 | filesizeformat
s | tojson, uni | tojson, quote | tojson, html | tojson, mixed | tojson, none | tojson, [true, 1.0, 1e100, "x", 1e-7, 123456789012345678901] | tojson, [] | tojson, {} | tojson, {"a": [], "b": {}} | tojson, {1: 2, none: 3, true: 4, 1.5: 5} | tojson, (1, 2) | tojson
mixed | tojson(indent=2), [] | tojson(indent=4), {"a": {}} | tojson(indent=1), mixed | tojson(indent=0), [1, [2]] | tojson(indent="--"), uni | tojson(ensure_ascii=true), mixed | tojson(separators=(",", ":")), {"b": 1, "a": {"d": 1, "c": 2}} | tojson(sort_keys=true), {"a": 1} | tojson(true, 2), {"b": [1, 2], "a": 1} | tojson(indent=2, separators=(" ,", " :"), sort_keys=true), "\x7f\x1f\u2028" | tojson, "\x7f\u2028😀" | tojson(ensure_ascii=true), "nan" | float | tojson, "-inf" | float | tojson
d | attr("items") is defined, d | attr("a") is defined, s | attr("upper") is callable, d | attr("nope")
list.copy(), list.index(2), list.count(1), (1, 2, 1).count(1), (1, 2).index(2), [1, 2, 3].index(3, 1), n.real, f.is_integer(), (4.0).is_integer(), (5).bit_length(), n.imag, f.real
list.append is defined, d.pop is defined, list.append, s.__class__, s.__class__ is defined, d.__len__, (1).__add__, d["__class__"]
namespace(a=1), namespace({"x": 2}), namespace(a=1).a, namespace(a=1)["a"], namespace().zz, namespace(a=1) is mapping, namespace(a=1) is iterable, namespace(_x=1)._x
strftime_now("%Y-%m-%d %H:%M:%S"), strftime_now("%d %b %Y"), strftime_now("%A, %B %d, %Y"), strftime_now("%-d/%-m/%y %I:%M %p %j %a %U %W %w %u %V %G"), strftime_now("%%x %F %T %D %R %e %k %l %f %C %h %c"), strftime_now("%x %X %r %-I %_d %0e %^a"), strftime_now("plain %z%Z")
(cycler("a", "b").next(), cycler(1, 2).current), joiner("|")() ~ "x"
[1, 2, 3,], (1, 2,), {"a": 1,}, [[1,],]
{"a": 1}.items() | list | first | last, ((1, 2), 3)[0][1]
"%s" % undefd, "%s" % ([1],), "x" * true
1.0 == 1, 1.0 is sameas 1, 10 ** 20 == 1e20, 2 ** 53 + 1 == 9007199254740993.0, "nan" | float == "nan" | float
"a" == "a" and 1 < 2 or false, (1, "a") < (1, "b"), [] == [], {} == {}, {"a": 1} == {"a": 1.0}, [1, [2]] == [1, [2.0]], {"a": 1, "b": 2} == {"b": 2, "a": 1}
"😀" < "\uffff", "Z" < "a", "" < "a", "a" < "ab", true < 2, 1 <= 1.0, 2 >= 3
s is string and n is number, s is not string or n is odd, not s is string, s is defined and s | length > 3
users[0].name, users[0]["addr"].city, users[-1].name[0] | upper, users | map(attribute="name") | map("lower") | join("/"), (users | first).age + 1
"a,b;c" | replace(",", ";") | replace(";", " ") | trim, "a" | upper | lower ~ "b", ("a" ~ "b") | length, -1 | string | length
[x for x in y]
loop is defined, caller is defined, kwargs is defined, none.a is defined, n.foo is defined, s.foo, nothing.foo
"İ".lower() | length, "ΑΣ".lower(), "ﬁ".upper(), "ı".upper()
true, True, none, None, false, False
'abc' 'def' | upper, "x".upper().lower().title()
list|length>2, list|length==3, list|length-1, (list|length)*2
"a" if undefd else "b", "a" if undefd is not defined, (undefd or "z"), undefd and 1
d.items() | map("first") | list, d.items() | selectattr(1, "none") | list, d | items | map("last") | list
[3, 1, 2] | sort | first, [[2, "b"], [1, "a"]] | sort, [(1, 2), (0, 5)] | sort | last, ["b", none] | select("string") | sort
"abc" | list, {"a": 1} | list, (1, 2) | list, "abc" | batch(2) | map("join") | list
"Tag: %s" % html, "é" | e, "\"" | e
[1, 2] | string | list | length, range(3) | join, range(3) | map("string") | join("-")
namespace(x=[1]).x[0], {"a": namespace(b=3)}.a.b
0 is defined, "" is defined, "x" is ne "y", 5 is divisibleby 5 and true
"ab" < "b" == true, 1 == 1 == 1, 1 in [1] == true
7 is odd if true else 2
s[0:1] ~ s[7:], s[:n], s[n:], s[n:n], s[:neg], s[neg:]
"\u0041\U0001F600" | length, "\x41" == "A"
"x" ~ -1, 3 - -2, 3 - +2, - - 2, +true
"{:>8}".format("日本") ~ "|", "日本".center(6) ~ "|", "%4s|" % "é"
(n > 5 and "big") or "small", (n > 50 and "big") or "small"
{"k": "v"}["k"], {"k": {"z": [0, 1]}}.k.z[1], {1: "one"}[1], {(1, 2): "t"}[(1, 2)], {none: 1}[none], {1.5: "x"}[1.5], {"a" ~ 1: n}["a1"]
[undefd] | length, [undefd] == [undefd], (undefd, 1) | first is undefined, {"a": undefd} | string
"a" | indent(2) | trim, "a\r\nb" | indent, 'x\ty' | tojson
1.5 | string, 1e20 | string | length, big | string, 1e20 | int, "1e20" | float | int
"5" | int + 5, "5" + 5 | string, ("5" | float) * 2, 7 | float // 2
"abc" | upper if yes else "no", ["a", "b"][1] | upper, ("a", "b") | map("upper") | join
"%.2f" | format(3.14159), "%5s|" | format("a"), "{0:.3f}".format(2 / 3), 2 / 3, 1 / 7 * 7, 1e-10 * 3
nested | map("sum") | list, nested | sum(start=[]), nested | first | last, nested[0][1:] + nested[1]
users | map(attribute="age") | unique | list, users | map(attribute="age") | max, users | selectattr("age", "gt", 26) | map(attribute="name") | join(" & ")
loop
"a" is in "abc", "a" is not in ["b"], 3 is not none
("x" ~ "y") is string, ["a"] is not mapping and ["a"] is not string
"ab\ncd" | title, "a.b-c_d e" | title, "éa ñb" | title, "o'neil (mc)" | title
"A" ~ ("b" if no) ~ "C"
uni | upper, uni | lower, uni | title, uni | capitalize, uni | reverse, uni[6:9], uni.split(), uni | first, uni | last, uni | list | length, uni.index("日"), uni.center(20, "😀"), uni | truncate(8, true, "", 0), uni | urlencode
"x" | batch(0) | list, [] | slice(3) | list
""" + '"\\ud83d" | length\n'

# Expressions that must fail, one a line.
ERRORS = r"""
undefd.foo
undefd["x"]
undefd()
undefd + 1
1 + undefd
undefd < 1
-undefd
undefd[1:]
none.a.b
n.foo.bar
d.zz.y
"a" + 1
1 + "a"
[1] + (2,)
{} + {}
"a" - 1
"a" * "b"
"a" * 1.5
1 < "a"
none < 1
[1] < ["a"]
1 / 0
1 // 0
1 % 0
1.0 / 0
0 ** -1
none | length
5 | length
n | first
n | list
none | join
5 | join
range(200000) | list
range(10 ** 9)
range("a")
range(1, 2, 0)
[].append(1)
list.append(4)
d.update({})
d.pop("a")
d.setdefault("q", 1)
list.sort()
list.insert(0, 1)
s()
n()
"x".nope()
none()
raise_exception("stop here")
raise_exception()
"a" in 5
"a" in none
1 in "abc"
[] in {}
{[]: 1}
{"a": 1} | tojson(bogus=1)
undefd | tojson
[undefd] | tojson
namespace(a=1) | tojson
range(3) | tojson
{(1, 2): 1} | tojson
"x" | nofilter
"x" is notest
["b", 1] | sort
[none, 1] | sort
words | map("nofilter") | list
words | select("notest") | list
words | map | list
users | selectattr
[1, "a"] | sum
["a"] | sum
"abc".index("z")
[1].index(5)
"a".join([1])
"a".split("")
"%d" % "x"
"%s %s" % ("a",)
"%s" % ("a", "b")
"%(x)s" % {"y": 1}
"%q" % 1
"{} {}".format(1)
"{x}".format(y=1)
"{".format()
"}".format()
"{:d}".format("x")
"{:s}".format(1)
"abc"[::0]
s["x":]
list[1.5:]
n[1:]
nothing[1:]
d[1:]
"a" | round
"a" | abs
undefd | abs
undefd | int
none | float("x") + 1
[1, 2] | batch
s | replace("a")
s | indent(none)
n | indent
s | truncate(1)
s | default(1, 2, 3)
s | upper(1)
s.upper(1)
s.startswith()
s.startswith(1)
s.replace("a")
d.get()
d.items(1)
dict(1)
dict([1])
dict([(1, 2, 3)])
namespace(1)
cycler()
strftime_now()
"a" ~ undefd.b
d.a.b.c
undefd | dictsort
5 | dictsort
list | dictsort
list | items
none | map("upper") | list | first | upper + 1
d | dictsort(by="nope")
42 | round(1, "nope")
"x" | format(1, a=2)
[[1]] | unique | list
undefd is divisibleby 2
"abc" is odd
n is divisibleby 0
n is divisibleby
n is eq
1 is in 5
"x".center("y")
"x".center(5, "ab")
"x".zfill()
"é" | int + "x"
messages[0].content.foo()
messages[5].role.x
(1, 2).append(3)
d.append(1)
"a" is string is string
1 +
(1
[1, 2
{"a" 1}
{"a": }
1 2
"abc
'x
a b
|upper
"a" |
a..b
a.
x[
x[]
f(
f(a=1, 2)
f(a=1, a=2)
f(**a, *b)
1 = 2
@
a ? b : c
a && b
!a
$x
"\x4"
"\u12"
"\N{NO SUCH NAME}"
not
in
if
10 ** 20 ** 20 ** 2
"a" if
"a" if x else
[1 for x in y]
lambda x: x
{1, 2}
x := 1
a.1b
1a
_
x if y else z if
"%" % 1
"%5" % 1
[1] | sort(nope=1)
[3] | sort(attribute="a.b")
nested | sum
"abc" | batch("x")
"abc" | slice(0) | list
""".replace("\n_\n", "\n")

# Whole templates.
TEMPLATES = [
    # Scopes
    "{% set x = 1 %}{% for i in [1, 2] %}{% set x = x + i %}{{ x }},{% endfor %}{{ x }}",
    "{% for i in [1] %}{% set y = 5 %}{% endfor %}{{ y }}|",
    "{% if true %}{% set z = 3 %}{% endif %}{{ z }}",
    "{% if false %}{% set z = 3 %}{% endif %}{{ z }}|{{ z is defined }}",
    "{% set ns = namespace(x=0) %}{% for i in range(4) %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}",
    "{% set ns = namespace() %}{% set ns.a = 1 %}{% set ns.b = ns.a ~ 'x' %}{{ ns.b }}{{ ns }}",
    "{% set ns = namespace(found=false) %}{% for m in messages %}{% if m.role == 'user' and not ns.found %}{% set ns.found = true %}{{ loop.index0 }}{% endif %}{% endfor %}",
    "{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set (c, d2) = [3, 4] %}{{ c }}{{ d2 }}{% set t = 1, %}{{ t }}{% set u = 1, 2 %}{{ u }}",
    "{% set ns = namespace() %}{% set ns.a, b = 1, 2 %}{{ ns.a }}{{ b }}",
    "{% set x.y = 1 %}",
    "{% set x = {} %}{% set x.y = 1 %}",
    "{% set a, b = 1 %}",
    "{% set a, b = [1, 2, 3] %}",
    "{% set a, b = 'xy' %}{{ a }}{{ b }}",
    "{% set true = 1 %}",
    "{% set 1 = 2 %}",
    "{% set s = 'shadow' %}{{ s }}{% for s in [1] %}{{ s }}{% endfor %}{{ s }}",
    "{% for n in [1, 2] %}{{ n }}{% endfor %}{{ n }}",
    "{% for x in [1] %}{% for y in [2] %}{% set z = x + y %}{{ z }}{% endfor %}{{ z is defined }}{% endfor %}",
    "{% for i in [1, 2, 3] %}{% if loop.first %}{% set q = i %}{% endif %}{{ q }}|{% endfor %}",
    "{% with %}{% set w = 1 %}{{ w }}{% endwith %}{{ w is defined }}",
    "{% with a = 1, b = n %}{{ a }}{{ b }}{% endwith %}{{ a is defined }}",
    "{% set a = 5 %}{% with a = 1, b = a %}{{ a }}{{ b }}{% endwith %}{{ a }}",
    "{% set x %}block {{ n }}{% endset %}[{{ x }}]{{ x is string }}",
    "{% set x | upper %}block {{ n }}{% endset %}[{{ x }}]",
    "{% set x | upper | replace('B', '<') %}block{% endset %}[{{ x }}]",
    "{% set x %}{% set inner = 1 %}a{% endset %}{{ inner is defined }}",
    "{% set ns = namespace() %}{% set ns.t %}hello{% endset %}{{ ns.t }}",
    "{% filter upper %}abc{{ n }}{% endfilter %}",
    "{% filter upper | replace('A', 'x') %}abc{% endfilter %}|{% filter indent(2) %}\na\nb{% endfilter %}",
    "{% filter trim %}  {% set k = 1 %} x {% endfilter %}{{ k is defined }}",
    "{% generation %}{% set g = 1 %}in {{ g }}{% endgeneration %} {{ g is defined }}",
    "{% for m in messages %}{%- if m.role == 'system' -%}{% generation %}{{ m.content }}{% endgeneration %}{%- endif -%}{% endfor %}",
    "{%- generation -%}  x  {%- endgeneration -%}  y",
    "{% block main %}in {{ n }}{% endblock %}{% block b2 %}{% set v = 1 %}{{ v }}{% endblock b2 %}{{ v is defined }}",
    "{% set v = 2 %}{% block main %}{{ v }}{% endblock %}{% for i in [1] %}{% block inner %}{{ i is defined }}{% endblock %}{% endfor %}",
    "{% block a %}{% endblock %}{% block a %}{% endblock %}",
    "{% print n, s %}{% print(1) %}",
    # Loops
    "{% for i in list %}{{ loop.index }}/{{ loop.length }} {{ loop.index0 }} {{ loop.revindex }} {{ loop.revindex0 }} {{ loop.first }} {{ loop.last }}\n{% endfor %}",
    "{% for i in list %}{{ loop.previtem }}<{{ i }}>{{ loop.nextitem }} {{ loop.depth }}{{ loop.depth0 }};{% endfor %}",
    "{% for i in list %}{{ loop.previtem is defined }}{{ loop.nextitem is defined }};{% endfor %}",
    "{% for i in list %}{{ loop.cycle('a', 'b') }}{% endfor %}",
    "{% for i in [1, 1, 2, 2, 1] %}{% if loop.changed(i) %}{{ i }}{% endif %}{% endfor %}",
    "{% for i in [] %}x{% else %}none{% endfor %}{% for i in [1] %}x{% else %}none{% endfor %}",
    "{% for i in undefd %}x{% else %}none{% endfor %}",
    "{% for i in none %}x{% endfor %}",
    "{% for i in 5 %}x{% endfor %}",
    "{% for c in 'aé😀' %}[{{ c }}]{% endfor %}",
    "{% for k in d %}{{ k }},{% endfor %}{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}",
    "{% for k, v in mixed | items %}{{ k }}={{ v }};{{ loop.last }}{% endfor %}",
    "{% for k, v in mixed | dictsort %}{{ loop.index }}{{ k }}{% endfor %}",
    "{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}",
    "{% for a, b in [(1, 2, 3)] %}{% endfor %}",
    "{% for a, b in [1] %}{% endfor %}",
    "{% for i in range(6) if i is odd %}{{ i }}{{ loop.index }}{{ loop.last }}{{ loop.length }} {% endfor %}",
    "{% for i in range(6) if i > 10 %}{{ i }}{% else %}nothing{% endfor %}",
    "{% for u in users if u.on %}{{ u.name }}{% if not loop.last %}, {% endif %}{% endfor %}",
    "{% for i in range(10) %}{% if i == 3 %}{% continue %}{% endif %}{% if i == 6 %}{% break %}{% endif %}{{ i }}{% endfor %}",
    "{% for i in [1, 2] %}{% for j in [1, 2, 3] %}{% if j == 2 %}{% break %}{% endif %}{{ i }}{{ j }} {% endfor %}{% endfor %}",
    "{% for i in [1] %}{% break %}{% else %}e{% endfor %}|{% for i in [1] %}{% continue %}{% else %}e{% endfor %}",
    "{% break %}",
    "{% continue %}",
    "{% for i in [1] %}{% macro m() %}{% break %}{% endmacro %}{% endfor %}",
    "{% for i in [1,2] %}{% set x %}{% break %}{% endset %}{% endfor %}ok",
    "{% for i in [1,2] %}{% with %}{% if i == 2 %}{% break %}{% endif %}{{ i }}{% endwith %}{% endfor %}",
    "{% for i in [1,2] %}{% filter upper %}a{% if i == 1 %}{% continue %}{% endif %}b{% endfilter %}{% endfor %}",
    "{% for i in [[1, [2]], [3]] recursive %}[{% if i is sequence %}{{ loop(i) }}{% else %}{{ i }}@{{ loop.depth }}{% endif %}]{% endfor %}",
    "{% for i in nested recursive %}{{ loop.depth0 }}{% if i is iterable %}{{ loop(i) }}{% else %}({{ i }}){% endif %}{% else %}E{% endfor %}",
    "{% for i in [1] %}{{ loop([2]) }}{% endfor %}",
    "{% for loop in [1] %}{% endfor %}",
    "{% for i in [1] %}{% set loop = 2 %}{% endfor %}",
    "{% set loop = 2 %}{{ loop }}",
    "{% for i in [1, 2] %}{% set outer = loop %}{% for j in 'ab' %}{{ outer.index }}{{ loop.index }}{{ j }} {% endfor %}{% endfor %}",
    "{% for i in [1, 2] %}{% for j in range(loop.index) %}{{ j }}{% endfor %};{% endfor %}",
    "{% for m in messages[::-1] %}{{ m.role }} {% endfor %}{% for m in messages | reverse %}{{ m.role }}{{ loop.length }} {% endfor %}",
    "{% for x in words | map('upper') %}{{ x }}{{ loop.length }}{{ loop.last }}{% endfor %}",
    "{% for x in range(3) | select('odd') %}{{ x }}{{ loop.revindex }}{% endfor %}",
    "{% set g = words | map('upper') %}{{ g | list }}{{ g | list }}{% if g %}true{% endif %}",
    "{% set g = words | map('upper') %}{{ g | first }}{{ g | list }}{{ g is iterable }}{{ g is sequence }}",
    "{{ words | map('upper') | length }}",
    "{{ (words | map('upper'))[0] is defined }}",
    "{% for i in 1, 2, 3 %}{{ i }}{% endfor %}",
    "{% for i in (1, 2) if i > 1 %}{{ i }}{% endfor %}",
    "{% for i in [1, 2] %}{{ loop }}{% endfor %}",
    "{% for row in range(5) | batch(2) %}{{ row }}{% endfor %}{% for g, l in users | groupby('age') %}{{ g }}:{{ l | map(attribute='name') | join(',') }} {% endfor %}",
    "{% for group in users | groupby('age') %}{{ group.grouper }}:{{ group.list | length }} {% endfor %}",
    # Macros
    "{% macro m(a, b=2, *c) %}{% endmacro %}",
    "{% macro m(a, b=2) %}[{{ a }}{{ b }}]{% endmacro %}{{ m(1) }}{{ m(1, 3) }}{{ m(b=5, a=4) }}{{ m() }}",
    "{% macro m(a, b=a) %}{{ b }}{% endmacro %}{{ m(1) }}",
    "{% macro m(a=b, b=2) %}{{ a }}|{{ b }}{% endmacro %}{% set b = 9 %}{{ m() }}",
    "{% macro m(a) %}{{ a is defined }}{% endmacro %}{{ m() }}{{ m(none) }}",
    "{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, x=3) }}",
    "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}",
    "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(z=2) }}",
    "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, a=2) }}",
    "{% macro m(a, b) %}{{ a }}{{ b }}{% endmacro %}{{ m(*[1, 2]) }}{{ m(**{'a': 3, 'b': 4}) }}{{ m(1, *[2]) }}{{ m(b=1, **{'a': 2}) }}",
    "{% macro m(a=1, b) %}{% endmacro %}",
    "{% macro outer() %}{{ n }}{{ g }}{% endmacro %}{% set g = 'late' %}{{ outer() }}",
    "{% macro fact(n) %}{% if n <= 1 %}1{% else %}{{ n * fact(n - 1) | int }}{% endif %}{% endmacro %}{{ fact(5) }}",
    "{% macro m() %}{% set x = 1 %}{{ x }}{% endmacro %}{{ m() }}{{ x is defined }}",
    "{% macro m(x) %}{% set x = x ~ '!' %}{{ x }}{% endmacro %}{{ m('a') }}",
    "{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}body {{ n }}{% endcall %}",
    "{% macro m(l) %}{% for i in l %}{{ caller(i) }}{% endfor %}{% endmacro %}{% call(x) m([1, 2]) %}<{{ x }}>{% endcall %}",
    "{% macro m() %}{{ caller('a', k='b') }}{% endmacro %}{% call(x, k='d', z='e') m() %}{{ x }}{{ k }}{{ z }}{% endcall %}",
    "{% macro m() %}x{% endmacro %}{% call m() %}body{% endcall %}",
    "{% macro m() %}{{ caller is defined }}{% endmacro %}{{ m() }}",
    "{% macro m(caller=none) %}{{ caller is none }}{% endmacro %}{{ m() }}{% call m() %}{% endcall %}",
    "{% macro m() %}{% if caller %}{{ caller() }}{% else %}no{% endif %}{% endmacro %}{{ m() }}{% call m() %}yes{% endcall %}",
    "{% macro m(a, b=1) %}{{ m.name }}{{ m.arguments }}{{ m.catch_kwargs }}{{ m.catch_varargs }}{{ m.caller }}{% endmacro %}{{ m(1) }}",
    "{% macro m() %}  a\n  b\n{% endmacro %}[{{ m() | trim }}][{{ m() }}]",
    "{% macro m(x) -%}\n  {{- x -}}\n{%- endmacro %}[{{ m('q') }}]",
    "{% for i in [1, 2] %}{% macro m() %}{{ i }}{% endmacro %}{{ m() }}{% endfor %}",
    "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}B{% endmacro %}{{ a() }}",
    "{% if true %}{% macro m() %}M{% endmacro %}{% endif %}{{ m() }}",
    "{% macro m() %}{{ undefd_macro() }}{% endmacro %}{{ m() }}",
    "{% macro m(d) %}{% for k, v in d.items() %}{{ k }}:{% if v is mapping %}({{ m(v) }}){% else %}{{ v }}{% endif %},{% endfor %}{% endmacro %}{{ m({'a': {'b': {'c': 1}}, 'x': 2}) }}",
    "{% macro m(x) %}{{ return }}{% endmacro %}{{ m(1) is string }}{{ m(1) == '' }}{{ m is callable }}",
    "{% call n() %}{% endcall %}",
    "{% call n %}{% endcall %}",
    "{% call range(3) %}{% endcall %}",
    "{% macro m(messages) %}{{ messages | length }}{% endmacro %}{{ m([1]) }}{{ messages | length }}",
    "{% macro m(a, a) %}{% endmacro %}",
    "{% set f = s.upper %}{{ f() }}{% set g = d.get %}{{ g('a') }}",
    # White space
    "a\n{% if true %}\nb\n{% endif %}\nc\n",
    "a\n  {% if true %}\n  b\n  {% endif %}\n  c",
    "a  {% if true %}  b  {% endif %}  c",
    "a  {%- if true -%}  b  {%- endif -%}  c",
    "a\n  {%+ if true %}\n  b\n  {%+ endif %}\n",
    "a {% if true +%}\n b\n{% endif +%}\nc",
    "  {{ 1 }}\n  {{- 2 -}}  \n  {{ 3 }}\n",
    "a\n  {# c #}\n  b {# d -#}   \n c {#- e #} f {#+ g +#}\n h",
    "{# a {{ x }} {% if %} #}x{#- -#} y",
    "{% raw %}{{ x }}{% if %}{# c #}{% endraw %}|{%- raw -%}  a  {%- endraw -%}  b",
    "a\n  {% raw %}\n  {{ y }}\n  {% endraw %}\n  b",
    "{% raw %}x",
    "{% if true %}{% raw %} {{ a }} {% endraw %}{% endif %}",
    "{{ '{{' }}{{ '%}' }}{{ \"}}\" }}{{ '{% x %}' }}",
    "{{ {'a': {'b': 1}}['a']['b'] }}{{ {'a':{'b':1}} }}{{{'a': 1}.a}}",
    "{%if n==7%}y{%endif%}{{n}}{%-if n-%} z {%-endif-%} w",
    "line1\r\nline2\rline3\n",
    "x\n\n",
    "\n\n{{ 1 }}\n\n{% set x = 1 %}\n\n{{ x }}\n",
    "{% set x = 1 -%}\n\n  {{ x }}\n{%- set y = 2 %}\n{{ y }}",
    "\t{% if true %}\t\n\tx\t{% endif %}\t\n",
    "{% for i in [1, 2] %}\n  {{ i }}\n{% endfor %}\nend",
    "{% for i in [1, 2] -%}\n  {{ i }}\n{%- endfor %}\nend",
    "   {% set a = 1 %}   {% set b = 2 %}\n   x",
    "{{ 1 -}}\n{{- 2 }}\n{%- if true %} 3{% endif %}",
    "a{% if true %}\n\nb{% endif %}",
    "{{ - 1 }}{{-1}}{{ 1-}}  {{-2-}}",
    "  \u00a0{% if true %}x{% endif %}\u3000{%- if true %}y{% endif %}",
    "{{ 'a\nb' }}{{ \"tab\\there\" }}{% if 'x\ny' %}z{% endif %}",
    "}} %} #} { % {",
    "{ {1} } {{ '}' }} {% set x = '}}' %}{{ x }}",
    "$ # {{ '#' }} ## -- // {{- ' x' }}",
    # Tags
    "{% if n == 7 %}a{% elif n == 8 %}b{% else %}c{% endif %}{% if n == 8 %}a{% elif n == 7 %}b{% else %}c{% endif %}{% if no %}a{% elif no %}b{% else %}c{% endif %}",
    "{% if n is defined and n > 5 and (s or t) %}y{% endif %}",
    "{% if not undefd %}u{% endif %}{% if list %}l{% endif %}{% if [] %}e{% endif %}{% if {} %}d{% endif %}{% if 0.0 %}z{% endif %}{% if '0' %}s{% endif %}",
    "{% if (1, 2) %}t{% endif %}{% if namespace() %}n{% endif %}{% if range(0) %}r{% endif %}{% if () %}x{% endif %}",
    "{% if true: %}a{% endif %}{% for i in [1]: %}b{% endfor %}",
    "{% if no %}{{ 'x' | nofilter }}{% endif %}ok",
    "{{ 'x' | nofilter if no else 'ok' }}",
    "{% if no %}{% for x in [1] %}{{ 'x' | nofilter }}{% endfor %}{% endif %}ok",
    "{% if no and 'x' is notest %}{% endif %}ok",
    "{% if no %}{{ 1 / 0 }}{{ undefd.x.y }}{% endif %}ok",
    "{% if n %}",
    "{% endif %}",
    "{% for x in y %}{% endif %}",
    "{% if x %}{% endfor %}",
    "{% if %}{% endif %}",
    "{% for in x %}{% endfor %}",
    "{% for x %}{% endfor %}",
    "{% for x.y in z %}{% endfor %}",
    "{% unknown %}",
    "{% else %}",
    "{% set %}",
    "{% set x %}",
    "{% macro %}{% endmacro %}",
    "{% macro m %}{% endmacro %}",
    "{{ n",
    "{{ n }",
    "{% if n }}",
    "{# open",
    "{{ }}",
    "{%  %}",
    "{{ n }} {{ m.x }}",
    "{% do list.append(1) %}",
    "{% include 'x' %}",
    "{% import 'x' as y %}",
    "{% from 'x' import y %}",
    "{% extends 'x' %}",
    "{% if no %}{% include 'x' %}{% endif %}ok",
    "{% include 'x' ignore missing %}",
    "{% trans %}x{% endtrans %}",
    "{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}{{ c.reset() }}{{ c.current }}",
    "{% set j = joiner(', ') %}{% for i in list %}{{ j() }}{{ i }}{% endfor %}",
    "{{ raise_exception('Role ' ~ n ~ ' is unknown') }}",
    "{% if messages[0]['role'] != 'user' %}{{ raise_exception(\"it's wrong\") }}{% endif %}",
    "{%- if not tools is defined %}{%- set tools = none %}{%- endif %}{{ tools is none }}",
    "{%- if tools is not defined -%}{%- set tools = [] -%}{%- endif -%}{{ tools | length }}",
    "{% set ns = namespace(a=[]) %}{% for i in list %}{% set ns.a = ns.a + [i * 2] %}{% endfor %}{{ ns.a }}{{ ns.a | tojson }}",
    "{% set d2 = dict(d, extra=1) %}{{ d2 | length }}{{ d2.extra }}",
    "{% for m in messages %}<|{{ m['role'] }}|>{% if m.content is string %}{{ m.content }}{% elif m.content is iterable and m.content is not none %}{% for p in m.content %}{% if p.type == 'text' %}{{ p.text }}{% else %}[{{ p['type'] }}]{% endif %}{% endfor %}{% endif %}{% for t in m.tool_calls or [] %}{{ t.function | tojson }}{% endfor %}\n{% endfor %}",
    "{% for m in messages %}{{ m.get('content', '') or 'none' }}{{ 'tool_calls' in m }}{{ m.tool_calls is defined and m.tool_calls }};{% endfor %}",
    "{{ messages | map(attribute='role') | join(' ') }} {{ (messages | last).role }} {{ messages | selectattr('role', 'equalto', 'user') | list | length }} {{ messages[-1]['tool_calls'][0].function.arguments | tojson(indent=2) }}",
    "{% set system = messages[0].content if messages and messages[0].role == 'system' else '' %}{% set rest = messages[1:] if system else messages %}{{ system }}{{ rest | length }}",
    "{{ d.items() }}{% for key in d.keys() | sort %}{{ key }}{% endfor %}",
    "{{ 'a' if x is defined else 'b' if y is defined else 'c' }}",
    "{% set x = 'a' if no %}{{ x is defined }}[{{ x }}]",
    "{%- set content = '<think>\\nreason\\n</think>\\n\\nanswer' -%}{%- set r = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') -%}{{ r }}|{{ content.split('</think>')[-1].lstrip('\\n') }}",
    "{{ namespace }}" if False else "{{ namespace is defined }}",
    "{{ varargs is defined }}{{ kwargs is defined }}",
    "{% autoescape false %}{{ html }}{% endautoescape %}",
    "{% set ns = namespace(depth=0) %}{% macro walk(x) %}{% set ns.depth = ns.depth + 1 %}{% for c in x %}{% if c is not number %}{{ walk(c) }}{% endif %}{% endfor %}{% endmacro %}{{ walk(nested) }}{{ ns.depth }}",
    "{% macro p(name, spec) %}{{ name }}: {% if spec.type is defined %}{{ spec.type }}{% endif %}{%- endmacro %}{% for k, v in {'a': {'type': 'int'}, 'b': {}}.items() %}{{ p(k, v) }};{% endfor %}",
    "{% set items = [] %}{% for i in list %}{% set items = items + [i] %}{% endfor %}{{ items }}",
    "{% for i in range(3) %}{% for j in range(3) if j != i %}{{ i }}{{ j }}{% if not loop.last %},{% endif %}{% endfor %};{% endfor %}",
    "{% for x in [1,2,3] %}{% if loop.index is even %}{{ loop.index }}{% endif %}{% if loop.nextitem is defined and loop.nextitem == 3 %}!{% endif %}{% endfor %}",
    "{{ [1, 2, 3] | map('string') | map('upper') | join(',') }}{{ list | map('abs') | sum }}",
    "{{ s | default('x') | upper | replace('L', '1') | length }}",
    "{% set x = none %}{% if x is not none and x.y %}a{% else %}b{% endif %}",
    "{% with ns = namespace(a=1) %}{% set ns.a = 2 %}{{ ns.a }}{% endwith %}",
    "{% set ns = namespace(x=1) %}{% set ns._y = 2 %}{{ ns._y }}|",
    "{{ {'_x': 1}._x }}{{ {'__x': 2}['__x'] }}",
    "{% set __x = 1 %}{{ __x }}",
    "{{ 1 }}{# comment\nover lines #}{{ 2 }}\n{# whole line #}\n{{ 3 }}",
    "{% if 'a' in s.lower() and s.split(',') | length > 1 %}{{ s.split(',')[1].strip() }}{% endif %}",
    "{{ '%s' % d.b }}{{ 'x%sy' % none }}{{ '{}'.format(d) }}",
    "{% macro m(x, y=none) %}{{ x ~ (y if y is not none else '') }}{% endmacro %}{{ m('a') }}{{ m('a', y='b') }}{{ m(x='c', y=0) }}",
    "{% set f = namespace(s='') %}{% for c in 'abc' %}{% set f.s = c ~ f.s %}{% endfor %}{{ f.s }}",
    "{% set m = {'user': 'U', 'assistant': 'A'} %}{% for x in messages if x.role in m %}{{ m[x.role] }}{% endfor %}",
    "{{ (messages | selectattr('role', 'eq', 'system') | list)[0].content }}{{ (messages | selectattr('role', 'eq', 'zz') | first) is defined }}",
    "{{ 'yes' if messages | selectattr('role', 'eq', 'zz') else 'no' }}",
    "{% for a in 'ab' %}{% for b in 'cd' %}{{ loop.index }}{% else %}x{% endfor %}{{ loop.index }}{% endfor %}",
    "{% set a = 1 %}{% macro show() %}{{ a }}{% endmacro %}{% set a = 2 %}{{ show() }}{% for a in [3] %}{{ show() }}{% endfor %}",
    "{% set x = 1 %}{% if true %}{% set x = 2 %}{% for i in [1] %}{% set x = 3 %}{% endfor %}{% endif %}{{ x }}",
    "{% macro m(items) %}{% for i in items %}{{ i }}{% if not loop.last %}, {% endif %}{% endfor %}{% endmacro %}{% set r = m([1, 2]) %}{{ r | length }}{{ r }}",
    "{% for i in [3, 1] | sort %}{{ i }}{% endfor %}{% for i in [1, 2] + [3] %}{{ i }}{% endfor %}{% for i in {'a': 1}.values() %}{{ i }}{% endfor %}",
    "{{ [1, 2, 3] | first + 5 }}{{ 'a' ~ [1] | first }}{{ -1 | abs + 1 }}{{ 2 ** 2 | string }}",
    "{{ 1 if true else 0 + 5 }}{{ (1 if true else 0) + 5 }}{{ not true == false }}{{ 'a' 'b' if 1 }}",
    "{{ s.upper() if s is string and s.upper is callable }}{{ d.get('a') is eq 1 }}{{ d.get('zz') is none }}",
    "{% set a = [1, 2] %}{% set b = a %}{{ a is sameas b }}{{ [] is sameas [] }}",
    "{%- for message in messages -%}\n    {%- if loop.index0 == 0 and message.role == 'system' %}\n        {{- '<<SYS>>' + message.content + '<</SYS>>' }}\n    {%- elif message.content is string %}\n        {{- message.content }}\n    {%- else %}\n        {{- '(none)' }}\n    {%- endif %}\n{%- endfor %}\n{%- if add_generation_prompt %}\n    {{- 'A:' }}\n{%- endif %}",
]


def cases():
    for line in split(EXPRESSIONS):
        yield "{{ " + line + " }}"
        # Each part alone too, so that a failure says which one it is.
        for part in parts(line):
            yield "{{ " + part + " }}"
    for line in split(ERRORS):
        yield "{{ " + line + " }}"
    yield from TEMPLATES


def split(block):
    """The lines, but those inside an open string belong to one."""
    pending = ""
    for line in block.strip("\n").split("\n"):
        pending = pending + "\n" + line if pending else line
        if pending == "multi" or pending.count('"') % 2 == 0 or "\\\"" in pending or "'" in pending:
            yield pending
            pending = ""
    if pending:
        yield pending


def parts(line):
    """The elements of a tuple line, found by jinja2's own parser."""
    depth, start, quote, at = 0, 0, "", 0
    found = []
    while at < len(line):
        c = line[at]
        if quote:
            at += c == "\\"
            quote = "" if c == quote else quote
        elif c in "'\"":
            quote = c
        elif c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
        elif c == "," and depth == 0:
            found.append(line[start:at].strip())
            start = at + 1
        at += 1
    found.append(line[start:].strip())
    return [part for part in found if part] if len(found) > 1 else []


def main(path):
    env = environment()
    result, seen = [], set()
    for template in cases():
        if template in seen:
            continue
        seen.add(template)
        case = {"template": template}
        try:
            text = env.from_string(template).render(**VARIABLES)
            if " object at 0x" in text or " at 0x" in text:
                continue
            text.encode("utf-8")
            case["expected"] = text
        except UnicodeEncodeError:
            continue
        except Exception as error:  # any refusal counts, whatever its type
            case["error"] = type(error).__name__ + ": " + str(error)
        result.append(case)
    with open(path, "w", encoding="utf-8") as file:
        file.write('{"variables": ' + json.dumps(VARIABLES) + ',\n"cases": [\n')
        file.write(",\n".join(json.dumps(case) for case in result))
        file.write("\n]}\n")
    failing = sum("error" in case for case in result)
    print(f"{len(result)} cases, {failing} of them errors")


main(sys.argv[1])
