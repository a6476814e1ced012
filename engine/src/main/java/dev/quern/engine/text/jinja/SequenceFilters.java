package dev.quern.engine.text.jinja;

import dev.quern.engine.text.jinja.SequenceValue.ListValue;
import dev.quern.engine.text.jinja.SequenceValue.TupleValue;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;

/** Filters that reorder, group and reduce sequences. */
final class SequenceFilters {
  private SequenceFilters() {}

  static void register(Map<String, Filter> filters) {
    filters.put("length", (in, value, given) -> (long) Iteration.length(value));
    filters.put("count", (in, value, given) -> (long) Iteration.length(value));
    filters.put("list", SequenceFilters::list);
    filters.put("first", (in, value, given) -> first(Iteration.of(value), "first"));
    filters.put(
        "last", (in, value, given) -> first(Iteration.reversed(value, in.budget()), "last"));
    filters.put("random", (in, value, given) -> random(in, value));
    filters.put("reverse", SequenceFilters::reverse);
    filters.put("items", SequenceFilters::items);
    filters.put("dictsort", SequenceFilters::dictsort);
    filters.put("sort", SequenceFilters::sort);
    filters.put("unique", SequenceFilters::unique);
    filters.put("groupby", SequenceFilters::groupby);
    filters.put("batch", SequenceFilters::batch);
    filters.put("slice", SequenceFilters::slice);
    filters.put("min", (in, value, given) -> extreme(in, value, given, 1));
    filters.put("max", (in, value, given) -> extreme(in, value, given, -1));
    filters.put("sum", SequenceFilters::sum);
  }

  private static Object list(Interpreter in, Object value, Arguments given) {
    given.bind("list", 0);
    return new ListValue(Iteration.list(value, in.budget()));
  }

  private static Object first(Iterator<Object> items, String which) {
    return items.hasNext()
        ? items.next()
        : Undefined.because("No " + which + " item, sequence was empty.");
  }

  /** The first: a prompt must not depend on chance. */
  private static Object random(Interpreter in, Object value) {
    List<Object> items = Iteration.list(value, in.budget());
    return first(items.iterator(), "random");
  }

  private static Object reverse(Interpreter in, Object value, Arguments given) {
    given.bind("reverse", 0);
    if (Types.isText(value)) {
      return Subscripts.slice(value, None.NONE, None.NONE, -1L, in.budget());
    }
    if (value instanceof IteratorValue) {
      return new ListValue(Iteration.list(value, in.budget()).reversed());
    }
    return new IteratorValue(Iteration.reversed(value, in.budget()), "list_reverseiterator");
  }

  private static Object items(Interpreter in, Object value, Arguments given) {
    given.bind("items", 0);
    return switch (value) {
      case Undefined _ -> new IteratorValue(Collections.emptyIterator());
      case DictValue dict -> new IteratorValue(dict.items());
      default -> throw new EvaluationError("Can only get item pairs from a mapping.");
    };
  }

  /** Python's stable sort by keys that are made once. */
  private static List<Object> sorted(
      Interpreter in, List<Object> items, UnaryOperator<Object> key, boolean reverse) {
    Budget budget = in.budget();
    budget.allocate(2L * items.size());
    record Keyed(Object key, Object item) {}
    List<Keyed> keyed = new ArrayList<>(items.size());
    items.forEach(item -> keyed.add(new Keyed(key.apply(item), item)));
    Comparator<Object> order = Comparisons.natural(budget);
    Comparator<Keyed> byKey = (left, right) -> order.compare(left.key(), right.key());
    try {
      keyed.sort(reverse ? byKey.reversed() : byKey);
    } catch (IllegalArgumentException e) {
      throw new EvaluationError("the values to sort have no order (NaN among them?)");
    }
    List<Object> result = new ArrayList<>(items.size());
    keyed.forEach(entry -> result.add(entry.item()));
    return result;
  }

  private static UnaryOperator<Object> caseKey(boolean caseSensitive) {
    return caseSensitive ? value -> value : AttributePath::ignoreCase;
  }

  private static Object dictsort(Interpreter in, Object value, Arguments given) {
    Arguments.Bound bound = given.bind("dictsort", 0, "case_sensitive", "by", "reverse");
    String by = bound.text(1, "key");
    if (!by.equals("key") && !by.equals("value")) {
      throw new EvaluationError("You can only sort by either \"key\" or \"value\"");
    }
    if (!(value instanceof DictValue dict)) {
      if (value instanceof Undefined undefined) {
        throw undefined.error();
      }
      throw new EvaluationError("'" + Types.name(value) + "' object has no attribute 'items'");
    }
    int place = by.equals("key") ? 0 : 1;
    UnaryOperator<Object> key = caseKey(bound.truth(0, false));
    List<Object> items = Iteration.list(new DictView(dict, DictView.Kind.ITEMS), in.budget());
    return new ListValue(
        sorted(
            in,
            items,
            item -> key.apply(((TupleValue) item).items().get(place)),
            bound.truth(2, false)));
  }

  private static Object sort(Interpreter in, Object value, Arguments given) {
    Arguments.Bound bound = given.bind("sort", 0, "reverse", "case_sensitive", "attribute");
    UnaryOperator<Object> post = caseKey(bound.truth(1, false));
    List<AttributePath> paths = new ArrayList<>();
    if (Types.isText(bound.get(2))) {
      PythonStrings.split(bound.text(2), ",", -1)
          .forEach(part -> paths.add(AttributePath.of(part)));
    } else {
      paths.add(AttributePath.of(bound.get(2)));
    }
    UnaryOperator<Object> key =
        item -> new ListValue(paths.stream().map(path -> post.apply(path.get(in, item))).toList());
    return new ListValue(
        sorted(in, Iteration.list(value, in.budget()), key, bound.truth(0, false)));
  }

  private static Object unique(Interpreter in, Object value, Arguments given) {
    Arguments.Bound bound = given.bind("unique", 0, "case_sensitive", "attribute");
    UnaryOperator<Object> post = caseKey(bound.truth(0, false));
    AttributePath path = AttributePath.of(bound.get(1));
    Set<Object> seen = new HashSet<>();
    return new IteratorValue(
        new LazyIterator(
            in.budget(),
            Iteration.of(value),
            item ->
                seen.add(DictValue.form(post.apply(path.get(in, item)), in.budget()))
                    ? item
                    : null));
  }

  private static Object groupby(Interpreter in, Object value, Arguments given) {
    Arguments.Bound bound = given.bind("groupby", 1, "attribute", "default", "case_sensitive");
    boolean caseSensitive = bound.truth(2, false);
    UnaryOperator<Object> post = caseKey(caseSensitive);
    AttributePath path = AttributePath.of(bound.get(0));
    Object otherwise = bound.get(1);
    UnaryOperator<Object> key = item -> post.apply(path.get(in, item, otherwise));
    List<Object> groups = new ArrayList<>();
    List<Object> group = new ArrayList<>();
    Object current = None.NONE;
    for (Object item : sorted(in, Iteration.list(value, in.budget()), key, false)) {
      Object next = key.apply(item);
      if (group.isEmpty() || !Comparisons.equal(current, next, in.budget())) {
        group = new ArrayList<>();
        Object shown = caseSensitive ? next : path.get(in, item, otherwise);
        groups.add(new SequenceValue.GroupValue(shown, new ListValue(group)));
        current = next;
      }
      group.add(item);
    }
    return new ListValue(groups);
  }

  private static Object batch(Interpreter in, Object value, Arguments given) {
    Arguments.Bound bound = given.bind("batch", 1, "linecount", "fill_with");
    int size = Numbers.index(bound.get(0));
    List<Object> rows = new ArrayList<>();
    List<Object> row = new ArrayList<>();
    for (Object item : Iteration.list(value, in.budget())) {
      if (row.size() == size) {
        rows.add(new ListValue(row));
        row = new ArrayList<>();
      }
      row.add(item);
    }
    if (!row.isEmpty()) {
      if (!bound.isNone(1) && row.size() < size) {
        in.budget().allocate((long) size - row.size());
        row.addAll(Collections.nCopies(size - row.size(), bound.get(1)));
      }
      rows.add(new ListValue(row));
    }
    return new IteratorValue(rows.iterator());
  }

  private static Object slice(Interpreter in, Object value, Arguments given) {
    Arguments.Bound bound = given.bind("slice", 1, "slices", "fill_with");
    int slices = Numbers.index(bound.get(0));
    if (slices == 0) {
      throw new EvaluationError("integer division or modulo by zero");
    }
    List<Object> items = Iteration.list(value, in.budget());
    in.budget().allocate(Math.max(0, slices));
    List<Object> columns = new ArrayList<>();
    int from = 0;
    for (int i = 0; i < slices; i++) {
      boolean longer = i < items.size() % slices;
      int to = from + items.size() / slices + (longer ? 1 : 0);
      List<Object> column = new ArrayList<>(items.subList(from, to));
      if (!bound.isNone(1) && !longer) {
        column.add(bound.get(1));
      }
      columns.add(new ListValue(column));
      from = to;
    }
    return new IteratorValue(columns.iterator());
  }

  /**
   * @param sign 1 for the smallest item, -1 for the largest; the first of equal ones
   */
  private static Object extreme(Interpreter in, Object value, Arguments given, int sign) {
    Arguments.Bound bound = given.bind("min", 0, "case_sensitive", "attribute");
    UnaryOperator<Object> post = caseKey(bound.truth(0, false));
    AttributePath path = AttributePath.of(bound.get(1));
    Iterator<Object> items = Iteration.of(value);
    if (!items.hasNext()) {
      return Undefined.because("No aggregated item, sequence was empty.");
    }
    Object best = items.next();
    Object bestKey = post.apply(path.get(in, best));
    while (items.hasNext()) {
      Object item = items.next();
      Object key = post.apply(path.get(in, item));
      if (sign * Comparisons.ordered(sign > 0 ? "<" : ">", key, bestKey, in.budget()) < 0) {
        best = item;
        bestKey = key;
      }
    }
    return best;
  }

  private static Object sum(Interpreter in, Object value, Arguments given) {
    Arguments.Bound bound = given.bind("sum", 0, "attribute", "start");
    AttributePath path = AttributePath.of(bound.get(0));
    Object total = bound.get(1, 0L);
    if (Types.isText(total)) {
      throw new EvaluationError("sum() can't sum strings [use ''.join(seq) instead]");
    }
    for (Iterator<Object> items = Iteration.of(value); items.hasNext(); ) {
      in.budget().step();
      Object item = path.get(in, items.next());
      total = Operators.apply(Expression.Operator.ADD, total, item, in.budget());
    }
    return total;
  }
}
