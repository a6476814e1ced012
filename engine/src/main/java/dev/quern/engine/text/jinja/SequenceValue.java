package dev.quern.engine.text.jinja;

import java.util.List;

/** A list or a tuple. Neither changes once it is made. */
sealed interface SequenceValue {
  List<Object> items();

  /** One of the same kind with other items. */
  SequenceValue with(List<Object> items);

  record ListValue(List<Object> items) implements SequenceValue {
    @Override
    public ListValue with(List<Object> other) {
      return new ListValue(other);
    }
  }

  record TupleValue(List<Object> items) implements SequenceValue {
    @Override
    public TupleValue with(List<Object> other) {
      return new TupleValue(other);
    }
  }
}
