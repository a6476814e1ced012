package dev.quern.engine.text.jinja;

import java.util.Iterator;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The {@code loop} variable. It looks one item ahead only when the template asks for it. */
final class LoopContext implements Callable {
  private final Budget budget;
  private final Object iterable;
  private final int depth0;
  private final @Nullable Function<Object, Object> recurse;
  private Iterator<Object> items;
  private int index0 = -1;
  private int length = -1;
  private @Nullable Object current;
  private @Nullable Object before;
  private @Nullable Object after;
  private @Nullable Object lastChanged;

  /**
   * @param recurse what {@code loop(items)} renders, or null unless the loop is recursive
   */
  LoopContext(
      Budget budget,
      Object iterable,
      Iterator<Object> items,
      int depth0,
      @Nullable Function<Object, Object> recurse) {
    this.budget = budget;
    this.iterable = iterable;
    this.items = items;
    this.depth0 = depth0;
    this.recurse = recurse;
  }

  boolean hasNext() {
    return peek() != null;
  }

  private @Nullable Object peek() {
    if (after == null && items.hasNext()) {
      after = items.next();
    }
    return after;
  }

  Object next() {
    Object item = after != null ? after : items.next();
    after = null;
    index0++;
    before = current;
    current = item;
    return item;
  }

  int depth0() {
    return depth0;
  }

  int length() {
    if (length < 0) {
      boolean counted = Iteration.isSized(iterable) && !(iterable instanceof LoopContext);
      length = counted ? Iteration.length(iterable) : readAhead();
    }
    return length;
  }

  /** Counts what an iterator still has by reading it all. */
  private int readAhead() {
    List<Object> rest = Iteration.list(new IteratorValue(items), budget);
    items = rest.iterator();
    return rest.size() + index0 + 1 + (after == null ? 0 : 1);
  }

  @Nullable Object property(String name) {
    return switch (name) {
      case "index" -> index0 + 1L;
      case "index0" -> (long) index0;
      case "revindex" -> (long) length() - index0;
      case "revindex0" -> length() - index0 - 1L;
      case "first" -> index0 == 0;
      case "last" -> peek() == null;
      case "length" -> (long) length();
      case "depth" -> depth0 + 1L;
      case "depth0" -> (long) depth0;
      case "previtem" -> previous();
      case "nextitem" -> following();
      case "cycle" -> new Function0("cycle", arguments -> cycle(arguments.positional()));
      case "changed" -> new Function0("changed", arguments -> changed(arguments.positional()));
      default -> null;
    };
  }

  String place() {
    return index0 + 1 + "/" + length();
  }

  private Object previous() {
    return index0 == 0 || before == null ? Undefined.because("there is no previous item") : before;
  }

  private Object following() {
    Object next = peek();
    return next == null ? Undefined.because("there is no next item") : next;
  }

  private Object cycle(List<Object> values) {
    if (values.isEmpty()) {
      throw new EvaluationError("no items for cycling given");
    }
    return values.get(index0 % values.size());
  }

  private Object changed(List<Object> values) {
    Object given = new SequenceValue.TupleValue(values);
    boolean changed = lastChanged == null || !Comparisons.equal(lastChanged, given, budget);
    lastChanged = given;
    return changed;
  }

  @Override
  public Object call(Interpreter interpreter, Arguments arguments) {
    if (recurse == null) {
      throw new EvaluationError(
          "The loop must have the 'recursive' marker to be called recursively.");
    }
    return recurse.apply(arguments.bind("loop", 1, "iterable").get(0));
  }

  @Override
  public Object attribute(Interpreter interpreter, String name) {
    Object property = property(name);
    return property == null ? Undefined.attribute(this, name) : property;
  }

  @Override
  public String type() {
    return "LoopContext";
  }

  private record Function0(String name, Function<Arguments, Object> body) implements Callable {
    @Override
    public Object call(Interpreter interpreter, Arguments arguments) {
      return body.apply(arguments);
    }
  }
}
