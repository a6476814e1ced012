package dev.quern.engine.text.jinja;

import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.Map;

/** The functions every template has. */
final class Globals {
  static final Map<String, Object> ALL =
      Map.of(
          "range", (Callable) Globals::range,
          "dict", new DictConstructor(),
          "namespace", (Callable) Globals::namespace,
          "cycler", (Callable) Globals::cycler,
          "joiner", (Callable) Globals::joiner,
          "raise_exception", (Callable) Globals::raise,
          "strftime_now", (Callable) Globals::now);

  private Globals() {}

  private static Object range(Interpreter interpreter, Arguments given) {
    Arguments.Bound bound = given.bind("range", 1, "start", "stop", "step");
    long first = Numbers.saturated(bound.get(0));
    long step = bound.has(2) ? Numbers.saturated(bound.get(2)) : 1;
    return bound.has(1)
        ? new RangeValue(first, Numbers.saturated(bound.get(1)), step)
        : new RangeValue(0, first, step);
  }

  private record DictConstructor() implements Callable {
    @Override
    public Object call(Interpreter interpreter, Arguments given) {
      return dict(interpreter, given, "dict");
    }

    @Override
    public String type() {
      return "type";
    }

    @Override
    public Object attribute(Interpreter interpreter, String name) {
      return name.equals("fromkeys")
          ? (Callable) (in, given) -> Methods.fromKeys(in.budget(), given)
          : Undefined.attribute(this, name);
    }
  }

  private static DictValue dict(Interpreter interpreter, Arguments given, String function) {
    Budget budget = interpreter.budget();
    DictValue dict = new DictValue();
    if (given.positional().size() > 1) {
      throw new EvaluationError(function + " expected at most 1 argument");
    }
    for (Object source : given.positional()) {
      if (source instanceof DictValue other) {
        budget.allocate(other.size());
        dict.putAll(other);
      } else {
        Iteration.list(source, budget).forEach(pair -> putPair(dict, pair, budget));
      }
    }
    given.keywords().forEach((key, value) -> dict.put(key, value, budget));
    return dict;
  }

  private static void putPair(DictValue dict, Object pair, Budget budget) {
    List<Object> items = Iteration.list(pair, budget);
    if (items.size() != 2) {
      throw new EvaluationError(
          "dictionary update sequence element has length " + items.size() + "; 2 is required");
    }
    dict.put(items.get(0), items.get(1), budget);
  }

  private static Object namespace(Interpreter interpreter, Arguments given) {
    NamespaceValue namespace = new NamespaceValue();
    DictValue attributes = dict(interpreter, given, "namespace");
    var values = attributes.values();
    attributes
        .keys()
        .forEachRemaining(
            key ->
                namespace.attributes().put(Printer.str(key, interpreter.budget()), values.next()));
    return namespace;
  }

  /** {@code raise_exception(message)}: the template refuses what it was given. */
  private static Object raise(Interpreter interpreter, Arguments given) {
    Object message = given.bind("raise_exception", 1, "message").get(0);
    String said = Printer.str(message, interpreter.budget());
    throw new QuernException(
        ErrorCategory.BAD_REQUEST,
        said.isBlank() ? "the chat template refuses this conversation and does not say why" : said);
  }

  private static Object now(Interpreter interpreter, Arguments given) {
    String format = given.bind("strftime_now", 1, "format").text(0);
    ZonedDateTime time = ZonedDateTime.now(interpreter.options().clock());
    String text = Strftime.format(time, format);
    interpreter.budget().allocate(text.length());
    return text;
  }

  private static Object cycler(Interpreter interpreter, Arguments given) {
    if (given.positional().isEmpty()) {
      throw new EvaluationError("at least one item has to be provided");
    }
    return new Cycler(given.positional());
  }

  private static Object joiner(Interpreter interpreter, Arguments given) {
    return new Joiner(given.bind("joiner", 0, "sep").get(0, ", "));
  }

  /** Goes round its items; belongs to one render. */
  private static final class Cycler implements Callable {
    private final List<Object> items;
    private int at;

    Cycler(List<Object> items) {
      this.items = items;
    }

    @Override
    public Object call(Interpreter interpreter, Arguments given) {
      throw new EvaluationError("'Cycler' object is not callable");
    }

    @Override
    public String type() {
      return "Cycler";
    }

    @Override
    public Object attribute(Interpreter interpreter, String name) {
      return switch (name) {
        case "current" -> items.get(at);
        case "pos" -> (long) at;
        case "items" -> new SequenceValue.TupleValue(items);
        case "next" -> (Callable) (in, given) -> next();
        case "reset" -> (Callable) (in, given) -> reset();
        default -> Undefined.attribute(this, name);
      };
    }

    private Object next() {
      Object current = items.get(at);
      at = (at + 1) % items.size();
      return current;
    }

    private Object reset() {
      at = 0;
      return None.NONE;
    }
  }

  /** Empty at the first call, its separator at all others; belongs to one render. */
  private static final class Joiner implements Callable {
    private final Object separator;
    private boolean used;

    Joiner(Object separator) {
      this.separator = separator;
    }

    @Override
    public Object call(Interpreter interpreter, Arguments given) {
      given.bind("joiner", 0);
      Object result = used ? separator : "";
      used = true;
      return result;
    }

    @Override
    public String type() {
      return "Joiner";
    }
  }
}
