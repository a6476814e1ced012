package dev.quern.engine.text.jinja;

import java.util.Iterator;

/** An iterator that can be read once, as the filters that select and map give. */
final class IteratorValue {
  private final Iterator<Object> items;
  private final String type;

  IteratorValue(Iterator<Object> items) {
    this(items, "generator");
  }

  IteratorValue(Iterator<Object> items, String type) {
    this.items = items;
    this.type = type;
  }

  Iterator<Object> items() {
    return items;
  }

  String type() {
    return type;
  }
}
