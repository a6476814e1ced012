package dev.quern.engine.text.jinja;

import java.util.Iterator;

/** What {@code dict.keys()}, {@code values()} and {@code items()} give. */
record DictView(DictValue dict, Kind kind) {
  enum Kind {
    KEYS,
    VALUES,
    ITEMS
  }

  Iterator<Object> iterator() {
    return switch (kind) {
      case KEYS -> dict.keys();
      case VALUES -> dict.values();
      case ITEMS -> dict.items();
    };
  }
}
