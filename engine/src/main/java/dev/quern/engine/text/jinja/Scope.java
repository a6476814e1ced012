package dev.quern.engine.text.jinja;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Names and their values in a part of a template; what is not set here is looked for outside. */
final class Scope {
  private final @Nullable Scope parent;
  private final Map<String, Object> names;

  Scope(@Nullable Scope parent) {
    this(parent, new HashMap<>(8));
  }

  Scope(@Nullable Scope parent, Map<String, Object> names) {
    this.parent = parent;
    this.names = names;
  }

  @Nullable Object find(String name) {
    for (Scope scope = this; scope != null; scope = scope.parent) {
      Object value = scope.names.get(name);
      if (value != null) {
        return value;
      }
    }
    return null;
  }

  void set(String name, Object value) {
    names.put(name, value);
  }

  void clear() {
    names.clear();
  }
}
