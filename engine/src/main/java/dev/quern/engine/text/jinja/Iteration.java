package dev.quern.engine.text.jinja;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;

/** Python's {@code iter()}, {@code len()}, {@code list()} and {@code reversed()}. */
final class Iteration {
  private Iteration() {}

  static boolean isIterable(Object value) {
    return switch (value) {
      case String _, Markup _, SequenceValue _, DictValue _, DictView _, RangeValue _ -> true;
      case IteratorValue _, Undefined _, LoopContext _ -> true;
      default -> false;
    };
  }

  static Iterator<Object> of(Object value) {
    return switch (value) {
      case SequenceValue sequence -> sequence.items().iterator();
      case DictValue dict -> dict.keys();
      case DictView view -> view.iterator();
      case String text -> characters(text);
      case Markup markup -> characters(markup.text());
      case RangeValue range -> range.iterator();
      case IteratorValue iterator -> iterator.items();
      case Undefined _ -> Collections.emptyIterator();
      default -> throw new EvaluationError("'" + Types.name(value) + "' object is not iterable");
    };
  }

  private static Iterator<Object> characters(String text) {
    return text.codePoints().<Object>mapToObj(Character::toString).iterator();
  }

  /** Whether {@code len()} works on it. */
  static boolean isSized(Object value) {
    return switch (value) {
      case String _, Markup _, SequenceValue _, DictValue _, DictView _, RangeValue _ -> true;
      case Undefined _, LoopContext _ -> true;
      default -> false;
    };
  }

  static int length(Object value) {
    return switch (value) {
      case String text -> text.codePointCount(0, text.length());
      case Markup markup -> markup.text().codePointCount(0, markup.text().length());
      case SequenceValue sequence -> sequence.items().size();
      case DictValue dict -> dict.size();
      case DictView view -> view.dict().size();
      case RangeValue range -> range.size();
      case Undefined _ -> 0;
      case LoopContext loop -> loop.length();
      default ->
          throw new EvaluationError("object of type '" + Types.name(value) + "' has no len()");
    };
  }

  /** All items; those of an iterator are used up. The list may be the value's own. */
  static List<Object> list(Object value, Budget budget) {
    if (value instanceof SequenceValue sequence) {
      return sequence.items();
    }
    List<Object> items = new ArrayList<>();
    of(value)
        .forEachRemaining(
            item -> {
              budget.step();
              budget.allocate(1);
              items.add(item);
            });
    return items;
  }

  /** The items from the last to the first; an iterator has no last one. */
  static Iterator<Object> reversed(Object value, Budget budget) {
    return switch (value) {
      case SequenceValue sequence -> sequence.items().reversed().iterator();
      case String _, Markup _, DictValue _, DictView _, RangeValue _, Undefined _ ->
          list(value, budget).reversed().iterator();
      default -> throw new EvaluationError("'" + Types.name(value) + "' object is not reversible");
    };
  }
}
