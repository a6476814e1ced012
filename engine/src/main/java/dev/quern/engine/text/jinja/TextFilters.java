package dev.quern.engine.text.jinja;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Filters on text. A value that is no string is printed first; markup stays markup. */
final class TextFilters {
  private static final Pattern WORD = Pattern.compile("\\w+", Pattern.UNICODE_CHARACTER_CLASS);
  private static final Pattern WORD_BEGINNING =
      Pattern.compile("[-\\s({\\[<]+", Pattern.UNICODE_CHARACTER_CLASS);

  private TextFilters() {}

  static void register(Map<String, Filter> filters) {
    filters.put("upper", (in, value, given) -> method(in, value, "upper", given));
    filters.put("lower", (in, value, given) -> method(in, value, "lower", given));
    filters.put("capitalize", (in, value, given) -> method(in, value, "capitalize", given));
    filters.put("trim", (in, value, given) -> method(in, value, "strip", given));
    filters.put("center", TextFilters::center);
    filters.put("title", TextFilters::title);
    filters.put("replace", TextFilters::replace);
    filters.put("format", TextFilters::format);
    filters.put("indent", TextFilters::indent);
    filters.put("truncate", TextFilters::truncate);
    filters.put("wordwrap", TextFilters::wordwrap);
    filters.put("wordcount", TextFilters::wordcount);
    filters.put("string", (in, value, given) -> soft(in, value));
    filters.put("safe", (in, value, given) -> safe(in, value));
    filters.put("escape", (in, value, given) -> Markup.escape(value, in.budget()));
    filters.put("e", (in, value, given) -> Markup.escape(value, in.budget()));
    filters.put("forceescape", TextFilters::forceEscape);
    filters.put("striptags", (in, value, given) -> Html.stripTags(Printer.str(value, in.budget())));
    filters.put("urlencode", TextFilters::urlencode);
    filters.put("xmlattr", TextFilters::xmlattr);
    filters.put("join", TextFilters::join);
    filters.put("pprint", (in, value, given) -> Printer.repr(value, in.budget()));
  }

  /** The value itself if it is text, else what it prints as. */
  private static Object soft(Interpreter in, Object value) {
    return Types.isText(value) ? value : Printer.str(value, in.budget());
  }

  private static Object method(Interpreter in, Object value, String name, Arguments given) {
    Object text = soft(in, value);
    return Methods.call(in, text, name, given);
  }

  private static Object like(Object model, String text) {
    return model instanceof Markup ? new Markup(text) : text;
  }

  private static Object safe(Interpreter in, Object value) {
    return value instanceof Markup ? value : new Markup(Printer.str(value, in.budget()));
  }

  private static Object forceEscape(Interpreter in, Object value, Arguments given) {
    given.bind("forceescape", 0);
    String text = Printer.str(value, in.budget());
    in.budget().allocate(text.length());
    return new Markup(Markup.escapeText(text));
  }

  private static Object center(Interpreter in, Object value, Arguments given) {
    int width = given.bind("center", 0, "width").integer(0, 80);
    return method(in, value, "center", Arguments.of((long) width));
  }

  private static Object title(Interpreter in, Object value, Arguments given) {
    given.bind("title", 0);
    Object soft = soft(in, value);
    String text = Types.text(soft, "title");
    in.budget().allocate(text.length());
    StringBuilder result = new StringBuilder(text.length());
    Matcher gap = WORD_BEGINNING.matcher(text);
    int from = 0;
    while (from < text.length()) {
      int end = gap.find(from) ? gap.start() : text.length();
      if (end > from) {
        int first = from + Character.charCount(text.codePointAt(from));
        result.append(PythonStrings.upper(text.substring(from, first)));
        result.append(PythonStrings.lower(text.substring(first, end)));
      }
      from = end < text.length() ? gap.end() : end;
      result.append(text, end, from);
    }
    return like(soft, result.toString());
  }

  private static Object replace(Interpreter in, Object value, Arguments given) {
    Arguments.Bound bound = given.bind("replace", 2, "old", "new", "count");
    Budget budget = in.budget();
    String text = Printer.str(value, budget);
    int count = bound.isNone(2) ? -1 : bound.integer(2, -1);
    String old = Printer.str(bound.get(0), budget);
    return PythonStrings.replace(text, old, Printer.str(bound.get(1), budget), count, budget);
  }

  private static Object format(Interpreter in, Object value, Arguments given) {
    Budget budget = in.budget();
    Object soft = soft(in, value);
    if (!given.keywords().isEmpty() && !given.positional().isEmpty()) {
      throw new EvaluationError("can't handle positional and keyword arguments at the same time");
    }
    Object values = new SequenceValue.TupleValue(given.positional());
    if (!given.keywords().isEmpty()) {
      DictValue dict = new DictValue();
      given.keywords().forEach((name, item) -> dict.put(name, item, budget));
      values = dict;
    }
    return Operators.apply(Expression.Operator.MODULO, soft, values, budget);
  }

  private static Object indent(Interpreter in, Object value, Arguments given) {
    Arguments.Bound bound = given.bind("indent", 0, "width", "first", "blank");
    Budget budget = in.budget();
    String text = Types.text(value, "indent filter: value");
    Object width = bound.get(0, 4L);
    String indention =
        Types.isText(width)
            ? Types.text(width, "")
            : Operators.repeat(" ", Numbers.index(width), budget);
    List<String> lines = PythonStrings.splitLines(text + "\n", false);
    boolean blank = bound.truth(2, false);
    StringBuilder result = new StringBuilder(bound.truth(1, false) ? indention : "");
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i);
      String before = i == 0 ? "" : blank || !line.isEmpty() ? "\n" + indention : "\n";
      StringMethods.append(result, before, line, budget);
    }
    return like(value, result.toString());
  }

  private static Object truncate(Interpreter in, Object value, Arguments given) {
    Arguments.Bound bound = given.bind("truncate", 0, "length", "killwords", "end", "leeway");
    String text = Types.text(value, "truncate filter: value");
    int length = bound.integer(0, 255);
    String end = bound.text(2, "...");
    int leeway = bound.isNone(3) ? 5 : bound.integer(3, 5);
    int endLength = end.codePointCount(0, end.length());
    if (length < endLength || leeway < 0) {
      throw new EvaluationError("expected length >= " + endLength + ", got " + length);
    }
    if (text.codePointCount(0, text.length()) <= (long) length + leeway) {
      return value;
    }
    in.budget().allocate(text.length());
    String cut = text.substring(0, text.offsetByCodePoints(0, length - endLength));
    boolean whole = bound.truth(1, false);
    return like(value, (whole ? cut : PythonStrings.splitFromRight(cut, " ", 1).getFirst()) + end);
  }

  private static Object wordwrap(Interpreter in, Object value, Arguments given) {
    Arguments.Bound bound =
        given.bind("wordwrap", 0, "width", "break_long_words", "wrapstring", "break_on_hyphens");
    String text = Types.text(value, "wordwrap filter: value");
    in.budget().allocate(2L * text.length());
    String wrap = bound.isNone(2) ? "\n" : bound.text(2);
    List<String> lines = new ArrayList<>();
    for (String line : PythonStrings.splitLines(text, false)) {
      lines.add(
          String.join(
              wrap,
              WordWrap.wrap(
                  line, bound.integer(0, 79), bound.truth(1, true), bound.truth(3, true))));
    }
    return String.join(wrap, lines);
  }

  private static Object wordcount(Interpreter in, Object value, Arguments given) {
    given.bind("wordcount", 0);
    return WORD.matcher(Printer.str(value, in.budget())).results().count();
  }

  private static Object urlencode(Interpreter in, Object value, Arguments given) {
    given.bind("urlencode", 0);
    Budget budget = in.budget();
    if (Types.isText(value) || !Iteration.isIterable(value)) {
      return quote(Printer.str(value, budget), "/", budget);
    }
    Iterator<Object> pairs = value instanceof DictValue dict ? dict.items() : Iteration.of(value);
    StringBuilder query = new StringBuilder();
    while (pairs.hasNext()) {
      List<Object> pair = Iteration.list(pairs.next(), budget);
      if (pair.size() != 2) {
        throw new EvaluationError("urlencode needs pairs of a key and a value");
      }
      String key = quote(Printer.str(pair.get(0), budget), "", budget).replace("%20", "+");
      String item = quote(Printer.str(pair.get(1), budget), "", budget).replace("%20", "+");
      StringMethods.append(query, query.isEmpty() ? "" : "&", key + "=" + item, budget);
    }
    return query.toString();
  }

  private static String quote(String text, String safe, Budget budget) {
    budget.allocate(3L * text.length());
    StringBuilder quoted = new StringBuilder();
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      char c = (char) (b & 0xff);
      boolean plain =
          (c >= 'a' && c <= 'z')
              || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9')
              || "_.-~".indexOf(c) >= 0
              || safe.indexOf(c) >= 0;
      quoted.append(plain ? String.valueOf(c) : String.format("%%%02X", (int) c));
    }
    return quoted.toString();
  }

  private static Object xmlattr(Interpreter in, Object value, Arguments given) {
    Arguments.Bound bound = given.bind("xmlattr", 0, "autospace");
    Budget budget = in.budget();
    if (!(value instanceof DictValue dict)) {
      throw new EvaluationError("xmlattr needs a dict, not " + Types.name(value));
    }
    StringBuilder attributes = new StringBuilder();
    Iterator<Object> values = dict.values();
    for (Iterator<Object> keys = dict.keys(); keys.hasNext(); ) {
      String key = Types.text(keys.next(), "attribute name");
      Object item = values.next();
      if (item == None.NONE || item instanceof Undefined) {
        continue;
      }
      if (key.chars().anyMatch(c -> "/>=".indexOf(c) >= 0 || PythonStrings.isSpace(c))) {
        throw new EvaluationError("Invalid character in attribute name: '" + key + "'");
      }
      String shown = Markup.escapeText(key) + "=\"" + Markup.escape(item, budget).text() + "\"";
      StringMethods.append(attributes, attributes.isEmpty() ? "" : " ", shown, budget);
    }
    boolean space = bound.truth(0, true) && !attributes.isEmpty();
    return (space ? " " : "") + attributes;
  }

  private static Object join(Interpreter in, Object value, Arguments given) {
    Arguments.Bound bound = given.bind("join", 0, "d", "attribute");
    Budget budget = in.budget();
    String separator = Printer.str(bound.get(0, ""), budget);
    AttributePath path = AttributePath.of(bound.get(1));
    StringBuilder joined = new StringBuilder();
    boolean first = true;
    for (Iterator<Object> items = Iteration.of(value); items.hasNext(); first = false) {
      String item = Printer.str(path.get(in, items.next()), budget);
      StringMethods.append(joined, first ? "" : separator, item, budget);
    }
    return joined.toString();
  }
}
