package dev.quern.engine.text.jinja;

import java.util.List;

/** A list or a tuple. None changes once it is made. */
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

  /** One group of {@code groupby}: a tuple of two whose items have names too. */
  record GroupValue(Object grouper, ListValue list) implements SequenceValue {
    @Override
    public List<Object> items() {
      return List.of(grouper, list);
    }

    @Override
    public TupleValue with(List<Object> other) {
      return new TupleValue(other);
    }
  }
}
