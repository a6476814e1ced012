package dev.quern.engine.text.jinja;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The methods of Python's {@code str}. Places and lengths count code points. */
final class StringMethods {
  static final Set<String> NAMES =
      Set.of(
          "capitalize",
          "casefold",
          "center",
          "count",
          "endswith",
          "expandtabs",
          "find",
          "format",
          "format_map",
          "index",
          "isalnum",
          "isalpha",
          "isascii",
          "isdecimal",
          "isdigit",
          "isidentifier",
          "islower",
          "isnumeric",
          "isprintable",
          "isspace",
          "istitle",
          "isupper",
          "join",
          "ljust",
          "lower",
          "lstrip",
          "partition",
          "removeprefix",
          "removesuffix",
          "replace",
          "rfind",
          "rindex",
          "rjust",
          "rpartition",
          "rsplit",
          "rstrip",
          "split",
          "splitlines",
          "startswith",
          "strip",
          "swapcase",
          "title",
          "upper",
          "zfill");
  static final Set<String> MARKUP_NAMES = with(NAMES, "striptags", "unescape");

  private StringMethods() {}

  private static Set<String> with(Set<String> names, String... more) {
    Set<String> all = new java.util.HashSet<>(names);
    all.addAll(List.of(more));
    return Set.copyOf(all);
  }

  static Object call(Interpreter interpreter, String text, String name, Arguments arguments) {
    Budget budget = interpreter.budget();
    budget.steps(text.length() / 64);
    return switch (name) {
      case "strip", "lstrip", "rstrip" -> strip(text, name, arguments);
      case "split", "rsplit" -> split(text, name, arguments, budget);
      case "splitlines" -> {
        Arguments.Bound bound = arguments.bind(name, 0, "keepends");
        yield list(PythonStrings.splitLines(text, bound.truth(0, false)), text, budget);
      }
      case "startswith", "endswith" -> affix(text, name, arguments);
      case "removeprefix" -> {
        String prefix = arguments.bind(name, 1, "prefix").text(0);
        yield text.startsWith(prefix) ? text.substring(prefix.length()) : text;
      }
      case "removesuffix" -> {
        String suffix = arguments.bind(name, 1, "suffix").text(0);
        boolean has = text.endsWith(suffix);
        yield has ? text.substring(0, text.length() - suffix.length()) : text;
      }
      case "replace" -> {
        Arguments.Bound bound = arguments.bind(name, 2, "old", "new", "count");
        yield PythonStrings.replace(
            text, bound.text(0), bound.text(1), bound.integer(2, -1), budget);
      }
      case "join" -> join(text, arguments.bind(name, 1, "iterable").get(0), budget);
      case "partition", "rpartition" -> partition(text, name, arguments);
      case "find", "rfind", "index", "rindex" -> find(text, name, arguments);
      case "count" -> {
        Arguments.Bound bound = arguments.bind(name, 1, "sub", "start", "end");
        Range range = Range.of(text, bound.get(1), bound.get(2));
        String wanted = bound.text(0);
        yield range == null ? 0L : (long) PythonStrings.count(range.part(), wanted);
      }
      case "format" -> BraceFormat.format(interpreter, text, arguments);
      case "format_map" -> formatMap(interpreter, text, arguments);
      case "center", "ljust", "rjust" -> {
        Arguments.Bound bound = arguments.bind(name, 1, "width", "fillchar");
        yield PythonStrings.pad(
            text,
            Numbers.index(bound.get(0)),
            bound.text(1, " "),
            !name.equals("ljust"),
            !name.equals("rjust"),
            budget);
      }
      case "zfill" -> {
        int width = Numbers.index(arguments.bind(name, 1, "width").get(0));
        yield PythonStrings.zeroFill(text, width, budget);
      }
      case "expandtabs" -> {
        int size = arguments.bind(name, 0, "tabsize").integer(0, 8);
        yield PythonStrings.expandTabs(text, size, budget);
      }
      default -> {
        arguments.bind(name, 0);
        yield plain(text, name);
      }
    };
  }

  /** Methods without arguments. */
  private static Object plain(String text, String name) {
    return switch (name) {
      case "upper" -> PythonStrings.upper(text);
      case "lower" -> PythonStrings.lower(text);
      case "casefold" -> PythonStrings.lower(PythonStrings.upper(text));
      case "capitalize" -> PythonStrings.capitalize(text);
      case "title" -> PythonStrings.title(text);
      case "swapcase" -> PythonStrings.swapCase(text);
      case "isalpha" -> PythonStrings.all(text, Character::isLetter);
      case "isalnum" ->
          PythonStrings.all(text, c -> Character.isLetter(c) || PythonStrings.isNumeric(c));
      case "isascii" -> text.chars().allMatch(c -> c < 0x80);
      case "isdecimal" -> PythonStrings.all(text, Character::isDigit);
      case "isdigit" -> PythonStrings.all(text, PythonStrings::isDigit);
      case "isnumeric" -> PythonStrings.all(text, PythonStrings::isNumeric);
      case "isidentifier" -> PythonStrings.isIdentifier(text);
      case "islower" -> PythonStrings.isLower(text);
      case "isupper" -> PythonStrings.isUpper(text);
      case "istitle" -> PythonStrings.isTitle(text);
      case "isspace" -> PythonStrings.all(text, PythonStrings::isSpace);
      case "isprintable" -> text.codePoints().allMatch(PythonStrings::isPrintable);
      default -> throw new EvaluationError("'str' object has no attribute '" + name + "'");
    };
  }

  private static String strip(String text, String name, Arguments arguments) {
    String characters = arguments.bind(name, 0, "chars").optionalText(0);
    return PythonStrings.strip(text, characters, !name.equals("rstrip"), !name.equals("lstrip"));
  }

  private static Object split(String text, String name, Arguments arguments, Budget budget) {
    Arguments.Bound bound = arguments.bind(name, 0, "sep", "maxsplit");
    String separator = bound.optionalText(0);
    int limit = bound.integer(1, -1);
    boolean left = name.equals("split");
    List<String> parts;
    if (separator == null) {
      parts =
          left
              ? PythonStrings.splitWords(text, limit)
              : PythonStrings.splitWordsFromRight(text, limit);
    } else {
      parts =
          left
              ? PythonStrings.split(text, separator, limit)
              : PythonStrings.splitFromRight(text, separator, limit);
    }
    return list(parts, text, budget);
  }

  private static Object list(List<String> parts, String text, Budget budget) {
    budget.allocate((long) text.length() + parts.size());
    return new SequenceValue.ListValue(List.copyOf(parts));
  }

  private static Object affix(String text, String name, Arguments arguments) {
    Arguments.Bound bound =
        arguments.bind(name, 1, name.substring(0, name.length() - 4), "start", "end");
    Range range = Range.of(text, bound.get(1), bound.get(2));
    List<Object> candidates =
        bound.get(0) instanceof SequenceValue.TupleValue tuple
            ? tuple.items()
            : List.of(bound.get(0));
    boolean found = false;
    for (Object candidate : candidates) {
      String affix = Types.text(candidate, name + " first arg");
      found |=
          range != null
              && (name.equals("startswith")
                  ? range.part().startsWith(affix)
                  : range.part().endsWith(affix));
    }
    return found;
  }

  static String join(String separator, Object items, Budget budget) {
    StringBuilder joined = new StringBuilder();
    int index = 0;
    for (Iterator<Object> all = Iteration.of(items); all.hasNext(); index++) {
      Object item = all.next();
      if (!Types.isText(item)) {
        throw new EvaluationError(
            "sequence item " + index + ": expected str instance, " + Types.name(item) + " found");
      }
      append(joined, index == 0 ? "" : separator, Types.text(item, ""), budget);
    }
    return joined.toString();
  }

  static void append(StringBuilder joined, String separator, String part, Budget budget) {
    budget.step();
    budget.allocate((long) separator.length() + part.length());
    joined.append(separator).append(part);
  }

  private static Object partition(String text, String name, Arguments arguments) {
    String separator = arguments.bind(name, 1, "sep").text(0);
    PythonStrings.requireSeparator(separator);
    boolean left = name.equals("partition");
    int at = left ? text.indexOf(separator) : text.lastIndexOf(separator);
    if (at < 0) {
      return new SequenceValue.TupleValue(left ? List.of(text, "", "") : List.of("", "", text));
    }
    String after = text.substring(at + separator.length());
    return new SequenceValue.TupleValue(List.of(text.substring(0, at), separator, after));
  }

  private static Object find(String text, String name, Arguments arguments) {
    Arguments.Bound bound = arguments.bind(name, 1, "sub", "start", "end");
    String part = bound.text(0);
    Range range = Range.of(text, bound.get(1), bound.get(2));
    int at = -1;
    if (range != null) {
      at = name.startsWith("r") ? range.part().lastIndexOf(part) : range.part().indexOf(part);
    }
    if (at < 0 || range == null) {
      if (name.endsWith("index")) {
        throw new EvaluationError("substring not found");
      }
      return -1L;
    }
    return (long) range.start() + range.part().codePointCount(0, at);
  }

  private static Object formatMap(Interpreter interpreter, String text, Arguments arguments) {
    Object mapping = arguments.bind("format_map", 1, "mapping").get(0);
    return BraceFormat.format(
        interpreter, text, new Arguments(List.of(), Interpreter.keywords(mapping)));
  }

  /** The part of a text that {@code start} and {@code end} arguments choose. */
  private record Range(int start, String part) {
    static @Nullable Range of(String text, Object start, Object end) {
      if (start == None.NONE && end == None.NONE) {
        return new Range(0, text);
      }
      int length = text.codePointCount(0, text.length());
      int from = start == None.NONE ? 0 : Numbers.index(start);
      int to = end == None.NONE ? length : Numbers.index(end);
      from = from < 0 ? Math.max(0, from + length) : from;
      to = to < 0 ? Math.max(0, to + length) : Math.min(to, length);
      if (from > to) {
        return null;
      }
      int first = text.offsetByCodePoints(0, from);
      return new Range(from, text.substring(first, text.offsetByCodePoints(first, to - from)));
    }
  }

  /** The same on markup: text results are markup again, and text put in is escaped. */
  static Object callMarkup(
      Interpreter interpreter, Markup markup, String name, Arguments arguments) {
    Budget budget = interpreter.budget();
    String text = markup.text();
    return switch (name) {
      case "striptags" -> Html.stripTags(text);
      case "unescape" -> Html.unescape(text);
      case "join" -> {
        List<Object> escaped = new ArrayList<>();
        Iteration.of(arguments.bind(name, 1, "iterable").get(0))
            .forEachRemaining(item -> escaped.add(Markup.escape(item, budget)));
        yield new Markup(join(text, new SequenceValue.ListValue(escaped), budget));
      }
      case "replace" -> {
        Arguments.Bound bound = arguments.bind(name, 2, "old", "new", "count");
        String by = Markup.escape(bound.get(1), budget).text();
        yield new Markup(
            PythonStrings.replace(text, bound.text(0), by, bound.integer(2, -1), budget));
      }
      case "format" -> {
        yield new Markup(BraceFormat.formatMarkup(interpreter, text, arguments));
      }
      default -> marked(call(interpreter, text, name, arguments));
    };
  }

  private static Object marked(Object result) {
    return switch (result) {
      case String text -> new Markup(text);
      case SequenceValue sequence ->
          sequence.with(sequence.items().stream().map(StringMethods::marked).toList());
      default -> result;
    };
  }
}
