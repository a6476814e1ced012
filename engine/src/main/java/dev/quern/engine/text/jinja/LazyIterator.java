package dev.quern.engine.text.jinja;

import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What a function makes of another iterator's items, one at a time; null leaves an item out. */
final class LazyIterator implements Iterator<Object> {
  private final Budget budget;
  private final Iterator<Object> source;
  private final Function<Object, @Nullable Object> function;
  private @Nullable Object next;

  LazyIterator(
      Budget budget, Iterator<Object> source, Function<Object, @Nullable Object> function) {
    this.budget = budget;
    this.source = source;
    this.function = function;
  }

  @Override
  public boolean hasNext() {
    while (next == null && source.hasNext()) {
      budget.step();
      next = function.apply(source.next());
    }
    return next != null;
  }

  @Override
  public Object next() {
    if (!hasNext() || next == null) {
      throw new NoSuchElementException();
    }
    Object item = next;
    next = null;
    return item;
  }
}
